"""docs/production.md, command by command: what stands there is run as it stands there, on real programs."""

from __future__ import annotations

import asyncio
import configparser
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from stream.rim.security import connection
from stream.rim.settings import DEAD_LETTERS, EVENT_TOPICS
from tests.compose_file import ROOT, SERVICES, parsed
from tests.floors import PARTITIONS, Floor, described_floor, floor_on, records_of, send
from tests.kafka_from_jars import ApacheKafka, scripts
from tests.logs import random_log, shuffled
from tests.processes import WorkerProcess, environment, run
from tests.programs import required
from tests.secured_kafka import ADMINISTRATOR, OPERATOR, SENDER, WORKER, SecuredKafka

PAGE = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMAND_SECONDS = 200
ADD_RULES = "Add the rules of docs/production.md by kafka-acls.sh"
SEED = 5

pytestmark = pytest.mark.timeout(600)


def blocks(kind: str, marked: str = "") -> list[str]:
    """What stands between fences, of a kind, with a mark in it."""
    return [text for name, text in BLOCKS if name == kind and marked in text]


class Shell:
    """A folder in which the page's commands find their programs and files, and the broker of a test as `kafka:9092`."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self._scripts = folder / "bin" if (folder / "bin").exists() else scripts(folder)

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        path = f"{self._scripts}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            ["/bin/sh", "-c", f"set -e\n{text.replace('kafka:9092', self.address)}"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env=environment() | {"PATH": path},
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def good(self, text: str) -> str:
        done = self.run(text)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


# ------------------------------------------------------------------------------------------------------- rights


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[SecuredKafka]:
    kafka = SecuredKafka(tmp_path / "kafka")
    kafka.start()
    try:
        yield kafka
    finally:
        kafka.stop()


WORKERS, SENDERS, OPERATORS = blocks("sh", "kafka-acls.sh")


def test_the_page_s_rules_are_for_those_who_can_come_in() -> None:
    for rules, name in ((WORKERS, WORKER), (SENDERS, SENDER), (OPERATORS, OPERATOR)):
        assert set(re.findall(r"--allow-principal (\S+)", rules)) == {f"User:{name}"}


async def sends(kafka: SecuredKafka, records: list[tuple[str, bytes | None, bytes]]) -> None:
    """As the help desk, by its name."""
    async with AIOKafkaProducer(**login(kafka, SENDER)) as producer:
        for topic, key, value in records:
            await producer.send_and_wait(topic, value, key=key)


def login(kafka: SecuredKafka, name: str) -> dict[str, Any]:
    return connection([kafka.login_address], kafka.security(name))


async def test_with_the_rules_of_the_page_each_can_do_its_own_and_nothing_else(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    files = {name: written_for(secured, name, tmp_path) for name in (WORKER, OPERATOR)}
    (tmp_path / "admin.properties").write_text(secured.client_properties(ADMINISTRATOR))
    shell = Shell(tmp_path, secured.login_address)

    async def set_rules(text: str) -> None:
        await asyncio.to_thread(shell.good, text)

    def asked(*words: str, name: str = OPERATOR) -> tuple[int, str]:
        done = run(*words, "--config", files[name], KAFKA_PASSWORD=name)
        return done.code, done.err

    def worker_s_last_line() -> str:
        done = run("worker", "--config", files[WORKER], KAFKA_PASSWORD=WORKER, DESKPULSE_WORKER_PORT="0")
        assert done.code == 1
        return done.last_line

    assert "Authorization failed" in asked("topics", "create")[1]
    assert asked("topics", "check")[1] == f"{ADD_RULES}\n"
    await set_rules(OPERATORS)
    assert asked("topics", "create") == (0, "")
    assert asked("topics", "check") == (0, "")
    assert asked("topics", "reset", "--yes") == (0, "")

    for topic in (EVENT_TOPICS[0], DEAD_LETTERS):
        assert f"{topic}: not shown to User:{WORKER}" in worker_s_last_line()
    topics, group = WORKERS[: WORKERS.rindex("kafka-acls.sh")], WORKERS[WORKERS.rindex("kafka-acls.sh") :]
    await set_rules(topics)
    assert f"User:{WORKER} lacks a right to group deskpulse at {secured.login_address}: add" in worker_s_last_line()
    await set_rules(group)
    await set_rules(SENDERS)
    log = random_log(SEED, tickets=40)
    bad = (EVENT_TOPICS[0], b"x", b"no event")
    await sends(secured, [*records_of(log), bad])
    await asyncio.to_thread(the_how_to_s_producer_sends, secured, tmp_path)
    for _ in range(2):  # the second reads the changelog
        async with WorkerProcess("--config", files[WORKER], KAFKA_PASSWORD=WORKER) as worker:
            await worker.ready()
            assert sum(opened(await worker.snapshot()).values()) > 0
            assert (await worker.ended(signal.SIGTERM)).code == 0
    await a_letter(secured)

    assert asked("dead-letters", "list")[0] == asked("dead-letters", "requeue", "--all", "--force")[0] == 0
    assert asked("topics", "reset", "--yes", name=WORKER)[0] == 1  # a worker may not delete what it owns
    with pytest.raises(TopicAuthorizationFailedError):
        await first_of(EVENT_TOPICS[0], login(secured, SENDER))
    async with AIOKafkaProducer(**login(secured, WORKER)) as worker_s:
        with pytest.raises(TopicAuthorizationFailedError):
            await worker_s.send_and_wait(EVENT_TOPICS[0], b"{}")


def the_how_to_s_producer_sends(kafka: SecuredKafka, folder: Path) -> None:
    """docs/how-to/connect-a-help-desk.md's own program, with the lines that it changes for a login."""
    page = (ROOT / "docs" / "how-to" / "connect-a-help-desk.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(# producer.py\n.*?)```", page, re.DOTALL)
    [diff] = re.findall(r"```diff\n# producer.py\n(.*?)```", page, re.DOTALL)
    changes = re.findall(r"^-(.*)\n((?:\+.*\n)+)", diff, re.MULTILINE)
    assert len(changes) == 2
    for gone, come in changes:
        assert program.count(f"{gone}\n") == 1
        program = program.replace(f"{gone}\n", re.sub(r"(?m)^\+", "", come))
    (folder / "producer.py").write_text(program.replace("kafka-1.example:9093", kafka.login_address))
    (folder / "ca.pem").write_bytes(kafka.ca_file.read_bytes())
    words = [sys.executable, "producer.py"]
    subprocess.run(words, cwd=folder, env=environment(KAFKA_PASSWORD=SENDER), timeout=60, check=True)


