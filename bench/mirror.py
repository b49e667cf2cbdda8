"""The mirror in Redis: the way over it to the displays, what it costs a worker, and its documents by size and time.

On a Redis of its own; without `redis-server` the part is left out and says so.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench import by_mirror
from bench.displays import delays_of, resident_megabytes, watch
from bench.floor_log import log, rim_settings, send
from bench.latency import CREATED_A_TICK, EVENTS_A_SECOND, TICK_SECONDS, send_ticks
from bench.rows import Row, isolated, spread
from stream.rim.preflight import create_topics
from tests.boards import BoardedWorker, BoardProcess
from tests.floors import floor_on
from tests.processes import WorkerProcess
from tests.redis_servers import RedisServer

DISPLAYS = 200
#: Seconds that are thrown away: imports, connections, caches.
WARM_UP = 2.0
QUEUES = '[labels]\nqueues = ["queue-1", "queue-2"]\n'


async def way_rows(address: str, others: str, seconds: float) -> list[Row]:
    """From `send` to 200 displays: of a lone worker's board, and of a board over Redis; each on a broker of its own."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        lone = await floor_on(address, Path(folder), QUEUES)
        async with BoardedWorker("--config", lone.configuration) as worker:
            await worker.ready()
            board = await worker.board()
            delays, _, grown = await _shown(pool, address, seconds, board, worker.pid, worker.until_total_of_board)
        found = [Row(_what("the board in the worker"), spread(delays), f"that process: {grown:+.0f} MB")]
        with RedisServer.running() as redis:
            shared = await floor_on(others, Path(folder), QUEUES)
            options = ("--config", shared.configuration)
            async with WorkerProcess(*options, DESKPULSE_REDIS=redis.url) as worker:
                await worker.ready()
                async with BoardProcess(*options, DESKPULSE_REDIS=redis.url) as board_process:
                    await board_process.ready()
                    board = await board_process.url()
                    asked = board_process.until_total_is
                    delays, busy, grown = await _shown(pool, others, seconds, board, board_process.pid, asked)
        beside = f"goal p99 300 ms; the board: {busy:.0%} of a processor, {grown:+.0f} MB"
        return [*found, Row(_what("a board over Redis"), spread(delays), beside)]


def _what(board: str) -> str:
    return f"sent → on each of {DISPLAYS} displays of {board}, {EVENTS_A_SECOND:,} events/s"


async def _shown(
    pool: ProcessPoolExecutor,
    address: str,
    seconds: float,
    board: str,
    process: int,
    until_total: Callable[[str, float], Awaitable[None]],
) -> tuple[list[float], float, float]:
    """Delays of all displays; processor seconds a second and megabytes that the process of the board took to them."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(pool, send_ticks, address, WARM_UP, 0)
    first = round(WARM_UP / TICK_SECONDS) * CREATED_A_TICK
    until = first + round(seconds / TICK_SECONDS) * CREATED_A_TICK
    before = resident_megabytes(process)
    watching = loop.run_in_executor(pool, watch, board, DISPLAYS, until)
    await until_total("support_board_sse_clients", DISPLAYS)
    began, used = time.monotonic(), processor_seconds(process)
    ticks = await loop.run_in_executor(pool, send_ticks, address, seconds, first)
    seen = await watching
    busy = (processor_seconds(process) - used) / (time.monotonic() - began)
    grown = resident_megabytes(process) - before
    return [delay for one in seen for delay in delays_of(one, ticks)], busy, grown


def cost_rows(address: str, events: int, runs: int, *, is_embedded: bool) -> list[Row]:
    """A worker that catches up on a log, with the mirror and without, in turns."""
    settings = rim_settings(address, is_embedded=is_embedded)
    asyncio.run(create_topics(settings))
    asyncio.run(send(address, log(events)))
    took: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    documents = 0
    with RedisServer.running() as redis:
        for run in range(runs):
            for is_mirrored, found in took.items():
                name = f"bench-mirror-{run}-{'on' if is_mirrored else 'off'}"
                one = isolated(by_mirror.seconds, address, name, events, redis.url if is_mirrored else None)
                found.append(one.took)
                documents += one.published
    (wall_off, cpu_off), (wall_on, cpu_on) = (
        tuple(statistics.median(column) for column in zip(*found, strict=True)) for found in took.values()
    )
    what = f"a worker with the mirror, {events:,} events to catch up on"
    ratio = f"{wall_off / wall_on:.2f} of the one without ({cpu_off / cpu_on:.2f})"
    beside = f"{ratio}; written {documents / runs:.0f} times"
    return [Row(what, f"{events / wall_on:,.0f} events/s", beside)]


def processor_seconds(process: int) -> float:
    """All that the process has used, of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
