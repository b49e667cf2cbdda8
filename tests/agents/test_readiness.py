from __future__ import annotations

import asyncio

import pytest

from metrics.instants import SECOND
from stream.rim.readiness import Readiness, State, Summary

TOPICS = ("created", "replied")


@pytest.fixture
def readiness() -> Readiness:
    made = Readiness(TOPICS, total=8)
    made.assigned({0, 1}, generation=5)
    return made


def ends(value: int) -> dict[tuple[str, int], int]:
    return {(topic, number): value for topic in TOPICS for number in (0, 1)}


def ready_at(readiness: Readiness, end: int, now: int = 0) -> None:
    readiness.recovered()
    readiness.ends_seen(ends(end), now)
    readiness.judge(ends(end).get, now)
    assert readiness.caught_up


def test_before_an_assignment_nothing_is_ready_and_the_reason_is_told() -> None:
    readiness = Readiness(TOPICS, total=8)
    assert not readiness.caught_up
    readiness.hold("broker not reachable: 127.0.0.1:9092")
    assert readiness.summary() == Summary(8, 0, 0, 0, 0, "broker not reachable: 127.0.0.1:9092")


def test_a_recovering_partition_tells_how_far_it_is(readiness: Readiness) -> None:
    readiness.recovering(0, 900_000)
    readiness.recovering(0, 780_000)
    assert readiness.summary().reason == "recovering partition 0: 120,000 of 900,000"


def test_a_recovered_partition_is_not_ready_before_end_offsets_are_seen(readiness: Readiness) -> None:
    readiness.recovered()
    readiness.judge(ends(100).get, 0)
    assert [partition.state for partition in readiness.partitions.values()] == [State.CATCHING_UP] * 2


def test_a_partition_is_ready_when_every_topic_is_read_to_the_ends_seen_at_assignment(readiness: Readiness) -> None:
    readiness.recovered()
    readiness.ends_seen(ends(100), 0)
    readiness.judge({**ends(100), ("created", 1): 99}.get, 0)
    assert readiness.summary() == Summary(8, 2, 1, 1, 0, "catching up partition 1: 1 records to read")
    assert (readiness.is_ready(0), readiness.is_ready(1)) == (True, False)
    readiness.judge(ends(100).get, SECOND)
    assert readiness.summary() == Summary(8, 2, 2, 0, 0, None)


def test_a_partition_that_still_recovers_is_not_ready_whatever_is_read(readiness: Readiness) -> None:
    readiness.ends_seen(ends(0), 0)
    readiness.judge(ends(0).get, 0)
    assert readiness.summary().recovering == 2


def test_records_that_came_after_the_assignment_do_not_delay_readiness(readiness: Readiness) -> None:
    readiness.recovered()
    readiness.ends_seen(ends(100), 0)
    readiness.ends_seen(ends(500), SECOND)
    readiness.judge(ends(100).get, 2 * SECOND)
    assert readiness.caught_up


def test_a_position_below_the_end_of_60_seconds_ago_is_catching_up_again(readiness: Readiness) -> None:
    ready_at(readiness, 100)
    readiness.ends_seen(ends(150), 5 * SECOND)
    readiness.ends_seen(ends(150), 64 * SECOND)
    readiness.judge(ends(149).get, 64 * SECOND)
    assert readiness.caught_up, "59 s is not 60"
    readiness.judge(ends(149).get, 65 * SECOND)
    assert readiness.summary().reason == "catching up partition 0: 2 records to read"
    readiness.judge(ends(150).get, 66 * SECOND)
    assert readiness.caught_up


def test_without_a_broker_nothing_is_ready_and_after_60_seconds_no_partition_is_believed(readiness: Readiness) -> None:
    ready_at(readiness, 100)
    readiness.blind = "broker not reachable: 127.0.0.1:9092"
    readiness.judge(ends(100).get, 60 * SECOND)
    told = "broker not reachable: 127.0.0.1:9092"
    assert (readiness.is_ready(0), readiness.caught_up, readiness.summary().reason) == (True, False, told)
    readiness.judge(ends(100).get, 61 * SECOND)
    assert (readiness.is_ready(0), readiness.caught_up, readiness.summary().reason) == (False, False, told)
    readiness.blind = None
    readiness.ends_seen(ends(100), 62 * SECOND)
    readiness.judge(ends(100).get, 62 * SECOND)
    assert readiness.caught_up


def test_a_new_assignment_starts_from_the_beginning(readiness: Readiness) -> None:
    ready_at(readiness, 100)
    readiness.assigned({1, 2}, generation=6)
    assert [(partition.number, partition.generation) for partition in readiness.partitions.values()] == [(1, 6), (2, 6)]
    assert not readiness.caught_up
    assert readiness.lacks_targets()


def test_a_worker_without_partitions_is_ready() -> None:
    readiness = Readiness(TOPICS, total=8)
    readiness.assigned(set(), generation=1)
    assert readiness.caught_up
    assert readiness.summary() == Summary(8, 0, 0, 0, 0, None)


async def test_waiting_ends_when_all_is_ready_and_begins_again_with_a_rebalance(readiness: Readiness) -> None:
    waiting = asyncio.create_task(readiness.wait_ready())
    ready_at(readiness, 100)
    await waiting
    readiness.hold("rebalancing")
    again = asyncio.create_task(readiness.wait_ready())
    await asyncio.wait([again], timeout=0)
    assert not again.done()
    again.cancel()
