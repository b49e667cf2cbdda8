"""`make bench`: what one worker does a second, beside its limits, in one run: medians and ratios."""

from __future__ import annotations

import argparse
import asyncio
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from intake.simulator.desk import DeskOptions, simulate
from metrics.instants import DAY, parse_instant
from metrics.policies import Rules
from stream.events import decode
from stream.records import Applied, Records
from stream.rim.embedded import EmbeddedProcess
from stream.rim.own_topics import own_topics
from stream.rim.preflight import create_topics
from stream.rim.sending import Sender
from stream.rim.settings import Hooks, RimSettings
from stream.rim.worker import create_rim
from stream.tickets import Admission, Tickets
from tests.kafka_from_jars import ApacheKafka

PARTITIONS = 4
BATCH = 1_000
ADMISSION = Admission(refuse_future=False, drop_old=False)
Log = list[tuple[str, bytes, bytes]]


def log(events: int) -> Log:
    """The first ``events`` deliveries of a simulated desk: (topic, key, value), a little out of order."""
    options = DeskOptions(
        start=parse_instant("2026-01-05T00:00:00Z"), duration=365 * DAY, tickets_per_day=20_000.0, disorder_seconds=30
    )
    made = simulate(options)
    return [(item.topic, item.key.encode(), item.encode()) for item, _ in zip(made, range(events), strict=False)]


def median_rate(events: int, runs: int, run: Callable[[], float]) -> float:
    return events / statistics.median(run() for _ in range(runs))


def decoding(events: Log) -> float:
    began = time.perf_counter()
    for _, _, value in events:
        decode(value)
    return time.perf_counter() - began


def core(events: Log) -> float:
    partition = Tickets(Rules(), ADMISSION).open(0)
    began = time.perf_counter()
    for start in range(0, len(events), BATCH):
        part = events[start : start + BATCH]
        places = list(range(len(part)))
        records = Records("bench", 0, places, places, [key for _, key, _ in part], [value for _, _, value in part])
        partition.apply(records, time.time_ns())
    return time.perf_counter() - began


async def fetching(settings: RimSettings, events: int) -> float:
    consumer = AIOKafkaConsumer(
        *settings.event_topics, bootstrap_servers=list(settings.brokers), auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        fetched, began = 0, time.perf_counter()
        while fetched < events:
            batches = await consumer.getmany(timeout_ms=1_000)
            fetched += sum(map(len, batches.values()))
        return time.perf_counter() - began
    finally:
        await consumer.stop()


async def worker(settings: RimSettings, events: int) -> float:
    """From the first batch's arrival to the last one's acknowledged changelog."""
    done = asyncio.Event()
    began, processed = 0.0, 0

    def note(records: Records, _applied: Applied) -> None:
        nonlocal processed
        processed += len(records.offsets)
        if processed >= events:
            done.set()

    class Timed(Tickets):
        """Notes when the first partition gets its first batch."""

        def open(self, partition: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
            opened = super().open(partition)
            apply = opened.apply

            def first(records: Records, now: int) -> Applied:
                nonlocal began
                began = began or time.perf_counter()
                return apply(records, now)

            opened.apply = first  # type: ignore[method-assign]
            return opened

    rim = create_rim(settings, Timed(Rules(), ADMISSION), Hooks(on_applied=note))
    running = asyncio.create_task(rim.run())
    await done.wait()
    took = time.perf_counter() - began
    await rim.stop()
    await running
    return took


async def on_broker(address: str, events: Log, runs: int, *, short: bool) -> dict[str, float]:
    settings = RimSettings(
        brokers=(address,), app_id="bench", topic_prefix="bench-", partitions=PARTITIONS, replication=1,
        session_timeout=2.5 if short else 10.0, dead_letters_max_ratio=None,
    )  # fmt: skip
    async with own_topics(settings):
        async with Sender((address,), settings.topic_prefix) as sender:
            for record in events:
                await sender.send(*record)
            await sender.flush()
        count = len(events)
        raw = [await fetching(settings, count) for _ in range(runs)]
        ours = [await fresh(settings, run, count) for run in range(runs)]
    return {"fetch": count / statistics.median(raw), "worker": count / statistics.median(ours)}


async def fresh(settings: RimSettings, run: int, count: int) -> float:
    """A worker of a new group with an empty changelog, on the same event topics."""
    own = replace(settings, app_id=f"bench-{run}")
    await create_topics(own)
    return await worker(own, count)


@contextmanager
def brokers(name: str) -> Iterator[str]:
    if name == "embedded":
        process = EmbeddedProcess()
        process.start()
        try:
            yield process.address
        finally:
            process.stop()
    else:
        with tempfile.TemporaryDirectory() as folder:
            kafka = ApacheKafka(Path(folder))
            kafka.start()
            try:
                yield kafka.address
            finally:
                kafka.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    console = Console(width=110)
    console.print(f"{arguments.events:,} events of a simulated desk, medians of {arguments.runs}; ", end="")
    console.print(f"Python {platform.python_version()}, one process")
    events = log(arguments.events)
    table = Table("what", "events/s", "ratio")
    decode_rate = median_rate(len(events), arguments.runs, lambda: decoding(events))
    core_rate = median_rate(len(events), arguments.runs, lambda: core(events))
    table.add_row("decoding alone (msgspec, instants)", f"{decode_rate:,.0f}", "")
    table.add_row("the pure core alone", f"{core_rate:,.0f}", f"{core_rate / decode_rate:.2f} of decoding")
    for name in ("embedded", "apache"):
        if name == "apache" and not all(map(shutil.which, ("java", "mvn"))):
            console.print("no Apache Kafka: java and mvn are not both on the PATH")
            continue
        with brokers(name) as address:
            rates = asyncio.run(on_broker(address, events, arguments.runs, short=name == "embedded"))
        table.add_row(f"{name}: raw aiokafka fetch", f"{rates['fetch']:,.0f}", "")
        share = f"{rates['worker'] / rates['fetch']:.2f} of the fetch, {rates['worker'] / core_rate:.2f} of the core"
        table.add_row(f"{name}: deskpulse end to end", f"{rates['worker']:,.0f}", share)
    console.print(table)


if __name__ == "__main__":
    main()
