"""Breaches among many open tickets: how soon one is seen, which tickets they are, and why one of them counts."""

from __future__ import annotations

import asyncio
import random
import time
from functools import partial
from typing import Any, cast

import msgspec

from bench.growth import BATCH, CREATED, REPLIED, apply, created_at, event
from bench.rows import LoopBlocks, Row, StandingRim, percentile, spread
from deskpulse.looking import give_the_loop_its_turns, unchanged
from metrics.calendars import Calendar, Version
from metrics.instants import HOUR, MINUTE, SECOND
from metrics.policies import Policies, Policy, Rules
from stream.explain import explain
from stream.listing import Listed, Scan, Wanted
from stream.rim.worker import Rim
from stream.tickets import Admission, Tickets

TARGET = HOUR
DUE, APART, LEAD = 100, SECOND // 20, 3 * SECOND
EXPLAINED, LIMIT = 500, 100
OFFICE = Calendar(
    "office", [Version(time_zone="Europe/Berlin", week=(((540, 750), (810, 1080)),) * 5 + ((), ()))]
)  # 09:00 to 12:30 and 13:30 to 18:00
#: Calendar time for three priorities, office hours for the fourth.
RULES = Rules(
    policies=Policies(
        [
            Policy(name="office", match={"priority": frozenset({"low"})}, first_response=TARGET, calendar="office"),
            Policy(name="always", first_response=TARGET, resolution=24 * HOUR),
        ]
    ),
    calendars={"office": OFFICE},
)


def rows(sizes: tuple[int, ...]) -> list[Row]:
    """All of one partition; in a process of its own."""
    give_the_loop_its_turns()
    tickets, now, made = Tickets(RULES, Admission()), time.time_ns(), 0
    found: list[Row] = []
    for size in sizes:
        while made < size:
            numbers = range(made, min(made + 10 * BATCH, size))
            apply(tickets, (event(CREATED, n, created_at(n, now)) for n in numbers), now)
            apply(tickets, (event(REPLIED, n, created_at(n, now) + 9 * MINUTE) for n in numbers if n % 10 == 0), now)
            made = numbers.stop
        found.append(asyncio.run(_seen(tickets, size)))
        found.append(asyncio.run(_listed(tickets, size)))
        found.append(_explained(tickets, size))
    return found


async def _seen(tickets: Tickets, size: int) -> Row:
    """Looks one after the other, while tickets become due one after the other: from due to seen."""
    rim = cast("Rim", StandingRim())
    first = time.time_ns() + LEAD
    dues = [first + place * APART for place in range(DUE)]
    # Numbers of their own, of a priority that runs in calendar time.
    fresh = ((10**7 + size * 4 + place) * 80 for place in range(DUE))
    apply(tickets, (event(CREATED, number, due - TARGET) for number, due in zip(fresh, dues, strict=True)), first)
    delays: list[float] = []
    async with LoopBlocks() as blocks:
        before = await _breaches(rim, tickets, first - LEAD)
        while len(delays) < DUE:
            at = time.time_ns()
            upto = await _breaches(rim, tickets, at) - before
            seen = time.time_ns()
            others = sum(due < at for due in dues)
            assert upto >= others, "a breach was not counted at its due instant"
            delays += [(seen - due) / SECOND for due in dues[len(delays) : others]]
    what = f"{size:,} open tickets: a breach, from its due instant until a snapshot shows it"
    return Row(what, spread(delays), f"goal 1 s; {blocks}")


async def _breaches(rim: Rim, tickets: Tickets, at: int) -> int:
    async with unchanged(rim) as look:
        found: dict[str, Any] = await look(partial(tickets.snapshot, at, [0], 1))
    return int(found["all"]["sla"]["first_response"]["live_breaches"])


async def _listed(tickets: Tickets, size: int) -> Row:
    """The soonest of all that breach, as the worker lists them."""
    wanted, slices = Wanted(state=Listed.BREACHING, slas=frozenset({0})), []
    async with LoopBlocks() as blocks:
        began = time.perf_counter()
        scan = await asyncio.to_thread(Scan, tickets, wanted, LIMIT, time.time_ns(), [0])
        began_ms = (time.perf_counter() - began) * 1e3
        is_going_on = True
        while is_going_on:
            before = time.perf_counter()
            is_going_on = await asyncio.to_thread(scan.go_on)
            slices.append(time.perf_counter() - before)
        shown = await asyncio.to_thread(scan.rows, None)
        took = time.perf_counter() - began
    assert len(shown) == LIMIT
    what = f"{size:,} open tickets: the first {LIMIT} of {scan.total:,} that breach"
    return Row(
        what,
        f"{took:,.1f} s",
        f"batches wait {began_ms:,.0f} ms; a slice at most {max(slices) * 1e3:,.0f} ms; {blocks}",
    )


def _explained(tickets: Tickets, size: int) -> Row:
    """Found, explained and written as JSON; a quarter of them in office hours."""
    took, now = [], time.time_ns()
    for number in random.Random(size).sample(range(size), EXPLAINED):
        name = f"ticket-{number:08}"
        began = time.perf_counter()
        kept = tickets.partitions[0].ticket(name)
        assert kept is not None
        msgspec.json.encode(explain(name, kept, tickets.rules, now))
        took.append(time.perf_counter() - began)
    figure = f"p50 {percentile(took, 0.5) * 1e3:,.1f} ms, p99 {percentile(took, 0.99) * 1e3:,.1f} ms"
    return Row(f"{size:,} open tickets: one explained", figure)
