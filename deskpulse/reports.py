"""A report for a person at a terminal, and as CSV: a row a period, a column a KPI."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from textwrap import wrap
from typing import Any, Final, NamedTuple

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deskpulse.cells import Flat, heading, kpi_at, printable
from deskpulse.configuration.values import closest
from deskpulse.slow_cells import slow_cells, slow_notes, slow_paths
from deskpulse.tables import WIDTH, cells_of, legend, name_cell
from metrics.calendar_periods import columns
from metrics.catalogue import BY_NAME
from metrics.kpi import Kpi, Place
from metrics.slow_periods import SLOW_KPIS, SLOW_OF_A_PERIOD

#: What a report shows on a terminal where no KPI is asked for, by names in the catalogue: the work, and what customers
#: say or are left with. CSV and JSON have all of them.
TABLES: Final = (
    (
        *("created", "resolved", "reopened", "escalated"),
        *("first_response", "first_response_p90", "first_response_in_sla", "resolution_p50", "resolution_in_sla"),
    ),
    ("csat", "nps", "ces", "response_rate", "complaints", "closed_unanswered", "messages_unanswered"),
)


def kpi_paths(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Every KPI that any of the rows has, as ``csat.satisfied_ratio``, in the order of the rows."""
    about = {"period", "start", "end", "partial", "complete", SLOW_KPIS}
    found = dict.fromkeys(path for row in rows for path in columns(row) if not path.startswith(f"{SLOW_KPIS}."))
    # What is null as a whole in one period and an object in another has the object's columns.
    parents = {path[:at] for path in found for at, letter in enumerate(path) if letter == "."}
    return [path for path in found if path not in about and path not in parents] + slow_paths(rows)


def path_of(asked: str, paths: Collection[str]) -> str:
    """The path of a KPI that is asked for by its name in the catalogue; a path is one already."""
    if asked in paths or asked not in BY_NAME:
        return asked
    return (SLOW_OF_A_PERIOD.get(asked) or BY_NAME[asked]).path


def no_such(path: str, paths: Collection[str]) -> str:
    """Why there is no KPI at that path."""
    if any(path == kpi.path for kpi in SLOW_OF_A_PERIOD.values()):
        return "no fact of it is known of any of these periods"
    return f"no such KPI{closest(path, paths)}"


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
    flats = [columns(dict(row)) for row in report["periods"]]
    known = {path: None for flat in flats for path in flat}
    shown: list[list[str]] = []
    groups = _groups(known) if paths is None else [[kpi_at(path, known) for path in paths]]
    for kpis in groups:
        found = [_column(kpi, cells) for kpi, cells in zip(kpis, _cells(kpis, flats), strict=True)]
        for part in _that_fit(found, console.width - max(len(_name(row)) for row in report["periods"])):
            console.print("", _table(report, part), sep="\n")
        shown += [column.cells for column in found]
    console.print("", *_notes(report, shown, chain(*groups)), sep="\n")


class Column(NamedTuple):
    """One KPI of a table: its title in lines, and a cell a period."""

    title: list[str]
    cells: list[str]

    @property
    def width(self) -> int:
        """With the space before it."""
        return max(map(len, [*self.title, *self.cells])) + 2


def _groups(known: Flat) -> list[list[Kpi]]:
    groups = [[BY_NAME[name] for name in names if BY_NAME[name].path in known] for names in TABLES]
    slow = [kpi for kpi in SLOW_OF_A_PERIOD.values() if kpi.path in known]
    return [*groups, slow] if slow else groups


def _cells(kpis: Sequence[Kpi], flats: Sequence[Flat]) -> list[list[str]]:
    found = zip(kpis, cells_of(kpis, flats), strict=True)
    return [slow_cells(kpi, flats) if kpi.place is Place.SLOW else cells for kpi, cells in found]


def _column(kpi: Kpi, cells: list[str]) -> Column:
    """The title in lines no wider than what stands below it, or than its longest word."""
    title = printable(heading(kpi))
    return Column(wrap(title, max(map(len, [*title.split(), *cells, " "]))), cells)


def _that_fit(found: Sequence[Column], width: int) -> list[list[Column]]:
    """The columns in parts that are no wider than this: a table below another can be read, one cut off cannot."""
    parts: list[list[Column]] = [[]]
    for column in found:
        if parts[-1] and sum(one.width for one in (*parts[-1], column)) > width - 2:
            parts.append([])
        parts[-1].append(column)
    return parts


def _notes(report: Mapping[str, Any], shown: Sequence[Sequence[str]], kpis: Iterable[Kpi]) -> list[Text]:
    is_partial = any(row["partial"] for row in report["periods"])
    partial = Text("* in part: the log begins in it or ends before its end", style="dim")
    slow = [Text(note, style="dim") for note in slow_notes(report["periods"], kpis)]
    return [partial] * is_partial + legend(shown) + slow


def _title(report: Mapping[str, Any]) -> Text:
    queue = "all queues" if report["queue"] is None else name_cell(report["queue"]).plain
    about = f"{queue}, by {report['by']} of {report['time_zone']}, as known at {report['as_of']}"
    return Text(f"{about}   history since {report['history_since']}")


def _table(report: Mapping[str, Any], shown: Sequence[Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    table.add_column(report["by"], no_wrap=True)
    for column in shown:
        table.add_column(Text("\n".join(column.title)), justify="right", overflow="fold")
    for row, *cells in zip(report["periods"], *(column.cells for column in shown), strict=True):
        table.add_row(_name(row), *cells)
    return table


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['period']}{' *' if row['partial'] else ''}"
