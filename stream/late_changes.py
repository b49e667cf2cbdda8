"""Clocks that were past due and no longer count as late, since their ticket was retargeted or discarded.

A relaxed target (a lower priority, another queue) and a discard take live breaches away: rightly or not, so they are
counted. Only of the first response and the resolution: of answered messages no history is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from metrics.policies import Place
from stream.clocks import after, reached
from stream.places import NONE_GIVEN, Places
from stream.ticket import Ticket
from stream.timeline import Timeline


def retargeted_late(ticket: Ticket, line: Timeline, places: Places) -> Iterator[int]:
    """The instant of each change of values that relaxed the target of a clock past due, once for each such clock."""
    given = {element[0] for element in ticket.attributes if element[3:8] != NONE_GIVEN}
    for instant in sorted(instant for instant in given if instant > line.created):
        old = places.as_of(instant - 1, line.created, ticket.attributes)
        new = places.as_of(instant, line.created, ticket.attributes)
        if new is old:
            continue
        dues = _dues(line, new)
        for clock, due in _late(line, old, instant):
            later = dues[clock]
            if later is None or later > due:
                yield instant


def discarded_late(ticket: Ticket, line: Timeline, places: Places) -> Iterator[int]:
    """The instant of the discard that holds, once for each clock that was past due then."""
    assert ticket.verdict is not None  # it is discarded
    instant = ticket.verdict[0]
    place = places.as_of(instant, line.created, ticket.attributes)
    yield from (instant for _ in _late(line, place, instant))


def _late(line: Timeline, place: Place, at: int) -> Iterator[tuple[int, int]]:
    """Each clock that was breaching just before ``at``, with its due instant."""
    if sum(instant < at for instant in line.resolved) > sum(instant < at for instant in line.reopened):
        return  # it was resolved
    is_answered = line.by_agent or (line.first_reply is not None and line.first_reply < at)
    for clock, due in enumerate(_dues(line, place)):
        if due is not None and due < at and not (clock == 0 and is_answered):
            yield clock, due


def _dues(line: Timeline, place: Place) -> tuple[int | None, int | None]:
    """When the first response and the resolution are due in this place; None: never."""
    first, resolution, calendar = place.first_response, place.resolution, place.calendar
    return (
        None if first is None else after(line.created, first, calendar),
        None if resolution is None else reached(line.running, resolution, calendar),
    )
