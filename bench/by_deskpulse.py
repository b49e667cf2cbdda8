"""The job by deskpulse's own rim, and the limit beside it: what aiokafka fetches, with nothing done to it."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer

from bench.floor_log import ADMISSION, rim_settings, settle
from bench.rows import Stopwatch
from deskpulse.looking import give_the_loop_its_turns
from metrics.policies import Rules
from stream.records import Applied, Records
from stream.rim.preflight import create_topics
from stream.rim.settings import Hooks
from stream.rim.worker import create_rim
from stream.tickets import TicketPartition, Tickets


def seconds(address: str, name: str, events: int, *, is_embedded: bool = False) -> tuple[float, float]:
    """From the first batch's arrival to the last one's acknowledged changelog."""
    return asyncio.run(_run(address, name, events, is_embedded=is_embedded))


def fetch_seconds(address: str, events: int) -> tuple[float, float]:
    """All topics read once by one consumer."""
    return asyncio.run(_fetch(address, events))


class _Timed(Tickets):
    """Notes when any partition gets its first batch."""

    def __init__(self) -> None:
        super().__init__(Rules(), ADMISSION)
        self.watch = Stopwatch()

    def open(self, partition: int) -> TicketPartition:
        opened = super().open(partition)
        apply = opened.apply

        def first(records: Records, now: int) -> Applied:
            self.watch.first()
            return apply(records, now)

        opened.apply = first  # type: ignore[method-assign]
        return opened


async def _run(address: str, name: str, events: int, *, is_embedded: bool) -> tuple[float, float]:
    settings = rim_settings(address, name, is_embedded=is_embedded)
    await create_topics(settings)
    done = asyncio.Event()
    processed = 0

    def note(records: Records, _applied: Applied) -> None:
        nonlocal processed
        processed += len(records.offsets)
        if processed >= events:
            done.set()

    tickets = _Timed()
    give_the_loop_its_turns()
    rim = create_rim(settings, tickets, Hooks(on_applied=note))
    running = asyncio.create_task(rim.run())
    await done.wait()
    settle(tickets)
    tickets.watch.last()
    await rim.stop()
    await running
    return tickets.watch.took()


async def _fetch(address: str, events: int) -> tuple[float, float]:
    topics = rim_settings(address, is_embedded=False).event_topics
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        fetched, watch = 0, Stopwatch()
        watch.first()
        while fetched < events:
            batches = await consumer.getmany(timeout_ms=1_000)
            fetched += sum(map(len, batches.values()))
        watch.last()
        return watch.took()
    finally:
        await consumer.stop()
