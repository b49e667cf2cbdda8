"""The same job by deskpulse, Quix Streams and Faust on one broker, beside raw fetch and the pure core."""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
import warnings
from collections.abc import Callable

from aiokafka.admin import NewTopic

from bench import by_deskpulse
from bench.floor_log import PARTITIONS, PREFIX, Log, log, rim_settings, send, settle, tickets
from bench.rows import Row, isolated
from deskpulse.looking import give_the_loop_its_turns
from stream.events import decode
from stream.records import Records
from stream.rim.preflight import admin, create_topics
from stream.rim.settings import RimSettings

BATCH = 1_000
#: Wall and processor seconds.
Took = tuple[float, float]
ONE_TOPIC = "all-events"
#: Events for those that need minutes for all of them; rates are what is compared.
QUIX_SHARE, FAUST_SHARE = 0.25, 0.1


def core_rows(events: int, runs: int) -> list[Row]:
    """Decoding alone and the pure core, without any broker, by processor time: nothing is waited for."""
    made = log(events)
    give_the_loop_its_turns()
    decoding = events / statistics.median(_decoding(made) for _ in range(runs))
    core = events / statistics.median(_core(made) for _ in range(runs))
    return [
        Row("msgspec decode alone, with instants", _rate(decoding)),
        Row("the pure core alone, decode included", _rate(core), f"{core / decoding:.2f} of decode; goal 200,000"),
    ]


def rows(address: str, events: int, runs: int, *, is_embedded: bool) -> list[Row]:
    """All on the topics of one log, in turns; every run is a new group with an empty changelog."""
    settings = rim_settings(address, is_embedded=is_embedded)
    asyncio.run(_send(settings, log(events)))
    some, few = int(events * QUIX_SHARE), int(events * FAUST_SHARE)

    def ours(run: int) -> Took:
        return isolated(by_deskpulse.seconds, address, f"bench-ours-{run}", events, is_embedded=is_embedded)

    contenders: dict[str, tuple[int, Callable[[int], Took]]] = {
        "raw aiokafka fetch": (events, lambda _: isolated(by_deskpulse.fetch_seconds, address, events)),
        "deskpulse": (events, ours),
        "Quix Streams, six topics concatenated": (
            some, lambda _: isolated(_quix, address, some, settings.event_topics)
        ),
        "Quix Streams, one topic": (some, lambda _: isolated(_quix, address, some, (PREFIX + ONE_TOPIC,))),
        "Faust, a table write an event": (few, lambda run: isolated(_faust, address, run, few)),
    }  # fmt: skip
    took: dict[str, list[Took]] = {name: [] for name in contenders}
    for run in range(runs):
        for name, (_, measure) in contenders.items():
            took[name].append(measure(run))
    walls = {name: contenders[name][0] / statistics.median(wall for wall, _ in found) for name, found in took.items()}
    cpus = {name: contenders[name][0] / statistics.median(cpu for _, cpu in found) for name, found in took.items()}
    return [Row(name, _rate(walls[name]), _beside(name, walls, cpus)) for name in contenders]


def _beside(name: str, walls: dict[str, float], cpus: dict[str, float]) -> str:
    """How deskpulse compares, by the clock and, in brackets, by processor time."""
    fetch, ours = "raw aiokafka fetch", "deskpulse"
    cost = f"{cpus[name]:,.0f} per processor second"
    if name == fetch:
        return f"{cost}; the limit"
    if name == ours:
        share = f"{walls[ours] / walls[fetch]:.2f} of fetch ({cpus[ours] / cpus[fetch]:.2f})"
        return f"{cost}; {share}; goal 0.25"
    ratio, goal = f"{walls[ours] / walls[name]:.1f} times ({cpus[ours] / cpus[name]:.1f})", 15 if "Faust" in name else 2
    return f"{cost}; deskpulse {ratio}; goal {goal}"


def _quix(address: str, events: int, topics: tuple[str, ...]) -> Took:
    warnings.simplefilter("ignore")  # of what it imports
    from bench import by_quix  # noqa: PLC0415 (loads what only this process needs)

    return by_quix.seconds(address, f"bench-quix-{time.time_ns()}", events, topics)


def _faust(address: str, run: int, events: int) -> Took:
    from bench import by_faust  # noqa: PLC0415

    logging.disable(logging.WARNING)
    return by_faust.seconds(address, f"bench-faust-{run}", events)


async def _send(settings: RimSettings, made: Log) -> None:
    await create_topics(settings)
    async with admin(settings) as client:
        await client.create_topics([NewTopic(PREFIX + ONE_TOPIC, PARTITIONS, 1)])
    await send(settings.brokers[0], made)
    await send(settings.brokers[0], [(ONE_TOPIC, key, value) for _, key, value in made[: int(len(made) * QUIX_SHARE)]])


def _rate(events_a_second: float) -> str:
    return f"{events_a_second:,.0f} events/s"


def _decoding(events: Log) -> float:
    began = time.process_time()
    for _, _, value in events:
        decode(value)
    return time.process_time() - began


def _core(events: Log) -> float:
    found = tickets()
    partition = found.open(0)
    began = time.process_time()
    for start in range(0, len(events), BATCH):
        part = events[start : start + BATCH]
        places = list(range(len(part)))
        records = Records("bench", 0, places, places, [key for _, key, _ in part], [value for _, _, value in part])
        partition.apply(records, time.time_ns())
    settle(found)
    return time.process_time() - began
