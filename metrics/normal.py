"""More than normal: tickets created and open now, a week ago, and in the middle of the same hours of four weeks.

Of a week ago only hours are left (``metrics.panes``), so everything is compared as of the last whole hour of UTC.
How many were open then follows from how many are open now, less those opened since and with those resolved since:
every opening and every resolve is a moment of its own, and what is older than that instant need not be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Final

import msgspec
import numpy as np

from metrics.columns import EMPTY, Ints, ordered, runs
from metrics.instants import DAY, HOUR, format_instant
from metrics.measures import MEASURE_MASK, MEASURE_SHIFT, QUEUE_SHIFT, Measure
from metrics.panes import Panes
from metrics.policies import Rules

WEEKS: Final = 4
_WEEK: Final = 7 * DAY

#: What a moment adds to how many are created, and to how many are open.
_ADDS: Final = {
    Measure.CREATED: (1, 1),
    Measure.REOPENED: (0, 1),
    Measure.RESOLVED: (0, -1),
    Measure.UNCOUNTED_OPENED: (0, -1),
    Measure.UNCOUNTED_RESOLVED: (0, 1),
}
_CREATES, _OPENS = np.zeros((2, MEASURE_MASK + 1), dtype=np.int64)
_WANTED = np.zeros(MEASURE_MASK + 1, dtype=np.bool_)
for _measure, _added in _ADDS.items():
    _CREATES[_measure], _OPENS[_measure] = _added
    _WANTED[_measure] = True
_WANTED[Measure.RESOLUTION] = True


class Flow(msgspec.Struct, frozen=True):
    """What one queue, or all, came to hour by hour: sums of all before each row, and of all at the end."""

    hours: Ints  # ascending
    created: Ints
    opened: Ints  # created and reopened, less resolved

    def created_within(self, first: int, end: int) -> int:
        """Created in hours ``first <= hour < end``."""
        before, upto = self.created[self.hours.searchsorted((first, end))].tolist()
        return int(upto - before)

    def opened_since(self, hour: int) -> int:
        """How many more are open now than were at the beginning of ``hour``."""
        return int(self.opened[-1] - self.opened[self.hours.searchsorted(hour)])


class Flows:
    """The flow of each queue as of one instant."""

    def __init__(self, panes: Iterable[Panes], rules: Rules, now: int, since: int | None) -> None:
        """``since``: from when on history is known, or None where nothing is."""
        self._until = now // HOUR
        self._rules = rules
        self._since = since
        #: Of hours up to this one something may be gone, with its retention; events may be ahead by ``future``.
        self._gone_upto = (now + rules.future - rules.retention) // HOUR
        hours, queues, measures, amounts = _columns(panes, self._gone_upto)
        is_resolution = measures == Measure.RESOLUTION
        self._resolved = np.zeros(queues.max(initial=0) + 1, dtype=np.int64)  # by number of the queue
        np.add.at(self._resolved, queues[is_resolution], amounts[is_resolution])
        others = np.flatnonzero(~is_resolution)
        others = others[ordered(hours[others])]
        queues, measures, amounts = queues[others], measures[others], amounts[others]
        columns = np.stack((hours[others], _CREATES[measures] * amounts, _OPENS[measures] * amounts))
        self._all = _flow(columns)
        self._queues = _by_queue(queues, columns)

    def as_json(self, queue: int | None, opened: int) -> dict[str, Any]:
        """The fields of a scope: of one queue by its number, or of all; ``opened``: how many are open now."""
        flow = self._all if queue is None else self._queues.get(queue, _NOTHING)
        made = {
            window.name: self._created(flow, window.length // HOUR)
            for window in self._rules.windows
            if window.length % HOUR == 0 and window.length <= _WEEK
        }
        until = format_instant(self._until * HOUR)
        resolved = self._resolved.sum() if queue is None else self._resolved[queue : queue + 1].sum()
        return {
            "resolved_now": int(resolved),
            "normal": {"until": until, "created": made, "open": self._open(flow, opened)},
        }

    def _created(self, flow: Flow, length: int) -> dict[str, Any]:
        """Of the last ``length`` whole hours."""
        ends = [self._until - week * _WEEK // HOUR for week in range(WEEKS + 1)]
        now, *before = (flow.created_within(end - length, end) for end in ends)
        known = (self._is_known(end - length, None) for end in ends[1:])
        return _compared(now, [count if is_known else None for count, is_known in zip(before, known, strict=True)])

    def _open(self, flow: Flow, opened: int) -> dict[str, Any]:
        hours = [self._until - week * _WEEK // HOUR for week in range(1, WEEKS + 1)]
        since = self._rules.live_since
        return _compared(
            opened, [opened - flow.opened_since(hour) if self._is_known(hour, since) else None for hour in hours]
        )

    def _is_known(self, hour: int, live_since: int | None) -> bool:
        """Whether all from the beginning of ``hour`` on is known, and whether tickets were in the live sets then."""
        if self._since is None or hour <= self._gone_upto:
            return False
        return max(self._since, self._since if live_since is None else live_since) < hour * HOUR


def _compared(now: int, weeks: Sequence[int | None]) -> dict[str, Any]:
    known = [number for number in weeks if number is not None]
    return {"now": now, "week_ago": weeks[0], "normal": float(median(known)) if len(known) == len(weeks) else None}


def _columns(panes: Iterable[Panes], after: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Hour, queue, measure and amount of all that flows, of hours later than ``after``."""
    found = [(EMPTY, EMPTY, EMPTY), *(one.by_hour(after, _WANTED) for one in panes)]
    hours, cells, amounts = (np.concatenate(column) for column in zip(*found, strict=True))
    return hours, cells >> QUEUE_SHIFT, cells >> MEASURE_SHIFT & MEASURE_MASK, amounts


def _by_queue(queues: Ints, columns: Ints) -> dict[int, Flow]:
    """The flow of each queue, whose rows stay in the order of their hours."""
    is_short = queues.max(initial=0) < 2**16  # a stable sort is fast on short integers only
    order = np.argsort(queues.astype(np.uint16) if is_short else queues, kind="stable")
    columns = columns[:, order]
    return {queue: _flow(columns[:, where]) for queue, where in runs(queues[order])}


def _flow(columns: Ints) -> Flow:
    hours, created, opened = columns
    return Flow(hours, *(np.concatenate(((0,), column.cumsum())) for column in (created, opened)))


_NOTHING: Final = _flow(np.empty((3, 0), dtype=np.int64))
