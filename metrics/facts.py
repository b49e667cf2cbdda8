"""Business facts: what was reported of customers, people, hours and money, for whole days and by queue.

One (fact, queue, period) counts once, by its latest report. Knows the vocabulary and what a usable report is; it
knows no tickets, no clock and nothing of what is made of the facts (``metrics.slow``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

#: First and last day, both inclusive, ISO.
Days = tuple[str, str]

#: Facts that count something, which is never less than nothing.
COUNTS: Final = (
    "staffed_hours",
    "customers_start",
    "customers_end",
    "customers_new",
    "customers",
    "employees_start",
    "employees_end",
    "separations",
    "stayed",
)
MONEY: Final = ("inflow", "outflow", "cost")
FACTS: Final = (*COUNTS, *MONEY)
#: ``benchmark.<kpi>``: what others reached of a KPI.
BENCHMARK: Final = "benchmark."

HOURS: Final = ("", "h", "hour", "hours")
#: Larger than any fact; no sum of a few can overflow.
VALUE_MAX: Final = 1e15
#: Of each fact and queue, so many periods can be asked for, counted from the latest; of a whole history all.
PERIODS_KEPT: Final = 64


class Report(msgspec.Struct, frozen=True, gc=False):
    """One report. ``queue`` is its present name, empty for the whole floor; ``instant`` is when it was reported."""

    instant: int
    source: str
    id: str
    fact: str
    queue: str
    start: str
    end: str
    value: float
    unit: str
    reported_by: str
    definition: str

    @property
    def place(self) -> tuple[str, str]:
        """What it is of, and where."""
        return self.fact, self.queue

    @property
    def period(self) -> Days:
        """The days it covers."""
        return self.start, self.end

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """Of two reports of the same the greater counts: the later one, then by source and id, then by content."""
        return self.instant, self.source, self.id, repr(self)


class Problem(msgspec.Struct, frozen=True):
    """Why a report cannot be used: its field, and what is expected there."""

    field: str
    expected: str


def problem_of(fact: str, value: float, unit: str, start: str, end: str) -> Problem | None:
    """What is wrong with a report, or None."""
    if fact not in FACTS and not (fact.startswith(BENCHMARK) and len(fact) > len(BENCHMARK)):
        return Problem("fact", f"{', '.join(FACTS)} or {BENCHMARK}<kpi> is expected")
    if not -VALUE_MAX <= value <= VALUE_MAX:  # NaN is not within either
        return Problem("value", "a number of at most 15 digits is expected")
    if fact in COUNTS and value < 0:
        return Problem("value", f"{fact} is 0 or more")
    if fact == "staffed_hours" and unit.lower() not in HOURS:
        return Problem("unit", "staffed_hours are reported in h")
    for field, day in (("start", start), ("end", end)):
        if not is_day(day):
            return Problem(field, "a day is expected, as in 2026-10-31")
    if end < start:
        return Problem("end", f"a day not before {start}, the start, is expected")
    return None


def is_day(text: str) -> bool:
    """Whether it is a day of the Gregorian calendar, written as 2026-10-31; a year such as 1405 is another's."""
    try:
        return "1900" <= text < "2300" and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


class Latest:
    """The latest reports of one partition until another comes: equal to itself only, so that it names what they are."""

    __slots__ = ("reports",)

    def __init__(self, reports: Iterable[Report]) -> None:
        self.reports = tuple(reports)


class Facts:
    """The reports of one partition, which can be added and taken back."""

    def __init__(self, periods_kept: int | None = PERIODS_KEPT) -> None:
        """``periods_kept``: of each fact and queue; None: all of them."""
        self._periods_kept = periods_kept
        self._whole: Latest | None = None
        self._reports: dict[tuple[str, str], dict[Days, list[Report]]] = {}
        self._latest: dict[tuple[str, str], list[Report]] = {}  # of the places that were asked for since they changed

    def add(self, reports: Iterable[Report], sign: int) -> None:
        """Add reports (1), or take back some that are there (-1)."""
        for report in reports:
            self._whole = None
            self._latest.pop(report.place, None)
            periods = self._reports.setdefault(report.place, {})
            known = periods.setdefault(report.period, [])
            if sign > 0:
                known.append(report)
                continue
            known.remove(report)
            if not known:
                del periods[report.period]
            if not periods:
                del self._reports[report.place]

    def latest(self) -> Latest:
        """Of each fact and queue the latest periods, each by its latest report; the same object until that changes."""
        if self._whole is None:
            self._whole = Latest(self._latest_of_each())
        return self._whole

    def _latest_of_each(self) -> list[Report]:
        for place, periods in self._reports.items():
            if place not in self._latest:
                self._latest[place] = [
                    max(periods[period], key=lambda report: report.rank)
                    for period in latest_first(periods)[: self._periods_kept]
                ]
        return [report for reports in self._latest.values() for report in reports]


def latest_first(periods: Iterable[Days]) -> list[Days]:
    """Periods by their ends, of equal ends the shorter first."""
    return sorted(periods, key=lambda days: (days[1], days[0]), reverse=True)


#: By fact and queue, then by period.
Known = dict[tuple[str, str], dict[Days, Report]]


def merged(partitions: Iterable[Latest], periods_kept: int | None = PERIODS_KEPT) -> Known:
    """The facts of all partitions: a sender may have reported one thing under several subjects."""
    known: Known = {}
    for latest in partitions:
        for report in latest.reports:
            periods = known.setdefault(report.place, {})
            other = periods.get(report.period)
            if other is None or other.rank < report.rank:
                periods[report.period] = report
    return {
        place: {days: periods[days] for days in latest_first(periods)[:periods_kept]}
        for place, periods in known.items()
    }
