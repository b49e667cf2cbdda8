"""Kaplan-Meier and nearest-rank percentiles over log buckets, by hand and against sorted lists."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.columns import ints
from metrics.measures import buckets_of
from metrics.survival import nearest_rank, quantiles
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND

SEARCH = settings(max_examples=100, deadline=None)
BOTH = (0.5, 0.1)

#: So far apart that no two share a bucket or stand in another order.
APART = tuple(round(MINUTE * 1.05**step) for step in range(120))


def buckets(durations: list[int]) -> dict[int, int]:
    return Counter(buckets_of(ints(list(durations))).tolist())


def curve(answered: list[int], censored: list[int]) -> list[float | None]:
    """p50 and p90 in minutes."""
    found = quantiles(buckets(answered), buckets(censored), BOTH)
    return [None if value is None else value / 60 for value in found]


def near(*minutes: float | None) -> list[Any]:
    return [None if value is None else pytest.approx(value, rel=0.01) for value in minutes]


def test_without_censoring_the_percentiles_are_those_of_the_answers() -> None:
    answers = [minutes * MINUTE for minutes in (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)]
    assert curve(answers, []) == near(50, 90)


def test_five_tickets_by_hand() -> None:
    # minutes 10 20+ 30 40+ 50; S(10) = 4/5, S(30) = 4/5 · 2/3 = 0.53, S(50) = 0
    assert curve([10 * MINUTE, 30 * MINUTE, 50 * MINUTE], [20 * MINUTE, 40 * MINUTE]) == near(50, 50)


def test_a_curve_that_stops_at_exactly_one_half_has_a_median() -> None:
    # minutes 10 20 30+ 40+; S(20) = 1/2
    assert curve([10 * MINUTE, 20 * MINUTE], [30 * MINUTE, 40 * MINUTE]) == near(20, None)


@pytest.mark.parametrize("n", [10, 30, 70, 90, 1_000])
def test_a_share_of_exactly_a_tenth_is_reached_however_it_was_multiplied(n: int) -> None:
    # one answer in each bucket; nine tenths of all, and one less
    nine_tenths = n * 9 // 10
    enough = dict.fromkeys(range(1, nine_tenths + 1), 1)
    assert quantiles(enough, {5_000: n - nine_tenths}, BOTH)[1] is not None
    too_few = dict.fromkeys(range(1, nine_tenths), 1)
    assert quantiles(too_few, {5_000: n - nine_tenths + 1}, BOTH)[1] is None


def test_an_answer_comes_before_a_censoring_of_the_same_duration() -> None:
    # minutes 10 10+: two at risk when the answer comes, S = 1/2; the other way round S would be 0
    assert curve([10 * MINUTE], [10 * MINUTE]) == near(10, None)


def test_the_waiting_ones_push_the_median_up_and_in_the_end_away() -> None:
    answers = [10 * MINUTE, 20 * MINUTE, 30 * MINUTE]
    assert curve(answers, []) == near(20, 30)
    assert curve(answers, [DAY]) == near(20, None)
    assert curve(answers, [DAY] * 2) == near(30, None)
    assert curve(answers, [DAY] * 4) == [None, None]


def test_those_that_left_before_the_first_answer_do_not_count() -> None:
    assert curve([10 * MINUTE, 20 * MINUTE], [MINUTE] * 50) == near(10, 20)


def test_nobody_answered_and_nobody_at_all_have_no_value() -> None:
    assert curve([], [HOUR, DAY]) == [None, None]
    assert curve([], []) == [None, None]
    assert nearest_rank({}, (50, 90)) == [None, None]


def test_an_answer_at_once_is_a_valid_zero() -> None:
    assert curve([0, 0, 0], [DAY]) == [0, None]
    assert nearest_rank(buckets([0, 0, HOUR]), (50, 90)) == [0, pytest.approx(3600, rel=0.01)]


@pytest.mark.parametrize(
    ("n", "p50", "p90"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 2, 4), (9, 5, 9), (10, 5, 9), (11, 6, 10), (100, 50, 90)]
)
def test_nearest_rank_is_the_smallest_value_that_the_share_does_not_exceed(n: int, p50: int, p90: int) -> None:
    values = [round(MINUTE * 1.05**rank) for rank in range(1, n + 1)]
    found = nearest_rank(buckets(values), (50, 90))
    assert found == [pytest.approx(values[rank - 1] / SECOND, rel=0.01) for rank in (p50, p90)]


@SEARCH
@given(st.lists(st.integers(0, 90 * DAY), min_size=1, max_size=80))
def test_percentiles_are_within_one_percent_of_the_sorted_list(durations: list[int]) -> None:
    ranked = sorted(durations)
    for percent, found in zip((50, 90), nearest_rank(buckets(durations), (50, 90)), strict=True):
        exact = ranked[-(-percent * len(ranked) // 100) - 1]
        assert found is not None
        assert abs(found * SECOND - exact) <= exact / 100


@SEARCH
@given(st.lists(st.sampled_from(APART), max_size=40), st.lists(st.sampled_from(APART), max_size=40))
def test_the_curve_is_that_of_exact_fractions(answered: list[int], censored: list[int]) -> None:
    found = quantiles(buckets(answered), buckets(censored), BOTH)
    for level, value in zip((Fraction(1, 2), Fraction(1, 10)), found, strict=True):
        exact = _exactly(answered, censored, level)
        assert (value is None) == (exact is None)
        if value is not None and exact is not None:
            assert value == pytest.approx(exact / SECOND, rel=0.01)


def _exactly(answered: list[int], censored: list[int], level: Fraction) -> int | None:
    """Product-limit estimate by its definition, with nothing kept from one duration to the next."""
    everyone = answered + censored
    survival = Fraction(1)
    for duration in sorted(set(answered)):
        at_risk = sum(1 for other in everyone if other >= duration)
        survival *= 1 - Fraction(answered.count(duration), at_risk)
        if survival <= level:
            return duration
    return None
