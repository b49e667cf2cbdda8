"""Named places at which a worker can be made to die, so that tests can prove that none of them costs a number.

Knows no Kafka. Off by default: the rim then calls an empty function a few times per batch, and never per record.
"""

from __future__ import annotations

import asyncio
import os
import signal
from enum import StrEnum
from typing import Final

#: In which a request leaves the process; its answer may come back, but nothing is made of it.
LEEWAY_SECONDS: Final = 0.005


class Failpoint(StrEnum):
    """Where in the rim, in the order in which a batch passes."""

    AFTER_APPLY = "after_apply"  # the state has changed, nothing is sent
    AFTER_SEND = "after_send"  # the changelog records are on their way, none is known to be kept
    BEFORE_ACKNOWLEDGEMENT = "before_acknowledgement"  # all is kept, the batch does not count as read yet
    AFTER_ACKNOWLEDGEMENT = "after_acknowledgement"  # it counts as read, its offset is not committed
    MID_COMMIT = "mid_commit"  # offsets are on their way to the broker
    MID_RECOVERY = "mid_recovery"  # a changelog batch is taken back, others are to come
    MID_REBALANCE = "mid_rebalance"  # the batch in work is through, the partitions are not given up yet


#: At these the request is still to leave the process: it dies a little later, at the next passing at the latest.
ON_THE_WAY: Final = frozenset({Failpoint.AFTER_SEND, Failpoint.MID_COMMIT})


def pass_by(_point: Failpoint) -> None:
    """Nothing happens: how a worker runs."""


class Mine:
    """Kills this process with SIGKILL when it passes a point for the n-th time."""

    def __init__(self, point: Failpoint, passing: int = 1) -> None:
        self.point = point
        self.passings_left = passing
        self._is_lit = False

    def __call__(self, point: Failpoint) -> None:
        """Pass a point."""
        self.passings_left -= point is self.point
        if self._is_lit or (self.passings_left == 0 and point not in ON_THE_WAY):
            _die()
        elif self.passings_left == 0:
            self._is_lit = True
            asyncio.get_running_loop().call_later(LEEWAY_SECONDS, _die)


def mine(text: str) -> Mine:
    """The mine that ``NAME`` or ``NAME:N`` describes; N counts from 1.

    Raises:
        ValueError: no such point, or N is no positive number.
    """
    name, colon, passing = text.partition(":")
    point = next((point for point in Failpoint if point == name), None)
    number = int(passing) if passing.isascii() and passing.isdecimal() else 0
    if point is None or (colon and number < 1):
        raise ValueError(f"expected one of {', '.join(Failpoint)}, and :N for its n-th passing, got {text!r}")
    return Mine(point, number or 1)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
