"""What one wall is configured to show, and the facts beside the snapshot that its document needs.

Compiled and frozen; instants are integer nanoseconds. Knows neither the file nor the address they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from metrics.policies import Rules

#: The main numbers, as they stand where a wall names none. No wall shows more than five.
NUMBERS: Final = ("awaiting", "oldest", "breaching", "in_sla_today", "open")
NUMBERS_MAX: Final = 5
LANGUAGES: Final = ("en", "fa", "he", "tr")
THEMES: Final = ("dark", "light")

#: One point of a small chart: an instant as RFC 3339, and a number.
Point = tuple[str, float]


class Wall(msgspec.Struct, frozen=True, kw_only=True):
    """One display. ``queues`` None: the whole floor; ``language`` and ``theme`` None: the browser's, dark."""

    name: str = "default"
    title: str | None = None
    language: str | None = None
    time_zone: str = "UTC"
    theme: str | None = None
    numbers: tuple[str, ...] = NUMBERS
    queues: tuple[str, ...] | None = None


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """No notifications in [``starts_at``, ``ends_at``); ``queues`` None: of all."""

    starts_at: int
    ends_at: int
    queues: tuple[str, ...] | None = None
    reason: str | None = None


class History(msgspec.Struct, frozen=True):
    """What the small charts show of this wall, oldest first, one point a minute."""

    awaiting: Sequence[Point] = ()
    open: Sequence[Point] = ()
    breaching: Sequence[Point] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot does not say: the policies with their calendars, the mutes, and the last hour."""

    rules: Rules = msgspec.field(default_factory=Rules)
    mutes: tuple[Mute, ...] = ()
    history: History = History()
