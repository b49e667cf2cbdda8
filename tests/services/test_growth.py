"""What a floor keeps does not grow with time: dropped tickets leave tombstones, a year ends with what month 4 held."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import groupby
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import msgspec
import pytest

from intake.simulator.desk import Delivery, DeskOptions, simulate
from metrics.instants import DAY, HOUR, MINUTE
from metrics.policies import Rules
from stream.encoding import encode
from stream.places import Places
from stream.records import Records
from stream.rim.preflight import create_topics
from stream.rim.settings import Hooks, RimSettings
from stream.rim.worker import Rim, create_rim
from stream.ticket import HISTORY_MAX
from stream.tickets import HISTORY_KEY, Admission, TicketPartition, Tickets
from tests.contracts.rim_drivers import READY_SECONDS, Fatal, read_all, send, until
from tests.floors import LONG_AGO, PARTITIONS, records_of
from tests.happenings import Happening, created, feed, happening, snapshot_of

RETENTION = Rules().retention
MUCH_LATER = LONG_AGO + RETENTION + 10 * DAY
SETTLED = 120


class Clock:
    """The worker's clock, moved by hand."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def settled(subject: str) -> list[Happening]:
    reply = happening("ticket.replied", LONG_AGO + MINUTE, subject, agent="sara")
    return [created(LONG_AGO, subject), reply, happening("ticket.resolved", LONG_AGO + HOUR, subject)]


@asynccontextmanager
async def working(settings: RimSettings, tickets: Tickets) -> AsyncIterator[Rim]:
    """A worker in this process, ready; stopped cleanly at the end."""
    rim = create_rim(settings, tickets, Hooks(on_fatal=Fatal()))
    run = asyncio.create_task(rim.run())
    try:
        await asyncio.wait_for(rim.readiness.wait_ready(), READY_SECONDS)
        yield rim
    finally:
        await rim.stop()
        await run


def kept(tickets: Tickets) -> int:
    return sum(map(len, tickets.partitions.values()))


async def latest(settings: RimSettings) -> dict[bytes, bytes | None]:
    """What the changelog says last of each key."""
    found = {record.key or b"": record.value for record in await read_all(settings, settings.changelog)}
    found.pop(HISTORY_KEY, None)
    return found


async def test_tickets_beyond_their_retention_end_as_tombstones_and_neither_a_restart_nor_a_duplicate_brings_one_back(
    broker: str, topic: str
) -> None:
    clock = Clock(LONG_AGO + DAY)
    settings = RimSettings(
        brokers=(broker,),
        app_id=topic,
        topic_prefix=f"{topic}-",
        partitions=PARTITIONS,
        replication=1,
        session_timeout=3.0,
        expiry_interval=0.1,
        clock=clock,
    )
    await create_topics(settings)
    log = [event for number in range(SETTLED) for event in settled(f"done-{number}")]
    log += [created(LONG_AGO, f"open-{number}") for number in range(7)]
    sent = [(settings.topic_prefix + where, key, value) for where, key, value in records_of(log)]
    await send(settings, sent)
    tickets = Tickets(Rules(), Admission())
    async with working(settings, tickets) as rim:
        assert kept(tickets) == SETTLED + 7
        clock.now = MUCH_LATER
        await until(lambda: rim.counts.tombstones == SETTLED, rim)
        assert kept(tickets) == 7
    held = await latest(settings)
    assert {key for key, state in held.items() if state is None} == {b"done-%d" % n for n in range(SETTLED)}
    assert sum(state is not None for state in held.values()) == 7
    tickets = Tickets(Rules(), Admission())
    async with working(settings, tickets) as rim:
        assert kept(tickets) == 7
        await send(settings, sent)
        await until(lambda: rim.counts.records.total() == len(sent), rim)
        assert (kept(tickets), sum(part.too_old for part in tickets.partitions.values())) == (7, 3 * SETTLED)
        assert snapshot_of(tickets, MUCH_LATER)["all"]["open"] == 7
    assert await latest(settings) == held


# --------------------------------------------------------------------------------------------- a simulated year

START = LONG_AGO // DAY * DAY
MONTH = 30 * DAY
TICKETS_PER_DAY = 20
FACTS = "business-facts"  # a few a day; kept for good, see test_retention
#: Places: values of attributes that were met, remembered within a bound (test_policies).
NOT_OF_IT = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, Rules, Places)


