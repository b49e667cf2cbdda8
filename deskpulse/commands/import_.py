"""`deskpulse import --map MAP.toml FILE.csv`: a help desk's export becomes events, on stdout or on Kafka."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from deskpulse.commands.asking import asked
from deskpulse.commands.brokers import settings_given
from deskpulse.commands.options import broker_option, config_option, configuration
from deskpulse.feeding import require_event_topics
from deskpulse.progress import bar, counted
from intake.imports.events import Event, Note, encode, events
from intake.imports.files import BadRow, read_file
from intake.imports.maps import load_map
from intake.imports.tables import MapError
from stream.events import TOPIC_OF_TYPE
from stream.rim.reading import read_by_workers
from stream.rim.sending import Sender
from stream.rim.settings import RimSettings

CREATED = "support.ticket.created"
_BAD_ROWS_SHOWN = 20


class _Report:
    """What is told on stderr: bad rows as they come (the first ones), counts and notes at the end."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.bad = 0
        self.notes: list[Note] = []

    def events_of(self, found: Iterator[Event | BadRow | Note]) -> Iterator[Event]:
        """Pass events on; tell the rest."""
        for item in found:
            if isinstance(item, BadRow):
                self._tell(item)
            elif isinstance(item, Note):
                self.notes.append(item)
            else:
                self.types[item["type"]] += 1
                yield item

    def _tell(self, row: BadRow) -> None:
        self.bad += 1
        if self.bad <= _BAD_ROWS_SHOWN:
            click.echo(f"skipped {row}", err=True)
        elif self.bad == _BAD_ROWS_SHOWN + 1:
            click.echo("further bad rows are only counted", err=True)

    def finish(self) -> None:
        """The counts and notes."""
        for note in self.notes:
            click.echo(f"note: {note}", err=True)
        for kind, count in sorted(self.types.items()):
            click.echo(f"{count:>9,} {kind}", err=True)
        click.echo(f"{self.types.total():>9,} events, {self.bad:,} rows skipped", err=True)


@click.command("import")
@click.option("--map", "map_file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The map.")
@click.option("--source", help="The events' source, instead of the map's.")
@broker_option
@config_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(map_file: Path, file: Path, source: str | None, broker: str | None, config: Path | None) -> None:
    """Turn the rows of FILE (CSV) into events by a map: JSON Lines on stdout, or with --broker to Kafka."""
    settings = None if broker is None else settings_given(configuration(config), broker)
    report = _Report()
    try:
        plan = load_map(map_file)
        with bar() as progress:
            found = counted(
                report.events_of(events(read_file(file, plan.format), plan, source=source)), progress, "rows"
            )
            if settings is None:
                _print(found)
            else:
                asked(settings, _send(found, settings))
    except MapError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(2)
    report.finish()


def _print(found: Iterator[Event]) -> None:
    write = sys.stdout.buffer.write
    for event in found:
        write(encode(event))


async def _send(found: Iterator[Event], settings: RimSettings) -> None:
    """Every ``created`` after the workers have read all other events, so that history raises no breach on its way.

    Being acknowledged is not enough: a worker that lags would read a ``created`` before an earlier reply, and call its
    ticket late. Where no worker runs, the next one begins by catching up, and believes nothing before that.
    """
    await require_event_topics(settings)
    created = []
    async with Sender(settings.brokers, security=settings.security) as sender:
        for event in found:
            if event["type"] == CREATED:
                created.append(event)
            else:
                await sender.send(*_record(event))
        await sender.flush()
        await read_by_workers(settings, sender.ends)
        for event in created:
            await sender.send(*_record(event))
        await sender.flush()


def _record(event: Event) -> tuple[str, bytes, bytes]:
    return TOPIC_OF_TYPE[event["type"]], event["subject"].encode(), encode(event).rstrip(b"\n")
