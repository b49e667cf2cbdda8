"""A whole event log through the real pipeline: Kafka, worker, snapshot; it ends by itself when all is processed.

Nothing is dropped for its age and nothing is in the future: as of when the floor is shown is the caller's word, or
the highest event time.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any, Final

import msgspec
from rich.progress import Progress

from deskpulse.configuration.loading import Configuration
from deskpulse.worker import Setting, Worker
from metrics.exposition import View
from stream.rim.embedded import EmbeddedBroker
from stream.rim.own_topics import own_topics
from stream.rim.preflight import wait_for_broker
from stream.rim.sending import Sender
from stream.tickets import Admission

#: Partitions of a replay's own topics: one worker reads them all.
PARTITIONS: Final = 4
_SHOW_SECONDS: Final = 0.2


class Replayed(msgspec.Struct, frozen=True):
    """What came of a log."""

    snapshot: dict[str, Any]
    view: View
    records: int
    refused: dict[str, int]  # by reason


class ReplayError(Exception):
    """The worker stopped before all was processed."""


async def replay(
    configuration: Configuration,
    records: Iterable[tuple[str, bytes | None, bytes]],
    progress: Progress,
    *,
    given: Setting | None = None,
    at: int | None = None,
) -> Replayed:
    """Send ``records`` (topic, key, value) to topics of their own, process them, and look.

    Raises:
        ReplayError: the worker met a fault.
        PreflightError: the broker does not let it in.
        KafkaError: the broker refuses something.
    """
    async with AsyncExitStack() as stack:
        worker = Worker(configuration, await _setting(stack, given, at))
        await wait_for_broker(worker.rim_settings)
        await stack.enter_async_context(own_topics(worker.rim_settings))
        sent = await _send(worker.setting, records, progress)
        return await _process(worker, progress, sent, at)


async def _setting(stack: AsyncExitStack, given: Setting | None, at: int | None) -> Setting:
    """Topics, group and changelog of this replay's own, at the brokers given; the embedded one where none is."""
    name = f"deskpulse-replay-{secrets.token_hex(4)}"
    is_embedded = given is None
    if given is None:
        given = Setting(brokers=((await stack.enter_async_context(EmbeddedBroker())).address,))
    return msgspec.structs.replace(
        given,
        app_id=name,
        topic_prefix=f"{name}-",
        partitions=PARTITIONS,
        admission=Admission(refuse_future=False, drop_old=False, not_after=at),
        is_embedded=is_embedded,
        is_alone=True,
        stops_on_refusals=False,
        has_feeds=False,
        on_fatal=_stay,
    )


def _stay(_why: str) -> None:
    """A fault ends the replay, not the process: there is nothing of others that it could harm."""


async def _send(setting: Setting, records: Iterable[tuple[str, bytes | None, bytes]], progress: Progress) -> int:
    task = progress.add_task("reading", total=None)
    sent = 0
    async with Sender(setting.brokers, setting.topic_prefix, setting.security) as sender:
        for topic, key, value in records:
            await sender.send(topic, key, value)
            sent += 1
            if sent % 1_000 == 0:
                progress.update(task, completed=sent)
        await sender.flush()
    progress.update(task, completed=sent, total=sent)
    return sent


async def _process(worker: Worker, progress: Progress, sent: int, at: int | None) -> Replayed:
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    ready = asyncio.create_task(worker.wait_ready())
    task = progress.add_task("processing", total=sent)
    try:
        while not (ready.done() or running.done()):
            await asyncio.wait((ready, running), timeout=_SHOW_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            progress.update(task, completed=worker.processed)
        if not ready.done():
            running.result()
            raise ReplayError(worker.fault or "the worker stopped before all was processed")
        return _look(worker, at, sent)
    finally:
        ready.cancel()
        stop.set()
        await asyncio.gather(running, return_exceptions=True)


def _look(worker: Worker, at: int | None, sent: int) -> Replayed:
    newest = worker.newest_event
    as_of = at if at is not None else newest if newest is not None else time.time_ns()
    return Replayed(worker.snapshot(as_of), worker.view(as_of), sent, worker.refused)
