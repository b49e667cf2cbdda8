"""What a KPI is: its name, formula, unit and direction, where it stands, its sample and its interval."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from metrics.names import Metric


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Place(StrEnum):
    """Where a KPI stands: in each scope of the snapshot, in each window of it, under ``slow``, or at a command."""

    NOW = "now"
    WINDOW = "window"
    SLOW = "slow"
    COMMAND = "command"


class Interval(msgspec.Struct, frozen=True):
    """The 95 % interval of a KPI: where its bounds stand, and how they are worked out."""

    lower: str
    upper: str
    method: str


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """One KPI. Paths are keys of the snapshot joined by dots, within the scope, the window or ``slow``, or a command.

    ``short`` is its title in tables and tiles, ``seeds`` are the articles of the user that name it, ``sample`` is the
    path of how many it is of.
    """

    name: str
    title: str
    short: str
    unit: str
    better: Better
    formula: str
    path: str
    place: Place = Place.WINDOW
    seeds: tuple[str, ...] = ()
    sample: str | None = None
    interval: Interval | None = None
    metrics: tuple[Metric, ...] = ()


HIGHER, LOWER, NEITHER = Better
NOW: Final = Place.NOW
TICKETS: Final = "tickets"
SECONDS: Final = "seconds"
RATIO: Final = "ratio, 0 to 1"


def bounds(parent: str, method: str) -> Interval:
    """The interval whose bounds stand beside the value, as the snapshot names them."""
    return Interval(f"{parent}.lower95", f"{parent}.upper95", method)
