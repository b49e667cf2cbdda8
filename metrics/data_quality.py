"""What became of records that count nowhere, or not as they stand, since this process started.

Counts of deliveries, so they depend on order and repeats: beside the snapshot's numbers, never among them.
docs/data-quality.md says what each means and what to do.
"""

from __future__ import annotations

from typing import Any

from metrics.pipeline import Pipeline


def since_start(pipeline: Pipeline, label_overflow: dict[str, int], duplicates: int, too_old: int) -> dict[str, Any]:
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
        "label_overflow": label_overflow,
    }
