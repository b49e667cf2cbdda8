"""`deskpulse doctor`: what is wrong with the running floor, and the next step."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deskpulse.cells import printable
from deskpulse.commands.brokers import settings_given
from deskpulse.commands.options import broker_option, config_option, configuration, tokens_given
from deskpulse.configuration.alerting import alerting_settings
from deskpulse.configuration.loading import ConfigurationError
from deskpulse.doctor.examination import Plan, examined
from deskpulse.doctor.findings import Finding, Verdict, wrong
from deskpulse.progress import bar

PROMETHEUS: Final = "http://127.0.0.1:9090"
WIDTH: Final = 160
_STYLES: Final = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.WRONG: "bold red", Verdict.UNCHECKED: "dim"}
_PARTS: Final = ("board", "prometheus", "alertmanager")


@click.command("doctor")
@click.option("--worker", "workers", multiple=True, metavar="URL", help="[default: those in Redis, else as configured]")
@click.option("--board", metavar="URL", help="[default: as configured, http://127.0.0.1:8080]")
@click.option("--prometheus", metavar="URL", default=PROMETHEUS, show_default=True)
@click.option("--alertmanager", metavar="URL", help="[default: alerts.alertmanager_url of the configuration]")
@click.option("--without", multiple=True, type=click.Choice(_PARTS), help="Leave this out.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@broker_option
@config_option
def command(
    *, config: Path | None, broker: str | None, form: str, workers: tuple[str, ...], board: str | None,
    prometheus: str, alertmanager: str | None, without: tuple[str, ...],
) -> None:  # fmt: skip
    """Examine broker, topics, lag, workers, Redis, board, Prometheus and whether their numbers agree.

    Changes nothing. Exit 0 where nothing is wrong, 1 where something is, 2 for a wrong configuration.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what a broker does not answer is a finding
    try:
        loaded = configuration(config)
    except ConfigurationError as error:
        step = "deskpulse check-config FILE; docs/configuration.md has every key"
        _print([wrong("configuration", str(problem), step) for problem in error.problems], form)
        sys.exit(2)
    alerting = alerting_settings(loaded)
    urls = {
        "board": board or f"http://{alerting.board.target}",
        "prometheus": prometheus,
        "alertmanager": alertmanager or alerting.alertmanager_url,
    }
    asked = {part: None if part in without else _url(part, url) for part, url in urls.items()}
    plan = Plan(
        configuration=loaded,
        settings=settings_given(loaded, broker),
        tokens=tokens_given(loaded),
        workers=tuple(_url("worker", url) for url in workers) or None,
        board=asked["board"],
        prometheus=asked["prometheus"],
        alertmanager=asked["alertmanager"],
    )
    with bar() as progress:
        progress.add_task("examining", total=None)
        found = asyncio.run(examined(plan))
    _print(found, form)
    sys.exit(1 if any(finding.verdict is Verdict.WRONG for finding in found) else 0)


def _url(part: str, url: str) -> str:
    """Without a slash at its end.

    Raises:
        click.BadParameter: it is no address of HTTP.
    """
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r}: http://HOST:PORT is expected", param_hint=f"--{part}")
    return url.rstrip("/")


def _print(found: list[Finding], form: str) -> None:
    """Findings to stdout, how many are what to stderr."""
    if form == "json":
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        sys.stdout.flush()
    else:
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH)
        console.print(_table(found))
    counts = Counter(finding.verdict for finding in found)
    click.echo(", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict), err=True)


def _table(found: list[Finding]) -> Table:
    """A line a finding; the next step stands below what was seen."""
    made = Table("check", "", "seen, and the next step", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for finding in found:
        seen = Text(printable(finding.seen))
        if finding.next_step is not None:
            seen.append(f"\n→ {printable(finding.next_step)}", style="italic")
        made.add_row(finding.check, Text(finding.verdict.value, style=_STYLES[finding.verdict]), seen)
    return made
