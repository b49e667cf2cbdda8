"""The rows of an export, read cell by cell by its map: cells → what one row says.

It knows one row at a time and no ticket's history. A row is read whole or not at all: a `BadRow` says where the
first trouble is, and has changed nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import msgspec

from intake.imports.files import BadRow, CellError, Cells
from intake.imports.local_times import LocalTimes
from intake.imports.maps import ORIGINS, Field, ImportMap
from intake.imports.rules import Survey
from intake.imports.tables import MapError, Problem, near


class Answer(msgspec.Struct, frozen=True):
    """A survey's cells in one row: when it was sent, and when and how it was answered; None where they say nothing."""

    sent: str | None
    at: str | None
    data: dict[str, Any] | None


class Row(msgspec.Struct):
    """What one row says. Times are RFC 3339 in UTC; what it does not say is absent or None.

    ``groups`` is by state column, ``times`` and ``counts`` by the rule's key, ``answers`` by place of the survey in the
    map; ``unmapped`` are the (key, value) that the map does not mention.
    """

    number: int
    ticket: str
    created: str | None
    updated: str | None
    fields: dict[str, str]
    groups: dict[str, str]
    times: dict[str, str]
    counts: dict[str, int]
    answers: list[Answer]
    unmapped: list[tuple[str, str]]


