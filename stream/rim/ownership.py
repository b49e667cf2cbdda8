"""The partitions this worker owns: the core's state of each and how much of the changelog it holds.

Knows no Kafka. Invariant: a settled state equals its partition's changelog up to `changelog_offset`, so that a
partition which stays with this worker through a rebalance needs only what others appended since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from stream.records import Partition, Partitions, Records
from stream.rim.completeness import Promise

NOTHING_HELD = -1


class Changelog(Protocol):
    """What Faust's overridden parts tell and ask the rim, in the course of a rebalance and its recovery."""

    def assign(self, partitions: set[int], generation: int) -> None:
        """These partitions are ours from now on."""
        ...

    def changelog_offset(self, partition: int) -> int:
        """The last changelog offset that the state contains; -1 for none."""
        ...

    def changelog_begins(self, partition: int, offset: int, promise: Promise) -> None:
        """The changelog's first offset of a partition about to be recovered, and what its commits promise."""
        ...

    def restore(self, records: Records) -> None:
        """Take changelog records back; must not raise: Faust would log it and go on without them."""
        ...

    def recovered(self) -> None:
        """All assigned partitions are recovered; event topics are read from here on."""
        ...

    async def settle(self) -> None:
        """Partitions are about to be taken away: finish the batch in work, begin no other."""
        ...


class Owned:
    """One partition of this worker."""

    __slots__ = ("changelog_offset", "number", "settled", "state")

    def __init__(self, number: int, state: Partition) -> None:
        self.number = number
        self.state = state
        self.changelog_offset = NOTHING_HELD  # of the last changelog record that the state contains
        self.settled = True  # False while changes are applied whose changelog records are not acknowledged


class Ownership:
    """Opens states on assignment, drops them when their partition goes elsewhere."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions
        self._owned: dict[int, Owned] = {}

    def __iter__(self) -> Iterator[Owned]:
        return iter(list(self._owned.values()))

    def __len__(self) -> int:
        return len(self._owned)

    def get(self, number: int) -> Owned | None:
        """The partition with this number, if it is ours."""
        return self._owned.get(number)

    def assign(self, numbers: Iterable[int]) -> None:
        """From now on exactly these are ours. Kept: those that were ours already, with nothing left unacknowledged."""
        wanted = set(numbers)
        for number, owned in list(self._owned.items()):
            if number not in wanted or not owned.settled:
                self.drop(number)
        for number in sorted(wanted - self._owned.keys()):
            self._owned[number] = Owned(number, self._partitions.open(number))

    def drop(self, number: int) -> None:
        """Forget a partition's state."""
        if self._owned.pop(number, None) is not None:
            self._partitions.drop(number)

    def drop_all(self) -> None:
        """Forget everything, as when the worker leaves the group."""
        for number in list(self._owned):
            self.drop(number)

    def changelog_offset(self, number: int) -> int:
        """Offset of the last changelog record that the partition's state contains; -1 for an empty state."""
        owned = self._owned.get(number)
        return owned.changelog_offset if owned else NOTHING_HELD

    def recovered(self, number: int, end: int) -> None:
        """The state holds all before this changelog offset: of what it lacks there, compaction left nothing."""
        if (owned := self._owned.get(number)) is not None:
            owned.changelog_offset = max(owned.changelog_offset, end - 1)

    def restore(self, records: Records) -> None:
        """Take changelog records back, in their order; KeyError if the partition is not ours."""
        owned = self._owned[records.partition]
        owned.state.restore([key or b"" for key in records.keys], records.values)
        owned.changelog_offset = records.offsets[-1]
