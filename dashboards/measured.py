"""KPIs with an interval: value, bounds and sample size as queries, over the selected queues where these add up.

A ratio of several queues is made of the sums of its parts, never of the ratios of queues. Numbers that are exported of
the whole floor alone are of the whole floor whatever is selected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from dashboards.queries import greatest, net_promoter, share, summed, wilson
from metrics import names
from metrics.metric import Metric


class Measured(msgspec.Struct, frozen=True):
    """A KPI's value, of how many it is, and both ends of its 95 % interval."""

    value: str
    sample: str
    lower: str
    upper: str


def measured(kpi: str, **window: str) -> Measured:
    """The KPI in the window of the dashboard, or in the one that is given.

    Raises:
        KeyError: it has no interval in Prometheus.
    """
    return _OF[kpi](window)


def is_of_the_floor(kpi: str) -> bool:
    """Whether it is of the whole floor alone, whatever queues are selected."""
    return kpi in _OF_THE_FLOOR


_Window = dict[str, str]


def _of_parts(part: str, whole: str) -> Measured:
    return Measured(share(part, whole), whole, *wilson(part, whole))


def _in_sla(met: Metric, breached: Metric) -> Callable[[_Window], Measured]:
    def found(window: _Window) -> Measured:
        return _of_parts(summed(met, **window), f"({summed(met, **window)} + {summed(breached, **window)})")

    return found


def _csat(window: _Window) -> Measured:
    return _of_parts(summed(names.CSAT_WINDOW_SATISFIED, **window), summed(names.CSAT_WINDOW_RESPONSES, **window))


def _nps(window: _Window) -> Measured:
    promoters, detractors = (
        summed(names.NPS_WINDOW_RESPONSES, category=category, **window) for category in ("promoter", "detractor")
    )
    sample = summed(names.NPS_WINDOW_RESPONSES, **window)
    value = f"100 * ({promoters} - {detractors}) / ({sample} > 0)"
    return Measured(value, sample, *net_promoter(promoters, detractors, sample))


def _ces(window: _Window) -> Measured:
    mean, half = (greatest(names.FLOOR[metric], **window) for metric in (names.CES_MEAN, names.CES_HALFWIDTH))
    return Measured(
        mean, summed(names.CES_WINDOW_RESPONSES, queue="", **window), f"{mean} - {half}", f"{mean} + {half}"
    )


def _of_sample(ratio: Metric, sample: Metric, **labels: str) -> Callable[[_Window], Measured]:
    """A share of which there is the ratio and the sample: both of the whole floor."""

    def found(window: _Window) -> Measured:
        of_ratio, of_sample = (
            {label: value for label, value in {**labels, **window}.items() if label in metric.labels}
            for metric in (ratio, sample)
        )
        value, n = greatest(ratio, **of_ratio), summed(sample, **of_sample)
        return Measured(value, n, *wilson(f"({value} * {n})", n))

    return found


def _csat_change(window: _Window) -> Measured:
    value, lower, upper = (
        greatest(metric, **window) for metric in (names.CSAT_CHANGE, names.CSAT_CHANGE_LOWER, names.CSAT_CHANGE_UPPER)
    )
    return Measured(value, summed(names.CSAT_WINDOW_RESPONSES, queue="", **window), lower, upper)


_OF_THE_FLOOR: Final[dict[str, Callable[[_Window], Measured]]] = {
    "ces": _ces,
    "csat_change": _csat_change,
    "escalation": _of_sample(names.ESCALATION, names.WINDOW_CREATED, queue=""),
    "complaint_escalation": _of_sample(names.COMPLAINT_ESCALATION, names.COMPLAINTS_CREATED),
    "conversion": _of_sample(names.CONVERSION, names.WINDOW_CREATED, queue=""),
    "response_rate": _of_sample(names.RESPONSE_RATIO, names.SURVEYS_SENT, survey="csat"),
    "brand_preferred": _of_sample(names.BRAND_PREFERRED, names.BRAND_PREFERRED_ANSWERS),
}
_OF: Final[dict[str, Callable[[_Window], Measured]]] = {
    "first_response_in_sla": _in_sla(names.FIRST_RESPONSE_MET, names.FIRST_RESPONSE_BREACHED),
    "resolution_in_sla": _in_sla(names.RESOLUTION_MET, names.RESOLUTION_BREACHED),
    "csat": _csat,
    "nps": _nps,
    **_OF_THE_FLOOR,
}
