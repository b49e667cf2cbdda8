"""A folder and a floor in which a page's commands are run as they stand, by a shell, each at its place in the page.

Files that the pages speak of are there; those that a page shows (a block that begins with `# NAME`) are its own. The
addresses of the pages become those of the run. Servers are started where they stand and end with the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import re
import shutil
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from aiokafka import AIOKafkaProducer

from deskpulse.configuration.loading import load_configuration
from deskpulse.generated import files_of
from stream.records import Reason, Records, Refused
from stream.rim.dead_letters import letter
from stream.rim.embedded import EmbeddedBroker, free_port
from stream.rim.preflight import create_topics
from stream.rim.settings import DEAD_LETTERS, RimSettings
from tests.documentation import ROOT, Command, blocks, commands
from tests.documented_commands import SERVERS, expected_of, is_server
from tests.floors import LONG_AGO, Floor, records_of, send
from tests.happenings import created
from tests.kafka_from_jars import scripts
from tests.logs import to_json_line
from tests.monitoring import alertmanager
from tests.processes import environment, run, until
from tests.redis_servers import RedisServer

PARTITIONS = 8
END_SECONDS = 120
#: What stands in the pages for the ticket that is asked about.
TICKET = "4711"
#: Retention as long as can be, so that the ticket of long ago counts.
CONFIGURATION = f"""
[broker]
url = "kafka://localhost:9092"
partitions = {PARTITIONS}
replication = 1
session_timeout = "6s"
[retention]
settled = "3660d"
[alerts]
alertmanager_url = "http://127.0.0.1:9093"
[[receivers]]
name = "pager"
kind = "webhook"
url = "http://127.0.0.1:8000/pager"
"""
#: An incident of two updates, in the columns that maps/uci-incidents.toml asks for.
INCIDENTS = """\
number,opened_at,sys_updated_at,ident_state,assignment_group,contact_type,priority,assigned_to,caller_id,sys_updated_by
INC1,29/2/2016 01:16,29/2/2016 01:23,New,Group 70,Phone,3 - Moderate,?,Caller 1,?
INC1,29/2/2016 01:16,29/2/2016 08:53,Resolved,Group 70,Phone,3 - Moderate,Resolver 9,Caller 1,Updated by 2
"""


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Addresses:
    """What the pages call each server, and where it is in this run."""

    def __init__(self, broker: str) -> None:
        self.worker, self.board, self.alertmanager = free_port(), free_port(), free_port()
        self.places = {
            "localhost:9092": broker,
            "127.0.0.1:6066": f"127.0.0.1:{self.worker}",
            "127.0.0.1:8080": f"127.0.0.1:{self.board}",
            "127.0.0.1:9093": f"127.0.0.1:{self.alertmanager}",
        }

    def put_into(self, text: str) -> str:
        """The text with this run's addresses."""
        for there, here in self.places.items():
            text = text.replace(there, here)
        return re.sub(r"\bTICKET\b", TICKET, text)


