"""SIGTERM and Ctrl-C under load: the batch is finished and committed, and the next worker reads on from there."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from stream.tickets import HISTORY_KEY
from tests.contracts.rim_drivers import committed, read_all
from tests.floors import LONG_AGO, Floor, floor_on, records_of, send
from tests.happenings import created, happening
from tests.processes import Done, WorkerProcess

STOP_SECONDS = 10  # in which a worker has to be gone
TICKETS_A_SEND = 500
READ = "support_pipeline_events_total"


class Load:
    """New tickets without end on two topics, until told to stop; every record is the first of a ticket of its own."""

    def __init__(self, floor: Floor) -> None:
        self.sent = 0
        self._floor = floor

    async def pour(self, over: asyncio.Event) -> None:
        while not over.is_set():
            numbers = range(self.sent, self.sent + TICKETS_A_SEND)
            batch = [created(LONG_AGO, f"T{number}") for number in numbers[::2]]
            batch += [happening("ticket.resolved", LONG_AGO, f"T{number}") for number in numbers[1::2]]
            await send(self._floor, records_of(batch))
            self.sent += TICKETS_A_SEND


async def stopped_at_work(floor: Floor, load: Load, number: signal.Signals) -> Done:
    """How a worker ended that was told to while tickets came in."""
    over = asyncio.Event()
    async with WorkerProcess("--config", floor.configuration) as worker, asyncio.TaskGroup() as beside:
        await worker.ready()
        before = await worker.total(READ)
        beside.create_task(load.pour(over))
        await worker.until_total(READ, before + 4 * TICKETS_A_SEND)
        done = await worker.ended(number, STOP_SECONDS)
        over.set()
    return done


async def tickets_kept(floor: Floor) -> int:
    """How many tickets the changelog knows."""
    keys = {record.key for record in await read_all(floor.settings, floor.settings.changelog)}
    return len(keys - {HISTORY_KEY})


async def test_a_worker_stopped_under_load_has_committed_all_that_it_kept_and_nothing_is_read_twice(
    own_broker: str, tmp_path: Path
) -> None:
    floor = await floor_on(own_broker, tmp_path)
    load, read = Load(floor), 0
    for number in (signal.SIGTERM, signal.SIGINT):
        done = await stopped_at_work(floor, load, number)
        assert (done.code, done.err.splitlines()[1:]) == (0, ["deskpulse worker: stopped cleanly"])
        before, read = read, sum((await committed(floor.settings)).values())
        assert before + 4 * TICKETS_A_SEND <= read < load.sent, "it was not under load"
        assert await tickets_kept(floor) == read
    async with WorkerProcess("--config", floor.configuration) as worker:
        await worker.ready()
        assert await worker.total(READ) == load.sent - read
        found = await worker.snapshot()
        assert found["all"]["open"] == found["data_quality"]["orphans"] == load.sent / 2
        assert (await worker.ended(signal.SIGTERM, STOP_SECONDS)).code == 0
    assert sum((await committed(floor.settings)).values()) == load.sent
