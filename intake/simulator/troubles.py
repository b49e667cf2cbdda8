"""When the simulated floor has a bad time: floods of one queue, and outages in which nobody can reply.

Some come with the seed, about one flood in a week and one outage in three; one more can be asked for as the scene.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from intake.simulator.dice import Dice
from intake.simulator.local_time import LocalTime
from metrics.instants import DAY, HOUR, MINUTE

WEEK: Final = 7 * DAY

_FLOODS_PER_WEEK: Final = 0.8
_OUTAGES_PER_WEEK: Final = 0.35


class Trouble(msgspec.Struct, frozen=True):
    """A flood of the queue at index ``queue``, or, where that is None, an outage: in [begin, end)."""

    begin: int
    end: int
    queue: int | None


class Troubles:
    """The troubles of this week, and those still going on."""

    def __init__(self, dice: Dice, local_time: LocalTime, queues: int, scene: Trouble | None) -> None:
        self._dice = dice
        self._local_time = local_time
        self._queues = queues
        self._troubles = [scene] if scene else []

    def plan_week(self, now: int) -> None:
        """Draw the troubles of the seven days from ``now`` and forget those that are over."""
        self._troubles = [trouble for trouble in self._troubles if trouble.end > now]
        if self._dice.chance(_FLOODS_PER_WEEK):
            self._add(now, self._dice.between(60, 150) * MINUTE, self._dice.below(self._queues))
        if self._dice.chance(_OUTAGES_PER_WEEK):
            self._add(now, HOUR, None)

    def _add(self, now: int, length: int, queue: int | None) -> None:
        """By day, and not on the first, so that a floor that opens has settled in."""
        day = self._local_time.day(now) + timedelta(days=self._dice.between(1, 6))
        begin = self._local_time.at(day, self._dice.between(8 * 60, 17 * 60))
        self._troubles.append(Trouble(begin, begin + length, queue))

    def outage_end(self, now: int) -> int | None:
        """When the outage at ``now`` is over, None where there is none."""
        ends = [each.end for each in self._troubles if each.queue is None and each.begin <= now < each.end]
        return max(ends, default=None)

    def flooded(self, now: int) -> list[int]:
        """The indices of the queues under a flood at ``now``; one under two floods is there twice."""
        return [each.queue for each in self._troubles if each.queue is not None and each.begin <= now < each.end]

    def next_change(self, now: int, limit: int) -> int:
        """The first instant after ``now`` at which a trouble begins or ends, at most ``limit``."""
        edges = (edge for each in self._troubles for edge in (each.begin, each.end) if now < edge < limit)
        return min(edges, default=limit)
