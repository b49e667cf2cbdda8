"""Cells of panes as tables that numbers are read from: by queue, measure and bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from metrics.columns import runs, summed
from metrics.measures import BUCKET_MASK, MEASURE_BITS, MEASURE_MASK, MEASURE_SHIFT
from metrics.panes import Sums

#: What one queue holds of a span of time: measure -> bucket -> amount.
Table = dict[int, dict[int, int]]
#: The same by number of the queue.
Tables = dict[int, Table]


def tables_of(found: Sequence[Sums]) -> Tables:
    """All cells added up, by queue number."""
    tables: Tables = {}
    if not found:
        return tables
    cells, amounts = summed(*(np.concatenate(column) for column in zip(*found, strict=True)))
    for measured, where in runs(cells >> MEASURE_SHIFT):
        table = tables.setdefault(measured >> MEASURE_BITS, {})
        buckets = (cells[where] & BUCKET_MASK).tolist()
        table[measured & MEASURE_MASK] = dict(zip(buckets, amounts[where].tolist(), strict=True))
    return tables


def counts_of(tables: Mapping[int, Table], measure: int, queue: int | None) -> Mapping[int, int]:
    """Amounts of one measure by bucket, of one queue or of all."""
    if queue is not None:
        return tables.get(queue, {}).get(measure, {})
    counts: dict[int, int] = {}
    for table in tables.values():
        for bucket, amount in table.get(measure, {}).items():
            counts[bucket] = counts.get(bucket, 0) + amount
    return counts
