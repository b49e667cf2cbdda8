"""A floor on a broker that the test has to itself: the worker's topics, a configuration file, events on their way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stream.rim.preflight import create_topics
from stream.rim.security import OPEN, Security
from stream.rim.sending import Sender
from stream.rim.settings import RimSettings
from tests.logs import to_json_line, topic_of
from tests.oracle.instants import instant

PARTITIONS = 4
RETENTION = "3660d"
#: Long ago enough for every clock that is about right, and within the longest retention that can be configured.
LONG_AGO = instant("2025-01-06T06:30:00Z")

Record = tuple[str, bytes | None, bytes]  # topic, key, value


@dataclass(frozen=True)
class Floor:
    """Where the topics are, and the file that tells a worker of it."""

    settings: RimSettings
    configuration: Path

    @property
    def address(self) -> str:
        return self.settings.brokers[0]

    @property
    def url(self) -> str:
        return f"kafka://{self.address}"


def described_floor(
    address: str, folder: Path, toml: str = "", *, secured: str = "", security: Security = OPEN
) -> Floor:
    """A configuration file, and nothing on the broker yet; ``secured``: keys of `[broker]`, and what they come to."""
    file = folder / "floor.toml"
    broker = f'url = "kafka://{address}"\npartitions = {PARTITIONS}\nreplication = 1\nsession_timeout = "6s"'
    file.write_text(f'[broker]\n{broker}\n{secured}[retention]\nsettled = "{RETENTION}"\n{toml}', encoding="utf-8")
    settings = RimSettings(brokers=(address,), security=security, partitions=PARTITIONS, replication=1)
    return Floor(settings, file)


async def floor_on(address: str, folder: Path, toml: str = "") -> Floor:
    """As described, with its topics."""
    floor = described_floor(address, folder, toml)
    await create_topics(floor.settings)
    return floor


def records_of(events: Iterable[Mapping[str, Any]]) -> list[Record]:
    """Events as senders put them onto Kafka."""
    return [(topic_of(event), event["subject"].encode(), to_json_line(event).rstrip()) for event in events]


async def send(floor: Floor, records: Sequence[Record]) -> None:
    """Returns once all is acknowledged; records of one partition keep their order."""
    async with Sender(floor.settings.brokers, security=floor.settings.security) as sender:
        for record in records:
            await sender.send(*record)
        await sender.flush()
