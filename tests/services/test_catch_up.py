"""While replies are still to be read nothing looks late: in a backlog, after a kill on the way, and in an import."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.rim.settings import EVENT_TOPICS
from tests.exports import HEADER, LOG
from tests.floors import PARTITIONS, Floor, floor_on, records_of, send
from tests.happenings import Happening, created, happening
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import HOUR, MINUTE, SECOND, text_of
from tests.oracle.snapshot import snapshot
from tests.processes import Done, WorkerProcess, run, until

POLICY = '[[sla]]\nname = "first"\nfirst_response = "5m"\n'
RULES = configuration_of({"sla": [{"name": "first", "first_response": "5m"}]})
BACKLOG = 30 * MINUTE
TICKETS = 4_000
BOT_REPLIES_A_TICKET = 20  # they stand before the human ones, so that it takes a while until those are read
SHOWN_WHEN_READY = ("support_sla_live_breaches{", "support_sla_at_risk{", "support_oldest_awaiting_first_response_")


def backlog(end: int) -> list[Happening]:
    """Tickets of the half hour before the end, each answered by a person after 4 of its 5 minutes; replies last."""
    made = {f"T{number}": end - BACKLOG + number * BACKLOG // TICKETS // 2 for number in range(TICKETS)}
    opened = [created(at, subject) for subject, at in made.items()]
    bots = [
        happening("ticket.replied", at + turn, subject, agent="bot", author="bot")
        for turn in range(BOT_REPLIES_A_TICKET)
        for subject, at in made.items()
    ]
    people = [happening("ticket.replied", at + 4 * MINUTE, subject, agent="sara") for subject, at in made.items()]
    return [*opened, *bots, *people]


class Lookout:
    """Looks at a worker again and again; what it saw on the way to readiness."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker
        self.remaining: dict[int, list[int]] = defaultdict(list)  # records to read, by partition, as /readyz told
        self.unanswered = 0  # looks that found tickets whose reply was not read yet

    async def look(self) -> bool:
        """Fails if anything is late; True once the worker is ready."""
        before = await self._worker.ask("/readyz")
        scrape, found = (await self._worker.ask("/metrics")).body, await self._worker.snapshot()
        assert [line for line in scrape.splitlines() if line.startswith(SHOWN_WHEN_READY) and late(line)] == []
        assert [breaches(scope) for scope in (found["all"], *found["queues"].values()) if breaches(scope)] == []
        self.unanswered += found["all"]["awaiting_first_response"] > 0
        if before.status == 200:
            return True
        assert (before.status, before.body["ready"]) == (503, False)
        assert before.body["reason"]
        if told := re.fullmatch(r"catching up partition (\d+): ([\d,]+) records to read", before.body["reason"]):
            self.remaining[int(told[1])].append(int(told[2].replace(",", "")))
        return False


def late(line: str) -> bool:
    return not line.endswith(" 0.0")


def breaches(scope: dict[str, Any]) -> int:
    return sum(int(clock["live_breaches"]) + int(clock["at_risk"]) for clock in scope["sla"].values())


async def test_nothing_looks_late_on_the_way_through_half_an_hour_of_answered_tickets(
    own_broker: str, tmp_path: Path
) -> None:
    end = time.time_ns() // SECOND * SECOND - 10 * MINUTE
    events = backlog(end)
    floor = await floor_on(own_broker, tmp_path, POLICY)
    await send(floor, records_of(events))
    async with WorkerProcess("--config", floor.configuration) as worker:
        lookout = Lookout(worker)
        while not lookout.unanswered:
            assert not await lookout.look(), "it was ready before anybody saw an unanswered ticket"
        await worker.ended(signal.SIGKILL)
    async with WorkerProcess("--config", floor.configuration) as worker:
        lookout = Lookout(worker)
        while not await lookout.look():
            pass
        assert lookout.unanswered > 0, "nobody looked on the way"
        told = list(lookout.remaining.values())
        assert all(counts == sorted(counts, reverse=True) for counts in told), told
        assert any(counts[0] > counts[-1] for counts in told), told
        found = await worker.snapshot(text_of(end))
        assert differences(found, snapshot(events, end, RULES)) == []
        assert found["all"]["windows"]["1h"]["first_response"]["met"] == TICKETS
        await send(floor, records_of([created(end, "unanswered")]))
        await worker.until_total("support_sla_live_breaches", 1)


