"""The services of docker-compose.yml as processes of this machine, with their own commands, settings and health checks.

What only a container has is put in its place: an address of the compose network becomes a free port of the loopback,
a volume a folder. Nothing else of a command is changed.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deskpulse.configuration.loading import CONFIG_VARIABLE
from stream.rim.embedded import HOST, tied_to_this_process
from tests.compose_file import CONFIG, OWN, SERVICES, mounts, words
from tests.kafka_from_jars import ApacheKafka, free_ports, scripts
from tests.processes import Running, environment, until
from tests.programs import required

#: Where a service is asked, in the network or from this machine; a part of them is the same port.
INSIDE = (
    *("kafka:19092", "kafka:9093", "redis:6379", "worker-1:6066", "worker-2:6066"),
    *("board:8080", "prometheus:9090", "alertmanager:9093"),
)
MACHINE = {"127.0.0.1:8080": "board:8080", "127.0.0.1:9090": "prometheus:9090", "127.0.0.1:9093": "alertmanager:9093"}
KAFKA_MACHINE = "127.0.0.1:9092"
#: What a container has not: a worker's has no board, a board's no worker.
NOBODY = ("nobody:6066", "nobody:8080")
#: In which `generate` has its volumes.
GENERATED = "/generated"
CONTAINERS_CONFIG = SERVICES["generate"]["environment"][CONFIG_VARIABLE]
STOP_SECONDS = 10
CHECK_SECONDS = 60


class ComposedKafka(ApacheKafka):
    """A broker with the settings of the compose file."""

    FORMAT = ()

    def __init__(self, directory: Path, stack: Stack) -> None:
        super().__init__(directory, stack.port("kafka:19092"))
        self._stack = stack

    def _properties(self) -> str:
        found = {
            name.removeprefix("KAFKA_").replace("_", ".").lower(): value
            for name, value in SERVICES["kafka"]["environment"].items()
            if name != "KAFKA_HEAP_OPTS"
        }
        listeners = dict(pair.split("://:") for pair in found["listeners"].split(","))
        inside = {"19092": "kafka:19092", "9092": KAFKA_MACHINE, "9093": "kafka:9093"}
        found["listeners"] = ",".join(f"{name}://{inside[port]}" for name, port in listeners.items())
        found["log.dirs"] = str(self.directory / "data")
        return "".join(f"{name}={self._stack.moved(value)}\n" for name, value in found.items())


class Stack:
    """Where each service of the file is on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = (*INSIDE, KAFKA_MACHINE, *NOBODY)
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._ports |= {outside: self._ports[inside] for outside, inside in MACHINE.items()}
        self.config = folder / "deskpulse.toml"
        self.config.write_text(self.moved(CONFIG.read_text(encoding="utf-8")), encoding="utf-8")
        self._scripts = scripts(folder)

    def port(self, place: str) -> int:
        return self._ports[place]

    def moved(self, text: str) -> str:
        """With each address of the file as the one that it has here."""
        places = "|".join(re.escape(place) for place in self._ports)
        return re.sub(rf"(?<![\w.])(?:{places})\b", lambda found: f"{HOST}:{self.port(found[0])}", text)

    def folder_of(self, source: str) -> Path:
        """A named volume."""
        written = {mount.source: mount.target for mount in mounts(SERVICES["generate"])}
        found = self.folder / written.get(source, source).lstrip("/")
        found.mkdir(parents=True, exist_ok=True)
        return found

    def in_folders(self, service: str, word: str) -> str:
        """A word of a command, with a folder of this machine in place of the one that the container has."""
        name, equals, path = word.rpartition("=")
        if path == GENERATED:
            return f"{self.folder}{path}"
        for mount in mounts(SERVICES[service]):
            if mount.is_named and f"{path}/".startswith(f"{mount.target}/"):
                return f"{name}{equals}{self.folder_of(mount.source)}{path.removeprefix(mount.target)}"
        return str(self.config) if word == CONTAINERS_CONFIG else word

    def command(self, service: str) -> list[str]:
        return [self.moved(self.in_folders(service, word)) for word in words(SERVICES[service])]

    def own(self, service: str) -> dict[str, str]:
        """The variables of one of our services; there is one server in a container, and nobody on the other port."""
        ports = {"DESKPULSE_WORKER_PORT": 6066, "DESKPULSE_BOARD_PORT": 8080}
        found = {
            name: self._ports.get(f"{service}:{port}", self.port(f"nobody:{port}")) for name, port in ports.items()
        }
        return {CONFIG_VARIABLE: str(self.config), "DESKPULSE_BIND": HOST} | {n: str(p) for n, p in found.items()}

    # -------------------------------------------------------------------------------------------- running

    def ours(self, service: str, *more: str) -> Running:
        """A service of deskpulse."""
        return Running(*self.command(service), *more, **self.own(service))

    @asynccontextmanager
    async def theirs(self, service: str, program: str, *more: str) -> AsyncIterator[None]:
        """A service of somebody else's image, healthy while inside; its words may begin with the program's name."""
        told = [word for word in self.command(service) if word != program]
        with (self.folder / f"{service}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *tied_to_this_process([required(program), *told, *more]),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
            )
        try:
            await self.until_healthy(service)
            yield
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), STOP_SECONDS)

    async def is_healthy(self, service: str) -> bool:
        """Whether its health check, as it stands in the file, ends with 0."""
        return await asyncio.to_thread(self._checked, service) == 0

    def _checked(self, service: str) -> int:
        form, *told = SERVICES[service]["healthcheck"]["test"]
        told = [self.moved(word).replace("/opt/kafka/bin/", f"{self._scripts}/") for word in told]
        command = ["/bin/sh", "-c", *told] if form == "CMD-SHELL" else told
        program = sys.executable if command[0] == "python" else required(command[0])
        own = self.own(service) if service in OWN else {}
        return subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            env=environment(**own),
            timeout=CHECK_SECONDS,
            check=False,
        ).returncode

    async def until_healthy(self, service: str) -> None:
        async def is_so() -> bool:
            return await self.is_healthy(service)

        await until(is_so, f"{service} is healthy")
