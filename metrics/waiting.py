"""How long the unanswered have waited, by window: the censored part of the first-response cohort.

Waiting times go into the log buckets of ``metrics.measures``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from metrics.columns import EMPTY, run_starts
from metrics.live import Instants
from metrics.measures import buckets_of

Counts = dict[int, int]


def ages(multisets: Iterable[Instants], edges: Sequence[int], now: int) -> list[Counts]:
    """Tickets by log bucket of their waiting time, for each window.

    Args:
        multisets: creation instants of those who wait.
        edges: the last instant before each window, descending: the shortest window first.
        now: the end of every window, inclusive.
    """
    found: list[Counts] = [{} for _ in edges]
    for instants in multisets:
        upto = instants.before(now + 1)
        starts = [min(instants.before(edge + 1), upto) for edge in edges]
        first = min(starts, default=upto)
        if first == upto:
            continue
        # Ascending instants are descending ages: the buckets of each window are a suffix of the longest one's.
        buckets = buckets_of(now - instants.values[first:upto])
        for into, start in zip(found, starts, strict=True):
            within = buckets[start - first :] if start < upto else EMPTY
            at = run_starts(within)
            for bucket, count in zip(within[at].tolist(), np.diff(at, append=len(within)).tolist(), strict=True):
                into[bucket] = into.get(bucket, 0) + count
    return found


def add(into: Counts, counts: Counts) -> None:
    """Add counts to counts."""
    for bucket, count in counts.items():
        into[bucket] = into.get(bucket, 0) + count
