"""How long a worker takes to have all tickets back from its changelog."""

from __future__ import annotations

import asyncio
import itertools
import time

from bench.floor_log import ADMISSION, Log, rim_settings, tickets
from bench.rows import Row
from metrics.policies import Rules
from stream.records import Records
from stream.rim.preflight import create_topics
from stream.rim.sending import Sender
from stream.rim.worker import create_rim
from stream.tickets import HISTORY_KEY, Tickets


def states_of(events: Log) -> list[bytes]:
    """States as the changelog has them, of the tickets of a simulated desk."""
    places = list(range(len(events)))
    keys, values = [key for _, key, _ in events], [value for _, _, value in events]
    applied = tickets().open(0).apply(Records("bench", 0, places, places, list(keys), list(values)), time.time_ns())
    return [state for key, state in applied.changed if key != HISTORY_KEY]


async def row(address: str, states: list[bytes], count: int, *, is_embedded: bool) -> Row:
    """A changelog of ``count`` tickets, written straight to its topic, and a worker that starts on it."""
    settings = rim_settings(address, f"bench-recovery-{count}", is_embedded=is_embedded)
    await create_topics(settings)
    async with Sender(settings.brokers) as sender:
        for number, state in zip(range(count), itertools.cycle(states), strict=False):
            await sender.send(settings.changelog, f"ticket-{number:08}".encode(), state)
        await sender.flush()
    rim = create_rim(settings, Tickets(Rules(), ADMISSION))
    running = asyncio.create_task(rim.run())
    await rim.readiness.wait_ready()
    took, recovered = rim.counts.recovery_seconds, rim.counts.recovered_records
    await rim.stop()
    await running
    assert recovered == count
    return Row(
        f"recovery of {count:,} tickets", f"{took:.1f} s", f"{count / took:,.0f} tickets/s; goal 1,000,000 in 10 s"
    )
