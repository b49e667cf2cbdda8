"""Workers join, leave, are killed, or stand still and come back: at every quiet point they are right together."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.soak.teams import team_on


@pytest.fixture
def address(request: pytest.FixtureRequest, name: str) -> str:
    """Where the broker of this name is; it is started when it is first asked for."""
    return str(request.getfixturevalue({"embedded": "embedded_broker", "apache": "apache_kafka"}[name]))


async def test_a_second_worker_joins_and_the_first_is_killed_on_the_embedded_broker(
    embedded_broker: str, tmp_path: Path
) -> None:
    team = await team_on("embedded", embedded_broker, tmp_path)
    await team.waiting_tickets_come()
    async with team.at_work():
        first = await team.joins("one")
        await team.log_flows(600)
        assert await team.quiet() == []
        await team.joins("two")
        await team.log_flows(600)
        assert await team.quiet() == []
        await team.goes(first, signal.SIGKILL)
        await team.log_flows(600)
        assert await team.quiet() == []
    assert team.counted_nothing_twice(), team.highest


async def test_workers_join_leave_die_and_come_back_as_zombies_on_apache_kafka(
    apache_kafka: str, tmp_path: Path
) -> None:
    team = await team_on("apache", apache_kafka, tmp_path)
    await team.waiting_tickets_come()
    async with team.at_work():
        await team.joins("one")
        await team.log_flows(400)
        assert await team.quiet() == [], "one worker"

        two = await team.joins("two")
        three = await team.joins("three")
        await team.log_flows(400)
        assert await team.quiet() == [], "three workers"

        assert await team.goes(two, signal.SIGTERM) == 0
        await team.log_flows(400)
        assert await team.quiet() == [], "one left cleanly"

        await team.goes(three, signal.SIGKILL)
        await team.log_flows(400)
        assert await team.quiet() == [], "one was killed"

        zombie = await team.joins("four")
        await team.log_flows(400)
        assert await team.quiet() == [], "another joined"
        beside = asyncio.create_task(team.log_flows(400))
        await zombie.works()
        zombie.process.send_signal(signal.SIGSTOP)
        team.workers.remove(zombie)  # whoever is left has it all
        await beside
        assert await team.quiet() == [], "one stands still"
        team.workers.append(zombie)  # and is scraped again
        zombie.process.send_signal(signal.SIGCONT)
        await team.log_flows(400)
        assert (await zombie.ended()).code == 1
        assert "the process stood still for" in zombie.err[-1]
        team.workers.remove(zombie)
        assert await team.quiet() == [], "the zombie is gone"

        await team.joins("four")
        await team.log_flows(400)
        assert await team.quiet() == [], "it was started again"
    assert team.counted_nothing_twice(), team.highest


@pytest.mark.parametrize("name", ["embedded", "apache"])
async def test_a_worker_that_dies_in_a_rebalance_leaves_all_it_knew_to_the_other(
    name: str, address: str, tmp_path: Path
) -> None:
    team = await team_on(name, address, tmp_path)
    await team.waiting_tickets_come()
    async with team.at_work():
        one = await team.joins("one", "mid_rebalance:2")
        flowing = asyncio.create_task(team.log_flows(600))
        await one.works()
        await team.joins("two")
        assert (await one.ended()).code == -signal.SIGKILL
        team.workers.remove(one)
        await flowing
        assert await team.quiet() == []
    assert team.counted_nothing_twice(), team.highest
