"""`deskpulse report FILE --by …`: every KPI of each calendar period of an event log, by the same code as live."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from deskpulse.charts import USUAL, chart
from deskpulse.commands.options import Instant, config_option, configuration
from deskpulse.configuration.values import closest
from deskpulse.histories import History, history_of
from deskpulse.reports import csv_text, kpi_paths, no_such, path_of, print_report
from metrics.calendar_periods import By, Period, period_before, periods, report
from metrics.instants import format_instant

#: More are a mistake: one event of 1970 among those of this year.
PERIODS_MAX: Final = 10_000


@click.command("report")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--by", type=click.Choice([by.value for by in By]), required=True, help="How long each period is.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    help="[default: table on a terminal, else json]",
)
@click.option("--queue", help="One queue, by its name in the snapshot. [default: all together]")
@click.option(
    "--kpi", "kpis", multiple=True, metavar="KPI", help="Only this one, as csat or csat.satisfied_ratio; several."
)
@click.option("--from", "since", type=Instant(), help="From the period that holds it. [default: first event time]")
@click.option(
    "--now", "at", type=Instant(), help="As of when: later events are left out. [default: highest event time]"
)
@click.option("--chart", "drawing", type=click.Path(path_type=Path, dir_okay=False), help="Draw it too, to FILE.svg.")
@config_option
def command(
    *,
    file: str,
    by: str,
    form: str | None,
    queue: str | None,
    kpis: tuple[str, ...],
    since: int | None,
    at: int | None,
    drawing: Path | None,
    config: Path | None,
) -> None:
    """Report every KPI by calendar period over the events in FILE (JSON Lines; .gz, .zst; - for stdin).

    Periods begin at local midnight of floor.time_zone, weeks on Monday. All numbers are as known at the end of the
    log, later corrections included; a star marks a period that the log does not cover whole.
    """
    if drawing is not None and drawing.suffix != ".svg":
        raise click.BadParameter(f"{drawing}: FILE.svg is expected", param_hint="--chart")
    rules = configuration(config).rules()
    history = history_of(file, rules, at)
    known = history.parts[0].floor.entries_by_queue
    if queue is not None and queue not in known:
        raise click.BadParameter(f"{queue!r}: {file} has no such queue{closest(queue, known)}", param_hint="--queue")
    made = _report(history, By(by), queue, _periods(history, By(by), since))
    paths = kpi_paths(made["periods"])
    kpis = tuple(path_of(kpi, paths) for kpi in kpis)
    for kpi in kpis:
        if kpi not in paths:
            raise click.BadParameter(f"{kpi!r}: {no_such(kpi, paths)}", param_hint="--kpi")
    _print(made, form or ("table" if sys.stdout.isatty() else "json"), kpis, paths)
    if drawing is not None:
        _draw(made, kpis or tuple(path for path in USUAL if path in paths), drawing)


def _periods(history: History, by: By, since: int | None) -> list[Period]:
    first = history.since if since is None else max(since, history.since)
    if first > history.now:
        raise click.BadParameter(f"the log ends at {format_instant(history.now)}", param_hint="--from")
    zone = history.tickets.rules.time_zone
    found = periods(by, first, history.now, zone)
    if len(found) > PERIODS_MAX:
        raise click.UsageError(
            f"the log begins at {format_instant(history.since)}, {len(found):,} periods before its end: "
            f"expected at most {PERIODS_MAX:,}; give --from, or a longer --by"
        )
    return found


def _report(history: History, by: By, queue: str | None, asked: list[Period]) -> dict[str, Any]:
    rules, tickets, now = history.tickets.rules, history.tickets, history.now
    before = period_before(by, asked[0], rules.time_zone)
    rows = report(history.parts, rules, tickets.vocabulary, now, asked, queue, before=before)
    return {
        "as_of": format_instant(now),
        "history_since": format_instant(history.since),
        "by": by.value,
        "time_zone": rules.time_zone,
        "queue": queue,
        "periods": rows,
    }


def _print(made: dict[str, Any], form: str, kpis: tuple[str, ...], paths: list[str]) -> None:
    if form == "table":
        print_report(made, kpis or None)
    elif form == "csv":
        click.echo(csv_text(made["periods"], kpis or paths), nl=False)
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(made)).decode())


def _draw(made: dict[str, Any], kpis: tuple[str, ...], drawing: Path) -> None:
    try:
        drawing.write_text(chart(made, kpis), encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(f"{drawing}: {error.strerror or error}", param_hint="--chart") from error
