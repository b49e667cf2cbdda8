"""More than normal: tickets created and open now, a week ago, and in the middle of the same hours of four weeks.

Of a week ago only hours are left (``metrics.panes``), so everything is compared as of the last whole hour of UTC.
How many were open then follows from how many are open now, less those opened since and with those resolved since:
every opening and every resolve is a moment of its own, and what is older than that instant need not be kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metrics.columns import Ints, ints
from metrics.hours import Sums
from metrics.instants import DAY, HOUR, format_instant
from metrics.measures import MEASURE_MASK, MEASURE_SHIFT, QUEUE_SHIFT, Measure
from metrics.panes import Panes, cells_of
from metrics.policies import Rules

WEEKS: Final = 4
_WEEK: Final = 7 * DAY

#: What a moment adds to how many are created, are open, and are resolved and were not reopened.
_ADDS: Final = {
    Measure.CREATED: (1, 1, 0),
    Measure.REOPENED: (0, 1, 0),
    Measure.RESOLVED: (0, -1, 0),
    Measure.UNCOUNTED_OPENED: (0, -1, 0),
    Measure.UNCOUNTED_RESOLVED: (0, 1, 0),
    Measure.RESOLUTION: (0, 0, 1),
}
_ADDED: Final = np.zeros((3, MEASURE_MASK + 1), dtype=np.int64)
for _measure, _added in _ADDS.items():
    _ADDED[:, _measure] = _added
_WANTED: Final = np.any(_ADDED != 0, axis=0)
_HOUR_SHIFT: Final = 32
_QUEUE_MASK: Final = (1 << _HOUR_SHIFT) - 1
_NOTHING: Final = np.empty((5, 0), dtype=np.int64)


#: What was added (see ``_ADDS``) before each hour that is asked for and at all; shape (3, queues, hours + 1).
FlowSums = Ints


class _Hours:
    """The hours that a comparison as of one instant asks for."""

    def __init__(self, rules: Rules, now: int) -> None:
        self.until = now // HOUR
        #: Of hours up to this one something may be gone, with its retention; events may be ahead by ``future``.
        self.gone_upto = (now + rules.future - rules.retention) // HOUR
        self.lengths = {window.name: window.length // HOUR for window in rules.windows if _is_compared(window.length)}
        self.ends = _ends(self.until)
        self.edges = _edges(self.ends, self.lengths.values())


def _is_compared(length: int) -> bool:
    """Whether a window of so many nanoseconds is of whole hours and no longer than what it is compared with."""
    return length % HOUR == 0 and length <= _WEEK


def _ends(until: int) -> list[int]:
    return [until - week * _WEEK // HOUR for week in range(WEEKS + 1)]


def _edges(ends: Iterable[int], hours: Collection[int]) -> list[int]:
    return sorted({end - length for end in ends for length in (0, *hours)})


def hours_asked(lengths: Iterable[int]) -> int:
    """How many columns ``FlowSums`` has by the lengths of the rolling windows in nanoseconds, at any instant."""
    return len(_edges(_ends(0), [length // HOUR for length in lengths if _is_compared(length)])) + 1


def flow_sums(panes: Iterable[Panes], rules: Rules, now: int) -> FlowSums:
    """What some partitions add to the flow of each queue, by its number."""
    hours = _Hours(rules, now)
    found = [rows for one in panes for rows in one.of_hours(hours.gone_upto, _by_hour_and_queue)]
    return _upto(np.concatenate([_NOTHING, *found], axis=1), hours.edges)


class Flows:
    """The flow of each queue as of one instant."""

    def __init__(self, sums: Sequence[FlowSums], rules: Rules, now: int, since: int | None) -> None:
        """``sums``: of all partitions; ``since``: from when on history is known, or None where nothing is."""
        hours = _Hours(rules, now)
        self._until, self._gone_upto, self._lengths, self._ends = (
            hours.until,
            hours.gone_upto,
            hours.lengths,
            hours.ends,
        )
        self._rules = rules
        self._since = since
        self._place = {edge: place for place, edge in enumerate(hours.edges)}
        self._queues = np.zeros((3, max((one.shape[1] for one in sums), default=0), len(hours.edges) + 1), np.int64)
        for one in sums:
            self._queues[:, : one.shape[1]] += one
        self._all = self._queues.sum(axis=1)

    def as_json(self, queue: int | None, opened: int) -> dict[str, Any]:
        """The fields of a scope: of one queue by its number, or of all; ``opened``: how many are open now."""
        is_none = queue is not None and queue >= self._queues.shape[1]
        sums = np.zeros_like(self._all) if is_none else self._all if queue is None else self._queues[:, queue]
        created, opens, resolved = sums.tolist()
        return {
            "resolved_now": resolved[-1],
            "normal": {
                "until": format_instant(self._until * HOUR),
                "created": {name: self._created(created, length) for name, length in self._lengths.items()},
                "open": self._open(opens, opened),
            },
        }

    def _created(self, upto: Sequence[int], length: int) -> dict[str, Any]:
        """Of the last ``length`` whole hours."""
        now, *before = (upto[self._place[end]] - upto[self._place[end - length]] for end in self._ends)
        known = (self._is_known(end - length, None) for end in self._ends[1:])
        return _compared(now, [count if is_known else None for count, is_known in zip(before, known, strict=True)])

    def _open(self, upto: Sequence[int], opened: int) -> dict[str, Any]:
        """How many were open before each week: those of now, less what came to them since."""
        since, total = self._rules.live_since, upto[-1]
        return _compared(
            opened,
            [
                opened - (total - upto[self._place[hour]]) if self._is_known(hour, since) else None
                for hour in self._ends[1:]
            ],
        )

    def _is_known(self, hour: int, live_since: int | None) -> bool:
        """Whether all from the beginning of ``hour`` on is known, and whether tickets were in the live sets then."""
        if self._since is None or hour <= self._gone_upto:
            return False
        return max(self._since, self._since if live_since is None else live_since) < hour * HOUR


def _compared(now: int, weeks: Sequence[int | None]) -> dict[str, Any]:
    known = [number for number in weeks if number is not None]
    return {"now": now, "week_ago": weeks[0], "normal": float(median(known)) if len(known) == len(weeks) else None}


def _by_hour_and_queue(hours: Mapping[int, Sums]) -> Ints:
    """Hour, number of the queue, and what is added there (see ``_ADDS``), in columns; shape (5, n)."""
    keys, amounts = (np.concatenate(column) for column in zip(*hours.values(), strict=True))
    at = np.flatnonzero(_WANTED[keys >> MEASURE_SHIFT & MEASURE_MASK])
    ends = np.cumsum([len(found) for found, _ in hours.values()])
    cells = cells_of(keys[at])
    places = ints(list(hours))[ends.searchsorted(at, side="right")] << _HOUR_SHIFT | cells >> QUEUE_SHIFT
    found, where = np.unique(places, return_inverse=True)
    added = _added_at(where, _ADDED[:, cells >> MEASURE_SHIFT & MEASURE_MASK] * amounts[at], len(found))
    return np.concatenate((np.stack((found >> _HOUR_SHIFT, found & _QUEUE_MASK)), added))


def _added_at(places: NDArray[np.intp], rows: Ints, count: int) -> Ints:
    """The sums of each row at each of ``count`` places; shape (rows, count)."""
    made = np.zeros((len(rows), count), dtype=np.int64)
    for into, amounts in zip(made, rows, strict=True):
        np.add.at(into, places, amounts)
    return made


def _upto(rows: Ints, edges: Sequence[int]) -> Ints:
    """What was added before each of the edges, hours that ascend, and at all; shape (3, queues, edges + 1)."""
    hours, queues = rows[:2]
    count, width = int(queues.max(initial=-1)) + 1, len(edges) + 1
    places = queues * width + ints(edges).searchsorted(hours, side="right")
    return _added_at(places, rows[2:], count * width).reshape(3, count, width).cumsum(axis=2)
