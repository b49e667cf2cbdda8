"""What the rim takes for granted of a broker, shown by a plain client on the embedded broker and on Apache Kafka."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete

from stream.rim.preflight import check_topics
from stream.rim.settings import RimSettings
from tests.kafka_from_jars import ApacheKafka

SESSION_MS = 1_000  # the embedded broker holds a first join back for half of it, and a rejoin for twice


@contextlib.asynccontextmanager
async def administrator(address: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def producer(address: str, **settings: object) -> AsyncIterator[AIOKafkaProducer]:
    sending = AIOKafkaProducer(bootstrap_servers=address, **{"acks": "all", **settings})
    try:  # a start that is refused leaves its connection open
        await sending.start()
        yield sending
    finally:
        await sending.stop()


@contextlib.asynccontextmanager
async def reader(address: str, *partitions: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as started:
        started.assign(partitions)
        yield started


@contextlib.asynccontextmanager
async def member(address: str, group: str, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    async with AIOKafkaConsumer(
        *topics,
        bootstrap_servers=address,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=SESSION_MS // 4,
    ) as started:
        yield started


async def create(address: str, topic: str, partitions: int = 1) -> None:
    async with administrator(address) as admin:
        answer = await admin.create_topics([NewTopic(topic, partitions, 1)])
        assert [error[1] for error in answer.topic_errors] == [0]


async def partition_count(address: str, topic: str) -> int:
    async with administrator(address) as admin:
        [description] = await admin.describe_topics([topic])
        return len(description["partitions"])


async def next_records(consumer: AIOKafkaConsumer, count: int) -> list[ConsumerRecord[bytes, bytes]]:
    return [await consumer.getone() for _ in range(count)]


async def send_numbered(address: str, topic: str, count: int, first: int = 0) -> None:
    async with producer(address) as sending:
        for number in range(first, first + count):
            await sending.send(topic, b"%d" % number, key=b"T-1", partition=0)


async def send_batch(address: str, topic: str, count: int) -> int:
    """One batch to partition 0 of the topic, as the changelog is written; its first offset, once acknowledged."""
    async with producer(address) as sending:
        batch = sending.create_batch()
        for number in range(count):
            assert batch.append(key=b"T-1", value=b"%d" % number, timestamp=None) is not None
        acknowledged = await (await sending.send_batch(batch, topic, partition=0))
    return int(acknowledged.offset)


class TestBroker:
    async def test_topic_has_as_many_partitions_as_asked_for(self, broker: str, topic: str) -> None:
        await create(broker, topic, partitions=5)
        assert await partition_count(broker, topic) == 5

    async def test_topic_that_exists_is_not_created_again(self, broker: str, topic: str) -> None:
        await create(broker, topic, partitions=2)
        async with administrator(broker) as admin:
            answer = await admin.create_topics([NewTopic(topic, 3, 1)])
        assert [error[1] for error in answer.topic_errors] == [36]  # TOPIC_ALREADY_EXISTS
        assert await partition_count(broker, topic) == 2

    async def test_deleted_topic_is_no_longer_listed(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        async with administrator(broker) as admin:
            assert topic in await admin.list_topics()
            await admin.delete_topics([topic])
            assert topic not in await admin.list_topics()

    async def test_records_come_back_in_order_with_consecutive_offsets(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        await send_numbered(broker, topic, 500)
        async with reader(broker, TopicPartition(topic, 0)) as consumer:
            records = await next_records(consumer, 500)
        assert [record.offset for record in records] == list(range(500))
        assert [record.value for record in records] == [b"%d" % number for number in range(500)]

    async def test_key_value_headers_and_time_survive(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        headers = [("reason", b"key"), ("offset", b"\x00\xff"), ("reason", b""), ("none", None)]
        async with producer(broker) as sending:
            await sending.send_and_wait(
                topic, "Zahlungsrückstand 1 €".encode(), key=b"T-\xff", headers=headers, timestamp_ms=1_700_000_000_123
            )
        async with reader(broker, TopicPartition(topic, 0)) as consumer:
            [record] = await next_records(consumer, 1)
        assert (record.key, record.value) == (b"T-\xff", "Zahlungsrückstand 1 €".encode())
        assert list(record.headers) == headers
        assert (record.timestamp, record.timestamp_type) == (1_700_000_000_123, 0)

    async def test_null_and_empty_values_stay_different(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        async with producer(broker) as sending:
            await sending.send_and_wait(topic, None, key=b"T-1")
            await sending.send_and_wait(topic, b"", key=b"T-1")
        async with reader(broker, TopicPartition(topic, 0)) as consumer:
            assert [record.value for record in await next_records(consumer, 2)] == [None, b""]

    async def test_appended_batch_is_one_run_of_offsets(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        assert await send_batch(broker, topic, 100) == 0
        async with reader(broker, TopicPartition(topic, 0)) as consumer:
            records = await next_records(consumer, 100)
        assert [(record.offset, record.value) for record in records] == [(n, b"%d" % n) for n in range(100)]

    async def test_record_of_900_kilobytes_is_taken_and_given_back(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        async with producer(broker) as sending:
            await sending.send_and_wait(topic, b"x" * 900_000)
        async with reader(broker, TopicPartition(topic, 0)) as consumer:
            [record] = await next_records(consumer, 1)
        assert record.value == b"x" * 900_000

    async def test_gzip_batches_are_given_back(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        async with producer(broker, compression_type="gzip") as sending:
            for number in range(50):
                await sending.send(topic, b"%d" % number)
        async with reader(broker, TopicPartition(topic, 0)) as consumer:
            assert [record.value for record in await next_records(consumer, 50)] == [b"%d" % n for n in range(50)]

    async def test_ends_and_beginnings_of_partitions_are_right(self, broker: str, topic: str) -> None:
        await create(broker, topic, partitions=2)
        written, empty = TopicPartition(topic, 0), TopicPartition(topic, 1)
        async with producer(broker) as sending, reader(broker, written, empty) as consumer:
            for number in range(7):  # each a batch of its own: see the next test
                await sending.send_and_wait(topic, b"%d" % number, partition=0)
            assert await consumer.beginning_offsets([written, empty]) == {written: 0, empty: 0}
            assert await consumer.end_offsets([written, empty]) == {written: 7, empty: 0}

    @pytest.mark.embedded_gap("takes the last batch for one record: its end is the batch's first offset + 1")
    async def test_end_of_a_partition_counts_all_records_of_its_last_batch(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        await send_batch(broker, topic, 7)
        partition = TopicPartition(topic, 0)
        async with reader(broker, partition) as consumer:
            assert await consumer.end_offsets([partition]) == {partition: 7}

    async def test_fetched_high_watermark_counts_all_records_of_the_last_batch(self, broker: str, topic: str) -> None:
        """The way to the true end on the embedded broker: fetch from `end_offsets() - 1`, take the watermark."""
        await create(broker, topic)
        await send_batch(broker, topic, 7)
        partition = TopicPartition(topic, 0)
        async with reader(broker, partition) as consumer:
            [end] = (await consumer.end_offsets([partition])).values()
            consumer.seek(partition, end - 1)
            await consumer.getone()
            assert consumer.highwater(partition) == 7

    async def test_reading_starts_at_any_offset(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        await send_numbered(broker, topic, 20)
        partition = TopicPartition(topic, 0)
        async with reader(broker, partition) as consumer:
            consumer.seek(partition, 13)
            assert [record.offset for record in await next_records(consumer, 3)] == [13, 14, 15]

    async def test_waiting_fetch_is_answered_by_a_new_record(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        async with reader(broker, TopicPartition(topic, 0)) as consumer:
            waiting = asyncio.create_task(consumer.getone())
            await send_numbered(broker, topic, 1)
            assert (await waiting).value == b"0"

    async def test_new_member_resumes_where_the_group_committed(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        await send_numbered(broker, topic, 10)
        partition = TopicPartition(topic, 0)
        async with member(broker, topic, topic) as first:
            assert [record.value for record in await next_records(first, 6)] == [b"%d" % n for n in range(6)]
            await first.commit({partition: 4})  # two were read and not committed: they come again
        async with member(broker, topic, topic) as second:
            assert await second.committed(partition) == 4
            assert [record.value for record in await next_records(second, 6)] == [b"%d" % n for n in range(4, 10)]

    async def test_two_members_share_the_partitions(self, broker: str, topic: str) -> None:
        await create(broker, topic, partitions=4)
        async with member(broker, topic, topic) as first, member(broker, topic, topic) as second:
            shares: set[frozenset[TopicPartition]] = set()
            while {len(share) for share in shares} != {2}:  # polling a member lets it rejoin; the test's limit ends it
                await asyncio.gather(first.getmany(timeout_ms=50), second.getmany(timeout_ms=50))
                shares = {first.assignment(), second.assignment()}
        assert frozenset.union(*shares) == {TopicPartition(topic, number) for number in range(4)}

    @pytest.mark.embedded_gap("a request for the metadata of a missing topic creates it, with 4 partitions")
    async def test_asking_for_a_missing_topic_does_not_create_it(self, broker: str, topic: str) -> None:
        async with administrator(broker) as admin:
            await admin.describe_topics([topic])
            assert topic not in await admin.list_topics()

    async def test_checking_missing_topics_creates_none(self, broker: str, topic: str) -> None:
        settings = RimSettings(brokers=(broker,), app_id=topic, topic_prefix=f"{topic}-")
        assert {check.problem for check in await check_topics(settings)} == {"does not exist"}
        async with administrator(broker) as admin:
            assert [name for name in await admin.list_topics() if name.startswith(topic)] == []

    @pytest.mark.embedded_gap("answers with the batch's arrival instead of the records' own times")
    async def test_offset_of_an_instant_is_found(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        async with producer(broker) as sending:
            for number in range(10):
                await sending.send_and_wait(topic, b"", timestamp_ms=1_700_000_000_000 + 1_000 * number)
        partition = TopicPartition(topic, 0)
        async with reader(broker, partition) as consumer:
            found = await consumer.offsets_for_times({partition: 1_700_000_005_000})
        assert found[partition] is not None
        assert found[partition].offset == 5

    @pytest.mark.embedded_gap("has no CreatePartitions request")
    async def test_partitions_can_be_added(self, broker: str, topic: str) -> None:
        await create(broker, topic, partitions=2)
        async with administrator(broker) as admin:
            await admin.create_partitions({topic: NewPartitions(3)})
        assert await partition_count(broker, topic) == 3

    @pytest.mark.embedded_gap("has no DeleteRecords request: it closes the connection")
    async def test_beginning_moves_when_records_are_deleted(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        await send_numbered(broker, topic, 10)
        partition = TopicPartition(topic, 0)
        async with administrator(broker) as admin:
            await admin.delete_records({partition: RecordsToDelete(before_offset=4)})
        async with reader(broker, partition) as consumer:
            assert await consumer.beginning_offsets([partition]) == {partition: 4}

    @pytest.mark.embedded_gap("refuses InitProducerId: neither idempotent nor transactional producers")
    async def test_idempotent_producer_is_accepted(self, broker: str, topic: str) -> None:
        await create(broker, topic)
        async with producer(broker, enable_idempotence=True) as sending:
            assert (await sending.send_and_wait(topic, b"once")).offset == 0


class TestApacheKafkaOnItsData:
    async def test_records_and_commits_survive_a_kill_and_a_restart(self, tmp_path: Path, topic: str) -> None:
        kafka = ApacheKafka(tmp_path / "kafka")
        kafka.start()
        try:
            address = kafka.address
            await create(address, topic, partitions=2)
            await send_numbered(address, topic, 100)
            async with member(address, topic, topic) as committing:
                await next_records(committing, 1)
                await committing.commit({TopicPartition(topic, 0): 42})
            kafka.kill()
            kafka.start()
            assert kafka.address == address
            await send_numbered(address, topic, 1, first=100)
            kafka.restart()
            async with reader(address, TopicPartition(topic, 0)) as consumer:
                records = await next_records(consumer, 101)
            assert [record.value for record in records] == [b"%d" % number for number in range(101)]
            async with member(address, topic, topic) as resuming:
                assert await resuming.committed(TopicPartition(topic, 0)) == 42
            assert await partition_count(address, topic) == 2
        finally:
            kafka.stop()
