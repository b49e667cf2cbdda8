"""Which objective holds for a queue, and at which share of late replies its error budget burns too fast.

Arithmetic only. A share of late replies is compared by the lower bound of its Wilson interval, which stays under 1
however many replies are late: so each threshold comes with the number of replies from which on it can be passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import floor
from typing import Final

import msgspec

from alerting.promql import any_of
from alerting.settings import Policy, Settings
from metrics.intervals import Z

FACTOR: Final = 5  # how many times faster than the budget allows
REPLIES_LEAST: Final = 10
REPLIES_MOST: Final = 100  # an alert that needs more than these would come too late
_PPM: Final = 1_000_000


class Objective(msgspec.Struct, frozen=True):
    """Queues that share an objective: the matcher of the label ``queue``, with its comma, or empty for all."""

    matcher: str
    ppm: int

    @property
    def ratio(self) -> float:
        """The share of replies to be in time."""
        return self.ppm / _PPM

    @property
    def budget(self) -> float:
        """The share of replies that may be late."""
        return (_PPM - self.ppm) / _PPM


class Threshold(msgspec.Struct, frozen=True):
    """The lower bound of the late share must exceed ``ratio``, which it can from ``replies`` replies on."""

    ratio: float
    replies: int


def threshold(budget: float) -> Threshold | None:
    """Five times the budget, or half of what is beyond it, or what 100 late replies can show; None: none is left.

    Always: budget < ratio < 1.
    """
    reachable = floor(1000 * REPLIES_MOST / (REPLIES_MOST + Z**2)) / 1000
    ratio = min(FACTOR * budget, (budget + 1) / 2, reachable)
    if ratio <= budget:
        return None
    return Threshold(ratio, max(REPLIES_LEAST, replies_needed(ratio)))


def replies_needed(ratio: float) -> int:
    """The smallest n for which the lower bound of n late replies of n, n / (n + z²), exceeds ``ratio``."""
    return floor(Z**2 * ratio / (1 - ratio)) + 1


def by_queue(settings: Settings) -> tuple[Objective, ...]:
    """The smallest objective of the policies that can match a queue; queues without such a policy are left out.

    Queues that nobody names come last, under the objective of the policies that match any queue.
    """
    named = settings.queues if settings.queues is not None else _named(settings.policies)
    of_queue = {queue: _least(policy for policy in settings.policies if _matches(policy, queue)) for queue in named}
    others = _least(policy for policy in settings.policies if _matches_unnamed(policy, settings.queues))
    apart = {queue: ppm for queue, ppm in of_queue.items() if ppm != others}
    found = [
        Objective(f"queue=~{any_of(queue for queue in apart if apart[queue] == ppm)},", ppm)
        for ppm in dict.fromkeys(apart.values())
        if ppm is not None
    ]
    if others is not None:
        found.append(Objective(f"queue!~{any_of(apart)}," if apart else "", others))
    return tuple(found)


def _named(policies: Iterable[Policy]) -> tuple[str, ...]:
    return tuple(sorted({queue for policy in policies for queue in policy.queues or ()}))


def _matches(policy: Policy, queue: str) -> bool:
    return policy.queues is None or queue in policy.queues


def _matches_unnamed(policy: Policy, known: tuple[str, ...] | None) -> bool:
    """A queue outside of ``known`` is shown as "other", with or without a policy that names it."""
    return policy.queues is None or (known is not None and not policy.queues <= set(known))


def _least(policies: Iterable[Policy]) -> int | None:
    return min((round(policy.objective * _PPM) for policy in policies), default=None)
