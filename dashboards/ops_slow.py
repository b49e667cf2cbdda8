"""Slow KPIs: of business facts, each with its own unit and the age of its facts."""

from __future__ import annotations

from typing import Final

from alerting.settings import Settings
from dashboards.kpi_panels import decimals_of, of_kpis, unit_of
from dashboards.panel import Colour, Panel, Query, Row, Shape, Step
from dashboards.queries import age, greatest
from metrics import names
from metrics.catalogue_slow import SLOW
from metrics.kpi import Kpi
from metrics.slow_series import BY_QUEUE, WHOLE_FLOOR

_ACT: Final = "Report the facts of the next period; an old figure is no trouble of the floor."
_PLAIN: Final = (Step(None, Colour.PLAIN),)


def row(settings: Settings) -> Row:
    """One number each."""
    return Row(
        "Slow KPIs",
        (
            *(_of_facts(settings, kpi) for kpi in SLOW),
            *(_by_queue(settings, kpi) for kpi in SLOW if kpi.name in BY_QUEUE),
        ),
    )


def _of_facts(settings: Settings, kpi: Kpi) -> Panel:
    unit = unit_of(kpi)
    value = f'max({names.SLOW_KPI.name}{{kpi="{kpi.name}",queue="{WHOLE_FLOOR}"}})'
    reported = f'time() - max({names.SLOW_KPI_AS_OF.name}{{kpi="{kpi.name}",queue="{WHOLE_FLOOR}"}})'
    return of_kpis(
        settings, kpi.name, act=_ACT, shape=Shape.NUMBER, width=4, height=5, steps=_PLAIN,
        queries=(
            Query(expr=value, legend=kpi.short, unit=unit, decimals=decimals_of(unit)),
            Query(expr=reported, legend="reported", unit="s", decimals=0),
        ),
        says="Of the whole floor, the latest period that has a value.",
    )  # fmt: skip


def _by_queue(settings: Settings, kpi: Kpi) -> Panel:
    return of_kpis(
        settings, kpi.name, key=f"{kpi.name}_by_queue", title=f"{kpi.title} by queue", act=_ACT, shape=Shape.TABLE,
        queries=(
            Query(expr=greatest(names.SLOW_KPI, "queue", kpi=kpi.name), legend=kpi.short),
            Query(expr=age(names.SLOW_KPI_AS_OF, "queue", kpi=kpi.name), legend="Reported ago", unit="s", decimals=0),
        ),
        says="An empty queue is the whole floor.", width=12, height=7,
    )  # fmt: skip
