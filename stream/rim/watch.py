"""The tasks beside the agent: how far recovery and reading are, and what is beyond its retention.

They only look, except for two things: a recovery past its deadline ends the worker, and expiry writes tombstones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError
from faust.types import TP

from metrics.instants import SECOND
from stream.rim import seams
from stream.rim.log import log
from stream.rim.reaching import refusal
from stream.rim.readiness import State

if TYPE_CHECKING:
    from stream.rim.worker import Rim

Place = tuple[str, int]  # topic and partition

LOOK_SECONDS = 0.1  # while something is not ready
CALM_SECONDS = 1.0
ENDS_SECONDS = 5.0


class Watch:
    """Looks after one rim."""

    def __init__(self, rim: Rim) -> None:
        self._rim = rim
        self._next: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends_asked = 0
        self._ends: dict[tuple[str, int], int] = {}

    async def run(self) -> None:
        """Keep readiness and lag up to date."""
        readiness = self._rim.readiness
        while True:
            self._look_at_group()
            self._look_at_recovery()
            await self._look_at_ends()
            readiness.judge(self._rim.offsets.position, time.monotonic_ns())
            self._rim.counts.lag = behind(self._ends, self._rim.offsets.position)
            self._tell()
            await asyncio.sleep(CALM_SECONDS if readiness.caught_up else LOOK_SECONDS)

    async def looked(self) -> None:
        """Returns after the next look."""
        await asyncio.shield(self._next)

    def _tell(self) -> None:
        looked, self._next = self._next, asyncio.get_running_loop().create_future()
        looked.set_result(None)

    async def expire(self) -> None:
        """Drop what is beyond its retention, from every ready partition, again and again."""
        rim = self._rim
        while True:
            await asyncio.sleep(rim.settings.expiry_interval)
            for owned in rim.ownership:
                if rim.readiness.is_ready(owned.number):
                    await rim.agent.expire(owned, seams.producer(rim.app))

    def _look_at_group(self) -> None:
        error = seams.group_error(self._rim.app)
        refused = None if error is None else refusal(error, self._rim.settings)
        if refused is not None:
            self._rim.agent.fail(f"Kafka: {refused}")

    def _look_at_recovery(self) -> None:
        partitions = self._rim.readiness.partitions.values()
        recovering = [partition for partition in partitions if partition.state is State.RECOVERING]
        if not recovering:
            return
        seams.skip_missing_tail(self._rim.app)
        for number, remaining in seams.recovery_remaining(self._rim.app).items():
            self._rim.readiness.recovering(number, remaining)
        deadline = self._rim.settings.recovery_deadline
        if self._rim.recovery_seconds() > deadline:
            reasons = ", ".join(filter(None, (partition.why_not() for partition in recovering)))
            self._rim.agent.fail(f"the recovery is not done after {deadline:g} s: {reasons}")

    async def _look_at_ends(self) -> None:
        rim, now = self._rim, time.monotonic_ns()
        fresh = now - self._ends_asked < ENDS_SECONDS * SECOND
        if not rim.readiness.partitions or (fresh and not rim.readiness.lacks_targets()):
            return
        assignment = rim.readiness.partitions
        wanted = [TP(topic, number) for topic in rim.settings.event_topics for number in assignment]
        try:
            ends = await asyncio.wait_for(rim.app.consumer.highwaters(*wanted), ENDS_SECONDS)
        except (KafkaError, TimeoutError):
            self._see(f"broker not reachable: {', '.join(rim.settings.brokers)}")
            return
        self._see(None)
        marks = seams.consumer(rim.app).watermarks()
        # The embedded broker's end offsets are too low, a fetch tells the true one: so wait for one of each topic.
        if assignment is rim.readiness.partitions and marks.keys() >= ends.keys():
            self._ends_asked = now
            self._ends = {(tp.topic, tp.partition): max(end, marks[tp]) for tp, end in ends.items()}
            rim.readiness.ends_seen(self._ends, now)

    def _see(self, blind: str | None) -> None:
        readiness = self._rim.readiness
        if blind != readiness.blind:
            log.warning("%s", blind or "broker reachable again")
        readiness.blind = blind


def behind(ends: Mapping[Place, int], position: Callable[[Place], int | None]) -> dict[Place, int]:
    """Records still to read, by topic and partition; never less than none: ends are as of some seconds ago."""
    return {place: max(end - (position(place) or 0), 0) for place, end in ends.items()}
