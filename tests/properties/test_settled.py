"""How long clocks ran, over random logs under random configurations: what plain loops over the events find."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.settled import settled
from tests.happenings import floor_of, rules_of
from tests.logs import shuffled
from tests.oracle.calendars import elapsed
from tests.oracle.clocks import first_response_met, is_live, policy_of, resolution_met
from tests.oracle.configuration import OracleConfiguration, configuration_of
from tests.oracle.tickets import Ticket, distinct, is_discarded, ticket_of
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of

Row = tuple[str, str, int, int | None, bool]


def clocks_of(ticket: Ticket, now: int, configuration: OracleConfiguration) -> list[Row]:
    rows: list[Row] = []
    created = ticket.creation
    if not is_live(ticket, configuration):
        return rows
    present = policy_of(ticket, now, configuration)
    is_met = first_response_met(ticket, configuration)
    if is_met is not None and ticket.first_reply is not None:
        policy = policy_of(ticket, ticket.first_reply, configuration)
        assert policy is not None
        rows.append(
            (policy.name, "first_response", created, elapsed(policy.calendar, created, ticket.first_reply), is_met)
        )
    if ticket.is_waiting and present is not None and present.first_response is not None:
        rows.append((present.name, "first_response", created, None, False))
    is_met = resolution_met(ticket, configuration)
    if is_met is not None:
        policy = policy_of(ticket, ticket.resolves[-1], configuration)
        assert policy is not None
        took = sum(elapsed(policy.calendar, start, end) for start, end in ticket.runs if end is not None)
        rows.append((policy.name, "resolution", created, took, is_met))
    if ticket.is_open and present is not None and present.resolution is not None:
        rows.append((present.name, "resolution", created, None, False))
    return rows


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, st.integers(0, 10_000), st.integers(0, 10_000))
def test_each_clock_ran_as_long_as_its_open_hours_add_up_to(
    weeks: Weeks, document: dict[str, Any], seed: int, place: int
) -> None:
    log, configuration = weeks.log, configuration_of(document)
    instants = instants_of(log)
    start, now = instants[place % len(instants)], instants[-1]
    tickets = floor_of(shuffled(log, seed), rules_of(document), partitions=1 + seed % 3)
    clocks, waits = settled(tickets, start, now)
    wanted: list[Row] = []
    waited: list[tuple[int, int | None]] = []
    for happenings in distinct(log, None).values():
        ticket = ticket_of(happenings, configuration)
        if ticket is None or is_discarded(happenings) or not start <= ticket.creation < now:
            continue
        wanted += clocks_of(ticket, now, configuration)
        is_replied = ticket.first_reply is not None and not ticket.from_agent
        waited.append((ticket.creation, (ticket.first_reply or 0) - ticket.creation if is_replied else None))
    found = [(one.policy, one.sla, one.created, one.took, one.is_met) for one in clocks]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)
    assert sorted([(one.created, one.took) for one in waits], key=repr) == sorted(waited, key=repr)