class RowReader:
    """Reads the rows under one header by a map; ``seen`` is what it met, by key of the map, for the notes."""

    def __init__(self, plan: ImportMap, header: Sequence[str]) -> None:
        names = [name.removeprefix("\ufeff").strip() for name in header]
        _check_header(plan, names)
        self._plan = plan
        self._names = names
        self._places = {name: place for place, name in enumerate(names)}
        self._nulls = plan.format.nulls
        self._timed = [rule for rule in plan.rules if rule.at is not None]
        self._counting = [rule for rule in plan.rules if rule.rises is not None]
        self._times = LocalTimes(plan.time_formats, plan.zone)
        self._fields = [(field, f"fields.{field.name}", self._place(field.column)) for field in plan.fields]
        self._states = [(column, groups, self._places[column]) for column, groups in plan.states.items()]
        keys = [*plan.states, *(key for _, key, _ in self._fields)]
        self.seen = {key: set[str]() for key in keys}

    @property
    def formats_used(self) -> set[str]:
        """The time formats that some cell had."""
        return self._times.used

    def read(self, number: int, cells: Cells) -> Row | BadRow:
        """What row ``number`` says, or why it is skipped."""
        if isinstance(cells, csv.Error):
            return BadRow(number, "", "", f"is not CSV as the map describes it: {cells}")
        if len(cells) != len(self._names):
            return BadRow(number, "", "", f"has {len(cells)} cells: {len(self._names)} are expected, as in the header")
        try:
            "".join(cells).encode()
            return self._row(number, cells)
        except UnicodeEncodeError:
            return self._undecoded(number, cells)
        except CellError as error:
            return BadRow(number, error.column, error.value, error.expected)

    def _row(self, number: int, cells: Sequence[str]) -> Row:
        plan = self._plan
        unmapped: list[tuple[str, str]] = []
        return Row(
            number=number,
            ticket=self._ticket(cells),
            created=self._time(cells, plan.created),
            updated=self._updated(cells),
            times=self._read_times(cells),
            counts=self._read_counts(cells),
            answers=[self._answer(cells, survey) for survey in plan.surveys],
            fields=self._read_fields(cells, unmapped),
            groups=self._read_groups(cells, unmapped),
            unmapped=unmapped,
        )

    def _place(self, column: str | None) -> int:
        return -1 if column is None else self._places[column]

    def _cell(self, cells: Sequence[str], column: str | None) -> str | None:
        if column is None:
            return None
        text = cells[self._places[column]].strip()
        return None if text in self._nulls else text

    def _ticket(self, cells: Sequence[str]) -> str:
        column = self._plan.ticket
        ticket = self._cell(cells, column)
        if ticket is None:
            raise CellError(column, cells[self._places[column]], "a ticket id is expected")
        if ticket.startswith(("survey:", "fact:")):
            raise CellError(column, ticket, "a ticket id that begins with neither survey: nor fact: is expected")
        return ticket

    def _time(self, cells: Sequence[str], column: str | None) -> str | None:
        text = self._cell(cells, column)
        if text is None:
            return None
        try:
            return self._times.rfc3339(text)
        except ValueError as error:
            raise CellError(column or "", text, str(error)) from None

    def _updated(self, cells: Sequence[str]) -> str | None:
        column = self._plan.updated
        updated = self._time(cells, column)
        if updated is None and column is not None:
            raise CellError(column, cells[self._places[column]], "the time of the row is expected")
        return updated

    def _read_times(self, cells: Sequence[str]) -> dict[str, str]:
        read = ((rule.key, self._time(cells, rule.at)) for rule in self._timed)
        return {key: time for key, time in read if time is not None}

    def _read_counts(self, cells: Sequence[str]) -> dict[str, int]:
        read = ((rule.key, self._count(cells, rule.rises)) for rule in self._counting)
        return {key: count for key, count in read if count is not None}

    def _count(self, cells: Sequence[str], column: str | None) -> int | None:
        text = self._cell(cells, column)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()):
            raise CellError(column or "", text, "a count is expected: a whole number from 0 on")
        return int(text[:18])  # longer ones are no counts; int() refuses thousands of digits

    def _read_fields(self, cells: Sequence[str], unmapped: list[tuple[str, str]]) -> dict[str, str]:
        fields: dict[str, str] = {}
        for field, key, place in self._fields:
            value = field.constant if place < 0 else self._value(field, key, cells[place].strip(), unmapped)
            if value is not None:
                fields[field.name] = value
        return fields

    def _value(self, field: Field, key: str, text: str, unmapped: list[tuple[str, str]]) -> str | None:
        if text in self._nulls:
            return field.null
        if not field.values:
            value = text
        else:
            self.seen[key].add(text)
            value = field.values.get(text, "")
            if not value:
                unmapped.append((key, text))
                value = text
        if field.name == "origin" and value not in ORIGINS:
            raise CellError(field.column or "", text, "customer, agent or system is expected, or a `values` to them")
        return value

    def _read_groups(self, cells: Sequence[str], unmapped: list[tuple[str, str]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for column, groups, place in self._states:
            state = cells[place].strip()
            if state in self._nulls:
                continue
            self.seen[column].add(state)
            group = groups.get(state)
            if group is None:
                unmapped.append((f"states.{column}", state))
            else:
                found[column] = group
        return found

    def _answer(self, cells: Sequence[str], survey: Survey) -> Answer:
        score = self._score(cells, survey, survey.score)
        sent, at = self._time(cells, survey.sent), self._time(cells, survey.at)
        if score is None:
            return Answer(sent, at, None)
        if survey.at is not None and at is None:
            raise CellError(survey.at, cells[self._places[survey.at]], "the time of the answer is expected")
        data: dict[str, Any] = {"survey": survey.survey, "score": score}
        optional = {
            "response": self._cell(cells, survey.response),
            "scale": list(survey.scale) if survey.states_scale else None,
            "item": survey.item,
            "expectation": self._score(cells, survey, survey.expectation),
            "about": survey.about,
            "comment": self._cell(cells, survey.comment),
        }
        data |= {name: value for name, value in optional.items() if value is not None}
        return Answer(sent, at, data)

    def _score(self, cells: Sequence[str], survey: Survey, column: str | None) -> int | None:
        text = self._cell(cells, column)
        if text is None:
            return None
        lowest, highest = survey.scale
        score = survey.values.get(text)
        if score is None and text.isascii() and text.isdigit() and len(text) < 10:
            score = int(text)
        if score is None or not lowest <= score <= highest:
            raise CellError(column or "", text, f"a whole number of {lowest} to {highest} is expected")
        return score

    def _undecoded(self, number: int, cells: Sequence[str]) -> BadRow:
        place = next(place for place, cell in enumerate(cells) if not _is_text(cell))
        shown = "".join(_shown(letter) for letter in cells[place])
        return BadRow(number, self._names[place], shown, f"text in {self._plan.format.encoding} is expected")


def _shown(letter: str) -> str:
    """A lone surrogate (a byte that is not of the encoding) as the byte in hexadecimal; any other letter as it is."""
    return f"\\x{ord(letter) - 0xDC00:02x}" if "\udc80" <= letter <= "\udcff" else letter


def _is_text(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_header(plan: ImportMap, names: Sequence[str]) -> None:
    """Every column that the map names is in the header exactly once; a MapError names all that are not."""
    problems = []
    for key, column in plan.columns():
        count = names.count(column)
        if count == 0:
            found = f"the file has {', '.join(map(repr, names))}"
            problems.append(Problem(plan.file, key, f"no column {column!r}{near(column, names)} ({found})"))
        elif count > 1:
            problems.append(Problem(plan.file, key, f"{count} columns are called {column!r}: one is expected"))
    if problems:
        raise MapError(problems)
