"""The tickets behind a number, by plain loops over the events: every clock in a state, or every ticket that waits.

What the texts leave open, and how it is read here:

 1. A ticket that waits, and whose policy has no such clock, has a row without clock. So has every one without policy.
 2. A resolution clock waits since the creation, also where it stood still or ran again since.
 3. Overdue is the open time from the due instant on, pauses since then included.
 4. Rows that are due at the same instant follow each other by what they wait since, by id, by clock.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracle.calendars import elapsed
from tests.oracle.clocks import LiveClock, is_live, live_clocks, policy_of
from tests.oracle.configuration import DEFAULT, OracleConfiguration, Policy
from tests.oracle.snapshot import CLOCKS
from tests.oracle.tickets import Ticket, distinct, is_discarded, ticket_of

STATES = ("breaching", "at_risk", "waiting", "awaiting_reply", "without_policy")


@dataclass(frozen=True)
class Row:
    """One ticket by one clock, or by none; instants and durations in nanoseconds."""

    id: str
    queue: str
    priority: str
    policy: str | None
    sla: str | None
    state: str | None
    created: int
    since: int
    due: int | None
    overdue: int | None


def listing(
    events: Iterable[Mapping[str, Any]], state: str, now: int, configuration: OracleConfiguration = DEFAULT
) -> list[Row]:
    """The rows as of `now`, leaving out every later event, soonest due first."""
    found = []
    for subject, happenings in distinct(events, now).items():
        ticket = None if is_discarded(happenings) else ticket_of(happenings, configuration)
        if ticket is not None and ticket.is_open and is_live(ticket, configuration):
            found += list(_rows(subject, ticket, state, now, configuration))
    return sorted(found, key=_order)


def _order(row: Row) -> tuple[float, int, int, str, int]:
    clock = -1 if row.sla is None else CLOCKS.index(row.sla)
    return (1 if row.due is None else 0, row.due or 0, row.since, row.id, clock)


def _rows(subject: str, ticket: Ticket, state: str, now: int, configuration: OracleConfiguration) -> Iterator[Row]:
    policy = policy_of(ticket, now, configuration)
    clocks = live_clocks(ticket, now, configuration)
    since = {"first_response": ticket.creation, "next_response": ticket.awaiting_reply_since}

    def row(sla: str | None, waits_since: int | None) -> Row:
        clock = clocks.get(sla or "")
        return Row(
            id=subject,
            queue=configuration.shown_queue(ticket.value("queue", now)),
            priority=configuration.shown_priority(ticket.value("priority", now)),
            policy=None if policy is None else policy.name,
            sla=None if clock is None else sla,
            state=None if clock is None else _state(clock),
            created=ticket.creation,
            since=ticket.creation if waits_since is None else waits_since,
            due=None if clock is None else clock.due,
            overdue=_overdue(clock, policy, now),
        )

    if state in ("breaching", "at_risk"):
        for name, clock in clocks.items():
            if _state(clock) == state:
                yield row(name, since.get(name))
    elif state == "waiting" and ticket.is_waiting:
        yield row("first_response", ticket.creation)
    elif state == "awaiting_reply" and ticket.awaiting_reply_since is not None:
        yield row("next_response", ticket.awaiting_reply_since)
    elif state == "without_policy" and policy is None:
        yield row(None, ticket.creation)


def _state(clock: LiveClock) -> str:
    return "breaching" if clock.is_breaching else "at_risk" if clock.is_at_risk else "pending"


def _overdue(clock: LiveClock | None, policy: Policy | None, now: int) -> int | None:
    if clock is None or policy is None or clock.due is None or not clock.is_breaching:
        return None
    return elapsed(policy.calendar, clock.due, now)
