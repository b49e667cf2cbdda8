"""One ticket's history from the rows about it: what changed since its last row, as events.

It knows the rules of the map and the rows in the order of the desk; it reads no cell and no clock. Its invariant:
`happenings` changes nothing; only `remember` does, so that a row that turns out bad leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from intake.imports.files import CellError
from intake.imports.maps import ATTRIBUTES, ImportMap
from intake.imports.rows import Row
from intake.imports.rules import Rule

#: What a ticket is created with where its map or its row does not say: the contract requires these three.
UNKNOWN: Final = "unknown"
_REQUIRED: Final = ("queue", "channel", "priority")
_AT_CREATION: Final = ("brand", "kind", "customer", "origin")

#: (type without "support.", time, data)
Happening = tuple[str, str, dict[str, Any]]


class Ticket(msgspec.Struct):
    """What the rows so far said of one ticket: the latest value of everything that a rule compares with."""

    created: bool
    fields: dict[str, str]
    groups: dict[str, str]
    times: dict[str, str]
    counts: dict[str, int]
    answers: list[tuple[str | None, dict[str, Any] | None]]
    fired: set[str]


def new_ticket(plan: ImportMap) -> Ticket:
    """A ticket before its first row."""
    nothing: tuple[str | None, dict[str, Any] | None] = (None, None)
    return Ticket(
        created=False,
        fields={},
        groups={},
        times={},
        counts={},
        answers=[nothing] * len(plan.surveys),
        fired=set(),
    )


def happenings(plan: ImportMap, ticket: Ticket, row: Row) -> list[tuple[str, Happening]]:
    """What ``row`` adds to ``ticket``, as (key of the map, happening), in the order of the desk within one row.

    That order: creation, then attributes, then the changes and the surveys in the order of the map.

    Raises:
        CellError: the row lacks the time of something that it says has happened.
    """
    found = [*_creation(plan, ticket, row), *_updates(ticket, row)]
    found += [(rule.key, _change(rule, ticket, row)) for rule in plan.rules if _fires(rule, ticket, row)]
    found += _answers(plan, ticket, row)
    return found


def remember(ticket: Ticket, row: Row, found: list[tuple[str, Happening]]) -> None:
    """Take ``row`` and what it led to into the ticket's history; what the row does not say stays as it was."""
    ticket.fields |= row.fields
    ticket.groups |= row.groups
    for key, _ in found:
        ticket.fired.add(key)
    ticket.created = "ticket.created" in ticket.fired
    ticket.times |= row.times
    ticket.counts |= row.counts
    for place, answer in enumerate(row.answers):
        sent, data = ticket.answers[place]
        ticket.answers[place] = (answer.sent or sent, answer.data or data)


def _creation(plan: ImportMap, ticket: Ticket, row: Row) -> Iterator[tuple[str, Happening]]:
    if ticket.created or (plan.created is plan.updated is None):
        return
    created = row.created if plan.created is not None else row.updated
    if created is None:
        raise CellError(plan.created or "", "", "the time of creation is expected")
    data: dict[str, Any] = {name: row.fields.get(name, UNKNOWN) for name in _REQUIRED}
    data |= {name: row.fields[name] for name in _AT_CREATION if name in row.fields}
    yield "ticket.created", ("ticket.created", created, data)


def _updates(ticket: Ticket, row: Row) -> Iterator[tuple[str, Happening]]:
    """One `updated` with the attributes that differ from the ticket's last; at its first row, those not in `created`.

    Without a time of the row only the first row's can be dated: at creation, the only instant at which they are sure
    not to be too late.
    """
    if not row.fields.keys() - {"actor"} or row.fields == ticket.fields:
        return
    time = row.updated or (None if ticket.created else row.created)
    if time is None:
        return
    known = ticket.fields if ticket.created else row.fields | {"agent": ""}
    changed: dict[str, Any] = {
        n: row.fields[n] for n in ATTRIBUTES if n in row.fields and row.fields[n] != known.get(n)
    }
    if changed:
        yield "fields", ("ticket.updated", time, changed)


def _fires(rule: Rule, ticket: Ticket, row: Row) -> bool:
    if rule.once and rule.key in ticket.fired:
        return False
    if rule.rises is not None:
        return row.counts.get(rule.key, 0) > ticket.counts.get(rule.key, 0)
    if rule.states is None:
        return rule.key in row.times and row.times[rule.key] != ticket.times.get(rule.key)
    after = row.groups.get(rule.states)
    if after is None:  # no state, or one that the map does not mention: the ticket keeps the state it had
        return False
    if rule.each:
        return after in rule.each
    before = ticket.groups.get(rule.states)
    if before == after:
        return False
    entered = not rule.enter or (after in rule.enter and before not in rule.enter)
    left = not rule.leave or (before in rule.leave and after not in rule.leave)
    return entered and left


def _change(rule: Rule, ticket: Ticket, row: Row) -> Happening:
    time = row.updated if rule.at is None else row.times.get(rule.key)
    if time is None:
        raise CellError(rule.at or "", "", f"the time of `{rule.event}` is expected")
    data = dict(rule.data)
    if rule.event in {"replied", "resolved"}:
        agent = row.fields.get("actor") or row.fields.get("agent") or ticket.fields.get("agent")
        if agent or rule.event == "replied":
            data["agent"] = agent or UNKNOWN
    return f"ticket.{rule.event}", time, data


def _answers(plan: ImportMap, ticket: Ticket, row: Row) -> Iterator[tuple[str, Happening]]:
    for survey, answer, (sent, data) in zip(plan.surveys, row.answers, ticket.answers, strict=True):
        if answer.sent is not None and answer.sent != sent:
            asked = {"survey": survey.survey}
            if answer.data is not None and "response" in answer.data:
                asked["response"] = answer.data["response"]
            yield survey.key, ("survey.sent", answer.sent, asked)
        time = answer.at or row.updated
        if answer.data is not None and answer.data != data and time is not None:
            yield survey.key, ("survey.answered", time, answer.data)
