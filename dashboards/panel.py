"""The nouns of the dashboards: query, panel, row, dashboard. Values only; ``drawing`` makes Grafana's of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from alerting.panels import Seen

#: The width of a dashboard in Grafana's grid.
COLUMNS: Final = 24


class Colour(StrEnum):
    """Blue is good, for those too who cannot tell red from green; a word says the same beside each."""

    GOOD = "blue"
    AT_RISK = "orange"
    BREACH = "red"
    UNKNOWN = "purple"
    PLAIN = "text"


class Shape(StrEnum):
    """How a panel shows its numbers."""

    NUMBER = "stat"
    LINES = "timeseries"
    STATES = "state-timeline"
    HEAT = "heatmap"
    TABLE = "table"


class Role(StrEnum):
    """What a query's series are in a panel of lines, or in a table."""

    VALUE = "value"
    LOWER = "lower"  # bounds of the 95 % interval of the value: the band between them is filled
    UPPER = "upper"
    SAMPLE = "sample"  # of how many the value is: a number of its own, on the right
    REFERENCE = "reference"  # what the value is compared with: dashed


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One query of Prometheus; ``legend`` names its series, of a table its column.

    ``unit``, ``decimals`` and ``words`` are those of the panel where they are None.
    """

    expr: str
    legend: str
    role: Role = Role.VALUE
    unit: str | None = None
    decimals: int | None = None
    words: tuple[Word, ...] | None = None
    steps: tuple[Step, ...] | None = None


def sample(expr: str, legend: str = "n") -> Query:
    """Of how many a value is."""
    return Query(expr=expr, legend=legend, role=Role.SAMPLE, unit="short", decimals=0)


class Word(msgspec.Struct, frozen=True):
    """What a number is called and how it is coloured."""

    value: int
    text: str
    colour: Colour


class Step(msgspec.Struct, frozen=True):
    """From ``value`` on this colour; None: from below any."""

    value: float | None
    colour: Colour


class Link(msgspec.Struct, frozen=True):
    """Where a panel leads. ``is_of_series``: the address names labels of the series that is clicked."""

    title: str
    url: str
    is_of_series: bool = False


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel. ``key`` names it for ever: its id follows from that, and links of alerts lead there.

    Attributes:
        says: what the number means; ``act``: what to do about it, in one sentence.
        kpis: names of the catalogue's KPIs that it shows.
        interval: the least distance of two points, where rates over less would be of nothing.
        sort: the column of a table by which it is sorted, the greatest first.
    """

    key: str
    title: str
    says: str
    act: str
    unit: str
    queries: tuple[Query, ...]
    shape: Shape = Shape.LINES
    kpis: tuple[str, ...] = ()
    width: int = 8
    height: int = 8
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    steps: tuple[Step, ...] = ()
    words: tuple[Word, ...] = ()
    links: tuple[Link, ...] = ()
    interval: str | None = None
    is_stacked: bool = False
    sort: str | None = None


class Row(msgspec.Struct, frozen=True):
    """Panels under a title."""

    title: str
    panels: tuple[Panel, ...]


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """One dashboard. ``window``: the one that is shown at first; ``since``: the time range that it opens with."""

    uid: str
    title: str
    says: str
    rows: tuple[Row, ...]
    window: str
    since: str = "now-6h"
    refresh: str = "30s"

    def seen(self, panel: Panel) -> Seen:
        """The panel by the uid of this dashboard and its key."""
        return Seen(self.uid, panel.key)
