"""The metrics that the board alone exports: the wall's numbers, how fresh they are, and the displays."""

from __future__ import annotations

from typing import Final

from metrics.metric import Kind, Metric, Section


def _board(name: str, meaning: str, labels: tuple[str, ...] = (), kind: Kind = Kind.GAUGE) -> Metric:
    return Metric(f"support_board_{name}", kind, labels, meaning, Section.BOARD)


TICKETS_OPEN: Final = _board("tickets_open", "Tickets not resolved, as on the wall.", ("queue",))
AWAITING_FIRST_RESPONSE: Final = _board(
    "awaiting_first_response", "Open tickets without a first reply, as on the wall.", ("queue",)
)
LIVE_BREACHES: Final = _board(
    "sla_live_breaches", "Clocks past their due instant, of all three SLAs, as on the wall.", ("queue",)
)
SNAPSHOT_AT: Final = _board("snapshot_timestamp_seconds", "As of when the snapshot is that the wall shows.")
PARTITIONS_MISSING: Final = _board("partitions_missing", "Partitions whose numbers the snapshot lacks, or has in part.")
CLIENTS: Final = _board("sse_clients", "Displays that are connected.")
DISCONNECTS: Final = _board(
    "sse_disconnects_total",
    "Displays that are connected no more: closed by themselves, or slow and so dropped.",
    ("reason",),
    Kind.COUNTER,
)

ALL: Final = (
    TICKETS_OPEN,
    AWAITING_FIRST_RESPONSE,
    LIVE_BREACHES,
    SNAPSHOT_AT,
    PARTITIONS_MISSING,
    CLIENTS,
    DISCONNECTS,
)
