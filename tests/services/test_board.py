"""The board of a lone worker: the worker's own numbers, who may see which, streams that end with it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deskpulse.board.asked import facts_of, walls_of
from deskpulse.configuration.loading import load_configuration
from stream.rim.embedded import EmbeddedBroker
from tests.boards import BoardedWorker
from tests.floors import LONG_AGO, RETENTION, Floor, floor_on, records_of, send
from tests.happenings import created, happening
from tests.logs import random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import MINUTE, instant
from tests.oracle.snapshot import snapshot
from tests.processes import run
from tests.programs import required
from tests.services.test_worker_http import checked
from wall.document import document

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOML = """
[board]
wall_token_env = "WALL_TOKEN"
api_token_env = "API_TOKEN"
[labels]
queues = ["billing", "returns", "vip"]
[helpdesk]
ticket_url = "https://desk.example/tickets/{id}"
[walls.money]
queues = ["billing", "vip"]
"""
WALL, API = {"Authorization": "Bearer for-walls"}, {"Authorization": "Bearer for-tickets"}
TOKENS = {"WALL_TOKEN": "for-walls", "API_TOKEN": "for-tickets"}
AGENT, COMMENT = "agent-of-a-name", "what nobody else may read"
EVENTS = [
    *random_log(707, tickets=80, start=LONG_AGO),
    created(LONG_AGO, "private-ticket", customer="customer-of-a-name"),
    happening("ticket.replied", LONG_AGO + MINUTE, "private-ticket", agent=AGENT),
    happening("survey.answered", LONG_AGO + 2 * MINUTE, "private-ticket", survey="csat", score=1, comment=COMMENT),
]
TOTALS = ("/", "/metrics", "/api/snapshot", "/sd/prometheus", "/readyz", "/healthz")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    """Events, and a configuration with tokens."""
    async with EmbeddedBroker() as broker:
        made = await floor_on(broker.address, tmp_path_factory.mktemp("floor"), TOML)
        await send(made, records_of(shuffled(EVENTS, seed=1)))
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(floor: Floor) -> AsyncIterator[BoardedWorker]:
    """A worker that is ready, with its board."""
    async with BoardedWorker("--config", floor.configuration, **TOKENS) as running:
        await running.ready()
        yield running


async def test_the_boards_snapshot_is_the_workers_and_the_oracles(worker: BoardedWorker) -> None:
    found = (await worker.of_board("/api/snapshot", **WALL)).body
    same = await worker.snapshot(found["as_of"])
    assert found == same
    rules = configuration_of({"retention": {"settled": RETENTION}, "labels": {"queues": ["billing", "returns", "vip"]}})
    assert differences(found, snapshot(EVENTS, instant(found["as_of"]), rules)) == []


@pytest.mark.parametrize("name", ["default", "money"])
async def test_a_display_is_sent_the_document_of_the_workers_snapshot(
    worker: BoardedWorker, floor: Floor, name: str
) -> None:
    async with worker.events(f"/events?wall={name}", **WALL) as stream:
        message = await stream.next("wall")
    configuration = load_configuration(floor.configuration, {})
    shown, of = message.data, await worker.snapshot(message.id)
    expected = document(of, walls_of(configuration)[name], instant(shown["now"]), facts_of(configuration))
    own = {"history": shown["history"], "state": expected["state"] | {"shows": shown["state"]["shows"]}}
    assert shown == json.loads(json.dumps(expected | own))
    assert message.id == shown["as_of"]
    assert shown["history"]["open"][-1][1] == shown["open"]["n"]


async def test_a_ticket_that_comes_is_shown_and_is_listed_and_explained(worker: BoardedWorker, floor: Floor) -> None:
    async with worker.events("/events?queue=returns", **WALL) as stream:
        before = (await stream.next("wall")).data["awaiting"]["n"]
        await send(floor, records_of([created(LONG_AGO, "newcomer", queue="returns")]))
        await stream.first("wall", lambda shown: bool(shown.data["awaiting"]["n"] == before + 1))
    listed = (await worker.of_board("/api/tickets?state=waiting&queue=returns&limit=10000", **API)).body
    assert len(listed["tickets"]) == before + 1
    [link] = [ticket["link"] for ticket in listed["tickets"] if ticket["id"] == "newcomer"]
    assert link == "https://desk.example/tickets/newcomer"
    explained = (await worker.of_board("/api/tickets/newcomer/explain", **API)).body
    assert (explained["ticket"], explained["attributes"]["queue"]) == ("newcomer", "returns")


async def test_nothing_that_a_wall_token_opens_names_a_ticket_a_person_or_a_comment(worker: BoardedWorker) -> None:
    answers = [json.dumps((await worker.of_board(path, **WALL)).body) for path in TOTALS]
    async with worker.events(**WALL) as stream:
        answers.append(json.dumps((await stream.next("wall")).data))
    private = {f'"{event["subject"]}"' for event in EVENTS} | {AGENT, COMMENT, "private-ticket", "customer-of-a-name"}
    assert [word for word in private for text in answers if word in text.replace('\\"', '"')] == []
    opened = json.dumps((await worker.of_board("/api/tickets/private-ticket/explain", **API)).body)
    assert "private-ticket" in opened, "the test would not see it"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer for-wall"}])
async def test_without_the_right_token_nothing_but_health_is_told(
    worker: BoardedWorker, headers: dict[str, str]
) -> None:
    for path in (*TOTALS[:4], "/events", "/api/tickets?state=waiting", "/api/tickets/private-ticket/explain"):
        answer = await worker.of_board(path, **headers)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="deskpulse"'), path
    for path in ("/healthz", "/readyz"):
        assert (await worker.of_board(path, **headers)).status == 200
    assert (await worker.of_board("/api/tickets?state=waiting", **WALL)).status == 401


async def test_a_token_in_the_address_becomes_a_cookie_that_opens_the_stream(worker: BoardedWorker) -> None:
    answer = await worker.of_board("/?wall=money&token=for-walls")
    assert (answer.status, answer.headers["Location"]) == (303, "/?wall=money")
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    async with worker.events("/events?wall=money", Cookie=cookie) as stream:
        assert (await stream.next("wall")).data["wall"]["name"] == "money"
        assert (await stream.next("heartbeat")).data["now"]


async def test_no_series_has_two_exporters(worker: BoardedWorker) -> None:
    def names(body: str) -> set[str]:
        return {line.split("{")[0].split(" ")[0] for line in body.splitlines() if not line.startswith("#")}

    own = names((await worker.of_board("/metrics", **WALL)).body)
    assert own
    assert all(name.startswith("support_board_") for name in own)
    assert own.isdisjoint(names((await worker.ask("/metrics")).body))


async def test_promtool_has_nothing_to_say_about_the_boards_metrics(worker: BoardedWorker) -> None:
    done = checked(required("promtool"), (await worker.of_board("/metrics", **WALL)).body.encode())
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


async def test_prometheus_finds_the_worker_at_the_address_it_is_told(worker: BoardedWorker) -> None:
    [group] = (await worker.of_board("/sd/prometheus", **WALL)).body
    assert [f"http://{target}" for target in group["targets"]] == [await worker.url()]


async def test_it_says_whose_partitions_it_shows(worker: BoardedWorker) -> None:
    found = (await worker.of_board("/readyz")).body
    assert found["shows"].endswith("-0")
    assert found["partitions"]["ready"] == 4
    assert await worker.line(r"the wall of its partitions: http://127\.0\.0\.1:\d+/")


def boards(tmp_path: Path, toml: str) -> Path:
    file = tmp_path / "floor.toml"
    file.write_text(toml, encoding="utf-8")
    return file


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_that_is_told_to_stop_ends_every_stream_and_leaves_nothing_behind(
    own_embedded: str, tmp_path: Path, number: signal.Signals
) -> None:
    floor = await floor_on(own_embedded, tmp_path)
    async with BoardedWorker("--config", floor.configuration) as worker:
        await worker.ready()
        async with worker.events() as one, worker.events("/events?queue=a") as other:
            await one.next("wall")
            await other.next("wall")
            os.killpg(worker.pid, number)
            await one.end()
            await other.end()
        done = await worker.ended()
        assert (done.code, done.last_line) == (0, "deskpulse worker: stopped cleanly")


async def test_before_there_is_a_broker_the_wall_says_that_nothing_is_known(tmp_path: Path) -> None:
    file = boards(tmp_path, '[broker]\nurl = "kafka://127.0.0.1:1"\n')
    async with BoardedWorker("--config", file) as worker, worker.events() as stream:
        shown: dict[str, Any] = (await stream.next("wall")).data
        assert shown["state"]["no_data"]
        assert shown["state"]["partitions"]["ready"] == 0
        assert (await worker.of_board("/readyz")).status == 503


async def test_a_taken_port_costs_the_wall_and_not_the_worker(tmp_path: Path) -> None:
    file = boards(tmp_path, '[broker]\nurl = "kafka://127.0.0.1:1"\n')
    async with BoardedWorker("--config", file) as first:
        port = (await first.board()).rpartition(":")[2]
        async with BoardedWorker("--config", file, DESKPULSE_BOARD_PORT=port) as second:
            assert await second.line(rf"; no wall: cannot listen on 127\.0\.0\.1:{port} .*DESKPULSE_BOARD_PORT")
            assert (await second.ask("/healthz")).status == 200


async def test_with_redis_a_worker_serves_no_board(tmp_path: Path) -> None:
    file = boards(tmp_path, '[broker]\nurl = "kafka://127.0.0.1:1"\n[redis]\nurl = "redis://127.0.0.1:1/0"\n')
    async with BoardedWorker("--config", file) as worker:
        assert await worker.line(r"/metrics /readyz /snapshot$")


@pytest.mark.parametrize("command", ["worker", "board", "demo"])
async def test_a_token_that_is_not_set_is_wrong_usage_and_opens_nothing(tmp_path: Path, command: str) -> None:
    file = boards(tmp_path, '[board]\nwall_token_env = "WALL_TOKEN"\n')
    done = run(command, "--config", file, WALL_TOKEN=" ")
    assert done.code == 2
    assert "[board] wall_token_env names WALL_TOKEN, and that variable is not set" in done.err


async def test_the_board_alone_needs_redis_and_says_what_there_is_without(tmp_path: Path) -> None:
    done = run("board")
    assert (done.code, done.out) == (2, b"")
    assert "no [redis] url" in done.err
    assert "deskpulse worker" in done.err
