"""`deskpulse replay FILE`: a log through the real pipeline, and the snapshot at its end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec
from aiokafka.errors import KafkaError

from deskpulse.commands.brokers import setting_given
from deskpulse.commands.options import Instant, broker_option, config_option, configuration
from deskpulse.configuration.loading import Configuration
from deskpulse.logs import open_log, records
from deskpulse.progress import bar
from deskpulse.replay import Replayed, ReplayError, replay
from deskpulse.tables import print_snapshot
from deskpulse.worker import Setting, rim_settings
from metrics.exposition import render
from stream.rim.embedded import BrokerStartError
from stream.rim.preflight import PreflightError
from stream.rim.reaching import refusal


@click.command("replay")
@click.argument("file", type=click.Path(allow_dash=True))
@broker_option
@click.option(
    "--now", "at", type=Instant(), help="As of when: later events are left out. [default: highest event time]"
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "prometheus"]),
    help="[default: table on a terminal, else json]",
)
@config_option
def command(file: str, broker: str | None, at: int | None, form: str | None, config: Path | None) -> None:
    """Replay events (JSON Lines; .gz, .zst; - for stdin) through Kafka and a worker; print the snapshot.

    Without --broker an embedded broker is started for it; with it, topics of its own are made and removed.
    """
    settings = configuration(config)
    given = setting_given(settings, broker) if broker else None
    with open_log(file) as lines, bar() as progress:
        try:
            done = asyncio.run(replay(settings, records(lines), progress, given=given, at=at))
        except (ReplayError, BrokerStartError, PreflightError, KafkaError) as error:
            raise click.ClickException(_why(error, settings, given)) from error
    _print(done, form or ("table" if sys.stdout.isatty() else "json"))
    for reason, count in sorted(done.refused.items()):
        click.echo(f"refused: {count:,} {reason}", err=True)


def _why(error: Exception, settings: Configuration, given: Setting | None) -> str:
    refused = None if given is None else refusal(error, rim_settings(settings, given))
    return refused or str(error)


def _print(done: Replayed, form: str) -> None:
    if form == "table":
        print_snapshot(done.snapshot)
    elif form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(done.snapshot)).decode())
    else:
        click.echo(render(done.view, accept=None, names=[])[0].decode(), nl=False)