async def a_letter(kafka: SecuredKafka) -> None:
    assert await first_of(DEAD_LETTERS, login(kafka, ADMINISTRATOR)) == b"no event"


def written_for(kafka: SecuredKafka, name: str, folder: Path) -> Path:
    """The configuration file of somebody with a name."""
    own = folder / name
    own.mkdir()
    return described_floor(kafka.login_address, own, secured=kafka.login_toml(name)).configuration


async def first_of(topic: str, login: dict[str, Any]) -> bytes | None:
    """The value of some record of a topic."""
    consumer = AIOKafkaConsumer(auto_offset_reset="earliest", **login)
    async with consumer:
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        async with asyncio.timeout(30):
            value: bytes | None = (await consumer.getone()).value
            return value


# ------------------------------------------------------------------------------------------------------- backup


async def open_by_queue(floor: Floor, *words: str) -> dict[str, int]:
    """What a worker makes of the topics, once it has read all of them."""
    async with WorkerProcess("--config", floor.configuration, *words) as worker:
        await worker.ready()
        return opened(await worker.snapshot())


def opened(snapshot: dict[str, Any]) -> dict[str, int]:
    return {name: queue["open"] for name, queue in snapshot["queues"].items()}


async def test_a_backup_counts_the_same_after_the_cluster_is_lost(tmp_path: Path) -> None:
    backup, check, restore = blocks("sh", "console-consumer") + blocks("sh", "cut -f2-") + blocks("sh", "console-prod")
    lost, new = ApacheKafka(tmp_path / "lost"), ApacheKafka(tmp_path / "new")
    lost.start()
    try:
        floor = await floor_on(lost.address, tmp_path)
        await send(floor, records_of(shuffled(random_log(SEED, tickets=60), seed=SEED)))
        before = await open_by_queue(floor)
        shell = Shell(tmp_path, lost.address)
        await asyncio.to_thread(shell.good, backup.replace("10000", "2000"))
    finally:
        lost.kill()
    assert sum(before.values()) > 0
    counted = json.loads(await asyncio.to_thread(shell.good, check.replace("deskpulse.toml", "floor.toml")))
    assert opened(counted) == before

    new.start()
    try:
        floor = described_floor(new.address, tmp_path)
        *commands, last = restore.replace("deskpulse.toml", "floor.toml").strip().splitlines()
        shell = Shell(tmp_path, new.address)
        await asyncio.to_thread(shell.good, "\n".join(commands))
        assert last == "deskpulse worker --config floor.toml --admit-old"
        assert await open_by_queue(floor, "--admit-old") == before
    finally:
        new.stop()


