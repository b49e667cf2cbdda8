"""The shared word of ``stream`` and ``metrics``: all that tickets (or surveys, or facts) add to the numbers.

Every number is a sum over contributions, so a changed ticket is applied as what it adds now less what it added
before. Many tickets are added at once, so what they contribute stands in columns of plain integers: no object is
made for each.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from metrics.facts import Report

#: The three clocks, in the order of the snapshot.
SLAS = ("first_response", "next_response", "resolution")

#: A moment is (cell, instant, value), a mark is (place and mark, instant).
MOMENT: Final = 3
MARK: Final = 2
MARK_BITS: Final = 5


class Mark(IntEnum):
    """What an open ticket is right now; the instant says since when, or when its clock is due, or is 0."""

    OPEN = 0
    OPEN_UNCOUNTED = 1  # created before `live_since`: in no live set, but it may wait in the cohort
    PAUSED = 2
    ESCALATED = 3
    WITHOUT_POLICY = 4
    AWAITING_FIRST_RESPONSE = 5
    AWAITING_REPLY = 6
    UNCOUNTED_AWAITING_FIRST_RESPONSE = 7
    FIRST_RESPONSE_DUE = 8  # absent while the clock is stopped before it is due
    FIRST_RESPONSE_RISK = 9  # from when on less than the configured share is left
    NEXT_RESPONSE_DUE = 10
    NEXT_RESPONSE_RISK = 11
    RESOLUTION_DUE = 12
    RESOLUTION_RISK = 13


#: Marks whose instants are asked for; of the others only how many there are.
FIRST_TIMED: Final = Mark.AWAITING_FIRST_RESPONSE
FIRST_CLOCK: Final = Mark.FIRST_RESPONSE_DUE


class Contributions:
    """All that some entries of the table add. Integers in flat lists, ``MOMENT`` or ``MARK`` of them in turn."""

    __slots__ = ("before_creation", "clock_skew", "facts", "full_histories", "marks", "moments", "orphans", "queues")

    def __init__(self) -> None:
        self.moments: list[int] = []  # what happened, in the cell of its queue and measure (``metrics.measures``)
        self.marks: list[int] = []  # what is open, in its place: the number of its queue and priority
        self.queues: list[int] = []  # numbers of the queues that have a ticket or an answer
        self.facts: list[Report] = []
        self.orphans = 0  # their creation is not known yet
        self.clock_skew = 0  # events that count as at creation
        self.before_creation = 0  # events that take no part
        self.full_histories = 0  # histories at their bound: older elements may be gone
