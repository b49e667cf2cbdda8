"""What an explanation says of every clock is what the oracle works out, under any configuration."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from metrics.clock_states import State
from metrics.instants import parse_instant
from stream.evidence import Evidence
from stream.explain import Clock, Explanation, explain
from tests.happenings import joined, rules_of, when
from tests.oracle import clocks as oracle
from tests.oracle.calendars import elapsed
from tests.oracle.configuration import OracleConfiguration, configuration_of
from tests.oracle.tickets import Ticket, distinct, is_discarded, ticket_of
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks

NANOSECONDS = 1_000_000_000


def explanations(weeks: Weeks, document: dict[str, Any]) -> tuple[int, list[tuple[Explanation, Ticket | None]]]:
    """Every subject of a log: explained, and as the oracle has it (None: it is counted nowhere)."""
    configuration, rules = configuration_of(document), rules_of(document)
    now = max(when(event) for event in weeks.log)
    found = []
    for subject, happenings in distinct(weeks.log, now).items():
        kept = joined(event for event in weeks.log if event["subject"] == subject)
        ticket = None if is_discarded(happenings) else ticket_of(happenings, configuration)
        found.append((explain(subject, kept, rules, now), ticket))
    return now, found


def expected_state(ticket: Ticket, sla: str, now: int, configuration: OracleConfiguration) -> State | None:
    """The state by the oracle's verdicts and live clocks; None where there is no clock."""
    if not oracle.is_live(ticket, configuration):
        return None
    live = oracle.live_clocks(ticket, now, configuration).get(sla)
    if live is not None:
        return State.BREACHING if live.is_breaching else State.AT_RISK if live.is_at_risk else State.PENDING
    met = {"first_response": oracle.first_response_met, "resolution": oracle.resolution_met}.get(sla)
    verdict = met(ticket, configuration) if met is not None else None
    if verdict is not None:
        return State.MET if verdict else State.BREACHED
    policy = oracle.policy_of(ticket, now, configuration)
    waits_in_vain = sla == "first_response" and not ticket.is_open and ticket.first_reply is None
    is_cancelled = waits_in_vain and not ticket.from_agent and policy is not None and policy.first_response is not None
    return State.CANCELLED if is_cancelled else None


@settings(max_examples=30)
@given(WEEKS, DOCUMENTS)
def test_every_clock_has_the_oracles_state_and_due_instant(weeks: Weeks, document: dict[str, Any]) -> None:
    configuration = configuration_of(document)
    now, found = explanations(weeks, document)
    for explanation, ticket in found:
        for clock in explanation.clocks:
            expected = None if ticket is None else expected_state(ticket, clock.sla, now, configuration)
            assert clock.state == expected, (explanation.ticket, clock)
            live = None if ticket is None else oracle.live_clocks(ticket, now, configuration).get(clock.sla)
            if live is not None and oracle.is_live(ticket, configuration):  # type: ignore[arg-type]
                assert (None if clock.due is None else parse_instant(clock.due)) == live.due


@settings(max_examples=30)
@given(WEEKS, DOCUMENTS)
def test_the_stretches_of_a_clock_follow_each_other_and_count_what_its_calendar_has_open(
    weeks: Weeks, document: dict[str, Any]
) -> None:
    configuration = configuration_of(document)
    now, found = explanations(weeks, document)
    for explanation, ticket in found:
        for clock in explanation.clocks:
            if ticket is None or clock.target_seconds is None:
                assert clock.stretches == ()
                continue
            ends = [(parse_instant(one.start), parse_instant(one.end)) for one in clock.stretches]
            assert all(end == start for (_, end), (start, _) in pairwise(ends))
            assert clock.counted_seconds == pytest.approx(_ran(clock, ticket, now, configuration) / NANOSECONDS)
            counted = sum(
                end - start for one, (start, end) in zip(clock.stretches, ends, strict=True) if one.is_counted
            )
            assert clock.counted_seconds == counted / NANOSECONDS


def _ran(clock: Clock, ticket: Ticket, now: int, configuration: OracleConfiguration) -> int:
    """For how long a clock has run, by the oracle."""
    settled = now if clock.settled is None else parse_instant(clock.settled)
    policy = oracle.policy_of(ticket, settled, configuration)
    assert policy is not None
    assert policy.name == clock.policy
    runs: dict[str, Sequence[tuple[int, int | None]]] = {
        "first_response": [(ticket.creation, None)],
        "next_response": [(ticket.awaiting_reply_since or 0, None)],
        "resolution": ticket.runs,
    }
    last = ticket.resolves[-1] if clock.state == State.CANCELLED else settled
    return sum(
        elapsed(policy.calendar, start, min(last if end is None else end, last)) for start, end in runs[clock.sla]
    )


@settings(max_examples=30)
@given(WEEKS, DOCUMENTS)
def test_the_clocks_are_the_same_without_the_events_that_are_said_to_be_left_out(
    weeks: Weeks, document: dict[str, Any]
) -> None:
    now, found = explanations(weeks, document)
    for explanation, _ in found:
        used = {stamp_of(event) for event in explanation.events if event.is_used}
        left_out = {stamp_of(event) for event in explanation.events} - used
        kept = [
            event
            for event in weeks.log
            if event["subject"] == explanation.ticket and (when(event), event["source"], event["id"]) not in left_out
        ]
        again = explain(explanation.ticket, joined(kept), rules_of(document), now)
        assert again.clocks == explanation.clocks


def stamp_of(event: Evidence) -> tuple[int, str, str]:
    return parse_instant(event.at), event.source, event.id


def test_the_logs_bring_about_every_state() -> None:
    weeks = [Weeks(seed, "2026-02-14T13:43:17.123456789Z", 9) for seed in range(12)]
    states = {clock.state for week in weeks for found, _ in explanations(week, {})[1] for clock in found.clocks}
    assert states == {*State, None}
