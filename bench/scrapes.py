"""/metrics at the two sizes of the series budget: how long a scrape takes, and how long it holds the event loop."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any, cast

from bench.rows import LoopBlocks, Row, StandingRim, percentile, spread
from deskpulse.looking import give_the_loop_its_turns, unchanged
from deskpulse.server import create_server, serving
from deskpulse.ticket_lists import TicketList
from deskpulse.why import Why, WhyAsked
from metrics.activity import Activity
from metrics.exposition import render, view
from metrics.instants import format_instant
from stream.listing import Wanted
from stream.rim.worker import Rim
from stream.tickets import Admission, Tickets
from tests.full_floors import NOW, fill_live, fill_windows, full_pipeline, full_rules

#: Queues, priorities, channels, partitions.
USUAL, LIMIT = (5, 4, 3, 8), (20, 4, 6, 16)


class FullFloor:
    """Answers scrapes as a lone worker does whose every metric has every series."""

    fault = None

    def __init__(self, queues: int, priorities: int, channels: int, partitions: int) -> None:
        rules = full_rules(queues, priorities, channels)
        self._activity = Activity(rules, lambda: NOW)
        self._tickets = Tickets(rules, Admission(), self._activity.observe)
        for number in range(partitions):
            fill_live(self._tickets.open(number), rules, self._tickets.vocabulary)
        fill_windows(self._tickets, self._activity)
        self._ready = range(partitions)
        self._rim = cast("Rim", StandingRim())

    def readiness(self) -> dict[str, Any]:
        return {"ready": True}

    async def explained(self, _ticket: str) -> None:
        return None

    async def listed(self, wanted: Wanted, _limit: int) -> TicketList:
        return TicketList(format_instant(NOW), wanted.state, {}, 0, ())

    async def why(self, _asked: WhyAsked) -> Why | None:
        return None

    async def snapshot_as_of(self, at: int | None) -> dict[str, Any]:
        async with unchanged(self._rim) as look:
            return await look(partial(self._snapshot, at or NOW))

    async def exposition(self, accept: str | None, names: list[str]) -> tuple[bytes, str]:
        async with unchanged(self._rim) as look:
            made = await look(self._view)
        return await asyncio.to_thread(render, made, accept, names)

    def _snapshot(self, at: int) -> dict[str, Any]:
        return self._tickets.snapshot(at, self._ready, len(self._ready))

    def _view(self) -> Any:
        pipeline = full_pipeline(len(self._ready))
        return view(self._tickets, self._ready, self._activity, pipeline, NOW, self._snapshot(NOW))


def rows(scrapes: int) -> list[Row]:
    """Both sizes, by a scraper in a process of its own."""
    give_the_loop_its_turns()
    return [asyncio.run(_row(limits, scrapes)) for limits in (USUAL, LIMIT)]


async def _row(limits: tuple[int, int, int, int], scrapes: int) -> Row:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as scraper:
        async with serving(create_server(FullFloor(*limits)), "127.0.0.1", 0, "") as url, LoopBlocks() as blocks:
            await asyncio.wrap_future(scraper.submit(scraped, url, 2))
            blocks.longest = 0.0
            series, found = await asyncio.wrap_future(scraper.submit(scraped, url, scrapes))
    beside = f"{percentile(found, 0.99) * 5e6 / series:,.0f} ms p99 per 5,000 (goal 50); {blocks}"
    return Row(f"/metrics of {series:,} series", spread(found), beside)


def scraped(url: str, times: int) -> tuple[int, list[float]]:
    """Series of the last scrape, seconds of each."""
    found, body = [], b""
    for _ in range(times):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{url}/metrics") as answer:
            body = answer.read()
        found.append(time.perf_counter() - began)
    return sum(not line.startswith(b"#") for line in body.splitlines()), found
