"""Boards for tests: a stream of events as a browser reads it, and a board over a source that stands still."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from deskpulse.board.access import Tokens
from deskpulse.board.server import create_board
from deskpulse.board.source import NoSnapshotError
from deskpulse.configuration.loading import Configuration
from deskpulse.ticket_lists import TicketList
from metrics.board_series import queue_families
from metrics.series import Family, Histogram
from stream.explain import Explanation
from stream.listing import Listed, Wanted
from tests.processes import PATIENCE_SECONDS, Answer, Serving, WorkerProcess, until
from tests.small_floor import NOW, SmallFloor, small_floor


class Message(NamedTuple):
    """One event of a stream; `data` is what its JSON says."""

    event: str
    id: str | None
    data: dict[str, Any]


class Stream:
    """The events of one answer, in order; they may be yet to come."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.headers = answer.headers
        self.retries: list[str] = []
        self._lines = answer.content

    async def next(self, event: str) -> Message:
        """The next one of this name."""
        while True:
            message = await self._message()
            assert message is not None, "the stream ended"
            if message.event == event:
                return message

    async def first(self, event: str, wanted: Callable[[Message], bool]) -> Message:
        """The next one of this name that is wanted; those before it are passed over."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self.next(event)
            while not wanted(message):
                message = await self.next(event)
            return message

    async def end(self) -> None:
        """Returns once the stream has ended."""
        message = await self._message()
        while message is not None:
            message = await self._message()

    async def _message(self) -> Message | None:
        fields: dict[str, str] = {}
        while True:
            async with asyncio.timeout(PATIENCE_SECONDS):
                line = (await self._lines.readline()).decode()
            if not line:
                return None
            if line == "\n" and "event" in fields:
                return Message(fields["event"], fields.get("id"), json.loads(fields["data"]))
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
            if name == "retry":
                self.retries.append(value)


class BoardedWorker(WorkerProcess):
    """`deskpulse worker` and its board, which is asked with `of_board` and `events`."""

    async def board(self) -> str:
        """Where the board serves."""
        return (await self.line(r"the wall of its partitions: (http://\S+?)/"))[1]

    async def of_board(self, path: str, **headers: str) -> Answer:
        """One request; redirects are not followed."""
        async with self._http.get(f"{await self.board()}{path}", headers=headers, allow_redirects=False) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else await response.text()
            return Answer(response.status, body, dict(response.headers))

    async def until_total_of_board(self, series: str, number: float) -> None:
        """Returns once the board exports this number."""

        async def reached() -> bool:
            return f"{series} {number:.1f}" in (await self.of_board("/metrics")).body.splitlines()

        await until(reached, f"{series} at {number}")

    @asynccontextmanager
    async def events(self, path: str = "/events", **headers: str) -> AsyncIterator[Stream]:
        """The board's stream while inside."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._http.get(f"{await self.board()}{path}", headers=headers, timeout=timeout) as answer:
            assert answer.status == 200, await answer.text()
            yield Stream(answer)


class BoardProcess(Serving):
    """`deskpulse board`, over Redis."""

    def __init__(self, *arguments: object, **own: str) -> None:
        super().__init__("board", *arguments, **own)

    async def url(self) -> str:
        """Where it serves."""
        if self._url is None:
            self._url = (await self.line(r"deskpulse board: (http://\S+?)/ of"))[1]
        return self._url

    async def until_total_is(self, series: str, number: float) -> None:
        """Returns once it exports this number."""

        async def reached() -> bool:
            return await self.sample(series) == number

        await until(reached, f"{series} at {number}")


class StandingSource:
    """A source of a small floor, of which a test says when it changes; as of noon."""

    shows = "worker-1"
    worker: str | None = "worker-1"
    fault: str | None = None

    def __init__(self, floor: SmallFloor | None = None) -> None:
        self.floor = floor or small_floor()
        self.taken = 0
        self.changes = 0
        self.told_ahead = 0
        self.trouble: str | None = None

    async def readiness(self) -> dict[str, Any]:
        return {"ready": True, "reason": None}

    async def changed(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def revision(self) -> object:
        return self.changes

    async def ahead(self) -> None:
        self.told_ahead += 1

    async def snapshot(self) -> dict[str, Any]:
        if self.trouble is not None:
            raise NoSnapshotError(self.trouble)
        self.taken += 1
        return self.floor.tickets.snapshot(NOW + self.taken, (0, 1), 2)

    def families(self, snapshot: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Family | Histogram]:
        return iter(queue_families(snapshot, labels))

    async def listed(self, wanted: Wanted, limit: int) -> TicketList:
        return TicketList("2026-10-07T12:00:00Z", Listed.WAITING, {"ready": 2, "catching_up": 0, "total": 2}, 0, ())

    async def explained(self, ticket: str) -> Explanation | str | None:
        return "partition 1 is not ready" if ticket == "unread" else None

    async def targets(self, reached_as: str) -> list[dict[str, Any]]:
        return [{"targets": [f"{reached_as}:6066"], "labels": {}}]

    def change(self, ticket: str) -> None:
        """One more ticket that waits."""
        self.floor.create(ticket, "11:59", "sales", "high")
        self.changes += 1


class Asked:
    """A board in this process, asked over a real socket."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self._client = client

    @property
    def address(self) -> tuple[str, int]:
        return self._client.host, self._client.port or 0

    @property
    def paths(self) -> set[str]:
        """Every path that there is."""
        return {resource.canonical for resource in self._client.app.router.resources()}

    async def get(self, path: str, **headers: str) -> Answer:
        """One request, without the cookies of earlier ones; redirects are not followed."""
        async with self._client.get(path, headers=headers, allow_redirects=False) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else await response.text()
            return Answer(response.status, body, dict(response.headers))

    @asynccontextmanager
    async def events(self, path: str = "/events", **headers: str) -> AsyncIterator[Stream]:
        """The stream while inside."""
        async with self._client.get(path, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            yield Stream(answer)

    async def sample(self, series: str) -> float | None:
        """The value of one series; None where it is absent."""
        lines = (await self.get("/metrics")).body.splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == series), None)

    async def until_sample(self, series: str, wanted: float) -> None:
        """Returns once the series has this value."""

        async def has_it() -> bool:
            return await self.sample(series) == wanted

        await until(has_it, f"{series} is {wanted:g}")

    @classmethod
    @asynccontextmanager
    async def serving(
        cls, source: StandingSource, configuration: Configuration | None = None, **tokens: str
    ) -> AsyncIterator[Self]:
        """A board over ``source`` while inside."""
        app = create_board(source, configuration or Configuration(), msgspec.convert(tokens, Tokens))
        jar, connector = aiohttp.DummyCookieJar(), aiohttp.TCPConnector(limit=0)
        async with TestClient(TestServer(app), cookie_jar=jar, connector=connector) as client:
            yield cls(client)
