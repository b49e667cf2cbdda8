"""Events onto Kafka in full batches: for replay, imports and the simulated help desk.

Records of one key keep their order; ``flush`` returns once everything before it is acknowledged by all replicas.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from stream.rim.security import OPEN, Security, connection

#: Batches under way at once; more would only wait in memory.
PENDING_MAX: Final = 64
BATCH_BYTES: Final = 512 * 1024
REQUEST_BYTES_MAX: Final = 16 * 1024 * 1024


class Sender:
    """An async context manager that sends (topic, key, value) and partitions as Java's client does."""

    def __init__(self, brokers: Sequence[str], prefix: str = "", security: Security = OPEN) -> None:
        #: The offset after the last acknowledged record, by topic and partition.
        self.ends: dict[tuple[str, int], int] = {}
        self._prefix = prefix
        self._producer = AIOKafkaProducer(
            **connection(brokers, security),
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES_MAX,
        )
        self._open: dict[tuple[str, int], Any] = {}
        self._partitions: dict[str, int] = {}
        self._pending: set[asyncio.Future[Any]] = set()
        self._turn = 0

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int | None = None) -> None:
        """Put one record into its batch; sends the batch when it is full.

        ``timestamp`` is the record's, in nanoseconds and kept in milliseconds; None: now.
        """
        topic = self._prefix + topic
        count = self._partitions.get(topic) or await self._count(topic)
        place = topic, self._partition(key, count)
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._producer.create_batch()
        at_ms = None if timestamp is None else timestamp // 1_000_000
        if batch.append(key=key, value=value, timestamp=at_ms) is None:
            await self._send_batch(place)
            await self._alone_or_first(place, key, value, at_ms)

    async def flush(self) -> None:
        """Send what is open and wait until all is acknowledged.

        Raises:
            KafkaError: a batch was refused.
        """
        for place in list(self._open):
            await self._send_batch(place)
        pending, self._pending = self._pending, set()
        await asyncio.gather(*pending)

    def _partition(self, key: bytes | None, count: int) -> int:
        if key is None:
            self._turn += 1
            return self._turn % count
        partition: int = (murmur2(key) & 0x7FFFFFFF) % count
        return partition

    async def _count(self, topic: str) -> int:
        count = len(await self._producer.partitions_for(topic))
        self._partitions[topic] = count
        return count

    async def _alone_or_first(
        self, place: tuple[str, int], key: bytes | None, value: bytes | None, at_ms: int | None
    ) -> None:
        batch = self._producer.create_batch()
        if batch.append(key=key, value=value, timestamp=at_ms) is None:  # larger than a batch: it travels alone
            alone = await self._producer.send(place[0], value, key=key, partition=place[1], timestamp_ms=at_ms)
            self._expect(place, 1, alone)
        else:
            self._open[place] = batch

    async def _send_batch(self, place: tuple[str, int]) -> None:
        batch = self._open.pop(place)
        count = batch.record_count()
        self._expect(place, count, await self._producer.send_batch(batch, place[0], partition=place[1]))
        if len(self._pending) >= PENDING_MAX:
            done, self._pending = await asyncio.wait(self._pending, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                future.result()

    def _expect(self, place: tuple[str, int], count: int, sent: asyncio.Future[Any]) -> None:
        def acknowledged(done: asyncio.Future[Any]) -> None:
            if not done.cancelled() and done.exception() is None:
                self.ends[place] = max(self.ends.get(place, 0), done.result().offset + count)

        sent.add_done_callback(acknowledged)
        self._pending.add(sent)