class DocumentedFloor:
    """One page's folder, broker and servers while inside."""

    def __init__(self, page: str, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self._commands = commands(page)
        self._until_end = AsyncExitStack()
        self._servers: dict[str, asyncio.subprocess.Process] = {}

    async def __aenter__(self) -> Self:
        broker = await self._until_end.enter_async_context(EmbeddedBroker())
        self._addresses = Addresses(broker.address)
        self._settings = RimSettings(brokers=(broker.address,), partitions=PARTITIONS, replication=1)
        await create_topics(self._settings)
        self._environment = environment(
            DESKPULSE_BROKER=f"kafka://{broker.address}",
            DESKPULSE_WORKER_PORT=str(self._addresses.worker),
            DESKPULSE_BOARD_PORT=str(self._addresses.board),
        )
        self._environment["PATH"] = os.pathsep.join(
            (str(self._folder / "bin"), str(Path(sys.executable).parent), self._environment["PATH"])
        )
        self._write_files()
        await self._start_what_is_asked_for()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            for words in list(self._servers):
                self._servers[words].kill()
                await self._servers.pop(words).wait()
        finally:
            await self._until_end.aclose()

    def _uses(self, text: str) -> bool:
        return any(text in command.text for command in self._commands)

    # -------------------------------------------------------------------------------------------- what is there

    def _write_files(self) -> None:
        folder = self._folder
        shutil.copytree(ROOT / "maps", folder / "maps")
        self._write("deskpulse.toml", CONFIGURATION)
        waiting = created(LONG_AGO, TICKET)
        (folder / "events.jsonl").write_bytes(to_json_line(waiting))
        self._write("incident_event_log.csv", INCIDENTS)
        if self._uses("log.jsonl.gz"):
            months = run("simulate", "--seed", 5, "--start", "2026-07-01T00:00:00Z", "--duration", "92d", "--rate", 20)
            assert months.code == 0, months.err
            (folder / "log.jsonl.gz").write_bytes(gzip.compress(months.out, 1))
        for block in blocks(self._page):
            if block.file is not None:
                self._write(block.file, block.text)

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(self._addresses.put_into(text), encoding="utf-8")

    async def _start_what_is_asked_for(self) -> None:
        """Only what the page's commands need."""
        if self._uses("deskpulse board"):
            redis = self._until_end.enter_context(RedisServer.running())
            with (self._folder / "deskpulse.toml").open("a") as file:
                file.write(f'[redis]\nurl = "{redis.url}"\n')
        if self._uses("kafka-console-producer.sh"):
            scripts(self._folder)
        if self._uses("deskpulse alerts"):
            await self._start_alertmanager()
        if self._uses("deskpulse dead-letters"):
            await self._write_letters()
        if self._uses("127.0.0.1:6066") and not any(is_server(command.text) for command in self._commands):
            await send(Floor(self._settings, self._folder / "deskpulse.toml"), records_of([created(LONG_AGO, TICKET)]))
            await self._start("deskpulse worker --config deskpulse.toml")

    async def _write_letters(self) -> None:
        """What a worker refused: one whose time has come since, one that can be mended, one that never can."""
        event = created(LONG_AGO, TICKET)
        letters = (
            ("future", to_json_line(event)),
            ("bad_field", to_json_line(event | {"data": event["data"] | {"priority": 1}})),
            ("not_json", b"no JSON"),
        )
        async with AIOKafkaProducer(bootstrap_servers=self._settings.brokers[0]) as producer:
            for offset, (reason, value) in enumerate(letters):
                records = Records("ticket-created", 0, [offset], [0], [TICKET.encode()], [value])
                made = letter(records, Refused(0, Reason(reason), "as a worker says it"))
                await producer.send_and_wait(DEAD_LETTERS, made.value, made.key, headers=made.headers)

    async def _start_alertmanager(self) -> None:
        made = files_of(load_configuration(self._folder / "deskpulse.toml", {}))
        file = self._folder / "alertmanager.yml"
        file.write_text(made["prometheus/alertmanager.yml"], encoding="utf-8")
        await self._until_end.enter_async_context(alertmanager(file, self._folder, self._addresses.alertmanager))

    # ----------------------------------------------------------------------------------------------- what is run

    async def run(self, command: Command) -> None:
        """Returns once it has ended with 0 and said what it should, or, of a server, once that is ready."""
        if is_server(command.text):
            await self._start(command.text)
            return
        expected = re.compile(expected_of(command.page, command.text), re.MULTILINE)
        if command.text.startswith("curl "):
            await until(lambda: self._answered(command, expected), f"{command} says {expected.pattern!r}")
            return
        ran = await self._shell(command.text)
        assert ran.code == 0, f"{command} ended with {ran.code}: {ran.err[-2_000:]}"
        assert expected.search(ran.out), f"{command} says {ran.out[-2_000:]}"

    async def _answered(self, command: Command, expected: re.Pattern[str]) -> bool:
        ran = await self._shell(command.text.replace("curl ", "curl --fail-with-body --silent --show-error ", 1))
        return ran.code == 0 and expected.search(ran.out) is not None

    async def _shell(self, text: str) -> Ran:
        process = await self._process("set -euo pipefail; " + text)
        try:
            async with asyncio.timeout(END_SECONDS):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"`{text}` does not end") from None
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    async def _process(self, text: str, err: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", self._addresses.put_into(text)),
            cwd=self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if err == asyncio.subprocess.PIPE else err,
            stderr=err,
            start_new_session=True,
        )

    async def _start(self, text: str) -> None:
        """Starts a server in the place of the last of its kind, and waits until it is ready."""
        words = is_server(text)
        assert words is not None
        await self._end(words)
        with (self._folder / "server.log").open("ab") as log:
            server = self._servers[words] = await self._process(f"exec {text}", log.fileno())
        address = self._addresses.put_into(SERVERS[words].address)
        await until(lambda: self._is_ready(server, address), f"`{text}` is ready")

    async def _is_ready(self, server: asyncio.subprocess.Process, address: str) -> bool:
        assert server.returncode is None, (self._folder / "server.log").read_text(encoding="utf-8")[-2_000:]
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as http, http.get(f"http://{address}/readyz") as answer:
                return answer.status == 200
        return False

    async def _end(self, words: str) -> None:
        server = self._servers.pop(words, None)
        if server is not None:
            server.send_signal(signal.SIGINT)
            async with asyncio.timeout(END_SECONDS):
                assert await server.wait() == 0, (self._folder / "server.log").read_text(encoding="utf-8")[-2_000:]

    async def end_servers(self) -> None:
        """Ctrl-C ends each server of the page, the last one first, with 0."""
        for words in reversed(list(self._servers)):
            await self._end(words)
