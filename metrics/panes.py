"""Event-time panes of one partition: what happened in each minute, as sums that can be added and taken back.

A late event lands in the pane it belongs to; a retraction subtracts from it. Minutes older than the longest
minute window are folded into their hour; hours beyond the horizon are forgotten. An hour of UTC in which a local day
begins is folded into two parts, before and from then on. Knows no windows by name, no clock: a total is asked for as a
range of panes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import numpy as np

from metrics.columns import EMPTY, Ints, ordered, runs, summed
from metrics.hours import Hours, Sums
from metrics.instants import EARLIEST, HOUR, LATEST, MINUTE
from metrics.measures import (
    FIRST_DURATION,
    LAST_DURATION,
    LAST_SUMMED,
    MEASURE_MASK,
    MEASURE_SHIFT,
    SUM_BITS,
    SUM_HIGH,
    SUM_LOW,
    buckets_of,
)

__all__ = ["Panes", "Sums", "together"]
T = TypeVar("T")

#: Minutes can be asked for one by one over the last day, the day before it and "today" (up to 25 hours), as of the
#: newest event or later.
MINUTES_KEPT: Final = 51 * 60

#: Changed hours that are remembered for whoever asks; where nobody does, no more are.
CHANGED_MAX: Final = 256

# The minute of its hour stands above the cell, so that an hour is one sorted column.
_MINUTE_SHIFT: Final = 56
_CELL_MASK: Final = (1 << _MINUTE_SHIFT) - 1
_SUM_MASK: Final = (1 << SUM_BITS) - 1


class Panes:
    """Sums by hour, and by minute within the latest hours. Many moments are added at about the cost of a few."""

    def __init__(
        self, horizon: int, cut_of: Callable[[int], int] = lambda _hour: 0, *, by_minute: bool = False
    ) -> None:
        """``horizon``: nanoseconds before the newest moment that can still be asked for; ``by_minute``: all of them.

        ``cut_of``: the minute of an hour at which a local day begins, or 0.
        """
        self._horizon_hours = horizon // HOUR + 1
        self._minutes_kept = horizon // MINUTE if by_minute else MINUTES_KEPT
        self._cut_of = cut_of
        self._changed: set[int] | None = set()
        self._hours = Hours()
        self._newest_hour: int | None = None

    def __len__(self) -> int:
        """Hours kept."""
        return len(self._hours)

    def add(self, moments: Ints, signs: Ints) -> None:
        """Add moments (rows of cell, instant, value; sign 1) or take them back (sign -1)."""
        if not len(moments):
            return
        cells, instants, values = moments.T
        hours = instants // HOUR
        self._move_on(int(hours.max()))
        kept = np.flatnonzero(hours > self._forgotten_upto())
        keys, amounts, sources = _counted(cells[kept], values[kept], signs[kept])
        sources = kept[sources]
        hours = hours[sources]
        keys |= instants[sources] // MINUTE % 60 << _MINUTE_SHIFT
        order = ordered(hours)
        keys, amounts = keys[order], amounts[order]
        for hour, where in runs(hours[order]):
            self._keep(hour, keys[where], amounts[where])

    def total(self, after: int, last: int, pane: int) -> list[Sums]:
        """Sums of panes ``after < number <= last``, to be added up; ``pane`` is ``MINUTE`` or ``HOUR``."""
        if pane == HOUR:
            return self._hours.made(after, last, _of_a_day)
        return self.between(max(after + 1, (self._folded_upto() + 1) * 60), last + 1)

    def between(self, first: int, end: int) -> list[Sums]:
        """Sums of minutes ``first <= number < end``, to be added up.

        Of folded hours only those wholly in it, or cut at ``first`` or ``end``, are exact.
        """
        found = []
        for hour in range(first // 60, -(-end // 60)):
            known = self._hours.get(hour)
            if known is not None:
                keys, amounts = known
                ends = [max(first - hour * 60, 0) << _MINUTE_SHIFT, min(end - hour * 60, 60) << _MINUTE_SHIFT]
                start, stop = np.searchsorted(keys, ends).tolist()
                found.append(_in_cells((keys[start:stop], amounts[start:stop])))
        return found

    def take_changed(self) -> set[int] | None:
        """The hours that were added to, folded or forgotten since this was last asked; None: too many to tell."""
        changed, self._changed = self._changed, set()
        return changed

    def _note_changed(self, hour: int) -> None:
        if self._changed is not None:
            self._changed.add(hour)
            if len(self._changed) > CHANGED_MAX:
                self._changed = None

    def of_hours(self, after: int, make: Callable[[Mapping[int, Sums]], T]) -> list[T]:
        """What ``make`` makes of hours later than ``after``, day by day; see ``Hours.made``.

        The cells that it is given have their minute, as ``cells_of`` takes away.
        """
        return self._hours.made(after, LATEST, make)

    def _keep(self, hour: int, keys: Ints, amounts: Ints) -> None:
        """Add to one hour; one in which nothing is left is forgotten."""
        self._note_changed(hour)
        if hour <= self._folded_upto():
            keys = self._folded(hour, keys)
        before = self._hours.get(hour)
        if before is not None:
            keys, amounts = np.concatenate((before[0], keys)), np.concatenate((before[1], amounts))
        self._hours.put(hour, summed(keys, amounts))

    def _move_on(self, hour: int) -> None:
        """Fold minutes and forget hours that the newest hour has left behind."""
        former = self._newest_hour
        if former is not None and hour <= former:
            return
        self._newest_hour = hour
        for known in self._hours:
            if known <= self._forgotten_upto():
                self._hours.put(known, None)
                self._note_changed(known)
            elif known <= self._folded_upto() and (former is None or known > self._folded_by(former)):
                sums = self._hours.get(known)
                assert sums is not None  # it is gone through
                self._hours.put(known, summed(self._folded(known, sums[0]), sums[1]))

    def _folded(self, hour: int, keys: Ints) -> Ints:
        """Keys of one hour without their minutes, but for the minute at which a local day begins."""
        cut = self._cut_of(hour)
        cells = cells_of(keys)
        return cells | np.where(keys >> _MINUTE_SHIFT >= cut, cut << _MINUTE_SHIFT, 0) if cut else cells

    def _folded_upto(self) -> int:
        """The last hour whose minutes are folded."""
        return EARLIEST if self._newest_hour is None else self._folded_by(self._newest_hour)

    def _folded_by(self, newest_hour: int) -> int:
        return (newest_hour * 60 - self._minutes_kept) // 60

    def _forgotten_upto(self) -> int:
        return EARLIEST if self._newest_hour is None else self._newest_hour - self._horizon_hours


def together(found: Iterable[Sums]) -> Sums:
    """Sums of several panes or partitions in one column each; a cell may come several times."""
    columns = list(zip(*found, strict=True))
    return (np.concatenate(columns[0]), np.concatenate(columns[1])) if columns else (EMPTY, EMPTY)


def _counted(cells: Ints, values: Ints, signs: Ints) -> tuple[Ints, Ints, Ints]:
    """Keys with their bucket, the amounts to add, and which moment each is of: counts, then sums of durations."""
    measures = cells >> MEASURE_SHIFT & MEASURE_MASK
    last = (measures >= FIRST_DURATION) & (measures <= LAST_DURATION)
    keys = cells | np.where(last, buckets_of(values), values)
    summable = np.flatnonzero(last & (measures <= LAST_SUMMED))
    of_sums, durations, their_signs = cells[summable], values[summable], signs[summable]
    return (
        np.concatenate((keys, of_sums + (SUM_HIGH << MEASURE_SHIFT), of_sums + (SUM_LOW << MEASURE_SHIFT))),
        np.concatenate((signs, (durations >> SUM_BITS) * their_signs, (durations & _SUM_MASK) * their_signs)),
        np.concatenate((np.arange(len(cells)), summable, summable)),
    )


def cells_of(keys: Ints) -> Ints:
    """The cells of an hour without their minutes; one may then come several times."""
    return keys & _CELL_MASK


def _in_cells(sums: Sums) -> Sums:
    return cells_of(sums[0]), sums[1]


def _of_a_day(hours: Mapping[int, Sums]) -> Sums:
    """The sum of some hours, of which there is at least one."""
    keys, amounts = (np.concatenate(column) for column in zip(*hours.values(), strict=True))
    return summed(cells_of(keys), amounts)
