"""What a KPI is: its name, formula, unit and direction, where it stands, its sample and its interval."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from metrics.metric import Metric
from metrics.names import FLOOR


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

    Attributes:
        short: its title in tables and tiles.
        is_from_a_day: only rolling windows of 24 h and more have it; else each window of the snapshot does.
        seeds: the articles of the user that name it.
        sample: of how many it is.
        metrics: the one that has the value comes first.
        labels: what tells its series of a metric from those of another KPI.
    """

    name: str
    title: str
    short: str
    unit: str
    better: Better
    formula: str
    path: str
    place: Place = Place.WINDOW
    is_from_a_day: bool = False
    seeds: tuple[str, ...] = ()
    sample: str | None = None
    interval: Interval | None = None
    metrics: tuple[Metric, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def anchor(self) -> str:
        """Of its heading in docs/kpis.md: a heading's points are left out of its anchor."""
        return self.name.replace(".", "")

    @property
    def exported(self) -> tuple[Metric, ...]:
        """Its metrics, each followed by the same of the whole floor where that is one of its own."""
        return tuple(one for metric in self.metrics for one in (metric, FLOOR.get(metric)) if one is not None)

    def series(self, metric: Metric) -> str:
        """How its own series of a metric are selected."""
        own = ",".join(f'{label}="{value}"' for label, value in self.labels if label in metric.labels)
        return f"{metric.name}{{{own}}}" if own else metric.name


HIGHER, LOWER, NEITHER = Better
NOW: Final = Place.NOW
TICKETS: Final = "tickets"
SECONDS: Final = "seconds"
RATIO: Final = "ratio, 0 to 1"


def bounds(parent: str, method: str) -> Interval:
    """The interval whose bounds stand beside the value, as the snapshot names them."""
    return Interval(f"{parent}.lower95", f"{parent}.upper95", method)
