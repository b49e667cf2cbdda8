"""A floor whose worker is watched by a real Prometheus and Alertmanager, from the files that an operator generates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from stream.rim.embedded import free_port
from tests.floors import Floor, floor_on
from tests.monitoring import Pager, Watched, pager, watching
from tests.processes import WorkerProcess, run, until


class Desk(NamedTuple):
    """A floor whose worker is watched; `port` and `board_port` are where Prometheus expects it and its board."""

    floor: Floor
    pager: Pager
    watched: Watched
    port: int
    board_port: int

    def worker(self) -> WorkerProcess:
        ports = {"DESKPULSE_WORKER_PORT": str(self.port), "DESKPULSE_BOARD_PORT": str(self.board_port)}
        return WorkerProcess("--config", self.floor.configuration, **ports)

    async def until_value(self, query: str, wanted: float | None, what: str) -> None:
        async def is_so() -> bool:
            return await self.watched.value(query) == wanted

        await until(is_so, what)


@asynccontextmanager
async def desk(address: str, folder: Path, toml: str, interval: str = "5s") -> AsyncIterator[Desk]:
    """Everything but the worker, from the files that an operator would generate; ``interval`` of scrapes and rules."""
    port, board_port, alertmanager_port = free_port(), free_port(), free_port()
    async with pager() as called:
        alerts = f'scrape_targets = ["127.0.0.1:{port}"]\nalertmanager_url = "http://127.0.0.1:{alertmanager_port}"\n'
        alerts += f'board_target = "127.0.0.1:{board_port}"\n'
        alerts += f'base_url = "http://127.0.0.1:{port}"\ninterval = "{interval}"\n'
        receiver = f'[[receivers]]\nname = "pager"\nkind = "webhook"\nurl = "{called.url}/pager"\n'
        floor = await floor_on(address, folder, f"[alerts]\n{alerts}{receiver}{toml}")
        done = run("generate", "--config", floor.configuration, "--output", folder / "made")
        assert done.code == 0, done.err
        async with watching(folder / "made/prometheus", folder, alertmanager_port) as watched:
            yield Desk(floor, called, watched, port, board_port)
