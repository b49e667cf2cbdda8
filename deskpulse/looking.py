"""A look at the tickets beside the event loop, while none of them changes.

At the limits a snapshot takes longer than the event loop may be held, and a copy of what it reads would take as long.
So no batch is begun during a look, which first brings the numbers up to date, and the loop goes on with all else.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol, TypeVar

from stream.rim.worker import Rim

T = TypeVar("T")

#: How long a look waits for the batch in work; one that takes longer waits for Kafka.
BATCH_SECONDS: Final = 0.25


#: After how long a thread that looks or renders lets the event loop run; Python's 5 ms would be added to each of the
#: several waits for Kafka of a batch.
SWITCH_SECONDS: Final = 0.001


def give_the_loop_its_turns() -> None:
    """What a worker's process does once, when everything is loaded."""
    gc.collect()
    gc.freeze()  # what is loaded by now stays: a collection that walks it would hold the event loop for 50 ms
    sys.setswitchinterval(SWITCH_SECONDS)


class Look(Protocol):
    """Runs a function and gives what it returns."""

    async def __call__(self, function: Callable[[], T], /) -> T:
        """Returns when it has returned."""
        ...


@asynccontextmanager
async def unchanged(rim: Rim | None) -> AsyncIterator[Look]:
    """While inside, the tickets do not change; yields what a look at them is to be made with.

    In a thread, between two batches; one look at a time, since each brings the numbers up to date. On the loop where a
    recovery changes them, or where a batch waits for Kafka and the next would not come soon.
    """
    if rim is None:
        yield _on_the_loop
        return
    async with rim.agent.looked_at:
        try:
            await asyncio.wait_for(rim.agent.busy.acquire(), BATCH_SECONDS)
        except TimeoutError:
            yield _on_the_loop
            return
        try:
            yield _beside_the_loop if rim.offsets.accepting else _on_the_loop
        finally:
            rim.agent.busy.release()


async def _beside_the_loop(function: Callable[[], T]) -> T:
    """In a thread, and to its end: whoever no longer waits must not let a batch begin while it settles numbers."""
    looking = asyncio.ensure_future(asyncio.to_thread(function))
    is_cancelled = False
    while not looking.done():
        try:
            await asyncio.wait([looking])
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError
    return looking.result()


async def _on_the_loop(function: Callable[[], T]) -> T:
    return function()
