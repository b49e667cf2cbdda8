"""How long each clock ran until it was settled, and which still run: what targets are measured by.

By the same rules as the verdicts of ``stream.contributions``: the policy by the attributes as of the instant that
settles the clock, in the open hours of its calendar, the resolution without pauses.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from metrics.calendars import elapsed
from stream.clocks import after, reached
from stream.encoding import decode
from stream.places import Places, values_of
from stream.ticket import Ticket
from stream.tickets import Tickets, pairs
from stream.timeline import Timeline, timeline_of

FIRST_RESPONSE, RESOLUTION = "first_response", "resolution"


class Settled(msgspec.Struct, frozen=True):
    """One clock of a ticket created at ``created``; ``took`` in nanoseconds, None while it runs."""

    policy: str
    sla: str
    created: int
    took: int | None = None
    is_met: bool = False


class Wait(msgspec.Struct, frozen=True):
    """A ticket by its creation, and how long its first reply took: calendar time, None where it had none."""

    created: int
    took: int | None


def settled(tickets: Tickets, start: int, end: int) -> tuple[list[Settled], list[Wait]]:
    """The clocks, and the waits, of tickets created in [start, end), in the order of their names."""
    places = Places(tickets.rules, tickets.vocabulary)
    clocks: list[Settled] = []
    waits: list[Wait] = []
    for state in _states(tickets):
        ticket = decode(state)
        if ticket.creation is None or not start <= ticket.creation[0] < end or ticket.is_discarded:
            continue
        line = timeline_of(ticket, tickets.rules.skew)
        assert line is not None  # its creation is known
        clocks += _clocks(ticket, line, places)
        has_reply = line.first_reply is not None and not line.by_agent
        waits.append(Wait(line.created, (line.first_reply or 0) - line.created if has_reply else None))
    return clocks, waits


def _states(tickets: Tickets) -> list[bytes]:
    found: list[tuple[bytes, bytes]] = []
    for partition in tickets.partitions.values():
        for entries in partition.entries():
            found += pairs(entries)
    return [state for _, state in sorted(found)]


def _clocks(ticket: Ticket, line: Timeline, places: Places) -> Iterator[Settled]:
    if not places.rules.is_judged(line.created):
        return
    created, attributes = line.created, ticket.attributes
    now = places.of(created, values_of(attributes)[0])[0]
    if line.first_reply is not None and not line.by_agent:
        place = places.as_of(line.first_reply, created, attributes)
        if place.policy is not None and place.first_response is not None:
            due = after(created, place.first_response, place.calendar)
            took = elapsed(created, line.first_reply, place.calendar)
            is_met = due is None or line.first_reply <= due
            yield Settled(place.policy.name, FIRST_RESPONSE, created, took, is_met)
    elif line.awaits_first_response and now.policy is not None and now.first_response is not None:
        yield Settled(now.policy.name, FIRST_RESPONSE, created)
    if not line.is_open:
        closed = line.resolved[-1]
        place = places.as_of(closed, created, attributes)
        if place.policy is not None and place.resolution is not None:
            due = reached(line.running, place.resolution, place.calendar)
            took = sum(elapsed(start, closed if end is None else end, place.calendar) for start, end in line.running)
            yield Settled(place.policy.name, RESOLUTION, created, took, due is None or closed <= due)
    elif now.policy is not None and now.resolution is not None:
        yield Settled(now.policy.name, RESOLUTION, created)
