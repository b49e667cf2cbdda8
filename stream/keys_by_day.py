"""Keys by the day under which they wait to be looked at again.

Kept in tuples: the garbage collector walks a list each time, and holds the event loop for 27 ms where it has a million
keys; a tuple of bytes it looks at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

TOGETHER: Final = 512


class KeysByDay:
    """A key may wait under several days, or twice under one."""

    __slots__ = ("_latest", "_whole")

    def __init__(self) -> None:
        self._whole: dict[int, list[tuple[bytes, ...]]] = {}
        self._latest: dict[int, list[bytes]] = {}  # those that are not enough for a tuple yet

    def add(self, day: int, key: bytes) -> None:
        """Let a key wait under a day."""
        latest = self._latest.get(day)
        if latest is None:
            self._latest[day] = [key]
            return
        latest.append(key)
        if len(latest) == TOGETHER:
            self._whole.setdefault(day, []).append(tuple(latest))
            del self._latest[day]

    def before(self, day: int) -> list[int]:
        """The earlier days that have keys, each once."""
        return [earlier for earlier in {*self._whole, *self._latest} if earlier < day]

    def take(self, day: int) -> Iterator[bytes]:
        """The keys of a day, which no longer wait; more may be added meanwhile, under any day."""
        whole, latest = self._whole.pop(day, []), self._latest.pop(day, [])
        for keys in (*whole, latest):
            yield from keys
