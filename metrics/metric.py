"""What a metric is: its name, type, labels, meaning, and the section of the page that it stands in."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """The Prometheus type."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    GAUGE_HISTOGRAM = "gaugehistogram"  # of what is, not of what happened: never take its rate
    INFO = "info"


class Section(StrEnum):
    """What belongs together on the page of all metrics, in its order."""

    ACTIVITY = "Activity since the process started"
    LIVE = "What is open now, by partition"
    WINDOWS = "Rolling windows, by queue"
    FLOOR = "The whole floor"
    SLOW = "Slow KPIs"
    SETTINGS = "Configuration and build"
    QUALITY = "Quality of the data"
    PIPELINE = "The pipeline itself"
    FEEDS = "Feeds"
    BOARD = "The board"  # of metrics.board_names


class Metric(msgspec.Struct, frozen=True):
    """One metric. ``labels`` in the order in which values are given; ``le`` of a histogram is not among them.

    ``meaning`` is empty where the metric is the value of a KPI: the catalogue says what that is
    (``metrics.meanings``).
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    section: Section
