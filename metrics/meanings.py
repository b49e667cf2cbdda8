"""What a metric means, in one sentence: its own, or where it is the value of a KPI, the catalogue's.

The HELP of the exposition and the page docs/metrics.md say this. Invariant: nothing is worded twice.
"""

from __future__ import annotations

from typing import Final

from metrics.catalogue import ALL
from metrics.kpi import Kpi
from metrics.metric import Metric


def _kpis() -> dict[Metric, tuple[Kpi, ...]]:
    found: dict[Metric, tuple[Kpi, ...]] = {}
    for kpi in ALL:
        for metric in kpi.exported:
            found[metric] = (*found.get(metric, ()), kpi)
    return found


#: The KPIs of each metric, in the order of the catalogue.
KPIS_OF: Final = _kpis()
_OF_KPIS: Final = {metric: f"{kpis[0].title}: {kpis[0].formula}." for metric, kpis in KPIS_OF.items()}


def meaning_of(metric: Metric) -> str:
    """The sentence.

    Raises:
        KeyError: the metric has none of its own, and no KPI.
    """
    return metric.meaning or _OF_KPIS[metric]
