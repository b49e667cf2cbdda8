"""What a ticket's kept facts say happened, in order: the rules of "A ticket, exactly" (KPIS), without any target.

A timeline is a function of the ticket and the skew alone; ``now`` is not needed, since nothing here depends on it.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from stream.ticket import Origin, Step, Ticket

RESOLVED, REOPENED, PAUSED, RESUMED = map(int, Step)
BY_AGENT = int(Origin.AGENT)


class Timeline(msgspec.Struct, gc=False):
    """One ticket with a known creation. Instants in nanoseconds, never before the creation."""

    created: int
    by_agent: bool
    first_reply: int | None = None
    resolved: list[int] = []  # changes to resolved, ascending
    reopened: list[int] = []  # changes back to open
    is_open: bool = True
    is_paused: bool = False
    #: pairs of [from, to) in which the resolution clock runs; the last one has no end while it runs
    running: list[tuple[int, int | None]] = []
    first_escalation: int | None = None
    awaiting_reply_since: int | None = None

    @property
    def awaits_first_response(self) -> bool:
        """Open, opened by the customer (or a system), and nobody has answered."""
        return self.is_open and self.first_reply is None and not self.by_agent


def timeline_of(ticket: Ticket, skew: int) -> Timeline | None:
    """The timeline, or None for an orphan, whose creation is not known yet.

    Events up to ``skew`` nanoseconds before creation count as at creation; earlier ones take no part.
    """
    if ticket.creation is None:
        return None
    created = ticket.creation[0]
    earliest = created - skew
    line = Timeline(created=created, by_agent=ticket.creation[3] == BY_AGENT)
    line.first_reply = _first(ticket.replies, earliest, created)
    line.first_escalation = _first(ticket.escalations, earliest, created)
    _walk(ticket, line, earliest)
    if ticket.messages and line.is_open and not line.awaits_first_response:
        line.awaiting_reply_since = _unanswered_since(ticket, line)
    return line


def _first(stamps: list[tuple[int, str, str]], earliest: int, created: int) -> int | None:
    for stamp in stamps:
        if stamp[0] >= earliest:
            return max(stamp[0], created)
    return None


def _walk(ticket: Ticket, line: Timeline, earliest: int) -> None:
    """Run the open-or-resolved and the paused state machines over the steps in their original order."""
    steps = sorted(ticket.resolves + ticket.pauses) if ticket.pauses else ticket.resolves
    created = line.created
    ran_from: int | None = created
    for original, _source, _id, step in steps:
        if original < earliest:
            continue
        instant = max(original, created)
        if step == RESOLVED and line.is_open:
            line.is_open = line.is_paused = False
            line.resolved.append(instant)
        elif step == REOPENED and not line.is_open:
            line.is_open = True
            line.reopened.append(instant)
        elif step == PAUSED and line.is_open and not line.is_paused:
            line.is_paused = True
        elif step == RESUMED and line.is_paused:
            line.is_paused = False
        runs = line.is_open and not line.is_paused
        if runs and ran_from is None:
            ran_from = instant
        elif not runs and ran_from is not None:
            line.running.append((ran_from, instant))
            ran_from = None
    if ran_from is not None:
        line.running.append((ran_from, None))


def _unanswered_since(ticket: Ticket, line: Timeline) -> int | None:
    """The earliest customer's message later than creation, the last reply and the last change to resolved."""
    after = line.created
    if ticket.last_reply is not None:
        after = max(after, ticket.last_reply)
    if line.resolved:
        after = max(after, line.resolved[-1])
    at = bisect_left(ticket.messages, (after + 1, "", ""))
    return ticket.messages[at][0] if at < len(ticket.messages) else None