ROWS = 6_000
TIME_ENOUGH_SECONDS = 2  # to send the creations, if they waited for nobody; less than the import's patience
EVENTS_BESIDE_CREATED = 5  # updated, replied, paused, resumed, resolved


def export(start: int) -> str:
    """Tickets that were answered in time and solved, row by row."""
    lines = [HEADER]
    for number in range(ROWS):
        for minutes, state in ((0, "New"), (3, "Open"), (20, "Pending"), (30, "Open"), (40, "Solved")):
            at = text_of(start + number * SECOND + minutes * MINUTE)[:16].replace("T", " ")
            lines.append(f"T{number},{at},{state},billing,sara")
    return "\n".join(lines) + "\n"


async def floor_and_export(address: str, folder: Path) -> Floor:
    (folder / "map.toml").write_text(LOG, encoding="utf-8")
    (folder / "export.csv").write_text(export(time.time_ns() - 24 * HOUR), encoding="utf-8")
    return await floor_on(address, folder, POLICY)


async def looked_at_to_the_end(worker: WorkerProcess, importing: asyncio.Task[Done]) -> None:
    """Fails if anything of the import is ever late, or not there in the end."""
    lookout = Lookout(worker)
    while not importing.done() or (await worker.snapshot())["all"]["windows"]["7d"]["created"] < ROWS:
        await lookout.look()
    done = await importing
    assert done.code == 0, done.err
    found = (await worker.snapshot())["all"]
    assert (found["open"], found["windows"]["7d"]["first_response"]["met"]) == (0, ROWS)


async def test_history_that_is_imported_raises_no_breach_on_its_way(own_broker: str, tmp_path: Path) -> None:
    floor = await floor_and_export(own_broker, tmp_path)
    async with WorkerProcess("--config", floor.configuration) as worker:
        await worker.ready()
        await looked_at_to_the_end(worker, asyncio.create_task(imported(floor, tmp_path)))


async def test_history_waits_for_a_worker_that_lags_so_that_no_creation_overtakes_its_reply(
    own_apache: str, tmp_path: Path
) -> None:
    floor = await floor_and_export(own_apache, tmp_path)
    patient = floor.configuration.read_text(encoding="utf-8").replace('"6s"', '"30s"')  # it may stand still for longer
    floor.configuration.write_text(patient, encoding="utf-8")
    async with WorkerProcess("--config", floor.configuration) as worker:
        await worker.ready()
        os.kill(worker.pid, signal.SIGSTOP)
        importing = asyncio.create_task(imported(floor, tmp_path))

        async def all_but_created() -> bool:
            return (await count_of(floor, EVENT_TOPICS[1:])) == ROWS * EVENTS_BESIDE_CREATED

        await until(all_but_created, "everything but the creations sent")
        await asyncio.wait((importing,), timeout=TIME_ENOUGH_SECONDS)
        assert await count_of(floor, EVENT_TOPICS[:1]) == 0
        os.kill(worker.pid, signal.SIGCONT)
        await looked_at_to_the_end(worker, importing)


async def count_of(floor: Floor, topics: Sequence[str]) -> int:
    """How many records these topics hold."""
    async with AIOKafkaConsumer(bootstrap_servers=floor.address) as consumer:
        places = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        return sum((await consumer.end_offsets(places)).values())


async def imported(floor: Floor, folder: Path) -> Done:
    words = "import", "--map", folder / "map.toml", folder / "export.csv", "--broker", floor.url
    return await asyncio.to_thread(run, *words)
