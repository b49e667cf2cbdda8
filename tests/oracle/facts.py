"""The slow KPIs from the events, by plain loops over every report and every ticket.

What the texts leave open, and how it is read here:

 1. Of one (fact, queue, period) the report that is latest by (time, source, id) counts, under whatever subject it
    came; the queue is the one after aliases, and none is the whole floor.
 2. A local day begins at the first instant of its date. What was counted in a period is known only where all of it is
    past, where it begins at or after the earliest event, and at most a day less than the retention (62 days) ago.
 3. Tickets of a queue that the snapshot shows under another name have no count of their own.
 4. Rows are of the latest three periods of each KPI and queue, by end, then by start; the floor before its queues.
 5. `cost_per_resolved` counts tickets that are resolved now, each once, by its last change to resolved.
 6. A benchmark's own value is that of its period, else that of a complete window of 30 days.
 7. By calendar period, over a whole history: a fact is that of exactly these days, else, of amounts, the sum of all
    reports within these days where each day is in exactly one of them and no two name different units (hours are
    hours). However long ago a period is, it is counted; a benchmark's own value is that of the period only.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle import surveys
from tests.oracle.configuration import OracleConfiguration
from tests.oracle.durations import nearest_rank, seconds
from tests.oracle.instants import DAY, MINUTE, SECOND, text_of
from tests.oracle.periods import days_of
from tests.oracle.surveys import answers_of
from tests.oracle.tickets import Happening, distinct, is_discarded, ticket_of
from tests.oracle.windows import windows_of

RETENTION = 62 * DAY
SHOWN = 3
DEFINITIONS = {
    "csat_satisfied": "top-2-box of 1-5",
    "nps": "promoters 9-10, detractors 0-6 of 0-10",
    "first_response_p50": "median, creation to first human reply, calendar time",
}
FACTORS: Mapping[str, Mapping[str, int | Fraction]] = {
    "csat_satisfied": {"": 1, "%": Fraction(1, 100)},
    "nps": {"": 1},
    "first_response_p50": {"s": 1, "min": 60, "h": 3600},
}


@dataclass
class Done:
    """What happened at one instant in one queue."""

    at: int
    queue: str
    what: str
    value: int = 0


def slow(events: Iterable[Mapping[str, Any]], at: int, configuration: OracleConfiguration) -> dict[str, Any]:
    """Rows by KPI as of `at`; no `flag`, `reason`, `reported_by`: those are words."""
    subjects = distinct(events, at)
    since = min((one.at for happenings in subjects.values() for one in happenings), default=at)
    asked = _Asked(at, since, configuration, _done(subjects, configuration))
    reports = _reports(subjects, configuration)
    rows: dict[str, Any] = {}
    for name, facts in FACTS_OF.items():
        places: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for fact, queue, *period in reports:
            if fact in facts:
                places[queue].add((period[0], period[1]))
        found = []
        for queue, periods in places.items():
            for start, end in sorted(periods, key=lambda days: (days[1], days[0]), reverse=True)[:SHOWN]:
                found.append(_row(name, facts, queue, start, end, reports, asked))
        if found:
            found.sort(key=lambda row: row["queue"] or "")
            found.sort(key=lambda row: (row["period"]["end"], row["period"]["start"]), reverse=True)
            rows[name] = found
    return rows


def slow_by_period(
    events: Iterable[Mapping[str, Any]], at: int, configuration: OracleConfiguration, by: str, queue: str | None
) -> dict[str, dict[str, Any]]:
    """Rows by period and KPI, of one queue or of the floor; `summed`: of how many reports a fact is the sum."""
    subjects = distinct(events, at)
    since = min((one.at for happenings in subjects.values() for one in happenings), default=at)
    asked = _Asked(at, since, configuration, _done(subjects, configuration), is_of_a_history=True)
    reports = _reports(subjects, configuration)
    first, last = (datetime.fromtimestamp(one // SECOND, UTC).date() for one in (since, at))
    found = {}
    for name, days in days_of(by, first - timedelta(days=100), last + timedelta(days=100)).items():
        start, end = days[0].isoformat(), days[-1].isoformat()
        here, summed = dict(reports), {}
        for fact in AMOUNTS:
            parts = [
                one for (*of, a, b), one in reports.items() if of == [fact, queue or ""] and start <= a <= b <= end
            ]
            if (fact, queue or "", start, end) not in reports and _tile(parts, days):
                here[fact, queue or "", start, end] = _sum(parts)
                summed[fact] = len(parts)
        found[name] = {
            kpi: _row(kpi, facts, queue or "", start, end, here, asked)
            | {"summed": {fact: summed[fact] for fact in facts if fact in summed}}
            for kpi, facts in FACTS_OF.items()
            if any((fact, queue or "", start, end) in here for fact in facts)
        }
    return found


def _tile(parts: list[Happening], days: list[date]) -> bool:
    for day in days:
        if sum(one.data["period"]["start"] <= day.isoformat() <= one.data["period"]["end"] for one in parts) != 1:
            return False
    return len({one.data["unit"] for one in parts if "unit" in one.data and one.data["fact"] != "staffed_hours"}) < 2


def _sum(parts: list[Happening]) -> Happening:
    units = [one.data["unit"] for one in parts if "unit" in one.data]
    data = {"value": float(sum(Fraction(str(one.data["value"])) for one in parts))} | (
        {"unit": units[0]} if units else {}
    )
    return replace(parts[0], at=max(one.at for one in parts), data=data)


Reports = dict[tuple[str, str, str, str], Happening]


def _reports(subjects: Mapping[str, list[Happening]], configuration: OracleConfiguration) -> Reports:
    latest: Reports = {}
    for happenings in subjects.values():
        for one in happenings:
            if one.kind == "business.reported":
                queue = configuration.own_queue(one.data.get("queue")) or ""
                key = one.data["fact"], queue, one.data["period"]["start"], one.data["period"]["end"]
                if key not in latest or one.rank > latest[key].rank:
                    latest[key] = one
    return latest


def _done(subjects: Mapping[str, list[Happening]], configuration: OracleConfiguration) -> list[Done]:
    found = []
    end = 2**62
    for happenings in subjects.values():
        if is_discarded(happenings):
            continue
        ticket = ticket_of(happenings, configuration)
        if ticket is not None:
            queue = configuration.shown_queue(ticket.value("queue", end))
            found += [Done(at, queue, "resolve") for at in ticket.resolves]
            if ticket.value("kind", end) == "complaint":
                found.append(Done(ticket.creation, queue, "complaint"))
            if not ticket.is_open:
                found.append(Done(ticket.resolves[-1], queue, "resolved"))
            if ticket.first_reply is not None and not ticket.from_agent:
                found.append(Done(ticket.first_reply, queue, "reply", ticket.first_reply - ticket.creation))
        for answer in answers_of(happenings):
            own = answer.queue if ticket is None else ticket.value("queue", end)
            if answer.scale == surveys.DEFAULT_SCALES[answer.survey]:
                found.append(Done(answer.at, configuration.shown_queue(own), answer.survey, answer.score))
    return found


@dataclass
class _Asked:
    now: int
    since: int
    configuration: OracleConfiguration
    done: list[Done]
    is_of_a_history: bool = False

    def values(self, what: str, queue: str, first: int, end: int) -> list[int]:
        return [
            d.value for d in self.done if d.what == what and first <= d.at < end and (not queue or d.queue == queue)
        ]

    def is_own(self, queue: str) -> bool:
        return not queue or self.configuration.shown_queue(queue) == queue

    def span(self, queue: str, start: str, end: str) -> tuple[int, int] | None:
        """The period's first instant and the one after its last, where its counts are known."""
        if not self.is_own(queue):
            return None
        zone = ZoneInfo(self.configuration.time_zone)
        if not "1970-01-01" <= start <= end <= "2200-01-01":
            return None
        first = first_instant(date.fromisoformat(start), zone)
        after = first_instant(date.fromisoformat(end) + timedelta(days=1), zone)
        is_kept = self.is_of_a_history or first >= self.now - RETENTION + DAY
        whole = self.since <= first and after <= self.now and is_kept
        return (first, after) if whole else None

    def thirty_days(self) -> tuple[int, int] | None:
        for window in windows_of(self.now, self.configuration):
            if window.name == "30d" and not window.holds(self.since):
                return window.first, window.last + 1
        return None


