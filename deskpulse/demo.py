"""Everything in one process group: embedded broker, worker with its board, a simulated help desk, on-call.

A day and a half of history is sent first and processed before anything counts as late; then events come as they happen.
A scene begins once the floor is live: the desk goes on as the same floor with the scene in it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, Protocol

import msgspec

from deskpulse.board.access import Tokens
from deskpulse.board.beside import board_beside
from deskpulse.configuration.loading import Configuration
from deskpulse.configuration.tables import Floor
from deskpulse.feeding import Feed
from deskpulse.on_call import OnCall, Places, on_call
from deskpulse.scenes import Plan, Scene, plan, promise_shown, queues
from deskpulse.worker import Setting, Worker
from intake.simulator.desk import Delivery, DeskOptions, simulate
from metrics.instants import HOUR, SECOND
from stream.rim.embedded import EmbeddedBroker
from stream.rim.preflight import create_topics
from stream.rim.sending import Sender

#: The help desk's own events; its chat and its exchange are sources that begin with it.
SOURCE: Final = "simulator/demo"
#: The whole local day before today's, so that facts of a day are beside its tickets, and a part of 24 h before 24 h.
HISTORY: Final = 36 * HOUR
TICKETS_PER_DAY: Final = 10_000.0
CUSTOMERS: Final = 140_000  # who write every two weeks
#: Some in hand, so that the night's letters are answered by now whoever is ill.
AGENTS_FACTOR: Final = 1.2
#: What hour it is on the simulated floor when the demo starts: the middle of a busy morning, wherever the user is.
LOCAL_HOUR: Final = 11
_ZONES: Final = range(-14, 13)  # Etc/GMT-14 (UTC+14) to Etc/GMT+12


class Started(msgspec.Struct, frozen=True):
    """What a user is told once the demo runs."""

    url: str
    wall: str
    broker: str
    history: int  # events sent so far
    on_call: OnCall


class Audience(Protocol):
    """Who is shown the demo."""

    def started(self, started: Started) -> None:
        """Numbers are live."""
        ...

    def told(self, line: str) -> None:
        """Something happens on the floor now."""
        ...

    def notified(self, line: str) -> None:
        """On-call got a notification."""
        ...

    async def watch(self, worker: Worker) -> None:
        """A second has passed."""
        ...


async def run(
    configuration: Configuration, tokens: Tokens, scene: Scene, stop: asyncio.Event, audience: Audience
) -> None:
    """Run the demo until ``stop``.

    Raises:
        PortTakenError: the worker's port is taken, or the board's.
        BrokerStartError: the embedded broker did not start.
    """
    now = time.time_ns()
    configuration = in_its_zone(configuration, now)
    floor = options(now, configuration, scene)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(EmbeddedBroker())
        setting = Setting(brokers=(broker.address,), partitions=4, is_embedded=True, is_alone=True)
        worker = Worker(configuration, setting)
        url = await stack.enter_async_context(worker.serving(tokens))
        wall = await stack.enter_async_context(board_beside(worker, url, tokens, stop))
        await create_topics(worker.rim_settings)
        sender = await stack.enter_async_context(Sender(setting.brokers))
        feed = Feed(sender, simulate(floor))
        await feed.send_until(now, as_of_then=True)
        running = asyncio.create_task(worker.run(stop))
        await _first_of(worker.wait_ready(), running, stop)
        if not stop.is_set() and not running.done():
            called = await stack.enter_async_context(
                on_call(configuration, Places(url, wall, tokens.wall), audience.notified)
            )
            audience.started(Started(url, wall, broker.address, feed.sent, called))
            staged = planned(configuration, scene, time.time_ns())
            if staged is not None:
                feed = Feed(sender, await asyncio.to_thread(_from, staged.staged(floor), feed.sent))
            await _first_of(_live(feed, worker, stop, staged, audience), running, stop)
        stop.set()
        await running


def in_its_zone(configuration: Configuration, now: int) -> Configuration:
    """With the simulated floor's time zone: its today, its days, and the hours of calendars that name no zone."""
    return configuration.model_copy(update={"floor": Floor(time_zone=_zone(_hours_behind(now)))})


def _hours_behind(now: int) -> int:
    """How far behind UTC it is ``LOCAL_HOUR`` now."""
    hour = now // HOUR % 24
    return next(behind for behind in _ZONES if (hour - behind) % 24 == LOCAL_HOUR)


def _zone(behind: int) -> str:
    return f"Etc/GMT{behind:+d}" if behind else "Etc/GMT"


def options(now: int, configuration: Configuration, scene: Scene) -> DeskOptions:
    """A floor on which it is a working day's busy morning at ``now``, with its history.

    It has the configured queues, and works as quickly as what is promised there asks for. A scene is the only
    trouble that it has.
    """
    behind = _hours_behind(now)
    today = datetime.fromtimestamp((now - behind * HOUR) // SECOND, UTC).weekday()
    promise = promise_shown(configuration)
    return DeskOptions(
        start=now - HISTORY,
        seed=now // SECOND % 100_000,
        tickets_per_day=TICKETS_PER_DAY,
        queues=queues(configuration),
        agents_factor=AGENTS_FACTOR,
        customers=CUSTOMERS,
        source=SOURCE,
        pace=1.0 if promise is None else promise.pace,
        time_zone=_zone(behind),
        weekend=((today + 3) % 7, (today + 4) % 7),
        incidents=scene is Scene.NORMAL,
        right_clocks_from=now,  # history is the same whatever scene begins a moment later
    )


def planned(configuration: Configuration, scene: Scene, live: int) -> Plan | None:
    """When what of the scene happens on a floor that is live at ``live``; None where there is nothing to show."""
    promise = promise_shown(configuration)
    return None if scene is Scene.NORMAL or promise is None else plan(scene, promise.target, live)


def _from(floor: DeskOptions, sent: int) -> Iterator[Delivery]:
    """What a floor delivers after its first ``sent`` events; until its scene, that is what one without it delivers."""
    deliveries = simulate(floor)
    deque(islice(deliveries, sent), maxlen=0)
    return deliveries


async def _live(feed: Feed, worker: Worker, stop: asyncio.Event, staged: Plan | None, audience: Audience) -> None:
    following = asyncio.create_task(feed.follow(stop))
    telling = asyncio.create_task(_tell(staged, audience))
    try:
        while not following.done():
            await audience.watch(worker)
            await asyncio.wait((following,), timeout=1.0)
        following.result()
    finally:
        following.cancel()
        telling.cancel()


async def _tell(staged: Plan | None, audience: Audience) -> None:
    for at, line in staged.lines() if staged is not None else ():
        await asyncio.sleep((at - time.time_ns()) / SECOND)
        audience.told(line)


async def _first_of(work: Coroutine[Any, Any, None], running: asyncio.Task[None], stop: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())]
    await asyncio.wait((*tasks, running), return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
