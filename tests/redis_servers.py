"""A Redis of a test's own: on a free port of the loopback, in memory only, ended by its own process id.

It can be stopped and started again, which empties it, and made to stand still, which is how a slow one looks.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from stream.rim.embedded import free_port
from tests.programs import required

HOST = "127.0.0.1"
START_SECONDS = 10
STOP_SECONDS = 10
POLL_SECONDS = 0.01
ANSWER_SECONDS = 5
PORTS_TRIED = 3


class RedisServer:
    """One `redis-server`; its address stays the same from start to start."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is its working directory, in which it writes nothing."""
        self._program = required("redis-server")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        """Returns once it answers; it holds nothing."""
        tries = 1 if self.port else PORTS_TRIED  # another process may take a free port first
        for _ in range(tries):
            port = self.port or free_port()
            if self._started(port):
                self.port = port
                return
        raise AssertionError(f"redis-server does not answer: {(self._folder / 'redis.log').read_text()}")

    def _started(self, port: int) -> bool:
        words = ["--port", port, "--bind", HOST, "--dir", self._folder, "--save", "", "--appendonly", "no"]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *map(str, words)], stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            if _answers(port):
                return True
            time.sleep(POLL_SECONDS)
        self.stop()
        return False

    def stop(self) -> None:
        """Returns once it has ended, whatever it was doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """There is no Redis while inside, and an empty one afterwards."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """It accepts connections and answers nothing while inside."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: object) -> bytes:
        """One command through `redis-cli`: what it prints, without its last newline."""
        command = [required("redis-cli"), "-h", HOST, "-p", str(self.port), "--raw", *map(str, words)]
        return subprocess.run(command, capture_output=True, check=True, timeout=ANSWER_SECONDS).stdout[:-1]

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """One that is there while inside."""
        with tempfile.TemporaryDirectory(prefix="redis-") as folder:
            server = cls(Path(folder))
            server.start()
            try:
                yield server
            finally:
                server.stop()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
