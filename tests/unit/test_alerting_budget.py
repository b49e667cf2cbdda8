"""Which share of late replies pages, worked out again by counting: it is above the budget, and replies can show it."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.objectives import REPLIES_MOST, Objective, by_queue, replies_needed, threshold
from alerting.promql import decimal
from alerting.settings import Policy, Settings
from metrics.instants import MINUTE


def lower_bound(late: int, replies: int) -> float:
    """Wilson's, in the form of the textbook."""
    z, p = 1.959964, late / replies
    return (p + z * z / (2 * replies) - z * sqrt(p * (1 - p) / replies + z * z / (4 * replies**2))) / (
        1 + z * z / replies
    )


@given(st.integers(1, 999_999))
def test_a_threshold_is_above_the_budget_and_within_reach_of_a_hundred_replies_or_there_is_none(ppm: int) -> None:
    budget = ppm / 1_000_000
    found = threshold(budget)
    if found is None:
        assert budget >= 0.96
        return
    assert budget < float(decimal(found.ratio)) < 1
    assert 10 <= found.replies <= REPLIES_MOST
    assert lower_bound(found.replies, found.replies) > found.ratio


@given(st.floats(0.001, 0.96))
def test_from_so_many_late_replies_on_the_bound_passes_the_threshold_and_before_it_does_not(ratio: float) -> None:
    counted = next(n for n in range(1, 1000) if n / (n + 1.959964**2) > ratio)
    assert replies_needed(ratio) == counted


@pytest.mark.parametrize(
    ("objective", "ratio", "replies"),
    [(0.9, 0.5, 10), (0.8, 0.6, 10), (0.95, 0.25, 10), (0.5, 0.75, 12), (0.3, 0.85, 22), (0.05, 0.963, 100)],
)
def test_thresholds_of_usual_objectives(objective: float, ratio: float, replies: int) -> None:
    found = threshold(round(1 - objective, 6))
    assert found is not None
    assert (round(found.ratio, 9), found.replies) == (ratio, replies)


def policy(name: str, objective: float, *queues: str) -> Policy:
    chosen = frozenset(queues) if queues else None
    return Policy(name=name, first_response=MINUTE, objective=objective, queues=chosen)


def test_without_policies_of_their_own_all_queues_share_one_rule() -> None:
    assert by_queue(Settings()) == (Objective("", 900_000),)


def test_a_queue_is_held_to_the_smallest_objective_that_can_match_it() -> None:
    policies = policy("a", 0.95, "billing"), policy("b", 0.8, "billing", "returns"), policy("c", 0.9)
    found = by_queue(Settings(policies=policies))
    assert found == (Objective('queue=~"billing|returns",', 800_000), Objective('queue!~"billing|returns",', 900_000))


def test_queues_with_the_objective_of_all_others_are_not_named() -> None:
    policies = policy("a", 0.9, "billing"), policy("b", 0.7, "returns"), policy("c", 0.9)
    assert by_queue(Settings(policies=policies)) == (
        Objective('queue=~"returns",', 700_000),
        Objective('queue!~"returns",', 900_000),
    )


def test_a_queue_that_no_policy_matches_has_no_objective() -> None:
    settings = Settings(policies=(policy("a", 0.9, "billing"),), queues=("billing", "sales"))
    assert by_queue(settings) == (Objective('queue=~"billing",', 900_000),)


def test_a_queue_outside_of_the_list_counts_as_other() -> None:
    settings = Settings(policies=(policy("a", 0.9, "billing"), policy("b", 0.7, "secret")), queues=("billing",))
    assert by_queue(settings) == (Objective('queue=~"billing",', 900_000), Objective('queue!~"billing",', 700_000))


def test_names_of_queues_are_no_patterns() -> None:
    settings = Settings(policies=(policy("a", 0.9, 'a.b|"c"'),))
    assert by_queue(settings)[0].matcher == r'queue=~"a\\.b\\|\"c\"",'
