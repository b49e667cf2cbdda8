"""What the rim's contract tests do from outside: send, read back, look at commits, run a worker or a process of one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from stream.rim.preflight import create_topics
from stream.rim.settings import Hooks, RimSettings
from stream.rim.worker import Rim, create_rim
from tests.contracts.key_sets import AllKeySets

READY_SECONDS = 40
Sent = tuple[str, bytes | None, bytes | None]  # topic, key, value


def many(settings: RimSettings, count: int, keys: int = 40, first: int = 0) -> list[Sent]:
    """Numbered values, over all event topics and so many keys."""
    topics = settings.event_topics
    numbers = range(first, first + count)
    return [(topics[n % len(topics)], b"T-%d" % (n % keys), b"v%d" % n) for n in numbers]


def sets_of(sent: Iterable[Sent]) -> dict[bytes, set[str]]:
    """What must be known of each key after these, whatever their order and however often they came."""
    sets: dict[bytes, set[str]] = {}
    for _topic, key, value in sent:
        assert key is not None
        assert value is not None
        sets.setdefault(key, set()).add(value.decode())
    return sets


async def send(settings: RimSettings, records: Iterable[Sent], **producer_settings: object) -> None:
    async with AIOKafkaProducer(bootstrap_servers=list(settings.brokers), acks="all", **producer_settings) as producer:
        await asyncio.gather(*[await producer.send(topic, value, key=key) for topic, key, value in records])


@contextlib.asynccontextmanager
async def administrator(settings: RimSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=list(settings.brokers))
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def committed(settings: RimSettings) -> dict[tuple[str, int], int]:
    """The group's committed offsets, by topic partition; those that are 0 or none are left out."""
    async with administrator(settings) as client:
        wanted = [TopicPartition(topic, number) for topic in settings.event_topics for number in range(4)]
        offsets = await client.list_consumer_group_offsets(settings.app_id, partitions=wanted)
    return {(tp.topic, tp.partition): meta.offset for tp, meta in offsets.items() if meta.offset > 0}


async def ends(settings: RimSettings, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """End offsets by topic partition; empty partitions are left out."""
    async with AIOKafkaConsumer(bootstrap_servers=list(settings.brokers), auto_offset_reset="earliest") as consumer:
        wanted = [TopicPartition(topic, number) for topic in topics for number in range(settings.partitions)]
        found = {tp: end for tp, end in (await consumer.end_offsets(wanted)).items() if end > 0}
        for tp, end in found.items():  # the embedded broker takes its last batch for one record; its fetches do not
            consumer.assign([tp])
            consumer.seek(tp, end - 1)
            while (mark := consumer.highwater(tp)) is None:
                await consumer.getmany(tp, timeout_ms=50)
            found[tp] = mark
    return {(tp.topic, tp.partition): end for tp, end in found.items()}


async def read_all(settings: RimSettings, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """Every record of a topic, per partition in order."""
    until = await ends(settings, [topic])
    async with AIOKafkaConsumer(bootstrap_servers=list(settings.brokers), auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(*tp) for tp in until])
        found: list[ConsumerRecord[bytes, bytes]] = []
        while any([await consumer.position(TopicPartition(*tp)) < end for tp, end in until.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found.extend(records)
    return found


async def changelog_sets(settings: RimSettings) -> dict[bytes, set[str]]:
    """What the changelog holds of each key, as a compaction would leave it."""
    held = {record.key: record.value for record in await read_all(settings, settings.changelog)}
    return {key: set(json.loads(value)) for key, value in held.items() if value is not None}


class Fatal:
    """Takes the place of the hard stop: keeps the last line, and the process."""

    def __init__(self) -> None:
        self.why: str | None = None
        self.called = asyncio.Event()

    def __call__(self, why: str) -> None:
        self.why = why
        self.called.set()


@contextlib.asynccontextmanager
async def running(
    settings: RimSettings, core: AllKeySets, hooks: Hooks | None = None, *, ready: bool = True
) -> AsyncIterator[Rim]:
    """A worker in this process: ready where asked for, stopped cleanly at the end."""
    rim = create_rim(settings, core, hooks or Hooks(on_fatal=Fatal()))
    run = asyncio.create_task(rim.run())
    try:
        if ready:
            await asyncio.wait_for(rim.readiness.wait_ready(), READY_SECONDS)
        yield rim
    finally:
        await rim.stop()
        await run


class WorkerProcess:
    """A worker as a process of its own, which can be stopped or killed. Its lines are `topic partition last-offset`."""

    def __init__(self, settings: RimSettings) -> None:
        self._settings = settings

    async def __aenter__(self) -> Self:
        settings = self._settings
        words = settings.brokers[0], settings.app_id, settings.topic_prefix, str(settings.session_timeout)
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.contracts.key_sets",
            *words,
            str(settings.dead_letters_max_ratio),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.communicate()

    async def batches(self, count: int) -> list[str]:
        """The next so many batches it reports."""
        assert self.process.stdout is not None
        lines = [await asyncio.wait_for(self.process.stdout.readline(), READY_SECONDS) for _ in range(count)]
        return [line.decode().strip() for line in lines]

    async def end(self, number: signal.Signals | None) -> tuple[int, str]:
        """Its exit code, after this signal, and the last line it wrote to stderr."""
        if number is not None:
            self.process.send_signal(number)
        _, errors = await asyncio.wait_for(self.process.communicate(), READY_SECONDS)
        assert self.process.returncode is not None
        return self.process.returncode, (errors.decode().strip().splitlines() or [""])[-1]


async def until(condition: Callable[[], bool], rim: Rim) -> None:
    """Return once this holds of a worker that runs here; it is looked at after each turn of the watch."""
    async with asyncio.timeout(READY_SECONDS):
        while not condition():
            await rim.looked()


async def prepared(settings: RimSettings, sent: Iterable[Sent] = (), **changes: object) -> RimSettings:
    """The settings, changed, with their topics created and these records in them."""
    settings = msgspec.structs.replace(settings, **changes)
    await create_topics(settings)
    await send(settings, sent)
    return settings


def record(
    tp: tuple[str, int], offset: int, key: bytes | None = b"T-1", value: bytes | None = b"v"
) -> ConsumerRecord[bytes, bytes]:
    """A record as aiokafka hands it out."""
    topic, partition = tp
    return ConsumerRecord(topic, partition, offset, 1000 + offset, 0, key, value, None, 0, 0, ())
