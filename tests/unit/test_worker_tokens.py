"""Single tickets at a worker's own port, under the token of the board's API, and boards that have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from deskpulse.board.access import Tokens
from deskpulse.board.workers import Workers
from deskpulse.server import create_server
from mirror.store import Seen
from stream.listing import Listed, Wanted
from tests.unit.test_why import floor

TICKETS = ("/api/tickets?state=waiting", "/api/tickets/ticket-1/explain", "/api/why")
TOTALS = ("/metrics", "/snapshot", "/healthz")
TOKEN = "the API's"
WAITING = Wanted(state=Listed.WAITING)


@asynccontextmanager
async def asked(tokens: Tokens) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    server = create_server(floor({"why": {"enabled": True}}), tokens)
    async with TestClient(TestServer(server)) as client:
        yield client


@pytest.mark.parametrize("path", TICKETS)
async def test_with_a_token_for_tickets_the_worker_asks_for_it_too(path: str) -> None:
    async with asked(Tokens(wall="the wall's", api=TOKEN)) as client:
        for token in ("the wall's", "", f"{TOKEN}x"):
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="deskpulse"')
        assert (await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})).status in {200, 503}


async def test_what_prometheus_reads_of_a_worker_needs_no_token() -> None:
    async with asked(Tokens(wall="the wall's", api=TOKEN)) as client:
        assert [(await client.get(path)).status for path in TOTALS] == [200] * len(TOTALS)


async def test_where_only_totals_have_a_token_the_worker_shows_tickets_to_nobody() -> None:
    async with asked(Tokens(wall="the wall's")) as client:
        for path in TICKETS:
            for headers in ({}, {"Authorization": "Bearer the wall's"}):
                answer = await client.get(path, headers=headers)
                assert answer.status == 403
                assert "no api_token_env" in (await answer.json())["error"]
        assert [(await client.get(path)).status for path in TOTALS] == [200] * len(TOTALS)


async def test_without_any_token_the_workers_port_is_open() -> None:
    async with asked(Tokens()) as client:
        assert [(await client.get(path)).status for path in TICKETS] == [200, 503, 200]


@pytest.mark.parametrize(("token", "answered", "said"), [(TOKEN, 1, "partition 0"), (None, 0, "a token for single")])
async def test_a_board_over_several_workers_passes_the_token_on(token: str | None, answered: int, said: str) -> None:
    async with asked(Tokens(api=TOKEN)) as client:
        seen = [Seen("worker-1", str(client.make_url("")).rstrip("/"), 0.0)]
        workers = Workers(token)
        try:
            listed = await workers.listed(seen, WAITING, 10, 4)
            explained = await workers.explained(seen, "ticket-1")
        finally:
            await workers.close()
        assert (0 if listed is None else listed.partitions["catching_up"]) == answered
        assert isinstance(explained, str)
        assert said in explained
