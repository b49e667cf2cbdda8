"""A floor with Redis: workers that mirror what they have, the board over all of them, and what the oracle says."""

from __future__ import annotations

import asyncio
import contextlib
import time
import tomllib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.boards import Stream
from tests.floors import PARTITIONS, RETENTION, Floor, floor_on, records_of, send
from tests.logs import CONFIGURATION_TOML, SPAN, Event, random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import slow
from tests.oracle.instants import SECOND, instant
from tests.oracle.snapshot import snapshot
from tests.processes import PATIENCE_SECONDS, Serving, WorkerProcess, until
from tests.redis_servers import RedisServer
from tests.reports import differences as differences_of_slow
from tests.reports import reports

RULES = configuration_of(tomllib.loads(CONFIGURATION_TOML) | {"retention": {"settled": RETENTION}})
#: In the file of a floor, and with the name of a worker.
SESSION = 'session_timeout = "6s"'


def recent_log(seed: int, tickets: int = 60) -> list[Event]:
    """A log that ends a moment ago, so that windows have numbers, with facts."""
    end = time.time_ns() // SECOND * SECOND
    return [*random_log(seed, tickets=tickets, start=end - SPAN), *reports(seed, end, 60, 40)]


class BoardProcess(Serving):
    """`deskpulse board`."""

    def __init__(self, *arguments: object, **own: str) -> None:
        super().__init__("board", *arguments, **own)

    async def url(self) -> str:
        if self._url is None:
            self._url = (await self.line(r"deskpulse board: (http://\S+?)/ of all workers"))[1]
        return self._url

    @asynccontextmanager
    async def events(self, path: str = "/events", **headers: str) -> AsyncIterator[Stream]:
        """Its stream while inside."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._http.get(f"{await self.url()}{path}", headers=headers, timeout=timeout) as answer:
            assert answer.status == 200, await answer.text()
            yield Stream(answer)

    async def until_answers(self, path: str, status: int, seconds: float = PATIENCE_SECONDS) -> Any:
        """What it says once it answers with this status."""
        found: list[Any] = []

        async def answers() -> bool:
            answer = await self.ask(path)
            found[:] = [answer.body]
            return answer.status == status

        await until(answers, f"{status} for {path}", seconds)
        return found[0]

    async def until_partitions(self, ready: int, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The snapshot, once it has so many partitions that are ready."""
        found: dict[str, Any] = {}

        async def is_so() -> bool:
            answer = await self.ask("/api/snapshot")
            found.update(answer.body)
            return answer.status == 200 and answer.body["partitions"]["ready"] == ready

        await until(is_so, f"{ready} partitions ready: {found.get('partitions')}", seconds)
        return found


class MirroredFloor:
    """Workers with names, one board, one Redis; ``sent`` is all that was sent."""

    def __init__(self, floor: Floor, redis: RedisServer, folder: Path) -> None:
        self.floor = floor
        self.redis = redis
        self.sent: list[Event] = []
        self.workers: dict[str, WorkerProcess] = {}
        self.left = contextlib.AsyncExitStack()
        self._folder = folder
        self._own = {"DESKPULSE_REDIS": redis.url}

    async def send(self, events: Iterable[Event], seed: int = 1) -> None:
        """Shuffled, some of them twice."""
        log = list(events)
        self.sent += log
        await send(self.floor, records_of(shuffled(log, seed=seed)))

    async def starts(self, *names: str) -> None:
        """Workers of these names; returns once all share the partitions and are ready."""
        for name in names:
            self.workers[name] = await self.left.enter_async_context(self._worker(name))
        await until(self._is_shared, "the workers share the partitions")

    def _worker(self, name: str) -> WorkerProcess:
        file = self._folder / f"{name}.toml"
        text = self.floor.configuration.read_text(encoding="utf-8")
        file.write_text(text.replace(SESSION, f'{SESSION}\ninstance_id = "{name}"'), encoding="utf-8")
        return WorkerProcess("--config", file, **self._own)

    async def _is_shared(self) -> bool:
        answers = await asyncio.gather(*(worker.ask("/readyz") for worker in self.workers.values()))
        ready = [answer.body["partitions"]["ready"] for answer in answers if answer.status == 200]
        return len(ready) == len(self.workers) and all(ready) and sum(ready) == PARTITIONS

    def board(self, port: str = "0") -> BoardProcess:
        """A board of all of them."""
        return BoardProcess("--config", self.floor.configuration, **self._own, DESKPULSE_BOARD_PORT=port)

    async def is_right(self, board: BoardProcess, seconds: float = PATIENCE_SECONDS, after: int = 0) -> dict[str, Any]:
        """The board's snapshot, once it is the oracle's as of its own instant, which is later than ``after``."""
        wrong: list[str] = ["nothing was asked"]
        found: dict[str, Any] = {}
        as_of = ""

        async def agrees() -> bool:
            nonlocal as_of
            found.update(await board.until_partitions(PARTITIONS))
            if found["as_of"] != as_of:
                as_of = found["as_of"]
                wrong[:] = await asyncio.to_thread(self.differences, found)
            return not wrong and instant(as_of) > after

        try:
            await until(agrees, "the board says what the oracle says", seconds)
        except AssertionError:
            raise AssertionError("\n".join([as_of, *wrong[:20]])) from None
        return found

    def differences(self, found: dict[str, Any]) -> list[str]:
        """What is not the oracle's as of the same instant."""
        at = instant(found["as_of"])
        wrong = differences(found, snapshot(self.sent, at, RULES))
        return wrong or differences_of_slow(found["slow"], slow(self.sent, at, RULES))


@asynccontextmanager
async def mirrored_floor(address: str, folder: Path, *names: str) -> AsyncIterator[MirroredFloor]:
    """A floor with a log and these workers while inside."""
    floor = await floor_on(address, folder, CONFIGURATION_TOML)
    with RedisServer.running() as redis:
        made = MirroredFloor(floor, redis, folder)
        async with made.left:
            await made.send(recent_log(808))
            await made.starts(*names)
            yield made
