"""`deskpulse explain FILE TICKET`: every clock of one ticket, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec

from deskpulse.commands.options import Instant, config_option, configuration
from deskpulse.configuration.values import closest
from deskpulse.explanations import print_explanation
from deskpulse.logs import open_log, records
from deskpulse.progress import bar, counted
from metrics.instants import EARLIEST
from stream.events import Refusal, decode
from stream.explain import explain
from stream.records import Records
from stream.tickets import Admission, Tickets


@click.command("explain")
@click.argument("file", type=click.Path(allow_dash=True))
@click.argument("ticket")
@click.option(
    "--now", "at", type=Instant(), help="As of when: later events are left out. [default: highest event time]"
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@config_option
def command(file: str, ticket: str, at: int | None, form: str, config: Path | None) -> None:
    """Explain the clocks of TICKET by the events in FILE (JSON Lines; .gz, .zst; - for stdin).

    For each clock: the policy and why it matched, the target, the time that counted and that did not, the due instant
    and the state; then the events that were used and those left out.
    """
    rules = configuration(config).rules()
    with open_log(file) as lines, bar() as progress:
        log = _Log(ticket.encode(), counted(records(lines), progress, "events"))
    now = log.newest if at is None else at
    tickets = Tickets(rules, Admission(refuse_future=False, drop_old=False, not_after=now))
    partition = tickets.open(0)
    places = list(range(len(log.values)))
    applied = partition.apply(Records("log", 0, places, places, [ticket.encode()] * len(places), log.values), now)
    for reason, count in sorted(Counter(refused.reason.value for refused in applied.refused).items()):
        click.echo(f"refused: {count:,} {reason}", err=True)
    kept = partition.ticket(ticket)
    if kept is None:
        known = closest(ticket, (key.decode() for key in log.keys))
        raise click.ClickException(f"{file} has no event of ticket {ticket!r} that counts by then{known}")
    found = explain(ticket, kept, rules, now)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        print_explanation(found)


class _Log:
    """What is needed of a whole log: one ticket's events, the newest instant of all, and which keys there are."""

    def __init__(self, key: bytes, events: Iterable[tuple[str, bytes | None, bytes]]) -> None:
        self.newest = EARLIEST
        self.keys: set[bytes] = set()
        self.values: list[bytes | None] = []
        for _topic, own, value in events:
            decoded = decode(value)
            if not isinstance(decoded, Refusal):
                self.newest = max(self.newest, decoded[1])
            if own is not None:
                self.keys.add(own)
            if own == key:
                self.values.append(value)
