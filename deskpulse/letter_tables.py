"""Dead letters as a table or as JSON Lines on stdout, and their counts by reason on stderr."""

from __future__ import annotations

import sys
from typing import Final

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deskpulse.cells import NONE, printable
from deskpulse.dead_letters import SHOWN_LETTERS, DeadLetter, as_row, payload_of
from deskpulse.letters import Listed
from metrics.instants import SECOND, format_instant
from stream.records import Reason

REASONS: Final = tuple(reason.value for reason in Reason)
#: Where there is no terminal to ask.
WIDTH: Final = 200
_WHY_WIDTH: Final = 48
_PAYLOAD_WIDTH: Final = 40


def print_listed(found: Listed, form: str, *, is_whole: bool) -> None:
    """Print to stdout; ``is_whole``: JSON with whole payloads."""
    if form == "json":
        length = None if is_whole else SHOWN_LETTERS
        rows = (as_row(letter, at, length) for letter, at in found.rows)
        sys.stdout.buffer.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        sys.stdout.flush()
    elif found.rows:
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH)
        console.print(table(found.rows))


def table(rows: list[tuple[DeadLetter, int | None]]) -> Table:
    """A row a letter. What senders wrote is shown as it is, without markup."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for title in ("id", "time", "reason", "topic partition:offset"):
        made.add_column(title, no_wrap=True)
    made.add_column("key", overflow="ellipsis", no_wrap=True, max_width=24)
    made.add_column("why", overflow="fold", max_width=_WHY_WIDTH)
    made.add_column("payload", overflow="ellipsis", no_wrap=True, max_width=_PAYLOAD_WIDTH)
    made.add_column("requeued", no_wrap=True)
    for letter, at in rows:
        key = NONE if letter.key is None else letter.key.decode(errors="replace")
        payload = payload_of(letter).text
        shown = f"({letter.left_out or 'none'})" if payload is None else payload
        cells = (letter.id, _time(letter.at), letter.reason, letter.origin, key, letter.detail, shown, _time(at))
        made.add_row(*(Text(printable(cell)) for cell in cells))
    return made


def _time(at: int | None) -> str:
    return NONE if at is None else format_instant(at // SECOND * SECOND)


def tell_counts(found: Listed) -> None:
    """By reason, how many were asked for, and how many of them are shown."""
    for reason in sorted({reason for reason, _ in found.counts}):
        still, done = found.counts[reason, False], found.counts[reason, True]
        click.echo(f"{still + done:>9,} {reason}" + (f", {done:,} of them requeued" if done else ""), err=True)
    total = found.counts.total()
    shown = f", the newest {len(found.rows):,} are shown" if len(found.rows) < total else ""
    click.echo(f"{total:>9,} dead letters{shown}", err=True)
    if found.foreign:
        click.echo(f"{found.foreign:>9,} records there are no dead letters: they have no reason", err=True)
