"""What is open, waiting and due in one partition, as functions of (state, now).

No timer has to fire for a number to be right. Counts and sorted multisets of instants by (queue, priority, policy),
changed for many tickets at once; asking how many are past an instant is a binary search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from metrics.columns import EMPTY, Ints, run_starts, runs
from metrics.contribution import FIRST_CLOCK, FIRST_TIMED, MARK_BITS, Mark
from metrics.measures import Vocabulary

_MARK_MASK: Final = (1 << MARK_BITS) - 1


class Instants:
    """A multiset of instants in nanoseconds."""

    __slots__ = ("_first", "_last", "values")

    def __init__(self) -> None:
        self.values: Ints = EMPTY  # ascending; never changed in place
        self._first = self._last = 0  # of them, where there are any: most questions are about an instant beyond

    def __len__(self) -> int:
        return len(self.values)

    def change(self, added: Ints, removed: Ints) -> None:
        """Add some and take some away that are there, or among the added; both ascending."""
        values = self.values
        if len(added):
            values = np.concatenate((values, added))
            values.sort(kind="stable")  # two ascending runs: they are merged
        if len(removed):
            stay = np.ones(len(values), dtype=np.bool_)
            stay[values.searchsorted(removed) + _equal_before(removed)] = False
            values = values[stay]
        self.values = values
        if len(values):
            self._first, self._last = int(values[0]), int(values[-1])

    def before(self, now: int) -> int:
        """How many are earlier than ``now``."""
        count = len(self.values)
        if not count or now <= self._first:
            return 0
        return count if now > self._last else int(self.values.searchsorted(now))

    def upto(self, instants: Sequence[int]) -> list[int]:
        """How many are not later than each of these."""
        return self.values.searchsorted(instants, side="right").tolist()  # type: ignore[no-any-return]

    def earliest(self) -> int | None:
        """The smallest of all, or None."""
        return self._first if len(self.values) else None

    def next_after(self, now: int) -> int | None:
        """The smallest later than ``now``, or None."""
        if not len(self.values) or now >= self._last:
            return None
        return self._first if now < self._first else int(self.values[self.values.searchsorted(now, side="right")])


def _equal_before(ascending: Ints) -> Ints | int:
    """How many equal values stand before each one."""
    return np.arange(len(ascending)) - ascending.searchsorted(ascending) if len(ascending) > 1 else 0


class LiveSet:
    """Open tickets of one queue, priority and policy: how many bear each mark, and since or until when."""

    __slots__ = ("_counts", "_timed")

    def __init__(self) -> None:
        self._counts = [0] * FIRST_TIMED
        self._timed = [Instants() for _ in range(FIRST_TIMED, len(Mark))]

    def __len__(self) -> int:
        """Tickets, counted or not."""
        return self._counts[Mark.OPEN] + self._counts[Mark.OPEN_UNCOUNTED]

    @property
    def counts(self) -> tuple[int, int, int, int, int, int]:
        """Open, awaiting their first response, awaiting a reply, paused, escalated, without policy."""
        counts = self._counts
        return (
            counts[Mark.OPEN],
            len(self.since(Mark.AWAITING_FIRST_RESPONSE)),
            len(self.since(Mark.AWAITING_REPLY)),
            counts[Mark.PAUSED],
            counts[Mark.ESCALATED],
            counts[Mark.WITHOUT_POLICY],
        )

    def since(self, mark: int) -> Instants:
        """The instants of one mark."""
        return self._timed[mark - FIRST_TIMED]

    def due(self, sla: int) -> Instants:
        """Due instants of the clocks of one SLA, by its place among ``SLAS``."""
        return self.since(FIRST_CLOCK + 2 * sla)

    def risk(self, sla: int) -> Instants:
        """The instants from which each of these clocks is at risk."""
        return self.since(FIRST_CLOCK + 2 * sla + 1)

    def change(self, mark: int, added: Ints, removed: Ints) -> None:
        """Give a mark to some tickets and take it from others; instants ascending."""
        if mark < FIRST_TIMED:
            self._counts[mark] += len(added) - len(removed)
        else:
            self.since(mark).change(added, removed)


#: By queue, priority and number of the policy; one without any ticket vanishes.
LiveSets = dict[tuple[str, str, int], LiveSet]


def change(sets: LiveSets, marks: Ints, signs: Ints, vocabulary: Vocabulary) -> None:
    """Give marks (rows of place and mark, instant; sign 1) and take them (sign -1)."""
    numbers, instants, gained = _net(marks, signs)
    given, taken = (_by_number(numbers, instants, times) for times in (gained, -gained))
    for number in dict.fromkeys(numbers.tolist()):
        labels = vocabulary.places[number >> MARK_BITS]
        found = sets.get(labels)
        if found is None:
            found = sets[labels] = LiveSet()
        found.change(number & _MARK_MASK, given.get(number, EMPTY), taken.get(number, EMPTY))
    for number in dict.fromkeys((numbers >> MARK_BITS).tolist()):
        labels = vocabulary.places[number]
        if not len(sets[labels]):
            del sets[labels]


def _net(marks: Ints, signs: Ints) -> tuple[Ints, Ints, Ints]:
    """Each number of place and mark with each of its instants once, ascending, and the sum of the signs where not 0."""
    order = np.lexsort((marks[:, 1], marks[:, 0]))
    numbers, instants = marks[order, 0], marks[order, 1]
    starts = np.union1d(run_starts(numbers), run_starts(instants))
    gained = np.add.reduceat(signs[order], starts)
    left = gained != 0
    return numbers[starts][left], instants[starts][left], gained[left]


def _by_number(numbers: Ints, instants: Ints, times: Ints) -> dict[int, Ints]:
    """The instants of each number, each so often; those of less than once are left out."""
    often = np.maximum(times, 0)
    repeated = np.repeat(instants, often)
    return {number: repeated[where] for number, where in runs(np.repeat(numbers, often))}
