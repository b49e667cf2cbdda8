"""`deskpulse dead-letters list|requeue`: what was refused and why, and putting records back."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from deskpulse.commands.asking import asked
from deskpulse.commands.brokers import settings_given
from deskpulse.commands.options import broker_option, config_option, configuration
from deskpulse.dead_letters import Judge, Mended, MendedProblem, Place, Selection, mended, place_of
from deskpulse.letter_tables import REASONS, print_listed, tell_counts
from deskpulse.letters import Listed, Outcome, listed, requeued
from deskpulse.logs import open_log
from metrics.instants import parse_duration, parse_instant
from stream.rim.settings import EVENT_TOPICS

LIMIT: Final = 100
_SHOWN: Final = 20
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Since(click.ParamType):
    """An RFC 3339 date-time, or a duration before now, as nanoseconds since the epoch."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds since the epoch."""
        if isinstance(value, int):
            return value
        for read in (parse_instant, _before_now):
            try:
                return read(value)
            except ValueError:
                continue
        raise click.BadParameter(f"{value!r}: 2026-10-01T12:00:00Z, or a duration such as 2h is expected", ctx, param)


def _before_now(text: str) -> int:
    return time.time_ns() - parse_duration(text)


class LetterId(click.ParamType):
    """PARTITION:OFFSET in the dead-letter topic."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """The place."""
        place = value if isinstance(value, tuple) else place_of(value)
        if place is None:
            self.fail(f"{value!r}: PARTITION:OFFSET is expected, as `dead-letters list` names it", param, ctx)
        return place


def _selecting(command: _Command) -> _Command:
    """The options that say which letters."""
    for option in (
        config_option,
        broker_option,
        click.option("--since", type=Since(), metavar="T", help="Refused since: an instant, or a duration ago (2h)."),
        click.option("--topic", "topics", multiple=True, type=click.Choice(EVENT_TOPICS), help="Where it stood."),
        click.option("--reason", "reasons", multiple=True, type=click.Choice(REASONS), help="Why it was refused."),
    ):
        command = option(command)
    return command


@click.group("dead-letters")
def command() -> None:
    """See what was refused and why, and put records back."""


@command.command("list")
@click.option("--open", "is_open", is_flag=True, help="Only what was not requeued.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="So many of the newest.")
@click.option("--whole", is_flag=True, help="With --format json: the whole payload, to be mended.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@_selecting
def list_(
    broker: str | None, config: Path | None, reasons: tuple[str, ...], topics: tuple[str, ...], since: int | None,
    limit: int, form: str, *, is_open: bool, whole: bool,
) -> None:  # fmt: skip
    """List refused records, oldest first; counts by reason go to stderr."""
    if whole and form != "json":
        raise click.UsageError("--whole needs --format json: a table shows the first of a payload")
    selection = Selection(reasons=reasons, topics=topics, since=since)
    settings = settings_given(configuration(config), broker)
    found: Listed = asked(settings, listed(settings, selection, limit, is_open=is_open))
    print_listed(found, form, is_whole=whole)
    tell_counts(found)


@command.command("requeue")
@click.argument("letters", nargs=-1, type=LetterId(), metavar="[ID]...")
@click.option("--all", "is_all", is_flag=True, help="Every dead letter that is open.")
@click.option("--from", "file", metavar="FILE", help="Mended records, JSON Lines; - is stdin.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and send nothing.")
@click.option("--force", is_flag=True, help="Put back what would be refused again, too.")
@_selecting
def requeue(
    broker: str | None, config: Path | None, letters: tuple[Place, ...], reasons: tuple[str, ...],
    topics: tuple[str, ...], since: int | None, file: str | None, *, is_all: bool, dry_run: bool, force: bool,
) -> None:  # fmt: skip
    """Put dead letters back to their topics: as they are, or mended (--from).

    ID is PARTITION:OFFSET, as `dead-letters list` names it. What workers would refuse again is named and not sent.
    """
    chosen = bool(letters or reasons or topics or since is not None)
    if is_all + (file is not None) + chosen != 1:
        raise click.UsageError(
            "which? IDs, --reason, --topic and --since select; or --all; or mended records by --from"
        )
    values = None if file is None else _mended(file)
    places = letters if values is None else values
    selection = Selection(reasons=reasons, topics=topics, since=since, places=frozenset(places) if places else None)
    loaded = configuration(config)
    settings = settings_given(loaded, broker)
    judge = Judge(loaded.rules(), settings.event_topics, time.time_ns(), is_forced=force)
    if values == {}:
        outcome = Outcome()
    else:
        outcome = asked(settings, requeued(settings, selection, judge, values or {}, is_dry=dry_run))
    _tell(outcome, judge, is_dry=dry_run)
    sys.exit(0 if outcome.is_done else 1)


def _mended(file: str) -> dict[Place, bytes]:
    """What the file says, by the letter that it mends.

    Raises:
        click.ClickException: a line cannot be used; all of them are named.
    """
    with open_log(file) as lines:
        found = list(mended(lines))
    bad = [one for one in found if isinstance(one, MendedProblem)]
    for problem in bad[:_SHOWN]:
        click.echo(f"{file}: {problem}", err=True)
    if bad:
        raise click.ClickException(f"{file}: {len(bad):,} of {len(found):,} lines cannot be used; nothing was sent")
    return {one.place: one.value for one in found if isinstance(one, Mended)}


def _tell(outcome: Outcome, judge: Judge, *, is_dry: bool) -> None:
    """The result on stdout, what was held back on stderr."""
    for told in outcome.told:
        click.echo(told, err=True)
    if outcome.held > len(outcome.told):
        click.echo(f"and {outcome.held - len(outcome.told):,} more", err=True)
    if judge.too_old:
        click.echo(
            f"{judge.too_old:,} are older than [retention] settled: counted only where the ticket is known",
            err=True,
        )
    for topic, count in sorted(outcome.sent.items()):
        click.echo(f"{count:>9,} {'would go' if is_dry else 'went'} back to {topic}")
    click.echo(f"{outcome.sent.total():>9,} {'would be ' if is_dry else ''}requeued, {outcome.held:,} held back")
    if outcome.failed:
        click.echo(f"Error: {outcome.failed}. Those told above are back; run it again for the others.", err=True)
