"""`deskpulse demo`: see it work, with nothing installed but Python."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from deskpulse import demo
from deskpulse.board.access import Tokens
from deskpulse.commands.options import config_option, tokens_given
from deskpulse.commands.worker import stop_on_signals
from deskpulse.configuration.loading import CONFIG_VARIABLE, Configuration, load_configuration
from deskpulse.generated import DEMO
from deskpulse.installation import NameTakenError, check_names
from deskpulse.on_call import OnCall
from deskpulse.scenes import Scene
from deskpulse.server import PortTakenError
from deskpulse.tables import summary
from deskpulse.worker import Worker
from stream.rim.embedded import BrokerStartError

QUEUES_SHOWN = 8
_ALERT_STYLES = {"firing": "bold red", "resolved": "bold green"}


@click.command("demo")
@click.option(
    "--scene",
    type=click.Choice([scene.value for scene in Scene]),
    default=Scene.NORMAL.value,
    help="outage: nobody can reply for a while; flood: tickets come faster than they are answered. [default: normal]",
)
@config_option
def command(config: Path | None, scene: str) -> None:
    """Run everything in one process group: embedded broker, worker, board, simulated help desk. Ctrl-C ends all of it.

    Where Prometheus and Alertmanager are on the PATH, they are started too, and on-call's notifications are shown.
    Without a configuration it promises the first response in a minute or so: deskpulse/demo.toml.
    """
    environment = {name: value for name, value in os.environ.items() if name != "DESKPULSE_BROKER"}
    try:
        check_names()
        settings = _configuration(config, environment)
        asyncio.run(_run(settings, tokens_given(settings), Scene(scene)))
    except (PortTakenError, BrokerStartError, NameTakenError) as error:
        click.echo(f"deskpulse demo: {error}", err=True)
        sys.exit(1)


def _configuration(config: Path | None, environment: dict[str, str]) -> Configuration:
    if config is not None or environment.get(CONFIG_VARIABLE):
        return load_configuration(config, environment)
    return load_configuration(DEMO, environment)


async def _run(settings: Configuration, tokens: Tokens, scene: Scene) -> None:
    stop = stop_on_signals()
    console = Console()
    click.echo("deskpulse demo: starting the embedded broker and a day and a half of a simulated help desk", err=True)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        await demo.run(settings, tokens, scene, stop, Screen(console, live))
    click.echo("deskpulse demo: ended", err=True)


class Screen:
    """The audience at a terminal: lines, and below them the floor as it is now."""

    def __init__(self, console: Console, live: Live) -> None:
        self._console = console
        self._live = live
        self._is_stderr_a_terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()

    def started(self, started: demo.Started) -> None:
        """Where everything is."""
        lines = (
            f"deskpulse demo: live, after {started.history:,} events of history",
            f"  {started.wall}/   the wall; ?lang=fa, he, tr or en",
            f"  {started.wall}/tickets   the tickets behind each number, and why",
            f"  {started.url}/snapshot   every number, as JSON",
            f"  {started.url}/metrics    for Prometheus",
            f"  {started.url}/readyz     is what it says complete?",
            f"  kafka://{started.broker}   the embedded broker",
            *_on_call_lines(started.on_call),
            "Ctrl-C ends all of it.",
        )
        self._console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)

    def told(self, line: str) -> None:
        """On stderr; where that is the table's terminal, above the table."""
        text = f"deskpulse demo: {line}"
        if self._console.is_terminal and self._is_stderr_a_terminal:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)
        else:
            click.echo(text, err=True)

    def notified(self, line: str) -> None:
        """Above the table."""
        style = next((style for word, style in _ALERT_STYLES.items() if line.startswith(f"ALERT {word} ")), "")
        self._console.print(Text(line, style), soft_wrap=True)

    async def watch(self, worker: Worker) -> None:
        """The table, on a terminal; in turn with whoever asks over HTTP."""
        if self._console.is_terminal:
            self._live.update(summary(await worker.snapshot_as_of(None), QUEUES_SHOWN), refresh=True)


def _on_call_lines(on_call: OnCall) -> tuple[str, ...]:
    if on_call.missing:
        names = " and ".join(on_call.missing)
        return (f"  {names}: not on the PATH; with both, alerts would fire here and their notifications be shown",)
    if on_call.problem is not None:
        return (f"  no alerts: {on_call.problem}",)
    return (
        f"  {on_call.prometheus}/alerts   Prometheus: the rules, and which alerts fire",
        f"  {on_call.alertmanager}   Alertmanager: what on-call is told, and is shown here",
    )
