"""A real worker with its board, or a board over Redis, for tests that drive a browser and so have no loop of their own.

Processes are asked and told in a thread with a loop; the browser is driven from the test's.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from stream.rim.embedded import EmbeddedProcess, free_port
from tests.boards import BoardedWorker
from tests.floors import Floor, floor_on, records_of, send
from tests.processes import Running

Found = TypeVar("Found")


class Elsewhere:
    """A loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def of(self, work: Coroutine[Any, Any, Found]) -> Found:
        """What the work comes to."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Elsewhere]:
        made = cls()
        made._thread.start()
        try:
            yield made
        finally:
            made._loop.call_soon_threadsafe(made._loop.stop)
            made._thread.join(10)
            made._loop.close()


class RealWall:
    """A floor on a broker of its own, and a worker whose board is always on the same port."""

    def __init__(self, elsewhere: Elsewhere, floor: Floor, tokens: Mapping[str, str]) -> None:
        self._elsewhere = elsewhere
        self._floor = floor
        self._own = {**tokens, "DESKPULSE_BOARD_PORT": str(free_port())}
        self.worker: BoardedWorker = self._worker()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._own['DESKPULSE_BOARD_PORT']}"

    def _worker(self) -> BoardedWorker:
        return BoardedWorker("--config", self._floor.configuration, **self._own)

    def start(self) -> None:
        """A new process, until it is ready."""
        self.worker = self._worker()
        self._elsewhere.of(self.worker.__aenter__())
        self._elsewhere.of(self.worker.ready())

    def stop(self) -> None:
        self._elsewhere.of(self.worker.__aexit__())

    def send(self, events: Iterable[Mapping[str, Any]]) -> None:
        self._elsewhere.of(send(self._floor, records_of(events)))

    def snapshot(self, **headers: str) -> dict[str, Any]:
        """As the board tells it."""
        answer = self._elsewhere.of(self.worker.of_board("/api/snapshot", **headers))
        assert answer.status == 200, answer.body
        return dict(answer.body)

    @classmethod
    @contextmanager
    def running(cls, folder: Path, toml: str, **tokens: str) -> Iterator[RealWall]:
        embedded = EmbeddedProcess()
        embedded.start()
        try:
            with Elsewhere.running() as elsewhere:
                wall = cls(elsewhere, elsewhere.of(floor_on(embedded.address, folder, toml)), tokens)
                wall.start()
                try:
                    yield wall
                finally:
                    wall.stop()
        finally:
            embedded.stop()


class MirroredWall:
    """One worker, a Redis and a board of its own process; Redis is stopped and started again."""

    def __init__(self, elsewhere: Elsewhere, floor: Floor, redis: str) -> None:
        self._elsewhere = elsewhere
        self._floor = floor
        self._program = redis
        self._port = free_port()
        self._own = {"DESKPULSE_REDIS": f"redis://127.0.0.1:{self._port}/0"}
        self._redis: subprocess.Popen[bytes] | None = None
        self.worker = BoardedWorker("--config", floor.configuration, **self._own)
        self._board = Running("board", "--config", floor.configuration, **self._own, DESKPULSE_BOARD_PORT="0")
        self.url = ""

    def start_redis(self) -> None:
        """Empty, and it keeps nothing."""
        command = [self._program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        self._redis = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop_redis(self) -> None:
        assert self._redis is not None
        self._redis.kill()
        self._redis.wait(10)

    def send(self, events: Iterable[Mapping[str, Any]]) -> None:
        self._elsewhere.of(send(self._floor, records_of(events)))

    async def _start(self) -> None:
        await self.worker.__aenter__()
        await self._board.__aenter__()
        await self.worker.ready()
        self.url = (await self._board.line(r"deskpulse board: (http://\S+?)/ "))[1]

    async def _stop(self) -> None:
        await self._board.__aexit__()
        await self.worker.__aexit__()

    @classmethod
    @contextmanager
    def running(cls, folder: Path, redis: str) -> Iterator[MirroredWall]:
        embedded = EmbeddedProcess()
        embedded.start()
        try:
            with Elsewhere.running() as elsewhere:
                wall = cls(elsewhere, elsewhere.of(floor_on(embedded.address, folder)), redis)
                wall.start_redis()
                try:
                    elsewhere.of(wall._start())
                    yield wall
                finally:
                    elsewhere.of(wall._stop())
                    wall.stop_redis()
        finally:
            embedded.stop()
