"""`deskpulse demo`: see it work, with nothing installed but Python."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from deskpulse import demo
from deskpulse.commands.options import config_option
from deskpulse.commands.worker import stop_on_signals
from deskpulse.configuration.loading import Configuration, load_configuration
from deskpulse.installation import NameTakenError, check_names
from deskpulse.server import PortTakenError
from deskpulse.tables import summary
from deskpulse.worker import Worker
from stream.rim.embedded import BrokerStartError

QUEUES_SHOWN = 8


@click.command("demo")
@config_option
def command(config: Path | None) -> None:
    """Run everything in one process group: embedded broker, worker, simulated help desk. Ctrl-C ends all of it."""
    environment = {name: value for name, value in os.environ.items() if name != "DESKPULSE_BROKER"}
    try:
        check_names()
        asyncio.run(_run(load_configuration(config, environment)))
    except (PortTakenError, BrokerStartError, NameTakenError) as error:
        click.echo(f"deskpulse demo: {error}", err=True)
        sys.exit(1)


async def _run(settings: Configuration) -> None:
    stop = stop_on_signals()
    console = Console()
    click.echo("deskpulse demo: starting the embedded broker and a day of a simulated help desk", err=True)
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def tell(started: demo.Started) -> None:
            console.print(
                f"deskpulse demo: live, after {started.history:,} events of history\n"
                f"  {started.url}/snapshot   every number, as JSON\n"
                f"  {started.url}/metrics    for Prometheus\n"
                f"  {started.url}/readyz     is what it says complete?\n"
                f"  kafka://{started.broker}   the embedded broker\n"
                "Ctrl-C ends all of it.",
                highlight=False,
            )

        def watch(worker: Worker) -> None:
            if console.is_terminal:
                live.update(summary(worker.snapshot(worker.now()), QUEUES_SHOWN), refresh=True)

        await demo.run(settings, stop, tell, watch)
    click.echo("deskpulse demo: ended", err=True)
