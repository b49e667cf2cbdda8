"""`deskpulse alerts test [RECEIVER]`: does a page arrive? Asked with a marked alert, before one has to."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click

from deskpulse import trial
from deskpulse.alertmanager import AlertmanagerError, connected
from deskpulse.commands.options import Duration, config_option, configuration
from metrics.instants import MINUTE, format_instant


@click.group("alerts")
def command() -> None:
    """See whether alerts reach those who are to be told."""


@command.command("test")
@click.argument("receiver", required=False)
@click.option("--alertmanager", "url", metavar="URL", help="[default: alerts.alertmanager_url of the configuration]")
@click.option("--for", "length", type=Duration(), default=5 * MINUTE, help="How long it fires.  [default: 5m]")
@click.option("--resolve", is_flag=True, help="End the test alerts instead of sending one.")
@config_option
def test(receiver: str | None, url: str | None, length: int, config: Path | None, *, resolve: bool) -> None:
    """Send a marked test alert through Alertmanager to RECEIVER, or to each configured one.

    It says where Alertmanager routes each; whether it was read there, only its reader can tell.
    """
    settings = configuration(config)
    known = {each.name: each for each in settings.receivers}
    if receiver is not None and receiver not in known:
        raise click.UsageError(trial.unknown(receiver, known))
    if not known:
        raise click.UsageError("no [[receivers]] in the configuration: nobody to send a test to")
    names = tuple(known) if receiver is None else (receiver,)
    url = url or settings.alerts.alertmanager_url
    try:
        problems = asyncio.run(_resolve(url, names) if resolve else _send(url, names, length))
    except AlertmanagerError as error:
        click.echo(
            f"deskpulse alerts test: {error}\n"
            "Is Alertmanager running, and is alerts.alertmanager_url its address? --alertmanager URL names another.",
            err=True,
        )
        sys.exit(1)
    sys.exit(1 if problems else 0)


async def _send(url: str, receivers: tuple[str, ...], length: int) -> int:
    """Send, tell and count what went wrong."""
    problems = 0
    async with connected(url) as alertmanager:
        for receiver in receivers:
            now = time.time_ns()
            fate = await trial.sent(alertmanager, receiver, now, now + length)
            problem = trial.problem(receiver, fate)
            if problem is None and fate is not None:
                others = [name for name in fate.receivers if name != receiver]
                also = f", and also to {', '.join(others)}" if others else ""
                click.echo(f"{receiver}: accepted, goes to {receiver}{also}; it ends at {format_instant(now + length)}")
            else:
                problems += 1
                click.echo(f"{receiver}: {problem}")
    return problems


async def _resolve(url: str, receivers: tuple[str, ...]) -> int:
    problems = 0
    async with connected(url) as alertmanager:
        for receiver in receivers:
            ended = await trial.resolved(alertmanager, receiver, time.time_ns())
            problems += ended is None
            click.echo(f"{receiver}: test alerts ended: {'not all, some still fire' if ended is None else ended}")
    return problems
