"""A whole event log as the floor that a worker would have made of it: no broker, nothing dropped for its age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import click

from deskpulse.logs import open_log, records
from deskpulse.progress import bar, counted
from metrics.calendar_periods import history_rules
from metrics.components import Part
from metrics.instants import LATEST
from metrics.policies import Rules
from stream.records import Records
from stream.tickets import Admission, Tickets

_BATCH: Final = 2_000


class History(NamedTuple):
    """The tickets of a log as of ``now``, and when its history begins."""

    tickets: Tickets
    now: int
    since: int

    @property
    def parts(self) -> list[Part]:
        """As the snapshot sees them: all is read."""
        opened = self.tickets.partitions.values()
        return [Part(one.floor, is_ready=True, history_since=one.history_since) for one in opened]


def history_of(file: str, rules: Rules, at: int | None) -> History:
    """The floor that FILE describes, with what is later than ``at`` (default: the highest event time) left out.

    What was refused is told on stderr, by reason.

    Raises:
        click.ClickException: it has no event that counts by then, or cannot be read.
    """
    tickets = Tickets(history_rules(rules), Admission(refuse_future=False, drop_old=False, not_after=at))
    partition = tickets.open(0)
    refused: Counter[str] = Counter()
    with open_log(file) as lines, bar() as progress:
        for batch in _batches(counted(records(lines), progress, "events")):
            refused.update(one.reason.value for one in partition.apply(batch, LATEST).refused)
    for reason, count in sorted(refused.items()):
        click.echo(f"refused: {count:,} {reason}", err=True)
    since, newest = partition.history_since, partition.newest_event
    if since is None or newest is None:
        raise click.ClickException(f"{file} has no event that counts{'' if at is None else ' by then'}")
    return History(tickets, newest if at is None else at, since)


def _batches(events: Iterable[tuple[str, bytes | None, bytes]]) -> Iterator[Records]:
    every = iter(events)
    while some := list(islice(every, _BATCH)):
        places = list(range(len(some)))
        yield Records("log", 0, places, places, [key for _, key, _ in some], [value for _, _, value in some])
