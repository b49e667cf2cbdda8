"""From a snapshot's slow KPIs to series: of each KPI and queue the latest period that has a value, and as of when.

A pure function of the snapshot. Few on purpose, the rest is in the snapshot. An old figure says of nothing that it is
broken, so no alarm on freshness goes by these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from metrics import names
from metrics.instants import SECOND, parse_instant
from metrics.metric import Metric

#: Exported by queue too; of all others only the whole floor.
BY_QUEUE: Final = ("resolved_per_staffed_hour",)
WHOLE_FLOOR: Final = ""

Rows = list[tuple[tuple[str, ...], float]]


def slow_families(snapshot: Mapping[str, Any], queues: Collection[str]) -> Iterator[tuple[Metric, Rows]]:
    """The values, then the instants of the reports behind them; ``queues`` are those exported by name."""
    latest: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for kpi, rows in snapshot["slow"].items():
        for row in rows:  # the latest period first
            queue = row["queue"] or WHOLE_FLOOR
            is_shown = not queue or (kpi in BY_QUEUE and queue in queues)
            if is_shown and row["value"] is not None:
                latest.setdefault((kpi, queue), row)
    yield names.SLOW_KPI, [(labels, row["value"]) for labels, row in latest.items()]
    yield names.SLOW_KPI_AS_OF, [(labels, parse_instant(row["as_of"]) / SECOND) for labels, row in latest.items()]
