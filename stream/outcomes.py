"""What became of one ticket beyond its clocks: escalated, converted, a complaint, resolved with a message unanswered.

Rates need one cohort above and below, so what a ticket came to is stamped by its creation, where it was counted as
created. A function of (ticket, timeline, rules), like everything else that a ticket contributes.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from metrics.measures import MEASURE_SHIFT, Measure
from metrics.policies import Rules, Values
from stream.ticket import Ticket
from stream.timeline import Timeline

COMPLAINT: Final = "complaint"

# Plain ints, as in ``stream.contributions``.
CONVERTED: Final = Measure.CONVERTED << MEASURE_SHIFT
ESCALATED_OF_CREATED: Final = Measure.ESCALATED_OF_CREATED << MEASURE_SHIFT
COMPLAINT_ESCALATED: Final = Measure.COMPLAINT_ESCALATED << MEASURE_SHIFT
COMPLAINT_CREATED: Final = Measure.COMPLAINT_CREATED << MEASURE_SHIFT
COMPLAINT_RESOLVED: Final = Measure.COMPLAINT_RESOLVED << MEASURE_SHIFT
UNCOUNTED_OPENED: Final = Measure.UNCOUNTED_OPENED << MEASURE_SHIFT
UNCOUNTED_RESOLVED: Final = Measure.UNCOUNTED_RESOLVED << MEASURE_SHIFT
MESSAGE_UNANSWERED: Final = Measure.MESSAGE_UNANSWERED << MEASURE_SHIFT


def outcomes(ticket: Ticket, line: Timeline, values: Values, cell: int, rules: Rules, into: list[int]) -> None:
    """Add the moments of one ticket that counts; ``values`` are its latest."""
    created = line.created
    is_escalated = line.first_escalation is not None
    if is_escalated:
        into += (cell | ESCALATED_OF_CREATED, created, 0)
    if values[4] == COMPLAINT:
        _complaint(line, cell, into, is_escalated=is_escalated)
    if ticket.conversions and _is_converted(ticket, line, rules):
        into += (cell | CONVERTED, created, 0)
    if ticket.messages and not line.is_open and _left_a_message(ticket, line):
        into += (cell | MESSAGE_UNANSWERED, line.resolved[-1], 0)


def _complaint(line: Timeline, cell: int, into: list[int], *, is_escalated: bool) -> None:
    into += (cell | COMPLAINT_CREATED, line.created, 0)
    if is_escalated:
        into += (cell | COMPLAINT_ESCALATED, line.created, 0)
    for instant in line.resolved:
        into += (cell | COMPLAINT_RESOLVED, instant, 0)


def uncounted(line: Timeline, cell: int, into: list[int]) -> None:
    """Openings and resolves of a ticket that is in no live set, so that they can be left out of what is open."""
    for instant in (line.created, *line.reopened):
        into += (cell | UNCOUNTED_OPENED, instant, 0)
    for instant in line.resolved:
        into += (cell | UNCOUNTED_RESOLVED, instant, 0)


def _is_converted(ticket: Ticket, line: Timeline, rules: Rules) -> bool:
    """A conversion at or after the first reply (without one, the creation) and at most ``conversion_within`` later."""
    created, earliest = line.created, line.created - rules.skew
    start = created if line.first_reply is None else line.first_reply
    instants = (max(conversion[0], created) for conversion in ticket.conversions if conversion[0] >= earliest)
    return any(start <= instant <= start + rules.conversion_within for instant in instants)


def _left_a_message(ticket: Ticket, line: Timeline) -> bool:
    """A customer's message before the last change to resolved that no reply is later than; of a resolved ticket.

    Where nobody ever replied, the ticket was closed unanswered: that is counted apart. A reply after the resolve
    answers the message, as a late first reply counts; later messages are not of this resolve.
    """
    if line.first_reply is None and not line.by_agent:
        return False
    answered = line.created if ticket.last_reply is None else max(line.created, ticket.last_reply)
    at = bisect_left(ticket.messages, (answered + 1, "", ""))
    return at < len(ticket.messages) and ticket.messages[at][0] < line.resolved[-1]
