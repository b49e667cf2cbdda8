"""From a merged snapshot and the board's own counts to series.

A pure function. Without a snapshot, what would be made of it is absent. A queue's zeros are shown, since the queue is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from metrics import board_names as names
from metrics.instants import SECOND, parse_instant
from metrics.metric import Metric
from metrics.series import Family

_BY_QUEUE: Final[tuple[tuple[Metric, str], ...]] = (
    (names.TICKETS_OPEN, "open"),
    (names.AWAITING_FIRST_RESPONSE, "awaiting_first_response"),
    (names.LIVE_BREACHES, "sla"),
)


def board_families(snapshot: Mapping[str, Any] | None, clients: int, gone: Mapping[str, int]) -> Iterator[Family]:
    """What every board exports; ``gone``: displays by the reason for which they are connected no more."""
    if snapshot is not None:
        partitions = snapshot["partitions"]
        yield Family(names.SNAPSHOT_AT, [((), parse_instant(snapshot["as_of"]) / SECOND)])
        yield Family(names.PARTITIONS_MISSING, [((), partitions["total"] - partitions["ready"])])
    yield Family(names.CLIENTS, [((), clients)])
    yield Family(names.DISCONNECTS, [((reason,), count) for reason, count in gone.items()])


def queue_families(snapshot: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Family]:
    """The wall's numbers by queue, of a board that merges several workers; ``labels``: of each queue there."""
    for metric, name in _BY_QUEUE:
        yield Family(metric, _by_queue(snapshot["queues"], labels, name))


def _by_queue(
    scopes: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str], name: str
) -> list[tuple[tuple[str, ...], float]]:
    found: dict[tuple[str, ...], float] = {}
    for queue, scope in scopes.items():
        number = scope[name] if name != "sla" else sum(clock["live_breaches"] for clock in scope["sla"].values())
        found[(labels[queue],)] = found.get((labels[queue],), 0) + number
    return list(found.items())
