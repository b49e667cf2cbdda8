"""What a query of a dashboard must not do, judged from its text and from the list of what is exported.

The SDK gives the JSON its form, and Prometheus runs what is wrong as gladly as what is right: a sum over partitions
that two workers show, a percentile that was averaged, a window that was forgotten. These rules say no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import takewhile
from typing import Final

import promql_parser as promql

from metrics import board_names, names
from metrics.metric import Kind, Metric, Section
from tests.grafana_dashboards import Dashboard, Json, Query, Value, names_in, substituted
from tests.promql_trees import Selector, grouping, made_labels, selectors

METRICS: Final = {metric.name: metric for metric in (*names.ALL, *board_names.ALL)}
#: Each board's own, so that those of several boards add up.
OF_EACH_BOARD: Final = {board_names.CLIENTS}
#: What Prometheus makes itself, with the labels of it that are of use.
OF_PROMETHEUS: Final = {
    "up": set[str](),
    "ALERTS": {"alertname", "alertstate", "severity", "queue", "policy", "receiver"},
    "ALERTS_FOR_STATE": {"alertname", "severity", "queue", "policy"},
    "scrape_duration_seconds": set[str](),
    "scrape_samples_scraped": set[str](),
    "scrape_samples_post_metric_relabeling": set[str](),
    "scrape_series_added": set[str](),
}
OF_TARGETS: Final = {"job", "instance"}
HISTOGRAM_PARTS: Final = ("_bucket", "_sum", "_count")

#: Grafana's own variables, as lengths that stand in no query otherwise.
RATE_INTERVAL, WHOLE_RANGE = timedelta(seconds=61), timedelta(seconds=3_607)
OF_GRAFANA: Final[Mapping[str, Value]] = {
    "__rate_interval": "61s",
    "__range": "3607s",
    "__range_s": "3607",
    "__interval": "15s",
    "__interval_ms": "15000",
}
#: Of each label that a variable chooses, a value that no query would name. Of windows `_windows` knows more.
CHOSEN: Final[Mapping[str, Value]] = {"queue": "a queue", "priority": "a priority", "window": "59m"}
#: A panel that shows one of these beside others is of all queues, of all priorities.
_WITHOUT: Final = {
    "queue": {Section.FLOOR},
    "priority": {Section.FLOOR, Section.BOARD, Section.WINDOWS},
    "window": set(Section),
}

_INCREASE_LEAST: Final = timedelta(minutes=5)
_RATES: Final = {"rate", "irate", "increase"}
_OF_COUNTERS: Final = _RATES | {"changes", "resets"}
_ONE_EXPORTER: Final = {Section.WINDOWS, Section.FLOOR, Section.SLOW, Section.BOARD}
_NOT_ADDITIVE: Final = ("_ratio", "_score", "_p50_seconds", "_p90_seconds", "_mean_seconds", "_index", "_gap", "95",
                        "_timestamp_seconds", "_change")  # fmt: skip


def complaints(dashboard: Dashboard, recorded: Iterable[str] = ()) -> list[str]:
    """Everything that is wrong with a dashboard's queries; ``recorded``: the series that recording rules make."""
    known = set(recorded)
    found = [f"{query}: {what}" for query in dashboard.queries() for what in _of(query, dashboard, known)]
    for panel in dashboard.panels():
        found += [f"{dashboard.name}: panel {panel['title']!r}: {what}" for what in _unlimited(panel, dashboard)]
    if not _is_passed_on(dashboard):
        unused = {one.name for one in dashboard.variables()} - {"datasource"} - _used(dashboard)
        found += [f"{dashboard.name}: no query uses the variable {name}" for name in sorted(unused)]
    return found


def _is_passed_on(dashboard: Dashboard) -> bool:
    """What is chosen here goes on to the other dashboards, so that a variable of no use here is of use there."""
    return any(link.get("includeVars") for link in dashboard.json.get("links", ()))


