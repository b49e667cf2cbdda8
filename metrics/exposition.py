"""A view as Prometheus reads it: text or OpenMetrics. The only module that imports prometheus_client.

Reads nothing but the immutable view, so ``render`` may run in any thread. Families are made afresh each time: what is
gone from the view is gone from the exposition. No sample has a timestamp, and there are no ``_created`` series.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import CollectorRegistry
from prometheus_client.utils import floatToGoString

from metrics.activity import Distribution
from metrics.instants import SECOND
from metrics.names import Kind
from metrics.series import Family, Histogram, families
from metrics.view import View, view

__all__ = ["View", "render", "view"]  # the one door for who serves it


class FloorCollector:
    """The collector of one view."""

    def __init__(self, view: View) -> None:
        self._view = view

    def collect(self) -> Iterable[Metric]:
        """All families, made afresh."""
        return map(_family, families(self._view))


def render(view: View, accept: str | None = None, names: Sequence[str] = ()) -> tuple[bytes, str]:
    """The exposition and its content type, chosen by the Accept header; with ``names`` only these samples."""
    registry = CollectorRegistry(support_collectors_without_names=True)
    registry.register(FloorCollector(view))
    try:
        encode, content_type = choose_encoder(accept or "")
    except TypeError:  # a version that is no number
        encode, content_type = choose_encoder("")
    return encode(registry.restricted_registry(names) if names else registry), content_type


def _family(family: Family | Histogram) -> Metric:
    if isinstance(family, Histogram):
        return _histogram(family)
    metric, rows = family
    match metric.kind:
        case Kind.COUNTER:
            counter = CounterMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            for labels, number in rows:
                counter.add_metric(labels, number)
            return counter
        case Kind.GAUGE:
            gauge = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            for labels, number in rows:
                gauge.add_metric(labels, number)
            return gauge
        case Kind.INFO:
            info = InfoMetricFamily(metric.name.removesuffix("_info"), metric.meaning, labels=metric.labels)
            for labels, _one in rows:
                info.add_metric(labels, {})
            return info
        case Kind.HISTOGRAM:
            raise AssertionError(f"{metric.name} has no buckets")
        case _:
            assert_never(metric.kind)


def _histogram(family: Histogram) -> Metric:
    metric = family.metric
    made = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    bounds = [*(_spelled(bound / SECOND) for bound in family.bounds), "+Inf"]
    for labels, distribution in family.rows.items():
        made.add_metric(labels, _cumulative(bounds, distribution), distribution.total / SECOND)
    return made


def _spelled(bound: float) -> str:
    return str(floatToGoString(bound))  # type: ignore[no-untyped-call]


def _cumulative(bounds: list[str], distribution: Distribution) -> list[tuple[str, float]]:
    upto, made = 0, []
    for bound, count in zip(bounds, distribution.counts, strict=True):
        upto += count
        made.append((bound, float(upto)))
    return made
