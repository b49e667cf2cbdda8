"""Panels made of the catalogue: a KPI's title, unit, formula, direction and target are written down there, once."""

from __future__ import annotations

from typing import Any, Final

from alerting.settings import Settings
from dashboards.judgement import steps_of, told
from dashboards.measured import is_of_the_floor, measured
from dashboards.panel import Panel, Query, Role, Shape, sample
from metrics.catalogue import BY_NAME
from metrics.kpi import RATIO, SECONDS, TICKETS, Kpi

#: A unit of the catalogue -> Grafana's.
_UNITS: Final = {
    TICKETS: "short",
    "clocks": "short",
    SECONDS: "s",
    RATIO: "percentunit",
    "difference of ratios": "percentunit",
    "%": "percent",
    "multiples of its target": "suffix: targets",
    "instant of its creation": "s",
    "points": "suffix: points",
    "points, -100 to 100": "suffix: points",
    "points, -6 to 6": "suffix: points",
    "score, 1 to 5": "none",
    "score, 1 to 7": "none",
    "per hour": "suffix: per hour",
    "per 1,000 customers": "suffix: per 1,000",
    "that of the facts": "none",
    "that of the fact": "none",
    "seconds": "s",
}
_DECIMALS: Final = {"short": 0, "percentunit": 1, "percent": 1, "s": None}
_BAND: Final = "The band is the 95 % interval, n the number that it is of: a wide band says little."


def unit_of(kpi: Kpi) -> str:
    """Grafana's name of the KPI's unit.

    Raises:
        KeyError: the catalogue has a unit that is not listed here.
    """
    return _UNITS[kpi.unit]


def decimals_of(unit: str) -> int | None:
    """How many decimals are shown of a unit: None leaves it to Grafana."""
    return _DECIMALS.get(unit, 2)


def meaning(kpis: tuple[str, ...], settings: Settings) -> str:
    """What KPIs mean: of each its formula, which way is better, and its target."""
    return " ".join(f"{f'**{BY_NAME[kpi].title}**: ' if len(kpis) > 1 else ''}{_told(kpi, settings)}" for kpi in kpis)


def _told(name: str, settings: Settings) -> str:
    kpi = BY_NAME[name]
    longest = " Only windows of a day and more have it." if kpi.is_from_a_day else ""
    return f"{kpi.formula[0].upper()}{kpi.formula[1:]}. {told(name, settings)}{longest}"


def of_kpis(
    settings: Settings,
    *kpis: str,
    act: str,
    queries: tuple[Query, ...],
    says: str = "",
    is_told: bool = True,
    **more: Any,
) -> Panel:
    """A panel of these KPIs, named after the first one; ``is_told``: with what the catalogue says of them."""
    first = BY_NAME[kpis[0]]
    unit = more.pop("unit", unit_of(first))
    more = {"key": first.name, "title": first.title, "decimals": decimals_of(unit), **more}
    words = f"{meaning(kpis, settings)} {says}".strip() if is_told else says
    return Panel(says=words, act=act, unit=unit, queries=queries, kpis=kpis, **more)


def band(settings: Settings, kpi: str, act: str, *more: Query, says: str = "", **shown: Any) -> Panel:
    """A KPI over time with its interval as a band, its target, and n on the right."""
    found = measured(kpi)
    title = BY_NAME[kpi].title
    queries = (
        Query(expr=found.value, legend=title),
        Query(expr=found.lower, legend="lower 95 %", role=Role.LOWER),
        Query(expr=found.upper, legend="upper 95 %", role=Role.UPPER),
        sample(found.sample),
        *more,
    )
    scope = "Of the whole floor, whatever queues are selected." if is_of_the_floor(kpi) else "Of the selected queues."
    shown = {"steps": steps_of(kpi, settings), **shown}
    return of_kpis(settings, kpi, act=act, queries=queries, says=f"{says} {scope} {_BAND}".strip(), **shown)


def number(settings: Settings, kpi: str, act: str, *queries: Query, **shown: Any) -> Panel:
    """One KPI as a number."""
    shown = {"shape": Shape.NUMBER, "width": 4, "height": 5, **shown}
    return of_kpis(settings, kpi, act=act, queries=queries, **shown)