def _used(dashboard: Dashboard) -> set[str]:
    texts = [query.text for query in dashboard.queries()] + [variable.text for variable in dashboard.variables()]
    return set().union(*map(names_in, texts))


def _of(query: Query, dashboard: Dashboard, recorded: set[str]) -> Iterator[str]:
    unknown = names_in(query.text) - _declared(dashboard) - OF_GRAFANA.keys()
    if unknown:
        yield f"there is no variable {', '.join(sorted(unknown))}"
        return
    text = plain(query.text, dashboard)
    try:
        found = selectors(text)
    except ValueError as error:
        yield f"it cannot be parsed: {error}"
        return
    for selector in found:
        yield from _known(selector, recorded)
        metric = metric_of(selector.name)
        if metric is not None:
            for rule in _RULES:
                yield from rule(selector, metric)
    yield from _labels(text, found, recorded)


def _declared(dashboard: Dashboard) -> set[str]:
    return {variable.name for variable in dashboard.variables()}


def plain(text: str, dashboard: Dashboard) -> str:
    """PromQL without variables."""
    return substituted(text, {**{name: CHOSEN.get(name, "x") for name in _declared(dashboard)}, **OF_GRAFANA})


def metric_of(name: str) -> Metric | None:
    """The metric that a series is of."""
    for suffix in HISTOGRAM_PARTS:
        metric = METRICS.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if metric is not None and metric.kind in {Kind.HISTOGRAM, Kind.GAUGE_HISTOGRAM}:
            return metric
    return METRICS.get(name)


def _unlimited(panel: Json, dashboard: Dashboard) -> Iterator[str]:
    """A label that a variable chooses is chosen by it, or given; not in a panel of the whole floor, or of policies."""
    try:
        texts = [plain(target["expr"], dashboard) for target in panel.get("targets", ())]
        found = [(selector, metric_of(selector.name)) for text in texts for selector in selectors(text)]
    except (AssertionError, ValueError):
        return  # said already
    sections = {metric.section for _, metric in found if metric is not None}
    free = {label for label in CHOSEN if sections & _WITHOUT[label]}
    for selector, metric in found:
        if metric is not None and metric.section is not Section.SETTINGS:
            for label in CHOSEN.keys() & _declared(dashboard) & set(metric.labels) - selector.matchers.keys() - free:
                yield f"{selector.name} is not limited to ${label}"


# ------------------------------------------------------------------------------------------------ what there is


def _known(selector: Selector, recorded: set[str]) -> Iterator[str]:
    if selector.name in recorded:
        return
    if selector.is_pattern:
        if not any(re.fullmatch(selector.name, name) for name in METRICS):
            yield f"{selector.name} is no series"
        return
    metric = metric_of(selector.name)
    labels = OF_PROMETHEUS.get(selector.name) if metric is None else {*metric.labels, "le"}
    if labels is None:
        yield f"{selector.name} is no series"
        return
    if metric is not None and metric.kind in {Kind.HISTOGRAM, Kind.GAUGE_HISTOGRAM} and selector.name == metric.name:
        yield f"{selector.name} is a histogram: its series end in {', '.join(HISTOGRAM_PARTS)}"
    for label in selector.matchers.keys() - labels - OF_TARGETS:
        yield f"{selector.name} has no label {label}"


def _labels(text: str, found: list[Selector], recorded: set[str]) -> Iterator[str]:
    """Labels by which something is grouped or joined, and that nothing in the expression has."""
    if any(selector.name in recorded for selector in found):
        return
    there = OF_TARGETS | made_labels(text) | {"le"}
    for selector in found:
        metric = metric_of(selector.name)
        there |= OF_PROMETHEUS.get(selector.name, set()) if metric is None else set(metric.labels)
    for label in sorted(grouping(text) - there):
        yield f"nothing in it has a label {label}"


# -------------------------------------------------------------------------------------------- how it is asked


