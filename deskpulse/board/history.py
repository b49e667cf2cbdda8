"""The last hour by the minute, for the small charts: in memory, of a fixed length, begun anew with the process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from wall.settings import History

POINTS_MAX: Final = 60
_MINUTE: Final = len("2026-10-07T12:00")

#: Awaiting a first reply, open, breaching.
_Numbers = tuple[int, int, int]
_NOBODY: Final = (0, 0, 0)


class _Point(NamedTuple):
    at: str
    floor: _Numbers
    queues: dict[str, _Numbers]


class Minutes:
    """One point a minute: the first snapshot of it in which nothing was still to be read."""

    def __init__(self) -> None:
        self._points: tuple[_Point, ...] = ()  # replaced, never changed: charts are drawn in other threads

    def note(self, snapshot: Mapping[str, Any]) -> None:
        """A snapshot was taken; only the first of a minute is kept of it."""
        partitions, at = snapshot["partitions"], snapshot["as_of"]
        if partitions["catching_up"] or not partitions["ready"]:
            return
        if not self._points or at[:_MINUTE] > self._points[-1].at[:_MINUTE]:
            queues = {name: _numbers(scope) for name, scope in snapshot["queues"].items()}
            self._points = (*self._points, _Point(at, _numbers(snapshot["all"]), queues))[-POINTS_MAX:]

    def of(self, queues: Sequence[str] | None) -> History:
        """The charts of these queues together; None: of the whole floor."""
        points = self._points
        found = [point.floor if queues is None else _sum(point.queues.get(name) for name in queues) for point in points]
        columns = zip(*found, strict=True) if found else ((), (), ())
        awaiting, opened, breaching = (
            tuple(zip((point.at for point in points), column, strict=True)) for column in columns
        )
        return History(awaiting=awaiting, open=opened, breaching=breaching)


def _numbers(scope: Mapping[str, Any]) -> _Numbers:
    breaching = sum(clock["live_breaches"] for clock in scope["sla"].values())
    return scope["awaiting_first_response"], scope["open"], breaching


def _sum(numbers: Iterable[_Numbers | None]) -> _Numbers:
    awaiting, opened, breaching = (
        sum(column) for column in zip(_NOBODY, *(one or _NOBODY for one in numbers), strict=True)
    )
    return awaiting, opened, breaching
