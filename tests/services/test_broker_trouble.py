"""What Apache Kafka can do to a worker: die, stand still, leave holes, lose a changelog. The numbers stay the oracle's.

A worker may end once, with code 1, and is then started again as by its supervisor; it never goes on with wrong numbers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from stream.rim.preflight import create_topics, topic_configs
from stream.rim.settings import EVENT_TOPICS, RimSettings
from tests.contracts.rim_drivers import administrator, committed, read_all
from tests.floors import LONG_AGO, PARTITIONS, Floor, Record, described_floor, floor_on, records_of, send
from tests.happenings import created, happening
from tests.kafka_from_jars import ApacheKafka
from tests.logs import SPAN, Event, random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.instants import text_of
from tests.oracle.snapshot import snapshot
from tests.processes import WorkerProcess, run, until

END = LONG_AGO + SPAN
STOPPED_SECONDS = 20
RECORDS_A_SEND = 200


class EagerCleaner(ApacheKafka):
    """Looks for something to compact all the time, instead of every 15 s."""

    def _properties(self) -> str:
        return super()._properties() + "log.cleaner.backoff.ms=100\ntransaction.state.log.num.partitions=4\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """A broker that these tests may ill-treat."""
    kafka = EagerCleaner(tmp_path_factory.mktemp("ill-treated"))
    kafka.start()
    try:
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture
async def kafka(machine: ApacheKafka) -> AsyncIterator[ApacheKafka]:
    """Without topics, and without the consumer group's offsets, which go with them."""
    yield machine
    admin = AIOKafkaAdminClient(bootstrap_servers=machine.address)
    await admin.start()
    try:
        left = [topic for topic in await admin.list_topics() if not topic.startswith("_")]
        await admin.delete_topics(left)
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def supervised(floor: Floor) -> AsyncIterator[Supervisor]:
    async with contextlib.AsyncExitStack() as stack:
        supervisor = Supervisor(floor, stack)
        await supervisor.start()
        yield supervisor


class Supervisor:
    """Starts a worker again when it has ended by itself."""

    def __init__(self, floor: Floor, stack: contextlib.AsyncExitStack) -> None:
        self.worker = WorkerProcess("--config", floor.configuration)
        self.exits: list[str] = []  # the last lines of those that ended
        self._floor = floor
        self._stack = stack

    async def start(self) -> None:
        self.worker = WorkerProcess("--config", self._floor.configuration)
        await self._stack.enter_async_context(self.worker)

    async def readiness(self) -> tuple[int, str]:
        """What /readyz says, and its reason; 0 and the last line of a worker that has ended, which is started again."""
        with contextlib.suppress(aiohttp.ClientError):
            if self.worker.process.returncode is None:
                answer = await self.worker.ask("/readyz")
                return answer.status, str(answer.body["reason"])
        done = await self.worker.ended()
        assert done.code == 1, done
        self.exits.append(done.last_line)
        assert len(self.exits) == 1, f"it ends again and again: {self.exits}"
        await self.start()
        return 0, done.last_line

    async def reads_all(self) -> None:
        """Returns once the worker is ready and has committed every topic to its end."""

        async def through() -> bool:
            if (await self.readiness())[0] != 200:
                return False
            return await committed(self._floor.settings) == await ends(self._floor, EVENT_TOPICS)

        await until(through, "everything read and committed", seconds=90)

    async def says(self, wanted: Callable[[int, str], bool], what: str) -> None:
        """Returns once /readyz answers so."""

        async def said() -> bool:
            return wanted(*await self.readiness())

        await until(said, what)

    async def shows(self, events: Sequence[Event]) -> None:
        """The snapshot is the oracle's of these events."""
        found = await self.worker.snapshot(at=text_of(END))
        assert differences(found, snapshot(events, END)) == []
        assert found["partitions"] == {"ready": PARTITIONS, "catching_up": 0, "total": PARTITIONS}


