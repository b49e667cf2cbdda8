"""`deskpulse doctor` on real brokers, Redis, Prometheus and Alertmanager: all well, then each fault by itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from stream.rim.embedded import free_port
from tests.desks import Desk, desk
from tests.floors import described_floor, floor_on, records_of, send
from tests.happenings import created
from tests.logs import CONFIGURATION_TOML
from tests.mirrored_floors import BoardProcess, MirroredFloor, mirrored_floor, recent_log
from tests.processes import WorkerProcess, run, until

WITHOUT_WATCHING = ("--without", "prometheus", "--without", "alertmanager")
Findings = list[dict[str, Any]]


async def examined(*words: object, redis: str = "") -> tuple[int, Findings]:
    """The exit code and the findings."""
    done = await asyncio.to_thread(lambda: run("doctor", "--format", "json", *words, DESKPULSE_REDIS=redis))
    assert done.out, done.err
    return done.code, json.loads(done.out)


def bad(found: Findings) -> dict[str, list[str]]:
    """What was seen that is wrong, by check; each has a next step."""
    wrong: dict[str, list[str]] = {}
    for one in found:
        assert (one["next_step"] is None) == (one["verdict"] in {"ok", "not checked"}), one
        if one["verdict"] == "wrong":
            wrong.setdefault(one["check"], []).append(one["seen"])
    return wrong


def of(found: Findings, check: str) -> list[str]:
    return [f"{one['verdict']}: {one['seen']}" for one in found if one["check"] == check]


class TestOfALoneWorker:
    """One floor, watched by Prometheus and Alertmanager; its board is inside the worker."""

    @pytest.fixture
    async def watched(self, own_broker: str, tmp_path: Path) -> AsyncIterator[tuple[Desk, WorkerProcess]]:
        async with desk(own_broker, tmp_path, CONFIGURATION_TOML, interval="1s") as made:
            await send(made.floor, records_of(recent_log(5)))
            async with made.worker() as worker:
                await worker.ready()
                await made.until_value("count(support_tickets_open) > bool 0", 1, "Prometheus has numbers")
                yield made, worker

    async def asked(self, made: Desk) -> tuple[int, Findings]:
        return await examined("--config", made.floor.configuration, "--prometheus", made.watched.prometheus)

    async def test_all_is_well_and_then_each_fault_has_its_line(
        self, watched: tuple[Desk, WorkerProcess], tmp_path: Path
    ) -> None:
        made, worker = watched
        code, found = await self.asked(made)
        assert (code, bad(found)) == (0, {}), found
        assert [line.partition(":")[0] for line in of(found, "numbers")] == ["ok", "ok"]
        assert {one["check"] for one in found if one["verdict"] == "not checked"} <= {"redis", "mirror", "group"}

        await self.rules_are_out_of_date(made, tmp_path / "made/prometheus/rules/pipeline.yml")
        await self.alertmanager_is_another(made)
        await self.a_worker_stands_still(made, worker)

    async def rules_are_out_of_date(self, made: Desk, file: Path) -> None:
        replace(file, "for: 2m", "for: 3m")
        await reloaded(made)
        code, found = await self.asked(made)
        assert (code, bad(found)) == (1, {"rules": ["1 rule differs: SupportWorkerDown"]})
        replace(file, "for: 3m", "for: 2m")
        await reloaded(made)

    async def alertmanager_is_another(self, made: Desk) -> None:
        absent = f"http://127.0.0.1:{free_port()}"
        where = ("--config", made.floor.configuration, "--prometheus", made.watched.prometheus)
        code, found = await examined(*where, "--alertmanager", absent)
        assert (code, bad(found)) == (
            1,
            {"alertmanager": [f"not reachable: {absent}/api/v2/status: Connection refused"]},
        )
        _, found = await examined(*where, "--alertmanager", made.watched.prometheus)
        assert bad(found)["alertmanager"][0].endswith("does not answer as Alertmanager's API v2 does: HTTP 404")

    async def a_worker_stands_still(self, made: Desk, worker: WorkerProcess) -> None:
        os.kill(worker.pid, signal.SIGSTOP)
        await send(made.floor, records_of([created(time.time_ns(), "late")]))
        code, found = await self.asked(made)
        wrong = bad(found)
        assert code == 1
        assert wrong["lag"][0].endswith(": 1 record to read, and none was in 3 s")
        assert f"127.0.0.1:{made.port}/readyz: no answer within 5 s" in wrong["workers"][0]
        assert of(found, "numbers") == ["not checked: not all workers answer"]
        os.kill(worker.pid, signal.SIGKILL)
        await made.until_value(f'up{{job="deskpulse",instance="127.0.0.1:{made.port}"}}', 0, "Prometheus has noticed")
        code, found = await self.asked(made)
        wrong = bad(found)
        assert "Connection refused" in wrong["workers"][0]
        assert len(wrong["targets"]) == 2, "the worker, and the board inside it"
        assert "board" in wrong


def replace(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


async def reloaded(made: Desk) -> None:
    """Returns once Prometheus has evaluated the files as they are now."""
    url = f"{made.watched.prometheus}/-/reload"
    async with aiohttp.ClientSession() as http, http.post(url) as answer:
        assert answer.status == 200, await answer.text()


class TestOverRedis:
    """Two workers and a board."""

    @pytest.fixture
    async def floor(self, own_embedded: str, tmp_path: Path) -> AsyncIterator[tuple[MirroredFloor, BoardProcess]]:
        async with mirrored_floor(own_embedded, tmp_path, "one", "two") as made, made.board() as board:
            await board.until_partitions(4)
            yield made, board

    async def asked(self, made: MirroredFloor, board: BoardProcess) -> tuple[int, Findings]:
        where = ("--config", made.floor.configuration, "--board", await board.url())
        return await examined(*where, *WITHOUT_WATCHING, redis=made.redis.url)

    async def test_all_is_well_and_then_each_fault_has_its_line(
        self, floor: tuple[MirroredFloor, BoardProcess]
    ) -> None:
        made, board = floor
        code, found = await self.asked(made, board)
        assert (code, bad(found)) == (0, {}), found
        assert of(found, "numbers")[0].startswith("ok: wall and workers agree on open, ")
        assert of(found, "workers")[0].startswith("ok: ready: one at http://127.0.0.1:")
        assert of(found, "clocks")[0] == (
            "ok: within 1 s of this host: Redis, worker one, worker two, the board. Kafka does not tell its own"
        )

        await self.a_board_says_another_number(made, board)
        made.redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        code, found = await self.asked(made, board)
        assert code == 0, "a warning is nothing wrong"
        assert of(found, "redis")[0].startswith("warning: ")

        made.redis.stop()
        code, found = await self.asked(made, board)
        assert code == 1
        assert bad(found).keys() == {"redis", "board"}, found
        assert of(found, "mirror") == ["not checked: Redis does not answer"]
        assert of(found, "workers") == [
            "not checked: Redis does not answer, which knows the workers; --worker URL names one"
        ]
        made.redis.start()
        await board.until_partitions(4)

        os.kill(made.workers["two"].pid, signal.SIGKILL)
        await until(board_is_partial(board), "the board has noticed")
        code, found = await self.asked(made, board)
        assert code == 1
        assert any(told.startswith("two at http://127.0.0.1:") for told in bad(found)["workers"]), found
        assert of(found, "numbers")[0].startswith("not checked: ")

    async def a_board_says_another_number(self, made: MirroredFloor, board: BoardProcess) -> None:
        snapshot = (await board.ask("/api/snapshot")).body
        snapshot["all"]["open"] += 1
        async with TestServer(answering({"/readyz": {}, "/healthz": {}, "/api/snapshot": snapshot})) as server:
            words = ("--config", made.floor.configuration, "--board", str(server.make_url("")))
            code, found = await examined(*words, *WITHOUT_WATCHING, redis=made.redis.url)
        total = snapshot["all"]["open"]
        assert code == 1
        (told,) = bad(found)["numbers"]
        assert told.startswith(f"open: {total - 1} on the workers, {total} in wall, ")


def answering(answers: dict[str, Any]) -> web.Application:
    """What says this, whoever asks."""
    app = web.Application()
    for path, answer in answers.items():

        async def said(_: web.Request, answer: Any = answer) -> web.Response:
            return web.json_response(answer)

        app.router.add_get(path, said)
    return app


def board_is_partial(board: BoardProcess) -> Any:
    async def is_so() -> bool:
        return (await board.ask("/readyz")).status == 503

    return is_so


async def test_topics_that_no_worker_takes_are_named(own_broker: str, tmp_path: Path) -> None:
    floor = described_floor(own_broker, tmp_path)
    words = ("--config", floor.configuration, *WITHOUT_WATCHING, "--without", "board")
    _, found = await examined(*words)
    assert bad(found)["topics"] == [
        "each of ticket-created, ticket-first-reply, ticket-resolved, ticket-changed and 4 more does not exist"
    ]
    assert of(found, "lag") == ["not checked: there are no event topics"]
    await floor_on(own_broker, tmp_path)
    _, found = await examined(*words)
    assert "topics" not in bad(found)
    assert bad(found)["workers"]


async def test_a_topic_with_another_count_of_partitions_is_named(own_apache: str, tmp_path: Path) -> None:
    floor = await floor_on(own_apache, tmp_path)
    client = AIOKafkaAdminClient(bootstrap_servers=own_apache)
    await client.start()
    try:
        await client.create_partitions({"ticket-resolved": NewPartitions(6)})
        words = ("--config", floor.configuration, *WITHOUT_WATCHING, "--without", "board")
        seen: Findings = []

        async def is_named() -> bool:
            seen[:] = (await examined(*words))[1]
            return "topics" in bad(seen)

        await until(is_named, "the broker tells its new partitions")
        assert bad(seen)["topics"] == ["ticket-resolved has 6 partitions, the first event topic has 4"]
    finally:
        await client.close()


async def test_a_broker_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    absent = f"127.0.0.1:{free_port()}"
    floor = described_floor(absent, tmp_path)
    code, found = await examined("--config", floor.configuration, *WITHOUT_WATCHING, "--without", "board")
    assert code == 1
    assert bad(found)["broker"] == [f"broker not reachable: {absent}"]
    assert of(found, "topics") == of(found, "lag") == of(found, "group") == ["not checked: no broker answers"]


async def test_whoever_takes_connections_and_says_nothing_is_told_in_time(tmp_path: Path) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        urls = [(f"--{part}", f"http://{address}") for part in ("worker", "board", "prometheus", "alertmanager")]
        floor = described_floor(address, tmp_path)
        words = ("--config", floor.configuration, *(word for pair in urls for word in pair))
        code, found = await examined(*words, redis=f"redis://{address}")
    assert code == 1
    assert bad(found).keys() == {"broker", "workers", "redis", "board", "prometheus", "alertmanager"}
    assert all("no answer within" in seen for told in bad(found).values() for seen in told), bad(found)


class TestUsage:
    def test_a_wrong_configuration_is_2_and_all_its_problems_are_findings(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.toml"
        file.write_text("[broker]\npartitions = 0\nname = 1\n")
        done = run("doctor", "--config", file, "--format", "json")
        assert done.code == 2
        assert [one["check"] for one in json.loads(done.out)] == ["configuration"] * 2
        assert b"\xe2\x86\x92 deskpulse check-config FILE" in run("doctor", "--config", file).out

    @pytest.mark.parametrize("words", [["--prometheus", "localhost:9090"], ["--without", "kafka"], ["--worker", "one"]])
    def test_wrong_usage_is_2_with_a_reason(self, words: list[str]) -> None:
        done = run("doctor", *words)
        assert (done.code, done.out) == (2, b"")
        assert "Error: " in done.err
