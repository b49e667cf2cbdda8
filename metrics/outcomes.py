"""What became of the tickets of one window: shares of those created in it, with Wilson intervals, and complaints.

Above and below a share stands the same cohort, the tickets created in the window, so that no share passes 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics.intervals import wilson
from metrics.measures import Measure
from metrics.samples import Samples


def outcomes(table: Mapping[int, Mapping[int, int]], samples: Samples) -> dict[str, Any]:
    """The fields of one window; ``table``: amounts by measure and bucket."""

    def count(measure: Measure) -> int:
        return sum(table.get(measure, {}).values())

    created, complaints = count(Measure.CREATED), count(Measure.COMPLAINT_CREATED)
    return {
        "escalation": _share("escalated", count(Measure.ESCALATED_OF_CREATED), created, samples),
        "complaint_escalation": _share("escalated", count(Measure.COMPLAINT_ESCALATED), complaints, samples),
        "complaints": {"created": complaints, "resolved": count(Measure.COMPLAINT_RESOLVED)},
        "conversion": _share("converted", count(Measure.CONVERTED), created, samples),
        "messages_unanswered": count(Measure.MESSAGE_UNANSWERED),
    }


def _share(name: str, part: int, created: int, samples: Samples) -> dict[str, Any]:
    """``part`` of the ``created``, which came to ``name``."""
    bounds = wilson(part, created)
    return {
        "created": created,
        name: part,
        "ratio": part / created if created else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
        "sample": samples.of(created),
    }
