"""Kafka as an examiner sees it: topics with their settings, how far a group has read, and its members; changes nothing.

Whatever a broker does not answer is told as such: the embedded one knows no groups' members.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from stream.rim.preflight import admin, hidden_topics
from stream.rim.reaching import obstacle
from stream.rim.security import connection
from stream.rim.settings import RimSettings

Place = tuple[str, int]
_TOPIC: Final = ConfigResourceType.TOPIC


class TopicSeen(msgspec.Struct, frozen=True):
    """A topic as it is. ``settings``: those that the broker tells; None: it tells none."""

    partitions: int
    replication: int  # the least of its partitions
    without_leader: tuple[int, ...]
    out_of_sync: tuple[int, ...]
    settings: Mapping[str, str] | None


class BrokerSeen(msgspec.Struct, frozen=True):
    """A cluster that answers; ``topics``: those asked for that exist; ``hidden``: those not shown to this client."""

    brokers: tuple[str, ...]
    topics: Mapping[str, TopicSeen]
    hidden: frozenset[str] = frozenset()


class OffsetsSeen(msgspec.Struct, frozen=True):
    """Where each partition begins and ends, and up to where the group has committed it; None: nowhere yet."""

    begins: Mapping[Place, int]
    ends: Mapping[Place, int]
    committed: Mapping[Place, int | None]


class GroupSeen(msgspec.Struct, frozen=True):
    """The group's state in Kafka's own word, and the client host of each member."""

    state: str
    members: tuple[str, ...]


class NotToldError(Exception):
    """The broker does not answer that."""


async def examined_broker(settings: RimSettings) -> BrokerSeen:
    """The cluster and the worker's topics.

    Raises:
        NotToldError: no broker lets this client in.
        KafkaError: it does not answer.
    """
    await _require_reachable(settings)
    async with admin(settings) as client:
        cluster = await client.describe_cluster()
        described = {topic["topic"]: topic for topic in await client.describe_topics()}
        wanted = [topic for topic in settings.all_topics if topic in described]
        told = await _settings_of(client, wanted)
        missing = [topic for topic in settings.all_topics if topic not in described]
        hidden = await hidden_topics(client, missing) if missing else frozenset()
    names = tuple(f"{broker['host']}:{broker['port']}" for broker in cluster["brokers"])
    seen = {topic: _topic(described[topic]["partitions"], told.get(topic)) for topic in wanted}
    return BrokerSeen(names, seen, hidden)


async def _require_reachable(settings: RimSettings) -> None:
    found = await obstacle(settings)
    if found is not None:
        raise NotToldError(found.why)


def _topic(partitions: list[dict[str, Any]], told: Mapping[str, str] | None) -> TopicSeen:
    return TopicSeen(
        partitions=len(partitions),
        replication=min((len(one["replicas"]) for one in partitions), default=0),
        without_leader=tuple(one["partition"] for one in partitions if one["leader"] < 0),
        out_of_sync=tuple(one["partition"] for one in partitions if len(one["isr"]) < len(one["replicas"])),
        settings=told,
    )


async def _settings_of(client: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    """By topic; a broker that refuses to tell is one that tells nothing."""
    wanted = [ConfigResource(_TOPIC, topic) for topic in topics]
    try:
        answers = await client.describe_configs(wanted) if wanted else []
    except KafkaError:
        return {}
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for code, _, _, name, entries in answer.resources
        if code == 0
    }


async def examined_offsets(settings: RimSettings, topics: Mapping[str, int], pause: float) -> list[OffsetsSeen]:
    """Offsets of these topics, with so many partitions, twice: with a pause of so many seconds between.

    Raises:
        KafkaError: the broker does not answer.
    """
    places = [TopicPartition(topic, number) for topic, count in topics.items() for number in range(count)]
    consumer = AIOKafkaConsumer(**connection(settings.brokers, settings.security), enable_auto_commit=False)
    async with admin(settings) as client:
        await consumer.start()
        try:
            first = await _offsets(settings, client, consumer, places)
            await asyncio.sleep(pause)
            return [first, await _offsets(settings, client, consumer, places)]
        finally:
            await consumer.stop()


async def _offsets(
    settings: RimSettings, client: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, places: list[TopicPartition]
) -> OffsetsSeen:
    committed = await client.list_consumer_group_offsets(settings.app_id, partitions=places)
    begins, ends = await asyncio.gather(consumer.beginning_offsets(places), consumer.end_offsets(places))
    found = {place: committed[place].offset if place in committed else -1 for place in places}
    return OffsetsSeen(
        {tuple(place): offset for place, offset in begins.items()},
        {tuple(place): offset for place, offset in ends.items()},
        {tuple(place): offset if offset >= 0 else None for place, offset in found.items()},
    )


async def examined_group(settings: RimSettings) -> GroupSeen:
    """The workers' consumer group.

    Raises:
        NotToldError: the broker tells nothing of groups.
    """
    async with admin(settings) as client:
        try:
            (answer,) = await client.describe_consumer_groups([settings.app_id])
            ((code, _, state, _, _, members, *_),) = answer.groups
        except (KafkaError, ValueError) as error:
            raise NotToldError(f"this broker tells no members of a group ({error})") from error
    if code != 0:
        raise NotToldError(f"this broker tells no members of the group (error {code})")
    return GroupSeen(state, tuple(member[2].lstrip("/") for member in members))
