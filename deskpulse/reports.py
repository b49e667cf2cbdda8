"""A report for a person at a terminal, and as CSV: a row a period, a column a KPI."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deskpulse.tables import NONE, WIDTH, csat_cell, name_cell, nps_cell, percent_cell, seconds_cell
from metrics.calendar_periods import columns

Row = Mapping[str, Any]
_TIMED: Final = ("mean", "p50", "p90")

#: What a report shows on a terminal where no KPI is asked for; CSV and JSON have all of them.
_COLUMNS: Final[tuple[tuple[str, Callable[[Row], str]], ...]] = (
    ("created", lambda row: f"{row['created']:,}"),
    ("resolved", lambda row: f"{row['resolved']:,}"),
    ("reopened", lambda row: f"{row['reopened']:,}"),
    ("escalated", lambda row: f"{row['escalated']:,}"),
    ("never replied", lambda row: f"{row['closed_unanswered']:,}"),
    ("first response p50", lambda row: seconds_cell(row["first_response"]["p50"])),
    ("p90", lambda row: seconds_cell(row["first_response"]["p90"])),
    ("in SLA", lambda row: percent_cell(row["first_response"]["in_sla_ratio"])),
    ("resolution p50", lambda row: seconds_cell(row["resolution"]["p50"])),
    ("in SLA", lambda row: percent_cell(row["resolution"]["in_sla_ratio"])),
    ("CSAT satisfied", csat_cell),
    ("NPS", nps_cell),
)


def kpi_paths(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Every KPI that any of the rows has, as ``csat.satisfied_ratio``, in the order of the rows."""
    about = {"period", "start", "end", "partial", "complete"}
    found = dict.fromkeys(path for row in rows for path in columns(row))
    # What is null as a whole in one period and an object in another has the object's columns.
    parents = {path[:at] for path in found for at, letter in enumerate(path) if letter == "."}
    return [path for path in found if path not in about and path not in parents]


def csv_text(rows: Sequence[dict[str, Any]], paths: Sequence[str]) -> str:
    """RFC 4180, with a header; durations in seconds, ratios from 0 to 1, no data as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("period", "start", "end", "partial", *paths))
    for row in rows:
        flat = columns(row)
        writer.writerow([_written(flat.get(path)) for path in ("period", "start", "end", "partial", *paths)])
    return text.getvalue()


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else value


def print_report(report: Mapping[str, Any], paths: Sequence[str] | None) -> None:
    """Print to stdout; ``paths``: these KPIs instead of the usual ones."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(_title(report))
    console.print(_table(report, paths))


def _title(report: Mapping[str, Any]) -> Text:
    queue = "all queues" if report["queue"] is None else name_cell(report["queue"]).plain
    about = f"{queue}, by {report['by']} of {report['time_zone']}, as known at {report['as_of']}"
    return Text(f"{about}   history since {report['history_since']}")


def _table(report: Mapping[str, Any], paths: Sequence[str] | None) -> Table:
    shown = _COLUMNS if paths is None else tuple((path, _cell_of(path)) for path in paths)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, caption_justify="left")
    table.add_column(report["by"], no_wrap=True)
    for title, _ in shown:
        table.add_column(name_cell(title), justify="right")
    for row in report["periods"]:
        name = f"{row['period']}{' *' if row['partial'] else ''}"
        table.add_row(name, *(cell(row) for _, cell in shown))
    if any(row["partial"] for row in report["periods"]):
        table.caption = "* in part: the log begins in it or ends before its end"
    return table


def _cell_of(path: str) -> Callable[[Row], str]:
    return lambda row: shown_value(path, columns(dict(row)).get(path))


def is_duration(path: str) -> bool:
    """Whether a KPI's value is seconds."""
    parent, _, leaf = path.rpartition(".")
    return leaf in _TIMED and ("response" in parent or "resolution" in parent)


def shown_value(path: str, value: Any) -> str:
    """One KPI's value in words: durations as 1h30m, ratios in percent."""
    if value is None:
        return NONE
    if is_duration(path):
        return seconds_cell(value)
    leaf = path.rpartition(".")[2]
    if leaf.endswith("ratio"):
        return percent_cell(value)
    if isinstance(value, (bool, str, list, dict)):
        return name_cell(str(value)).plain
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
