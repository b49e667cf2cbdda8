"""Which partitions can be believed: recovered from the changelog and caught up with their event topics.

Knows no Kafka: it is told end offsets and positions. Ready means: every event topic was read to the end offset seen at
assignment, and is not behind the end offset seen 60 s before (CONTRACT). Times are nanoseconds of a monotonic clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from metrics.instants import MINUTE, SECOND
from stream.rim.offsets import TopicPartition

BEHIND_AFTER = MINUTE
#: End offsets are kept a little longer than they are compared, so that one sample of that age is always there.
KEPT_FOR = BEHIND_AFTER + 30 * SECOND


class State(StrEnum):
    """What a partition of this worker is doing."""

    RECOVERING = "recovering"
    CATCHING_UP = "catching_up"
    READY = "ready"


class PartitionReadiness:
    """One partition of this worker, in one assignment."""

    __slots__ = ("generation", "number", "reached", "remaining", "state", "targets", "total")

    def __init__(self, number: int, generation: int) -> None:
        self.number = number
        self.generation = generation
        self.state = State.RECOVERING
        self.remaining: int | None = None  # records still to read, of the changelog or the topics; None: not known
        self.total: int | None = None  # changelog records to read in this recovery
        self.targets: dict[TopicPartition, int] | None = None  # end offsets seen at assignment
        self.reached = False

    def why_not(self) -> str | None:
        """What this partition waits for, as a phrase; None when ready."""
        if self.state is State.READY:
            return None
        if self.state is State.CATCHING_UP:
            left = "" if self.remaining is None else f": {self.remaining:,} records to read"
            return f"catching up partition {self.number}{left}"
        if self.remaining is None or self.total is None:
            return f"recovering partition {self.number}"
        return f"recovering partition {self.number}: {self.total - self.remaining:,} of {self.total:,}"


class Summary(msgspec.Struct, frozen=True):
    """The worker in five numbers and a phrase; `reason` is None when all it owns is ready."""

    total: int
    assigned: int
    ready: int
    catching_up: int
    recovering: int
    reason: str | None


class Readiness:
    """All partitions of this worker. `total` is the partition count of the topics."""

    def __init__(self, topics: Iterable[str], total: int = 0) -> None:
        self.total = total
        self.partitions: dict[int, PartitionReadiness] = {}
        self.caught_up = False
        self._topics = tuple(topics)
        #: Why end offsets cannot be seen at the moment, if so.
        self.blind: str | None = None
        self._obstacle: str | None = "starting"
        self._ends: deque[tuple[int, dict[TopicPartition, int]]] = deque()
        self._ready = asyncio.Event()

    async def wait_ready(self) -> None:
        """Returns once every assigned partition is ready."""
        await self._ready.wait()

    def hold(self, obstacle: str) -> None:
        """Nothing is ready, for this reason: before an assignment, while rebalancing, without a broker."""
        self._obstacle = obstacle
        self._settle()

    def assigned(self, numbers: Iterable[int], generation: int) -> None:
        """A new assignment: all of it recovers, and must catch up, again."""
        self.partitions = {number: PartitionReadiness(number, generation) for number in sorted(numbers)}
        self._ends.clear()
        self._obstacle = None
        self._settle()

    def generations(self) -> dict[int, int]:
        """Of which generation of the group the assignment of each partition is."""
        return {number: partition.generation for number, partition in self.partitions.items()}

    def recovering(self, number: int, remaining: int) -> None:
        """Changelog records still to read."""
        partition = self.partitions.get(number)
        if partition is not None and partition.state is State.RECOVERING:
            partition.total = max(partition.total or 0, remaining)
            partition.remaining = remaining

    def recovered(self) -> None:
        """All assigned partitions have their state back."""
        for partition in self.partitions.values():
            if partition.state is State.RECOVERING:
                partition.state, partition.remaining = State.CATCHING_UP, None
        self._settle()

    def lacks_targets(self) -> bool:
        """Whether end offsets have not been seen since the assignment."""
        return any(partition.targets is None for partition in self.partitions.values())

    def ends_seen(self, ends: Mapping[TopicPartition, int], now: int) -> None:
        """End offsets of all event topic partitions of the assignment, as of ``now``."""
        for partition in self.partitions.values():
            if partition.targets is None and all((topic, partition.number) in ends for topic in self._topics):
                partition.targets = {(topic, partition.number): ends[topic, partition.number] for topic in self._topics}
        self._ends.append((now, dict(ends)))
        while self._ends[0][0] < now - KEPT_FOR:
            self._ends.popleft()

    def judge(self, position: Callable[[TopicPartition], int | None], now: int) -> None:
        """Bring every partition's state up to date with what is processed so far."""
        earlier = self._ends_before(now - BEHIND_AFTER)
        unseen = bool(self._ends) and self._ends[-1][0] < now - BEHIND_AFTER
        for partition in self.partitions.values():
            if partition.state is State.RECOVERING or partition.targets is None:
                continue
            partition.reached = partition.reached or not behind(partition.targets, position)
            goals = earlier if partition.reached else partition.targets
            mine = {tp: end for tp, end in goals.items() if tp[1] == partition.number}
            partition.remaining = behind(mine, position)
            partition.state = State.CATCHING_UP if partition.remaining or unseen else State.READY
        self._settle()

    def summary(self) -> Summary:
        """Counts, and the first reason why something is not ready."""
        states = [partition.state for partition in self.partitions.values()]
        reasons = (partition.why_not() for partition in self.partitions.values())
        return Summary(
            total=self.total,
            assigned=len(states),
            ready=states.count(State.READY) if self._obstacle is None else 0,
            catching_up=states.count(State.CATCHING_UP),
            recovering=states.count(State.RECOVERING),
            reason=None if self.caught_up else self._obstacle or self.blind or next(filter(None, reasons), None),
        )

    def is_ready(self, number: int) -> bool:
        """Whether this partition's numbers can be believed now."""
        partition = self.partitions.get(number)
        return self._obstacle is None and partition is not None and partition.state is State.READY

    def _ends_before(self, instant: int) -> Mapping[TopicPartition, int]:
        return next((ends for seen, ends in reversed(self._ends) if seen <= instant), {})

    def _settle(self) -> None:
        ready = all(partition.state is State.READY for partition in self.partitions.values())
        self.caught_up = self._obstacle is None and self.blind is None and ready
        if self.caught_up:
            self._ready.set()
        else:
            self._ready.clear()


def behind(goals: Mapping[TopicPartition, int], position: Callable[[TopicPartition], int | None]) -> int:
    """Records between the positions and these end offsets; an unknown position is at the beginning."""
    return sum(max(0, end - (position(tp) or 0)) for tp, end in goals.items())
