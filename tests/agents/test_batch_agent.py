"""The agent on a producer that only remembers: what is sent, in which order, and what a fault leaves uncounted."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata, TopicPartition

from stream.records import Records
from stream.rim.agents import BatchAgent, Pulse, StopWorkerError, partition_of
from stream.rim.changelog import append
from stream.rim.offsets import Offsets
from stream.rim.ownership import Ownership
from stream.rim.settings import Hooks, RimSettings
from tests.contracts.key_sets import EXPIRED, AllKeySets

TOPIC = "ticket-created"


class RememberingProducer:
    """Acknowledges at once, as a broker would; or fails, where told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int | None, int]] = []  # topic, partition, records
        self.letters: list[tuple[bytes | None, list[tuple[str, bytes]]]] = []
        self.error: Exception | None = None
        self.largest_letter = 10_000

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(1_000, 0, is_transactional=0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[RecordMetadata]:
        first = sum(records for _, _, records in self.sent)
        self.sent.append((topic, partition, batch.record_count()))
        return self._acknowledged(topic, partition, first)

    async def send(self, topic: str, value: bytes | None, **rest: Any) -> asyncio.Future[RecordMetadata]:
        if value is not None and len(value) > self.largest_letter:
            raise MessageSizeTooLargeError
        self.sent.append((topic, None, 1))
        self.letters.append((value, rest["headers"]))
        return self._acknowledged(topic, 0, 0)

    def _acknowledged(self, topic: str, partition: int, offset: int) -> asyncio.Future[RecordMetadata]:
        future = asyncio.get_running_loop().create_future()
        if self.error is None:
            tp = TopicPartition(topic, partition)
            future.set_result(RecordMetadata(topic, partition, tp, offset, None, 0, None))
        else:
            future.set_exception(self.error)
        return future


class Desk:
    """An agent with partition 0, ready to work."""

    def __init__(self, settings: RimSettings) -> None:
        self.why: list[str] = []
        self.applied: list[Records] = []
        hooks = Hooks(on_applied=lambda records, _: self.applied.append(records), on_fatal=self.why.append)
        self.core, self.offsets, self.producer = AllKeySets(), Offsets(), RememberingProducer()
        self.ownership = Ownership(self.core)
        self.ownership.assign({0})
        self.offsets.accepting = True
        self.agent = BatchAgent(settings, hooks, self.ownership, self.offsets)

    async def work(self, *values: bytes, partition: int = 0, fetched: bool = True) -> None:
        """One batch of these values; returns when the agent is through or stands still."""
        count = len(values)
        records = Records(
            TOPIC, partition, list(range(count)), [0] * count, [b"T-%d" % n for n in range(count)], [*values]
        )
        if fetched:
            self.offsets.fetched((TOPIC, partition), [count - 1])
        await self.until_still(self.agent.work(records, self.producer))

    async def until_still(self, work: Any) -> None:
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.agent.stopped.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (task, stopped):
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting


@pytest.fixture
def settings(tmp_path: Path) -> RimSettings:
    return RimSettings(dead_letters_over=4, partitions=4)


@pytest.fixture
async def desk(settings: RimSettings) -> Desk:
    return Desk(settings)


async def test_changes_are_appended_before_dead_letters_are_sent(desk: Desk) -> None:
    await desk.work(b"v", b"bad")
    assert desk.producer.sent == [("deskpulse-tickets-changelog", 0, 1), ("support-dead-letters", None, 1)]
    assert desk.offsets.position((TOPIC, 0)) == 2
    assert len(desk.applied) == 1


async def test_a_batch_that_changes_nothing_appends_nothing(desk: Desk) -> None:
    await desk.work(b"bad")
    assert [topic for topic, _, _ in desk.producer.sent] == ["support-dead-letters"]


async def test_the_changelog_offset_is_that_of_the_last_record_appended(desk: Desk) -> None:
    await desk.work(*[b"v" * 100] * 20)
    assert len(desk.producer.sent) > 1, "twenty states should not fit into one batch of 1,000 bytes"
    assert desk.ownership.changelog_offset(0) == 19


async def test_a_batch_of_a_partition_that_is_not_ours_any_more_is_left_alone(desk: Desk) -> None:
    await desk.work(b"v", partition=3)
    assert (desk.producer.sent, desk.agent.failed) == ([], None)


async def test_no_batch_begins_after_the_partitions_were_taken_away(desk: Desk) -> None:
    desk.offsets.accepting = False
    await desk.work(b"v")
    assert (desk.producer.sent, desk.agent.failed) == ([], None)


async def test_a_refused_append_leaves_the_batch_unread_and_stops_the_worker(desk: Desk) -> None:
    desk.producer.error = KafkaTimeoutError()
    await desk.work(b"v")
    assert desk.why == ["the changelog deskpulse-tickets-changelog 0 took no append: KafkaTimeoutError()"]
    assert desk.offsets.position((TOPIC, 0)) is None
    assert desk.applied == []


async def test_a_fault_of_the_core_names_the_batch_and_stops_the_worker(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.work(b"v", b"boom")
    assert desk.why == [f"processing {TOPIC} 0, offsets 0 to 1, failed: RuntimeError('the core is at fault')"]
    assert desk.producer.sent == []
    assert "the core is at fault" in caplog.text


async def test_a_lost_batch_stops_the_worker(desk: Desk) -> None:
    desk.offsets.fetched((TOPIC, 0), [7])
    await desk.work(b"v", fetched=False)
    assert desk.why == [f"a batch of {TOPIC} 0 was lost: expected the one that ends at 7, got 0"]


async def test_too_many_refusals_stop_the_worker_before_any_of_the_batch_is_a_dead_letter(desk: Desk) -> None:
    await desk.work(b"bad", b"bad", b"bad", b"bad")
    assert len(desk.why) == 1
    assert desk.producer.letters == []


async def test_only_the_first_fault_is_told(desk: Desk) -> None:
    desk.agent.fail("first")
    desk.agent.fail("second")
    assert desk.why == ["first"]


async def test_a_dead_letter_too_large_for_its_topic_goes_without_its_value(desk: Desk) -> None:
    desk.producer.largest_letter = 2
    await desk.work(b"bad")
    [(value, headers)] = desk.producer.letters
    assert value is None
    assert ("value-left-out", b"3 bytes") in headers


async def test_expired_keys_become_tombstones(desk: Desk) -> None:
    await desk.work(b"v", EXPIRED.encode())
    owned = desk.ownership.get(0)
    assert owned is not None
    await desk.agent.expire(owned, desk.producer)
    assert desk.agent.counts.tombstones == 1
    assert desk.producer.sent[-1] == ("deskpulse-tickets-changelog", 0, 1)


async def test_nothing_expires_in_a_partition_that_was_taken_away(desk: Desk) -> None:
    await desk.work(EXPIRED.encode())
    owned = desk.ownership.get(0)
    assert owned is not None
    desk.ownership.assign({1})
    await desk.agent.expire(owned, desk.producer)
    assert desk.agent.counts.tombstones == 0


async def test_appending_nothing_sends_nothing(desk: Desk) -> None:
    assert await append(desk.producer, "changelog", 0, [], 0) == -1
    assert desk.producer.sent == []


def test_keys_are_placed_as_the_java_client_places_them() -> None:
    assert [partition_of(key, 1_000) for key in (b"21", b"foobar", b"a-little-bit-long-string")] == [
        (-973932308 & 0x7FFFFFFF) % 1_000,
        (-790332482 & 0x7FFFFFFF) % 1_000,
        (-985981536 & 0x7FFFFFFF) % 1_000,
    ]


def test_a_process_that_stood_still_until_its_session_may_be_over_must_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("stream.rim.agents.time.monotonic", lambda: now[0])
    pulse = Pulse(10.0)
    now[0] = 106.0
    pulse.check()
    now[0] = 106.5
    with pytest.raises(StopWorkerError, match="stood still for 6 s"):
        pulse.check()
