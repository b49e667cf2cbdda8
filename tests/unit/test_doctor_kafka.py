"""What a doctor says of Kafka, fact by fact: broker, topics, lag, members."""

from __future__ import annotations

import msgspec
import pytest

from deskpulse.doctor.findings import Failed, Finding, Verdict
from deskpulse.doctor.kafka import judge_broker, judge_lag, judge_members, judge_topics
from stream.rim.examining import BrokerSeen, GroupSeen, OffsetsSeen, TopicSeen
from stream.rim.preflight import LATE_LIMIT, topic_configs
from stream.rim.settings import RimSettings

SETTINGS = RimSettings(partitions=4, replication=3)
CHANGELOG = SETTINGS.changelog


def topic(name: str, partitions: int = 4, **changes: object) -> TopicSeen:
    told = {"compression.type": "producer", LATE_LIMIT: "9223372036854775807"} | topic_configs(SETTINGS, name)
    return msgspec.structs.replace(TopicSeen(partitions, 3, (), (), told), **changes)


def cluster(**topics: TopicSeen | None) -> BrokerSeen:
    found = {name: topic(name) for name in SETTINGS.all_topics} | {
        name.replace("_", "-"): seen for name, seen in topics.items()
    }
    return BrokerSeen(("a:9092", "b:9092", "c:9092"), {name: seen for name, seen in found.items() if seen is not None})


def only(found: list[Finding]) -> Finding:
    (one,) = found
    return one


def with_settings(name: str, **changes: str) -> BrokerSeen:
    told = dict(topic(name).settings or {}) | {key.replace("_", "."): value for key, value in changes.items()}
    return cluster(**{name: topic(name, settings=told)})


class TestBroker:
    def test_one_that_answers_is_well_and_told_by_its_age(self) -> None:
        assert judge_broker(cluster(), SETTINGS).seen == "3 brokers (a:9092, b:9092, c:9092), Kafka 3.6 or newer"

    def test_an_old_one_is_told(self) -> None:
        old = cluster(**{CHANGELOG: topic(CHANGELOG, settings={"compression.type": "producer"})})
        assert "older than Kafka 3.6" in judge_broker(old, SETTINGS).seen

    def test_none_that_answers_is_wrong_and_leaves_the_rest_unchecked(self) -> None:
        gone = Failed("broker not reachable: a:9092")
        found = judge_broker(gone, SETTINGS)
        assert (found.verdict, found.seen) == (Verdict.WRONG, "broker not reachable: a:9092")
        assert only(judge_topics(gone, SETTINGS)).verdict is Verdict.UNCHECKED

    def test_fewer_brokers_than_copies_are_a_warning(self) -> None:
        found = judge_broker(BrokerSeen(("a:9092",), {}), SETTINGS)
        assert found.verdict is Verdict.WARNING
        assert "3 copies are configured" in (found.next_step or "")


class TestTopics:
    def test_what_topics_create_makes_is_well(self) -> None:
        found = only(judge_topics(cluster(), SETTINGS))
        assert (found.verdict, found.seen) == (Verdict.OK, "8 topics, 4 partitions and 3 replicas each")

    def test_dead_letters_may_have_another_count(self) -> None:
        assert only(judge_topics(cluster(support_dead_letters=topic("x", 1)), SETTINGS)).verdict is Verdict.OK

    def test_a_broker_that_tells_no_settings_is_said(self) -> None:
        found = judge_topics(cluster(**{CHANGELOG: topic(CHANGELOG, settings=None)}), SETTINGS)
        assert only(found).seen.endswith("; no settings are told")

    @pytest.mark.parametrize(
        ("seen", "verdict", "told", "step"),
        [
            (cluster(ticket_resolved=None), Verdict.WRONG, "ticket-resolved does not exist", "topics create"),
            (cluster(ticket_changed=topic("x", 2)), Verdict.WRONG, "ticket-changed has 2 partitions", "docs/doctor.md"),
            (
                cluster(ticket_changed=topic("ticket-changed", without_leader=(1, 3))),
                Verdict.WRONG, "partitions 1, 3 have no leader", "Start their broker",
            ),
            (
                cluster(ticket_changed=topic("ticket-changed", out_of_sync=(2,))),
                Verdict.WARNING, "copies of partitions 2 are behind", "Look after the brokers",
            ),
            (
                cluster(ticket_changed=topic("ticket-changed", replication=1)),
                Verdict.WARNING, "has 1 replica, [broker] replication is 3", "kafka-reassign-partitions.sh",
            ),
            (
                with_settings("ticket-created", cleanup_policy="compact"),
                Verdict.WRONG, "cleanup.policy=compact: events of a ticket would go", "cleanup.policy=delete",
            ),
            (
                with_settings(CHANGELOG, cleanup_policy="delete"),
                Verdict.WRONG, "old states would be deleted", "--add-config cleanup.policy=compact",
            ),
            (
                with_settings("ticket-created", retention_ms="1000"),
                Verdict.WARNING, "retention.ms=1000, less than 5356800000", "retention.ms=5356800000",
            ),
            (
                with_settings(CHANGELOG, **{LATE_LIMIT: "60000"}),
                Verdict.WARNING, "takes appends that are 60000 ms late", f"{LATE_LIMIT}=5000",
            ),
        ],
    )  # fmt: skip
    def test_a_fault_is_named_with_the_next_step(
        self, seen: BrokerSeen, verdict: Verdict, told: str, step: str
    ) -> None:
        found = only(judge_topics(seen, SETTINGS))
        assert found.verdict is verdict
        assert told in found.seen
        assert step in (found.next_step or "")

    def test_what_is_the_same_with_several_topics_is_told_once(self) -> None:
        seen = cluster(
            ticket_changed=topic("ticket-changed", replication=1),
            ticket_created=topic("ticket-created", settings={"min.insync.replicas": "1"}),
            ticket_resolved=topic("ticket-resolved", replication=1, settings={"min.insync.replicas": "1"}),
        )
        copies, in_sync = sorted(judge_topics(seen, SETTINGS), key=lambda one: "min" in one.seen)
        each = "each of ticket-resolved, ticket-changed has 1 replica, [broker] replication is 3"
        assert (copies.verdict, copies.seen) == (Verdict.WARNING, each)
        assert in_sync.seen.startswith("each of ticket-created, ticket-resolved has min.insync.replicas=1")
        assert "--entity-name TOPIC --add-config min.insync.replicas=2" in (in_sync.next_step or "")

    def test_what_is_kept_for_ever_is_kept_long_enough(self) -> None:
        assert only(judge_topics(with_settings("ticket-created", retention_ms="-1"), SETTINGS)).verdict is Verdict.OK


