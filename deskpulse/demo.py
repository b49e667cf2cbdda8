"""Everything in one process group: the embedded broker, a worker, and a simulated help desk that goes on live.

A day of history is sent first and processed before anything counts as late; then events come as they happen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from deskpulse.configuration.loading import Configuration
from deskpulse.feeding import Feed
from deskpulse.worker import Setting, Worker
from intake.simulator.desk import DeskOptions, simulate
from metrics.instants import DAY, HOUR, SECOND
from stream.rim.embedded import EmbeddedBroker
from stream.rim.preflight import create_topics
from stream.rim.sending import Sender

HISTORY: Final = DAY
TICKETS_PER_DAY: Final = 6_000.0
#: What hour it is on the simulated floor when the demo starts: the middle of a busy morning, wherever the user is.
LOCAL_HOUR: Final = 11
_ZONES: Final = range(-14, 13)  # Etc/GMT-14 (UTC+14) to Etc/GMT+12


class Started(msgspec.Struct, frozen=True):
    """What a user is told once the demo runs."""

    url: str
    broker: str
    history: int  # events sent so far


async def run(
    configuration: Configuration, stop: asyncio.Event, tell: Callable[[Started], None], watch: Callable[[Worker], None]
) -> None:
    """Run the demo until ``stop``; ``tell`` is called once numbers are live, ``watch`` every second from then on.

    Raises:
        PortTakenError: the worker's port is taken.
        BrokerStartError: the embedded broker did not start.
    """
    now = time.time_ns()
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(EmbeddedBroker())
        setting = Setting(brokers=(broker.address,), partitions=4, is_embedded=True, is_alone=True)
        worker = Worker(configuration, setting)
        url = await stack.enter_async_context(worker.serving())
        await create_topics(worker.rim_settings)
        sender = await stack.enter_async_context(Sender(setting.brokers))
        feed = Feed(sender, simulate(options(now)))
        await feed.send_until(now)
        running = asyncio.create_task(worker.run(stop))
        await _first_of(worker.wait_ready(), running, stop)
        if not stop.is_set() and not running.done():
            tell(Started(url, broker.address, feed.sent))
            await _first_of(_live(feed, worker, stop, watch), running, stop)
        stop.set()
        await running


def options(now: int) -> DeskOptions:
    """A floor on which it is a working day's busy morning at ``now``, with a day of history."""
    hour = now // HOUR % 24
    behind = next(zone for zone in _ZONES if (hour - zone) % 24 == LOCAL_HOUR)
    zone = f"Etc/GMT{behind:+d}" if behind else "Etc/GMT"
    today = datetime.fromtimestamp((now - behind * HOUR) // SECOND, UTC).weekday()
    return DeskOptions(
        start=now - HISTORY,
        seed=now // SECOND % 100_000,
        tickets_per_day=TICKETS_PER_DAY,
        time_zone=zone,
        weekend=((today + 3) % 7, (today + 4) % 7),
    )


async def _live(feed: Feed, worker: Worker, stop: asyncio.Event, watch: Callable[[Worker], None]) -> None:
    following = asyncio.create_task(feed.follow(stop))
    try:
        while not following.done():
            watch(worker)
            await asyncio.wait((following,), timeout=1.0)
        following.result()
    finally:
        following.cancel()


async def _first_of(work: Coroutine[Any, Any, None], running: asyncio.Task[None], stop: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())]
    await asyncio.wait((*tasks, running), return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
