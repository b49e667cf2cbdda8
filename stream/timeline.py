"""What a ticket's kept facts say happened, in order: the rules of "A ticket, exactly" (KPIS), without any target.

A timeline is a function of the ticket and the skew alone; ``now`` is not needed, since nothing here depends on it.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from stream.ticket import Origin, Step, Ticket

RESOLVED, REOPENED, PAUSED, RESUMED = map(int, Step)
BY_AGENT = int(Origin.AGENT)

#: [from, to) in which the resolution clock runs; the last one has no end while it runs
Running = tuple[tuple[int, int | None], ...]


class Timeline(msgspec.Struct, gc=False):
    """One ticket with a known creation. Instants in nanoseconds, never before the creation."""

    created: int
    by_agent: bool
    first_reply: int | None
    first_escalation: int | None
    resolved: tuple[int, ...]  # changes to resolved, ascending
    reopened: tuple[int, ...]  # changes back to open
    is_open: bool
    is_paused: bool
    running: Running
    awaits_first_response: bool  # open, opened by the customer (or a system), and nobody has answered
    awaiting_reply_since: int | None = None


def timeline_of(ticket: Ticket, skew: int) -> Timeline | None:
    """The timeline, or None for an orphan, whose creation is not known yet.

    Events up to ``skew`` nanoseconds before creation count as at creation; earlier ones take no part.
    """
    creation = ticket.creation
    if creation is None:
        return None
    created = creation[0]
    earliest = created - skew
    by_agent = creation[3] == BY_AGENT
    first_reply = _first(ticket.replies, earliest, created) if ticket.replies else None
    first_escalation = _first(ticket.escalations, earliest, created) if ticket.escalations else None
    resolved, reopened, is_open, is_paused, running = _steps(ticket, created, earliest)
    awaits = is_open and first_reply is None and not by_agent
    line = Timeline(
        created, by_agent, first_reply, first_escalation, resolved, reopened, is_open, is_paused, running, awaits
    )
    if ticket.messages and is_open and not awaits:
        line.awaiting_reply_since = _unanswered_since(ticket, line)
    return line


def _first(stamps: tuple[tuple[int, str, str], ...], earliest: int, created: int) -> int | None:
    for stamp in stamps:
        if stamp[0] >= earliest:
            return max(stamp[0], created)
    return None


#: Changes to resolved, changes back to open, whether it is open and whether paused, and when the clock ran.
_Steps = tuple[tuple[int, ...], tuple[int, ...], bool, bool, Running]


def _steps(ticket: Ticket, created: int, earliest: int) -> _Steps:
    resolves = ticket.resolves
    if not ticket.pauses:  # as most are
        if not resolves:
            return (), (), True, False, ((created, None),)
        closed, _, _, step = resolves[0]
        if len(resolves) == 1 and closed >= created and step == RESOLVED:
            return (closed,), (), False, False, ((created, closed),)
    return _walk(ticket, created, earliest)


def _walk(ticket: Ticket, created: int, earliest: int) -> _Steps:
    """Run the open-or-resolved and the paused state machines over the steps in their original order."""
    steps = sorted(ticket.resolves + ticket.pauses) if ticket.pauses else ticket.resolves
    resolved: list[int] = []
    reopened: list[int] = []
    running: list[tuple[int, int | None]] = []
    is_open, is_paused = True, False
    ran_from: int | None = created
    for original, _source, _id, step in steps:
        if original < earliest:
            continue
        instant = max(original, created)
        if step == RESOLVED and is_open:
            is_open = is_paused = False
            resolved.append(instant)
        elif step == REOPENED and not is_open:
            is_open = True
            reopened.append(instant)
        elif step == PAUSED and is_open and not is_paused:
            is_paused = True
        elif step == RESUMED and is_paused:
            is_paused = False
        runs = is_open and not is_paused
        if runs and ran_from is None:
            ran_from = instant
        elif not runs and ran_from is not None:
            running.append((ran_from, instant))
            ran_from = None
    if ran_from is not None:
        running.append((ran_from, None))
    return tuple(resolved), tuple(reopened), is_open, is_paused, tuple(running)


def _unanswered_since(ticket: Ticket, line: Timeline) -> int | None:
    """The earliest customer's message later than creation, the last reply and the last change to resolved."""
    after = line.created
    if ticket.last_reply is not None:
        after = max(after, ticket.last_reply)
    if line.resolved:
        after = max(after, line.resolved[-1])
    at = bisect_left(ticket.messages, (after + 1, "", ""))
    return ticket.messages[at][0] if at < len(ticket.messages) else None
