"""What happens to each record batch: apply, append the changes, send the dead letters, and only then count it as read.

Knows no Faust. Invariant: an offset becomes committable only after all that follows from its record is acknowledged;
a fault on the way stops the worker with the batch still unread.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidTimestampError, KafkaError
from aiokafka.partitioner import murmur2

from stream.records import Applied, Records
from stream.rim import changelog
from stream.rim.completeness import WHAT_TO_DO
from stream.rim.dead_letters import RefusalLimit, letter
from stream.rim.failpoints import Failpoint
from stream.rim.log import log
from stream.rim.offsets import Offsets
from stream.rim.ownership import Owned, Ownership
from stream.rim.reaching import told
from stream.rim.settings import Hooks, RimSettings

NANOSECONDS_PER_MS = 1_000_000
#: The shortest session that Apache Kafka allows by default.
SESSION_SECONDS_MIN = 6.0


class Counts:
    """What a worker counts, as plain numbers; whoever exports them reads them when asked."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()  # by topic
        self.dead_letters: Counter[tuple[str, str]] = Counter()  # by topic and reason
        self.misrouted = 0
        self.changelog_records = 0
        self.tombstones = 0
        self.foreign_appends = 0  # appends that found records of another worker before them
        self.rebalances = 0
        self.recovered_records = 0
        self.recovery_seconds = 0.0  # of the last recovery
        self.lag: dict[tuple[str, int], int] = {}  # end offset minus processed offset, by topic partition


class StopWorkerError(Exception):
    """A fault that the worker must not go on from; the message is its last line."""


class Pulse:
    """Notices that the process stood still until its session may have been over, as after SIGSTOP.

    Its partitions have other owners by then, whose changelog records an append of ours would undo.
    """

    def __init__(self, session_seconds: float) -> None:
        session = max(session_seconds, SESSION_SECONDS_MIN)
        self.beat_seconds = min(session * 0.1, 1.0)
        # The broker counts from its last heartbeat, which may be 0.3 of a session old when the process stops.
        self._longest = session * 0.6
        self._last = time.monotonic()

    async def run(self) -> None:
        """Beat; StopWorkerError after a pause that was too long."""
        while True:
            self._last = time.monotonic()
            await asyncio.sleep(self.beat_seconds)
            self.check()

    def check(self) -> None:
        """StopWorkerError if the last beat is so long ago that the session may be over."""
        paused = time.monotonic() - self._last
        if paused > self._longest:
            raise StopWorkerError(f"the process stood still for {paused:.0f} s: its partitions may have other owners")


