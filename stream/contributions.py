"""What one ticket adds to every number: its timeline under the rules (labels, policies, skew).

A pure function of (ticket, rules): what happened, and the verdict of each settled clock. What of it is counted
where is ``metrics.moments``.
"""

from __future__ import annotations

from metrics.contribution import NO_CLOCKS, NOTHING, Clocks, Contribution, Live
from metrics.measures import Moment, Vocabulary
from metrics.policies import OTHER, Place, Rules, Values
from stream.ticket import HISTORY_MAX, Attributes, Ticket
from stream.timeline import Timeline, timeline_of

NONE_GIVEN: Values = ("", "", "", "", "")
BY_ITEM = ("servqual", "brand")


def contribution_of(ticket: Ticket, rules: Rules, vocabulary: Vocabulary) -> Contribution:
    """All that ``ticket`` adds; nothing while it is discarded."""
    if ticket.verdict is not None and ticket.verdict[3]:
        return NOTHING
    line = timeline_of(ticket, rules.skew)
    if line is None:
        return _orphan(ticket, rules, vocabulary)
    created, attributes = line.created, ticket.attributes
    place = rules.place(created, _values(attributes))
    counted = rules.live_since is None or created >= rules.live_since
    first_reply = None if line.by_agent else line.first_reply
    reply_is_met = resolution_is_met = closed = live = None
    if first_reply is not None and counted:
        reply_is_met = _reply_is_met(first_reply, line, place, attributes, rules)
    if line.is_open:
        live = _live(line, place, is_counted=counted)
    else:
        closed = line.resolved[-1]
        if counted:
            resolution_is_met = _resolution_is_met(closed, line, place, attributes, rules)
    return Contribution(
        place.queue,
        place.priority,
        place.channel,
        created,
        first_reply,
        reply_is_met,
        line.first_escalation,
        line.resolved,
        line.reopened,
        closed,
        closed is not None and first_reply is None and not line.by_agent,
        resolution_is_met,
        _answers(ticket, place.queue, rules, vocabulary) if ticket.answers else (),
        live,
        0,
        *_quality(ticket, created, rules.skew),
    )


# -------------------------------------------------------------------------------------------- settled clocks


def _reply_is_met(
    first_reply: int, line: Timeline, latest: Place, attributes: tuple[Attributes, ...], rules: Rules
) -> bool | None:
    """Of a settled clock: met or breached, under the policy of the attributes as of the settling instant."""
    target = _place_at(first_reply, line, latest, attributes, rules).first_response
    return None if target is None else first_reply <= line.created + target


def _resolution_is_met(
    closed: int, line: Timeline, latest: Place, attributes: tuple[Attributes, ...], rules: Rules
) -> bool | None:
    target = _place_at(closed, line, latest, attributes, rules).resolution
    if target is None:
        return None
    due = _reached(line, target)
    return due is None or closed <= due


def _place_at(instant: int, line: Timeline, latest: Place, attributes: tuple[Attributes, ...], rules: Rules) -> Place:
    return latest if attributes[-1][0] <= instant else rules.place(line.created, _values(attributes, instant))


# ------------------------------------------------------------------------------------------------ live sets


def _live(line: Timeline, place: Place, *, is_counted: bool) -> Live:
    created, since = line.created, line.awaiting_reply_since
    return Live(
        place.queue,
        place.priority,
        is_counted,
        created if line.awaits_first_response else None,
        since,
        line.is_paused,
        line.first_escalation is not None,
        place.policy is not None,
        _clocks(line, place) if place.policy is not None else NO_CLOCKS,
    )


def _clocks(line: Timeline, place: Place) -> Clocks:
    created, since = line.created, line.awaiting_reply_since
    first_due = first_risk = next_due = next_risk = due = risk = None
    if line.awaits_first_response and place.first_response is not None:
        first_due, first_risk = created + place.first_response, created + place.first_response_risk
    if since is not None and place.next_response is not None:
        next_due, next_risk = since + place.next_response, since + place.next_response_risk
    if place.resolution is not None:
        due, risk = _reached(line, place.resolution), _reached(line, place.resolution_risk, past=True)
    return first_due, first_risk, next_due, next_risk, due, risk


def _reached(line: Timeline, target: int, *, past: bool = False) -> int | None:
    """The earliest instant at which the resolution clock has run for ``target``; None if it stopped before.

    With ``past``, also None if it stopped exactly there: the clock has not run for more than ``target``.
    """
    left = target
    for start, end in line.running:
        if end is None or left < end - start or (left == end - start and not past):
            return start + left
        left -= end - start
    return None


# ------------------------------------------------------------------------------------------------ attributes


def _values(attributes: tuple[Attributes, ...], at: int | None = None) -> Values:
    """(queue, channel, priority, brand, kind) as of ``at`` (inclusive), or the latest; empty where never given."""
    values = NONE_GIVEN
    for element in reversed(attributes):
        if at is not None and element[0] > at:
            continue
        given = element[3:8]
        if values == NONE_GIVEN:
            values = given
        elif given != NONE_GIVEN:
            queue, channel, priority, brand, kind = values
            values = (queue or given[0], channel or given[1], priority or given[2], brand or given[3], kind or given[4])
        if "" not in values:
            break
    return values


# ------------------------------------------------------------------------------------------------ the rest


def _answers(ticket: Ticket, queue: str | None, rules: Rules, vocabulary: Vocabulary) -> tuple[Moment, ...]:
    """Each in the ticket's queue, or in its own where the ticket is not known."""
    moments: list[Moment] = []
    for answer in ticket.answers:
        if answer.survey in BY_ITEM:
            continue  # each item is an instrument of its own, with numbers of its own
        measure = vocabulary.survey_measure(answer.survey, answer.lowest, answer.highest)
        if measure is not None:
            own = queue if queue is not None else rules.labels.queue(answer.queue) if answer.queue else OTHER
            moments.append((own, answer.instant, measure, answer.score - answer.lowest))
    return tuple(moments)


def _orphan(ticket: Ticket, rules: Rules, vocabulary: Vocabulary) -> Contribution:
    """Survey answers count without their ticket; an event of a ticket without creation is an orphan."""
    waits = bool(ticket.attributes or ticket.replies or ticket.resolves or ticket.pauses or ticket.messages)
    waits = waits or bool(ticket.escalations or ticket.conversions)
    channel = rules.labels.channel(ticket.answers[-1].channel) if ticket.answers else OTHER
    return Contribution(channel=channel, answers=_answers(ticket, None, rules, vocabulary), orphans=int(waits))


def _quality(ticket: Ticket, created: int, skew: int) -> tuple[int, int, int]:
    """Kept events that count as at creation; that take no part since they are earlier still; and full histories.

    A full history may have lost older elements; that it is full is a function of the events alone.
    """
    skewed = before = full = 0
    for history in (ticket.replies, ticket.resolves, ticket.pauses, ticket.escalations, ticket.messages):
        if not history:
            continue
        full += len(history) >= HISTORY_MAX
        for element in history:
            if element[0] >= created:
                break
            if element[0] < created - skew:
                before += 1
            else:
                skewed += 1
    return skewed, before, full + (len(ticket.attributes) >= HISTORY_MAX)