async def ends(floor: Floor, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """End offsets by topic partition, as Apache Kafka tells them; empty partitions are left out."""
    async with AIOKafkaConsumer(bootstrap_servers=floor.address) as consumer:
        found = await consumer.end_offsets([TopicPartition(topic, n) for topic in topics for n in range(PARTITIONS)])
    return {(tp.topic, tp.partition): end for tp, end in found.items() if end > 0}


def log_of(seed: int, tickets: int = 300) -> tuple[list[Event], list[Record]]:
    """Events, and the records of them shuffled and with repeats."""
    events = random_log(seed, tickets=tickets, start=LONG_AGO)
    return events, records_of(shuffled(events, seed=seed))


def is_told(status: int, reason: str) -> bool:
    """Without its broker a worker is not ready, and says that it is for the broker."""
    return status in {0, 503} and "broker not reachable" in reason


async def pour(floor: Floor, records: Sequence[Record]) -> None:
    for start in range(0, len(records), RECORDS_A_SEND):
        await send(floor, records[start : start + RECORDS_A_SEND])


class Loss(NamedTuple):
    """How a changelog loses records, and what a worker says to it."""

    happen: Callable[[Floor], Awaitable[None]]
    line: str


async def delete_records(floor: Floor) -> None:
    half = {tp: end // 2 for tp, end in (await ends(floor, [floor.settings.changelog])).items()}
    changelog = ConfigResource(ConfigResourceType.TOPIC, floor.settings.changelog, {"cleanup.policy": "compact,delete"})
    async with administrator(floor.settings) as admin:
        await admin.alter_configs([changelog])  # of a topic that is only compacted, Kafka deletes none
        await admin.delete_records({TopicPartition(*tp): RecordsToDelete(before_offset=to) for tp, to in half.items()})


async def create_again(floor: Floor) -> None:
    async with administrator(floor.settings) as admin:
        await admin.delete_topics([floor.settings.changelog])

        async def is_gone() -> bool:
            return floor.settings.changelog not in {topic["topic"] for topic in await admin.describe_topics()}

        await until(is_gone, "the changelog deleted")
    await create_topics(floor.settings)


SAYS = r"deskpulse worker: stopped: the changelog deskpulse-tickets-changelog \d "
DO = r"Stop all workers, then run: deskpulse topics reset"
DELETED_RECORDS = Loss(
    delete_records, rf"{SAYS}begins at offset \d+: what stood before it was deleted, and tickets with it\. {DO}"
)
CREATED_AGAIN = Loss(
    create_again,
    rf"{SAYS}ends at offset 0, but was written up to \d+ before: "
    rf"it was created again or cut off, and tickets are missing\. {DO}",
)


class TestAway:
    async def test_a_broker_killed_and_started_again_on_its_data_costs_no_number(
        self, kafka: ApacheKafka, tmp_path: Path
    ) -> None:
        events, records = log_of(41)
        floor = await floor_on(kafka.address, tmp_path)
        half = len(records) // 2
        async with supervised(floor) as supervisor:
            await pour(floor, records[:half])
            await supervisor.worker.until_total("support_pipeline_events_total", half // 2)
            kafka.kill()
            await supervisor.says(is_told, "a 503 that says that the broker is away")
            kafka.start()
            await pour(floor, records[half:])
            await supervisor.reads_all()
            await supervisor.shows(events)

    async def test_a_broker_that_stands_still_costs_no_number(self, kafka: ApacheKafka, tmp_path: Path) -> None:
        events, records = log_of(42)
        floor = await floor_on(kafka.address, tmp_path)
        half = len(records) // 2
        async with supervised(floor) as supervisor:
            await pour(floor, records[:half])
            await supervisor.worker.until_total("support_pipeline_events_total", half // 2)
            os.kill(kafka.pid, signal.SIGSTOP)
            try:
                over = asyncio.create_task(asyncio.sleep(STOPPED_SECONDS))  # the fault itself
                await supervisor.says(is_told, "a 503 that says that the broker is away")
                await over
            finally:
                os.kill(kafka.pid, signal.SIGCONT)
            await pour(floor, records[half:])
            await supervisor.reads_all()
            await supervisor.shows(events)


class TestHoles:
    async def test_what_a_transaction_took_back_never_happened_and_its_holes_are_read_past(
        self, kafka: ApacheKafka, tmp_path: Path
    ) -> None:
        events, records = log_of(43, tickets=120)
        undone = records_of(random_log(44, tickets=60, start=LONG_AGO))
        floor = await floor_on(kafka.address, tmp_path)
        async with AIOKafkaProducer(bootstrap_servers=kafka.address, transactional_id="desk") as producer:
            for at in range(0, len(records), RECORDS_A_SEND):
                async with producer.transaction():
                    await put(producer, records[at : at + RECORDS_A_SEND])
                await producer.begin_transaction()
                await put(producer, undone[at : at + RECORDS_A_SEND])
                await producer.abort_transaction()
        async with supervised(floor) as supervisor:
            await supervisor.reads_all()
            await supervisor.shows(events)
            assert supervisor.exits == []

    async def test_compacted_topics_give_the_numbers_of_what_they_still_hold(
        self, kafka: ApacheKafka, tmp_path: Path
    ) -> None:
        _, records = log_of(45, tickets=100)
        floor = described_floor(kafka.address, tmp_path)
        await create_quickly_compacted(floor.settings, "ticket-changed")
        await pour(floor, records)
        [(_, key, value)] = records_of([happening("ticket.replied", END, "bot", agent="bot", author="bot")])
        await compacted(floor, "ticket-changed", key or b"", value)
        held = [await read_all(floor.settings, topic) for topic in EVENT_TOPICS]
        left = [json.loads(record.value) for record in chain.from_iterable(held) if record.value]
        assert len(left) < len(records)
        async with supervised(floor) as supervisor:
            await supervisor.reads_all()
            await supervisor.shows(left)
            assert supervisor.exits == []

    async def test_a_compacted_changelog_gives_every_ticket_back(self, kafka: ApacheKafka, tmp_path: Path) -> None:
        events, records = log_of(46, tickets=100)
        floor = described_floor(kafka.address, tmp_path)
        await create_quickly_compacted(floor.settings, floor.settings.changelog)
        async with supervised(floor) as supervisor:
            for at in range(0, len(records), RECORDS_A_SEND):
                await send(floor, records[at : at + RECORDS_A_SEND])
            await supervisor.reads_all()
            await supervisor.worker.ended(signal.SIGKILL)
            await compacted(floor, floor.settings.changelog, b"nobody", None)
            await supervisor.start()
            await supervisor.reads_all()
            await supervisor.shows(events)
            assert await supervisor.worker.total("support_pipeline_events_total") == 0
            await send(floor, records[:RECORDS_A_SEND])
            await supervisor.worker.until_total("support_pipeline_events_total", RECORDS_A_SEND)
            await supervisor.shows(events)
            assert supervisor.exits == []


async def put(producer: AIOKafkaProducer, records: Sequence[Record]) -> None:
    await asyncio.gather(*[await producer.send(topic, value, key=key) for topic, key, value in records])


async def create_quickly_compacted(settings: RimSettings, topic: str) -> None:
    """All topics, this one with segments that are closed and compacted as soon as there are newer records."""
    quick = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.001",
        "delete.retention.ms": "0",
    }
    async with administrator(settings) as admin:
        configs = topic_configs(settings, topic) | quick
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=configs)])
    await create_topics(settings)


