"""A whole worker, with the mirror or without it, that catches up on the log of the bench."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import msgspec

from bench.floor_log import ADMISSION, PARTITIONS, PREFIX, settle
from bench.rows import Stopwatch
from deskpulse.configuration.loading import judged
from deskpulse.mirroring import mirrored
from deskpulse.worker import Setting, Worker
from stream.rim.preflight import create_topics

POLL_SECONDS = 0.005


class Caught(msgspec.Struct, frozen=True):
    """Wall and processor seconds from the first event to the last, and how often the mirror was written meanwhile."""

    took: tuple[float, float]
    published: int


def seconds(address: str, name: str, events: int, redis: str | None) -> Caught:
    """In a process of its own."""
    return asyncio.run(_run(address, name, events, redis))


async def _run(address: str, name: str, events: int, redis: str | None) -> Caught:
    broker = {"url": f"kafka://{address}", "partitions": PARTITIONS, "replication": 1, "instance_id": name}
    document = {"broker": broker, "worker": {"port": 0}} | ({"redis": {"url": redis}} if redis else {})
    setting = Setting(
        brokers=(address,),
        app_id=name,
        topic_prefix=PREFIX,
        admission=ADMISSION,
        stops_on_refusals=False,
        has_feeds=False,
    )
    worker = Worker(judged(document, name, {}), setting)
    await create_topics(worker.rim_settings)
    stop, watch = asyncio.Event(), Stopwatch()
    async with AsyncExitStack() as inside:
        if redis:
            await inside.enter_async_context(mirrored(worker, "http://127.0.0.1:0"))
        running = asyncio.create_task(worker.run(stop))
        while worker.processed < events:
            if worker.processed:
                watch.first()
            await asyncio.sleep(POLL_SECONDS)
        settle(worker.tickets)
        watch.last()
        stop.set()
        await running
    return Caught(watch.took(), worker.mirror.published if worker.mirror else 0)
