"""The only module that talks to Redis: entries of partitions written and read, workers seen, changes listened for.

Knows no numbers: a document is bytes. Every call is bounded in time and tried once; what fails raises `MirrorError`,
and whoever calls decides to go on without. Keys share one hash tag, so that the script works on a cluster too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, Final, cast

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

TAG: Final = "{deskpulse}"
CHANGED: Final = f"{TAG}:changed"
WORKERS: Final = f"{TAG}:workers"
WANTED: Final = f"{TAG}:wanted"

#: Seconds that any call may take.
CALL_SECONDS: Final = 1.0
#: A listener that has heard nothing for so long asks whether Redis is still there.
SILENT_SECONDS: Final = 1.0
#: A worker that was not seen for so long is forgotten: well after Prometheus has noticed that it is down.
WORKER_SECONDS: Final = 900
#: Of what boards want, so long after they last said it.
WANTED_SECONDS: Final = 60

_FIELDS: Final = ("generation", "as_of", "document", "worker", "version", "written_ms")
_PUBLISH: Final = resources.files("mirror").joinpath("publish.lua").read_text(encoding="utf-8")


class MirrorError(Exception):
    """Redis could not be asked, with what it said."""


class Entry(msgspec.Struct, frozen=True):
    """What a worker writes of one partition. ``as_of``: nanoseconds; ``generation``: of the partition's assignment."""

    partition: int
    generation: int
    as_of: int
    document: bytes


class Held(msgspec.Struct, frozen=True):
    """What Redis holds of one partition. ``written_ms``: by Redis's own clock."""

    entry: Entry
    worker: str
    version: str
    written_ms: int


class Seen(msgspec.Struct, frozen=True):
    """A worker that wrote within the last quarter of an hour."""

    name: str
    address: str
    seconds_ago: float


class RedisSeen(msgspec.Struct, frozen=True):
    """Redis as an examiner sees it. ``at_ms``: by its own clock; ``held``: documents by partition."""

    version: str
    eviction_policy: str
    at_ms: int
    held: Mapping[int, Held]
    workers: Sequence[Seen]


class Store:
    """One connection pool to one Redis."""

    def __init__(self, url: str, version: str) -> None:
        """``version``: of the schema of documents; those of another are read as held, and told apart by it."""
        self._version = version
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=CALL_SECONDS,
            socket_connect_timeout=CALL_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=3,
        )
        self._publish = self._redis.register_script(_PUBLISH)

    async def publish(self, worker: str, address: str, lifetime_ms: int, entries: Sequence[Entry]) -> set[int]:
        """Write entries, which live so long; the partitions that were refused, as somebody newer has them.

        Raises:
            MirrorError: nothing may have been written.
        """
        keys = [WORKERS, *(_key(entry.partition) for entry in entries)]
        arguments: list[Any] = [CHANGED, lifetime_ms, worker, address, self._version]
        for entry in entries:
            arguments += (entry.generation, entry.as_of, entry.document)
        async with _asking():
            written = await self._publish(keys=keys, args=arguments)
        return {entry.partition for entry, done in zip(entries, written, strict=True) if not done}

    async def read(self, partitions: int) -> dict[int, Held]:
        """What is held of partitions 0 to ``partitions`` - 1, in one step; those that are missing are left out.

        Raises:
            MirrorError: Redis could not be asked.
        """
        async with _asking(), self._redis.pipeline(transaction=True) as reading:
            for partition in range(partitions):
                reading.hmget(_key(partition), list(_FIELDS))
            rows = await reading.execute()
        found = {}
        for partition, row in enumerate(rows):
            if None not in row:  # else there is none, or it is nothing that the script wrote
                generation, as_of, document, worker, version, written_ms = row
                entry = Entry(partition, int(generation), int(as_of), document)
                found[partition] = Held(entry, worker.decode(), version.decode(), int(written_ms))
        return found

    async def workers(self, *, forgets: bool = True) -> list[Seen]:
        """Those that wrote lately, by name; one that is gone stays for a quarter of an hour, and is then forgotten.

        Raises:
            MirrorError: Redis could not be asked.
        """
        async with _asking():
            seconds, micros = await self._redis.time()
            rows = cast("Mapping[bytes, bytes]", await self._redis.hgetall(WORKERS))
            found, gone = [], []
            for name, row in sorted(rows.items()):
                at_ms, _, address = row.decode().partition(" ")
                ago = seconds + micros / 1e6 - int(at_ms) / 1e3
                if ago <= WORKER_SECONDS:
                    found.append(Seen(name.decode(), address, max(ago, 0.0)))
                else:
                    gone.append(name)
            if gone and forgets:
                await self._redis.hdel(WORKERS, *gone)
        return found

    async def examined(self, partitions: int) -> RedisSeen:
        """What Redis says of itself, and what it holds of so many partitions; nothing is changed.

        Raises:
            MirrorError: Redis could not be asked.
        """
        async with _asking():
            about = await self._redis.info("server", "memory")
        held, workers = await self.read(partitions), await self.workers(forgets=False)
        at = await self.clock()
        policy = str(about.get("maxmemory_policy", "unknown"))
        return RedisSeen(str(about.get("redis_version", "unknown")), policy, at // 1_000_000, held, workers)

    async def clock(self) -> int:
        """Redis's own time, in nanoseconds since the epoch.

        Raises:
            MirrorError: Redis could not be asked.
        """
        async with _asking():
            seconds, micros = await self._redis.time()
        return int(seconds) * 1_000_000_000 + int(micros) * 1_000

    async def want(self, what: bytes) -> None:
        """Tell workers what documents should hold beside the usual; forgotten after a minute.

        Raises:
            MirrorError: it was not told.
        """
        async with _asking():
            await self._redis.set(WANTED, what, ex=WANTED_SECONDS)

    async def wanted(self) -> bytes:
        """What a board said last that it wants, or nothing.

        Raises:
            MirrorError: Redis could not be asked.
        """
        async with _asking():
            return cast("bytes", await self._redis.get(WANTED)) or b""

    async def changes(self) -> AsyncGenerator[None, None]:
        """Once for each message that something was written, and once to begin with; ends never.

        Messages may be lost, so readers look again by the clock too.

        Raises:
            MirrorError: the connection is gone, or silent; what was written since is not told.
        """
        listening = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            async with _asking():
                await listening.subscribe(CHANGED)
            yield
            is_asked = False
            while True:
                async with _asking(SILENT_SECONDS + CALL_SECONDS):
                    message = await listening.get_message(timeout=SILENT_SECONDS)
                    if message is None and is_asked:
                        raise TimeoutError
                    is_asked = message is None
                    if is_asked:  # it may be that nobody writes, or that the other end is gone without a word
                        await listening.ping()
                if message is not None and message["type"] == "message":
                    yield
        finally:
            await listening.aclose()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Give back the connections."""
        await self._redis.aclose()


@asynccontextmanager
async def _asking(seconds: float = CALL_SECONDS) -> AsyncIterator[None]:
    """What is asked inside is bounded in time, and whatever fails is told as one error."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, OSError) as error:  # TimeoutError is an OSError
        raise MirrorError(str(error) or f"no answer within {seconds:g} s") from error


def _key(partition: int) -> str:
    return f"{TAG}:p:{partition}"
