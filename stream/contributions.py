"""What one ticket adds to every number: its timeline under the rules (labels, policies, skew).

A function of (ticket, rules) alone: what happened, with the verdict of each settled clock, and what it is right now.
Each group of moments and marks has its function here; a new KPI of tickets adds one.
"""

from __future__ import annotations

from typing import Any

from metrics.contribution import Contributions, Mark
from metrics.measures import MEASURE_SHIFT, QUEUE_SHIFT, Measure
from metrics.policies import OTHER, Place
from stream.answers import contribute_answers
from stream.clocks import after, reached
from stream.late_changes import discarded_late, retargeted_late
from stream.outcomes import outcomes, uncounted
from stream.places import Places, values_of
from stream.reported import reports_of
from stream.ticket import HISTORY_MAX, Ticket
from stream.timeline import Timeline, timeline_of


# Plain ints: a member of an enum is looked up much more slowly, and this runs for each changed ticket.
def _cell(measure: Measure) -> int:
    return measure << MEASURE_SHIFT


CREATED, RESOLVED, REOPENED = _cell(Measure.CREATED), _cell(Measure.RESOLVED), _cell(Measure.REOPENED)
ESCALATED, CLOSED_UNANSWERED = _cell(Measure.ESCALATED), _cell(Measure.CLOSED_UNANSWERED)
REPLIED, REPLIED_BUSINESS = _cell(Measure.FIRST_RESPONSE), _cell(Measure.FIRST_RESPONSE_BUSINESS)
FIRST_RESOLUTION, RESOLUTION = _cell(Measure.FIRST_RESOLUTION), _cell(Measure.RESOLUTION)
COHORT_ANSWERED, COHORT_CLOSED = _cell(Measure.COHORT_ANSWERED), _cell(Measure.COHORT_CLOSED)
REPLY_MET, REPLY_BREACHED = _cell(Measure.FIRST_RESPONSE_MET), _cell(Measure.FIRST_RESPONSE_BREACHED)
RESOLUTION_MET, RESOLUTION_BREACHED = _cell(Measure.RESOLUTION_MET), _cell(Measure.RESOLUTION_BREACHED)
RETARGETED_LATE, DISCARDED_LATE = _cell(Measure.RETARGETED_LATE), _cell(Measure.DISCARDED_LATE)

OPEN, OPEN_UNCOUNTED, PAUSED = int(Mark.OPEN), int(Mark.OPEN_UNCOUNTED), int(Mark.PAUSED)
IS_ESCALATED, WITHOUT_POLICY = int(Mark.ESCALATED), int(Mark.WITHOUT_POLICY)
AWAITING_FIRST, AWAITING_REPLY = int(Mark.AWAITING_FIRST_RESPONSE), int(Mark.AWAITING_REPLY)
UNCOUNTED_AWAITING_FIRST = int(Mark.UNCOUNTED_AWAITING_FIRST_RESPONSE)
FIRST_DUE, FIRST_RISK = int(Mark.FIRST_RESPONSE_DUE), int(Mark.FIRST_RESPONSE_RISK)
NEXT_DUE, NEXT_RISK = int(Mark.NEXT_RESPONSE_DUE), int(Mark.NEXT_RESPONSE_RISK)
DUE, RISK = int(Mark.RESOLUTION_DUE), int(Mark.RESOLUTION_RISK)


def contribute(ticket: Ticket, places: Places, into: Contributions) -> Place | None:
    """Add all that ``ticket`` adds; returns its labels, where it is counted at all: not while it is discarded."""
    rules = places.rules
    if ticket.facts:
        into.facts += reports_of(ticket.facts, rules.labels)
    line = timeline_of(ticket, rules.skew)
    if ticket.is_discarded:
        return None if line is None else _discarded(ticket, line, places, into)
    if line is None:
        return _orphan(ticket, places, into)
    created, attributes = line.created, ticket.attributes
    values, since = values_of(attributes)
    place, cell, mark = places.of(created, values)
    counted = rules.is_judged(created)
    into.queues.append(cell >> QUEUE_SHIFT)
    moments = into.moments
    moments += (cell | CREATED, created, 0)
    if line.first_escalation is not None:
        moments += (cell | ESCALATED, line.first_escalation, 0)
    if line.first_reply is not None and not line.by_agent:
        settled = place if since <= line.first_reply else places.as_of(line.first_reply, created, attributes)
        _reply(line, line.first_reply, settled, cell, moments, counted=counted)
    if line.resolved:
        _changes(line, cell, moments)
    if line.is_open:
        _live(line, place, mark, into.marks, counted=counted)
    else:
        closed = line.resolved[-1]
        settled = place if since <= closed else places.as_of(closed, created, attributes)
        _closing(line, settled if counted else None, cell, moments)
    if not counted:
        uncounted(line, cell, moments)
    outcomes(ticket, line, values, cell, rules, moments)
    if counted and since - created > places.shortest:
        for instant in retargeted_late(ticket, line, places):
            moments += (cell | RETARGETED_LATE, instant, 0)
    if ticket.answers or ticket.sent:
        contribute_answers(ticket, cell >> QUEUE_SHIFT, places, into)
    _quality(ticket, created, rules.skew, into)
    return place


