"""An explanation for a person at a terminal: a block for each clock, then the events behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskpulse.tables import WIDTH
from metrics.clock_states import State
from metrics.instants import SECOND, format_duration
from stream.explain import Clock, Explanation, Stretch

#: Stretches shown of one clock; JSON has all of them.
STRETCHES_MAX: Final = 40

_STYLE: Final = {State.BREACHING: "bold red", State.BREACHED: "red", State.AT_RISK: "yellow", State.MET: "green"}


def print_explanation(found: Explanation) -> None:
    """Print to stdout."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(Group(*_blocks(found)))


def _blocks(found: Explanation) -> Iterator[RenderableType]:
    state = "" if found.is_open is None else ", open" if found.is_open else ", resolved"
    created = f", created {found.created}" if found.created else ""
    yield Text(f"ticket {found.ticket}{created}{state}, as of {found.as_of}", style="bold")
    yield Text("  ".join(f"{name} {value!r}" for name, value in found.attributes.items()))
    for clock in found.clocks:
        yield Text()
        yield from _clock(clock)
    yield Text()
    yield _events(found)
    for note in found.notes:
        yield Text(f"note: {note}", style="dim")


def _clock(clock: Clock) -> Iterator[RenderableType]:
    name = clock.sla.replace("_", " ")
    state = "no clock" if clock.state is None else clock.state.replace("_", " ")
    style = _STYLE.get(clock.state, "bold") if clock.state is not None else "dim"
    yield Text.assemble((f"{name}: ", "bold"), (state, style), f" ({clock.why})")
    for tried in clock.tried:
        yield Text(f"  policy {tried.policy!r} {'holds' if tried.holds else 'does not hold'}: {tried.why}")
    if clock.target_seconds is None:
        return
    calendar = "calendar time" if clock.calendar is None else f"open hours of {clock.calendar!r}"
    yield Text(
        f"  target {_length(clock.target_seconds)} of {calendar}, by the attributes as of {clock.attributes_as_of}; "
        f"counted {_length(clock.counted_seconds)}; at risk after {clock.at_risk_after or '-'}"
    )
    if clock.stretches:
        yield _stretches(clock.stretches)


def _stretches(stretches: tuple[Stretch, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for title in ("  from", "to", "counted", "why", "calendar version"):
        table.add_column(title)
    for one in stretches[:STRETCHES_MAX]:
        version = "" if one.version is None else "before the first" if one.version < 0 else str(one.version + 1)
        table.add_row(f"  {one.start}", one.end, "yes" if one.is_counted else "no", one.why, version)
    if len(stretches) > STRETCHES_MAX:
        table.caption = f"and {len(stretches) - STRETCHES_MAX} more: --format json shows all"
    return table


def _events(found: Explanation) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for title in ("event at", "what", "used", "why", "source", "id"):
        table.add_column(title)
    for event in found.events:
        table.add_row(event.at, event.what, "yes" if event.is_used else "no", event.why, event.source, event.id)
    return table


def _length(seconds: float | None) -> str:
    if not seconds:
        return "0s"
    whole = format_duration(int(seconds) * SECOND)
    return whole if seconds == int(seconds) else f"{whole} {seconds % 1:.3f}s".replace(" 0.", " .")
