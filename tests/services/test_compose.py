"""docker-compose.yml runs: docker-compose reads it, and its services, without containers, do what they are for."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import textwrap
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from deskpulse import demo
from tests.compose_file import FILE, ROOT, SERVICES, configuration
from tests.compose_stack import ComposedKafka, Stack
from tests.monitoring import Watched
from tests.processes import environment, until
from tests.programs import required

WORKERS = ("worker-1", "worker-2")
PARTITIONS = configuration().broker.partitions


def read_by_docker_compose(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [required("docker-compose"), "--file", str(file), *words, "config"]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60, check=False)


class TestDockerCompose:
    def test_it_reads_the_file_without_a_remark_and_finds_every_service(self) -> None:
        found = read_by_docker_compose(FILE, "--profile", "demo")
        assert (found.returncode, found.stderr) == (0, "")
        assert set(yaml.safe_load(found.stdout)["services"]) == set(SERVICES)

    def test_it_takes_the_override_of_the_page(self, tmp_path: Path) -> None:
        page = (ROOT / "docs" / "compose.md").read_text(encoding="utf-8")
        [override] = [block.partition("```")[0] for block in page.split("```yaml\n")[1:]]
        file = tmp_path / "docker-compose.override.yml"
        file.write_text(textwrap.dedent(override), encoding="utf-8")
        found = read_by_docker_compose(FILE, "--file", str(file))
        assert found.returncode == 0, found.stderr
        assert [one["source"] for one in yaml.safe_load(found.stdout)["services"]["alertmanager"]["secrets"]] == [
            "PAGER_KEY"
        ]

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("    hostname: worker-1", "    hostnam: worker-1"),
            ("topics: {condition: service_completed_successfully}", "topics: {condition: service_ended}"),
            ("      generate: {condition", "      generates: {condition"),
            ("- alertmanager:/alertmanager", "- pages:/alertmanager"),
        ],
    )
    def test_it_would_say_what_is_wrong(self, right: str, wrong: str, tmp_path: Path) -> None:
        text = FILE.read_text(encoding="utf-8")
        assert right in text
        file = tmp_path / "docker-compose.yml"
        file.write_text(text.replace(right, wrong, 1), encoding="utf-8")
        shutil.copytree(ROOT / "compose", tmp_path / "compose")
        assert read_by_docker_compose(file).returncode != 0


async def asked(stack: Stack, place: str, path: str) -> Any:
    url = f"http://{stack.moved(place)}{path}"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.json()


def simulating_now(stack: Stack) -> list[str]:
    """What else the simulator is told: a time zone in which it is a working day's morning."""
    [zone] = [word for word in stack.command("simulator") if word.startswith("--time-zone=")]
    assert zone == "--time-zone=UTC"
    return [f"--time-zone={demo.in_its_zone(configuration(), time.time_ns()).floor.time_zone}"]


async def ended(stack: Stack, service: str) -> None:
    """Returns once a service that runs once has done what it is there for."""
    async with stack.ours(service) as running:
        done = await running.ended()
        assert done.code == 0, done.err


@pytest.mark.timeout(600)
async def test_every_service_does_its_part_as_the_file_says_and_ends_cleanly(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    required("prometheus")
    async with AsyncExitStack() as entered:
        healthy = ("kafka", "redis", "worker-1", "board", "prometheus", "alertmanager")
        assert not any([await stack.is_healthy(service) for service in healthy])  # nothing runs yet

        kafka = ComposedKafka(tmp_path / "kafka", stack)
        await asyncio.to_thread(kafka.start)
        entered.callback(kafka.stop)
        await stack.until_healthy("kafka")
        at = ["--port", str(stack.port("redis:6379")), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
        await entered.enter_async_context(stack.theirs("redis", "redis-server", *at))

        await ended(stack, "topics")
        await ended(stack, "generate")
        assert list(stack.folder_of("grafana-dashboards").glob("*.json"))
        assert list(stack.folder_of("grafana-provisioning").glob("datasources/*.yaml"))
        generated = stack.folder_of("prometheus-files")
        for file in generated.glob("*.yml"):
            file.write_text(stack.moved(file.read_text()))

        running = {name: await entered.enter_async_context(stack.ours(name)) for name in (*WORKERS, "board")}
        simulator = stack.ours("simulator", *simulating_now(stack))
        running["simulator"] = await entered.enter_async_context(simulator)
        for service in (*WORKERS, "board"):
            await stack.until_healthy(service)

        alertmanager = stack.moved("--web.listen-address=alertmanager:9093")
        await entered.enter_async_context(stack.theirs("alertmanager", "alertmanager", alertmanager))
        prometheus = stack.moved("--web.listen-address=prometheus:9090")
        await entered.enter_async_context(stack.theirs("prometheus", "prometheus", prometheus))

        watched = Watched(*(f"http://{stack.moved(place)}" for place in ("prometheus:9090", "alertmanager:9093")))
        await until_value(watched, 'sum(up{job=~"deskpulse.*"})', 3)
        await until_value(watched, "sum(max by (partition) (support_pipeline_partition_ready))", PARTITIONS)
        await until_value(watched, "sum(support_tickets_open) > bool 0", 1)
        snapshot = await asked(stack, "board:8080", "/api/snapshot")
        assert snapshot["partitions"] == {"ready": PARTITIONS, "catching_up": 0, "total": PARTITIONS}
        assert snapshot["all"]["open"] > 0
        assert await asked_alerts(stack) >= {"Watchdog"}

        for name in ("simulator", *WORKERS, "board"):
            done = await running[name].ended(signal.SIGTERM)
            assert done.code == 0, (name, done.err)


async def asked_alerts(stack: Stack) -> set[str]:
    """The names of the alerts that have reached Alertmanager, once there is one."""
    found: set[str] = set()

    async def is_one() -> bool:
        alerts = await asked(stack, "alertmanager:9093", "/api/v2/alerts")
        found.update(alert["labels"]["alertname"] for alert in alerts)
        return bool(found)

    await until(is_one, "an alert reaches Alertmanager")
    return found


async def until_value(watched: Watched, query: str, wanted: float) -> None:
    async def is_so() -> bool:
        return await watched.value(query) == wanted

    await until(is_so, f"{query} is {wanted}")
