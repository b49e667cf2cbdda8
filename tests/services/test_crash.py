"""A worker that is killed again and again while a log flows in ends with the numbers of one that was not."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

from tests.floors import LONG_AGO, Floor, Record, floor_on, records_of, send
from tests.logs import SPAN, random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.instants import text_of
from tests.oracle.snapshot import snapshot
from tests.processes import WorkerProcess

KILLS = 3
RECORDS_A_SEND = 100


async def flow(floor: Floor, records: list[Record]) -> None:
    """Sends a part of the log, little by little."""
    for start in range(0, len(records), RECORDS_A_SEND):
        await send(floor, records[start : start + RECORDS_A_SEND])


async def killed_at_work(floor: Floor, records: list[Record], dice: random.Random) -> None:
    """Runs a worker while these records come, and kills it when it has read as many as thrown."""
    wanted = dice.randint(1, len(records) * 4 // 5)
    async with WorkerProcess("--config", floor.configuration) as worker, asyncio.TaskGroup() as beside:
        beside.create_task(flow(floor, records))
        await worker.until_total("support_pipeline_events_total", wanted)
        assert (await worker.ended(signal.SIGKILL)).code == -signal.SIGKILL


async def test_a_worker_killed_three_times_has_the_oracles_numbers_in_the_end(own_broker: str, tmp_path: Path) -> None:
    events = random_log(900, tickets=600, start=LONG_AGO)
    records = records_of(shuffled(events, seed=31))
    size = len(records) // (KILLS + 1)
    floor, dice = await floor_on(own_broker, tmp_path), random.Random(17)
    for kill in range(KILLS):
        await killed_at_work(floor, records[kill * size : (kill + 1) * size], dice)
    await flow(floor, records[KILLS * size :])
    async with WorkerProcess("--config", floor.configuration) as worker:
        await worker.ready()
        found = await worker.snapshot(at=text_of(LONG_AGO + SPAN))
    assert differences(found, snapshot(events)) == []
    assert found["partitions"] == {"ready": 4, "catching_up": 0, "total": 4}