def days() -> Iterator[tuple[int, list[Delivery]]]:
    """(end of the day, what came on it) of a steady year, with repeats and late ones."""
    options = DeskOptions(
        start=START,
        duration=360 * DAY,
        tickets_per_day=TICKETS_PER_DAY,
        seed=12,
        incidents=False,
        disorder_seconds=60,
        duplicates=0.05,
        late=0.02,
    )
    came = (delivery for delivery in simulate(options) if delivery.topic != FACTS)
    for day, deliveries in groupby(came, key=lambda delivery: (delivery.at - START) // DAY):
        yield START + (day + 1) * DAY, list(deliveries)


def apply(partition: TicketPartition, deliveries: list[Delivery], now: int) -> None:
    count = len(deliveries)
    keys: list[bytes | None] = [each.key.encode() for each in deliveries]
    values: list[bytes | None] = [each.encode() for each in deliveries]
    applied = partition.apply(Records("t", 0, list(range(count)), [0] * count, keys, values), now)
    assert applied.refused == []


def weighed(partition: TicketPartition) -> Counter[str]:
    """All that a partition holds on to: bytes, and how many objects of each kind of container."""
    seen, waiting, found = {id(partition)}, [partition], Counter[str]()
    while waiting:
        thing = waiting.pop()
        found["bytes"] += sys.getsizeof(thing)
        if isinstance(thing, dict | set | list | tuple):
            found["entries"] += len(thing)
        for other in gc.get_referents(thing):
            if id(other) not in seen and not isinstance(other, NOT_OF_IT):
                seen.add(id(other))
                waiting.append(other)
    return found


class Year:
    """A partition through twelve months of thirty days, weighed at the end of each."""

    def __init__(self) -> None:
        self.tickets = Tickets(Rules(), Admission())
        self.partition = self.tickets.open(0)
        self.kept: list[int] = []
        self.weights: list[Counter[str]] = []
        self.dropped: set[bytes] = set()
        self.first_month: list[Delivery] = []
        self.end = START
        for self.end, deliveries in days():
            apply(self.partition, deliveries, self.end)
            self.dropped.update(self.partition.expire(self.end))
            if self.end <= START + MONTH:
                self.first_month += deliveries
            if (self.end - START) % MONTH == 0:
                self.tickets.snapshot(self.end, [0], 1)  # whatever looking leaves behind counts too
                self.kept.append(len(self.partition))
                self.weights.append(weighed(self.partition))


@pytest.fixture(scope="module")
def year() -> Year:
    return Year()


def test_a_year_of_steady_load_ends_with_what_month_4_held(year: Year) -> None:
    assert len(year.weights) == 12
    assert len(year.dropped) > 3 * year.kept[3], "hardly anything was ever dropped"
    for month in range(4, 12):
        assert year.kept[month] < 1.2 * year.kept[3]
        assert year.weights[month]["entries"] < 1.2 * year.weights[3]["entries"]
        assert year.weights[month]["bytes"] < 1.2 * year.weights[3]["bytes"]


def test_a_whole_month_that_comes_again_late_brings_no_dropped_ticket_back(year: Year) -> None:
    before, kept_before, too_old = snapshot_of(year.tickets, year.end), len(year.partition), year.partition.too_old
    again = [delivery for delivery in year.first_month if delivery.key.encode() in year.dropped]
    assert len(again) > 20 * TICKETS_PER_DAY
    apply(year.partition, again, year.end)
    assert len(year.partition) == kept_before
    assert year.partition.too_old == too_old + len(again)
    assert snapshot_of(year.tickets, year.end) == before


def test_a_ticket_that_never_ends_stays_as_large_as_its_histories_may_be() -> None:
    tickets = Tickets(Rules(), Admission())
    partition = tickets.open(0)
    kinds = ("resolved", "reopened", "paused", "resumed", "escalated", "customer-replied", "updated", "converted")
    sizes = []
    for round_ in range(6):
        first = LONG_AGO + round_ * DAY
        log = [created(first, "T")]
        for turn in range(HISTORY_MAX):
            for kind in kinds:
                data = {"queue": f"q{turn % 3}"} if kind == "updated" else {}
                log.append(happening(f"ticket.{kind}", first + turn * MINUTE, "T", **data))
        feed(partition, *log, now=first + DAY)
        assert partition.expire(first + DAY) == []
        tickets.snapshot(first + DAY, [0], 1)  # sums up what waits
        ticket = partition.ticket("T")
        assert ticket is not None
        assert max(len(held) for held in msgspec.structs.astuple(ticket) if isinstance(held, tuple)) <= 2 * HISTORY_MAX
        sizes.append((len(encode(ticket)), weighed(partition)["bytes"]))
    assert max(size for size, _ in sizes) < 1.05 * sizes[1][0]
    assert max(held for _, held in sizes) < 1.1 * sizes[1][1]
