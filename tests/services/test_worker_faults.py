"""What a worker does when something is wrong: it says so in one clear line, and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stream.rim.embedded import free_port
from stream.rim.preflight import create_topics
from tests.bad_input import BAD
from tests.contracts.rim_drivers import committed, read_all
from tests.floors import LONG_AGO, PARTITIONS, Floor, described_floor, floor_on, records_of, send
from tests.happenings import created
from tests.logs import random_log, topic_of
from tests.processes import WorkerProcess, run

STOP_SECONDS = 10  # in which a worker has to be gone


@contextlib.asynccontextmanager
async def relay(port: int, address: str) -> AsyncIterator[None]:
    """Whoever connects to this port is connected to the address."""
    host, _, target = address.rpartition(":")

    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(target))
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


class TestStarting:
    async def test_a_broker_that_is_not_there_is_named_and_waited_for(self, own_embedded: str, tmp_path: Path) -> None:
        floor = await floor_on(own_embedded, tmp_path)
        await send(floor, records_of(random_log(8, tickets=5, start=LONG_AGO)))
        absent = f"127.0.0.1:{free_port()}"
        async with WorkerProcess("--config", floor.configuration, "--broker", f"kafka://{absent}") as worker:
            await worker.line(f"broker not reachable: {re.escape(absent)}")
            answer = await worker.ask("/readyz")
            assert (answer.status, answer.body["ready"]) == (503, False)
            assert answer.body["reason"] == f"broker not reachable: {absent}"
            assert (await worker.ask("/healthz")).status == 200
            assert (await worker.ask("/snapshot")).body["partitions"]["ready"] == 0
            async with relay(int(absent.rpartition(":")[2]), own_embedded):
                await worker.ready()
                assert (await worker.snapshot())["all"]["windows"]["30d"]["complete"] is True
            complaints = [line for line in worker.err if "not reachable" in line]
            assert len(complaints) == 1

    async def test_a_worker_that_waits_for_its_broker_ends_at_ctrl_c(self, tmp_path: Path) -> None:
        floor = described_floor(f"127.0.0.1:{free_port()}", tmp_path)
        async with WorkerProcess("--config", floor.configuration) as worker:
            await worker.line("broker not reachable")
            done = await worker.ended(signal.SIGINT, STOP_SECONDS)
        assert (done.code, done.last_line) == (0, "deskpulse worker: stopped cleanly")

    async def test_missing_topics_are_refused_naming_them_and_what_to_run(
        self, own_embedded: str, tmp_path: Path
    ) -> None:
        floor = described_floor(own_embedded, tmp_path)
        done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT="0")
        assert done.code == 1
        assert all(f"{topic}: does not exist" in done.last_line for topic in floor.settings.all_topics)
        assert done.last_line.endswith("Run: deskpulse topics create")

    async def test_unequal_partition_counts_are_refused_naming_the_topic(self, own_apache: str, tmp_path: Path) -> None:
        floor = described_floor(own_apache, tmp_path)
        async with administrator(floor) as admin:
            await admin.create_topics([NewTopic("ticket-resolved", PARTITIONS + 1, 1)])
        await create_topics(floor.settings)
        done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT="0")
        assert done.code == 1
        assert "ticket-resolved: has 5 partitions, the first event topic has 4" in done.last_line
        assert done.last_line.count(" partitions, ") == 1
        assert done.last_line.endswith("Run: deskpulse topics create")

    def test_a_taken_port_is_named_with_what_chooses_another(self, tmp_path: Path) -> None:
        floor = described_floor("127.0.0.1:9", tmp_path)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT=str(port))
        assert done.code == 1
        assert f"127.0.0.1:{port}" in done.last_line
        assert "DESKPULSE_WORKER_PORT" in done.last_line

    def test_a_bad_configuration_is_told_in_full_and_is_wrong_usage(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.toml"
        file.write_text('[broker]\npartitions = 0\nurll = "x"\n[windows]\nrolling = ["1x"]\n', encoding="utf-8")
        done = run("worker", "--config", file, DESKPULSE_WORKER_PORT="many")
        assert done.code == 2
        keys = ["broker.partitions", "broker.urll", "DESKPULSE_WORKER_PORT", "windows.rolling"]
        lines = done.err.splitlines()
        assert [next((key for key in keys if f": {key}" in line), line) for line in lines] == keys


@contextlib.asynccontextmanager
async def administrator(floor: Floor) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=floor.address)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


class TestRefusing:
    async def test_a_bad_record_is_a_dead_letter_that_says_why_and_from_where(
        self, own_apache: str, tmp_path: Path
    ) -> None:
        floor = await floor_on(own_apache, tmp_path)
        ahead = created(2**62, "T1")
        good = created(LONG_AGO, "T1")
        records = records_of([good, {**good, "type": "support.ticket.cloned"}, ahead])
        records += [("ticket-created", b"T2", records[0][2]), ("survey-responses", None, b"not json")]
        bad = [good | {"id": wrong, "type": kind, "data": data} for wrong, _reason, kind, data in BAD]
        records += records_of(bad)
        await send(floor, records)
        async with WorkerProcess("--config", floor.configuration) as worker:
            await worker.ready()
            counted = {reason: await worker.sample(dead_lettered(*reason)) for reason in REFUSED}
            assert counted == REFUSED
            assert (await worker.snapshot())["data_quality"]["since_start"]["dead_lettered"] == by_reason(REFUSED)
            assert (await worker.snapshot())["all"]["open"] == 1
        letters = await read_all(floor.settings, floor.settings.dead_letters)
        found = {}
        for letter in letters:
            headers = {name: value.decode() for name, value in letter.headers}
            found[headers["topic"], headers["reason"]] = (letter.key, letter.value)
            assert headers["partition"].isdecimal()
            assert headers["offset"].isdecimal()
            assert headers["detail"]
        assert set(found) == set(REFUSED)
        assert len(letters) == sum(REFUSED.values())
        reasons = {letter.value: dict(letter.headers)["reason"].decode() for letter in letters}
        told = [reasons[value] for _topic, _key, value in records_of(bad)]
        assert told == [reason for _wrong, reason, _kind, _data in BAD]
        assert found["ticket-created", "key"] == (b"T2", records[0][2])
        assert found["survey-responses", "not_json"] == (None, b"not json")

    async def test_too_many_bad_records_stop_the_worker_and_none_of_them_is_lost(
        self, own_apache: str, tmp_path: Path
    ) -> None:
        floor = await floor_on(own_apache, tmp_path, "[dead_letters]\nmax_ratio = 0.2\nover = 100\n")
        await send(floor, [("ticket-created", b"T1", b"not json")] * 400)
        done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT="0")
        assert done.code == 1
        assert re.fullmatch(
            r"deskpulse worker: stopped: 100 of the last 100 records were refused \(100%, the limit is 20%\), "
            r"most often for not_json \(100\)",
            done.last_line,
        )
        assert await committed(floor.settings) == {}


#: How many, by topic and reason.
REFUSED = Counter(
    [
        ("ticket-changed", "unknown_type"),
        ("ticket-created", "future"),
        ("ticket-created", "key"),
        ("survey-responses", "not_json"),
        *((topic_of({"type": kind}), reason) for _wrong, reason, kind, _data in BAD),
    ]
)


def by_reason(refused: Counter[tuple[str, str]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (_topic, reason), count in refused.items():
        found[reason] += count
    return dict(found)


def dead_lettered(topic: str, reason: str) -> str:
    return f'support_pipeline_events_dead_lettered_total{{reason="{reason}",topic="{topic}"}}'


class TestChangelog:
    async def test_a_state_of_a_newer_version_ends_the_worker_with_the_advice_to_upgrade(
        self, own_apache: str, tmp_path: Path
    ) -> None:
        floor = await floor_on(own_apache, tmp_path)
        await send(floor, records_of([created(LONG_AGO, "T1")]))
        async with AIOKafkaProducer(bootstrap_servers=own_apache) as producer:
            await producer.send_and_wait(floor.settings.changelog, b"\xc8\x90", key=b"T1")
        done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT="0")
        assert done.code == 1
        assert done.last_line.startswith("deskpulse worker: stopped: ")
        assert "the state has version 200" in done.last_line
        assert "upgrade it" in done.last_line
        assert await committed(floor.settings) == {}

    async def test_a_changelog_that_takes_no_append_ends_the_worker_with_nothing_committed(
        self, own_apache: str, tmp_path: Path
    ) -> None:
        floor = described_floor(own_apache, tmp_path)
        tiny = {"cleanup.policy": "compact", "max.message.bytes": "60"}
        async with administrator(floor) as admin:
            await admin.create_topics([NewTopic(floor.settings.changelog, PARTITIONS, 1, topic_configs=tiny)])
        await create_topics(floor.settings)
        await send(floor, records_of(random_log(10, tickets=5, start=LONG_AGO)))
        done = run("worker", "--config", floor.configuration, DESKPULSE_WORKER_PORT="0")
        assert done.code == 1
        line = rf"deskpulse worker: stopped: the changelog {floor.settings.changelog} \d took no append: .+"
        assert re.fullmatch(line, done.last_line)
        assert await committed(floor.settings) == {}
