"""The mirror's store on a real Redis: what is written is read, older owners are refused, entries end, faults told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
import pytest_asyncio

from mirror.store import (
    CALL_SECONDS,
    CHANGED,
    SILENT_SECONDS,
    WANTED,
    WORKER_SECONDS,
    WORKERS,
    Entry,
    MirrorError,
    Store,
)
from tests.processes import until
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")

LIFE = 60_000  # ms
#: What a call may take beyond its bound, on a machine that has other things to do.
SLACK_SECONDS = 2.0
NOW = 1_772_000_000_000_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer.running() as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """The module's, with nothing in it."""
    server.ask("FLUSHALL")
    return server


@pytest_asyncio.fixture(loop_scope="module")
async def store(redis: RedisServer) -> AsyncIterator[Store]:
    made = Store(redis.url, "1")
    yield made
    await made.close()


def entry(partition: int, generation: int, document: bytes = b"d", as_of: int = NOW) -> Entry:
    return Entry(partition, generation, as_of, document)


async def published(store: Store, *entries: Entry, worker: str = "one", life: int = LIFE) -> set[int]:
    return await store.publish(worker, f"http://{worker}:6066", life, entries)


async def documents(store: Store, partitions: int = 4) -> dict[int, tuple[str, bytes]]:
    return {number: (held.worker, held.entry.document) for number, held in (await store.read(partitions)).items()}