def _counters(selector: Selector, metric: Metric) -> Iterator[str]:
    is_counter = metric.kind in {Kind.COUNTER, Kind.HISTOGRAM}
    if is_counter and not _OF_COUNTERS & set(selector.functions):
        yield f"{selector.name} is a counter: only under {', '.join(sorted(_OF_COUNTERS))}"
    if not is_counter and _RATES & set(selector.functions):
        yield f"{selector.name} is no counter: it has no rate"
    for node, outer in zip(selector.around, selector.around[1:], strict=False):
        if isinstance(node, promql.MatrixSelector) and isinstance(outer, promql.Call) and outer.func.name in _RATES:
            yield from _interval(outer.func.name, node.range)
    if is_counter and _RATES & set(selector.functions) and _is_summed_before_its_rate(selector):
        yield f"the rate of {selector.name} comes first, then the sum"


def _interval(function: str, length: timedelta) -> Iterator[str]:
    """An increase may be over a length of its own, which its panel names; less than a few scrapes is of nothing."""
    is_named = function == "increase" and length >= _INCREASE_LEAST
    if length not in {RATE_INTERVAL, WHOLE_RANGE} and not is_named:
        yield f"{function} over {promql.display_duration(length)}: over $__rate_interval, or $__range"


def _is_summed_before_its_rate(selector: Selector) -> bool:
    until = takewhile(lambda node: not (isinstance(node, promql.Call) and node.func.name in _RATES), selector.around)
    return any(isinstance(node, promql.AggregateExpr) for node in until)


def _windows(selector: Selector, metric: Metric) -> Iterator[str]:
    if "window" not in metric.labels or selector.matchers.get("window", ("", ""))[0] == "=":
        return
    if not selector.aggregates or not all(_keeps(one, "window") for one in selector.aggregates):
        yield f"{selector.name} is of one window, or of each: it matches none"


def _partitions(selector: Selector, metric: Metric) -> Iterator[str]:
    if "partition" not in metric.labels or metric.kind is Kind.COUNTER or "partition" in selector.matchers:
        return
    first = next(iter(selector.aggregates), None)
    if first is not None and (str(first.op) not in {"max", "min"} or not _keeps_partition(first, metric)):
        yield f"{selector.name} is aggregated by max with its partition first: two workers may show one partition"


def _keeps_partition(one: promql.AggregateExpr, metric: Metric) -> bool:
    """The least of instants needs no partition, nor does the worst of what is no count of tickets."""
    return _keeps(one, "partition") or metric.name.endswith("_timestamp_seconds") or metric.section is not Section.LIVE


def _one_exporter(selector: Selector, metric: Metric) -> Iterator[str]:
    """The board, or a lone worker; where it moves, and where there are several boards, two show the same."""
    if metric.section not in _ONE_EXPORTER or metric.kind is Kind.COUNTER or metric in OF_EACH_BOARD:
        return
    first = next(iter(selector.aggregates), None)
    if first is None or str(first.op) not in {"max", "min"}:
        yield f"{selector.name} is exported by one, or by several the same: max first"


def _added(selector: Selector, metric: Metric) -> Iterator[str]:
    """Percentiles, ratios, scores and instants are neither added up nor averaged."""
    if not metric.name.endswith(_NOT_ADDITIVE):
        return
    for node in selector.around:
        if isinstance(node, promql.BinaryExpr):
            return  # a product with its weight, perhaps
        if isinstance(node, promql.AggregateExpr) and str(node.op) in {"sum", "avg"}:
            yield f"{selector.name} can be neither added up nor averaged"


def _keeps(one: promql.AggregateExpr, label: str) -> bool:
    if one.modifier is None:
        return False
    is_named = label in one.modifier.labels
    return is_named != (one.modifier.type is promql.AggModifierType.Without)


_RULES: Final[tuple[Callable[[Selector, Metric], Iterator[str]], ...]] = (
    _counters,
    _windows,
    _partitions,
    _one_exporter,
    _added,
)
