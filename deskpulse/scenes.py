"""A scene of the demo: a trouble whose lengths follow from the promises, so that a watcher sees all of it in minutes.

Pure. The target in question is the shortest first response that pages somebody. The trouble lasts until tickets have
been overdue for a while; then all hands answer what waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from deskpulse.configuration.loading import Configuration
from intake.simulator.desk import DeskOptions
from intake.simulator.queues import DEFAULT_QUEUES
from metrics.instants import MINUTE, SECOND, format_duration

#: From the demo's first live number to the scene.
LEAD: Final = 15 * SECOND
_OVERDUE_LEAST: Final = 30 * SECOND  # scrape, evaluation and the wait of a group come to 15 s
_OVERDUE_MOST: Final = 90 * SECOND
_RELIEF_LEAST: Final = 10 * SECOND
_RELIEF_MOST: Final = 30 * SECOND
#: The simulated crew is at its ordinary pace where this is promised, and the quicker, the less is promised.
_ORDINARY_TARGET: Final = 15 * MINUTE
_PACE_LEAST: Final = 0.02


class Scene(StrEnum):
    """What is shown."""

    NORMAL = "normal"
    OUTAGE = "outage"
    FLOOD = "flood"


class Plan(msgspec.Struct, frozen=True):
    """When what of a scene happens: instants, and the first-response target in nanoseconds."""

    scene: Scene
    target: int
    begin: int
    end: int
    relieved: int

    def staged(self, options: DeskOptions) -> DeskOptions:
        """The same floor with this scene in it."""
        return msgspec.structs.replace(
            options,
            scene=self.scene.value,
            scene_start=self.begin - options.start,
            scene_duration=self.end - self.begin,
            scene_relief=self.relieved - self.end,
            scene_factor=_FACTORS[self.scene],
        )

    def lines(self) -> Iterator[tuple[int, str]]:
        """What a watcher is told, and when; in order, the first at any instant before the scene."""
        target, relief = format_duration(self.target), format_duration(self.relieved - self.end)
        trouble, over = _WORDS[self.scene]
        length = format_duration(self.end - self.begin)
        lead = format_duration(LEAD)
        yield self.begin - LEAD, f"scene {self.scene}: in {lead}, {trouble} for {length}; promised is {target}"
        yield self.begin, f"scene {self.scene}: {trouble} from now on"
        yield self.begin + self.target, f"scene {self.scene}: whoever has waited since it began breaches from now on"
        yield self.end, f"scene {self.scene}: {over}; all hands answer what waits within {relief}"
        yield self.relieved, f"scene {self.scene}: all that waited is answered; alerts end within a minute"


#: So many times the usual number of tickets comes on top: to those who wait, for they ask again; and in the flood.
_FACTORS: Final = {Scene.OUTAGE: 3.0, Scene.FLOOD: 80.0}
_WORDS: Final = {
    Scene.OUTAGE: ("nobody can reply", "replies are back"),
    Scene.FLOOD: ("tickets come faster than they are answered", "the flood is over"),
}


def plan(scene: Scene, target: int, live: int) -> Plan:
    """The scene for a floor that is live at the instant ``live`` and promises a first response within ``target``."""
    begin = live + LEAD
    end = begin + target + min(max(target, _OVERDUE_LEAST), _OVERDUE_MOST)
    return Plan(scene, target, begin, end, end + min(max(target // 2, _RELIEF_LEAST), _RELIEF_MOST))


class Promise(msgspec.Struct, frozen=True):
    """A first response within ``target`` nanoseconds, in these queues; with none named, in all."""

    target: int
    queues: frozenset[str] = frozenset()

    @property
    def pace(self) -> float:
        """How quick a simulated crew is that mostly keeps it: 1 is the ordinary pace."""
        return min(1.0, max(_PACE_LEAST, self.target / _ORDINARY_TARGET))


def promise_shown(configuration: Configuration) -> Promise | None:
    """The shortest first response that pages somebody, of any policy where none pages; None where none is promised."""
    paging = {policy.name for policy in configuration.sla if policy.page is not None}
    policies = configuration.rules().policies.all
    return min(
        (
            Promise(policy.first_response, policy.match.get("queue", frozenset()))
            for policy in policies
            if policy.first_response is not None and (policy.name in paging or not paging)
        ),
        key=lambda promise: promise.target,
        default=None,
    )


def queues(configuration: Configuration) -> tuple[str, ...]:
    """The simulated floor's queues: the configured ones, those of the promise first, since a flood is of the first."""
    promise = promise_shown(configuration)
    first = promise.queues if promise is not None else frozenset()
    return tuple(sorted(configuration.labels.queues or DEFAULT_QUEUES, key=lambda queue: queue not in first))
