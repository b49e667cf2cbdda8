"""The ticket that waits longest for its first response, by its own open hours, as far as a snapshot can tell.

A snapshot knows the oldest of each queue and priority, not its channel or kind. So its policy is certain where every
policy that may hold says the same; else due and target are those of the snapshot's clocks, or unknown. Of places
whose calendar is closed nobody waits now: they are asked only where every place is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from metrics.calendars import Calendar, elapsed
from metrics.instants import SECOND, format_instant, parse_instant
from metrics.policies import OTHER, PPM, Policy, Rules
from wall.scopes import Scope, earliest


class _Place(msgspec.Struct, frozen=True):
    """The oldest of one queue and priority; ``policies`` are all that may hold for it."""

    at: int
    policies: tuple[Policy, ...]
    calendars: tuple[Calendar | None, ...]  # of these policies; one that is None is always open
    clocks: Mapping[str, Any]

    def opens(self, now: int) -> int | None:
        """``now`` where one of its calendars is open, else when the first of them opens; None: never."""
        if not self.calendars or None in self.calendars:
            return now
        found = [calendar.next_opening(now) for calendar in self.calendars if calendar is not None]
        return min((at for at in found if at is not None), default=None)


def oldest(queues: Mapping[str, Scope], rules: Rules, now: int) -> dict[str, Any]:
    """What the document says of the oldest ticket of these queues."""
    places = [place for name, scope in queues.items() for place in _places(name, scope, rules)]
    open_ones = [place for place in places if place.opens(now) == now]
    if open_ones:
        return _waits(min(open_ones, key=lambda place: place.at), now, now) | {"open": True, "opens_at": None}
    if places:
        nearest = min(places, key=lambda place: place.at)
        opens = min((at for place in places if (at := place.opens(now)) is not None), default=None)
        return _waits(nearest, now, opens) | {"open": False, "opens_at": _text(opens)}
    return _NOBODY | _floor_is_open(rules, now)


_NOBODY: dict[str, Any] = {
    "at": None,
    "due": None,
    "overdue_ratio": None,
    "counted_from": None,
    "target_seconds": None,
    "at_risk_seconds": None,
    "is_at_risk": False,
}


def _floor_is_open(rules: Rules, now: int) -> dict[str, Any]:
    """Whether anybody's calendar is open, where nobody waits."""
    calendars = _calendars(rules.policies.all, rules)
    if not calendars or None in calendars:
        return {"open": True, "opens_at": None}
    opens = [at for calendar in calendars if calendar is not None and (at := calendar.next_opening(now)) is not None]
    first = min(opens, default=None)
    return {"open": first == now, "opens_at": None if first == now else _text(first)}


def _waits(place: _Place, now: int, opens: int | None) -> dict[str, Any]:
    """The wait of one place; ``opens`` is ``now`` while it is open.

    ``counted_from`` lies the open time so far before ``opens``: from then on a clock that counts up from it is right,
    and it stays the same from one document to the next. None where it is closed and which calendar holds is not known.
    """
    calendar = place.calendars[0] if len(place.calendars) == 1 else None
    counted_from: int | None = place.at
    if calendar is not None:
        counted_from = (now if opens is None else opens) - elapsed(place.at, now, calendar)
    elif opens != now:
        counted_from = None
    made = _NOBODY | {
        "at": format_instant(place.at),
        "due": place.clocks["most_overdue_due_at"] or place.clocks["next_due_at"],
        "overdue_ratio": _rounded(place.clocks["overdue_ratio"]),
        "counted_from": _text(counted_from),
        "is_at_risk": place.clocks["at_risk"] > 0,  # one of its place, where its own policy is not known
    }
    targets = {(policy.first_response, policy.at_risk_ppm) for policy in place.policies}
    if len(targets) != 1 or len(place.calendars) != 1:
        return made
    [(target, risk_ppm)] = targets
    if target is None:
        return made | {"due": None, "overdue_ratio": None}
    due = place.at + target if calendar is None else calendar.reached(place.at, target)
    return made | {
        "due": _text(due),
        "overdue_ratio": _rounded(elapsed(due, now, calendar) / target if due is not None and due < now else None),
        "target_seconds": target / SECOND,
        "at_risk_seconds": (target - -(-target * risk_ppm // PPM)) / SECOND,
    }


def _places(queue: str, scope: Scope, rules: Rules) -> Iterator[_Place]:
    for priority, stands in scope.get("priorities", {}).items():
        text = earliest([stands["oldest_awaiting_first_response_at"]])
        if text is None:
            continue
        at = parse_instant(text)
        policies = tuple(_candidates(queue, priority, at, rules))
        yield _Place(at, policies, _calendars(policies, rules), stands["sla"]["first_response"])


def _candidates(queue: str, priority: str, created_at: int, rules: Rules) -> Iterator[Policy]:
    """Every policy that may hold: up to the first that asks for nothing which a snapshot does not know."""
    for policy in rules.policies.all:
        if policy.starts_at is not None and created_at < policy.starts_at:
            continue
        known = (("queue", queue), ("priority", priority))
        if any(value not in policy.match.get(name, (value,)) and value != OTHER for name, value in known):
            continue
        yield policy
        asked = set(policy.match) - {name for name, value in known if value != OTHER}
        if not asked:
            return


def _calendars(policies: tuple[Policy, ...], rules: Rules) -> tuple[Calendar | None, ...]:
    names = dict.fromkeys(policy.calendar for policy in policies)
    return tuple(None if name is None else rules.calendars[name] for name in names)


def _rounded(ratio: float | None) -> float | None:
    """To a hundredth: it grows all the time, and a document that changes is sent."""
    return None if ratio is None else round(ratio, 2)


def _text(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
