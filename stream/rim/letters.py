"""The dead-letter topic read from end to end, and records put back from it to where they came from.

That a letter was requeued stands beside it: a note in its own partition, later than the letter, so that retention takes
the letter first. Invariant: a note is written only after the record that it tells of is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from stream.rim.preflight import PreflightError, absent, check_topics
from stream.rim.security import connection
from stream.rim.sending import Sender
from stream.rim.settings import RimSettings

#: The header of a note: which letter of the same topic was requeued, as PARTITION:OFFSET.
REQUEUED: Final = "requeued"
#: With no record for so long the broker is taken for gone.
PATIENCE_SECONDS: Final = 10.0
_FETCH_MS: Final = 500
_AT_ONCE: Final = 1_000


class Kept(msgspec.Struct, frozen=True):
    """One record of the dead-letter topic as it stands there; of headers of one name the last counts."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


class Back(msgspec.Struct, frozen=True):
    """A record to put back, and the letter (PARTITION, OFFSET) that it makes good."""

    letter: tuple[int, int]
    topic: str
    key: bytes | None
    value: bytes | None


class Letters:
    """The dead letters that there were when it was opened; they can be read more than once."""

    def __init__(
        self, consumer: AIOKafkaConsumer, begins: Mapping[TopicPartition, int], ends: dict[TopicPartition, int]
    ) -> None:
        self._consumer = consumer
        self._begins = begins
        self._ends = ends
        self._is_read = False

    @property
    def total(self) -> int:
        """How many records that is at most, notes and letters."""
        return sum(end - self._begins[place] for place, end in self._ends.items())

    async def records(self) -> AsyncIterator[list[Kept]]:
        """All of them in parts, each partition in its order.

        Raises:
            PreflightError: the broker sends nothing any more.
        """
        for place in sorted(self._ends):
            position = self._begins[place]
            self._consumer.assign([place])
            self._consumer.seek(place, position)
            while position < self._ends[place]:
                found = await self._some(place)
                position = await self._consumer.position(place)
                yield [_kept(record) for record in found if record.offset < self._ends[place]]
        self._is_read = True

    async def _some(self, place: TopicPartition) -> Sequence[Any]:
        """The next records; none where the position went on without any, as past a transaction's marker."""
        before = await self._consumer.position(place)
        for _ in range(round(PATIENCE_SECONDS * 1000 / _FETCH_MS)):
            batches = await self._consumer.getmany(place, timeout_ms=_FETCH_MS, max_records=_AT_ONCE)
            if not self._is_read:  # the embedded broker's end offsets are too low, a fetch tells the true one
                self._ends[place] = max(self._ends[place], self._consumer.highwater(place) or 0)
            if batches or await self._consumer.position(place) > before:
                return list(batches.get(place, ()))
        raise PreflightError(f"{place.topic} {place.partition} sends nothing from offset {before} on")


def _kept(record: Any) -> Kept:
    return Kept(record.partition, record.offset, record.timestamp, record.key, record.value, dict(record.headers or ()))


@asynccontextmanager
async def opened(settings: RimSettings) -> AsyncIterator[Letters]:
    """The dead letters, to be read while inside; no consumer group takes part.

    Raises:
        PreflightError: there is no such topic.
        KafkaError: the broker does not answer.
    """
    check = next(check for check in await check_topics(settings) if check.topic == settings.dead_letters)
    if check.partitions is None:
        raise PreflightError(absent([check]))
    count = check.partitions
    consumer = AIOKafkaConsumer(**connection(settings.brokers, settings.security), enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(settings.dead_letters, number) for number in range(count)]
        begins, ends = await asyncio.gather(consumer.beginning_offsets(places), consumer.end_offsets(places))
        yield Letters(consumer, begins, dict(ends))
    finally:
        await consumer.stop()


class Requeuing:
    """An async context manager that puts records back and notes of each letter that it was."""

    def __init__(self, settings: RimSettings) -> None:
        self._letters = settings.dead_letters
        self._sender = Sender(settings.brokers, security=settings.security)
        self._notes = AIOKafkaProducer(**connection(settings.brokers, settings.security), acks="all")

    async def __aenter__(self) -> Self:
        await self._notes.start()
        try:
            await self._sender.__aenter__()
        except BaseException:
            await self._notes.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._sender.__aexit__(kind, error, trace)
        finally:
            await self._notes.stop()

    async def put_back(self, records: Sequence[Back]) -> None:
        """Returns once all are acknowledged, and then noted. Stopped between the two, they are only sent twice.

        Raises:
            KafkaError: some may be back, and none of these is noted.
        """
        for record in records:
            await self._sender.send(record.topic, record.key, record.value)
        await self._sender.flush()
        await asyncio.gather(*[await self._note(record) for record in records])

    async def _note(self, record: Back) -> Any:
        partition, offset = record.letter
        name = f"{partition}:{offset}"
        # With a key and a value of its own, so that it would outlive compaction too.
        return await self._notes.send(
            self._letters,
            msgspec.json.encode({REQUEUED: name, "to": record.topic}),
            key=f"{REQUEUED} {name}".encode(),
            partition=partition,
            headers=[(REQUEUED, name.encode()), ("to", record.topic.encode())],
        )
