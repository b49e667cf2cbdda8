"""Do wall, workers and Prometheus agree, though numbers move while they are read?"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deskpulse.doctor.findings import Failed, Verdict
from deskpulse.doctor.numbers import Reading, agree, judge_numbers, queries, total, values_of
from tests.small_floor import NOW, small_floor

LEFT_OUT = Failed("left out")


def reading(workers: float, wall: float | None, prometheus: float | None = None) -> Reading:
    def one(value: float | None) -> Mapping[str, float] | Failed:
        return LEFT_OUT if value is None else {"open": value}

    return Reading({"open": workers}, one(wall), one(prometheus))


def verdicts(*readings: Reading) -> list[Verdict]:
    return [finding.verdict for finding in judge_numbers(readings, 11)]


def test_the_same_number_agrees_at_once() -> None:
    assert agree([reading(5, 5, 5)])
    assert verdicts(reading(5, 5, 5)) == [Verdict.OK, Verdict.OK]


def test_what_lags_behind_what_moves_agrees_when_the_workers_said_it_before() -> None:
    assert not agree([reading(5, 4)])
    assert agree([reading(5, 4), reading(7, 6)])
    assert verdicts(reading(5, 4), reading(7, 6)) == [Verdict.OK, Verdict.UNCHECKED]


def test_one_that_never_agreed_while_the_workers_stood_still_is_wrong_with_both_values() -> None:
    readings = [reading(5, 5, 4), reading(5, 5, 4)]
    assert not agree(readings)
    well, found = judge_numbers(readings, 11)
    assert well.verdict is Verdict.OK
    assert found.verdict is Verdict.WRONG
    assert found.seen == "open: 5 on the workers, 4 in Prometheus, 2 times within 11 s"


def test_one_that_moved_and_never_agreed_is_a_warning() -> None:
    found, _ = judge_numbers([reading(5, 1), reading(9, 2)], 11)
    assert found.verdict is Verdict.WARNING
    assert found.seen == "open: 5 to 9 on the workers, 1 to 2 in wall, 2 times; it moves"


def test_what_could_not_be_read_is_unchecked_and_ends_the_reading() -> None:
    assert agree([reading(5, None, None)])
    assert verdicts(reading(5, None, None)) == [Verdict.UNCHECKED] * 2
    assert verdicts(Reading(Failed("1 of 2 partitions"), {"open": 1}, {"open": 1})) == [Verdict.UNCHECKED] * 2
    assert [one.verdict for one in judge_numbers(Failed("no worker"), 0)] == [Verdict.UNCHECKED]


def test_numbers_of_workers_are_added_up() -> None:
    assert total([{"a": 1, "b": 2}, {"a": 3}]) == {"a": 4, "b": 2}


@pytest.mark.parametrize("window", ["1h", "90d", None])
def test_every_number_of_a_snapshot_has_a_query_of_the_same_name(window: str | None) -> None:
    found = values_of(small_floor().tickets.snapshot(NOW, (0, 1), 2), window)
    assert found.keys() == {name for name in queries(window) if "90d" not in name}
    assert found["open"] > 0
