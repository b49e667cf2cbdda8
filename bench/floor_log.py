"""What is measured on: the events of a simulated desk, sent once to topics that all contenders read."""

from __future__ import annotations

from intake.simulator.desk import DeskOptions, simulate
from metrics.instants import DAY, parse_instant
from metrics.policies import Rules
from stream.rim.sending import Sender
from stream.rim.settings import RimSettings
from stream.tickets import Admission, Tickets

PARTITIONS = 4
PREFIX = "bench-"
#: Nothing is left out for its age: the simulated desk's days are past.
ADMISSION = Admission(refuse_future=False, drop_old=False)
Log = list[tuple[str, bytes, bytes]]


def log(events: int) -> Log:
    """The first ``events`` deliveries of a simulated desk: (topic, key, value), a little out of order."""
    options = DeskOptions(
        start=parse_instant("2026-01-05T00:00:00Z"), duration=365 * DAY, tickets_per_day=20_000.0, disorder_seconds=30
    )
    return [
        (item.topic, item.key.encode(), item.encode())
        for item, _ in zip(simulate(options), range(events), strict=False)
    ]


def tickets() -> Tickets:
    """The pure core, as every contender gets it."""
    return Tickets(Rules(), ADMISSION)


def settle(found: Tickets) -> None:
    """Bring all numbers up to date, as whoever looks finds them: part of the job of every contender."""
    for partition in found.partitions.values():
        partition.floor.settle()


def rim_settings(address: str, app_id: str = "bench", *, is_embedded: bool) -> RimSettings:
    """A worker's, on the topics of the bench."""
    return RimSettings(
        brokers=(address,), app_id=app_id, topic_prefix=PREFIX, partitions=PARTITIONS, replication=1,
        session_timeout=2.5 if is_embedded else 10.0, dead_letters_max_ratio=None,
    )  # fmt: skip


async def send(address: str, events: Log) -> None:
    """To topics with the prefix; returns once all is acknowledged."""
    async with Sender((address,), PREFIX) as sender:
        for record in events:
            await sender.send(*record)
        await sender.flush()
