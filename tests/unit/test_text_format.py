"""Our lines are byte for byte those of prometheus_client, whatever the label values and numbers."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest as text_of
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_of
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

from metrics import names
from metrics.activity import Distribution
from metrics.exposition import View, render
from metrics.instants import SECOND
from metrics.meanings import meaning_of
from metrics.metric import Kind
from metrics.series import Family, Histogram, families
from metrics.text_format import OPENMETRICS_END, in_openmetrics, in_text
from tests.full_floors import full_floor
from tests.small_floor import small_floor

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
Families = list[Family | Histogram]
HISTOGRAMS = (Kind.HISTOGRAM, Kind.GAUGE_HISTOGRAM)


class Reference(Collector):
    """The same families as prometheus_client's own."""

    def __init__(self, made: Families) -> None:
        self._made = made

    def collect(self) -> list[Metric]:
        return [_histogram(family) if isinstance(family, Histogram) else _plain(family) for family in self._made]


def _plain(family: Family) -> Metric:
    metric = family.metric
    made: CounterMetricFamily | GaugeMetricFamily | InfoMetricFamily
    if metric.kind is Kind.INFO:
        made = InfoMetricFamily(metric.name.removesuffix("_info"), meaning_of(metric), labels=metric.labels)
        for labels, _ in family.rows:
            made.add_metric(labels, {})
        return made
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    made = kind(metric.name, meaning_of(metric), labels=metric.labels)
    for labels, number in family.rows:
        made.add_metric(labels, number)
    return made


def _histogram(family: Histogram) -> Metric:
    kind = HistogramMetricFamily if family.metric.kind is Kind.HISTOGRAM else GaugeHistogramMetricFamily
    made = kind(family.metric.name, meaning_of(family.metric), labels=family.metric.labels)
    bounds = [*(floatToGoString(bound / SECOND) for bound in family.bounds), "+Inf"]  # type: ignore[no-untyped-call]
    for labels, found in family.rows.items():
        upto = [float(sum(found.counts[: place + 1])) for place in range(len(bounds))]
        made.add_metric(labels, list(zip(bounds, upto, strict=True)), found.total / SECOND)
    return made


def reference(made: Families) -> CollectorRegistry:
    registry = CollectorRegistry(support_collectors_without_names=True)
    registry.register(Reference(made))
    return registry


FLOORS = pytest.mark.parametrize(
    "built", [lambda: small_floor().view(0), lambda: full_floor(5, 4, 3, 8)], ids=["small", "full"]
)


@FLOORS
def test_text_is_that_of_prometheus_client(built: Callable[[], View]) -> None:
    view = built()
    assert render(view)[0] == text_of(reference(list(families(view))))


@FLOORS
def test_openmetrics_is_that_of_prometheus_client(built: Callable[[], View]) -> None:
    view = built()
    expected = openmetrics_of(reference(list(families(view))))  # type: ignore[no-untyped-call]
    assert render(view, OPENMETRICS)[0] == expected


@pytest.mark.parametrize(
    "chosen",
    [
        ["support_tickets_open", "support_build_info"],
        ["support_first_response_seconds_bucket", "support_resolution_seconds_sum", "support_sla_settled_total"],
        ["support_resolution_seconds_count", "support_resolution_seconds"],
        ["no_such_metric"],
    ],
)
def test_chosen_names_give_what_prometheus_client_gives(chosen: list[str]) -> None:
    view = small_floor().view(0)
    registry = reference(list(families(view))).restricted_registry(chosen)
    assert render(view, names=chosen)[0] == text_of(registry)
    assert render(view, OPENMETRICS, chosen)[0] == openmetrics_of(registry)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("escaping", ["allow-utf-8", "underscores", "dots", "values"])
def test_no_way_of_escaping_changes_a_name(escaping: str) -> None:
    view = small_floor().view(0)
    body, content_type = render(view, f"{OPENMETRICS};escaping={escaping}")
    assert body == render(view, OPENMETRICS)[0]
    assert content_type.endswith("escaping=allow-utf-8" if escaping == "allow-utf-8" else "escaping=underscores")


# ------------------------------------------------------------------------------------------- made-up families

label_values = st.one_of(st.text(max_size=8), st.text('\\"\n{}=,# a', max_size=8))
numbers = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(0, 2_000_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([999_999, 1_000_000, 1_000_000.5, 999_999.9999, 1e16, 1.5e-7]),
)


@st.composite
def plain(draw: st.DrawFn) -> Family:
    metric = draw(st.sampled_from([found for found in names.ALL if found.kind not in HISTOGRAMS]))
    sets = st.tuples(*(label_values for _ in metric.labels))
    number = st.just(1) if metric.kind is Kind.INFO else numbers
    return Family(metric, draw(st.lists(st.tuples(sets, number), min_size=1, max_size=4)))


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    metric = draw(st.sampled_from([found for found in names.ALL if found.kind in HISTOGRAMS]))
    bounds = tuple(sorted(draw(st.sets(st.integers(1, 10**17), max_size=4))))
    counts = st.tuples(*(st.integers(0, 10**7) for _ in range(len(bounds) + 1)))
    rows = st.dictionaries(
        st.tuples(*(label_values for _ in metric.labels)),
        st.builds(Distribution, counts, st.integers(0, 10**20)),
        min_size=1,
        max_size=3,
    )
    return Histogram(metric, bounds, draw(rows))


@given(st.lists(st.one_of(plain(), histograms()), max_size=3))
def test_odd_values_and_numbers_are_spelled_as_prometheus_client_spells_them(made: Families) -> None:
    registry = reference(made)
    assert "".join(in_text(made)).encode() == text_of(registry)
    expected = openmetrics_of(registry)  # type: ignore[no-untyped-call]
    assert ("".join(in_openmetrics(made)) + OPENMETRICS_END).encode() == expected
