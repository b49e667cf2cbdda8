"""Refused records: what is sent for each, and when there are too many of them; no Kafka in here.

Invariant of the limit: it is judged only once `over` records were seen, then after every batch.
"""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from stream.records import Reason, Records, Refused


class Letter(msgspec.Struct, frozen=True):
    """One refused record as it goes to the dead-letter topic: key and value as they came."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def letter(records: Records, refused: Refused) -> Letter:
    """The dead letter of one refused record; partition and offset are decimal text."""
    at = refused.index
    headers = [
        ("reason", refused.reason.encode()),
        ("topic", records.topic.encode()),
        ("partition", b"%d" % records.partition),
        ("offset", b"%d" % records.offsets[at]),
        ("detail", refused.detail.encode()),
    ]
    return Letter(records.keys[at], records.values[at], headers)


class RefusalLimit:
    """Counts refusals among the last ``over`` records, exactly; ``max_ratio`` None sets no limit."""

    def __init__(self, max_ratio: float | None, over: int) -> None:
        self._max_ratio = max_ratio
        self._over = over
        self._seen = 0
        self._refused: deque[tuple[int, Reason]] = deque()  # (number of the record, why), oldest first

    def add(self, records: Records, refused: list[Refused]) -> None:
        """Counts one batch."""
        self._refused.extend((self._seen + one.index, one.reason) for one in refused)
        self._seen += len(records.offsets)
        while self._refused and self._refused[0][0] < self._seen - self._over:
            self._refused.popleft()

    def exceeded(self) -> str | None:
        """Why the worker has to stop, as one sentence; None while it may go on."""
        if self._max_ratio is None or self._seen < self._over or len(self._refused) <= self._max_ratio * self._over:
            return None
        reason, times = Counter(reason for _, reason in self._refused).most_common(1)[0]
        share = len(self._refused) / self._over
        return (
            f"{len(self._refused):,} of the last {self._over:,} records were refused ({share:.0%}, the limit is "
            f"{self._max_ratio:.0%}), most often for {reason} ({times:,})"
        )
