"""What grows with the tickets: bytes, the cost of an event, a snapshot and its hold of the event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

from bench.floor_log import settle
from bench.rows import LoopBlocks, Row, StandingRim, spread
from deskpulse.looking import give_the_loop_its_turns, unchanged
from metrics.instants import DAY, MINUTE, SECOND, format_instant
from metrics.policies import Rules
from stream.records import Records
from stream.rim.settings import EVENT_TOPICS
from stream.rim.worker import Rim
from stream.tickets import Admission, Tickets

BATCH = 1_000
LOOKS, CHANGED = 5, 2_000
SPAN = 30 * DAY
CREATED, REPLIED, RESOLVED = EVENT_TOPICS[:3]
_PRIORITIES = ("urgent", "high", "normal", "low")
_TYPES = {CREATED: "created", REPLIED: "replied", RESOLVED: "resolved"}


def event(topic: str, ticket: int, at: int) -> tuple[bytes, bytes]:
    """Key and value of one event of a made-up ticket."""
    subject = f"ticket-{ticket:08}"
    data = '{"agent":"sara"}'
    if topic == CREATED:
        data = f'{{"queue":"queue-{ticket % 20}","channel":"chat","priority":"{_PRIORITIES[ticket // 20 % 4]}"}}'
    text = (
        f'{{"specversion":"1.0","id":"{topic}-{ticket}-{at}","source":"bench","type":"support.ticket.{_TYPES[topic]}",'
        f'"time":"{format_instant(at)}","subject":"{subject}","data":{data}}}'
    )
    return subject.encode(), text.encode()


def apply(tickets: Tickets, events: Iterator[tuple[bytes, bytes]], now: int) -> float:
    """Batch by batch into partition 0; returns the processor seconds of the core alone."""
    opened = tickets.partitions.get(0) or tickets.open(0)
    took = 0.0
    pairs = list(events)
    for start in range(0, len(pairs), BATCH):
        part = pairs[start : start + BATCH]
        places = list(range(len(part)))
        records = Records(CREATED, 0, places, places, [key for key, _ in part], [value for _, value in part])
        began = time.process_time()
        opened.apply(records, now)
        took += time.process_time() - began
    return took


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_rows(sizes: tuple[int, ...]) -> list[Row]:
    """Open tickets, a tenth of them replied, all of one partition; in a process of its own."""
    give_the_loop_its_turns()
    tickets, now, made = Tickets(Rules(), Admission()), time.time_ns(), 0
    found: list[Row] = []
    for size in sizes:
        before, since = resident_bytes(), made
        while made < size:
            numbers = range(made, min(made + 10 * BATCH, size))
            apply(tickets, (event(CREATED, n, created_at(n, now)) for n in numbers), now)
            apply(tickets, (event(REPLIED, n, created_at(n, now) + 9 * MINUTE) for n in numbers if n % 10 == 0), now)
            made = numbers.stop
        each = (resident_bytes() - before) / (size - since) - _id_bytes()
        found.append(Row(f"{size:,} open tickets: memory", f"{each:,.0f} bytes each", "beyond the id"))
        rate = _event_rate(tickets, size, now)
        found.append(Row(f"{size:,} open tickets: an event of any of them", f"{rate:,.0f} events/s", "core alone"))
        found.append(asyncio.run(_looked_at(tickets, size, now)))
    return found


def created_at(number: int, now: int) -> int:
    """Spread over the last 30 days, each at an instant of its own."""
    return now - (number * 7_919 % 1_000_003) * SPAN // 1_000_003 - 10 * MINUTE


def _id_bytes() -> int:
    return sys.getsizeof(b"ticket-00000000")


def _event_rate(tickets: Tickets, size: int, now: int, events: int = 20_000) -> float:
    """Replies earlier than any to tickets at random, so that nothing is at hand: each changes its ticket's numbers."""
    dice = random.Random(size)
    chosen = dice.sample(range(size), min(events, size // 2))
    settle(tickets)
    took = apply(tickets, (event(REPLIED, n, created_at(n, now) + MINUTE) for n in chosen), now)
    began = time.process_time()
    settle(tickets)
    return len(chosen) / (took + time.process_time() - began)


async def _looked_at(tickets: Tickets, size: int, now: int) -> Row:
    """Looks of which each finds some thousand tickets changed since the one before."""
    rim, took = cast("Rim", StandingRim()), []
    async with LoopBlocks() as blocks:
        for turn in range(LOOKS):
            chosen = random.Random(turn).sample(range(size), CHANGED)
            replies = (event(REPLIED, n, created_at(n, now) + LOOKS - turn) for n in chosen)
            await asyncio.to_thread(apply, tickets, replies, now)
            async with unchanged(rim) as look:
                began = time.perf_counter()
                found: dict[str, Any] = await look(partial(tickets.snapshot, now, [0], 1))
                took.append(time.perf_counter() - began)
            assert found["all"]["open"] == size
    what = f"{size:,} open tickets: a snapshot, {CHANGED:,} of them changed since the last"
    return Row(what, spread(took), str(blocks))


def settled_row(count: int) -> Row:
    """Memory of replied and resolved tickets, as most that are retained are; in a process of its own."""
    tickets, now = Tickets(Rules(), Admission()), time.time_ns()
    before = resident_bytes()
    for start in range(0, count, 10 * BATCH):
        for topic, later in ((CREATED, 0), (REPLIED, 9 * MINUTE), (RESOLVED, 9 * MINUTE + 30 * SECOND)):
            numbers = range(start, min(start + 10 * BATCH, count))
            apply(tickets, (event(topic, n, created_at(n, now) + later) for n in numbers), now)
    tickets.partitions[0].expire(now)  # as a worker does every few minutes: nothing goes, panes are packed
    each = (resident_bytes() - before) / count - _id_bytes()
    return Row(f"{count:,} replied and resolved tickets: memory", f"{each:,.0f} bytes each", "beyond the id; goal 600")
