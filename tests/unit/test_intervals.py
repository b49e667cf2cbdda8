"""95 % intervals held to the published figures of KPIS, to a printed t table, and to their own limits."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.intervals import mean_of, net_promoter, newcombe, t_quantile, wilson

SEARCH = settings(max_examples=60, deadline=None)

#: The 0.975 quantiles of Student's t, as printed in any table.
PRINTED = {
    1: 12.706205, 2: 4.302653, 3: 3.182446, 4: 2.776445, 5: 2.570582, 6: 2.446912, 7: 2.364624, 8: 2.306004,
    9: 2.262157, 10: 2.228139, 11: 2.200985, 12: 2.178813, 13: 2.160369, 14: 2.144787, 15: 2.131450, 16: 2.119905,
    17: 2.109816, 18: 2.100922, 19: 2.093024, 20: 2.085963, 25: 2.059539, 30: 2.042272, 40: 2.021075, 60: 2.000298,
    120: 1.979930, 1_000: 1.962339,
}  # fmt: skip


def percent(bounds: tuple[float, float] | None) -> tuple[float, float]:
    assert bounds is not None
    return 100 * bounds[0], 100 * bounds[1]


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (80, 100, 71.12, 86.66),
        (960, 1200, 77.64, 82.17),
        (9, 10, 59.58, 98.21),
        (3, 3, 43.85, 100),
        (4, 5, 37.55, 96.38),
        (0, 5, 0, 43.45),
    ],
)
def test_wilson_bounds_are_the_published_ones(successes: int, n: int, low: float, high: float) -> None:
    assert percent(wilson(successes, n)) == pytest.approx((low, high), abs=0.005)


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "low", "high"),
    [
        (50, 30, 20, 14.05, 44.20),
        (5, 3, 2, -19.05, 65.20),
        (3, 0, 0, -6.58, 100),
        (500, 300, 200, 25.08, 34.74),
    ],
)
def test_adjusted_wald_bounds_are_the_published_ones(
    promoters: int, passives: int, detractors: int, low: float, high: float
) -> None:
    bounds = net_promoter(promoters, detractors, promoters + passives + detractors)
    assert bounds == pytest.approx((low, high), abs=0.005)


#: Newcombe (1998), table II, method 10: the hybrid score interval.
DIFFERENCES = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), DIFFERENCES)
def test_newcombes_bounds_of_a_difference_are_the_published_ones(
    a: int, m: int, b: int, n: int, low: float, high: float
) -> None:
    assert newcombe(a, m, b, n) == pytest.approx((low, high), abs=0.00005)
    assert newcombe(b, n, a, m) == pytest.approx((-high, -low), abs=0.00005)


def test_students_bounds_of_ten_scores_are_the_published_ones() -> None:
    scores = [5, 5, 4, 4, 4, 3, 3, 2, 1, 1]
    assert mean_of(Counter(scores)) == pytest.approx((2.14, 4.26), abs=0.005)


@pytest.mark.parametrize("freedom", PRINTED)
def test_t_quantiles_are_those_of_the_printed_table(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(PRINTED[freedom], abs=5e-7)


def test_t_quantiles_fall_towards_the_normal_one() -> None:
    found = [t_quantile(freedom) for freedom in (*range(1, 200), 1_000, 10_000, 100_000, 1_000_000)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(1.959964, abs=5e-6)


def test_without_answers_there_are_no_bounds() -> None:
    assert wilson(0, 0) is None
    assert net_promoter(0, 0, 0) is None
    assert newcombe(0, 0, 3, 4) is None
    assert newcombe(3, 4, 0, 0) is None
    assert mean_of({}) is None
    assert mean_of({4: 1}) is None


def test_equal_answers_have_students_bounds_of_no_width() -> None:
    assert mean_of({4: 2}) == (4, 4)
    assert mean_of({7: 1_000}) == (7, 7)


@SEARCH
@given(st.integers(1, 10**6), st.data())
def test_wilson_bounds_hold_the_share_and_stay_between_zero_and_one(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = wilson(successes, n) or (math.nan, math.nan)
    assert 0 <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= 1
    mirrored = wilson(n - successes, n)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@SEARCH
@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_net_promoter_bounds_stay_on_the_scale_and_turn_with_the_answers(
    promoters: int, passives: int, detractors: int
) -> None:
    n = promoters + passives + detractors
    bounds = net_promoter(promoters, detractors, n)
    assert (bounds is None) == (n == 0)
    if bounds is not None:
        assert -100 <= bounds[0] < bounds[1] <= 100
        assert net_promoter(detractors, promoters, n) == pytest.approx((-bounds[1], -bounds[0]), abs=1e-9)


@SEARCH
@given(st.lists(st.integers(1, 7), min_size=2, max_size=60), st.integers(-(10**9), 10**9))
def test_students_bounds_lie_around_the_mean_and_move_with_the_scores(scores: list[int], shift: int) -> None:
    low, high = mean_of(Counter(scores)) or (math.nan, math.nan)
    mean = math.fsum(scores) / len(scores)
    assert (low + high) / 2 == pytest.approx(mean, abs=1e-9)
    moved = mean_of(Counter(score + shift for score in scores))
    assert moved == pytest.approx((low + shift, high + shift), rel=1e-12, abs=1e-6)
    variance = math.fsum((score - mean) ** 2 for score in scores) / (len(scores) - 1)
    assert (high - low) / 2 == pytest.approx(t_quantile(len(scores) - 1) * math.sqrt(variance / len(scores)), abs=1e-9)


def test_more_answers_of_the_same_mix_have_narrower_bounds() -> None:
    widths = [[high - low for low, high in _bounds_of(factor)] for factor in (1, 10, 100, 10_000)]
    assert all(sorted(column, reverse=True) == list(column) for column in zip(*widths, strict=True))


def _bounds_of(factor: int) -> list[tuple[float, float]]:
    found = [
        wilson(3 * factor, 5 * factor),
        net_promoter(3 * factor, factor, 5 * factor),
        mean_of({2: 2 * factor, 4: 3 * factor}),
    ]
    return [bounds for bounds in found if bounds is not None]
