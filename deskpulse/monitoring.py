"""Prometheus and Alertmanager as processes of this one's: started from files, on loopback, ended by their own ids.

It knows their command lines and when they are ready; what stands in their files is their maker's business. Invariant:
whoever starts a program here ends and reaps it; should the starter be killed, Linux ends the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from stream.rim.embedded import HOST, free_port, tied_to_this_process

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.1
PORTS_TRIED_MAX: Final = 3
LOG_TAIL_LINES: Final = 4

#: Under which names a program may be on the PATH: Debian gives Alertmanager a longer one than its makers do.
NAMES: Final = {
    "prometheus": ("prometheus",),
    "alertmanager": ("alertmanager", "prometheus-alertmanager"),
}

_Arguments = Callable[[str], list[str]]  # given host:port


class MonitoringStartError(Exception):
    """A program did not come up; the message says which, and how its log ends."""


def found(program: str) -> str | None:
    """The path of ``prometheus`` or ``alertmanager``, None where it is not on the PATH."""
    return next((path for name in NAMES[program] if (path := shutil.which(name))), None)


@asynccontextmanager
async def prometheus(program: str, config: Path, folder: Path, port: int | None = None) -> AsyncIterator[str]:
    """Prometheus with this configuration file while inside; yields its URL. Data and log go to ``folder``.

    Raises:
        MonitoringStartError: it ended, or was not ready in time.
    """

    def arguments(address: str) -> list[str]:
        return [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={address}",
            "--web.enable-lifecycle",  # POST /-/reload, for whoever edits the files
        ]

    async with _running("prometheus", arguments, folder, port) as url:
        yield url


@asynccontextmanager
async def alertmanager(program: str, config: Path, folder: Path, port: int | None = None) -> AsyncIterator[str]:
    """Alertmanager, alone, with this configuration file while inside; yields its URL. Data and log go to ``folder``.

    Raises:
        MonitoringStartError: it ended, or was not ready in time.
    """

    def arguments(address: str) -> list[str]:
        return [
            program,
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ]

    async with _running("alertmanager", arguments, folder, port) as url:
        yield url


@asynccontextmanager
async def _running(name: str, arguments: _Arguments, folder: Path, port: int | None) -> AsyncIterator[str]:
    log = folder / f"{name}.log"
    for tried in range(1, PORTS_TRIED_MAX + 1):
        chosen = port or free_port()
        if not _is_free(chosen):  # whoever has it might say that it is ready, too
            raise MonitoringStartError(f"{name} did not start: port {chosen} of {HOST} is taken")
        address = f"{HOST}:{chosen}"
        url = f"http://{address}"
        process = await _spawned(arguments(address), log)
        try:
            if await _ready(process, url):
                yield url
                return
        finally:
            await _ended(process)
        if port is not None or tried == PORTS_TRIED_MAX or "address already in use" not in _text(log):
            break
    raise MonitoringStartError(f"{name} did not start on {address}: {_last_lines(log)}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as they do: connections that ended do not count
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


async def _spawned(arguments: list[str], log: Path) -> asyncio.subprocess.Process:
    with log.open("wb") as into:
        return await asyncio.create_subprocess_exec(
            *tied_to_this_process(arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=into,
            stderr=asyncio.subprocess.STDOUT,
            env={name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TZ") if name in os.environ},
        )


async def _ready(process: asyncio.subprocess.Process, url: str) -> bool:
    """True once it says so; False where it has ended, or START_SECONDS are over."""
    timeout = aiohttp.ClientTimeout(total=2.0)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession(timeout=timeout) as http:
            while process.returncode is None:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with http.get(f"{url}/-/ready") as answer:
                        if answer.status == 200 and process.returncode is None:
                            return True
                await asyncio.sleep(POLL_SECONDS)
    return False


async def _ended(process: asyncio.subprocess.Process) -> None:
    """SIGTERM; SIGKILL after STOP_SECONDS, or where the caller is cancelled meanwhile."""
    try:
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            process.terminate()
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    await process.wait()


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


def _last_lines(log: Path) -> str:
    return " | ".join(_text(log).splitlines()[-LOG_TAIL_LINES:]) or "(no output)"
