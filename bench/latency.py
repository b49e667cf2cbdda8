"""From a sender's `send` to the number on /snapshot and /metrics, at a steady rate: the whole way, three processes.

Every 50 ms a handful of events is sent, among them created tickets; a tick is visible when the first answer counts as
many created tickets as were sent until then. It is asked again 50 ms after each answer.
"""

from __future__ import annotations

import asyncio
import bisect
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.growth import CREATED, REPLIED, RESOLVED, event
from bench.rows import Row, spread
from stream.rim.sending import Sender
from tests.floors import floor_on
from tests.processes import WorkerProcess

EVENTS_A_SECOND = 5_000
TICK_SECONDS = 0.05
POLL_PAUSE_SECONDS = 0.05
#: Of the events of a tick: 2 of 5 created, 2 of 5 replied, 1 of 5 resolved.
CREATED_A_TICK = int(EVENTS_A_SECOND * TICK_SECONDS * 2 / 5)

Ticks = list[tuple[float, int]]  # when sent, tickets created until then
Seen = list[tuple[float, float]]  # when answered, tickets counted
Count = Callable[[], Awaitable[float]]


async def rows(address: str, seconds: float) -> list[Row]:
    """One warm-up tick, then the same for each of the two paths."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as sender:
        floor = await floor_on(address, Path(folder), '[labels]\nqueues = ["queue-1", "queue-2"]\n')
        async with WorkerProcess("--config", floor.configuration) as worker:
            await worker.ready()

            async def in_snapshot() -> float:
                windows = (await worker.snapshot())["all"]["windows"]
                return float(windows["1h"]["created"])

            async def in_metrics() -> float:
                return await worker.total("support_tickets_created_total")

            found, first = [], 0
            for path, count in (("/snapshot", in_snapshot), ("/metrics", in_metrics)):
                for duration in (1.0, seconds):  # the first is thrown away: imports, connections, caches
                    sending = asyncio.wrap_future(sender.submit(send_ticks, address, duration, first))
                    delays, asked = await _watched(sending, count)
                    first += round(duration / TICK_SECONDS) * CREATED_A_TICK
                what = f"sent → visible in {path}, {EVENTS_A_SECOND:,} events/s for {seconds:g} s"
                found.append(Row(what, spread(delays), f"goal p99 300 ms; an answer takes {spread(asked)}"))
            return found


async def _watched(sending: asyncio.Future[Ticks], count: Count) -> tuple[list[float], list[float]]:
    seen: Seen = []
    asked: list[float] = []
    while not sending.done() or seen[-1][1] < sending.result()[-1][1]:
        began = time.time()
        counted = await count()
        seen.append((time.time(), counted))
        asked.append(seen[-1][0] - began)
        await asyncio.sleep(POLL_PAUSE_SECONDS)
    counts = [counted for _, counted in seen]
    return [seen[bisect.bisect_left(counts, upto)][0] - at for at, upto in sending.result()], asked


def send_ticks(address: str, seconds: float, first: int) -> Ticks:
    """In a process of its own: tickets from number ``first`` on."""
    return asyncio.run(_send_ticks(address, seconds, first))


async def _send_ticks(address: str, seconds: float, first: int) -> Ticks:
    ticks: Ticks = []
    async with Sender((address,)) as sender:
        began = time.time()
        for tick in range(round(seconds / TICK_SECONDS)):
            await asyncio.sleep(max(0.0, began + tick * TICK_SECONDS - time.time()))
            numbers = range(first + tick * CREATED_A_TICK, first + (tick + 1) * CREATED_A_TICK)
            at = time.time()
            for record in _events(numbers, time.time_ns()):
                await sender.send(*record)
            await sender.flush()
            ticks.append((at, numbers.stop))
    return ticks


def _events(numbers: range, now: int) -> list[tuple[str, bytes, bytes]]:
    made = [(CREATED, number) for number in numbers]
    earlier = [number - CREATED_A_TICK for number in numbers]
    made += [(REPLIED, number) for number in earlier]
    made += [(RESOLVED, number) for number in earlier if number % 2]
    return [(topic, *event(topic, number, now)) for topic, number in made if number >= 0]
