"""Everything derived from the tickets of one partition: panes, live sets, data quality. No Kafka, no clock.

Updated by the difference of two contributions; dropped with its partition; rebuilt from the table.
"""

from __future__ import annotations

from collections.abc import Callable

from metrics import live
from metrics.contribution import Contribution
from metrics.measures import Moment, Vocabulary
from metrics.panes import Panes

#: Told of moments that were not there before, with the contribution they are part of.
Observer = Callable[[Contribution, list[Moment]], None]


class PartitionFloor:
    """The derived state of one partition."""

    def __init__(self, vocabulary: Vocabulary, horizon: int) -> None:
        """``horizon``: nanoseconds before the newest moment that windows can still ask for."""
        self.panes = Panes(vocabulary, horizon)
        self.live: live.LiveSets = {}
        self.moments_by_queue: dict[str, int] = {}  # which queues have a ticket or an answer at all
        self.orphans = self.clock_skew = self.before_creation = self.full_histories = 0

    def replace(self, before: Contribution, after: Contribution, observe: Observer | None = None) -> None:
        """Take one entry's former contribution back and add its new one."""
        if before.moments != after.moments:
            gone, new = _difference(before.moments, after.moments)
            self._add(gone, -1)
            self._add(new, 1)
            if observe is not None and new:
                observe(after, _happened(gone, new))
        if before.live != after.live:
            live.replace(self.live, before.live, after.live)
        self.orphans += after.orphans - before.orphans
        self.clock_skew += after.clock_skew - before.clock_skew
        self.before_creation += after.before_creation - before.before_creation
        self.full_histories += after.full_histories - before.full_histories

    def _add(self, moments: list[Moment], sign: int) -> None:
        self.panes.add(moments, sign)
        queues = {moment[0] for moment in moments}
        for queue in queues:
            many = len(moments) if len(queues) == 1 else sum(moment[0] == queue for moment in moments)
            count = self.moments_by_queue.get(queue, 0) + sign * many
            if count:
                self.moments_by_queue[queue] = count
            else:
                del self.moments_by_queue[queue]


def _difference(before: tuple[Moment, ...], after: tuple[Moment, ...]) -> tuple[list[Moment], list[Moment]]:
    gone, new = list(before), []
    for moment in after:
        if moment in gone:
            gone.remove(moment)
        else:
            new.append(moment)
    return gone, new


def _happened(gone: list[Moment], new: list[Moment]) -> list[Moment]:
    """What is new apart from its queue: a ticket that moves to another queue was not created again."""
    before = [moment[1:] for moment in gone]
    return [moment for moment in new if moment[1:] not in before]
