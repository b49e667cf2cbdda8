"""When each event reaches its consumer: disorder, duplicates and lateness, laid over what happened.

What happened is not touched: with or without them, the set of events is the same, and a duplicate is equal to its
first delivery byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

import msgspec

from intake.simulator.dice import Dice
from intake.simulator.post import Event
from metrics.instants import HOUR, MINUTE, SECOND

_REPEAT_MIN: Final = MINUTE  # a repeat comes within a minute, or within the disorder where that is longer
_encoder: Final = msgspec.json.Encoder()


class Delivery(msgspec.Struct, frozen=True):
    """``event`` is sent to ``topic`` at the instant ``at`` (nanoseconds) with its subject as the record's ``key``."""

    at: int
    topic: str
    key: str
    event: Event

    def encode(self) -> bytes:
        """The event as compact JSON in UTF-8, always with the same order of keys, without a line's end."""
        return _encoder.encode(self.event)


class Outbox:
    """Events on their way, by the instant of their delivery; those of one instant in the order they were put in.

    ``disorder`` is the longest delay in nanoseconds; ``duplicates`` and ``late`` are shares from 0 to 1.
    """

    def __init__(self, dice: Dice, *, disorder: int, duplicates: float, late: float) -> None:
        self._dice = dice
        self._disorder = disorder
        self._duplicates = duplicates
        self._late = late
        self._punctual = not (disorder or duplicates or late)
        self._put = 0
        self._waiting: list[tuple[int, int, Delivery]] = []

    def put(self, at: int, topic: str, event: Event) -> None:
        """An event that happened at ``at`` sets out."""
        if self._punctual:
            self._push(at, topic, event)
            return
        sent = at + self._delay()
        self._push(sent, topic, event)
        if self._dice.chance(self._duplicates):
            self._push(sent + SECOND + self._dice.below(max(self._disorder, _REPEAT_MIN)), topic, event)

    def _delay(self) -> int:
        """Up to the disorder; and for the late ones one to six hours more."""
        delay = self._dice.below(self._disorder + 1)
        if self._dice.chance(self._late):
            delay += HOUR + self._dice.below(5 * HOUR)
        return delay

    def _push(self, at: int, topic: str, event: Event) -> None:
        self._put += 1
        heappush(self._waiting, (at, self._put, Delivery(at, topic, event["subject"], event)))

    def before(self, instant: int | None) -> Iterator[Delivery]:
        """Take off what is delivered before ``instant``, or all of it, in order."""
        while self._waiting and (instant is None or self._waiting[0][0] < instant):
            yield heappop(self._waiting)[2]

    def __len__(self) -> int:
        return len(self._waiting)
