"""`deskpulse facts FILE.csv`: a spreadsheet of business facts becomes events, on stdout or on Kafka, whole or not."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

import click

from deskpulse.commands.asking import asked
from deskpulse.commands.brokers import settings_given
from deskpulse.commands.options import Instant, broker_option, config_option, configuration
from deskpulse.feeding import require_event_topics
from intake.facts_form import TEMPLATE, TOPIC, Event, FormError, read_form
from intake.imports.events import encode
from intake.imports.files import BadRow
from stream.rim.sending import Sender
from stream.rim.settings import RimSettings

_BAD_ROWS_SHOWN: Final = 20
_DECIMALS: Final = {"point": ".", "comma": ","}


@click.command("facts")
@click.option("--template", is_flag=True, help="Print an example file, and do nothing else.")
@click.option("--decimal", type=click.Choice(list(_DECIMALS)), help="The decimal sign, where numbers leave it open.")
@click.option("--reported-at", type=Instant(), metavar="T", help="When it was reported (RFC 3339); default: now.")
@click.option("--source", default="deskpulse/facts", show_default=True, help="The events' source.")
@broker_option
@config_option
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(
    file: Path | None, broker: str | None, config: Path | None, source: str, reported_at: int | None,
    decimal: str | None, *, template: bool,
) -> None:  # fmt: skip
    """Turn the rows of FILE (CSV) into business facts: JSON Lines on stdout, or with --broker to Kafka.

    Where any row is bad, each bad row is named and nothing is sent.
    """
    if template:
        click.echo(TEMPLATE, nl=False)
        return
    if file is None:
        raise click.UsageError("Missing argument 'FILE'. An example of one: deskpulse facts --template")
    found = _events(file, source, time.time_ns() if reported_at is None else reported_at, decimal)
    if broker is None:
        sys.stdout.buffer.write(b"".join(map(encode, found)))
    else:
        settings = settings_given(configuration(config), broker)
        asked(settings, _send(found, settings))
    _tell(found)


def _events(file: Path, source: str, now: int, decimal: str | None) -> list[Event]:
    """The events of the whole file.

    Raises:
        click.ClickException: a row is bad, or the file is not the form.
    """
    sign = None if decimal is None else _DECIMALS[decimal]
    try:
        found = list(read_form(file.read_bytes(), now=now, source=source, decimal=sign))
    except FormError as error:
        raise click.ClickException(f"{file}: {error}") from error
    bad = [item for item in found if isinstance(item, BadRow)]
    for row in bad[:_BAD_ROWS_SHOWN]:
        click.echo(str(row), err=True)
    if bad:
        raise click.ClickException(f"{file}: {len(bad):,} of {len(found):,} rows are bad; nothing was sent")
    return [item for item in found if not isinstance(item, BadRow)]


async def _send(found: list[Event], settings: RimSettings) -> None:
    await require_event_topics(settings)
    async with Sender(settings.brokers, security=settings.security) as sender:
        for event in found:
            await sender.send(TOPIC, event["subject"].encode(), encode(event).rstrip(b"\n"))
        await sender.flush()


def _tell(found: list[Event]) -> None:
    for fact, count in sorted(Counter(event["data"]["fact"] for event in found).items()):
        click.echo(f"{count:>9,} {fact}", err=True)
    click.echo(f"{len(found):>9,} facts", err=True)
