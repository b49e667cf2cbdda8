"""What a doctor says of workers, board, Redis and clocks, fact by fact."""

from __future__ import annotations

import msgspec
import pytest

from deskpulse.doctor.asking import Told
from deskpulse.doctor.findings import Failed, Finding, Verdict
from deskpulse.doctor.processes import (
    Answer,
    Clock,
    ProcessSeen,
    judge_board,
    judge_clocks,
    judge_mirror,
    judge_redis,
    judge_workers,
)
from metrics.instants import SECOND
from mirror.store import Entry, Held, RedisSeen

READY = Answer(200, {"ready": True, "reason": None, "shows": "all workers"})
HEALTHY = Answer(200, {"healthy": True})
WELL = ProcessSeen("one", "http://one:6066", READY, HEALTHY, 0.4)
AT_MS = 1_000_000


def held(partition: int, ago_ms: int = 250, version: str = "3") -> Held:
    return Held(Entry(partition, 1, 0, b""), "one", version, AT_MS - ago_ms)


def redis(*documents: Held, policy: str = "noeviction") -> RedisSeen:
    return RedisSeen("7.0.15", policy, AT_MS, {one.entry.partition: one for one in documents}, ())


def only(found: list[Finding]) -> Finding:
    (one,) = found
    return one


class TestWorkers:
    def test_those_that_are_ready_are_one_line(self) -> None:
        found = only(judge_workers([WELL, msgspec.structs.replace(WELL, name="two")]))
        assert (found.verdict, found.seen) == (Verdict.OK, "ready: one at http://one:6066, two at http://one:6066")

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"ready": Failed("refused"), "seconds_ago": 42.0}, "does not answer (refused), and wrote 42 s ago"),
            ({"ready": Answer(503, {"reason": "rebalancing"})}, "is not ready: rebalancing"),
            ({"ready": Answer(502, None)}, "is not ready: HTTP 502"),
            ({"healthy": Answer(503, {"error": "the changelog took no append"})}, "is ending: the changelog took no"),
        ],
    )  # fmt: skip
    def test_one_that_is_not_well_is_named_beside_the_others(self, changes: dict[str, object], told: str) -> None:
        well, found = judge_workers([WELL, msgspec.structs.replace(WELL, **changes)])
        assert (well.verdict, found.verdict) == (Verdict.OK, Verdict.WRONG)
        assert told in found.seen
        assert found.next_step

    def test_none_is_wrong_and_unknown_is_unchecked(self) -> None:
        assert only(judge_workers([])).verdict is Verdict.WRONG
        assert only(judge_workers(Failed("Redis does not answer"))).verdict is Verdict.UNCHECKED


class TestBoard:
    def test_one_that_is_ready_says_whose_partitions_it_shows(self) -> None:
        assert judge_board(WELL).seen == "ready at http://one:6066, shows all workers"

    @pytest.mark.parametrize(
        ("ready", "told"),
        [
            (Failed("Connection refused"), "http://one:6066 does not answer (Connection refused)"),
            (Answer(503, {"reason": "Redis cannot be asked"}), "http://one:6066 is not ready: Redis cannot be asked"),
        ],
    )
    def test_one_that_is_not_is_wrong(self, ready: Answer | Failed, told: str) -> None:
        found = judge_board(msgspec.structs.replace(WELL, ready=ready))
        assert (found.verdict, found.seen) == (Verdict.WRONG, told)

    def test_one_that_is_left_out_is_unchecked(self) -> None:
        assert judge_board(None).verdict is Verdict.UNCHECKED


class TestRedis:
    def test_it_must_not_throw_documents_away(self) -> None:
        assert judge_redis(redis()).verdict is Verdict.OK
        found = judge_redis(redis(policy="allkeys-lru"))
        assert found.verdict is Verdict.WARNING
        assert "noeviction" in (found.next_step or "")

    def test_none_is_no_fault_and_one_that_does_not_answer_is(self) -> None:
        assert judge_redis(None).verdict is Verdict.UNCHECKED
        assert judge_redis(Failed("Connection refused")).verdict is Verdict.WRONG
        assert {one.verdict for seen in (None, Failed("gone")) for one in judge_mirror(seen, 2, "3")} == {
            Verdict.UNCHECKED
        }

    def test_fresh_documents_of_all_partitions_are_well(self) -> None:
        found = only(judge_mirror(redis(held(0), held(1, 900)), 2, "3"))
        assert (found.verdict, found.seen) == (Verdict.OK, "2 partitions, the oldest written 0.9 s ago")

    @pytest.mark.parametrize(
        ("seen", "told"),
        [
            (redis(held(1)), "1 of 2 partitions are missing: 0"),
            (redis(held(0), held(1, 3_100)), "old documents of partitions 1 (3 s)"),
            (redis(held(0), held(1, version="2")), "documents of version 2, not 3"),
        ],
    )
    def test_what_is_missing_old_or_of_another_release_is_wrong(self, seen: RedisSeen, told: str) -> None:
        found = only(judge_mirror(seen, 2, "3"))
        assert (found.verdict, found.seen) == (Verdict.WRONG, told)
        assert found.next_step


class TestClocks:
    @pytest.mark.parametrize(
        ("ahead", "verdict"),
        [(0.9, Verdict.OK), (1.1, Verdict.WARNING), (-1.1, Verdict.WARNING), (-2.1, Verdict.WRONG)],
    )  # fmt: skip
    def test_the_limits_are_a_second_and_a_fifth_of_the_session(self, ahead: float, verdict: Verdict) -> None:
        assert only(judge_clocks([Clock("Redis", ahead)], 10.0)).verdict is verdict

    def test_one_that_differs_says_in_which_direction(self) -> None:
        assert only(judge_clocks([Clock("Redis", -90.0)], 10.0)).seen == "Redis is 90.0 s behind this host"
        assert only(judge_clocks([Clock("Redis", 90.0)], 10.0)).seen == "Redis is 90.0 s ahead of this host"

    def test_no_clock_is_unchecked(self) -> None:
        assert only(judge_clocks([], 10.0)).verdict is Verdict.UNCHECKED

    @pytest.mark.parametrize(("at", "ahead"), [(99, -1), (100, 0), (103, 0), (104, 0), (106, 2)])
    def test_within_the_time_of_an_answer_nothing_can_be_told(self, at: int, ahead: float) -> None:
        told = Told(200, None, 100 * SECOND, 104 * SECOND, None)
        assert told.ahead_seconds(at * SECOND, at * SECOND) == ahead
