"""What a worker's partitions come to, mirrored to Redis four times a second at most: for boards, and for nobody else.

Never on the event path: only gathering it holds batches up, for a look; it is made into documents in a thread, and
written with one call that is bounded in time. A mirror that cannot be written costs the boards their numbers and the
worker nothing.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date
from functools import partial
from urllib.parse import urlsplit

import msgspec

from deskpulse.addresses import reached
from deskpulse.pacing import AHEAD, FAILED_TICKS, TICK, as_of, is_due, lifetime_ms, pause_after, timed, until
from deskpulse.worker import Gathered, Worker, default_instance_id
from metrics.document import VERSION
from metrics.documents import encode
from metrics.facts import Days
from metrics.measures import Vocabulary
from mirror.store import Entry, MirrorError, Store

_log = logging.getLogger(__name__)


class Mirroring:
    """The mirror of one worker. ``run`` it beside the worker."""

    def __init__(self, worker: Worker, store: Store, name: str, address: str) -> None:
        """``name``: of the worker among all; ``address``: where boards reach its HTTP."""
        self.published = self.failed = 0
        self._worker = worker
        self._store = store
        self._name = name
        self._address = address
        self._wanted: tuple[Days, ...] = ()
        self._revision: object = None
        self._at = 0  # the tick of the last attempt
        self._pause = 1  # ticks
        self._worked = 0  # processor nanoseconds ahead of the next
        self._is_failing = False
        self._refused: set[int] = set()

    async def run(self) -> None:
        """Write what has changed, tick by tick, until cancelled."""
        while True:
            await self.turn()
            tick = self._worker.now() // TICK + 1
            for before in AHEAD:
                await asyncio.sleep(until(tick * TICK - before, self._worker.now()))
                await self.ahead(tick)
            await asyncio.sleep(until(tick * TICK, self._worker.now()))

    async def ahead(self, tick: int) -> None:
        """Sum up what has changed, where ``tick`` is one to write at: the boards have its numbers the sooner."""
        if self._is_due(tick):
            with suppress(Exception):  # it fails at the tick as well, and is told then
                self._worked += await self._worker.settled()

    async def turn(self) -> None:
        """Write where that is due, and again where it has become due meanwhile."""
        while True:
            tick = self._worker.now() // TICK
            if not self._is_due(tick):
                return
            await self._write(tick)

    def _is_due(self, tick: int) -> bool:
        return is_due(tick, self._at, self._pause, has_changed=self._revision != self._worker.revision())

    async def _write(self, tick: int) -> None:
        self._at = tick
        try:
            await self._publish(tick)
        except Exception as error:  # noqa: BLE001 (whatever it is, the worker goes on, and the next may be written)
            self.failed += 1
            self._pause = max(self._pause, FAILED_TICKS)
            if not self._is_failing:
                is_bug = not isinstance(error, MirrorError)
                _log.warning("the mirror in Redis is not written, the walls will say so: %s", error, exc_info=is_bug)
            self._is_failing = True
            return
        if self._is_failing:
            _log.warning("the mirror in Redis is written again")
        self._is_failing = False

    async def _publish(self, tick: int) -> None:
        self.published += 1
        periods, self._revision = self._wanted, self._worker.revision()
        gathered = await self._worker.gathered(partial(as_of, tick), periods)
        vocabulary = self._worker.tickets.vocabulary
        documents, took = await asyncio.to_thread(timed, _documents, gathered, vocabulary, periods)
        self._pause, self._worked = pause_after(self._worked + gathered.took + took), 0
        generations, at = gathered.generations, gathered.asked.now
        entries = [Entry(number, generations[number], at, one) for number, one in documents if number in generations]
        refused = await self._store.publish(self._name, self._address, lifetime_ms(self._pause), entries)
        if refused and not self._refused:
            _log.warning("other workers have partitions %s by now", ", ".join(map(str, sorted(refused))))
        self._refused = refused
        self._wanted = periods_of(await self._store.wanted())


def _documents(gathered: Gathered, vocabulary: Vocabulary, periods: Sequence[Days]) -> list[tuple[int, bytes]]:
    asked, about = gathered.asked, gathered.about
    return [(number, encode(one, vocabulary, asked, periods, about)) for number, one in gathered.found.items()]


def periods_of(told: bytes) -> tuple[Days, ...]:
    """The periods that a board asks for; none where that cannot be read."""
    try:
        found = msgspec.json.decode(told, type=list[tuple[date, date]]) if told else []
    except msgspec.MsgspecError:
        return ()
    return tuple((first.isoformat(), last.isoformat()) for first, last in found)


def told_periods(periods: Sequence[Days]) -> bytes:
    """The same the other way round."""
    return msgspec.json.encode(periods)


@asynccontextmanager
async def mirrored(worker: Worker, url: str) -> AsyncIterator[None]:
    """Mirror ``worker``, which serves at ``url``, while inside, if a Redis is configured."""
    redis = worker.configuration.redis.url
    if redis is None:
        yield
        return
    store = Store(redis, VERSION)
    name = worker.configuration.broker.instance_id or default_instance_id(worker.configuration)
    worker.mirror = mirroring = Mirroring(worker, store, name, address_of(url))
    running = asyncio.create_task(mirroring.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.close()


def address_of(url: str) -> str:
    """Where others reach what listens at ``url``: where that is everywhere, by this machine's name."""
    parts = urlsplit(url)
    return f"http://{reached(parts.hostname or '', parts.port, socket.gethostname())}"
