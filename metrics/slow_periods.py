"""The slow KPIs of calendar periods of a whole history: of facts whose days are those of the period, or add up to it.

Formulas and counts of tickets are those of the snapshot (``metrics.slow``). A pure function of (parts, rules, now).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

import msgspec

from metrics.catalogue_slow import SLOW
from metrics.components import Asked, Part, gather
from metrics.facts import Days, Known, Report, merged
from metrics.measures import Vocabulary
from metrics.periods import Periods
from metrics.policies import Rules
from metrics.slow import Row, slow_at
from metrics.standing import earliest

#: Amounts: of a month they are the sum of its days. What is there at an instant or all along is never added up.
ADD_UP: Final = ("staffed_hours", "cost", "inflow", "outflow", "separations", "customers_new")

#: Where they stand in the row of a period.
SLOW_KPIS: Final = "slow"
#: By name in the catalogue, each with the path that it has in such a row.
SLOW_OF_A_PERIOD: Final = {kpi.name: msgspec.structs.replace(kpi, path=f"{SLOW_KPIS}.{kpi.path}.value") for kpi in SLOW}


def slow_by_period(
    parts: Sequence[Part], rules: Rules, vocabulary: Vocabulary, now: int, asked: Sequence[Days], queue: str | None
) -> list[dict[str, Row]]:
    """For each period its rows by KPI: of one queue, or of the floor.

    A row is that of the snapshot without ``period`` and ``queue``; ``summed`` has, of each fact that was added up, of
    how many reports. A KPI is left out where no fact of the period is known.
    """
    found = [gather(parts, rules, vocabulary, Asked(now, (), {}))]
    known = merged((latest for one in found for latest in one.reports), None)
    if not known:
        return [{} for _ in asked]
    since = earliest(part.history_since for part in parts)
    periods, own = Periods(found, rules, vocabulary, now, since), _OfQueue(known, queue or "")
    return [_rows(own, periods, queue or "", days) for days in asked]


def _rows(own: _OfQueue, periods: Periods, queue: str, days: Days) -> dict[str, Row]:
    of_the_period, summed = own.reports(days)
    return {
        kpi: {key: value for key, value in row.items() if key not in {"period", "queue"}}
        | {"summed": {fact: summed[fact] for fact in row["facts"] if fact in summed}}
        for kpi, row in slow_at(of_the_period, periods, queue, days).items()
    }


class _OfQueue:
    """What is known of one queue, the empty one the floor: by fact, its periods in order of their first days."""

    def __init__(self, known: Known, queue: str) -> None:
        self._known = {fact: reports for (fact, of), reports in known.items() if of == queue}
        self._ordered: dict[str, list[Days]] = {
            fact: sorted(self._known[fact]) for fact in ADD_UP if fact in self._known
        }

    def reports(self, days: Days) -> tuple[dict[str, Report], dict[str, int]]:
        """By fact the report of exactly these days, else the sum of shorter ones; and of how many each sum is."""
        found = {fact: reports[days] for fact, reports in self._known.items() if days in reports}
        summed: dict[str, int] = {}
        for fact in self._ordered.keys() - found.keys():
            if tiles := self._tiles(fact, days):
                found[fact], summed[fact] = _sum(tiles, days), len(tiles)
        return found, summed

    def _tiles(self, fact: str, days: Days) -> list[Report]:
        """All reports within these days, where they cover each day once and are in one unit; else none."""
        first, last = days
        ordered = self._ordered[fact]
        place, expected, found = bisect_left(ordered, (first, "")), first, []
        while place < len(ordered) and ordered[place][0] <= last:
            start, end = ordered[place]
            place += 1
            if end > last:
                continue  # it reaches beyond: not of this period
            if start != expected:
                return []
            expected = _day_after(end)
            found.append(self._known[fact][start, end])
        units = {report.unit for report in found if report.unit and fact != "staffed_hours"}  # all ways to say hours
        return found if expected == _day_after(last) and len(units) <= 1 else []


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _sum(tiles: Sequence[Report], days: Days) -> Report:
    """One report of the whole period, as of the latest of its parts; a part without a unit is in that of the others.

    Added up are the decimals that were reported: three times 0.1 is 0.3.
    """
    latest = max(tiles, key=lambda report: report.rank)
    value, unit = sum(Fraction(repr(report.value)) for report in tiles), max(report.unit for report in tiles)
    return msgspec.structs.replace(latest, start=days[0], end=days[1], value=float(value), unit=unit)
