"""One run of the soak: a log flows in while its workers are killed; the last is left alone and asked for its numbers.

A seed says all that is chosen: the broker, the log and its order, how many kills, each at which passing of which
failpoint, by the process's own hand or from outside, which comes a moment later.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from stream.rim.failpoints import Failpoint
from tests.floors import LONG_AGO, Record, records_of
from tests.logs import SPAN, random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.instants import text_of
from tests.oracle.snapshot import snapshot
from tests.processes import PATIENCE_SECONDS, until
from tests.soak.workers import Ground, SoakWorker, ground_on

TICKETS = 300
RECORDS_A_SEND = 100
#: What a worker with its part of the log passes at least: each part reaches all partitions of five topics.
BATCHES = 15
RECOVERED_BATCHES = 4
AT_WORK = (
    Failpoint.AFTER_APPLY,
    Failpoint.AFTER_SEND,
    Failpoint.BEFORE_ACKNOWLEDGEMENT,
    Failpoint.AFTER_ACKNOWLEDGEMENT,
    Failpoint.MID_COMMIT,
)


@dataclass(frozen=True)
class Kill:
    """The end of one worker."""

    point: Failpoint
    passing: int
    is_from_outside: bool

    def __str__(self) -> str:
        return f"{'outside at ' if self.is_from_outside else ''}{self.point}:{self.passing}"


@dataclass(frozen=True)
class Outcome:
    """What came of one run."""

    seed: int
    broker: str
    kills: Sequence[Kill]
    records: int
    seconds: float
    found: Sequence[str]

    def __str__(self) -> str:
        where = f"{len(self.kills)} kills ({', '.join(map(str, self.kills))})"
        verdict = "equal" if not self.found else f"{len(self.found)} differences: {'; '.join(self.found)}"
        return f"seed {self.seed}: {self.broker}, {where}, {self.records} events, {self.seconds:.1f} s: {verdict}"


def broker_of(seed: int) -> str:
    """Every other seed is for Apache Kafka."""
    return ("apache", "embedded")[seed % 2]


def plan(dice: random.Random) -> list[Kill]:
    """Two kills or three: at work, then in the recovery from it, then at work again."""
    return [kill_at_work(dice), kill_in_recovery(dice), kill_at_work(dice)][: dice.choice((2, 3))]


def kill_at_work(dice: random.Random) -> Kill:
    point = dice.choice(AT_WORK)
    return Kill(point, 1 if point is Failpoint.MID_COMMIT else dice.randint(1, BATCHES), dice.random() < 0.5)


def kill_in_recovery(dice: random.Random) -> Kill:
    return Kill(Failpoint.MID_RECOVERY, dice.randint(1, RECOVERED_BATCHES), dice.random() < 0.5)


async def run(seed: int, broker: str, address: str, folder: Path) -> Outcome:
    """The run of this seed, on topics of its own."""
    began = time.monotonic()
    dice = random.Random(f"soak {seed}")
    kills = plan(dice)
    events = random_log(seed, tickets=TICKETS, start=LONG_AGO)
    records = records_of(shuffled(events, seed=seed))
    ground = await ground_on(broker, address, folder)
    for kill, part in zip(kills, parts(records, len(kills)), strict=True):
        await killed(ground, kill, part)
    found = await final_snapshot(ground)
    wrong = differences(found, snapshot(events))
    return Outcome(seed, broker, kills, len(records), time.monotonic() - began, wrong)


def parts(records: Sequence[Record], count: int) -> list[Sequence[Record]]:
    """Consecutive parts of about the same size."""
    size = -(-len(records) // count)
    return [records[start : start + size] for start in range(0, len(records), size)]


async def killed(ground: Ground, kill: Kill, records: Sequence[Record]) -> None:
    """A worker that ends like this while these records flow in; they are all sent in the end."""
    worker = ground.worker(failpoint="" if kill.is_from_outside else f"{kill.point}:{kill.passing}")
    async with worker, asyncio.TaskGroup() as beside:
        beside.create_task(flow(ground, records))
        await until(lambda: reached(worker, kill), f"{kill}: {worker.err}", PATIENCE_SECONDS)
        if worker.process.returncode is None:
            worker.process.kill()
        done = await worker.ended()
        assert done.code == -signal.SIGKILL, done


async def reached(worker: SoakWorker, kill: Kill) -> bool:
    """Whether the worker passed the place; a short recovery that is through without it counts too."""
    if kill.is_from_outside and f"{kill.point} {kill.passing}" in worker.out:
        return True
    if worker.process.returncode is not None:
        return True
    return kill.point is Failpoint.MID_RECOVERY and await is_ready(worker)


async def is_ready(worker: SoakWorker) -> bool:
    """Whether it says so; one that has just ended says nothing."""
    try:
        return bool(worker.err) and (await worker.ask("/readyz")).status == 200
    except aiohttp.ClientError:
        return False


async def flow(ground: Ground, records: Sequence[Record]) -> None:
    """Sends the records little by little."""
    for start in range(0, len(records), RECORDS_A_SEND):
        await ground.send(records[start : start + RECORDS_A_SEND])


async def final_snapshot(ground: Ground) -> dict[str, object]:
    """What a worker says that is left alone: at the log's end, with all partitions ready; it stops cleanly."""
    async with ground.worker() as worker:
        await worker.ready()
        answer = await worker.ask(f"/snapshot?at={text_of(LONG_AGO + SPAN)}")
        assert answer.status == 200, worker.err
        found = dict(answer.body)
        assert found["partitions"] == {"ready": 4, "catching_up": 0, "total": 4}
        assert (await worker.ended(signal.SIGTERM)).code == 0
    return found
