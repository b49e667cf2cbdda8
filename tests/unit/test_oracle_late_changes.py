"""The oracle's counts of breaches that a change took away, held to figures computed by hand."""

import pytest

from tests.oracle.configuration import OracleConfiguration, Policy
from tests.oracle.instants import HOUR, MINUTE
from tests.unit.test_oracle import NOON, created, day, event, seen


def relaxed() -> OracleConfiguration:
    urgent = Policy(match={"priority": ("urgent",)}, first_response=HOUR, resolution=2 * HOUR)
    return OracleConfiguration(policies=(urgent, Policy(first_response=4 * HOUR, resolution=8 * HOUR)))


@pytest.mark.parametrize(
    ("after", "counted"), [(60 * MINUTE, 0), (60 * MINUTE + 1, 1), (120 * MINUTE + 1, 2), (4 * HOUR, 2)]
)
def test_a_relaxed_target_counts_each_clock_that_was_past_due(after: int, counted: int) -> None:
    start = NOON - 6 * HOUR
    lowered = event("ticket.updated", start + after, priority="low")
    assert day(seen(created(start, priority="urgent"), lowered, configuration=relaxed()))["retargeted_late"] == counted
    raised = event("ticket.updated", start + after, priority="urgent")
    assert day(seen(created(start, priority="low"), raised, configuration=relaxed()))["retargeted_late"] == 0


def test_a_relaxed_target_does_not_count_what_was_answered_in_time() -> None:
    start = NOON - 6 * HOUR
    reply = event("ticket.replied", start + 30 * MINUTE)
    lowered = event("ticket.updated", start + 90 * MINUTE, priority="low")
    scope = seen(created(start, priority="urgent"), reply, lowered, configuration=relaxed())
    assert day(scope)["retargeted_late"] == 0


def test_a_discard_counts_each_clock_that_was_past_due_and_nothing_else() -> None:
    start = NOON - 6 * HOUR
    discard = event("ticket.discarded", start + 90 * MINUTE, reason="spam")
    scope = seen(created(start, priority="urgent"), discard, configuration=relaxed())
    assert (day(scope)["discarded_late"], day(scope)["created"], scope["open"]) == (1, 0, 0)
    restored = event("ticket.restored", start + 95 * MINUTE)
    assert (
        day(seen(created(start, priority="urgent"), discard, restored, configuration=relaxed()))["discarded_late"] == 0
    )
