"""PromQL of panels: metrics with the dashboards' variables, aggregated as docs/metrics.md says they have to be.

A worker's series may be there twice while a partition changes hands, so the maximum over all scrapes comes first and
the sum after it. Window values have one exporter, so their maximum is the value. Counters stand under ``rate`` alone.
"""

from __future__ import annotations

from typing import Final

from alerting.promql import quoted
from metrics import names
from metrics.intervals import Z
from metrics.metric import Metric

#: Labels that a variable of the dashboards selects; of ``window`` there is always one only.
_VARIABLES: Final = {"queue": 'queue=~"$queue"', "priority": 'priority=~"$priority"', "window": 'window="$window"'}
_HOUR: Final = 3600

#: 0 where any worker exports anything, else nothing: what is absent for being zero is told from what is not known.
ZERO: Final = f"0 * max({names.PARTITIONS.name})"


def selected(metric: Metric, suffix: str = "", **fixed: str) -> str:
    """The series of a metric under the variables of its labels; ``fixed``: labels of one value, "" for no matcher."""
    matchers = [
        f"{label}={quoted(fixed[label])}" if fixed.get(label) else "" if label in fixed else _VARIABLES.get(label, "")
        for label in metric.labels
    ]
    return f"{metric.name}{suffix}{_braces(matchers)}"


def _braces(matchers: list[str]) -> str:
    found = ",".join(matcher for matcher in matchers if matcher)
    return f"{{{found}}}" if found else ""


def by(*labels: str) -> str:
    """The grouping of an aggregation, with a blank behind it; nothing where there is none."""
    return f" by ({', '.join(labels)}) " if labels else ""


def once(metric: Metric, **fixed: str) -> str:
    """Each series once, however many export it."""
    return f"max{by(*metric.labels)}({selected(metric, **fixed)})"


def summed(metric: Metric, *labels: str, **fixed: str) -> str:
    """The sum by these labels: of live sets over partitions, of window counts over queues."""
    return f"sum{by(*labels)}({once(metric, **fixed)})"


def greatest(metric: Metric, *labels: str, **fixed: str) -> str:
    """The value of what has one exporter, or the worst of what cannot be summed."""
    return f"max{by(*labels)}({selected(metric, **fixed)})"


def age(metric: Metric, *labels: str, **fixed: str) -> str:
    """Seconds since the earliest of these instants."""
    return f"time() - min{by(*labels)}({selected(metric, **fixed)})"


def per_second(metric: Metric, *labels: str, suffix: str = "", **fixed: str) -> str:
    """How much a counter rises a second, of all workers together."""
    return f"sum{by(*labels)}(rate({selected(metric, suffix, **fixed)}[$__rate_interval]))"


def per_hour(metric: Metric, *labels: str, **fixed: str) -> str:
    """The same, an hour."""
    return f"{_HOUR} * {per_second(metric, *labels, **fixed)}"


def quantile(share: float, metric: Metric, **fixed: str) -> str:
    """A percentile of a histogram, of all workers together: by buckets, so to within one of them."""
    return f"histogram_quantile({share}, {per_second(metric, 'le', suffix='_bucket', **fixed)})"


def or_zero(expr: str) -> str:
    """A sum without labels that is 0 where its series are absent and workers are there."""
    return f"({expr} or {ZERO})"


def or_zero_by_queue(expr: str) -> str:
    """The same by queue: 0 of each queue with an open ticket."""
    return f"{expr} or 0 * {summed(names.TICKETS_OPEN, 'queue')}"


def share(part: str, whole: str) -> str:
    """One by the other, where there is any."""
    return f"{part} / ({whole} > 0)"


def wilson(part: str, whole: str) -> tuple[str, str]:
    """Both bounds of Wilson's 95 % interval of so many of so many.

    With z: (m + z²/2 ∓ z·sqrt(m·(n - m)/n + z²/4)) / (n + z²), Wilson (1927).
    """
    spread = f"{Z:.9g} * sqrt({part} * ({whole} - {part}) / ({whole} > 0) + {Z**2 / 4:.9g})"
    lower, upper = (f"({part} + {Z**2 / 2:.9g} {sign} {spread}) / ({whole} + {Z**2:.9g})" for sign in "-+")
    return f"clamp_min({lower}, 0)", f"clamp_max({upper}, 1)"


def net_promoter(promoters: str, detractors: str, sample: str) -> tuple[str, str]:
    """Both bounds of the adjusted-Wald 95 % interval of an NPS, as ``metrics.intervals.net_promoter``."""
    n, p, d = f"({sample} + 3)", f"(({promoters} + 0.75)", f"(({detractors} + 0.75)"
    p, d = f"{p} / {n})", f"{d} / {n})"
    half = f"{Z:.9g} * sqrt(({p} + {d} - ({p} - {d}) ^ 2) / {n})"
    return f"clamp_min(100 * ({p} - {d} - {half}), -100)", f"clamp_max(100 * ({p} - {d} + {half}), 100)"
