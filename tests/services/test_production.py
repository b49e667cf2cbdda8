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

from stream.rim.settings import DEAD_LETTERS, EVENT_TOPICS
from tests.compose_file import ROOT, SERVICES, parsed
from tests.floors import PARTITIONS, Floor, described_floor, floor_on, records_of, send
from tests.kafka_from_jars import ApacheKafka, scripts
from tests.logs import random_log, shuffled
from tests.processes import WorkerProcess, environment, run
from tests.programs import required
from tests.secured_kafka import ADMINISTRATOR, SecuredKafka

PAGE = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMAND_SECONDS = 200
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


def on_this_machine(rules: str) -> str:
    """With the worker's or operator's machine as this one."""
    return re.sub(r"10\.0\.0\.(11|20)", "127.0.0.1", rules).replace("10.0.0.12", "127.0.0.2")


async def sends(kafka: SecuredKafka, records: list[tuple[str, bytes | None, bytes]]) -> None:
    """As the help desk, by its name."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.named_address, **login("helpdesk")) as producer:
        for topic, key, value in records:
            await producer.send_and_wait(topic, value, key=key)


def login(name: str) -> dict[str, str]:
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": name,
        "sasl_plain_password": name,
    }


async def test_with_the_rules_of_the_page_each_can_do_its_own_and_nothing_else(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    floor = described_floor(secured.address, tmp_path)
    (tmp_path / "admin.properties").write_text(secured.client_properties(ADMINISTRATOR))
    shell = Shell(tmp_path, secured.named_address)

    async def set_rules(text: str) -> None:
        await asyncio.to_thread(shell.good, on_this_machine(text))

    def asked(*words: str) -> tuple[int, str]:
        done = run(*words, "--config", floor.configuration)
        return done.code, done.err

    assert "Authorization failed" in asked("topics", "create")[1]
    await set_rules(OPERATORS)
    assert asked("topics", "create") == (0, "")
    assert asked("topics", "check") == (0, "")
    assert asked("topics", "reset", "--yes") == (0, "")
    await set_rules(OPERATORS.replace("--add", "--remove --force"))

    await set_rules(WORKERS)
    await set_rules(SENDERS)
    log = random_log(SEED, tickets=40)
    bad = (EVENT_TOPICS[0], b"x", b"no event")
    await sends(secured, [*records_of(log), bad])
    for _ in range(2):  # the second reads the changelog
        async with WorkerProcess("--config", floor.configuration) as worker:
            await worker.ready()
            assert sum(opened(await worker.snapshot()).values()) > 0
            assert (await worker.ended(signal.SIGTERM)).code == 0
    await a_letter(secured)

    assert asked("topics", "reset", "--yes")[0] == 1  # the worker's machine may not delete what it owns
    with pytest.raises(TopicAuthorizationFailedError):
        await first_of(EVENT_TOPICS[0], secured.named_address, **login("helpdesk"))
    async with AIOKafkaProducer(bootstrap_servers=secured.address) as worker_s:
        with pytest.raises(TopicAuthorizationFailedError):
            await worker_s.send_and_wait(EVENT_TOPICS[0], b"{}")


async def a_letter(kafka: SecuredKafka) -> None:
    assert await first_of(DEAD_LETTERS, kafka.named_address, **login(ADMINISTRATOR)) == b"no event"


async def first_of(topic: str, address: str, **login: str) -> bytes | None:
    """The value of some record of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest", **login)
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
