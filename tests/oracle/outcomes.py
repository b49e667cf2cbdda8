"""What became of tickets beyond their clocks: escalated, converted, complaints, resolved with a message unanswered."""

from collections.abc import Sequence
from typing import Any

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.durations import ratio, wilson
from tests.oracle.samples import sample
from tests.oracle.tickets import Ticket
from tests.oracle.windows import Window


def outcomes(tickets: Sequence[Ticket], now: int, window: Window, configuration: OracleConfiguration) -> dict[str, Any]:
    """The figures of one window."""
    created = [ticket for ticket in tickets if window.holds(ticket.creation)]
    complaints = [ticket for ticket in tickets if ticket.value("kind", now) == "complaint"]
    complaints_created = [ticket for ticket in complaints if window.holds(ticket.creation)]
    resolves = [at for ticket in complaints for at in ticket.resolves]
    return {
        "escalation": _share("escalated", [ticket.first_escalation is not None for ticket in created], configuration),
        "complaint_escalation": _share(
            "escalated", [t.first_escalation is not None for t in complaints_created], configuration
        ),
        "complaints": {
            "created": len(complaints_created),
            "resolved": sum(1 for at in resolves if window.holds(at)),
        },
        "conversion": _share(
            "converted", [_is_converted(ticket, configuration.conversion_within) for ticket in created], configuration
        ),
        "messages_unanswered": sum(
            1
            for ticket in tickets
            if not ticket.is_open and window.holds(ticket.resolves[-1]) and _was_left_with_a_message(ticket)
        ),
    }


def _share(name: str, verdicts: Sequence[bool], configuration: OracleConfiguration) -> dict[str, Any]:
    low, high = wilson(sum(verdicts), len(verdicts)) if verdicts else (None, None)
    return {
        "created": len(verdicts),
        name: sum(verdicts),
        "ratio": ratio(sum(verdicts), len(verdicts)),
        "lower95": low,
        "upper95": high,
        "sample": sample(len(verdicts), configuration),
    }


def _is_converted(ticket: Ticket, within: int) -> bool:
    start = ticket.creation if ticket.first_reply is None else ticket.first_reply
    return any(0 <= at - start <= within for at in ticket.conversions)


def _was_left_with_a_message(ticket: Ticket) -> bool:
    """Reply, message, last resolve in this order, and no reply since the message."""
    if ticket.first_reply is None and not ticket.from_agent:
        return False
    answered = ticket.creation if ticket.last_reply is None else ticket.last_reply
    return any(answered < at < ticket.resolves[-1] for at in ticket.messages)
