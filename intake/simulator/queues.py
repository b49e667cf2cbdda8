"""What sets the queues of the simulated floor apart: volume, hours, channels, priorities and work.

A table of facts and nothing else. Shares are weights, minutes are medians.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from intake.simulator.dice import Choices

PRIORITIES: Final = ("urgent", "high", "normal", "low")
LIVE_CHANNELS: Final = frozenset({"chat", "phone"})

# Weight of each local hour of a day, midnight first: an office, and shoppers who write in the evening too.
_OFFICE: Final = (1, 1, 1, 1, 1, 2, 4, 10, 22, 34, 38, 36, 28, 30, 34, 32, 27, 20, 12, 8, 6, 5, 3, 2)
_SHOPPERS: Final = (4, 2, 1, 1, 1, 2, 4, 8, 14, 20, 24, 25, 26, 24, 22, 21, 20, 20, 22, 25, 27, 24, 16, 9)


class QueueProfile(msgspec.Struct, frozen=True):
    """One queue: its ``share`` of the tickets, what they are like, and what work they make."""

    name: str
    share: float
    hours: tuple[int, ...]
    weekend: float
    priorities: Choices[str]
    channels: Choices[str]
    kinds: Choices[str]
    reply_minutes: float
    transferred: float
    converted: float


def _profile(  # noqa: PLR0917 - the columns of the table below
    name: str,
    share: float,
    hours: tuple[int, ...],
    weekend: float,
    priorities: tuple[int, int, int, int],
    channels: tuple[int, int, int, int],
    kinds: tuple[int, int, int],
    reply_minutes: float,
    transferred: float,
    converted: float,
) -> QueueProfile:
    return QueueProfile(
        name=name,
        share=share,
        hours=hours,
        weekend=weekend,
        priorities=Choices(dict(zip(PRIORITIES, priorities, strict=True))),
        channels=Choices(dict(zip(("email", "chat", "phone", "web"), channels, strict=True))),
        kinds=Choices(dict(zip(("question", "incident", "complaint"), kinds, strict=True))),
        reply_minutes=reply_minutes,
        transferred=transferred,
        converted=converted,
    )


# fmt: off
#         name       share  hours    weekend  priorities        channels          kinds        reply  transf. conv.
PROFILES: Final = (
    _profile("billing",   28, _OFFICE,   0.20, (4, 16, 65, 15),  (45, 25, 20, 10), (60, 20, 20), 5.0, 0.07, 0.02),
    _profile("technical", 25, _OFFICE,   0.45, (10, 25, 55, 10), (35, 25, 15, 25), (35, 55, 10), 9.0, 0.08, 0.01),
    _profile("returns",   20, _SHOPPERS, 0.90, (2, 10, 68, 20),  (40, 30, 10, 20), (55, 15, 30), 5.0, 0.04, 0.03),
    _profile("accounts",  15, _OFFICE,   0.35, (5, 15, 65, 15),  (40, 20, 10, 30), (75, 15, 10), 4.0, 0.05, 0.02),
    _profile("sales",     12, _SHOPPERS, 0.60, (1, 14, 70, 15),  (25, 40, 25, 10), (90, 5, 5),   6.0, 0.03, 0.22),
)
# fmt: on

DEFAULT_QUEUES: Final = tuple(profile.name for profile in PROFILES)

_BY_NAME: Final = {profile.name: profile for profile in PROFILES}


def profiles_of(names: Sequence[str]) -> tuple[QueueProfile, ...]:
    """The profiles of ``names``; a name that the table lacks takes the profile at its position, going round."""
    return tuple(
        _BY_NAME.get(name) or msgspec.structs.replace(PROFILES[index % len(PROFILES)], name=name)
        for index, name in enumerate(names)
    )
