"""An export's rows → events of the contract, by a map: the import itself, without a file, a broker or a command.

It keeps one small history per ticket, so that a ticket's rows may lie anywhere in the file. Events come in the order
of the rows, each with the time that the desk wrote; a bad row is a value among them, and notes come at the end.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from intake.imports.files import BadRow, CellError, Cells
from intake.imports.maps import ATTRIBUTES, ImportMap
from intake.imports.rows import Row, RowReader
from intake.imports.tables import MapError, Problem, dotted
from intake.imports.tickets import Happening, Ticket, happenings, new_ticket, remember

#: A CloudEvent of the contract; ``time`` is RFC 3339 in UTC.
Event = dict[str, Any]


class Note(msgspec.Struct, frozen=True):
    """Something about the map that the file brought to light; it made no row bad. ``key`` is the map's."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}: {self.text}"


def events(rows: Iterable[Cells], plan: ImportMap, *, source: str | None = None) -> Iterator[Event | BadRow | Note]:
    """The events of ``rows`` (the header first), each bad row in its place, and the notes at the end.

    An event's id is the row's number, nine digits (the header is row 1; `newest first` numbers from the end), and its
    place within the row: events of one instant keep the order of the rows by id alone. ``source`` takes the place of
    the map's: two files of one desk need two, since both begin with row 2.

    Raises:
        MapError: the header lacks a column that the map names, or there is no header.
    """
    numbered = enumerate(rows, 1)
    header = next((cells for _, cells in numbered if cells), None)
    if header is None or isinstance(header, csv.Error):
        raise MapError([Problem(plan.file, "", f"the export has no header{f': {header}' if header else ''}")])
    return _Import(plan, header, source or plan.source).run(numbered)


def encode(event: Event) -> bytes:
    """One compact line of JSON, with its line feed."""
    return msgspec.json.encode(event) + b"\n"


class _Import:
    """One run: the tickets so far, and what was met that the map does not mention."""

    def __init__(self, plan: ImportMap, header: Sequence[str], source: str) -> None:
        self._plan = plan
        self._source = source
        self._reader = RowReader(plan, header)
        self._tickets: dict[str, Ticket] = {}
        self._unmapped: Counter[tuple[str, str]] = Counter()
        self._fired: Counter[str] = Counter()
        self._undated = 0
        places = 2 + len(plan.rules) + 2 * len(plan.surveys)
        self._digits = len(str(places))  # padded to one width, as the row's number is

    def run(self, numbered: Iterable[tuple[int, Cells]]) -> Iterator[Event | BadRow | Note]:
        for order, number, cells in self._in_order(numbered):
            row = self._reader.read(number, cells)
            if isinstance(row, BadRow):
                yield row
            else:
                yield from self._take(order, row)
        yield from self._notes()

    def _in_order(self, numbered: Iterable[tuple[int, Cells]]) -> Iterator[tuple[int, int, Cells]]:
        """(number for ids, row number, cells), oldest first, without the empty lines."""
        full = ((number, cells) for number, cells in numbered if cells != [])
        if not self._plan.format.newest_first:
            return ((number, number, cells) for number, cells in full)
        return ((order, number, cells) for order, (number, cells) in enumerate(reversed(list(full)), 2))

    def _take(self, order: int, row: Row) -> Iterator[Event | BadRow]:
        ticket = self._tickets.get(row.ticket)
        if ticket is None:
            ticket = new_ticket(self._plan)
        try:
            found = happenings(self._plan, ticket, row)
        except CellError as error:
            yield BadRow(row.number, error.column, error.value, error.expected)
            return
        for unmapped in row.unmapped:
            self._unmapped[unmapped] += 1
        for key, _ in found:
            self._fired[key] += 1
        self._undated += self._plan.updated is None and ticket.created and _differs(ticket, row)
        remember(ticket, row, found)
        self._tickets[row.ticket] = ticket
        for place, (_, happening) in enumerate(found, 1):
            yield self._event(f"{order:09d}-{place:0{self._digits}d}", row.ticket, happening)

    def _event(self, identity: str, ticket: str, happening: Happening) -> Event:
        kind, time, data = happening
        return {
            "specversion": "1.0",
            "id": identity,
            "source": self._source,
            "type": f"support.{kind}",
            "time": time,
            "subject": ticket,
            "data": data,
        }

    def _notes(self) -> Iterator[Note]:
        for (key, value), count in self._unmapped.items():
            done = "keeps the ticket's state" if key.startswith("states.") else "is passed on as it is"
            yield Note(key, f"{value!r} is not in the map and {done}; rows: {count}")
        if self._undated:
            yield Note(
                "ticket.updated", f"no column, so changed fields have no time and are not sent; rows: {self._undated}"
            )
        yield from self._unused()

    def _unused(self) -> Iterator[Note]:
        seen, plan = self._reader.seen, self._plan
        for field in plan.fields:
            for value in _without(field.values, seen[f"fields.{field.name}"]):
                yield Note(dotted("fields", field.name, "values", value), "no row has this value")
        for column, groups in plan.states.items():
            for state in _without(groups, seen[column]):
                yield Note(dotted("states", column, groups[state]), f"no row has the state {state!r}")
        for key in (*(rule.key for rule in plan.rules), *(survey.key for survey in plan.surveys)):
            if not self._fired[key]:
                yield Note(key, "led to no event")
        for form in plan.time_formats:
            if form not in self._reader.formats_used:
                yield Note("time.formats", f"no time has the format {form!r}")


def _differs(ticket: Ticket, row: Row) -> bool:
    return any(name in row.fields and row.fields[name] != ticket.fields.get(name) for name in ATTRIBUTES)


def _without(names: Iterable[str], seen: set[str]) -> list[str]:
    return [name for name in names if name not in seen]
