"""Everything derived from the tickets of one partition: panes, live sets, data quality. No Kafka, no clock.

Updated by the difference of two contributions; dropped with its partition; rebuilt from the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from metrics import live
from metrics.contribution import Contribution
from metrics.measures import Moment, Vocabulary
from metrics.moments import difference, happened
from metrics.panes import Panes

#: Told of moments that were not there before, with the contribution they are part of.
Observer = Callable[[Contribution, list[Moment]], None]


class PartitionFloor:
    """The derived state of one partition."""

    def __init__(self, vocabulary: Vocabulary, horizon: int) -> None:
        """``horizon``: nanoseconds before the newest moment that windows can still ask for."""
        self.panes = Panes(vocabulary, horizon)
        self.live: live.LiveSets = {}
        self.entries_by_queue: dict[str, int] = {}  # which queues have a ticket or an answer at all
        self.orphans = self.clock_skew = self.before_creation = self.full_histories = 0

    def replace(self, before: Contribution, after: Contribution, observe: Observer | None = None) -> None:
        """Take one entry's former contribution back and add its new one."""
        gone, new = difference(before, after)
        if gone:
            self.panes.add(gone, -1)
        if new:
            self.panes.add(new, 1)
            if observe is not None:
                observe(after, happened(gone, new))
        if before.created is None or after.created is None or before.queue != after.queue:
            self._count(_queues(before), -1)
            self._count(_queues(after), 1)
        if before.live is not None or after.live is not None:
            live.replace(self.live, before.live, after.live)
        self.orphans += after.orphans - before.orphans
        self.clock_skew += after.clock_skew - before.clock_skew
        self.before_creation += after.before_creation - before.before_creation
        self.full_histories += after.full_histories - before.full_histories

    def tidy(self) -> None:
        """Let go of what only saves work at the next look; to be called now and then where nobody looks."""
        self.panes.pack()
        for found in self.live.values():
            found.count()

    def _count(self, queues: Iterable[str], sign: int) -> None:
        for queue in queues:
            count = self.entries_by_queue.get(queue, 0) + sign
            if count:
                self.entries_by_queue[queue] = count
            else:
                del self.entries_by_queue[queue]


def _queues(one: Contribution) -> Iterable[str]:
    return (one.queue,) if one.created is not None else {moment[0] for moment in one.answers}
