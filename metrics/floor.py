"""Everything derived from the tickets of one partition: panes, live sets, data quality. No Kafka, no clock.

Contributions are added and taken back in any order; dropped with its partition; rebuilt from the table. What came
since the last look waits in columns and is summed for all tickets at once when somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Final

import numpy as np

from metrics import live
from metrics.columns import Ints, table
from metrics.contribution import MARK, MOMENT, Contributions
from metrics.days import DaySums, cut_of
from metrics.facts import PERIODS_KEPT, Facts
from metrics.measures import CSAT, NPS, Measure, Moment, Vocabulary
from metrics.panes import Panes

#: Told of moments that were not there before, under the priority and the channel of their ticket.
Observer = Callable[[str, str, list[Moment]], None]

#: Moments and marks that may wait to be summed: some megabytes.
WAITING_MAX: Final = 400_000

#: What slow KPIs ask of days.
MEASURES_OF_DAYS: Final = (
    Measure.RESOLVED,
    Measure.RESOLUTION,
    Measure.FIRST_RESPONSE,
    Measure.COMPLAINT_CREATED,
    CSAT,
    NPS,
)


class PartitionFloor:
    """The derived state of one partition."""

    def __init__(
        self, vocabulary: Vocabulary, horizon: int, time_zone: str = "UTC", *, by_minute: bool = False
    ) -> None:
        """``horizon``: nanoseconds before the newest moment that windows can still ask for; ``by_minute``: all of them.

        By minute, all periods of facts can be asked for too.

        ``time_zone``: the floor's, in which days begin at midnight.
        """
        self.orphans = self.clock_skew = self.before_creation = self.full_histories = 0
        self._vocabulary = vocabulary
        self._panes = Panes(horizon, partial(cut_of, time_zone=time_zone), by_minute=by_minute)
        self._days = DaySums(self._panes, time_zone, MEASURES_OF_DAYS)
        self.facts = Facts(None if by_minute else PERIODS_KEPT)
        self._live: live.LiveSets = {}
        self._entries: dict[int, int] = {}  # by number of the queue
        self._moments: list[Ints] = []  # each table is followed by its sign for every row
        self._marks: list[Ints] = []
        self._waiting = 0

    @property
    def panes(self) -> Panes:
        """What happened when."""
        self.settle()
        return self._panes

    @property
    def days(self) -> DaySums:
        """What happened on which local days."""
        self.settle()
        return self._days

    @property
    def live(self) -> live.LiveSets:
        """What is open, by queue and priority."""
        self.settle()
        return self._live

    @property
    def entries_by_queue(self) -> dict[str, int]:
        """The queues that have a ticket or an answer at all, with how many."""
        return {self._vocabulary.queues[number]: count for number, count in self._entries.items()}

    @property
    def queues(self) -> Collection[int]:
        """The numbers of these queues."""
        return self._entries.keys()

    def add(self, contributions: Contributions, sign: int) -> None:
        """Add what some entries contribute (1) or take it back (-1)."""
        self.orphans += sign * contributions.orphans
        self.clock_skew += sign * contributions.clock_skew
        self.before_creation += sign * contributions.before_creation
        self.full_histories += sign * contributions.full_histories
        self._count_entries(contributions.queues, sign)
        self.facts.add(contributions.facts, sign)
        for flat, width, into in (
            (contributions.moments, MOMENT, self._moments),
            (contributions.marks, MARK, self._marks),
        ):
            if flat:
                rows = table(flat, width)
                into.extend((rows, np.full(len(rows), sign, dtype=np.int64)))
                self._waiting += len(rows)
        if self._waiting > WAITING_MAX:
            self.settle()

    def _count_entries(self, queues: list[int], sign: int) -> None:
        entries = self._entries
        for number in queues:
            count = entries.get(number, 0) + sign
            if count:
                entries[number] = count
            else:
                del entries[number]

    def settle(self) -> None:
        """Sum up what waits; asking for panes or live sets does it too."""
        if self._moments:
            self._panes.add(np.concatenate(self._moments[::2]), np.concatenate(self._moments[1::2]))
            self._moments.clear()
        if self._marks:
            live.change(
                self._live, np.concatenate(self._marks[::2]), np.concatenate(self._marks[1::2]), self._vocabulary
            )
            self._marks.clear()
        self._waiting = 0
