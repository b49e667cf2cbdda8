"""Event-time panes of one partition: what happened in each minute, as sums that can be added and taken back.

A late event lands in the pane it belongs to; a retraction subtracts from it. Minutes older than the longest
minute window are folded into their hour; hours beyond the horizon are forgotten. Knows no windows by name, no
clock: a total is asked for as a range of panes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from metrics.instants import HOUR, MINUTE
from metrics.measures import DURATIONS, MEASURE_SHIFT, QUEUE_SHIFT, SUM, Moment, Vocabulary, bucket_of

Cells = dict[int, int]

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
        self._folded: dict[int, Cells] = {}  # hour -> cells of its folded minutes
        self._hours: dict[int, Cells] = {}  # hour -> all its cells; rebuilt when asked for after a change
        self._newest_minute: int | None = None
        self._swept_hour: int | None = None

    def add(self, moments: Iterable[Moment], sign: int) -> None:
        """Add moments (``sign`` 1) or take them back (-1)."""
        at = cells = former = None
        base = 0
        for queue, instant, measure, value in moments:
            minute = instant // MINUTE
            if minute != at:  # a ticket's moments often share their minute, and always its queue
                at, cells = minute, self._cells_at(minute)
            if cells is None:
                continue
            if queue is not former:
                former, base = queue, self._vocabulary.queue_id(queue) << QUEUE_SHIFT
            key = base | measure << MEASURE_SHIFT
            if measure in DURATIONS:
                _bump(cells, key + _SUM_ABOVE, sign * value)
                key |= bucket_of(value)
            else:
                key |= value
            _bump(cells, key, sign)

    def total(self, after: int, last: int, pane: int, into: Cells) -> None:
        """Add the cells of panes ``after < number <= last`` to ``into``; ``pane`` is ``MINUTE`` or ``HOUR``."""
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
        if self._newest_minute is None or minute > self._newest_minute:
            self._newest_minute = minute
            self._sweep(minute // 60)
        hour = minute // 60
        if hour in self._hours:
            del self._hours[hour]
        minutes = self._minutes.get(hour)
        if minutes is not None and (cells := minutes.get(minute)) is not None:
            return cells
        newest_hour = self._newest_minute // 60
        if hour <= newest_hour - self._horizon_hours:
            return None
        if hour <= self._folded_upto(newest_hour):
            return self._folded.setdefault(hour, {})
        return self._minutes.setdefault(hour, {}).setdefault(minute, {})

    @staticmethod
    def _folded_upto(newest_hour: int) -> int:
        return (newest_hour * 60 - MINUTES_KEPT) // 60

    def _sweep(self, newest_hour: int) -> None:
        """Fold minutes and forget hours that the newest minute has left behind; once an hour."""
        if newest_hour == self._swept_hour:
            return
        self._swept_hour = newest_hour
        for hour in [hour for hour in self._minutes if hour <= self._folded_upto(newest_hour)]:
            folded = self._folded.setdefault(hour, {})
            for cells in self._minutes.pop(hour).values():
                _merge(folded, cells)
        forget_upto = newest_hour - self._horizon_hours
        for panes in (self._folded, self._hours):
            for hour in [hour for hour in panes if hour <= forget_upto]:
                del panes[hour]

    # --------------------------------------------------------------------------------------------- asking

    def _add_hours(self, after: int, last: int, into: Cells) -> None:
        for hour in self._known(self._folded.keys() | self._minutes.keys(), after + 1, last):
            _merge(into, self._hour(hour))

    @staticmethod
    def _known(hours: Iterable[int], first: int, last: int) -> list[int]:
        return [hour for hour in hours if first <= hour <= last]

    def _hour(self, hour: int) -> Cells:
        cells = self._hours.get(hour)
        if cells is None:
            cells = dict(self._folded.get(hour, ()))
            for minute_cells in self._minutes.get(hour, {}).values():
                _merge(cells, minute_cells)
            self._hours[hour] = cells
        return cells


def _bump(cells: Cells, key: int, amount: int) -> None:
    total = cells.get(key, 0) + amount
    if total:
        cells[key] = total
    else:
        cells.pop(key, None)


def _merge(into: Cells, cells: Cells) -> None:
    get = into.get
    for key, amount in cells.items():
        into[key] = get(key, 0) + amount
