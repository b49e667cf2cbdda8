"""What a floor must show of each stream KPI, by a walk over the catalogue: told of snapshots, it names what is missing.

A KPI that is added to the catalogue is asked for without a line here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from metrics.catalogue import ALL, value_at
from metrics.kpi import Kpi, Place
from metrics.metric import Metric
from metrics.names import WITHOUT_POLICY

Snapshot = dict[str, Any]

STREAM = [kpi for kpi in ALL if kpi.place in (Place.NOW, Place.WINDOW)]

#: Null while nobody waits, or nobody is late: that is what they say then.
NULL_WHERE_NOBODY_WAITS = {"oldest_awaiting_first_response", "first_response_overdue"}
#: Everything on the demo's floor has a promise: anything else would be an alert.
ALWAYS_NOTHING = {"without_policy"}
#: Mostly the same for an hour: on a usual day everything is resolved in time.
MOSTLY_KEPT = {"resolution_breaching", "resolution_in_sla", "resolution_in_sla_now"}
#: Samples that only weeks of history bring.
OF_WEEKS = ("_week_ago", "_normal")


def windows_of(snapshot: Snapshot, kpi: Kpi) -> list[str]:
    return list(snapshot["all"]["windows"]) if kpi.place is Place.WINDOW else [""]


def is_told(value: object) -> bool:
    """Whether it is a number, or by item at least one."""
    return value is not None and value != {}


def untold(snapshot: Snapshot) -> set[str]:
    """The stream KPIs of which the whole floor has no number in any window."""
    return {
        kpi.name
        for kpi in STREAM
        if not any(is_told(value_at(snapshot["all"], kpi, window)) for window in windows_of(snapshot, kpi))
    }


def still(snapshots: Sequence[Snapshot]) -> set[str]:
    """The stream KPIs that have one and the same value in all snapshots, whichever scope and window is looked at."""
    return {kpi.name for kpi in STREAM if all(len(found) == 1 for found in _values(snapshots, kpi))}


def _values(snapshots: Sequence[Snapshot], kpi: Kpi) -> Iterator[set[str]]:
    queues = set.intersection(*(set(snapshot["queues"]) for snapshot in snapshots))
    for queue in (None, *sorted(queues)):
        scopes = [snapshot["all"] if queue is None else snapshot["queues"][queue] for snapshot in snapshots]
        for window in windows_of(snapshots[0], kpi):
            yield {repr(value_at(scope, kpi, window)) for scope in scopes}


def without_sample(exposition: str) -> set[str]:
    """The metrics of all KPIs that have no sample there; not those that need weeks, or a ticket without a promise."""
    sampled = {
        line.partition("{")[0].partition(" ")[0] for line in exposition.splitlines() if line[:1] not in {"", "#"}
    }
    known: set[Metric] = {metric for kpi in ALL for metric in kpi.metrics}
    return {
        metric.name
        for metric in known
        if not sampled & {metric.name, f"{metric.name}_bucket"}
        and metric is not WITHOUT_POLICY
        and not metric.name.endswith(OF_WEEKS)
    }