@cache
def first_instant(day: date, zone: ZoneInfo) -> int:
    """The first minute whose local date is `day` or later, found by walking."""
    minute = int((datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - 15 * 3600) // 60)
    while datetime.fromtimestamp(minute * 60, UTC).astimezone(zone).date() < day:
        minute += 1
    return minute * MINUTE


def _row(
    name: str, facts: tuple[str, ...], queue: str, start: str, end: str, reports: Reports, asked: _Asked
) -> dict[str, Any]:
    here = {fact: reports[fact, queue, start, end] for fact in facts if (fact, queue, start, end) in reports}
    row = {
        "period": {"start": start, "end": end},
        "queue": queue or None,
        "as_of": text_of(max(one.at for one in here.values())),
        "facts": {fact: one.data["value"] for fact, one in here.items()},
    }
    value: Fraction | None = None
    if name.startswith("benchmark."):
        return row | _compared(name.removeprefix("benchmark."), here[name], queue, asked.span(queue, start, end), asked)
    if len(here) == len(facts) and _units_agree(name, here):
        given = [Fraction(one.data["value"]) for one in here.values()]
        if name in OF_FACTS:
            value = OF_FACTS[name](*given)
        else:
            span = asked.span(queue, start, end)
            if span is not None:
                value = _counted(name, given[0], len(asked.values(COUNTED[name], queue, *span)))
    return row | {"value": None if value is None else float(value)}


def _units_agree(name: str, here: Mapping[str, Happening]) -> bool:
    return name != "cash_flow" or len({one.data["unit"] for one in here.values() if "unit" in one.data}) < 2


def _counted(name: str, fact: Fraction, count: int) -> Fraction | None:
    if name == "cost_per_resolved":
        return fact / count if count else None
    if name == "complaints_per_1000_customers":
        count *= 1000
    return count / fact if fact else None


def _compared(kpi: str, report: Happening, queue: str, span: tuple[int, int] | None, asked: _Asked) -> dict[str, Any]:
    factor = FACTORS[kpi].get(report.data.get("unit", ""))
    if report.data.get("definition") not in (DEFINITIONS[kpi], f"{kpi}: {DEFINITIONS[kpi]}") or factor is None:
        return {"value": None, "own": None}
    if span is None and asked.is_own(queue) and not asked.is_of_a_history:
        span = asked.thirty_days()
    if span is None:
        return {"value": None, "own": None}
    n, own = OWN[kpi](asked, queue, span)
    value = None if own is None else own - float(Fraction(report.data["value"]) * factor)
    return {"value": value, "own": {"n": n, "value": own}}


def _csat(asked: _Asked, queue: str, span: tuple[int, int]) -> tuple[int, float | None]:
    scores = asked.values("csat", queue, *span)
    return len(scores), surveys.csat(scores)["satisfied_ratio"]


def _nps(asked: _Asked, queue: str, span: tuple[int, int]) -> tuple[int, float | None]:
    scores = asked.values("nps", queue, *span)
    return len(scores), surveys.nps(scores)["score"]


def _p50(asked: _Asked, queue: str, span: tuple[int, int]) -> tuple[int, float | None]:
    waits = asked.values("reply", queue, *span)
    return len(waits), seconds(nearest_rank(waits, Fraction(1, 2)))


def _percent(part: Fraction, whole: Fraction) -> Fraction | None:
    return None if whole == 0 else part / whole * 100


OWN: dict[str, Callable[[_Asked, str, tuple[int, int]], tuple[int, float | None]]] = {
    "csat_satisfied": _csat,
    "nps": _nps,
    "first_response_p50": _p50,
}
OF_FACTS: dict[str, Callable[..., Fraction | None]] = {
    "customer_retention": lambda start, end, new: _percent(end - new, start),
    "employee_turnover": lambda start, end, gone: _percent(gone, (start + end) / 2),
    "employee_retention": lambda start, stayed: _percent(stayed, start),
    "cash_flow": lambda inflow, outflow: inflow - outflow,
}
COUNTED = {
    "cost_per_resolved": "resolved",
    "resolved_per_staffed_hour": "resolve",
    "first_replies_per_staffed_hour": "reply",
    "complaints_per_1000_customers": "complaint",
}
AMOUNTS = ("staffed_hours", "cost", "inflow", "outflow", "separations", "customers_new")
FACTS_OF: dict[str, tuple[str, ...]] = {
    "customer_retention": ("customers_start", "customers_end", "customers_new"),
    "employee_turnover": ("employees_start", "employees_end", "separations"),
    "employee_retention": ("employees_start", "stayed"),
    "cash_flow": ("inflow", "outflow"),
    "cost_per_resolved": ("cost",),
    "resolved_per_staffed_hour": ("staffed_hours",),
    "first_replies_per_staffed_hour": ("staffed_hours",),
    "complaints_per_1000_customers": ("customers",),
    "benchmark.csat_satisfied": ("benchmark.csat_satisfied",),
    "benchmark.nps": ("benchmark.nps",),
    "benchmark.first_response_p50": ("benchmark.first_response_p50",),
}
