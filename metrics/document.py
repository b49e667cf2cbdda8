"""The document of one partition for other processes, as a struct, and how its columns are read."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from metrics.components import Span
from metrics.facts import Report
from metrics.feeds import Told
from metrics.hours import Sums
from metrics.standing import Standing

#: Of the layout of documents, measures and buckets: those of another version are not read.
VERSION: Final = "2"

#: Cells or places, and the amount of each, as 64-bit integers.
Columns = tuple[bytes, bytes]
INT64: Final = np.dtype("<i8")


class DocumentError(ValueError):
    """A document cannot be read, or is of another configuration."""


class About(msgspec.Struct, frozen=True):
    """What the process of a partition says of itself."""

    partitions: int  # that the event topics have
    feeds: dict[str, Told]
    since_start: dict[str, Any]  # see ``metrics.data_quality``


#: How many in each bucket, and the sum of nanoseconds in two parts, since 64 bits do not hold that of many long waits.
Waits = tuple[tuple[int, ...], int, int]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What one partition comes to at ``as_of``, and what its process says of itself."""

    as_of: int
    about: About
    windows: list[Span]
    before: dict[str, tuple[int, int, int]]
    ready: int
    history_since: int | None
    quality: tuple[int, ...]
    vocabulary_queues: list[str]
    vocabulary_instruments: list[tuple[str, int, int]]
    vocabulary_items: list[tuple[str, str, int, int]]
    queues: list[int]
    cells: dict[str, Columns]
    compared: dict[str, Columns]
    standings: list[tuple[str, str, Standing]]
    waiting: Columns
    age_bounds: tuple[int, ...]
    ages: dict[str, Waits]
    flow: tuple[int, int, bytes]  # queues, hours, and the columns
    reports: list[Report]
    periods: list[tuple[str, str, Columns]]


def read_columns(columns: Columns) -> Sums:
    """Cells and amounts."""
    cells, amounts = (np.frombuffer(column, dtype=INT64) for column in columns)
    return cells, amounts
