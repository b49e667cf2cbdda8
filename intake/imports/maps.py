"""The map of a help desk's export: which column means what, and which change of it is which event.

It knows the TOML of a map (docs/import.md) and what a usable map is; it never sees a row. ``load_map`` returns a map
without a problem, or raises all problems at once.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from intake.imports.local_times import format_problem, has_zone
from intake.imports.rules import Rule, Survey, load_rules, load_surveys
from intake.imports.tables import MapError, Problem, Table, dotted, near, read_toml

ATTRIBUTES: Final = ("queue", "channel", "priority", "brand", "kind", "agent")
FIELDS: Final = (*ATTRIBUTES, "customer", "origin", "actor")
ORIGINS: Final = frozenset({"customer", "agent", "system"})
ORDERS: Final = ("oldest first", "newest first")


class FileFormat(msgspec.Struct, frozen=True):
    """How the file is written: CSV of one-character delimiter and quote, its encoding, its words for "no value"."""

    delimiter: str
    encoding: str
    quote: str | None
    nulls: frozenset[str]
    newest_first: bool


class Field(msgspec.Struct, frozen=True):
    """Where a field of a ticket comes from: a column, or one ``constant`` for all.

    ``values`` renames what the column says; ``null`` is what an empty cell means (None: it says nothing).
    """

    name: str
    column: str | None
    constant: str | None
    values: dict[str, str]
    null: str | None


class ImportMap(msgspec.Struct, frozen=True):
    """A checked map. ``states`` is, by column, the group of each state; ``updated`` None: one row per ticket."""

    file: str
    source: str
    format: FileFormat
    time_formats: tuple[str, ...]
    zone: str | None
    ticket: str
    created: str | None
    updated: str | None
    fields: tuple[Field, ...]
    states: dict[str, dict[str, str]]
    rules: tuple[Rule, ...]
    surveys: tuple[Survey, ...]

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every (key of the map, column it names), for the check of a file's header."""
        named = [("ticket.id", self.ticket), ("ticket.created", self.created), ("ticket.updated", self.updated)]
        named += [(dotted("fields", field.name, "column"), field.column) for field in self.fields]
        named += [(dotted("states", column), column) for column in self.states]
        named += [pair for rule in self.rules for pair in rule.columns()]
        named += [pair for survey in self.surveys for pair in survey.columns()]
        return ((key, column) for key, column in named if column is not None)


def load_map(path: Path) -> ImportMap:
    """The map in the TOML file ``path``.

    Raises:
        MapError: the file cannot be read or is no usable map; it has all problems, each with file, key and what is
            expected.
    """
    problems: list[Problem] = []
    top = Table(read_toml(path), problems, file=str(path))
    plan = _plan(top)
    top.finish()
    if problems:
        raise MapError(problems)
    return plan


def _plan(top: Table) -> ImportMap:
    ticket, times = top.table("ticket"), top.table("time")
    updated = ticket.optional("updated")
    states = _states(top.table("states"))
    formats = _time_formats(times)
    plan = ImportMap(
        file=top.file,
        source=top.text("source"),
        format=_file_format(top.table("file")),
        time_formats=formats,
        zone=_zone(times, formats),
        ticket=ticket.text("id"),
        created=ticket.optional("created"),
        updated=updated,
        fields=_fields(top.table("fields")),
        states=states,
        rules=load_rules(top.tables("changes"), states, dated=updated is not None),
        surveys=load_surveys(top.tables("surveys"), dated=updated is not None),
    )
    if plan.created is plan.updated is None and not plan.surveys:
        ticket.problem("created", "is missing: the column of the time of creation, or `updated` for a log, is expected")
    ticket.finish()
    times.finish()
    return plan


def _file_format(table: Table) -> FileFormat:
    encoding = table.text("encoding", "utf-8")
    try:
        codecs.lookup(encoding)
    except LookupError:
        table.problem("encoding", f'{encoding!r} is not known: "utf-8", "utf-8-sig" or "cp1252", say, is expected')
    delimiter, quote = _character(table, "delimiter", ","), _character(table, "quote", '"', may_be_empty=True)
    nulls = frozenset(table.texts("null")) | {""}
    order = table.one_of("order", ORDERS, ORDERS[0])
    table.finish()
    return FileFormat(delimiter, encoding, quote or None, nulls, newest_first=order == ORDERS[1])


def _character(table: Table, name: str, default: str, *, may_be_empty: bool = False) -> str:
    value = table.text(name, default)
    if len(value) > 1 or (not value and not may_be_empty):
        table.problem(name, f"one character is expected, not {value!r}")
    return value


def _time_formats(table: Table) -> tuple[str, ...]:
    formats = table.texts("formats", ("rfc3339",))
    if not formats:
        table.problem("formats", "at least one format is expected")
    for form in formats:
        problem = format_problem(form)
        if problem:
            table.problem("formats", problem)
    return formats


def _zone(table: Table, formats: tuple[str, ...]) -> str | None:
    zone = table.optional("zone")
    bare = next((form for form in formats if not has_zone(form)), None)
    if zone is None and bare is not None:
        table.problem("zone", f"is missing: {bare!r} says no zone, so an IANA name such as Europe/Istanbul is expected")
    if zone:
        try:
            ZoneInfo(zone)
        except (KeyError, OSError, ValueError):  # not there, a folder of zones, or no path at all
            table.problem("zone", f"{zone!r} is not an IANA time zone{near(zone, available_timezones())}")
    return zone


def _states(table: Table) -> dict[str, dict[str, str]]:
    """By column: state → group. Group names are unique over all columns, so that a rule need not name its column."""
    columns: dict[str, dict[str, str]] = {}
    owners: dict[str, str] = {}
    for column in table.names():
        groups = table.table(column)
        columns[column] = {}
        for group in groups.names():
            if group in owners:
                groups.problem(group, f"is already a group of states.{owners[group]}: another name is expected")
            owners[group] = column
            _group(groups, group, columns[column])
        groups.finish()
    return columns


def _group(groups: Table, group: str, states: dict[str, str]) -> None:
    for state in groups.texts(group):
        if state in states:
            groups.problem(group, f"{state!r} is already in the group {states[state]!r}: one group each is expected")
        states[state] = group


def _fields(table: Table) -> tuple[Field, ...]:
    fields = [_field(table.table(name), name) for name in FIELDS if name in table]
    for name in table.names():
        if name not in FIELDS:
            table.table(name)  # asked for, so that the better sentence is the only one
            table.problem(name, f"is an unknown field: one of {', '.join(FIELDS)} is expected{near(name, FIELDS)}")
    return tuple(fields)


def _field(table: Table, name: str) -> Field:
    column, constant = table.optional("column"), table.optional("value")
    if (column is None) == (constant is None):
        table.problem("", "either `column` or `value` is expected")
    values = table.mapping("values")
    if not all(isinstance(value, str) and value for value in values.values()):
        table.problem("values", 'texts are expected on both sides, as in { "1" = "urgent" }')
    field = Field(name, column, constant, values, table.optional("null"))
    if name == "origin":
        _check_origin(table, field)
    table.finish()
    return field


def _check_origin(table: Table, field: Field) -> None:
    for value in (field.constant, field.null, *field.values.values()):
        if isinstance(value, str) and value not in ORIGINS:
            table.problem("", f"{value!r} is no origin: one of customer, agent, system is expected")
