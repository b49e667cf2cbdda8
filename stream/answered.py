"""Survey answers beside what their tickets had gone through by then: what key drivers are sought in."""

from __future__ import annotations

from collections.abc import Iterator

from metrics.drivers import Answered
from metrics.instants import EARLIEST, LATEST
from metrics.policies import Rules
from metrics.surveys import satisfied_scores
from stream.encoding import decode
from stream.places import values_of
from stream.ticket import Answer, Attributes, Ticket
from stream.tickets import Tickets, pairs
from stream.timeline import Timeline, timeline_of

#: The instrument: one scale, never pooled with others.
SURVEY, LOWEST, HIGHEST = "csat", 1, 5


def answered(tickets: Tickets, start: int = EARLIEST, end: int = LATEST) -> list[Answered]:
    """The answers given in [start, end) to tickets whose creation is known and that are not discarded.

    In the order of the tickets' names, so that any order of events gives the same.
    """
    found: list[tuple[bytes, Answered]] = []
    for partition in tickets.partitions.values():
        for entries in partition.entries():
            for subject, state in pairs(entries):
                found += ((subject, one) for one in _of_ticket(decode(state), tickets.rules, start, end))
    found.sort(key=lambda one: one[0])
    return [one for _, one in found]


def _of_ticket(ticket: Ticket, rules: Rules, start: int, end: int) -> Iterator[Answered]:
    wanted = [answer for answer in ticket.answers if _is_wanted(answer) and start <= answer.instant < end]
    if not wanted or ticket.is_discarded:
        return
    line = timeline_of(ticket, rules.skew)
    if line is not None:
        for answer in wanted:
            yield _beside(answer, line, ticket.attributes, rules)


def _is_wanted(answer: Answer) -> bool:
    return (answer.survey, answer.lowest, answer.highest) == (SURVEY, LOWEST, HIGHEST)


def _beside(answer: Answer, line: Timeline, attributes: tuple[Attributes, ...], rules: Rules) -> Answered:
    """What came after an answer cannot have led to it; queue and channel are the latest, as in every other number."""
    (queue, channel, *_), _ = values_of(attributes)
    by, reply, escalation = answer.instant, line.first_reply, line.first_escalation
    return Answered(
        score=answer.score,
        is_satisfied=answer.score in satisfied_scores(LOWEST, HIGHEST),
        first_response=None if reply is None or reply > by or line.by_agent else reply - line.created,
        reopens=sum(instant <= by for instant in line.reopened),
        channel=rules.labels.channel(channel),
        queue=rules.labels.queue(queue),
        is_escalated=escalation is not None and escalation <= by,
    )
