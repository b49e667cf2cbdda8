"""A floor on which everything happens at once, so that no query of a dashboard has a reason to be empty.

The demo's simulated help desk with its history, two workers over Redis, and on top of that: each second the whole life
of a few tickets, and from the begin on tickets that wait, are late, paused, escalated, or cannot be read at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count, product
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from deskpulse import demo
from deskpulse.configuration.loading import load_configuration
from deskpulse.configuration.model import Configuration
from deskpulse.feeding import Feed
from deskpulse.generated import DEMO
from deskpulse.scenes import Scene
from intake.simulator.desk import simulate
from stream.rim.sending import Sender
from tests.floors import Record, floor_on, records_of, send
from tests.happenings import created, happening
from tests.mirrored_floors import MirroredFloor
from tests.oracle.instants import HOUR, MINUTE, SECOND
from tests.redis_servers import RedisServer

TICKETS_PER_DAY = 2_000.0
LIVES_A_SECOND = 4

Happening = dict[str, Any]


@asynccontextmanager
async def busy_floor(address: str, folder: Path) -> AsyncIterator[MirroredFloor]:
    """With one worker, and events as they happen, while inside; a second worker can join."""
    now = time.time_ns()
    configuration = demo.in_its_zone(load_configuration(DEMO, {}), now)
    toml = f'[floor]\ntime_zone = "{configuration.floor.time_zone}"\n{DEMO.read_text(encoding="utf-8")}'
    with RedisServer.running() as redis:
        floor = MirroredFloor(await floor_on(address, folder, toml), redis, folder)
        async with floor.left, Sender(floor.floor.settings.brokers) as sender:
            options = replace(demo.options(now, configuration, Scene.NORMAL), tickets_per_day=TICKETS_PER_DAY)
            feed = Feed(sender, simulate(options))
            await feed.send_until(now, as_of_then=True)
            await send(floor.floor, [*records_of(standing(now, configuration)), *unreadable()])
            await floor.starts("one")
            stop = asyncio.Event()
            living = asyncio.gather(feed.follow(stop), live(sender, configuration, stop))
            try:
                yield floor
            finally:
                stop.set()
                await living


def standing(now: int, configuration: Configuration) -> Iterator[Happening]:
    """Tickets that stay as they are: of each queue and priority one in each state that waits."""
    for queue, priority in product(configuration.labels.queues or (), configuration.labels.priorities or ()):
        place = {"queue": queue, "priority": priority, "channel": "email"}
        name = f"standing {queue} {priority}"
        yield created(now - 3 * HOUR, f"{name} waits", **place)
        for what in ("asks again", "is paused", "is escalated"):
            ticket = f"{name} {what}"
            yield created(now - 3 * HOUR, ticket, **place)
            yield happening("ticket.replied", now - 3 * HOUR + MINUTE, ticket, agent="sara")
            kinds = {"asks again": "customer-replied", "is paused": "paused", "is escalated": "escalated"}
            yield happening(f"ticket.{kinds[what]}", now - 2 * HOUR, ticket)


def unreadable() -> Iterator[Record]:
    """Records that are refused; and an event of a ticket that nobody created."""
    yield "ticket-created", b"x", b"no event"
    yield "survey-responses", b"y", b"{}"
    yield from records_of([happening("ticket.replied", time.time_ns(), "nobody created it", agent="sara")])


async def live(sender: Sender, configuration: Configuration, stop: asyncio.Event) -> None:
    """Sends the lives of some tickets each second until ``stop``."""
    labels = configuration.labels
    places = list(product(labels.queues or (), labels.priorities or (), labels.channels or ()))
    for number in count():
        now = time.time_ns()
        for one in range(number * LIVES_A_SECOND, (number + 1) * LIVES_A_SECOND):
            for record in records_of(life(now, f"live {one}", *places[one % len(places)], one)):
                await sender.send(*record)
        await sender.flush()
        try:
            await asyncio.wait_for(stop.wait(), 1.0)
        except TimeoutError:
            continue
        return


def life(now: int, ticket: str, queue: str, priority: str, channel: str, number: int) -> Iterator[Happening]:
    """All that can happen to a ticket, of which the last is now; and beside it one that is about to be late."""
    place = {"queue": queue, "priority": priority, "channel": channel, "kind": "complaint"}
    yield created(now - 40 * SECOND, ticket, **place)
    yield happening("ticket.replied", now - 30 * SECOND, ticket, agent="sara")
    yield happening("ticket.escalated", now - 25 * SECOND, ticket)
    yield happening("ticket.converted", now - 24 * SECOND, ticket)
    yield happening("ticket.resolved", now - 20 * SECOND, ticket, agent="sara")
    yield happening("ticket.reopened", now - 10 * SECOND, ticket)
    yield happening("ticket.resolved", now - 5 * SECOND, ticket, agent="sara")
    for survey, low, high in (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)):
        answer = {"survey": survey, "response": ticket}
        yield happening("survey.sent", now - 4 * SECOND, ticket, name=f"{ticket} {survey} sent", **answer)
        score = low + number % (high - low + 1)
        yield happening("survey.answered", now, ticket, name=f"{ticket} {survey}", score=score, **answer)
    yield created(now - 52 * SECOND, f"{ticket}, late in eight seconds", **place | {"channel": "chat"})
