"""Key drivers for a person at a terminal: what goes with low satisfaction, how strongly, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskpulse.cells import NONE, percent_cell
from deskpulse.tables import WIDTH, name_cell

_TITLES: Final = {
    "first_response": "first response time",
    "reopens": "number of reopens",
    "channel": "channel",
    "queue": "queue",
    "escalated": "escalated",
}


def print_drivers(found: Mapping[str, Any]) -> None:
    """Print to stdout."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(Group(*_blocks(found)))


def _blocks(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield Text(
        f"CSAT 1-5 answers from {found['from']} to {found['to']}: n={found['answers']:,}, satisfied "
        f"{percent_cell(found['satisfied_ratio'])}{_interval(found, '', percent_cell)}"
    )
    ranked = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("driver", "n", "rank correlation", "95 % interval", "reading"):
        ranked.add_column(title, justify="right" if title not in {"driver", "reading"} else "left")
    for driver in found["drivers"]:
        if driver["method"] == "spearman":
            ranked.add_row(_TITLES[driver["driver"]], f"{driver['n']:,}", *_correlation(driver))
    yield ranked
    for driver in found["drivers"]:
        if driver["method"] == "cramers_v":
            yield from _values(driver)
    yield Text("What goes together need not be cause and effect: look at what else differs.", style="dim")


def _correlation(driver: Mapping[str, Any]) -> tuple[str, str, str]:
    value, low, high = driver["correlation"], driver["lower95"], driver["upper95"]
    if value is None:
        return NONE, NONE, str(driver["note"])
    shown = f"{value:+.2f}"
    if low is None:
        return shown, NONE, NONE
    if low > 0:
        reading = "more of it goes with higher scores"
    elif high < 0:
        reading = "more of it goes with lower scores"
    else:
        reading = "none shown"
    return shown, f"{low:+.2f} to {high:+.2f}", reading


def _values(driver: Mapping[str, Any]) -> Iterator[RenderableType]:
    strength = driver["cramers_v"]
    told = str(driver["note"]) if strength is None else f"Cramér's V {strength:.2f}, n={driver['n']:,}"
    yield Text(f"{_TITLES[driver['driver']]}: {told}", style="bold")
    if not driver["values"]:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in (_TITLES[driver["driver"]], "n", "satisfied", "against all others", "reading"):
        table.add_column(title, justify="left" if title in {_TITLES[driver["driver"]], "reading"} else "right")
    for one in driver["values"]:
        satisfied = percent_cell(one["satisfied_ratio"]) + _interval(one, "", percent_cell)
        against, reading = NONE, str(one["note"])
        if one["difference"] is not None:
            against = f"{100 * one['difference']:+.1f} points{_interval(one, 'difference_', _points)}"
            low, high = one["difference_lower95"], one["difference_upper95"]
            reading = "lower" if high < 0 else "higher" if low > 0 else "none shown"
        table.add_row(name_cell(one["value"]), f"{one['n']:,}", satisfied, against, reading)
    yield table


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _interval(of: Mapping[str, Any], prefix: str, shown: Any) -> str:
    low, high = of[f"{prefix}lower95"], of[f"{prefix}upper95"]
    return "" if low is None else f" [{shown(low)} to {shown(high)}]"