# ---------------------------------------------------------------------------------------------- what happened
# Counts and durations, stamped by when it happened; the cohort by creation.


def _reply(line: Timeline, replied: int, place: Place, cell: int, into: list[int], *, counted: bool) -> None:
    created, calendar = line.created, place.calendar
    waited = replied - created
    into += (cell | REPLIED, replied, waited, cell | COHORT_ANSWERED, created, waited)
    if calendar is not None:
        into += (cell | REPLIED_BUSINESS, replied, calendar.elapsed(created, replied))
    if counted and place.first_response is not None:
        due = after(created, place.first_response, calendar)
        into += (cell | (REPLY_MET if due is None or replied <= due else REPLY_BREACHED), replied, 0)


def _changes(line: Timeline, cell: int, into: list[int]) -> None:
    resolved = line.resolved
    into += (cell | FIRST_RESOLUTION, resolved[0], resolved[0] - line.created)
    for instant in resolved:
        into += (cell | RESOLVED, instant, 0)
    for instant in line.reopened:
        into += (cell | REOPENED, instant, 0)


def _closing(line: Timeline, place: Place | None, cell: int, into: list[int]) -> None:
    closed = line.resolved[-1]
    lasted = closed - line.created
    into += (cell | RESOLUTION, closed, lasted)
    if place is not None and place.resolution is not None:
        due = reached(line.running, place.resolution, place.calendar)
        into += (cell | (RESOLUTION_MET if due is None or closed <= due else RESOLUTION_BREACHED), closed, 0)
    if line.first_reply is None and not line.by_agent:
        into += (cell | CLOSED_UNANSWERED, closed, 0, cell | COHORT_CLOSED, line.created, lasted)


# ---------------------------------------------------------------------------------------------- what it is now


def _live(line: Timeline, place: Place, at: int, into: list[int], *, counted: bool) -> None:
    created, calendar = line.created, place.calendar
    if not counted:
        into += (at | OPEN_UNCOUNTED, 0)
        if line.awaits_first_response:
            into += (at | UNCOUNTED_AWAITING_FIRST, created)
        return
    into += (at | OPEN, 0)
    if line.is_paused:
        into += (at | PAUSED, 0)
    if line.first_escalation is not None:
        into += (at | IS_ESCALATED, 0)
    if place.policy is None:
        into += (at | WITHOUT_POLICY, 0)
    if line.awaits_first_response:
        into += (at | AWAITING_FIRST, created)
        if place.first_response is not None:
            _mark(at | FIRST_DUE, after(created, place.first_response, calendar), into)
            _mark(at | FIRST_RISK, after(created, place.first_response_risk, calendar, past=True), into)
    since = line.awaiting_reply_since
    if since is not None:
        into += (at | AWAITING_REPLY, since)
        if place.next_response is not None:
            _mark(at | NEXT_DUE, after(since, place.next_response, calendar), into)
            _mark(at | NEXT_RISK, after(since, place.next_response_risk, calendar, past=True), into)
    if place.resolution is not None:
        _mark(at | DUE, reached(line.running, place.resolution, calendar), into)
        _mark(at | RISK, reached(line.running, place.resolution_risk, calendar, past=True), into)


def _mark(mark: int, instant: int | None, into: list[int]) -> None:
    if instant is not None:
        into += (mark, instant)


# --------------------------------------------------------------------------------------------------- the rest


def _discarded(ticket: Ticket, line: Timeline, places: Places, into: Contributions) -> Place | None:
    """Of a discarded ticket nothing counts but that it was late."""
    late = discarded_late(ticket, line, places) if places.rules.is_judged(line.created) else ()
    place = None
    for instant in late:
        place, cell, _ = places.of(line.created, values_of(ticket.attributes)[0])
        into.moments += (cell | DISCARDED_LATE, instant, 0)
        into.queues.append(cell >> QUEUE_SHIFT)
    return place


def _orphan(ticket: Ticket, places: Places, into: Contributions) -> Place | None:
    """Survey answers count without their ticket; an event of a ticket without creation is an orphan."""
    waits = ticket.attributes or ticket.replies or ticket.resolves or ticket.pauses or ticket.messages
    into.orphans += bool(waits or ticket.escalations or ticket.conversions)
    if ticket.answers or ticket.sent:
        into.queues += contribute_answers(ticket, None, places, into)
    if not ticket.answers:
        return None
    return Place(OTHER, OTHER, places.rules.labels.channel(ticket.answers[-1].channel))


def _quality(ticket: Ticket, created: int, skew: int, into: Contributions) -> None:
    """Kept events that count as at creation; that take no part since they are earlier still; and full histories.

    A full history may have lost older elements; that it is full is a function of the events alone.
    """
    histories: tuple[tuple[tuple[Any, ...], ...], ...] = (
        ticket.replies, ticket.resolves, ticket.pauses, ticket.escalations, ticket.messages, ticket.conversions
    )  # fmt: skip
    for history in histories:
        if history:
            if history[0][0] < created:
                early = [element[0] for element in history if element[0] < created]
                into.clock_skew += sum(instant >= created - skew for instant in early)
                into.before_creation += sum(instant < created - skew for instant in early)
            if len(history) >= HISTORY_MAX:
                into.full_histories += 1
    if len(ticket.attributes) >= HISTORY_MAX:
        into.full_histories += 1
