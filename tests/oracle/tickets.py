"""From the distinct events of one subject to the facts of its ticket: what happened, with no clock and no window.

Every instant of a ticket's facts is clamped: an event up to `skew` before the creation counts as at creation.
Attributes alone keep the original instants.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.instants import instant

ATTRIBUTES = ("queue", "channel", "priority", "brand", "kind", "agent")
HISTORY_MAX = 256  # elements kept of each history, the latest ones


@dataclass(frozen=True)
class Happening:
    """One distinct event; `data` without its absent and empty fields."""

    at: int
    source: str
    id: str
    kind: str  # the type without `support.`
    subject: str
    data: Mapping[str, Any]

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """Which comes first is by time, source, id; the type parts a reused id."""
        return (self.at, self.source, self.id, self.kind)


@dataclass(frozen=True)
class Ticket:
    """The facts of one ticket that counts: created, and not discarded."""

    creation: int
    from_agent: bool
    values: Mapping[str, list[tuple[int, str, str, str]]]  # attribute: (original instant, source, id, value), ascending
    first_reply: int | None  # also known, and left out by its readers, where from_agent
    last_reply: int | None
    changes: list[tuple[int, str]]  # (instant, "resolved" or "reopened"), only those that changed something
    runs: list[tuple[int, int | None]]  # open and not paused: [start, end), the last end None while running
    is_open: bool
    is_paused: bool
    first_escalation: int | None
    messages: list[int]
    conversions: list[int]

    def value(self, attribute: str, at: int) -> str | None:
        """The attribute's latest value given at or before an instant."""
        known = [entry for entry in self.values.get(attribute, []) if entry[0] <= at]
        return max(known)[3] if known else None

    @property
    def resolves(self) -> list[int]:
        """The instants of the changes to resolved."""
        return [at for at, change in self.changes if change == "resolved"]

    @property
    def is_waiting(self) -> bool:
        """Awaiting first response."""
        return self.is_open and not self.from_agent and self.first_reply is None

    @property
    def awaiting_reply_since(self) -> int | None:
        """The earliest customer's message later than the last reply and the last change to resolved."""
        if not self.is_open or self.is_waiting:
            return None
        last_reply = self.creation if self.last_reply is None else self.last_reply
        answered_until = max([last_reply, *self.resolves])
        return min((at for at in self.messages if at > answered_until), default=None)


def distinct(events: Iterable[Mapping[str, Any]], until: int | None) -> dict[str, list[Happening]]:
    """The distinct events at or before an instant, by subject, in order."""
    seen: set[str] = set()
    subjects: dict[str, list[Happening]] = defaultdict(list)
    for event in events:
        content = json.dumps(event, sort_keys=True)
        if content in seen:
            continue
        seen.add(content)
        happening = _happening(event)
        if until is None or happening.at <= until:
            subjects[happening.subject].append(happening)
    for happenings in subjects.values():
        happenings.sort(key=lambda happening: happening.rank)
    return dict(subjects)


def _happening(event: Mapping[str, Any]) -> Happening:
    data = {key: value for key, value in (event.get("data") or {}).items() if value not in ("", None)}
    kind = event["type"].removeprefix("support.")
    return Happening(instant(event["time"]), event["source"], event["id"], kind, event["subject"], data)


def is_discarded(happenings: list[Happening]) -> bool:
    """The latest of the discards and restores is a discard."""
    verdicts = [happening for happening in happenings if happening.kind in ("ticket.discarded", "ticket.restored")]
    return bool(verdicts) and verdicts[-1].kind == "ticket.discarded"


def ticket_of(happenings: list[Happening], configuration: OracleConfiguration) -> Ticket | None:
    """The ticket of one subject's ordered events; None for an orphan."""
    created = [happening for happening in happenings if happening.kind == "ticket.created"]
    if not created:
        return None
    creation = created[0].at
    counted = [happening for happening in happenings if happening.at >= creation - configuration.skew]
    replies = [max(happening.at, creation) for happening in counted if _is_answer(happening)]
    escalations = _latest(counted, "ticket.escalated")
    changes, runs, is_open, is_paused = _course(counted, creation)
    return Ticket(
        creation=creation,
        from_agent=created[0].data.get("origin") == "agent",
        values={attribute: _values(happenings, attribute) for attribute in ATTRIBUTES},
        first_reply=min(replies, default=None),
        last_reply=max(replies, default=None),
        changes=changes,
        runs=runs,
        is_open=is_open,
        is_paused=is_paused,
        first_escalation=max(escalations[0].at, creation) if escalations else None,
        messages=[max(message.at, creation) for message in _latest(counted, "ticket.customer-replied")],
        conversions=[max(sale.at, creation) for sale in _latest(counted, "ticket.converted")],
    )


def _latest(happenings: list[Happening], *kinds: str) -> list[Happening]:
    return [happening for happening in happenings if happening.kind in kinds][-HISTORY_MAX:]


def _is_answer(happening: Happening) -> bool:
    if happening.kind != "ticket.replied":
        return False
    return happening.data.get("author", "human") == "human" and happening.data.get("public", True) is True


def _values(happenings: list[Happening], attribute: str) -> list[tuple[int, str, str, str]]:
    given = [
        (happening.at, happening.source, happening.id, happening.data[attribute])
        for happening in happenings
        if happening.kind in ("ticket.created", "ticket.updated") and attribute in happening.data
    ]
    return sorted(given)[-HISTORY_MAX:]


def _course(
    counted: list[Happening], creation: int
) -> tuple[list[tuple[int, str]], list[tuple[int, int | None]], bool, bool]:
    """Walks resolves, reopens, pauses and resumes in order: (changes, runs, is open, is paused)."""
    steps = _latest(counted, "ticket.resolved", "ticket.reopened") + _latest(counted, "ticket.paused", "ticket.resumed")
    changes: list[tuple[int, str]] = []
    runs: list[tuple[int, int | None]] = []
    is_open, is_paused = True, False
    running_since: int | None = creation
    for step in sorted(steps, key=lambda happening: happening.rank):
        at, kind = max(step.at, creation), step.kind.removeprefix("ticket.")
        if kind == "resolved" and is_open:
            is_open, is_paused = False, False
            changes.append((at, kind))
        elif kind == "reopened" and not is_open:
            is_open = True
            changes.append((at, kind))
        elif kind == "paused" and is_open:
            is_paused = True
        elif kind == "resumed":
            is_paused = False
        runs_now = is_open and not is_paused
        if running_since is not None and not runs_now:
            runs.append((running_since, at))
            running_since = None
        elif running_since is None and runs_now:
            running_since = at
    if running_since is not None:
        runs.append((running_since, None))
    return changes, runs, is_open, is_paused
