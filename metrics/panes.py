"""Event-time panes of one partition: what happened in each minute, as sums that can be added and taken back.

A late event lands in the pane it belongs to; a retraction subtracts from it. Minutes older than the longest
minute window are folded into their hour; hours beyond the horizon are forgotten. Knows no windows by name, no
clock: a total is asked for as a range of panes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Final

from metrics.instants import HOUR, MINUTE
from metrics.measures import (
    FIRST_DURATION,
    LAST_DURATION,
    LAST_SUMMED,
    MEASURE_SHIFT,
    QUEUE_SHIFT,
    SUM,
    Moment,
    Vocabulary,
    bucket_of,
)

Cells = dict[int, int]
#: The same as keys and amounts side by side, in about a sixth of the memory: what is seldom changed.
Packed = tuple["array[int]", "array[int]"]

_SUM_ABOVE: Final = SUM << MEASURE_SHIFT

#: Minutes can be asked for one by one over the last day and "today" (up to 25 hours), as of the newest event or later.
MINUTES_KEPT: Final = 27 * 60


class Panes:
    """Minute and hour panes by pane number (instant // pane length), each a dict of cell to amount."""

    def __init__(self, vocabulary: Vocabulary, horizon: int) -> None:
        """``horizon``: nanoseconds before the newest moment that can still be asked for."""
        self._vocabulary = vocabulary
        self._horizon_hours = horizon // HOUR + 1
        self._minutes: dict[int, dict[int, Cells]] = {}  # hour -> minute -> cells
        self._recent: dict[int, Cells] = {}  # the same cells by minute
        self._changed: set[int] = set()  # minutes whose hour is to be summed again
        self._folded: dict[int, Cells | Packed] = {}  # hour -> cells of its folded minutes
        self._loose: set[int] = set()  # folded hours that are not packed
        self._hours: dict[
            int, Cells
        ] = {}  # hour -> all its cells while it has minutes; summed again when asked for after a change
        self._newest_minute: int | None = None
        self._swept_hour: int | None = None

    def add(self, moments: Iterable[Moment], sign: int) -> None:
        """Add moments (``sign`` 1) or take them back (-1)."""
        at = cells = former = lasted = None
        base = bucket = 0
        for queue, instant, measure, value in moments:
            minute = instant // MINUTE
            if minute != at:  # a ticket's moments often share their minute, and nearly always its queue
                at, cells = minute, self._recent.get(minute)
                if cells is None:
                    cells = self._cells_at(minute)
                self._changed.add(minute)
            if cells is None:
                continue
            if queue is not former:
                former, base = queue, self._vocabulary.queue_id(queue) << QUEUE_SHIFT
            key = base | measure << MEASURE_SHIFT
            if measure > LAST_DURATION or measure < FIRST_DURATION:
                key |= value
            else:
                if value != lasted:
                    lasted, bucket = value, bucket_of(value)
                if measure <= LAST_SUMMED:
                    _bump(cells, key + _SUM_ABOVE, sign * value)
                key |= bucket
            _bump(cells, key, sign)

    def total(self, after: int, last: int, pane: int, into: Cells) -> None:
        """Add the cells of panes ``after < number <= last`` to ``into``; ``pane`` is ``MINUTE`` or ``HOUR``."""
        self._forget_changed()
        if pane == HOUR:
            self._add_hours(after, last, into)
            return
        first_hour, last_hour = (after + 1) // 60, last // 60
        for hour in self._known(self._minutes, first_hour, last_hour):
            if hour * 60 > after and hour * 60 + 59 <= last:
                _merge(into, self._hour(hour))
            else:
                for minute, cells in self._minutes[hour].items():
                    if after < minute <= last:
                        _merge(into, cells)

    # --------------------------------------------------------------------------------------------- keeping

    def _cells_at(self, minute: int) -> Cells | None:
        """The cells of a minute that is not among the recent ones; None beyond the horizon."""
        if self._newest_minute is None or minute > self._newest_minute:
            self._newest_minute = minute
            self._sweep(minute // 60)
        hour, newest_hour = minute // 60, self._newest_minute // 60
        if hour <= newest_hour - self._horizon_hours:
            return None
        if hour <= self._folded_upto(newest_hour):
            return self._unpacked(hour)
        cells = self._recent[minute] = self._minutes.setdefault(hour, {})[minute] = {}
        return cells

    @staticmethod
    def _folded_upto(newest_hour: int) -> int:
        return (newest_hour * 60 - MINUTES_KEPT) // 60

    def _sweep(self, newest_hour: int) -> None:
        """Fold minutes and forget hours that the newest minute has left behind; once an hour."""
        if newest_hour == self._swept_hour:
            return
        self._swept_hour = newest_hour
        for hour in [hour for hour in self._minutes if hour <= self._folded_upto(newest_hour)]:
            folded = self._unpacked(hour)
            for minute, cells in self._minutes.pop(hour).items():
                _merge(folded, cells)
                del self._recent[minute]
        forget_upto = newest_hour - self._horizon_hours
        for hour in [hour for hour in self._folded if hour <= forget_upto]:
            del self._folded[hour]
        self._hours = {hour: cells for hour, cells in self._hours.items() if hour in self._minutes}
        self.pack()

    def pack(self) -> None:
        """Make folded hours small again that were changed; nothing that can be asked for differs."""
        self._forget_changed()
        for hour in self._loose & self._folded.keys():
            self._folded[hour] = _packed(self._unpacked(hour))
        self._loose.clear()

    def _unpacked(self, hour: int) -> Cells:
        """The cells of a folded hour, to be changed."""
        cells = self._folded.get(hour)
        if cells is None or isinstance(cells, tuple):
            cells = self._folded[hour] = dict(zip(*cells, strict=True)) if cells is not None else {}
            self._loose.add(hour)
        return cells

    # --------------------------------------------------------------------------------------------- asking

    def _forget_changed(self) -> None:
        for minute in self._changed:
            self._hours.pop(minute // 60, None)
        self._changed.clear()

    def _add_hours(self, after: int, last: int, into: Cells) -> None:
        for hour in self._known(self._folded.keys() | self._minutes.keys(), after + 1, last):
            _merge(into, self._hour(hour))

    @staticmethod
    def _known(hours: Iterable[int], first: int, last: int) -> list[int]:
        return [hour for hour in hours if first <= hour <= last]

    def _hour(self, hour: int) -> Cells | Packed:
        minutes = self._minutes.get(hour)
        if minutes is None:
            return self._folded[hour]
        cells = self._hours.get(hour)
        if cells is None:
            cells = self._hours[hour] = {}
            for minute_cells in (self._folded.get(hour, {}), *minutes.values()):
                _merge(cells, minute_cells)
        return cells


def _bump(cells: Cells, key: int, amount: int) -> None:
    total = cells.get(key, 0) + amount
    if total:
        cells[key] = total
    else:
        cells.pop(key, None)


def _merge(into: Cells, cells: Cells | Packed) -> None:
    get = into.get
    for key, amount in zip(*cells, strict=True) if isinstance(cells, tuple) else cells.items():
        into[key] = get(key, 0) + amount


def _packed(cells: Cells) -> Cells | Packed:
    try:
        return array("q", cells), array("q", cells.values())
    except OverflowError:  # a sum of more than 292 years
        return cells
