"""The same job as idiomatic Faust does it: an agent per topic, a Table, one `table[key] = state` an event.

Everything else is Faust's default. The core is called with each event, as an agent's body would be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable
from typing import Any

import faust

from bench.floor_log import PARTITIONS, PREFIX, settle, tickets
from bench.rows import Stopwatch
from stream.records import Records
from stream.rim.settings import EVENT_TOPICS
from stream.tickets import HISTORY_KEY


def seconds(address: str, name: str, events: int) -> tuple[float, float]:
    """From the first event's arrival to the last one's table write."""
    return asyncio.run(_run(address, name, events))


async def _run(address: str, name: str, events: int) -> tuple[float, float]:
    app = faust.App(
        name, broker=f"kafka://{address}", topic_partitions=PARTITIONS, web_enabled=False, store="memory://"
    )
    app.conf.consumer_auto_offset_reset = "earliest"
    job = _Job(app, events)
    await app.start()
    try:
        return await job.done()
    finally:
        await app.stop()


class _Job:
    def __init__(self, app: faust.App, events: int) -> None:
        self._table = app.Table("tickets", key_type=bytes, value_type=bytes, partitions=PARTITIONS)
        self._tickets = tickets()
        self._left = events
        self._watch = Stopwatch()
        self._over = asyncio.Event()
        for name in EVENT_TOPICS:
            topic = app.topic(PREFIX + name, key_type=bytes, value_type=bytes)
            app.agent(topic, name=name)(self._agent)

    async def _agent(self, events: AsyncIterable[Any]) -> None:
        async for event in events.events():  # type: ignore[attr-defined]
            self._watch.first()
            self._apply(event.message)
            self._left -= 1
            if not self._left:
                settle(self._tickets)
                self._watch.last()
                self._over.set()

    def _apply(self, message: Any) -> None:
        number, offset = message.partition, message.offset
        partition = self._tickets.partitions.get(number) or self._tickets.open(number)
        one = Records(message.topic, number, [offset], [0], [message.key], [message.value])
        for key, state in partition.apply(one, time.time_ns()).changed:
            if key != HISTORY_KEY:
                self._table[key] = state

    async def done(self) -> tuple[float, float]:
        await self._over.wait()
        return self._watch.took()