class TestEntries:
    async def test_what_is_written_is_read_byte_for_byte_with_who_wrote_it_and_when(
        self, store: Store, redis: RedisServer
    ) -> None:
        written = [entry(0, 3, bytes(range(256))), entry(2, 4, b"\x00" * 100_000, NOW + 1)]
        assert await published(store, *written) == set()
        found = await store.read(4)
        assert [held.entry for held in found.values()] == written
        assert {(held.worker, held.version) for held in found.values()} == {("one", "1")}
        seconds, micros = map(int, redis.ask("TIME").split())
        assert all(0 <= seconds * 1000 + micros // 1000 - held.written_ms < 60_000 for held in found.values())

    async def test_partitions_that_nobody_wrote_are_left_out(self, store: Store) -> None:
        assert await documents(store) == {}
        await published(store, entry(1, 1), entry(5, 1))
        assert list(await documents(store)) == [1]
        assert list(await documents(store, 6)) == [1, 5]

    async def test_what_nobody_of_ours_wrote_is_left_out(self, store: Store, redis: RedisServer) -> None:
        redis.ask("HSET", "{deskpulse}:p:0", "generation", 1)
        assert await documents(store) == {}

    async def test_an_older_owner_is_refused_an_equal_or_newer_one_is_not(self, store: Store) -> None:
        assert await published(store, entry(0, 5, b"first")) == set()
        assert await published(store, entry(0, 4, b"late"), entry(1, 4, b"other"), worker="two") == {0}
        assert await documents(store) == {0: ("one", b"first"), 1: ("two", b"other")}
        assert await published(store, entry(0, 5, b"again")) == set()
        assert await published(store, entry(0, 10, b"newer"), worker="two") == set(), "10 is more than 5, and than 9"
        assert await published(store, entry(0, 9, b"late")) == {0}
        assert await documents(store) == {0: ("two", b"newer"), 1: ("two", b"other")}

    async def test_of_two_owners_that_write_at_once_the_newer_ones_entry_stays(self, store: Store) -> None:
        for turn in range(20):
            writes = [
                published(store, entry(0, 2 * turn + who, f"{turn} {who}".encode()), worker=f"{who}")
                for who in ((0, 1) if turn % 2 else (1, 0))
            ]
            await asyncio.gather(*writes)
            assert (await documents(store))[0] == ("1", f"{turn} 1".encode())

    async def test_an_entry_ends_with_its_life_and_each_write_begins_it_anew(
        self, store: Store, redis: RedisServer
    ) -> None:
        await published(store, entry(0, 1), entry(1, 1))
        assert 0 < int(redis.ask("PTTL", "{deskpulse}:p:0")) <= LIFE
        await published(store, entry(0, 1), life=10 * LIFE)
        assert int(redis.ask("PTTL", "{deskpulse}:p:0")) > LIFE
        await published(store, entry(0, 2), life=100)

        async def is_gone() -> bool:
            return list(await documents(store)) == [1]

        await until(is_gone, "the entry of partition 0 ends", 5)

    async def test_a_refused_write_does_not_prolong_the_life_of_what_is_held(
        self, store: Store, redis: RedisServer
    ) -> None:
        await published(store, entry(0, 2))
        await published(store, entry(0, 1), life=10 * LIFE)
        assert int(redis.ask("PTTL", "{deskpulse}:p:0")) <= LIFE

    async def test_after_a_groups_generations_have_begun_anew_its_entries_are_let_in_again(self, store: Store) -> None:
        await published(store, entry(0, 900), life=200)

        async def is_let_in() -> bool:
            return await published(store, entry(0, 1, b"new")) == set()

        await until(is_let_in, "the old entry ends", 5)
        assert await documents(store) == {0: ("one", b"new")}

    async def test_an_entry_of_another_schema_is_read_as_such(self, store: Store, redis: RedisServer) -> None:
        newer = Store(redis.url, "2")
        await published(newer, entry(0, 1))
        await newer.close()
        assert (await store.read(1))[0].version == "2"


class TestWorkers:
    async def test_workers_are_seen_by_name_with_their_addresses(self, store: Store) -> None:
        await published(store, entry(0, 1), worker="two")
        await published(store, worker="one")
        found = await store.workers()
        assert [(one.name, one.address) for one in found] == [("one", "http://one:6066"), ("two", "http://two:6066")]
        assert all(0 <= one.seconds_ago < 60 for one in found)

    async def test_one_that_is_refused_is_seen_too(self, store: Store) -> None:
        await published(store, entry(0, 2))
        await published(store, entry(0, 1), worker="late")
        assert [one.name for one in await store.workers()] == ["late", "one"]

    async def test_one_that_is_gone_is_listed_for_a_quarter_of_an_hour_and_then_forgotten(
        self, store: Store, redis: RedisServer
    ) -> None:
        seconds = int(redis.ask("TIME").split()[0])
        for name, ago in (("gone", WORKER_SECONDS + 60), ("going", WORKER_SECONDS - 60)):
            redis.ask("HSET", WORKERS, name, f"{(seconds - ago) * 1000} http://{name}:6066")
        found = await store.workers()
        assert [one.name for one in found] == ["going"]
        assert WORKER_SECONDS - 61 < found[0].seconds_ago < WORKER_SECONDS
        assert redis.ask("HKEYS", WORKERS) == b"going"


class TestExamined:
    async def test_redis_tells_of_itself_what_it_holds_and_nothing_is_forgotten_by_that(
        self, store: Store, redis: RedisServer
    ) -> None:
        await published(store, entry(1, 1))
        redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        seconds = int(redis.ask("TIME").split()[0])
        gone = f"{(seconds - WORKER_SECONDS - 60) * 1000} http://gone:6066"
        redis.ask("HSET", WORKERS, "gone", gone)
        found = await store.examined(2)
        assert found.version in redis.ask("INFO", "server").decode()
        assert (found.eviction_policy, list(found.held), [one.name for one in found.workers]) == (
            "allkeys-lru", [1], ["one"],
        )  # fmt: skip
        assert 0 <= found.at_ms - seconds * 1000 < 60_000
        assert redis.ask("HGET", WORKERS, "gone").decode() == gone


class TestWanted:
    async def test_what_a_board_wants_is_told_and_forgotten_after_a_minute(
        self, store: Store, redis: RedisServer
    ) -> None:
        assert await store.wanted() == b""
        await store.want(b"this")
        await store.want(b"that")
        assert await store.wanted() == b"that"
        assert 50 < int(redis.ask("TTL", WANTED)) <= 60


class TestChanges:
    async def test_each_write_is_told_and_one_that_was_refused_is_not(self, store: Store) -> None:
        changes = store.changes()
        await anext(changes)
        await published(store, entry(0, 2))
        await bounded(anext(changes))
        await published(store, entry(0, 1))
        news = asyncio.ensure_future(anext(changes))
        await published(store, entry(1, 1))
        await bounded(news)
        later = asyncio.ensure_future(anext(changes))
        await asyncio.wait([later], timeout=0.2)
        assert not later.done(), "two writes were told, not three"
        later.cancel()
        await asyncio.gather(later, return_exceptions=True)

    async def test_while_nobody_writes_the_listener_waits_on(self, store: Store) -> None:
        changes = store.changes()
        await anext(changes)
        news = asyncio.ensure_future(anext(changes))
        await asyncio.wait([news], timeout=2.5 * SILENT_SECONDS)
        assert not news.done()
        await published(store, entry(0, 1))
        await bounded(news)
        await changes.aclose()

    async def test_when_redis_goes_that_is_told(self, store: Store, redis: RedisServer) -> None:
        changes = store.changes()
        await anext(changes)
        with redis.stopped(), pytest.raises(MirrorError):
            await bounded(anext(changes))
        changes = store.changes()
        await anext(changes)
        redis.ask("PUBLISH", CHANGED, "1")
        await bounded(anext(changes))
        await changes.aclose()

    async def test_when_redis_says_nothing_any_more_that_is_told(self, store: Store, redis: RedisServer) -> None:
        changes = store.changes()
        await anext(changes)
        with redis.standing_still(), pytest.raises(MirrorError):
            await bounded(anext(changes), 3 * SILENT_SECONDS + CALL_SECONDS + SLACK_SECONDS)


CALLS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "publish": lambda store: published(store, entry(0, 1)),
    "read": lambda store: store.read(8),
    "workers": lambda store: store.workers(),
    "want": lambda store: store.want(b"x"),
    "wanted": lambda store: store.wanted(),
    "changes": lambda store: anext(store.changes()),
}


