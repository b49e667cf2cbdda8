"""`deskpulse simulate`: a seeded help desk, to stdout or onto Kafka."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from deskpulse.commands.asking import asked
from deskpulse.commands.brokers import settings_given
from deskpulse.commands.options import Duration, Instant, broker_option, config_option, configuration
from deskpulse.commands.worker import stop_on_signals
from deskpulse.feeding import Feed, ForeignEventsError, refuse_foreign, require_event_topics
from deskpulse.progress import bar, counted
from intake.simulator.desk import DeskOptions, simulate
from metrics.instants import DAY, HOUR, SECOND
from stream.rim.peeking import peek
from stream.rim.sending import Sender
from stream.rim.settings import EVENT_TOPICS, RimSettings

#: 2025-01-01 in seconds since the epoch.
_TICKETS_SINCE = 1_735_689_600


@click.command("simulate")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--start", type=Instant(), help="First instant. [default: --duration ago, with --broker now]")
@click.option("--duration", type=Duration(), help="How long. [default: 1d, with --broker without end]")
@click.option("--rate", "tickets_per_day", type=float, default=1_200.0, show_default=True, help="Tickets a day.")
@click.option("--queues", help="Names by commas. [default: five queues]")
@click.option("--staff", "agents_factor", type=float, default=1.0, show_default=True, help="Agents, of those needed.")
@click.option("--time-zone", default="UTC", show_default=True, help="The floor's, for its shifts.")
@click.option("--disorder", type=Duration(), default=0, help="Deliver each event up to that much later.")
@click.option("--duplicates", type=click.FloatRange(0, 1), default=0.0, help="Share of events delivered twice.")
@click.option("--late", type=click.FloatRange(0, 1), default=0.0, help="Share of events delivered hours late.")
@click.option("--scene", type=click.Choice(["normal", "outage", "flood"]), default="normal", show_default=True)
@click.option("--scene-start", type=Duration(), default=2 * HOUR, help="So long after the start.  [default: 2h]")
@click.option("--scene-duration", type=Duration(), default=HOUR, help="[default: 1h]")
@click.option(
    "--scene-relief", type=Duration(), default=0, help="Then, all that waits is answered and resolved within."
)
@click.option("--pace", type=float, default=1.0, show_default=True, help="0.1: agents work ten times as quickly.")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), default=1.0, help="With --broker: times real time."
)
@broker_option
@config_option
def command(
    broker: str | None, config: Path | None, start: int | None, duration: int | None, queues: str | None, disorder: int,
    speed: float, **flags: Any,
) -> None:  # fmt: skip
    """Simulate a help desk from one seed: JSON Lines on stdout, or with --broker to Kafka as time goes by.

    DESKPULSE_BROKER and the url of --config are ignored, and topics that hold another source's events are refused.
    """
    length = duration if duration is not None or broker else DAY
    begin = start if start is not None else time.time_ns() - (0 if broker else length or 0)
    if queues:
        flags["queues"] = tuple(queue.strip() for queue in queues.split(","))
    try:
        first = max(1, begin // SECOND - _TICKETS_SINCE) if broker else 1  # two runs on one topic share no ticket
        options = DeskOptions(
            start=begin, duration=length, disorder_seconds=disorder / SECOND, first_ticket=first, **flags
        )
        if broker is None:
            _print(options)
        else:
            settings = settings_given(configuration(config), broker)
            asked(settings, _send(options, settings, speed))
    except (ValueError, ForeignEventsError) as error:
        raise click.UsageError(str(error)) from error


def _print(options: DeskOptions) -> None:
    write = sys.stdout.buffer.write
    with bar() as progress:
        for delivery in counted(simulate(options), progress, "events"):
            write(delivery.encode() + b"\n")


async def _send(options: DeskOptions, settings: RimSettings, speed: float) -> None:
    await require_event_topics(settings)
    refuse_foreign(iter(await peek(settings, EVENT_TOPICS)))
    stop = stop_on_signals()
    async with Sender(settings.brokers, security=settings.security) as sender:
        feed = Feed(sender, simulate(options))
        await feed.send_until(time.time_ns())
        await feed.follow(stop, speed=speed)
    click.echo(f"{feed.sent:,} events sent", err=True)
