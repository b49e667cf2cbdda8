"""`deskpulse drivers FILE`: what goes with low satisfaction, each with n and interval."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from deskpulse.commands.options import Instant, config_option, configuration
from deskpulse.driver_tables import print_drivers
from deskpulse.histories import history_of
from metrics.drivers import MINIMUM, drivers
from metrics.instants import format_instant
from stream.answered import HIGHEST, LOWEST, SURVEY, answered


@click.command("drivers")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--from", "since", type=Instant(), help="Answers from then on. [default: first event time]")
@click.option("--to", "until", type=Instant(), help="Answers before then. [default: to the end]")
@click.option(
    "--minimum",
    type=click.IntRange(min=4),
    default=MINIMUM,
    show_default=True,
    help="With fewer answers nothing is said of a driver.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), help="[default: table on a terminal, else json]"
)
@config_option
def command(
    *, file: str, since: int | None, until: int | None, minimum: int, form: str | None, config: Path | None
) -> None:
    """Tell what goes with low satisfaction in FILE (JSON Lines; .gz, .zst; - for stdin).

    Of CSAT answers on 1-5 with a known ticket: Spearman's rank correlation of the score with the first response time
    and the number of reopens by then; Cramér's V of satisfied or not with channel, queue and escalation, and how
    each value differs from all others. Each with n and a 95 % interval. What goes together need not be a cause.
    """
    history = history_of(file, configuration(config).rules(), None)
    first = history.since if since is None else since
    end = history.now + 1 if until is None else until
    if first >= end:
        raise click.UsageError("--from is expected to be before --to, and before the end of the log")
    found = {
        "from": format_instant(first),
        "to": format_instant(end if until is not None else history.now),
        "survey": SURVEY,
        "scale": [LOWEST, HIGHEST],
        **drivers(answered(history.tickets, first, end), minimum),
    }
    if (form or ("table" if sys.stdout.isatty() else "json")) == "table":
        print_drivers(found)
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
