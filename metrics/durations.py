"""How long things of one window took, how many of them in SLA, and how far each of these numbers can be relied upon.

A number of durations is of ``count``, a share in SLA of the clocks that are settled (now: or late), a number of the
cohort of the tickets created. Each of these has a word of its own, since the three differ in size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from metrics.instants import SECOND
from metrics.intervals import wilson
from metrics.measures import SUM_BITS, SUM_HIGH, SUM_LOW, Measure
from metrics.samples import Samples
from metrics.survival import nearest_rank, quantiles
from metrics.waiting import Counts, add

Table = Mapping[int, Mapping[int, int]]  # amounts by measure and bucket

FIRST_RESPONSE: Final = (Measure.FIRST_RESPONSE_MET, Measure.FIRST_RESPONSE_BREACHED)
RESOLUTION: Final = (Measure.RESOLUTION_MET, Measure.RESOLUTION_BREACHED)


def durations(table: Table, measure: int, samples: Samples) -> dict[str, Any]:
    """Number, exact mean, median and 90th percentile, in seconds; None without any."""
    counts = table.get(measure, {})
    n = sum(counts.values())
    p50, p90 = nearest_rank(counts, (50, 90))
    high, low = (table.get(measure + part, {}).get(0, 0) for part in (SUM_HIGH, SUM_LOW))
    total = (high << SUM_BITS) + low
    return {"count": n, "mean": total / (n * SECOND) if n else None, "p50": p50, "p90": p90, "sample": samples.of(n)}


def attainment(table: Table, verdicts: tuple[Measure, Measure], late: int, samples: Samples) -> dict[str, Any]:
    """The share in SLA of the clocks that are settled, and of those and the ``late`` ones, which are not; Wilson."""
    met, breached = (sum(table.get(measure, {}).values()) for measure in verdicts)
    settled = met + breached
    lower, upper = lower_now, upper_now = wilson(met, settled) or (None, None)
    if late:
        lower_now, upper_now = wilson(met, settled + late) or (None, None)
    return {
        "met": met,
        "breached": breached,
        "settled": settled,
        "in_sla_ratio": met / settled if settled else None,
        "in_sla_lower95": lower,
        "in_sla_upper95": upper,
        "sla_sample": samples.of(settled),
        "settled_or_late": settled + late,
        "in_sla_ratio_now": met / (settled + late) if settled + late else None,
        "in_sla_now_lower95": lower_now,
        "in_sla_now_upper95": upper_now,
        "sla_sample_now": samples.of(settled + late),
    }


def cohort(table: Table, waiting: Counts, samples: Samples) -> dict[str, Any]:
    """First response of the tickets created, those that still wait (by log bucket of their time so far) censored."""
    answered = table.get(Measure.COHORT_ANSWERED, {})
    censored = dict(table.get(Measure.COHORT_CLOSED, {}))
    closed, still = sum(censored.values()), sum(waiting.values())
    add(censored, waiting)
    p50, p90 = quantiles(answered, censored, (0.5, 0.1))
    created = sum(answered.values()) + closed + still
    return {"created": created, "waiting": still, "p50": p50, "p90": p90, "sample": samples.of(created)}
