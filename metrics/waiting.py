"""How long the unanswered have waited, by window: the censored part of the first-response cohort.

Waiting times go into the log buckets of ``metrics.measures``. A bucket of instants that lies in one log bucket and in
one window is taken whole, so that the cost grows with the time covered and not with the number of tickets.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from metrics.live import Instants
from metrics.measures import bucket_of

Counts = dict[int, int]


def ages(multisets: Iterable[Instants], edges: Sequence[int], now: int) -> list[Counts]:
    """Tickets by log bucket of their waiting time, for each window.

    Args:
        multisets: creation instants of those who wait.
        edges: the last instant before each window, descending: the shortest window first.
        now: the end of every window, inclusive.
    """
    rings: list[Counts] = [{} for _ in edges]  # what each window adds to the one before it
    rising = [-edge for edge in edges]
    for instants in multisets:
        for first, last, size, bucket in instants.buckets():
            ring = bisect_left(rising, -first + 1) if last <= now else -1
            oldest = bucket_of(now - first) if ring >= 0 else -1
            if ring >= 0 and ring == bisect_left(rising, -last + 1) and oldest == bucket_of(now - last):
                if ring < len(rings):
                    rings[ring][oldest] = rings[ring].get(oldest, 0) + size
                continue
            for instant, count in bucket.items():
                ring = bisect_left(rising, -instant + 1)
                if instant <= now and ring < len(rings):
                    age = bucket_of(now - instant)
                    rings[ring][age] = rings[ring].get(age, 0) + count
    return _cumulated(rings)


def _cumulated(rings: list[Counts]) -> list[Counts]:
    found: list[Counts] = []
    so_far: Counts = {}
    for ring in rings:
        so_far = dict(so_far)
        add(so_far, ring)
        found.append(so_far)
    return found


def add(into: Counts, counts: Counts) -> None:
    """Add counts to counts."""
    for bucket, count in counts.items():
        into[bucket] = into.get(bucket, 0) + count
