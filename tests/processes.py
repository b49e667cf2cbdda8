"""The console script as its users run it: a process with a clean environment, ended by its own id.

`run` is for commands that end by themselves, `Running` for those that are told to, `Serving` for those that are asked
over HTTP. Whoever waits here waits for a line on stderr, an HTTP answer or an end, each with a bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp

COMMAND = Path(sys.executable).with_name("deskpulse")
PATIENCE_SECONDS = 60
POLL_SECONDS = 0.02
KEPT = ("PATH", "HOME", "TMPDIR", "LANG")


class Done(NamedTuple):
    """How a process ended, and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def last_line(self) -> str:
        return (self.err.strip().splitlines() or [""])[-1]


def environment(**own: str) -> dict[str, str]:
    """What a process sees: nothing of the developer's shell but where programs and temporary files are."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | own


def run(*arguments: object, stdin: bytes = b"", **own: str) -> Done:
    """A command that ends by itself."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=environment(**own),
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Returns once the condition holds; it is looked at again and again."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 - another process sets no asyncio.Event
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what}") from None


class Running:
    """A command that runs until it is told to end; killed at the latest when the block is left."""

    def __init__(self, *arguments: object, **own: str) -> None:
        self._arguments = [str(COMMAND), *map(str, arguments)]
        self._environment = environment(**own)
        self._news = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []
        self.out: list[str] = []
        self.err: list[str] = []

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # a process group of its own, as a shell gives it: Ctrl-C reaches all of it
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        pairs = ((self.process.stdout, self.out), (self.process.stderr, self.err))
        self._readers = [asyncio.create_task(self._read(source, lines)) for source, lines in pairs]
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.ended()

    async def _read(self, source: asyncio.StreamReader, lines: list[str]) -> None:
        async for line in source:
            lines.append(line.decode().rstrip("\n"))
            self._news.set()

    @property
    def pid(self) -> int:
        return self.process.pid

    async def line(self, pattern: str, seconds: float = PATIENCE_SECONDS) -> re.Match[str]:
        """The first line, of stderr or stdout, in which the pattern is found; it may be yet to come."""
        async with asyncio.timeout(seconds):
            while (found := self._found(pattern)) is None:
                assert not all(reader.done() for reader in self._readers), f"it ended without {pattern!r}: {self.err}"
                self._news.clear()
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait((news, *self._readers), return_when=asyncio.FIRST_COMPLETED, timeout=POLL_SECONDS)
                news.cancel()
        return found

    def _found(self, pattern: str) -> re.Match[str] | None:
        matches = (re.search(pattern, line) for line in (*self.err, *self.out))
        return next(filter(None, matches), None)

    async def ended(self, number: signal.Signals | None = None, seconds: float = PATIENCE_SECONDS) -> Done:
        """How it ended, after this signal to its whole process group if one is given."""
        if number is not None:
            os.killpg(self.pid, number)
        async with asyncio.timeout(seconds):
            await asyncio.gather(self.process.wait(), *self._readers)
        assert self.process.returncode is not None
        return Done(self.process.returncode, "\n".join(self.out).encode(), "\n".join(self.err))


class Answer(NamedTuple):
    """One HTTP answer; `body` is what the JSON says, or the text of anything else."""

    status: int
    body: Any
    headers: dict[str, str]


class Serving(Running):
    """A command that serves HTTP on a free port, and is asked."""

    def __init__(self, *arguments: object, **own: str) -> None:
        super().__init__(*arguments, **{"DESKPULSE_WORKER_PORT": "0", "DESKPULSE_BOARD_PORT": "0"} | own)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._http = aiohttp.ClientSession()
        self._url: str | None = None
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        await super().__aexit__()

    async def url(self) -> str:
        """Where it serves."""
        if self._url is None:
            self._url = (await self.line(r"(http://\S+?)/metrics"))[1]
        return self._url

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request."""
        async with self._http.request(method, f"{await self.url()}{path}", headers=headers) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else await response.text()
            return Answer(response.status, body, dict(response.headers))

    async def ready(self) -> None:
        """Returns once it says that it is ready."""
        await until(self._is_ready, "ready")

    async def _is_ready(self) -> bool:
        assert self.process.returncode is None, f"it ended: {self.err}"
        return (await self.ask("/readyz")).status == 200

    async def snapshot(self, at: str | None = None) -> dict[str, Any]:
        """The snapshot as of now, or as of an instant."""
        answer = await self.ask("/snapshot" if at is None else f"/snapshot?at={at}")
        assert answer.status == 200, answer.body
        return dict(answer.body)

    async def exposition(self) -> str:
        """What Prometheus would read."""
        return str((await self.ask("/metrics")).body)

    async def sample(self, series: str) -> float | None:
        """The value of one series, spelled as the exposition spells it; None where it is absent."""
        lines = (await self.ask("/metrics")).body.splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == series), None)

    async def total(self, metric: str) -> float:
        """The sum of all series of one metric."""
        lines = (await self.ask("/metrics")).body.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{metric}{{", f"{metric} ")))

    async def until_total(self, metric: str, least: float) -> None:
        """Returns once the sum of all series of one metric is at least so much."""

        async def reached() -> bool:
            assert self.process.returncode is None, f"it ended: {self.err}"
            return await self.total(metric) >= least

        await until(reached, f"{metric} at {least}")


class WorkerProcess(Serving):
    """`deskpulse worker`."""

    def __init__(self, *arguments: object, **own: str) -> None:
        super().__init__("worker", *arguments, **own)
