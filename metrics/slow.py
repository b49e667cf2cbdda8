"""Slow KPIs: what business facts amount to, alone or beside what tickets did in the days of the fact.

A pure function of (facts, panes, rules, now). A value that cannot be exact is None with the reason. Formulas: KPIS.md,
"From the user's articles".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from metrics.benchmarks import COMPARED, compared
from metrics.cell_tables import Tables, counts_of
from metrics.components import Components
from metrics.facts import BENCHMARK, Days, Known, Latest, Report, latest_first, merged
from metrics.instants import format_instant
from metrics.measures import Measure, Vocabulary
from metrics.periods import NOT_ASKED, Periods
from metrics.policies import Rules

#: Of each KPI and queue, so many periods are shown, and of each KPI so many queues.
PERIODS_SHOWN: Final = 3
QUEUES_SHOWN: Final = 50

Row = dict[str, Any]


class _OfFacts(NamedTuple):
    """A KPI of facts alone: the facts, its value from theirs, why it has none; ``is_share``: beyond 0 to 100 is odd."""

    facts: tuple[str, ...]
    value: Callable[..., float | None]
    without: str = ""
    is_share: bool = False
    unit: str | None = "%"  # None: that of the facts


class _OfTickets(NamedTuple):
    """A KPI of one fact and a count of what tickets did in its days."""

    fact: str
    measure: int
    value: Callable[[float, int], float | None]
    without: str
    unit: str | None = None


def _percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


OF_FACTS: Final = {
    "customer_retention": _OfFacts(
        ("customers_start", "customers_end", "customers_new"),
        lambda start, end, new: _percent(end - new, start),
        "there was no customer at the start",
        is_share=True,
    ),
    "employee_turnover": _OfFacts(
        ("employees_start", "employees_end", "separations"),
        lambda start, end, separations: _percent(separations, (start + end) / 2),
        "there was no employee",
    ),
    "employee_retention": _OfFacts(
        ("employees_start", "stayed"),
        lambda start, stayed: _percent(stayed, start),
        "there was no employee at the start",
        is_share=True,
    ),
    "cash_flow": _OfFacts(("inflow", "outflow"), lambda inflow, outflow: inflow - outflow, unit=None),
}
OF_TICKETS: Final = {
    "cost_per_resolved": _OfTickets(
        "cost",
        Measure.RESOLUTION,
        lambda cost, tickets: cost / tickets if tickets else None,
        "no ticket was resolved",
    ),
    "resolved_per_staffed_hour": _OfTickets(
        "staffed_hours",
        Measure.RESOLVED,
        lambda hours, resolves: resolves / hours if hours else None,
        "no hour was staffed",
        "per hour",
    ),
    "first_replies_per_staffed_hour": _OfTickets(
        "staffed_hours",
        Measure.FIRST_RESPONSE,
        lambda hours, replies: replies / hours if hours else None,
        "no hour was staffed",
        "per hour",
    ),
    "complaints_per_1000_customers": _OfTickets(
        "customers",
        Measure.COMPLAINT_CREATED,
        lambda customers, complaints: 1000 * complaints / customers if customers else None,
        "there was no customer",
        "per 1,000",
    ),
}
KPIS: Final = (*OF_FACTS, *OF_TICKETS, *(BENCHMARK + kpi for kpi in COMPARED))


def slow(
    found: Sequence[Components],
    rules: Rules,
    vocabulary: Vocabulary,
    now: int,
    since: int | None,
    latest: Tables | None,
) -> dict[str, list[Row]]:
    """Rows by KPI, latest periods first, not to be changed; a KPI of which no fact is known is left out.

    Args:
        found: what all partitions come to.
        rules: the configuration.
        vocabulary: the numbers of the queues.
        now: nanoseconds.
        since: the earliest event known.
        latest: the window ``30d`` as of now where it is configured and complete.
    """
    reported = _reported(tuple(latest for one in found for latest in one.reports))
    if not reported:
        return {}
    periods = Periods(found, rules, vocabulary, now, since)
    made: dict[str, list[Row]] = {}
    for kpi, places in reported.items():
        if kpi in OF_FACTS:
            made[kpi] = [place.row for place in places]
        elif kpi in OF_TICKETS:
            made[kpi] = [_of_tickets(OF_TICKETS[kpi], periods, place) for place in places]
        else:
            made[kpi] = [_compared(periods, latest, place) for place in places]
    return made


def periods_asked(reports: tuple[Latest, ...]) -> list[Days]:
    """The periods in which it matters to these KPIs what tickets did."""
    places = [place for kpi, of_kpi in _reported(reports).items() if kpi not in OF_FACTS for place in of_kpi]
    return latest_first({place.days for place in places})


def slow_at(known: Mapping[str, Report], periods: Periods, queue: str, days: Days) -> dict[str, Row]:
    """Rows by KPI of one queue and period, out of the reports known there by fact; own values are of these days only.

    A KPI of which no fact is known is left out, and so are benchmarks of what is not compared.
    """
    made: dict[str, Row] = {}
    for kpi, of_facts in OF_FACTS.items():
        if reports := {fact: known[fact] for fact in of_facts.facts if fact in known}:
            made[kpi] = _of_facts(of_facts, queue, days, reports)
    for kpi, of_tickets in OF_TICKETS.items():
        if of_tickets.fact in known:
            reports = {of_tickets.fact: known[of_tickets.fact]}
            row = _row(queue, days, reports, of_tickets.unit)
            made[kpi] = _of_tickets(of_tickets, periods, _Place(queue, days, reports, row))
    for fact in (BENCHMARK + kpi for kpi in COMPARED):
        if fact in known:
            reports = {fact: known[fact]}
            place = _Place(queue, days, reports, _row_of_benchmark(queue, days, reports))
            made[fact] = _compared(periods, None, place)
    return made


class _Place(NamedTuple):
    """A queue and a period with the reports of one KPI there, and what its row has that follows from them alone."""

    queue: str
    days: Days
    reports: dict[str, Report]
    row: Row


@lru_cache(maxsize=4)
def _reported(parts: tuple[Latest, ...]) -> dict[str, list[_Place]]:
    """The places of each KPI of which a fact is known, latest periods first; made again only after other reports."""
    known = merged(parts)
    made: dict[str, list[_Place]] = {}
    for kpi, of_facts in OF_FACTS.items():
        made[kpi] = [_Place(*where, _of_facts(of_facts, *where)) for where in _places(known, of_facts.facts)]
    for kpi, of_tickets in OF_TICKETS.items():
        made[kpi] = [_Place(*where, _row(*where, of_tickets.unit)) for where in _places(known, (of_tickets.fact,))]
    for fact in sorted({fact for fact, _ in known if fact.startswith(BENCHMARK)}):
        places = made.setdefault(fact if fact.removeprefix(BENCHMARK) in COMPARED else f"{BENCHMARK}other", [])
        places += [_Place(*where, _row_of_benchmark(*where)) for where in _places(known, (fact,))]
    return {kpi: places[: PERIODS_SHOWN * QUEUES_SHOWN] for kpi, places in made.items() if places}


_Where = tuple[str, Days, dict[str, Report]]


def _places(known: Known, facts: Sequence[str]) -> Iterable[_Where]:
    """Queue, period and the reports there, where any of the facts is known: the floor first, latest periods first."""
    found: list[_Where] = []
    for queue in sorted({queue for fact, queue in known if fact in facts})[:QUEUES_SHOWN]:
        reports = {fact: known.get((fact, queue), {}) for fact in facts}
        periods = latest_first({days for periods in reports.values() for days in periods})[:PERIODS_SHOWN]
        found += [
            (queue, days, {fact: reports[fact][days] for fact in facts if days in reports[fact]}) for days in periods
        ]
    return sorted(found, key=lambda where: (where[1][1], where[1][0]), reverse=True)


def _row(queue: str, days: Days, reports: Mapping[str, Report], unit: str | None) -> Row:
    """What every row has; the value is yet to come."""
    units = {report.unit for report in reports.values() if report.unit}
    return {
        "period": {"start": days[0], "end": days[1]},
        "queue": queue or None,
        "value": None,
        "unit": unit or (units.pop() if len(units) == 1 else None),
        "as_of": format_instant(max(report.instant for report in reports.values())),
        "facts": {fact: report.value for fact, report in reports.items()},
        "flag": None,
        "reason": None,
    }


def _of_facts(kpi: _OfFacts, queue: str, days: Days, reports: dict[str, Report]) -> Row:
    row = _row(queue, days, reports, kpi.unit)
    missing = [fact for fact in kpi.facts if fact not in reports]
    units = sorted({report.unit for report in reports.values() if report.unit})
    if missing:
        return row | {"reason": f"not reported: {', '.join(missing)}"}
    if kpi.unit is None and len(units) > 1:
        return row | {"reason": f"units differ: {', '.join(units)}"}
    value = kpi.value(*(reports[fact].value for fact in kpi.facts))
    if value is None:
        return row | {"reason": kpi.without}
    return row | {"value": value, "flag": _flag(value) if kpi.is_share else None}


def _flag(share: float) -> str | None:
    return "over 100 %" if share > 100 else "below 0 %" if share < 0 else None


def _of_tickets(kpi: _OfTickets, periods: Periods, place: _Place) -> Row:
    tables = periods.of(place.queue, place.days)
    if isinstance(tables, str):
        return place.row | {"reason": tables}
    count = sum(counts_of(tables, kpi.measure, periods.number(place.queue)).values())
    value = kpi.value(place.reports[kpi.fact].value, count)
    return place.row | {"value": value, "count": count, "reason": kpi.without if value is None else None}


def _row_of_benchmark(queue: str, days: Days, reports: dict[str, Report]) -> Row:
    (report,) = reports.values()
    return _row(queue, days, reports, None) | {
        "unit": None,
        "reported_by": report.reported_by or None,
        "own": None,
        "window": None,
        "benchmark": None,
        "refused": None,
    }


def _compared(periods: Periods, latest: Tables | None, place: _Place) -> Row:
    """Own value less the benchmark: own over the same days, else over the latest 30 days."""
    (report,) = place.reports.values()
    kpi = report.fact.removeprefix(BENCHMARK)
    tables, window = periods.of(place.queue, place.days), "period"
    if isinstance(tables, str) and tables != NOT_ASKED and periods.is_known(place.queue):
        tables, window = (tables if latest is None else latest), "30d"
    if isinstance(tables, str):
        return place.row | compared(kpi, report, None, None) | {"reason": tables}
    return place.row | {"window": window} | compared(kpi, report, tables, periods.number(place.queue))
