"""A snapshot as tables for a person at a terminal: live numbers, and the windows of one scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from metrics.instants import DAY, HOUR, MINUTE, SECOND, format_duration

NONE: Final = "-"
_SHOWN: Final = {DAY: HOUR, HOUR: MINUTE, MINUTE: SECOND}  # the smaller of the two units that are shown
WIDTH: Final = 140  # where there is no terminal to ask
_LIVE: Final = (
    ("open", "open"),
    ("awaiting_first_response", "await first reply"),
    ("awaiting_reply", "await reply"),
    ("paused", "paused"),
    ("escalated_open", "escalated"),
)
_WINDOW: Final = ("1h", "24h", "7d", "30d")


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


def window_table(scope: Mapping[str, Any]) -> Table:
    """What happened, a column a window."""
    table = Table(box=box.SIMPLE_HEAD)
    windows = {name: scope["windows"][name] for name in ("today", *_WINDOW) if name in scope["windows"]}
    table.add_column("all queues")
    for name, window in windows.items():
        table.add_column(name if window["complete"] else f"{name} (part)", justify="right")
    for title, cell in _ROWS:
        table.add_row(title, *(cell(window) for window in windows.values()))
    return table


def name_cell(queue: str) -> Text:
    """A queue's name as it is: no markup, and nothing that would steer the terminal."""
    return Text("".join(letter if letter.isprintable() else "\ufffd" for letter in queue))


def _short(instant: str | None) -> str:
    return NONE if instant is None else instant[:16].replace("T", " ")


def seconds_cell(value: float | None) -> str:
    """A duration in its two largest units."""
    if value is None:
        return NONE
    if value < MINUTE // SECOND:
        return f"{value:.1f}s"
    precision = _SHOWN[next((size for size in (DAY, HOUR) if value * SECOND >= size), MINUTE)]
    return format_duration(round(value * SECOND / precision) * precision)


def percent_cell(value: float | None) -> str:
    """A share from 0 to 1."""
    return NONE if value is None else f"{value:.1%}"


def csat_cell(window: Mapping[str, Any]) -> str:
    """Satisfied answers of a window with the interval and n."""
    csat = window["csat"]
    if csat["satisfied_ratio"] is None:
        return NONE
    return f"{csat['satisfied_ratio']:.0%} [{csat['lower95']:.0%}-{csat['upper95']:.0%}] n={csat['responses']}"


def nps_cell(window: Mapping[str, Any]) -> str:
    """The NPS of a window with the interval and n."""
    nps = window["nps"]
    if nps["score"] is None:
        return NONE
    return f"{nps['score']:.0f} [{nps['lower95']:.0f}…{nps['upper95']:.0f}] n={nps['responses']}"


_ROWS: Final = (
    ("created", lambda w: f"{w['created']:,}"),
    ("first replies", lambda w: f"{w['replied']:,}"),
    ("resolved", lambda w: f"{w['resolved']:,}"),
    ("reopened", lambda w: f"{w['reopened']:,}"),
    ("escalated", lambda w: f"{w['escalated']:,}"),
    ("closed unanswered", lambda w: f"{w['closed_unanswered']:,}"),
    ("first response p50", lambda w: seconds_cell(w["first_response"]["p50"])),
    ("first response p90", lambda w: seconds_cell(w["first_response"]["p90"])),
    ("… with those waiting, p50", lambda w: seconds_cell(w["first_response_cohort"]["p50"])),
    ("… with those waiting, p90", lambda w: seconds_cell(w["first_response_cohort"]["p90"])),
    ("first response in SLA", lambda w: percent_cell(w["first_response"]["in_sla_ratio"])),
    ("… with live breaches", lambda w: percent_cell(w["first_response"]["in_sla_ratio_now"])),
    ("resolution p50", lambda w: seconds_cell(w["resolution"]["p50"])),
    ("resolution p90", lambda w: seconds_cell(w["resolution"]["p90"])),
    ("resolution in SLA", lambda w: percent_cell(w["resolution"]["in_sla_ratio"])),
    ("CSAT satisfied", csat_cell),
    ("NPS", nps_cell),
)
