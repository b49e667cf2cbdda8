"""The shared word of ``stream`` and ``metrics``: all that one ticket (or survey, or fact) adds to the numbers.

Every number is a sum over contributions, so a changed ticket is applied as the difference of two of them. A
contribution holds what happened, with its verdicts; ``metrics.moments`` says what of it is counted where.
"""

from __future__ import annotations

from typing import Final

import msgspec

from metrics.measures import Moment

#: The three clocks, in the order of the snapshot.
SLAS = ("first_response", "next_response", "resolution")

#: Of each SLA in turn, for a running clock: the due instant, or None while it is stopped before it; then the
#: instant from which less than the configured share is left, or None while it is stopped before that.
Clocks = tuple[int | None, int | None, int | None, int | None, int | None, int | None]
NO_CLOCKS: Final[Clocks] = (None, None, None, None, None, None)


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
    clocks: Clocks


class Contribution(msgspec.Struct, frozen=True, gc=False):
    """All that one entry of the table adds; instants in nanoseconds, None where it did not happen."""

    queue: str = "other"
    priority: str = "other"
    channel: str = "other"
    created: int | None = None  # None: no ticket is counted
    first_reply: int | None = None  # None too for tickets that expect none
    reply_is_met: bool | None = None  # the settled first-response clock, None without
    first_escalation: int | None = None
    resolved: tuple[int, ...] = ()  # changes to resolved, ascending
    reopened: tuple[int, ...] = ()  # changes back to open
    closed: int | None = None  # the last change to resolved, while it stands
    is_unanswered: bool = False  # closed, and the first reply that was expected never came
    resolution_is_met: bool | None = None
    answers: tuple[Moment, ...] = ()  # survey answers, each in its queue
    live: Live | None = None
    orphans: int = 0  # 1: its creation is not known yet
    clock_skew: int = 0  # events that count as at creation
    before_creation: int = 0  # events that take no part
    full_histories: int = 0  # histories at their bound: older elements may be gone


NOTHING: Final = Contribution()
