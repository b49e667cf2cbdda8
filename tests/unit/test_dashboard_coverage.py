"""Every metric and every KPI is in a panel; how they are asked for is held by test_dashboard_queries.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dashboards.annotations import marks
from metrics import board_names, names
from metrics.catalogue import ALL, BY_NAME
from metrics.kpi import Kpi
from metrics.metric import Metric
from tests.dashboards_made import of_demo, panels

METRICS: Final = {metric.name: metric for metric in (*names.ALL, *board_names.ALL)}

#: Metrics that no panel shows, and why. None yet.
LEFT_OUT: Final[dict[str, str]] = {}

_NAME: Final = re.compile(r"\b(?:support_[a-z0-9_]+|up|ALERTS|scrape_[a-z_]+)\b")
_SELECTOR: Final = re.compile(r"\b(support_[a-z0-9_]+)(?:\{([^}]*)\})?")


def queries() -> Iterator[str]:
    for _, panel in panels(of_demo()):
        yield from (query.expr for query in panel.queries)
    yield from (mark.expr or "" for mark in marks())


def metric_of(name: str) -> Metric | None:
    return METRICS.get(name) or METRICS.get(name.removesuffix("_bucket"))


def test_every_metric_is_in_a_panel_unless_a_reason_says_why_not() -> None:
    shown = {metric.name for text in queries() for name in _NAME.findall(text) if (metric := metric_of(name))}
    assert METRICS.keys() - shown == LEFT_OUT.keys()
    assert all(LEFT_OUT.values())


def test_every_kpi_that_has_a_series_is_in_a_panel_that_shows_its_own() -> None:
    for kpi in ALL:
        if kpi.metrics:
            assert any(shows(kpi, text, legend) for text, legend in of_kpi(kpi)), kpi.name


def of_kpi(kpi: Kpi) -> Iterator[tuple[str, str]]:
    for _, panel in panels(of_demo()):
        if kpi.name in panel.kpis:
            yield from ((query.expr, query.legend) for query in panel.queries)


def shows(kpi: Kpi, text: str, legend: str) -> bool:
    """Its first metric, of the floor or by queue, with its own labels: fixed, or told apart in the legend."""
    for name, matchers in _SELECTOR.findall(text):
        metric = metric_of(name)
        if metric in kpi.exported[:2] or metric in kpi.metrics:
            own = [(label, value) for label, value in kpi.labels if label in metric.labels]
            if all(f'{label}="{value}"' in matchers or f"{{{{{label}}}}}" in legend for label, value in own):
                return True
    return False


def test_every_panel_that_names_a_kpi_says_its_formula_or_has_words_of_its_own() -> None:
    told = {name for _, panel in panels(of_demo()) for name in panel.kpis if BY_NAME[name].formula[1:] in panel.says}
    assert told == {kpi.name for kpi in ALL if kpi.metrics}
