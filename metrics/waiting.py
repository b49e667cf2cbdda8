"""How long the unanswered have waited: by window, as the censored part of the first-response cohort, and all of them.

Waiting times of the cohort go into the log buckets of ``metrics.measures``, and into cells as those of panes, with a
place in the order of windows instead of a measure: that of the shortest window in which a ticket was created.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from metrics.activity import Distribution
from metrics.columns import EMPTY, ints, summed
from metrics.hours import Sums
from metrics.live import Instants
from metrics.measures import MEASURE_SHIFT, QUEUE_SHIFT, SUM_BITS, buckets_of

Counts = dict[int, int]


def ages(multisets: Iterable[tuple[int, Instants]], edges: Sequence[int], now: int) -> Sums:
    """Tickets by queue, shortest window and log bucket of their waiting time.

    Args:
        multisets: numbers of queues, each with creation instants of those who wait there.
        edges: the last instant before each window, descending: the shortest window first.
        now: the end of every window, inclusive.
    """
    found = [(queue, instants.values) for queue, instants in multisets if len(instants)]
    if not found or not edges:
        return EMPTY, EMPTY
    queues = np.repeat(ints([queue for queue, _ in found]), [len(values) for _, values in found])
    instants = np.concatenate([values for _, values in found])
    wanted = np.flatnonzero((instants > edges[-1]) & (instants <= now))
    queues, instants = queues[wanted], instants[wanted]
    windows = len(edges) - ints(edges[::-1]).searchsorted(instants)
    cells = queues << QUEUE_SHIFT | windows << MEASURE_SHIFT | buckets_of(now - instants)
    return summed(cells, np.ones(len(cells), dtype=np.int64))


def of_window(waiting: Mapping[int, Counts], first: int, last: int) -> Counts:
    """Tickets by log bucket in the windows of places ``first <= place <= last`` that are in no shorter one."""
    counts: Counts = {}
    for place in range(first, last + 1):
        add(counts, waiting.get(place, {}))
    return counts


class Ages(msgspec.Struct, frozen=True):
    """How long the unanswered have waited, by queue, in buckets of these bounds: nanoseconds, ascending."""

    bounds: tuple[int, ...]
    queues: Mapping[str, Distribution]


def ages_by_queue(waiting: Iterable[tuple[str, Instants]], bounds: tuple[int, ...], now: int) -> Ages:
    """Of those who wait in these queues since these instants; a queue may be there several times."""
    multisets: dict[str, list[Instants]] = {}
    for queue, instants in waiting:
        if len(instants):
            multisets.setdefault(queue, []).append(instants)
    return Ages(bounds, {queue: distribution(found, bounds, now) for queue, found in multisets.items()})


def ages_together(found: Iterable[Ages], bounds: tuple[int, ...], label: Callable[[str], str]) -> Ages:
    """Of several partitions, by label of the queues; nobody's where one has other bounds: that would be too few."""
    queues: dict[str, Distribution] = {}
    for ages in found:
        if ages.bounds != bounds:
            return Ages(bounds, {})
        for queue, one in ages.queues.items():
            known = queues.get(label(queue))
            queues[label(queue)] = one if known is None else _added(known, one)
    return Ages(bounds, queues)


def by_label(ages: Ages) -> dict[tuple[str, ...], Distribution]:
    """As an exposition shows them."""
    return {(queue,): found for queue, found in ages.queues.items()}


def _added(one: Distribution, other: Distribution) -> Distribution:
    counts = tuple(mine + theirs for mine, theirs in zip(one.counts, other.counts, strict=True))
    return Distribution(counts, one.total + other.total)


def distribution(multisets: Iterable[Instants], bounds: Sequence[int], now: int) -> Distribution:
    """How many of those who wait since these instants have waited how long: at most the first of ``bounds``, and so on.

    ``bounds`` ascend; with the sum of all. What begins later than ``now`` has waited 0.
    """
    upto, total = [0] * (len(bounds) + 1), 0
    too_early = [now - bound - 1 for bound in bounds]
    for instants in multisets:
        for place, earlier in enumerate(instants.upto(too_early)):
            upto[place] += len(instants) - earlier
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
