"""A snapshot as tables for a person at a terminal: live numbers, and the windows of one scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from deskpulse.cells import CAUTION, LEGEND, NONE, NOT_ENOUGH, Flat, cell, number, printable
from metrics.calendar_periods import columns
from metrics.catalogue import BY_NAME
from metrics.kpi import Kpi

WIDTH: Final = 140  # where there is no terminal to ask
_LIVE: Final = (
    ("open", "open"),
    ("awaiting_first_response", "await first reply"),
    ("awaiting_reply", "await reply"),
    ("paused", "paused"),
    ("escalated_open", "escalated"),
)
_WINDOW: Final = ("1h", "24h", "7d", "30d")

#: The KPIs of the window table, by their names in the catalogue.
ROWS: Final = (
    "created",
    "replied",
    "resolved",
    "reopened",
    "escalated",
    "complaints",
    "closed_unanswered",
    "messages_unanswered",
    "first_response",
    "first_response_p90",
    "first_response_with_the_waiting",
    "first_response_with_the_waiting_p90",
    "first_response_business",
    "first_response_in_sla",
    "first_response_in_sla_now",
    "resolution_p50",
    "resolution_p90",
    "resolution_in_sla",
    "csat",
    "nps",
    "ces",
    "response_rate",
)


def print_snapshot(snapshot: Mapping[str, Any]) -> None:
    """Print to stdout."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(summary(snapshot, queues_max=15))


def summary(snapshot: Mapping[str, Any], queues_max: int) -> Group:
    """The floor as of the snapshot: live numbers for all and the busiest queues, then the windows of all."""
    partitions = snapshot["partitions"]
    parts = f"partitions ready {partitions['ready']} of {partitions['total']}"
    since = snapshot["history_since"] or "no events yet"
    return Group(
        f"as of [bold]{snapshot['as_of']}[/]   history since {since}   {parts}",
        live_table(snapshot, queues_max),
        window_table(snapshot["all"]),
    )


def live_table(snapshot: Mapping[str, Any], queues_max: int) -> Table:
    """What is open and late, a row a queue, most open first."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("now")
    for _, title in _LIVE:
        table.add_column(title, justify="right")
    for title in ("breaching FRT", "at risk", "breaching resolution", "oldest waiting since"):
        table.add_column(title, justify="right")
    queues = sorted(snapshot["queues"].items(), key=lambda item: -item[1]["open"])
    for name, scope in [("all queues", snapshot["all"]), *queues[:queues_max]]:
        first, resolution = scope["sla"]["first_response"], scope["sla"]["resolution"]
        table.add_row(
            name_cell(name),
            *(f"{scope[key]:,}" for key, _ in _LIVE),
            f"{first['live_breaches']:,}",
            f"{first['at_risk']:,}",
            f"{resolution['live_breaches']:,}",
            _short(scope["oldest_awaiting_first_response_at"]),
        )
    if len(queues) > queues_max:
        table.caption = f"and {len(queues) - queues_max} more queues"
    return table


def window_table(scope: Mapping[str, Any]) -> Group:
    """What happened, a column a window; a KPI that the floor is not configured for is left out."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    windows = {name: scope["windows"][name] for name in ("today", *_WINDOW) if name in scope["windows"]}
    table.add_column("all queues")
    for name, window in windows.items():
        table.add_column(name if window["complete"] else f"{name} (part)", justify="right", overflow="fold")
    flats = [columns(window) for window in windows.values()]
    rows = [BY_NAME[name] for name in ROWS if any(BY_NAME[name].path in flat for flat in flats)]
    shown = cells_of(rows, flats)
    for row, cells in zip(rows, shown, strict=True):
        table.add_row(row.short, *cells)
    return Group("", table, "", *legend(shown))


def cells_of(kpis: Sequence[Kpi], flats: Sequence[Flat]) -> list[list[str]]:
    """The cells of each KPI, in the order of the windows; of those in a row that are of one sample, the first has n."""
    before: list[str | None] = [None, *(kpi.sample for kpi in kpis)]
    return [
        [cell(number(kpi, flat), with_size=kpi.sample != former) for flat in flats]
        for kpi, former in zip(kpis, before, strict=False)
    ]


def legend(rows: Iterable[Iterable[str]]) -> list[Text]:
    """A line that says what the marks in these cells mean; none where there is no mark."""
    marked = any(one.startswith(CAUTION) or one.endswith(NOT_ENOUGH) for cells in rows for one in cells)
    return [Text(LEGEND, style="dim")] if marked else []


def name_cell(queue: str) -> Text:
    """A queue's name as it is: no markup, and nothing that would steer the terminal."""
    return Text(printable(queue))


def _short(instant: str | None) -> str:
    return NONE if instant is None else instant[:16].replace("T", " ")
