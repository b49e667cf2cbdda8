"""The worker's side of the mirror, over a store that only notes what it is told, and a clock that only a test moves."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest

from deskpulse.configuration.loading import Configuration
from deskpulse.mirroring import Mirroring
from deskpulse.pacing import FAILED_TICKS, QUIET_TICKS, TICK
from deskpulse.worker import Setting, Worker
from metrics.documents import decode
from metrics.pipeline import Pipeline
from mirror.store import Entry, MirrorError, Store
from stream.rim.worker import Rim
from stream.tickets import TicketPartition
from tests.unit.test_looking import StandingRim

START = 999 * TICK  # the next tick is of a whole second


class TickedWorker(Worker):
    """A worker with one empty partition at a broker that stands still."""

    def __init__(self) -> None:
        super().__init__(Configuration(), Setting(brokers=()))
        self.at = START + TICK // 2
        self.events = 0
        self.settled_for = 0
        self.settles = 0
        self.rim = cast("Rim", StandingRim(accepting=True))
        self._rim = self.rim
        self.tickets.open(0)
        self.generation: dict[int, int] = {0: 1}
        self._readiness.generations = lambda: self.generation  # type: ignore[method-assign]

    def now(self) -> int:
        return self.at

    async def settled(self) -> int:
        self.settles += 1
        return await super().settled() + self.settled_for

    def revision(self) -> object:
        return self.events

    def pipeline(self) -> Pipeline:
        return Pipeline()

    def _total(self) -> int:
        return 1


class NotedStore:
    """Writes nothing; may be told to fail, or to hang."""

    def __init__(self) -> None:
        self.written: list[tuple[int, list[Entry]]] = []
        self.fault: str | None = None
        self.is_writing, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.may_go_on.set()

    async def publish(self, _worker: str, _address: str, lifetime_ms: int, entries: Sequence[Entry]) -> set[int]:
        self.is_writing.set()
        await self.may_go_on.wait()
        if self.fault is not None:
            raise MirrorError(self.fault)
        self.written.append((lifetime_ms, list(entries)))
        return set()

    async def wanted(self) -> bytes:
        return b""


class Mirror:
    """A mirroring whose ticks a test makes."""

    def __init__(self) -> None:
        self.worker, self.store = TickedWorker(), NotedStore()
        self.mirroring = Mirroring(self.worker, cast("Store", self.store), "worker-1", "http://worker-1:6066")

    async def tick(self, ticks: int = 1) -> int:
        """Move the clock on tick by tick; how often it was written meanwhile."""
        before = len(self.store.written)
        for _ in range(ticks):
            self.worker.at += TICK
            await self.mirroring.turn()
        return len(self.store.written) - before

    @asynccontextmanager
    async def held_up(self) -> AsyncIterator[None]:
        """The next tick, while Redis does not answer yet; it has answered after the block."""
        self.store.may_go_on.clear()
        self.worker.at += TICK
        writing = asyncio.create_task(self.mirroring.turn())
        asked = asyncio.create_task(self.store.is_writing.wait())
        await asyncio.wait((writing, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        assert not writing.done()
        yield
        self.store.may_go_on.set()
        await writing


async def test_a_tick_is_written_once_with_its_instant() -> None:
    mirror = Mirror()
    assert await mirror.tick() == 1
    ((_, (entry,)),) = mirror.store.written
    assert (entry.partition, entry.generation, entry.as_of) == (0, 1, START + TICK)
    assert decode(entry.document).as_of == START + TICK
    await mirror.mirroring.turn()
    assert len(mirror.store.written) == 1


async def test_what_changes_is_written_each_tick_and_what_does_not_each_second() -> None:
    mirror = Mirror()
    await mirror.tick()
    assert await mirror.tick(QUIET_TICKS - 1) == 0
    assert await mirror.tick() == 1
    mirror.worker.events += 1
    assert await mirror.tick() == 1
    assert await mirror.tick() == 0


async def test_changes_are_summed_up_ahead_of_a_tick_that_is_written_and_of_no_other() -> None:
    mirror = Mirror()
    await mirror.tick()
    after = START // TICK + 2
    await mirror.mirroring.ahead(after)
    assert mirror.worker.settles == 0
    mirror.worker.events += 1
    await mirror.mirroring.ahead(after)
    assert mirror.worker.settles == 1


async def test_what_was_worked_ahead_counts_for_the_pause() -> None:
    mirror = Mirror()
    mirror.worker.settled_for = TICK  # four times as long is the pause
    await mirror.mirroring.ahead(START // TICK + 1)
    written = []
    for _ in range(6):
        mirror.worker.events += 1
        written.append(await mirror.tick())
    assert written == [1, 0, 0, 0, 1, 1]


async def test_numbers_that_cannot_be_summed_up_ahead_are_asked_for_at_the_tick(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mirror = Mirror()
    mirror.worker.tickets.partitions[0] = cast("TicketPartition", None)
    await mirror.mirroring.ahead(START // TICK + 1)
    assert (mirror.mirroring.failed, caplog.records) == (0, [])
    await mirror.tick()
    assert mirror.mirroring.failed == 1


async def test_an_event_that_comes_while_it_is_written_is_written_next() -> None:
    mirror = Mirror()
    async with mirror.held_up():
        mirror.worker.events += 1
    assert await mirror.tick() == 1


async def test_what_came_while_redis_was_slow_is_written_in_the_tick_in_which_it_answers() -> None:
    mirror = Mirror()
    async with mirror.held_up():
        mirror.worker.events += 1
        mirror.worker.at += TICK
    assert [entries[0].as_of for _, entries in mirror.store.written] == [START + TICK, START + 2 * TICK]


async def test_batches_go_on_while_redis_does_not_answer() -> None:
    mirror = Mirror()
    async with mirror.held_up():
        assert not mirror.worker.rim.agent.busy.locked()
        assert not mirror.worker.rim.agent.looked_at.locked()


async def test_failures_are_counted_each_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    mirror = Mirror()
    mirror.store.fault = "connection refused"
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            mirror.worker.events += 1
            await mirror.tick(FAILED_TICKS)
        mirror.store.fault = None
        await mirror.tick(FAILED_TICKS)
    assert mirror.mirroring.failed == 3
    assert mirror.store.written
    assert [record.getMessage() for record in caplog.records] == [
        "the mirror in Redis is not written, the walls will say so: connection refused",
        "the mirror in Redis is written again",
    ]


async def test_redis_is_left_alone_for_a_second_after_a_failure() -> None:
    mirror = Mirror()
    mirror.store.fault = "connection refused"
    await mirror.tick()
    mirror.worker.events += 1
    await mirror.tick(FAILED_TICKS - 1)
    assert mirror.mirroring.failed == 1
    await mirror.tick()
    assert mirror.mirroring.failed == 2


async def test_a_partition_that_is_not_assigned_is_not_written() -> None:
    mirror = Mirror()
    mirror.worker.generation = {}
    await mirror.tick()
    ((_, entries),) = mirror.store.written
    assert entries == []
