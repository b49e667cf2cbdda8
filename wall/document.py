"""What one wall is sent: a small public selection of the snapshot, without names of people, comments or ticket ids.

A pure function of (snapshot, wall, at, facts). Everything a display needs to tell a number that can be trusted from
one that cannot goes with it: how fresh, how complete, of how many. No data is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from metrics.contribution import SLAS
from metrics.instants import format_instant
from metrics.policies import Rules
from metrics.samples import Samples
from metrics.standing import greatest
from wall import scopes
from wall.scopes import Scope
from wall.settings import Facts, Mute, Wall
from wall.waiting import oldest

VERSION: Final = 1
QUEUES_MAX: Final = 8
POINTS_MAX: Final = 60
NOTES_MAX: Final = 4  # feeds and mutes that a wall has room to name

_CSAT_WINDOWS: Final = ("24h", "today")
_NPS_WINDOWS: Final = ("7d", "24h", "today")
_NO_FACTS: Final = Facts()
_RANKS: Final = {"breaching": 0, "at_risk": 1, "ok": 2, "unknown": 3}


def document(snapshot: Mapping[str, Any], wall: Wall, at: int, facts: Facts = _NO_FACTS) -> dict[str, Any]:
    """The wall's document as of ``at``, the server's clock in nanoseconds; ready for JSON, a few kB."""
    found = scopes.chosen(snapshot, wall.queues)
    queues = _queues_of(snapshot, wall)
    return {
        "v": VERSION,
        "now": format_instant(at),
        "as_of": snapshot["as_of"],
        "history_since": snapshot["history_since"],
        "wall": _wall(wall),
        "state": _state(snapshot, facts.mutes, wall, at),
        **_numbers(found, facts.rules, snapshot["history_since"]),
        "oldest": oldest({name: scope for name, scope in queues.items() if scope is not None}, facts.rules, at),
        **_strip(queues, facts.rules, at, is_known=snapshot["partitions"]["ready"] > 0),
        "history": {
            name: list(getattr(facts.history, name))[-POINTS_MAX:] for name in ("awaiting", "open", "breaching")
        },
    }


def _wall(wall: Wall) -> dict[str, Any]:
    return {
        "name": wall.name,
        "title": wall.title,
        "language": wall.language,
        "theme": wall.theme,
        "time_zone": wall.time_zone,
        "numbers": list(wall.numbers),
        "queues": None if wall.queues is None else list(wall.queues),
    }


def _queues_of(snapshot: Mapping[str, Any], wall: Wall) -> dict[str, Scope | None]:
    """The wall's queues by name; None for one the snapshot does not have."""
    if wall.queues is None:
        return dict(snapshot["queues"])
    return {name: snapshot["queues"].get(name) for name in wall.queues}


# --------------------------------------------------------------------------------------------- can it be trusted


def _state(snapshot: Mapping[str, Any], mutes: Sequence[Mute], wall: Wall, at: int) -> dict[str, Any]:
    feeds = snapshot.get("feeds", {})
    return {
        "partitions": snapshot["partitions"],
        "no_data": snapshot["history_since"] is None,
        "feeds": [_feed(source, feeds[source]) for source in feeds if _in_trouble(feeds[source])][:NOTES_MAX],
        "mutes": [_mute(mute) for mute in mutes if _concerns(mute, wall, at)][:NOTES_MAX],
    }


def _in_trouble(feed: Mapping[str, Any]) -> bool:
    return bool(feed["silent"] or feed["late"])


