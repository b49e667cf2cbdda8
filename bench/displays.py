"""From a sender's `send` to the number on every display of a lone worker's board, at a steady rate.

A worker with its board, a sender and a process with all displays. A tick is visible on a display when the first
document there counts as many created tickets as were sent until then.
"""

from __future__ import annotations

import asyncio
import bisect
import re
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from bench.latency import CREATED_A_TICK, EVENTS_A_SECOND, TICK_SECONDS, send_ticks
from bench.rows import Row, spread
from tests.boards import BoardedWorker
from tests.floors import floor_on

DISPLAYS = (50, 200)
#: Tickets created, in a document of the wall.
COUNTED = re.compile(rb'"created_1h":(\d+),')

Seen = list[tuple[float, float]]  # when received, tickets counted


async def rows(address: str, seconds: float) -> list[Row]:
    """One part for each number of displays, on one worker."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        floor = await floor_on(address, Path(folder), '[labels]\nqueues = ["queue-1", "queue-2"]\n')
        async with BoardedWorker("--config", floor.configuration) as worker:
            await worker.ready()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(pool, send_ticks, address, 1.0, 0)  # thrown away: imports, connections, caches
            found, first = [], round(1.0 / TICK_SECONDS) * CREATED_A_TICK
            for displays in DISPLAYS:
                before = resident_megabytes(worker.pid)
                until = first + round(seconds / TICK_SECONDS) * CREATED_A_TICK
                watching = loop.run_in_executor(pool, watch, await worker.board(), displays, until)
                await worker.until_total_of_board("support_board_sse_clients", displays)
                ticks = await loop.run_in_executor(pool, send_ticks, address, seconds, first)
                seen = await watching
                first = until
                what = f"sent → on each of {displays} displays, {EVENTS_A_SECOND:,} events/s for {seconds:g} s"
                grown = resident_megabytes(worker.pid) - before
                delays = [delay for one in seen for delay in delays_of(one, ticks)]
                found.append(Row(what, spread(delays), f"the worker's memory: {grown:+.0f} MB, its tickets included"))
            return found


def delays_of(seen: Seen, ticks: list[tuple[float, int]]) -> list[float]:
    """For each tick, how long after it was sent the display showed it."""
    counts = [counted for _, counted in seen]
    return [seen[bisect.bisect_left(counts, upto)][0] - at for at, upto in ticks]


def watch(board: str, displays: int, until: int) -> list[Seen]:
    """In a process of its own: what each display saw, until it counts so many tickets."""
    return asyncio.run(_watch(board, displays, until))


async def _watch(board: str, displays: int, until: int) -> list[Seen]:
    host, _, port = urlsplit(board).netloc.partition(":")
    loop = asyncio.get_running_loop()
    connected = [await loop.create_connection(partial(_Watched, until), host, int(port)) for _ in range(displays)]
    try:
        return [await watched.seen() for _, watched in connected]
    finally:
        for transport, _ in connected:
            transport.close()


class _Watched(asyncio.Protocol):
    """One display that does nothing but note what came when: 200 browsers are on machines of their own."""

    def __init__(self, until: int) -> None:
        self._until = until
        self._came: list[tuple[float, bytes]] = []
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(b"GET /events HTTP/1.1\r\nHost: display\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        self._came.append((time.time(), data))
        found = COUNTED.findall(data)
        if found and int(found[-1]) >= self._until and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(AssertionError("the stream ended before its numbers were there"))

    async def seen(self) -> Seen:
        await self._done
        ends = list(accumulate(len(data) for _, data in self._came))
        everything = b"".join(data for _, data in self._came)
        return [
            (self._came[bisect.bisect_left(ends, found.end())][0], int(found[1]))
            for found in COUNTED.finditer(everything)
        ]


def resident_megabytes(process: int) -> float:
    """What the process holds in memory."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
