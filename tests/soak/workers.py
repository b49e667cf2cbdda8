"""Floors of one run on a broker that many share, and the worker processes on them, which can be killed at any point."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec

from stream.rim.failpoints import Failpoint
from stream.rim.preflight import create_topics
from tests.floors import Floor, Record, described_floor, send
from tests.processes import Serving

#: The embedded broker lets nobody in while it waits for a killed member; Apache Kafka has static members.
SESSION_SECONDS = {"embedded": 1.0, "apache": 6.0}


@dataclass(frozen=True)
class Ground:
    """The topics of one run."""

    broker: str
    floor: Floor

    @property
    def prefix(self) -> str:
        return self.floor.settings.topic_prefix

    def worker(self, name: str = "worker-1", failpoint: str = "") -> SoakWorker:
        """A worker; of those with the same name, one at a time."""
        return SoakWorker(self, name, failpoint)

    async def send(self, records: Iterable[Record]) -> None:
        """Returns once all is acknowledged."""
        await send(self.floor, [(self.prefix + topic, key, value) for topic, key, value in records])


async def ground_on(broker: str, address: str, folder: Path) -> Ground:
    """New topics under a prefix of their own."""
    prefix = f"{uuid4().hex[:8]}-"
    described = described_floor(address, folder)
    settings = msgspec.structs.replace(
        described.settings,
        app_id=f"{prefix}deskpulse",
        topic_prefix=prefix,
        session_timeout=SESSION_SECONDS[broker],
    )
    await create_topics(settings)
    return Ground(broker, Floor(settings, described.configuration))


class SoakWorker(Serving):
    """`tests/soak/program.py` as a process."""

    def __init__(self, ground: Ground, name: str, failpoint: str) -> None:
        super().__init__()
        instance = name if ground.broker == "apache" else ""
        session = str(ground.floor.settings.session_timeout)
        words = [str(ground.floor.configuration), ground.prefix, session, instance, failpoint]
        self._arguments = [sys.executable, "-m", "tests.soak.program", *words]
        self.name = name

    async def passed(self, point: Failpoint, times: int = 1) -> None:
        """Returns once it has passed a point so many times."""
        await self.line(f"^{point} {times}$")

    async def works(self) -> None:
        """Returns in the middle of its next batch, or a moment later."""
        count = sum(line.startswith(f"{Failpoint.AFTER_APPLY} ") for line in self.out)
        await self.passed(Failpoint.AFTER_APPLY, count + 1)
