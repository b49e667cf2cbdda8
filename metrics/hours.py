"""Sums by hour of UTC, and what is made of the hours of a day, kept until one of them changes.

Hours change only by ``put``, and only here is it known what was made of them, so that nothing old can be left over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from metrics.columns import Ints

#: Cells and the amount of each.
Sums = tuple[Ints, Ints]
T = TypeVar("T")

DAY_HOURS: Final = 24


class _Day:
    """The hours of one day of UTC that have any sums."""

    __slots__ = ("hours", "made")

    def __init__(self) -> None:
        self.hours: dict[int, Sums] = {}
        self.made: dict[Callable[[Mapping[int, Sums]], Any], Any] = {}


class Hours:
    """The sums of each hour, which are never changed in place."""

    def __init__(self) -> None:
        self._days: dict[int, _Day] = {}

    def __len__(self) -> int:
        return sum(len(day.hours) for day in self._days.values())

    def __iter__(self) -> Iterator[int]:
        """The hours, of which ``put`` may take any while they are gone through."""
        for day in list(self._days.values()):
            yield from list(day.hours)

    def get(self, hour: int) -> Sums | None:
        """The sums of one hour, or None where there are none."""
        day = self._days.get(hour // DAY_HOURS)
        return None if day is None else day.hours.get(hour)

    def put(self, hour: int, sums: Sums | None) -> None:
        """Other sums for one hour; None or no cell: it is gone."""
        number = hour // DAY_HOURS
        day = self._days.get(number)
        if sums is not None and len(sums[0]):
            day = self._days[number] = day or _Day()
            day.hours[hour] = sums
        elif day is None or day.hours.pop(hour, None) is None:
            return
        day.made.clear()
        if not day.hours:
            del self._days[number]

    def made(self, after: int, last: int, make: Callable[[Mapping[int, Sums]], T]) -> list[T]:
        """What ``make`` makes of hours ``after < hour <= last``, day by day, in any order.

        ``make`` is a pure function of hours with their sums. What it made of all the hours of a day is kept.
        """
        found: list[T] = []
        for number, day in self._days.items():
            first, end = number * DAY_HOURS, (number + 1) * DAY_HOURS
            if first > last or end <= after + 1:
                continue
            is_whole = after < first and end <= last + 1
            wanted = day.hours if is_whole else {hour: day.hours[hour] for hour in day.hours if after < hour <= last}
            if len(wanted) == len(day.hours):
                if make not in day.made:
                    day.made[make] = make(wanted)
                found.append(day.made[make])
            elif wanted:
                found.append(make(wanted))
        return found