# --------------------------------------------------------------------------------------------------- Prometheus


def test_promtool_takes_the_years_configuration_and_every_query(tmp_path: Path) -> None:
    [years] = blocks("yaml", "prometheus-years.yml")
    (tmp_path / "prometheus-years.yml").write_text(years)
    promtool = required("promtool")
    subprocess.run([promtool, "check", "config", tmp_path / "prometheus-years.yml"], check=True, capture_output=True)
    [queries] = blocks("promql")
    found = re.split(r"\n(?! )", queries.strip())
    assert len(found) == 3
    rules = "".join(f"  - record: a:b:c{n}\n    expr: |-\n      {q.replace(chr(10), chr(10) + ' ' * 6)}\n" for n, q in
                    enumerate(found))  # fmt: skip
    (tmp_path / "rules.yml").write_text(f"groups:\n- name: page\n  rules:\n{rules}")
    subprocess.run([promtool, "check", "rules", tmp_path / "rules.yml"], check=True, capture_output=True)


def test_what_the_years_configuration_takes_is_what_is_recorded_of_days() -> None:
    [years] = blocks("yaml", "prometheus-years.yml")
    [pattern] = re.findall(r'__name__=~"([^"]+)"', years)
    recorded = re.findall(r"record: (\S+)", (ROOT / "prometheus" / "rules" / "history.yml").read_text())
    assert {name for name in recorded if not re.fullmatch(pattern, name)} == {
        name for name in recorded if name.endswith(":sum")
    }
    named = set(re.findall(r"(?:queue|floor):support_[a-z0-9_]+:[a-z0-9_]+", PAGE))
    assert named
    assert named <= set(recorded)


# ------------------------------------------------------------------------------------------------ everything else


def test_the_command_line_takes_every_command_of_the_page() -> None:
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    lines += re.findall(r"`(deskpulse [a-z][^`]+ --config [^`]+)`", PAGE)
    found = [line.rpartition("deskpulse ")[2].split() for line in lines if re.search(r"(^|\| )deskpulse ", line)]
    assert len(found) >= 10
    for words in found:
        parsed([*words, "--yes"] if words[:2] == ["topics", "reset"] else words)  # it would ask


def test_every_drill_is_of_a_service_that_is_there() -> None:
    found = re.findall(r"`docker compose (?:--profile demo )?(kill|stop|start) ([a-z0-9-]+)`", PAGE)
    assert {verb for verb, _ in found} == {"kill", "stop", "start"}
    assert {service for _, service in found} <= set(SERVICES)
    assert len(found) == 10


def test_the_unit_starts_a_command_that_is_there_and_waits_for_its_clean_end() -> None:
    [text] = blocks("ini")
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    program, *words = unit["Service"]["ExecStart"].split()
    assert program.endswith("/deskpulse")
    parsed(words)
    assert int(unit["Service"]["TimeoutStopSec"]) > 10  # docs/operations.md


def test_every_alert_and_file_that_the_page_names_is_there() -> None:
    alerts = set(re.findall(r"^### (\w+)$", (ROOT / "docs" / "alerts.md").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bSupport[A-Z]\w+", PAGE)) <= alerts
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)#]+[^)]*)\)", PAGE)}
    assert all((ROOT / "docs" / link).exists() for link in links)


def test_the_sizes_follow_from_the_benchmarks() -> None:
    bench = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    [each] = re.findall(r"replied and resolved tickets: memory \| (\d+) bytes each", bench)
    [rate] = re.findall(r"([\d,]+) tickets/s; goal", bench)
    rows = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| ([\d.]+) GB \| ([\d.]+) (s|min) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for a_day, kept, memory, time, unit, workers in rows:
        tickets = number(kept)
        assert tickets == 62 * number(a_day)
        assert float(memory) == pytest.approx(tickets * number(each) / 1e9 + 0.15 * number(workers), rel=0.2)
        assert float(time) * (60 if unit == "min" else 1) == pytest.approx(tickets / number(rate), rel=0.2)


def number(text: str) -> int:
    return int(text.replace(",", ""))
