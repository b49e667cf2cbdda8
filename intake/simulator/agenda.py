"""What is still to happen on the simulated floor, in order of time.

Entries of one instant happen in the order in which they were noted, so that a run never depends on hashing.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Action = Callable[..., None]


class Agenda:
    """A heap of actions, each called as ``action(now, *arguments)`` when its instant comes."""

    __slots__ = ("_entries", "_noted")

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Action, tuple[Any, ...]]] = []
        self._noted = 0

    def note(self, at: int, action: Action, *arguments: Any) -> None:
        """Note ``action`` for the instant ``at``, which is not before the present one."""
        self._noted += 1
        heappush(self._entries, (at, self._noted, action, arguments))

    def next_at(self) -> int | None:
        """The instant of the next action, None when nothing is left."""
        return self._entries[0][0] if self._entries else None

    def perform_next(self) -> None:
        """Take the next action off and do it."""
        now, _, action, arguments = heappop(self._entries)
        action(now, *arguments)

    def __len__(self) -> int:
        return len(self._entries)
