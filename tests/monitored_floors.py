"""A floor that a real Prometheus watches as an operator's would: workers found at the board, the generated rules."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from stream.rim.embedded import EmbeddedBroker
from tests.floors import floor_on
from tests.logs import Event
from tests.mirrored_floors import BoardProcess, MirroredFloor
from tests.monitoring import prometheus
from tests.oracle.instants import SECOND
from tests.processes import run, until
from tests.redis_servers import RedisServer

Labels = frozenset[tuple[str, str]]
#: How often the tests' Prometheus scrapes and evaluates its rules.
INTERVAL_SECONDS = 1


class RefusedError(Exception):
    """Prometheus did not run a query; the message is its own."""


class Prometheus(NamedTuple):
    """One that runs."""

    url: str
    http: aiohttp.ClientSession

    async def ask(self, path: str, **parameters: object) -> Any:
        """The data of an answer of its API.

        Raises:
            RefusedError: it says why.
        """
        form = {name: str(value) for name, value in parameters.items()}
        async with self.http.post(f"{self.url}/api/v1/{path}", data=form) as answer:
            found = json.loads(await answer.text())
        if found["status"] != "success":
            raise RefusedError(found["error"])
        return found["data"]

    async def instant(self, query: str, at: float | None = None) -> dict[Labels, float]:
        """Label values -> number of an instant query, now or at seconds since the epoch; of a scalar without labels."""
        data = await self.ask("query", query=query, **({} if at is None else {"time": at}))
        if data["resultType"] == "scalar":
            return {frozenset(): float(data["result"][1])}
        return {labels_of(one["metric"]): float(one["value"][1]) for one in data["result"]}

    async def over(self, query: str, start: float, end: float, step: float) -> list[float]:
        """All numbers of a range query, of whichever series."""
        data = await self.ask("query_range", query=query, start=start, end=end, step=step)
        return [float(number) for one in data["result"] for _, number in one["values"]]

    async def values_of(self, label: str, selector: str) -> tuple[str, ...]:
        """The values that a label has, in order, in the series of a selector, or in all."""
        query = {"match[]": selector} if selector else {}
        async with self.http.get(f"{self.url}/api/v1/label/{label}/values", params=query) as answer:
            return tuple((await answer.json())["data"])

    async def up(self) -> set[str]:
        """The names of the targets that answered their last scrape: job and number within it."""
        found = await self.instant("count by (job) (up == 1)")
        return {f"{dict(labels)['job']} {count:g}" for labels, count in found.items()}


def labels_of(given: Mapping[str, str]) -> Labels:
    return frozenset(given.items())


@asynccontextmanager
async def monitored(floor: MirroredFloor, board: BoardProcess, folder: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that scrapes all workers and the board while inside, from the files that an operator generates."""
    target = (await board.url()).removeprefix("http://")
    alerts = f'[alerts]\ninterval = "{INTERVAL_SECONDS}s"\nboard_target = "{target}"\n'
    file = folder / "monitoring.toml"
    file.write_text(floor.floor.configuration.read_text(encoding="utf-8") + alerts, encoding="utf-8")
    done = run("generate", "--config", file, "--output", folder / "made", DESKPULSE_REDIS=floor.redis.url)
    assert done.code == 0, done.err
    async with prometheus(folder / "made/prometheus/prometheus.yml", folder) as url, aiohttp.ClientSession() as http:
        found = Prometheus(url, http)

        async def all_are_scraped() -> bool:
            return await found.up() >= {f"deskpulse {len(floor.workers)}", "deskpulse-board 1"}

        await until(all_are_scraped, "Prometheus scrapes the workers and the board")
        yield found


class Watched(NamedTuple):
    """Two workers with a board over Redis, what an operator generates for them, and the Prometheus that watches."""

    floor: MirroredFloor
    made: Path
    prometheus: Prometheus

    async def as_of(self, at: float) -> int:
        """As of when the board's numbers are, that Prometheus has at an instant, in nanoseconds."""
        found = await self.prometheus.instant("max(support_board_snapshot_timestamp_seconds)", at)
        return round(found[frozenset()] * SECOND)


@asynccontextmanager
async def watched_floor(folder: Path, toml: str, log: list[Event]) -> AsyncIterator[Watched]:
    """A floor of this configuration on which all of this has happened."""
    with RedisServer.running() as redis:
        async with EmbeddedBroker() as broker:
            floor = MirroredFloor(await floor_on(broker.address, folder, toml), redis, folder)
            async with floor.left:
                await floor.send(log)
                await floor.starts("one", "two")
                async with floor.board() as board, monitored(floor, board, folder) as prometheus:
                    yield Watched(floor, folder / "made", prometheus)
