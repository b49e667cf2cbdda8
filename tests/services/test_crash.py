"""Workers that are killed, at random moments and at every named one, leave the numbers of one that was not."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any, cast

import pytest
from faust.transport.drivers import aiokafka as driver

from stream.rim import seams
from stream.rim.failpoints import ON_THE_WAY, Failpoint, mine
from stream.rim.settings import RimSettings
from stream.rim.worker import Rim
from tests.contracts.key_sets import AllKeySets
from tests.contracts.rim_drivers import many, prepared, running, sets_of
from tests.floors import LONG_AGO, floor_on, records_of
from tests.logs import random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.snapshot import snapshot
from tests.processes import WorkerProcess, run
from tests.soak import runs
from tests.soak.workers import SESSION_SECONDS, Ground, ground_on

RUNS = 10
TICKETS = 40


@pytest.fixture
def address(request: pytest.FixtureRequest, name: str) -> str:
    """Where the broker of this name is; it is started when it is first asked for."""
    return str(request.getfixturevalue({"embedded": "embedded_broker", "apache": "apache_kafka"}[name]))


@pytest.mark.parametrize(
    ("seed", "name"), [pytest.param(s, runs.broker_of(s), id=f"{runs.broker_of(s)}-{s}") for s in range(RUNS)]
)
async def test_workers_killed_at_random_leave_the_oracles_numbers(
    seed: int, name: str, address: str, tmp_path: Path
) -> None:
    outcome = await runs.run(seed, name, address, tmp_path)
    assert outcome.found == [], str(outcome)


async def died_at(ground: Ground, point: Failpoint) -> list[str]:
    """What is wrong with the numbers after a worker died at this point, and another went on."""
    events = random_log(70, tickets=TICKETS, start=LONG_AGO)
    records = records_of(shuffled(events, seed=7))
    half = len(records) // 2
    await ground.send(records[:half])
    if point is Failpoint.MID_RECOVERY:
        await dead_at(ground, Failpoint.AFTER_ACKNOWLEDGEMENT)
    await dead_at(ground, point)
    await ground.send(records[half:])
    return differences(await runs.final_snapshot(ground), snapshot(events))


async def dead_at(ground: Ground, point: Failpoint) -> None:
    async with ground.worker(failpoint=point) as worker:
        done = await worker.ended()
        assert done.code == -signal.SIGKILL, done
        # Past these a request is let out first, and the next passing is the end at the latest.
        last = worker.out[-2:] if point in ON_THE_WAY else worker.out[-1:]
        assert f"{point} 1" in last


@pytest.mark.parametrize("name", ["embedded", "apache"])
async def test_a_worker_that_dies_at_any_failpoint_costs_no_number(name: str, address: str, tmp_path: Path) -> None:
    grounds = [await ground_on(name, address, tmp_path) for _ in Failpoint]
    async with asyncio.TaskGroup() as beside:
        pairs = zip(grounds, Failpoint, strict=True)
        wrong = {point: beside.create_task(died_at(ground, point)) for ground, point in pairs}
    assert {point: task.result() for point, task in wrong.items()} == {point: [] for point in Failpoint}


async def test_the_command_dies_at_the_failpoint_that_the_environment_names(own_embedded: str, tmp_path: Path) -> None:
    floor = await floor_on(own_embedded, tmp_path)
    async with WorkerProcess("--config", floor.configuration, DESKPULSE_FAILPOINT="mid_rebalance") as worker:
        assert (await worker.ended()).code == -signal.SIGKILL


@pytest.mark.parametrize("text", ["nowhere", "after_apply:0", "after_apply:", "after_apply:x", "after_apply:-1", ""])
def test_what_names_no_failpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected one of after_apply, after_send, "):
        mine(text)


def test_a_failpoint_that_does_not_exist_is_wrong_usage() -> None:
    done = run("worker", DESKPULSE_FAILPOINT="nowhere")
    assert done.code == 2
    assert "DESKPULSE_FAILPOINT: expected one of after_apply, after_send, " in done.err


@pytest.mark.parametrize("name", ["embedded", "apache"])
async def test_a_recovery_looked_at_between_a_fetch_and_its_records_loses_none_of_them(
    name: str, address: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer's position is past them by then, so that they once counted as missing from the changelog's end."""
    settings = RimSettings(
        brokers=(address,),
        app_id=topic,
        topic_prefix=f"{topic}-",
        partitions=4,
        replication=1,
        session_timeout=SESSION_SECONDS[name],
    )
    sent = many(settings, 400)
    await prepared(settings, sent)
    async with running(settings, AllKeySets()):
        pass
    fetch = driver.Consumer._getmany

    async def looked_at(consumer: seams.BatchConsumer, active: Any, timeout: float) -> Any:  # noqa: ASYNC109
        records = await fetch(consumer, active, timeout)
        rim = cast("Rim", consumer.app.rim)
        if rim.readiness.summary().recovering:
            await rim.looked()
        return records

    monkeypatch.setattr(driver.Consumer, "_getmany", looked_at)
    core = AllKeySets()
    async with running(settings, core):
        assert core.values() == sets_of(sent)
