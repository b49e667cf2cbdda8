"""The dice are the same on every machine, and their distributions are the ones they are named after."""

from __future__ import annotations

from statistics import fmean, median, pstdev

import pytest

from intake.simulator.dice import Choices, Dice
from metrics.instants import HOUR


def test_the_first_draws_of_a_seed_never_change() -> None:
    dice = Dice(1, "arrivals")
    assert [dice.below(1_000_000) for _ in range(4)] == [944174, 308882, 873821, 613922]
    assert (dice.exponential(), dice.normal(), dice.log_normal(60.0, 0.8)) == (
        0.13527917384831956,
        0.4880909247138331,
        108.75843096791196,
    )


def test_two_parts_of_one_seed_draw_apart() -> None:
    assert Dice(1, "arrivals").uniform() != Dice(1, "tickets").uniform()


def test_exponential_draws_have_mean_and_deviation_one() -> None:
    dice = Dice(2, "test")
    draws = [dice.exponential() for _ in range(20_000)]
    assert fmean(draws) == pytest.approx(1, abs=0.03)
    assert pstdev(draws) == pytest.approx(1, abs=0.03)
    assert sum(draw > 3 for draw in draws) / len(draws) == pytest.approx(0.0498, abs=0.006)


def test_normal_draws_have_mean_zero_and_deviation_one() -> None:
    dice = Dice(3, "test")
    draws = [dice.normal() for _ in range(20_000)]
    assert fmean(draws) == pytest.approx(0, abs=0.03)
    assert pstdev(draws) == pytest.approx(1, abs=0.03)


def test_a_log_normal_span_has_its_median_and_its_tail() -> None:
    dice = Dice(4, "test")
    draws = sorted(dice.span(HOUR, 1.0) for _ in range(20_000))
    assert median(draws) == pytest.approx(HOUR, rel=0.04)
    assert draws[int(0.9 * len(draws))] == pytest.approx(3.602 * HOUR, rel=0.06)
    assert draws[0] > 0


def test_choices_come_as_often_as_their_weights_say() -> None:
    dice, choices = Dice(5, "test"), Choices({"often": 3, "never": 0, "once": 1})
    draws = [dice.pick(choices) for _ in range(10_000)]
    assert draws.count("often") / len(draws) == pytest.approx(0.75, abs=0.02)
    assert "never" not in draws


def test_whole_numbers_stay_within_their_ends() -> None:
    dice = Dice(6, "test")
    assert {dice.between(2, 4) for _ in range(200)} == {2, 3, 4}
    assert {dice.below(3) for _ in range(200)} == {0, 1, 2}