class BatchAgent:
    """The one consumer of all event topics: batches of a partition come in order, one at a time."""

    def __init__(self, settings: RimSettings, hooks: Hooks, ownership: Ownership, offsets: Offsets) -> None:
        self.counts = Counts()
        self.failed: str | None = None
        self.stopped = asyncio.Event()
        #: Held while a batch or an expiry is in work; whoever takes partitions away waits for it.
        self.busy = asyncio.Lock()
        #: Held by a look: the next would take the time that it needs for a batch that waits for Kafka.
        self.looked_at = asyncio.Lock()
        self.pulse = Pulse(math.inf if settings.is_alone else settings.session_timeout)
        self._settings = settings
        self._hooks = hooks
        self._ownership = ownership
        self._offsets = offsets
        self._limit = RefusalLimit(settings.dead_letters_max_ratio, settings.dead_letters_over)

    def fail(self, why: str) -> None:
        """End the process without committing; later calls are ignored."""
        if self.failed is None:
            self.failed = why
            self._offsets.clear()
            self._offsets.accepting = False
            self._hooks.on_fatal(why)
            self.stopped.set()

    async def stand_still(self, why: str) -> NoReturn:
        """As `fail`; where a test kept the process alive, the caller goes no further."""
        self.fail(why)
        await asyncio.Event().wait()
        raise AssertionError

    async def work(self, records: Records, producer: AIOKafkaProducer) -> None:
        """Process one batch to the end, unless its partition was taken away meanwhile."""
        async with self.busy:
            owned = self._ownership.get(records.partition)
            if owned is None or not self._offsets.accepting:
                return
            where = f"{records.topic} {records.partition}, offsets {records.offsets[0]} to {records.offsets[-1]}"
            async with self._or_stand_still(f"processing {where}"):
                self._check_order(records)
                owned.settled = False
                applied = owned.state.apply(records, self._settings.clock())
                self._settings.passes(Failpoint.AFTER_APPLY)
                await self._keep(owned, applied.changed, producer)
                await self._refuse(records, applied, producer)
                owned.settled = True
                self._settings.passes(Failpoint.BEFORE_ACKNOWLEDGEMENT)
                self._offsets.processed((records.topic, records.partition), records.offsets[-1])
                self._settings.passes(Failpoint.AFTER_ACKNOWLEDGEMENT)
                self._count(records, applied)
                self._hooks.on_applied(records, applied)

    async def expire(self, owned: Owned, producer: AIOKafkaProducer) -> None:
        """Drop what is beyond its retention from one partition, and from its changelog by tombstones."""
        async with self.busy:
            if self._ownership.get(owned.number) is not owned or not self._offsets.accepting:
                return
            async with self._or_stand_still(f"expiring partition {owned.number}"):
                owned.settled = False
                keys = owned.state.expire(self._settings.clock())
                await self._keep(owned, [(key, None) for key in keys], producer)
                owned.settled = True
                self.counts.tombstones += len(keys)

    @asynccontextmanager
    async def _or_stand_still(self, doing: str) -> AsyncIterator[None]:
        try:
            yield
        except StopWorkerError as error:
            await self.stand_still(str(error))
        except Exception as error:  # noqa: BLE001 (whatever it is, this batch must not count as processed)
            log.exception("%s", doing)
            await self.stand_still(f"{doing}, failed: {error!r}")

    def _check_order(self, records: Records) -> None:
        end = records.offsets[-1]
        oldest = self._offsets.oldest((records.topic, records.partition))
        if oldest != end:
            where = f"{records.topic} {records.partition}"
            raise StopWorkerError(f"a batch of {where} was lost: expected the one that ends at {oldest}, got {end}")

    async def _keep(
        self, owned: Owned, entries: Sequence[tuple[bytes, bytes | None]], producer: AIOKafkaProducer
    ) -> None:
        if not entries:
            return
        # Taken before the look at the pulse: a process that stood still after the look has an old timestamp, which the
        # changelog topic refuses (`message.timestamp.before.max.ms`); one that stood still before it stops here.
        at_ms = time.time_ns() // NANOSECONDS_PER_MS
        self.pulse.check()
        where = f"{self._settings.changelog} {owned.number}"
        try:
            last = await changelog.append(
                producer, self._settings.changelog, owned.number, entries, at_ms, self._settings.passes
            )
        except InvalidTimestampError as error:
            late = "it came too late, or this machine's clock is not the broker's"
            raise StopWorkerError(f"the changelog {where} took no append: {late}") from error
        except KafkaError as error:
            raise StopWorkerError(f"the changelog {where} took no append: {told(error, self._settings)}") from error
        first = last - len(entries) + 1
        if first <= owned.changelog_offset:
            raise StopWorkerError(
                f"the changelog {where} took an append at offset {first}, but was written up to "
                f"{owned.changelog_offset} before: it was created again or cut off. {WHAT_TO_DO}"
            )
        if first != owned.changelog_offset + 1:
            log.warning("the changelog %s has records of another worker before offset %d", where, last)
            self.counts.foreign_appends += 1
        owned.changelog_offset = last
        self.counts.changelog_records += len(entries)

    async def _refuse(self, records: Records, applied: Applied, producer: AIOKafkaProducer) -> None:
        self._limit.add(records, applied.refused)
        if too_many := self._limit.exceeded():
            raise StopWorkerError(too_many)
        letters = [letter(records, refused) for refused in applied.refused]
        try:
            await changelog.send_letters(producer, self._settings.dead_letters, letters)
        except KafkaError as error:
            raise StopWorkerError(
                f"{self._settings.dead_letters} took no dead letter: {told(error, self._settings)}"
            ) from error

    def _count(self, records: Records, applied: Applied) -> None:
        self.counts.records[records.topic] += len(records.offsets)
        self.counts.dead_letters.update((records.topic, refused.reason.value) for refused in applied.refused)
        key = next((key for key in records.keys if key is not None), None)
        if key is not None and partition_of(key, self._settings.partitions) != records.partition:
            self.counts.misrouted += 1


def partition_of(key: bytes, partitions: int) -> int:
    """Where a record with this key belongs: murmur2, as Java's and aiokafka's default producers do."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
