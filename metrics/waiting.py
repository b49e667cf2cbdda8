"""How long the unanswered have waited: by window, as the censored part of the first-response cohort, and all of them.

Waiting times of the cohort go into the log buckets of ``metrics.measures``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from metrics.activity import Distribution
from metrics.columns import EMPTY, run_starts
from metrics.live import Instants
from metrics.measures import SUM_BITS, buckets_of

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


def distribution(multisets: Iterable[Instants], bounds: Sequence[int], now: int) -> Distribution:
    """How many of those who wait since these instants have waited how long: at most the first of ``bounds``, and so on.

    ``bounds`` ascend; with the sum of all. What begins later than ``now`` has waited 0.
    """
    upto, total = [0] * (len(bounds) + 1), 0
    for instants in multisets:
        for place, bound in enumerate(bounds):
            upto[place] += len(instants) - instants.before(now - bound)
        upto[-1] += len(instants)
        waited = np.maximum(now - instants.values, 0)
        # Apart, since the nanoseconds of many long waits are more than 64 bits hold.
        total += (int((waited >> SUM_BITS).sum()) << SUM_BITS) + int((waited & ((1 << SUM_BITS) - 1)).sum())
    counts = tuple(here - before for before, here in pairwise((0, *upto)))
    return Distribution(counts, total)


def add(into: Counts, counts: Counts) -> None:
    """Add counts to counts."""
    for bucket, count in counts.items():
        into[bucket] = into.get(bucket, 0) + count