async def compacted(floor: Floor, topic: str, key: bytes, value: bytes | None) -> None:
    """Returns once every partition has holes, and one record of each key: nothing else will go.

    This record, which changes nothing, is added to close open segments.
    """

    async def has_holes() -> bool:
        async with AIOKafkaProducer(bootstrap_servers=floor.address) as producer:
            for number in range(PARTITIONS):
                await producer.send_and_wait(topic, value, key=key, partition=number)
        found = await read_all(floor.settings, topic)
        held = [sum(record.partition == number for record in found) for number in range(PARTITIONS)]
        end = await ends(floor, [topic])
        others = Counter((record.partition, record.key) for record in found if record.key != key)
        is_done = max(others.values(), default=1) == 1
        return is_done and all(held[number] < end[topic, number] // 2 for number in range(PARTITIONS))

    await until(has_holes, f"{topic} compacted")


async def short_session_floor(address: str, folder: Path) -> Floor:
    """A reset waits for the session of the worker that was stopped before it."""
    floor = await floor_on(address, folder)
    text = floor.configuration.read_text(encoding="utf-8").replace('"6s"', '"3s"')
    floor.configuration.write_text(text, encoding="utf-8")
    return floor


class TestLostChangelog:
    @pytest.mark.parametrize("lose", [DELETED_RECORDS, CREATED_AGAIN], ids=["records deleted", "created again"])
    async def test_a_worker_refuses_it_and_a_reset_gives_the_oracles_numbers_again(
        self, lose: Loss, kafka: ApacheKafka, tmp_path: Path
    ) -> None:
        events, records = log_of(47, tickets=100)
        floor = await short_session_floor(kafka.address, tmp_path)
        await pour(floor, records)
        async with supervised(floor) as supervisor:
            await supervisor.reads_all()
            await supervisor.worker.ended(signal.SIGTERM)
        before = await committed(floor.settings)
        await lose.happen(floor)
        done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT="0")
        assert (done.code, await committed(floor.settings)) == (1, before)
        assert re.fullmatch(lose.line, done.last_line), done.last_line
        reset = run("topics", "reset", "--yes", "--config", floor.configuration)
        assert (reset.code, reset.err) == (0, "")
        async with supervised(floor) as supervisor:
            await supervisor.reads_all()
            await supervisor.shows(events)
            assert supervisor.exits == []

    async def test_a_running_worker_that_finds_it_created_again_ends_and_commits_nothing_of_it(
        self, kafka: ApacheKafka, tmp_path: Path
    ) -> None:
        _, records = log_of(48, tickets=60)
        floor = await short_session_floor(kafka.address, tmp_path)
        await pour(floor, records)
        async with supervised(floor) as supervisor:
            await supervisor.reads_all()
            before = await committed(floor.settings)
            refused = await asyncio.to_thread(run, "topics", "reset", "--yes", "--config", floor.configuration)
            assert "workers of the group deskpulse still run: stop them first" in refused.last_line
            assert await committed(floor.settings) == before
            await CREATED_AGAIN.happen(floor)
            await pour(floor, records_of([created(LONG_AGO, f"new-{number}") for number in range(40)]))
            done = await supervisor.worker.ended()
        assert (done.code, await committed(floor.settings)) == (1, before)
        assert re.search(
            r"the changelog .+ took an append at offset 0, but was written up to \d+ before", done.last_line
        )
        done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT="0")
        assert done.code == 1
        assert done.last_line.endswith("Stop all workers, then run: deskpulse topics reset")

    async def test_a_partition_of_which_nothing_was_ever_kept_is_no_loss(
        self, kafka: ApacheKafka, tmp_path: Path
    ) -> None:
        floor = await short_session_floor(kafka.address, tmp_path)
        await send(floor, [("ticket-created", b"T1", b"not json")] * 3)
        for _ in range(2):
            async with supervised(floor) as supervisor:
                await supervisor.reads_all()
                assert supervisor.exits == []
                assert (await supervisor.worker.ended(signal.SIGTERM)).code == 0