class TestFaults:
    @pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "not yet connected"])
    async def test_a_slow_redis_holds_no_call_for_longer_than_its_bound(
        self, store: Store, redis: RedisServer, *, is_connected: bool
    ) -> None:
        if is_connected:
            await asyncio.gather(*(CALLS[name](store) for name in CALLS))
        with redis.standing_still():
            found = await bounded(asyncio.gather(*(call(store) for call in CALLS.values()), return_exceptions=True))
        assert [type(one) for one in found] == [MirrorError] * len(CALLS), found
        assert all(map(str, found)), "each says why"
        await published(store, entry(3, 1, b"after"))
        assert (await documents(store))[3] == ("one", b"after"), "answers to what was given up are not taken for others"

    async def test_without_redis_every_call_fails_at_once_and_afterwards_works(
        self, store: Store, redis: RedisServer
    ) -> None:
        await published(store, entry(0, 1))
        with redis.stopped():
            found = await bounded(asyncio.gather(*(call(store) for call in CALLS.values()), return_exceptions=True))
        assert [type(one) for one in found] == [MirrorError] * len(CALLS), found
        assert await documents(store) == {}
        await published(store, entry(0, 1, b"back"))
        assert await documents(store) == {0: ("one", b"back")}

    async def test_a_key_that_is_something_else_is_an_error_that_says_so(
        self, store: Store, redis: RedisServer
    ) -> None:
        redis.ask("SET", "{deskpulse}:p:0", "text")
        with pytest.raises(MirrorError, match="WRONGTYPE"):
            await store.read(1)
        with pytest.raises(MirrorError, match="WRONGTYPE"):
            await published(store, entry(0, 1))


async def bounded(what: Awaitable[T], seconds: float = CALL_SECONDS + SLACK_SECONDS) -> T:
    async with asyncio.timeout(seconds):
        return await what
