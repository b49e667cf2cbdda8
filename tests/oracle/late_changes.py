"""Clocks that were past due just before an instant at which their ticket was retargeted or discarded.

What was known just before an instant is worked out anew from the events before it.
"""

from collections.abc import Sequence

from tests.oracle.clocks import clocks_under, is_live, policy_of
from tests.oracle.configuration import OracleConfiguration
from tests.oracle.tickets import ATTRIBUTES, Happening, Ticket, ticket_of

JUDGED = ("first_response", "resolution")
VALUES = tuple(attribute for attribute in ATTRIBUTES if attribute != "agent")


def retargeted_late(ticket: Ticket, happenings: Sequence[Happening], configuration: OracleConfiguration) -> list[int]:
    """The instants of changed values that made a clock past due later or took it away, once for each clock."""
    changes = sorted({entry[0] for attribute in VALUES for entry in ticket.values[attribute]})
    found = []
    for at in changes:
        for name, due in _late(happenings, at, policy_at=at - 1, configuration=configuration):
            before = _known_before(happenings, at, configuration)
            policy = policy_of(ticket, at, configuration)
            later = clocks_under(policy, before, at) if before is not None and policy is not None else {}
            new_due = later[name].due if name in later else None
            if new_due is None or new_due > due:
                found.append(at)
    return found


def discarded_late(happenings: Sequence[Happening], configuration: OracleConfiguration) -> list[int]:
    """The instant of the discard that holds, once for each clock that was past due then."""
    verdicts = [happening for happening in happenings if happening.kind in ("ticket.discarded", "ticket.restored")]
    at = verdicts[-1].at
    return [at for _ in _late(happenings, at, policy_at=at, configuration=configuration)]


def _known_before(happenings: Sequence[Happening], at: int, configuration: OracleConfiguration) -> Ticket | None:
    return ticket_of([happening for happening in happenings if happening.at < at], configuration)


def _late(
    happenings: Sequence[Happening], at: int, *, policy_at: int, configuration: OracleConfiguration
) -> list[tuple[str, int]]:
    """The judged clocks that are breaching at an instant by what happened before it, each with its due instant."""
    before, whole = _known_before(happenings, at, configuration), ticket_of(list(happenings), configuration)
    if before is None or whole is None or not before.is_open or not is_live(before, configuration):
        return []
    policy = policy_of(whole, policy_at, configuration)
    clocks = clocks_under(policy, before, at) if policy is not None else {}
    return [
        (name, clock.due)
        for name, clock in clocks.items()
        if name in JUDGED and clock.is_breaching and clock.due is not None
    ]
