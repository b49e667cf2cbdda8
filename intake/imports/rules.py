"""Which change between two rows of a ticket is which event: the `[[changes]]` and `[[surveys]]` of a map.

A rule is a trigger, the column of its time, and the constant part of the event's data. It knows events by the names
of the contract, and nothing of rows; what fires when is decided in `intake/imports/tickets.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from intake.imports.tables import Table, near

#: Event names that a rule may emit, with the data that may be given as constants. `created` and `updated` are not
#: among them: they follow from `ticket.created` and from the fields.
EVENT_DATA: Final[dict[str, frozenset[str]]] = {
    "replied": frozenset({"author", "public"}),
    "resolved": frozenset(),
    "reopened": frozenset(),
    "escalated": frozenset({"level"}),
    "paused": frozenset({"reason"}),
    "resumed": frozenset({"reason"}),
    "customer-replied": frozenset(),
    "converted": frozenset({"value"}),
    "discarded": frozenset({"reason"}),
    "restored": frozenset({"reason"}),
}
_AUTHORS: Final = ("human", "bot", "auto")
_DISCARD_REASONS: Final = ("merged", "spam", "deleted", "test")
_ABOUT: Final = ("brand", "product", "agent", "team")
_DIMENSIONS: Final = ("reliability", "tangibles", "responsiveness", "assurance", "empathy")
_SPAN_MAX: Final = 1_000  # a wider scale is refused by whoever reads the events
#: By survey, the scale where none is given; a brand item has no usual scale.
SCALES: Final[dict[str, tuple[int, int] | None]] = {
    "csat": (1, 5),
    "nps": (0, 10),
    "ces": (1, 7),
    "servqual": (1, 7),
    "brand": None,
}


class Rule(msgspec.Struct, frozen=True):
    """One `[[changes]]`: ``event`` happens when its trigger does, at the time in column ``at`` (None: the row's time).

    Triggers: ``enter`` and ``leave`` (groups of ``states``), ``each`` (every row in such a group), ``rises`` (a column
    with a count that grows); with none of them, a new time in ``at``.
    """

    key: str
    event: str
    states: str | None
    enter: frozenset[str]
    leave: frozenset[str]
    each: frozenset[str]
    rises: str | None
    at: str | None
    once: bool
    data: dict[str, Any]

    def columns(self) -> Iterator[tuple[str, str | None]]:
        """Its (key, column) pairs."""
        yield f"{self.key}.rises", self.rises
        yield f"{self.key}.at", self.at


class Survey(msgspec.Struct, frozen=True):
    """One `[[surveys]]`: the columns of an answer (``at`` None: the row's time), and its constants."""

    key: str
    survey: str
    score: str
    scale: tuple[int, int]
    states_scale: bool
    values: dict[str, int]
    at: str | None
    sent: str | None
    response: str | None
    comment: str | None
    expectation: str | None
    item: str | None
    about: str | None

    def columns(self) -> Iterator[tuple[str, str | None]]:
        """Its (key, column) pairs."""
        for name in ("score", "at", "sent", "response", "comment", "expectation"):
            yield f"{self.key}.{name}", getattr(self, name)


def load_rules(tables: list[Table], states: dict[str, dict[str, str]], *, dated: bool) -> tuple[Rule, ...]:
    """The rules of ``[[changes]]``; ``dated``: every row has a time of its own (a log)."""
    columns = {group: column for column, groups in states.items() for group in groups.values()}
    return tuple(_rule(table, columns, dated=dated) for table in tables)


def _rule(table: Table, columns: dict[str, str], *, dated: bool) -> Rule:
    event = table.one_of("event", EVENT_DATA)
    triggers = [table.texts(name) for name in ("enter", "leave", "each")]
    rule = Rule(
        key=table.name,
        event=event,
        states=_states_column(table, columns, *triggers),
        enter=frozenset(triggers[0]),
        leave=frozenset(triggers[1]),
        each=frozenset(triggers[2]),
        rises=table.optional("rises"),
        at=table.optional("at"),
        once=table.flag("once"),
        data=_data(table, event),
    )
    _check_trigger(table, rule, dated=dated)
    table.finish()
    return rule


def _states_column(table: Table, columns: dict[str, str], *triggers: tuple[str, ...]) -> str | None:
    found: set[str] = set()
    for name, groups in zip(("enter", "leave", "each"), triggers, strict=True):
        for group in groups:
            if group in columns:
                found.add(columns[group])
            else:
                table.problem(name, f"{group!r} is no group of [states]{near(group, columns)}")
    if len(found) > 1:
        table.problem("", f"groups of one column are expected, not of {' and '.join(sorted(found))}")
    return min(found, default=None)


def _check_trigger(table: Table, rule: Rule, *, dated: bool) -> None:
    kinds = [bool(rule.enter or rule.leave), bool(rule.each), rule.rises is not None]
    if sum(kinds) > 1:
        table.problem("", "one trigger is expected: `enter` and/or `leave`, or `each`, or `rises`")
    if not any(kinds) and rule.at is None:
        table.problem("", "a trigger is expected: `enter`, `leave`, `each`, `rises`, or `at`: a column with its time")
    if any(kinds) and rule.at is None and not dated:
        table.problem("at", "is missing: the column of its time is expected, since `ticket.updated` names none")
    if rule.enter & rule.leave:
        table.problem("leave", f"{min(rule.enter & rule.leave)!r} is in `enter` too: different groups are expected")


def _data(table: Table, event: str) -> dict[str, Any]:
    data = table.mapping("data")
    allowed = EVENT_DATA.get(event, frozenset(data))
    for name in data:
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "nothing"
            table.problem("data", f"{name!r} is not data of `{event}`: {known} is expected{near(name, allowed)}")
        elif not _fits(event, name, data[name]):
            table.problem("data", f"{data[name]!r} is no {name} of `{event}`{_expected(event, name)}")
    if event in {"discarded", "restored"} and "reason" not in data:
        table.problem("data", f"`reason` is expected for `{event}`: one of {', '.join(_DISCARD_REASONS)}")
    return data


def _fits(event: str, name: str, value: object) -> bool:
    match name:
        case "public":
            return isinstance(value, bool)
        case "author":
            return value in _AUTHORS
        case "reason" if event in {"discarded", "restored"}:
            return value in _DISCARD_REASONS
        case "value":
            return type(value) in {int, float}
        case "level":
            return isinstance(value, str) or type(value) is int
        case _:
            return isinstance(value, str)


def _expected(event: str, name: str) -> str:
    choices = {"author": _AUTHORS, "reason": _DISCARD_REASONS if event in {"discarded", "restored"} else ()}
    allowed = choices.get(name, ())
    return f": one of {', '.join(allowed)} is expected" if allowed else ""


def load_surveys(tables: list[Table], *, dated: bool) -> tuple[Survey, ...]:
    """The answers of ``[[surveys]]``; ``dated``: every row has a time of its own (a log)."""
    return tuple(_survey(table, dated=dated) for table in tables)


def _survey(table: Table, *, dated: bool) -> Survey:
    kind = table.one_of("survey", SCALES)
    given, scale = "scale" in table, _scale(table, kind)
    item = table.optional("item")
    if item is None and kind in {"servqual", "brand"}:
        table.problem("item", f"is missing: the item of `{kind}` is expected")
    if item and kind == "servqual" and item.partition(".")[0] not in _DIMENSIONS:
        table.problem("item", f"{item!r} is no item of `servqual`: one such as {_DIMENSIONS[0]}.3 is expected")
    survey = Survey(
        key=table.name,
        survey=kind,
        score=table.text("score"),
        scale=scale,
        states_scale=given,
        values=_scores(table, scale),
        at=table.optional("at"),
        sent=table.optional("sent"),
        response=table.optional("response"),
        comment=table.optional("comment"),
        expectation=table.optional("expectation"),
        item=item,
        about=table.one_of("about", _ABOUT) if "about" in table else None,
    )
    if survey.at is None and not dated:
        table.problem("at", "is missing: the column of the answer's time is expected")
    table.finish()
    return survey


def _scale(table: Table, kind: str) -> tuple[int, int]:
    given = table.integers("scale")
    usual = SCALES.get(kind)
    if given is None:
        if "scale" not in table and kind == "brand":
            table.problem("scale", "is missing: [0, 1] or [1, 5] is expected")
        return usual or (0, 1)
    if len(given) != 2 or not 0 < given[1] - given[0] <= _SPAN_MAX:
        table.problem("scale", f"[lowest, highest] is expected, at most {_SPAN_MAX} apart, not {list(given)}")
        return usual or (0, 1)
    return given[0], given[1]


def _scores(table: Table, scale: tuple[int, int]) -> dict[str, int]:
    values = table.mapping("values")
    for text, score in values.items():
        if type(score) is not int or not scale[0] <= score <= scale[1]:
            table.problem("values", f"{text!r} = {score!r}: a whole number of {scale[0]} to {scale[1]} is expected")
    return values
