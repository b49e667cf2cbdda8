"""The why over HTTP: what an address asks for, and the answer. Off unless `[why] enabled = true`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from metrics.components import asked_now
from metrics.policies import Rules
from stream.why import Comment, Reason

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 200
WINDOW_DEFAULT: Final = "7d"
PARAMETERS: Final = ("queue", "window", "limit")
OFF: Final = "comments are off: [why] enabled = true in the configuration turns them on"


class Why(msgspec.Struct, frozen=True):
    """The answer; ``partitions`` as in the snapshot. Counts are of this worker's partitions."""

    as_of: str
    window: str
    queues: tuple[str, ...] | None
    partitions: dict[str, int]
    answers: int
    low: int
    reasons: tuple[Reason, ...]
    comments: tuple[Comment, ...]


class WhyAsked(msgspec.Struct, frozen=True):
    """What an address asks for."""

    window: str | None = None
    queues: frozenset[str] | None = None
    limit: int = LIMIT_DEFAULT


def why_asked(query: Iterable[tuple[str, str]]) -> WhyAsked:
    """What the names and values of a query say; a value that is empty is not given.

    Raises:
        ValueError: naming the parameter, and what is expected of it.
    """
    window, queues, limit = None, set[str](), LIMIT_DEFAULT
    for name, value in query:
        if name not in PARAMETERS:
            raise ValueError(f"{name}: no such parameter; expected any of {', '.join(PARAMETERS)}")
        if not value:
            continue
        if name == "window":
            window = value
        elif name == "queue":
            queues |= {value, *filter(None, value.split(","))}  # a name may have a comma
        elif value.isascii() and value.isdecimal() and len(value) < 10 and 1 <= int(value) <= LIMIT_MAX:
            limit = int(value)
        else:
            raise ValueError(f"limit: expected a whole number from 1 to {LIMIT_MAX}, got {value!r}")
    return WhyAsked(window, frozenset(queues) or None, limit)


def window_of(rules: Rules, window: str | None, now: int) -> tuple[str, int]:
    """The window's name and the last instant before it; without a name seven days, or the longest.

    Raises:
        ValueError: there is no such window.
    """
    found = {span.name: span.after_instant for span in asked_now(rules, now).windows}
    if window is None:
        window = WINDOW_DEFAULT if WINDOW_DEFAULT in found else min(found, key=lambda name: found[name])
    if window not in found:
        raise ValueError(f"window: expected {' or '.join(found)}, got {window!r}")
    return window, found[window]
