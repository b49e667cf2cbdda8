"""What a worker's partitions come to, mirrored to Redis four times a second at most: for boards, and for nobody else.

Never on the event path: it is gathered in a look, made into documents in a thread, and written with one call that is
bounded in time. A mirror that cannot be written costs the boards their numbers and the worker nothing.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from deskpulse.worker import Worker, default_instance_id
from metrics.components import asked_now
from metrics.documents import VERSION, encode
from metrics.facts import Days
from metrics.instants import SECOND
from mirror.store import Entry, MirrorError, Store

#: Documents are as of whole multiples of this, in nanoseconds, so that those of several workers are of one instant.
TICK: Final = SECOND // 4
#: Where nothing has changed, so often: clocks run out without an event.
QUIET_TICKS: Final = 4
#: So many times as long as it took to gather it is the pause after it; Redis may be slow, and holds nobody up.
PAUSE_FACTOR: Final = 6
PAUSE_TICKS_MAX: Final = 20
#: A document lives for so many of the longest pauses that are to be expected.
LIVES: Final = 3
#: How long to leave Redis alone after it could not be asked.
FAILED_TICKS: Final = 4

#: Not listened on: what a server may be told to listen on.
EVERYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104

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
        self._is_failing = False
        self._refused: set[int] = set()

    async def run(self) -> None:
        """Write what has changed, tick by tick, until cancelled."""
        while True:
            await asyncio.sleep((TICK - time.time_ns() % TICK) / SECOND)
            tick = time.time_ns() // TICK
            if tick - self._at >= self._pause and (self._has_changed() or self._is_quiet(tick)):
                await self._write(tick)

    def _has_changed(self) -> bool:
        return self._revision != self._worker.revision()

    def _is_quiet(self, tick: int) -> bool:
        """At whole seconds: the documents of workers that have no news are of one instant, too."""
        return tick // QUIET_TICKS > self._at // QUIET_TICKS

    async def _write(self, tick: int) -> None:
        self._at, self._revision = tick, self._worker.revision()
        try:
            await self._publish(tick * TICK)
        except Exception as error:  # noqa: BLE001 (whatever it is, the worker goes on, and the next may be written)
            self.failed += 1
            self._pause = FAILED_TICKS
            if not self._is_failing:
                is_bug = not isinstance(error, MirrorError)
                _log.warning("the mirror in Redis is not written, the walls will say so: %s", error, exc_info=is_bug)
            self._is_failing = True
            return
        if self._is_failing:
            _log.warning("the mirror in Redis is written again")
        self._is_failing = False

    async def _publish(self, as_of: int) -> None:
        self.published += 1
        began = time.perf_counter()
        entries = await self._entries(as_of)
        self._pause = pause_after(time.perf_counter() - began)
        lifetime = LIVES * max(QUIET_TICKS, self._pause) * TICK // 1_000_000
        refused = await self._store.publish(self._name, self._address, lifetime, entries)
        if refused and not self._refused:
            _log.warning("other workers have partitions %s by now", ", ".join(map(str, sorted(refused))))
        self._refused = refused
        self._wanted = periods_of(await self._store.wanted())

    async def _entries(self, as_of: int) -> list[Entry]:
        asked = asked_now(self._worker.tickets.rules, as_of)
        gathered = await self._worker.gathered(asked, self._wanted)
        encoded = partial(encode, vocabulary=self._worker.tickets.vocabulary, asked=asked, periods=self._wanted)
        documents = await asyncio.to_thread(
            lambda: {number: encoded(found, about=gathered.about) for number, found in gathered.found.items()}
        )
        generations = gathered.generations
        return [
            Entry(number, generations[number], as_of, one) for number, one in documents.items() if number in generations
        ]


def pause_after(seconds: float) -> int:
    """How many ticks to leave the worker alone after a document that took so long to gather."""
    return min(max(1, math.ceil(seconds * PAUSE_FACTOR * SECOND / TICK)), PAUSE_TICKS_MAX)


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
    host = socket.gethostname() if parts.hostname in EVERYWHERE else parts.hostname or ""
    return f"http://{f'[{host}]' if ':' in host else host}:{parts.port}"
