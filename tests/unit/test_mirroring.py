"""The worker's side of the mirror: what it says of itself, how long it leaves the worker alone, that it goes on."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from deskpulse.mirroring import Mirroring, address_of, periods_of, told_periods
from deskpulse.pacing import AHEAD, LIVES, QUIET_TICKS, TICK, pause_after
from deskpulse.worker import Gathered, Worker
from metrics.components import asked_now
from metrics.document import About
from metrics.instants import SECOND
from mirror.store import Entry, MirrorError, Store
from tests.processes import until
from tests.small_floor import SmallFloor, small_floor


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:6066", "http://127.0.0.1:6066"),
        ("http://[::1]:6066", "http://[::1]:6066"),
        ("http://worker-2.floor.example:6067", "http://worker-2.floor.example:6067"),
        ("http://0.0.0.0:6066", f"http://{socket.gethostname()}:6066"),
        ("http://[::]:6066", f"http://{socket.gethostname()}:6066"),
    ],
)
def test_a_worker_is_reached_where_it_listens_and_by_its_machines_name_where_that_is_everywhere(
    url: str, address: str
) -> None:
    assert address_of(url) == address


def test_the_periods_that_a_board_asks_for_arrive_as_they_were_told() -> None:
    asked = [("2026-10-01", "2026-10-31"), ("2026-10-07", "2026-10-07")]
    assert periods_of(told_periods(asked)) == tuple(asked)


@pytest.mark.parametrize(
    "told", [b"", b"not JSON", b"{}", b'[["2026-13-01","2026-10-31"]]', b'[["2026-10-01"]]', b"[7]"]
)
def test_what_is_no_period_asks_for_nothing(told: bytes) -> None:
    assert periods_of(told) == ()


class _Worker:
    """A worker of two partitions, which takes so many nanoseconds to gather them."""

    def __init__(self, floor: SmallFloor, took: int = 0) -> None:
        self.tickets = floor.tickets
        self.took = took
        self.processed = 0
        self.asked: list[str] = []

    def revision(self) -> object:
        return self.processed

    def now(self) -> int:
        return time.time_ns()

    async def settled(self) -> int:
        self.asked.append("settled")
        return 0

    async def gathered(self, as_of: Any, periods: Any) -> Gathered:
        self.asked.append("gathered")
        asked = asked_now(self.tickets.rules, as_of(self.now(), None))
        found = self.tickets.gathered(asked, (0, 1), periods)
        return Gathered(asked, self.took, found, {0: 3, 1: 3}, About(2, {}, {}))


class _Store:
    """Keeps what was written; what it raises is for the next calls."""

    def __init__(self, *raises: Exception | None, refuses: set[int] | None = None) -> None:
        self.written: list[tuple[int, Sequence[Entry]]] = []
        self.calls = 0
        self._raises = list(raises)
        self._refuses = refuses or set()

    async def publish(self, worker: str, address: str, lifetime_ms: int, entries: Sequence[Entry]) -> set[int]:
        self.calls += 1
        error = self._raises.pop(0) if self._raises else None
        if error is not None:
            raise error
        self.written.append((lifetime_ms, entries))
        return self._refuses

    async def wanted(self) -> bytes:
        return b""


@asynccontextmanager
async def mirroring(worker: _Worker, store: _Store) -> AsyncIterator[Mirroring]:
    made = Mirroring(cast("Worker", worker), cast("Store", store), "one", "http://one:6066")
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until_written(store: _Store, times: int) -> None:
    async def is_so() -> bool:
        return len(store.written) >= times

    await until(is_so, f"written {times} times")


async def test_a_worker_without_news_writes_at_whole_seconds_as_all_others_do() -> None:
    store = _Store()
    async with mirroring(_Worker(small_floor()), store):
        await until_written(store, 3)
    _first, *others = [entries[0].as_of for _, entries in store.written]
    assert [as_of % SECOND for as_of in others] == [0] * len(others)


async def test_news_are_written_at_the_next_tick_as_of_it() -> None:
    worker, store = _Worker(small_floor()), _Store()
    async with mirroring(worker, store):
        while len(store.written) < 5:
            worker.processed += 1
            await asyncio.sleep(0.02)
    instants = [entries[0].as_of for _, entries in store.written]
    assert all(as_of % TICK == 0 for as_of in instants)
    assert any(as_of % SECOND for as_of in instants), "not only at whole seconds"


async def test_numbers_are_summed_up_before_the_tick_at_which_they_are_written() -> None:
    worker, store = _Worker(small_floor()), _Store()
    worker.revision = object  # type: ignore[method-assign]  # there is always news
    async with mirroring(worker, store):
        await until_written(store, 3)
    assert worker.asked[0] == "gathered", "the first is written at once"
    assert worker.asked.count("settled") >= len(AHEAD)


async def test_an_entry_outlives_the_longest_pause_after_it() -> None:
    store = _Store()
    async with mirroring(_Worker(small_floor(), took=300_000_000), store):
        await until_written(store, 1)
    ((lifetime, entries), *_) = store.written
    assert [(one.partition, one.generation) for one in entries] == [(0, 3), (1, 3)]
    assert lifetime >= LIVES * pause_after(300_000_000) * TICK // 1_000_000 > LIVES * QUIET_TICKS * TICK // 1_000_000


@pytest.mark.parametrize("error", [MirrorError("no answer"), ValueError("a bug")], ids=["Redis", "a bug"])
async def test_whatever_fails_is_counted_said_once_and_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "deskpulse.mirroring")
    store = _Store(error, error)
    async with mirroring(_Worker(small_floor()), store) as found:
        await until_written(store, 1)
    assert (found.failed, found.published) == (2, store.calls)
    assert [record.getMessage() for record in caplog.records] == [
        f"the mirror in Redis is not written, the walls will say so: {error}",
        "the mirror in Redis is written again",
    ]


async def test_that_others_have_its_partitions_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    store = _Store(refuses={1, 0})
    async with mirroring(_Worker(small_floor()), store):
        await until_written(store, 2)
    assert [record.getMessage() for record in caplog.records] == ["other workers have partitions 0, 1 by now"]
