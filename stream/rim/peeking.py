"""A look at what topics hold already: the first and the last records of each partition, without a consumer group."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.rim.preflight import admin
from stream.rim.security import connection
from stream.rim.settings import RimSettings

_AT_EACH_END = 100
_QUIET_MS = 1_000


async def peek(settings: RimSettings, topics: Sequence[str]) -> list[tuple[str, bytes | None]]:
    """(topic, value) of up to some hundred records at both ends of every partition of the topics that exist."""
    async with admin(settings) as client:
        existing = {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}
    consumer = AIOKafkaConsumer(**connection(settings.brokers, settings.security), enable_auto_commit=False)
    await consumer.start()
    try:
        found: list[tuple[str, bytes | None]] = []
        for topic in topics:
            for number in range(existing.get(topic, 0)):
                found += await _ends(consumer, TopicPartition(topic, number))
        return found
    finally:
        await consumer.stop()


async def _ends(consumer: AIOKafkaConsumer, place: TopicPartition) -> list[tuple[str, bytes | None]]:
    consumer.assign([place])
    first = (await consumer.beginning_offsets([place]))[place]
    last = (await consumer.end_offsets([place]))[place]
    if last <= first:
        return []
    found = []
    for offset in {first, max(first, last - _AT_EACH_END)}:
        consumer.seek(place, offset)
        batch = await consumer.getmany(place, timeout_ms=_QUIET_MS, max_records=_AT_EACH_END)
        found += [(place.topic, record.value) for records in batch.values() for record in records]
    return found
