"""When the simulated floor has a bad time: floods of one queue, and outages in which nobody can reply.

Some come with the seed, about one flood in a week and one outage in three; one more can be asked for as the scene,
which may end in a relief: a span in which all hands answer and end whatever waits.
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


#: How many times its mean rate a flooded queue gets on top.
FLOOD_FACTOR: Final = 8.0


class Trouble(msgspec.Struct, frozen=True):
    """A flood of the queue at index ``queue``, or, where that is None, an outage: in [begin, end).

    ``factor`` times the mean rate of that queue, or of all of them, comes on top. ``relieved`` is when all that waited
    is answered; where it is not after ``end``, it is worked off in the ordinary course.
    """

    begin: int
    end: int
    queue: int | None
    factor: float
    relieved: int = 0


class Troubles:
    """The troubles of this week, and those still going on."""

    def __init__(self, dice: Dice, local_time: LocalTime, queues: int, scene: Trouble | None) -> None:
        self._dice = dice
        self._local_time = local_time
        self._queues = queues
        self._troubles = [scene] if scene else []
        self._scene_begin = scene.begin if scene else None
        self._relief = (scene.end, scene.relieved) if scene and scene.relieved > scene.end else None

    def plan_week(self, now: int) -> None:
        """Draw the troubles of the seven days from ``now`` and forget those that are over."""
        self._troubles = [trouble for trouble in self._troubles if trouble.end > now]
        if self._dice.chance(_FLOODS_PER_WEEK):
            self._add(now, self._dice.between(60, 150) * MINUTE, self._dice.below(self._queues), FLOOD_FACTOR)
        if self._dice.chance(_OUTAGES_PER_WEEK):
            self._add(now, HOUR, None, 0.0)

    def _add(self, now: int, length: int, queue: int | None, factor: float) -> None:
        """By day, and not on the first, so that a floor that opens has settled in."""
        day = self._local_time.day(now) + timedelta(days=self._dice.between(1, 6))
        begin = self._local_time.at(day, self._dice.between(8 * 60, 17 * 60))
        self._troubles.append(Trouble(begin, begin + length, queue, factor))

    def outage_end(self, now: int) -> int | None:
        """When the outage at ``now`` is over, None where there is none."""
        ends = [each.end for each in self._troubles if each.queue is None and each.begin <= now < each.end]
        return max(ends, default=None)

    def scene_began_within(self, earlier: int, later: int) -> bool:
        """Whether the scene that was asked for began after ``earlier`` and not after ``later``."""
        return self._scene_begin is not None and earlier < self._scene_begin <= later

    def relief(self, begin: int, end: int) -> tuple[int, int] | None:
        """The part from ``begin`` on of the relief that the span from ``begin`` to ``end`` reaches, None for none."""
        if self._relief is None or begin >= self._relief[1] or end < self._relief[0]:
            return None
        return max(begin, self._relief[0]), self._relief[1]

    def flooded(self, now: int) -> list[tuple[int, float]]:
        """The queues that get more than usual at ``now``, as (index, factor); one in two troubles is there twice."""
        return [
            (queue, each.factor)
            for each in self._troubles
            if each.begin <= now < each.end and each.factor
            for queue in (range(self._queues) if each.queue is None else (each.queue,))
        ]

    def next_change(self, now: int, limit: int) -> int:
        """The first instant after ``now`` at which a trouble begins or ends, at most ``limit``."""
        edges = (edge for each in self._troubles for edge in (each.begin, each.end) if now < edge < limit)
        return min(edges, default=limit)