def _feed(source: str, feed: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": source, "state": "silent" if feed["silent"] else "late", "since": feed["silent_since"]}


def _concerns(mute: Mute, wall: Wall, at: int) -> bool:
    if not mute.starts_at <= at < mute.ends_at:
        return False
    return mute.queues is None or wall.queues is None or not set(mute.queues).isdisjoint(wall.queues)


def _mute(mute: Mute) -> dict[str, Any]:
    queues = None if mute.queues is None else list(mute.queues)
    return {"until": format_instant(mute.ends_at), "queues": queues, "reason": mute.reason}


# ----------------------------------------------------------------------------------------------------- the numbers


def _numbers(found: Sequence[Scope], rules: Rules, since: str | None) -> dict[str, Any]:
    return {
        "awaiting": {
            "n": scopes.total(found, "awaiting_first_response"),
            "normal": None,
            "breaching": scopes.clocks(found, "first_response", "live_breaches"),
            "at_risk": scopes.clocks(found, "first_response", "at_risk"),
        },
        "breaching": {
            **{sla: scopes.clocks(found, sla, "live_breaches") for sla in SLAS},
            "at_risk": scopes.at_risk(found),
            "most_overdue_due_at": scopes.earliest(
                scope["sla"][sla]["most_overdue_due_at"] for scope in found for sla in SLAS
            ),
        },
        "in_sla_today": _in_sla_today(found, rules, since),
        "open": _open(found),
        "csat": _voice(found, scopes.csat, _CSAT_WINDOWS, rules.samples, since),
        "nps": _voice(found, scopes.nps, _NPS_WINDOWS, rules.samples, since),
    }


def _in_sla_today(found: Sequence[Scope], rules: Rules, since: str | None) -> dict[str, Any]:
    """``objective`` is the lowest of the policies: below it, none is met."""
    today = scopes.windows(found, "today")
    objectives = [policy.objective for policy in rules.policies.all if policy.first_response is not None]
    return {
        **scopes.in_sla(today, rules.samples),
        "objective": min(objectives, default=None),
        "since": _since(today, since),
    }


def _open(found: Sequence[Scope]) -> dict[str, Any]:
    hour = scopes.windows(found, "1h")
    compared = found[0]["normal"]["open"] if len(found) == 1 and "normal" in found[0] else {}
    return {
        "n": scopes.total(found, "open"),
        "created_1h": sum(window["created"] for window in hour) if hour else None,
        "resolved_1h": sum(window["resolved"] for window in hour) if hour else None,
        "week_ago": compared.get("week_ago"),
        "normal": compared.get("normal"),
    }


def _voice(
    found: Sequence[Scope], judge: Any, names: Sequence[str], samples: Samples, since: str | None
) -> dict[str, Any]:
    """One survey's number over the first of these windows that is configured."""
    known = next((name for name in names if scopes.windows(found, name)), names[-1])
    windows = scopes.windows(found, known)
    return {**judge(windows, samples), "window": known, "since": _since(windows, since)}


def _since(windows: Sequence[Mapping[str, Any]], since: str | None) -> str | None:
    """From when on the windows' history is known, where it does not fill them."""
    return None if all(window["complete"] for window in windows) else since


# -------------------------------------------------------------------------------------------------------- the strip


def _strip(queues: Mapping[str, Scope | None], rules: Rules, at: int, *, is_known: bool) -> dict[str, Any]:
    """The queues, worst first."""
    cards = [_card(name, scope, rules, at, is_known=is_known) for name, scope in queues.items()]
    cards.sort(key=_badness)
    for card in cards:
        del card["overdue_ratio"]
    return {"queues": cards[:QUEUES_MAX], "more": max(0, len(cards) - QUEUES_MAX)}


def _badness(card: Mapping[str, Any]) -> tuple[Any, ...]:
    """Orders cards: by state, then by how late against its own promise, then by how many."""
    return (
        _RANKS[card["state"]],
        -(card["overdue_ratio"] or 0),
        -card["breaching"],
        -card["at_risk"],
        -card["awaiting"],
        card["name"],
    )


def _card(name: str, scope: Scope | None, rules: Rules, at: int, *, is_known: bool) -> dict[str, Any]:
    found = [] if scope is None else [scope]
    breaching = sum(scopes.clocks(found, sla, "live_breaches") for sla in SLAS)
    at_risk = scopes.at_risk(found)
    waits = oldest({} if scope is None else {name: scope}, rules, at)
    state = "breaching" if breaching else "at_risk" if at_risk else "ok"
    return {
        "name": name,
        "awaiting": scopes.total(found, "awaiting_first_response"),
        "oldest_at": waits["at"],
        "counted_from": waits["counted_from"],
        "is_counting": waits["open"],
        "opens_at": waits["opens_at"],
        "breaching": breaching,
        "at_risk": at_risk,
        "open": scopes.total(found, "open"),
        "state": state if scope is not None and is_known else "unknown",
        "overdue_ratio": greatest(one["sla"][sla]["overdue_ratio"] for one in found for sla in SLAS),
    }
