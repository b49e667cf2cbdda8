"""`deskpulse targets suggest FILE`: targets out of own data, as configuration lines with their evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deskpulse.commands.options import Duration, Instant, config_option, configuration
from deskpulse.histories import History, history_of
from deskpulse.suggestions import Evidence, suggestion
from metrics.calendar_periods import By, periods
from metrics.components import Asked, Span
from metrics.instants import DAY, MINUTE
from metrics.snapshot import windows_of
from metrics.targets import hours_of_week
from stream.settled import settled


@click.group("targets")
def command() -> None:
    """Suggest targets out of own data."""


@command.command("suggest")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option(
    "--over", type=Duration(), default="28d", show_default=True, help="The baseline: so long before the end of the log."
)
@click.option("--from", "holds_from", type=Instant(), help="From when it would hold. [default: the next local month]")
@click.option(
    "--now", "at", type=Instant(), help="As of when: later events are left out. [default: highest event time]"
)
@config_option
def suggest(*, file: str, over: int, holds_from: int | None, at: int | None, config: Path | None) -> None:
    """Print targets that follow from FILE (JSON Lines; .gz, .zst; - for stdin) as configuration lines.

    Each with today's baseline, its sample size and 95 % interval as comments. The step is to the better bound of that
    interval; no target is moved to the worse, and nothing holds before you put it into your file.
    """
    settings = configuration(config)
    history = history_of(file, settings.rules(), at)
    zone = settings.floor.time_zone
    end = history.now // MINUTE * MINUTE + MINUTE
    start = max(end - over // MINUTE * MINUTE, history.since // MINUTE * MINUTE)
    begins = _next_month(end, zone) if holds_from is None else holds_from
    if begins < end:
        raise click.BadParameter(
            "expected an instant after the end of the log: a target changes no verdict", param_hint="--from"
        )
    window, queues = _windows(history, start, end)
    clocks, waits = settled(history.tickets, start, end)
    found = Evidence(
        file=file,
        start=start,
        end=end,
        holds_from=begins,
        window=window,
        queues=queues,
        clocks=clocks,
        hours=hours_of_week(((one.created, one.took) for one in waits), start, end, zone),
    )
    click.echo(suggestion(settings, found), nl=False)


def _windows(history: History, start: int, end: int) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The baseline as a window of the snapshot: of all queues, and of each."""
    span = Span("baseline", MINUTE, start // MINUTE - 1, end // MINUTE - 1)
    rules, vocabulary = history.tickets.rules, history.tickets.vocabulary
    queues = sorted({name for part in history.parts for name in part.floor.entries_by_queue})
    asked = Asked(history.now, [span], {})
    found = windows_of(history.parts, rules, vocabulary, asked, [None, *queues])
    return found[None][span.name], {name: found[name][span.name] for name in queues}


def _next_month(now: int, time_zone: str) -> int:
    """The local midnight at which the next month begins, a day ahead at least."""
    return periods(By.MONTH, now + DAY, now + DAY, time_zone)[-1].end
