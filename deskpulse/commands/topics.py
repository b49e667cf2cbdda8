"""`deskpulse topics create|check|reset`: the topics that a worker needs."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from deskpulse.commands.asking import asked
from deskpulse.commands.brokers import settings_given
from deskpulse.commands.options import broker_option, config_option, configuration
from stream.rim.preflight import check_topics, create_topics, remedy
from stream.rim.reset import reset
from stream.rim.settings import RimSettings


@click.group("topics")
def command() -> None:
    """Create or check the topics, or have the table built again."""


@command.command("create")
@click.option("--partitions", type=click.IntRange(1, 10_000), help="[default: as configured, 8]")
@click.option("--replication", type=click.IntRange(1, 100), help="[default: as configured, 3]")
@broker_option
@config_option
def create(broker: str | None, config: Path | None, partitions: int | None, replication: int | None) -> None:
    """Create the missing topics; existing ones stay as they are."""
    settings = _settings(broker, config, partitions, replication)
    for topic in asked(settings, create_topics(settings)):
        click.echo(f"created {topic}")
    click.echo("all topics are there")


@command.command("check")
@broker_option
@config_option
def check(broker: str | None, config: Path | None) -> None:
    """Check that all topics are there, with equal partition counts; exit 1 if not."""
    settings = _settings(broker, config, None, None)
    found = asked(settings, check_topics(settings))
    table = Table("topic", "partitions", "problem")
    for topic in found:
        table.add_row(topic.topic, "" if topic.partitions is None else str(topic.partitions), topic.problem or "")
    Console().print(table)
    if any(topic.problem for topic in found):
        click.echo(remedy(found), err=True)
        sys.exit(1)


@command.command("reset")
@click.confirmation_option(prompt="Delete the tickets table, to be built again from the events that are still there?")
@broker_option
@config_option
def reset_(broker: str | None, config: Path | None) -> None:
    """Let the next worker build its table again from the events; all workers must be stopped."""
    settings = _settings(broker, config, None, None)
    gone = asked(settings, reset(settings))
    for topic, count in gone.items():
        click.echo(f"{topic}: the oldest {count:,} events are gone, and what only they told", err=True)
    click.echo("the next worker reads all events again")


def _settings(broker: str | None, config: Path | None, partitions: int | None, replication: int | None) -> RimSettings:
    made = settings_given(configuration(config), broker)
    given = {"partitions": partitions, "replication": replication}
    return msgspec.structs.replace(made, **{key: number for key, number in given.items() if number is not None})
