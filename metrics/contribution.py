"""The shared word of ``stream`` and ``metrics``: all that one ticket (or survey, or fact) adds to the numbers.

Every number is a sum over contributions, so a changed ticket is applied as the difference of two of them.
"""

from __future__ import annotations

import msgspec

from metrics.measures import Moment

#: The three clocks, in the order of the snapshot.
SLAS = ("first_response", "next_response", "resolution")

#: One running clock: index into ``SLAS``; the due instant or None while it is stopped before it;
#: the instant from which less than the configured share is left, or None while it is stopped before that.
Clock = tuple[int, int | None, int | None]


class Live(msgspec.Struct, frozen=True, gc=False):
    """What an open ticket is right now, apart from the time; instants in nanoseconds or None."""

    queue: str
    priority: str
    is_counted: bool  # False: created before `live_since`; in no live set, but waiting in the cohort
    awaiting_first_response_since: int | None
    awaiting_reply_since: int | None
    is_paused: bool
    is_escalated: bool
    has_policy: bool
    clocks: tuple[Clock, ...]


class Contribution(msgspec.Struct, frozen=True, gc=False):
    """All that one entry of the table adds."""

    moments: tuple[Moment, ...] = ()
    live: Live | None = None
    priority: str = "other"
    channel: str = "other"
    orphans: int = 0  # 1: its creation is not known yet
    clock_skew: int = 0  # events that count as at creation
    before_creation: int = 0  # events that take no part
    full_histories: int = 0  # histories at their bound: older elements may be gone


NOTHING = Contribution()
