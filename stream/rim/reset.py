"""Building the table again from the events: the group's offsets back to the beginning, and a new, empty changelog.

Invariant: the offsets go back first. Stopped half-way, the next worker either reads all events onto what the changelog
has left, which gives the same tickets, or is refused and this is run again.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from stream.rim.preflight import (
    LEADER_LOOK_SECONDS,
    LEADER_LOOKS_MAX,
    PreflightError,
    absent,
    admin,
    check_topics,
    create_topics,
)
from stream.rim.security import connection
from stream.rim.settings import RimSettings

#: Beyond the session, in which a static member that was stopped still counts as one.
PATIENCE_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 0.5


async def reset(settings: RimSettings) -> dict[str, int]:
    """Let the next worker build its table from the events that are still there.

    Returns:
        How many of the oldest events are gone by now, by topic; topics with all their events are left out.

    Raises:
        PreflightError: workers still run, or an event topic is missing.
    """
    checks = await check_topics(settings)
    if missing := [check for check in checks if check.partitions is None and check.topic in settings.event_topics]:
        raise PreflightError(absent(missing))
    counts = {check.topic: check.partitions for check in checks}
    settings = msgspec.structs.replace(settings, partitions=counts[settings.event_topics[0]])
    gone = await rewind(settings)
    if counts[settings.changelog] is not None:
        await delete_changelog(settings)
    await create_topics(settings)
    return gone


async def rewind(settings: RimSettings) -> dict[str, int]:
    """Commit 0 for every event topic; see `reset`."""
    wanted = [TopicPartition(topic, number) for topic in settings.event_topics for number in range(settings.partitions)]
    consumer = AIOKafkaConsumer(
        **connection(settings.brokers, settings.security), group_id=settings.app_id, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(wanted)
        begins = await consumer.beginning_offsets(wanted)
        await commit_as_nobody(consumer, wanted, settings)
    finally:
        await consumer.stop()
    gone = dict.fromkeys(settings.event_topics, 0)
    for tp, first in begins.items():
        gone[tp.topic] += first
    return {topic: count for topic, count in gone.items() if count}


async def commit_as_nobody(consumer: AIOKafkaConsumer, wanted: list[TopicPartition], settings: RimSettings) -> None:
    """Commit 0 without being a member, which a broker takes only while the group has none."""
    deadline = time.monotonic() + settings.session_timeout + PATIENCE_SECONDS
    while True:
        try:
            await consumer.commit({tp: OffsetAndMetadata(0, "") for tp in wanted})
        except KafkaError as error:
            if time.monotonic() > deadline:
                raise PreflightError(
                    f"workers of the group {settings.app_id} still run: stop them first ({error!r})"
                ) from error
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return


async def delete_changelog(settings: RimSettings) -> None:
    """Returns once the topic is gone: a broker answers before it is."""
    async with admin(settings) as client:
        await client.delete_topics([settings.changelog])
        for _ in range(LEADER_LOOKS_MAX):
            if settings.changelog not in {topic["topic"] for topic in await client.describe_topics()}:
                return
            await asyncio.sleep(LEADER_LOOK_SECONDS)
    raise PreflightError(f"{settings.changelog} is still there after it was deleted: try again")
