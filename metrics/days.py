"""Local days of the floor: when they begin, and the sums of whole days out of one partition's panes.

A period of days is the same set of instants wherever the zone's midnights lie within an hour of UTC. Sums of a day
or a period are made when they are asked for, and again only after something was added to one of its hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from metrics.columns import EMPTY, Ints, summed
from metrics.instants import HOUR, MINUTE, SECOND, from_datetime
from metrics.measures import MEASURE_MASK, MEASURE_SHIFT
from metrics.panes import Panes, Sums

#: Instants of days lie between these, in any zone, with nanoseconds of 64 bits to spare.
FIRST_DAY: Final = date(1680, 1, 1)
LAST_DAY: Final = date(2260, 1, 1)

#: Sums of so many periods are kept, those asked for last.
PERIODS_KEPT: Final = 256


@lru_cache(maxsize=256)
def begin_of(day: date, time_zone: str) -> int:
    """The first instant of a local day; days before 1680 or after 2259 begin there."""
    day = min(max(day, FIRST_DAY), LAST_DAY)
    # Of a midnight that a zone repeats the first is meant, of one that it skips the instant of the change.
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone)))


def day_of(instant: int, time_zone: str) -> date:
    """The local day of an instant."""
    return datetime.fromtimestamp(instant // SECOND, ZoneInfo(time_zone)).date()


@lru_cache(maxsize=256)
def cut_of(hour: int, time_zone: str) -> int:
    """The minute within an hour of UTC at which a local day begins; 0 where none does, or with the hour."""
    begin = begin_of(day_of((hour + 1) * HOUR - SECOND, time_zone), time_zone)
    return begin // MINUTE - hour * 60 if hour * HOUR < begin < (hour + 1) * HOUR else 0


class PeriodSums:
    """The sums of some whole days until one of them changes: equal to itself only, so that it names what they are."""

    __slots__ = ("sums",)

    def __init__(self, sums: Sums) -> None:
        self.sums = sums


class DaySums:
    """Sums of whole local days of one partition's panes, of some measures."""

    def __init__(self, panes: Panes, time_zone: str, measures: Iterable[int]) -> None:
        self._panes = panes
        self._time_zone = time_zone
        self._measures = np.array(sorted(measures), dtype=np.int64)
        self._days: dict[date, Sums] = {}
        self._periods: dict[tuple[date, date], PeriodSums] = {}

    def total(self, first: date, last: date) -> PeriodSums:
        """Sums of the days ``first`` to ``last``, both inclusive; the same object until one of them changes."""
        self._forget_changed()
        period = first, last
        known = self._periods.pop(period, None) or PeriodSums(self._sum_of_days(first, last))
        self._periods[period] = known  # the one asked for last stands last
        if len(self._periods) > PERIODS_KEPT:
            del self._periods[next(iter(self._periods))]
        return known

    def _sum_of_days(self, first: date, last: date) -> Sums:
        found = []
        day = first
        while day <= last:
            if day not in self._days:
                self._days[day] = self._sum(day)
            found.append(self._days[day])
            day += timedelta(days=1)
        return summed(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _forget_changed(self) -> None:
        """Days whose hours were added to since, or forgotten."""
        changed = self._panes.take_changed()
        if changed is None:
            self._days.clear()
            self._periods.clear()
        instants = (instant for hour in changed or () for instant in (hour * HOUR, (hour + 1) * HOUR - SECOND))
        for day in {day_of(instant, self._time_zone) for instant in instants}:
            self._days.pop(day, None)
            for first, last in [period for period in self._periods if period[0] <= day <= period[1]]:
                del self._periods[first, last]

    def _sum(self, day: date) -> Sums:
        begin, end = (begin_of(one, self._time_zone) for one in (day, day + timedelta(days=1)))
        found = [self._wanted(sums) for sums in self._panes.between(begin // MINUTE, end // MINUTE)]
        if not found:
            return EMPTY, EMPTY
        return summed(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _wanted(self, sums: Sums) -> tuple[Ints, Ints]:
        kept = np.isin(sums[0] >> MEASURE_SHIFT & MEASURE_MASK, self._measures)
        return sums[0][kept], sums[1][kept]
