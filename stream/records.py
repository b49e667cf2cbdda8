"""What passes between the Faust rim and the pure core: a batch of Kafka records in, changed states and refusals out.

Neither side knows the other: the rim never looks into a payload, the core never sees a consumer or producer.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class Reason(StrEnum):
    """Why a record was refused. The value is the dead letter's ``reason`` header and the metric's label."""

    NOT_JSON = "not_json"
    NOT_EVENT = "not_event"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    BAD_TIME = "bad_time"
    FUTURE = "future"
    BAD_SCORE = "bad_score"
    KEY = "key"
    TOO_LARGE = "too_large"


class Records(msgspec.Struct, frozen=True, gc=False):
    """Consecutive records of one topic partition, as fetched: all lists have the same length."""

    topic: str
    partition: int
    offsets: list[int]
    timestamps_ms: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]


class Refused(msgspec.Struct, frozen=True):
    """Record ``index`` of the batch was not applied, with a reason and a sentence for a person."""

    index: int
    reason: Reason
    detail: str


class Applied(msgspec.Struct, frozen=True):
    """What a batch did: the changed entries' new encoded states (one per key), and what was refused."""

    changed: list[tuple[bytes, bytes]]
    refused: list[Refused]


class Partition(Protocol):
    """The pure state of one partition: its tickets and everything derived from them."""

    def apply(self, records: Records, now: int) -> Applied:
        """Apply one batch; never raises for bad data. ``now`` is the clock, in nanoseconds."""
        ...

    def restore(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Take entries back from the changelog in its order; a value of None is a tombstone."""
        ...

    def expire(self, now: int) -> list[bytes]:
        """Drop what is beyond its retention; returns the keys, each of which needs a tombstone."""
        ...


class Partitions(Protocol):
    """All partitions that this worker owns."""

    def open(self, partition: int) -> Partition:
        """A new, empty state for a partition that was just assigned (or is about to be recovered again)."""
        ...

    def drop(self, partition: int) -> None:
        """Forget a partition: its tickets, panes and live sets are gone with it."""
        ...
