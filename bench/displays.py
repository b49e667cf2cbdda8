"""From a sender's `send` to the number on every display of a lone worker's board, at a steady rate.

A worker with its board, a sender and a process with all displays. A tick is visible on a display when the first
document there counts as many created tickets as were sent until then.
"""

from __future__ import annotations

import asyncio
import bisect
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import aiohttp

from bench.latency import CREATED_A_TICK, EVENTS_A_SECOND, TICK_SECONDS, send_ticks
from bench.rows import Row, spread
from tests.boards import BoardedWorker
from tests.floors import floor_on

DISPLAYS = (50, 200)
DATA = b'data: {"v"'

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
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        return await asyncio.gather(*(_watched(http, board, until) for _ in range(displays)))


async def _watched(http: aiohttp.ClientSession, board: str, until: int) -> Seen:
    seen: Seen = []
    async with http.get(f"{board}/events") as answer:
        async for line in answer.content:
            if line.startswith(DATA):
                seen.append((time.time(), json.loads(line[len(b"data: ") :])["open"]["created_1h"]))
                if seen[-1][1] >= until:
                    return seen
    raise AssertionError("the stream ended before its numbers were there")


def resident_megabytes(process: int) -> float:
    """What the process holds in memory."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