def offsets(end: int, committed: int | None, begin: int = 0) -> OffsetsSeen:
    place = ("ticket-created", 2)
    return OffsetsSeen({place: begin}, {place: end}, {place: committed})


class TestLag:
    def test_nothing_to_read_is_well(self) -> None:
        found = only(judge_lag([offsets(5, 5), offsets(5, 5)], 3))
        assert (found.verdict, found.seen) == (Verdict.OK, "0 records to read in 1 partition")

    def test_an_end_that_is_behind_the_commit_is_no_lag(self) -> None:
        assert only(judge_lag([offsets(4, 5), offsets(4, 5)], 3)).seen.startswith("0 records")

    def test_lag_that_moves_is_well(self) -> None:
        found = only(judge_lag([offsets(50, 5), offsets(60, 20)], 3))
        assert (found.verdict, found.seen) == (Verdict.OK, "40 records to read in 1 partition, and it moves")

    def test_what_came_within_the_look_is_no_standstill(self) -> None:
        assert only(judge_lag([offsets(5, 5), offsets(9, 5)], 3)).verdict is Verdict.OK

    def test_lag_that_does_not_move_is_wrong(self) -> None:
        found = only(judge_lag([offsets(50, 5), offsets(50, 5)], 3))
        assert (found.verdict, found.seen) == (
            Verdict.WRONG, "ticket-created 2: 45 records to read, and none was in 3 s",
        )  # fmt: skip

    def test_records_that_went_before_they_were_read_are_wrong(self) -> None:
        found = only(judge_lag([offsets(50, 5, begin=20), offsets(50, 50, begin=60)], 3))
        assert found.seen == "ticket-created 2: 10 records went before they were read"

    def test_a_group_that_never_committed_is_wrong_where_there_is_anything(self) -> None:
        assert only(judge_lag([offsets(5, None)] * 2, 3)).seen == "no worker has ever committed an offset"
        assert only(judge_lag([offsets(0, None)] * 2, 3)).verdict is Verdict.OK

    def test_offsets_that_could_not_be_had_are_unchecked(self) -> None:
        assert judge_lag(Failed("no broker answers"), 3) == [
            Finding("lag", Verdict.UNCHECKED, "no broker answers"),
        ]


@pytest.mark.parametrize(
    ("group", "answering", "verdict"),
    [
        (GroupSeen("Stable", ("a", "b")), 2, Verdict.OK),
        (GroupSeen("Stable", ("a", "b")), 1, Verdict.WRONG),
        (GroupSeen("Stable", ("a",)), 2, Verdict.WARNING),
        (GroupSeen("PreparingRebalance", ("a", "b")), 2, Verdict.WARNING),
        (GroupSeen("Empty", ()), 0, Verdict.WRONG),
        (GroupSeen("Stable", ("a", "b")), None, Verdict.UNCHECKED),
        (Failed("not told"), 2, Verdict.UNCHECKED),
    ],
)
def test_members_are_held_against_workers_that_answer(
    group: GroupSeen | Failed, answering: int | None, verdict: Verdict
) -> None:
    found = judge_members(group, answering)
    assert found.verdict is verdict
    assert (found.next_step is None) == (verdict in {Verdict.OK, Verdict.UNCHECKED})
