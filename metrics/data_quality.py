"""What became of records that count nowhere, or not as they stand, since this process started.

Counts of deliveries, so they depend on order and repeats: beside the snapshot's numbers, never among them.
docs/data-quality.md says what each means and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics import names
from metrics.activity import Counted
from metrics.pipeline import Pipeline


def since_start(pipeline: Pipeline, counted: Counted, duplicates: int, too_old: int) -> dict[str, Any]:
    """Ready for JSON; ``duplicates`` and ``too_old`` are of all partitions. Reasons without a record are left out."""
    letters: dict[str, int] = {}
    for (_topic, reason), count in pipeline.dead_letters.items():
        if count:
            letters[reason] = letters.get(reason, 0) + count
    return {
        "records": sum(pipeline.records.values()),
        "duplicates": duplicates,
        "too_old": too_old,
        "misrouted": pipeline.misrouted,
        "dead_lettered": letters,
        "label_overflow": _overflow(counted.counts[names.LABEL_OVERFLOW.name]),
    }


def _overflow(counts: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    return {label: count for (label,), count in counts.items() if count}
