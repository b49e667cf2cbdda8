"""Documents of walls, one for each state a display can be in, as the board sends them; at 13:42 in Istanbul."""

from __future__ import annotations

import math
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 10, 7, 10, 42, 0, tzinfo=UTC)
LANGUAGES = ("en", "fa", "he", "tr")
THEMES = ("dark", "light")


def at(seconds: float = 0) -> str:
    """``NOW`` and so many seconds, as RFC 3339."""
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wave(level: float, swing: float, phase: float = 0) -> list[list[Any]]:
    """An hour of a number, a point a minute."""
    minutes = range(60)
    return [
        [at(60 * (i - 59)), max(0, round(level + swing * math.sin(i / 7 + phase) + 0.4 * swing * math.sin(i / 2.3)))]
        for i in minutes
    ]


def card(name: str, awaiting: int, waited: float | None, breaching: int = 0, at_risk: int = 0) -> dict[str, Any]:
    since = None if waited is None else at(-waited)
    state = "breaching" if breaching else "at_risk" if at_risk else "ok"
    return {
        "name": name,
        "awaiting": awaiting,
        "oldest_at": since,
        "counted_from": since,
        "is_counting": True,
        "opens_at": None,
        "breaching": breaching,
        "at_risk": at_risk,
        "open": awaiting * 6 + 9,
        "state": state,
    }


def _oldest(waited: float | None, target: float = 3600) -> dict[str, Any]:
    since = None if waited is None else at(-waited)
    late = None if waited is None or waited <= target else (waited - target) / target
    return {
        "at": since,
        "due": None if waited is None else at(target - waited),
        "overdue_ratio": late,
        "counted_from": since,
        "target_seconds": None if waited is None else target,
        "at_risk_seconds": None if waited is None else 0.8 * target,
        "is_at_risk": waited is not None and 0.8 * target < waited <= target,
        "open": True,
        "opens_at": None,
    }


def ok() -> dict[str, Any]:
    """A usual morning: all is well."""
    return {
        "v": 1,
        "now": at(),
        "as_of": at(),
        "history_since": "2026-06-01T00:00:00Z",
        "wall": {
            "name": "default",
            "title": None,
            "language": None,
            "theme": None,
            "time_zone": "Europe/Istanbul",
            "numbers": ["awaiting", "oldest", "breaching", "in_sla_today", "open"],
            "queues": None,
        },
        "state": {
            "partitions": {"ready": 8, "catching_up": 0, "total": 8},
            "no_data": False,
            "feeds": [],
            "mutes": [],
        },
        "awaiting": {"n": 14, "normal": None, "breaching": 0, "at_risk": 0},
        "oldest": _oldest(18 * 60 + 27),
        "breaching": {
            "first_response": 0,
            "next_response": 0,
            "resolution": 0,
            "at_risk": 0,
            "most_overdue_due_at": None,
        },
        "in_sla_today": {"ratio": 0.943, "n": 318, "sample": "enough", "objective": 0.9, "since": None},
        "open": {"n": 1204, "created_1h": 57, "resolved_1h": 63, "week_ago": 1187, "normal": 1190.0},
        "csat": {
            "ratio": 0.872,
            "lower95": 0.812,
            "upper95": 0.914,
            "n": 164,
            "sample": "enough",
            "window": "24h",
            "since": None,
        },
        "nps": {
            "score": 31.4,
            "lower95": 22.9,
            "upper95": 39.2,
            "n": 402,
            "sample": "enough",
            "window": "7d",
            "since": None,
        },
        "queues": [
            card("billing", 5, 1107),
            card("returns", 4, 841),
            card("technical", 3, 402),
            card("onboarding", 1, 75),
            card("sales", 1, 12),
            card("partners", 0, None),
        ],
        "more": 0,
        "history": {"awaiting": wave(14, 5), "open": wave(1200, 14, 2), "breaching": wave(0.2, 0.6)},
    }


def at_risk() -> dict[str, Any]:
    """Clocks that will be past due soon; three numbers of few answers."""
    doc = ok()
    doc["awaiting"] |= {"n": 31, "at_risk": 4}
    doc["oldest"] = _oldest(53 * 60 + 8)
    doc["breaching"]["at_risk"] = 6
    doc["in_sla_today"] |= {"ratio": 0.896, "n": 41}
    doc["csat"] |= {"ratio": 0.8, "lower95": 0.49, "upper95": 0.94, "n": 10, "sample": "caution"}
    doc["nps"] |= {"score": -12.0, "lower95": -48.0, "upper95": 26.0, "n": 25, "sample": "caution"}
    doc["queues"] = [card("billing", 14, 3188, at_risk=5), card("returns", 9, 2950, at_risk=1), *doc["queues"][2:]]
    return doc


def breach() -> dict[str, Any]:
    """An outage: many wait too long."""
    doc = ok()
    doc["awaiting"] |= {"n": 138, "breaching": 46, "at_risk": 23}
    doc["oldest"] = _oldest(2 * 3600 + 7 * 60 + 41)
    doc["breaching"] |= {"first_response": 46, "next_response": 9, "resolution": 2, "at_risk": 31}
    doc["breaching"]["most_overdue_due_at"] = at(-4061)
    doc["in_sla_today"] |= {"ratio": 0.714, "n": 412}
    doc["open"] |= {"n": 1391, "created_1h": 212, "resolved_1h": 48}
    doc["queues"] = [
        card("technical", 71, 7661, 31, 12),
        card("billing", 34, 5010, 15, 9),
        card("returns", 17, 4188, 11, 6),
        card("onboarding", 9, 3010, 0, 4),
        card("sales", 4, 702),
        card("partners", 2, 95),
        card("VIP Türkiye", 1, 12),
        card("پشتیبانی فنی", 0, None),
    ]
    doc["more"] = 3
    doc["history"] = {
        "awaiting": [[at(60 * (i - 59)), 12 + max(0, i - 22) * 3.4] for i in range(60)],
        "open": [[at(60 * (i - 59)), 1200 + max(0, i - 22) * 5] for i in range(60)],
        "breaching": [[at(60 * (i - 59)), max(0, i - 36) * 2.5] for i in range(60)],
    }
    return doc


def days() -> dict[str, Any]:
    """Neglected: the longest wait is days, and every number is long."""
    doc = breach()
    doc["oldest"] = _oldest(3 * 86_400 + 4 * 3600 + 720)
    doc["awaiting"] |= {"n": 12_480}
    doc["breaching"] |= {"first_response": 10_031, "next_response": 1_204, "resolution": 877, "at_risk": 1_111}
    doc["open"] |= {"n": 104_233, "created_1h": 3_120, "resolved_1h": 2_918}
    doc["nps"] |= {"score": -100.0, "lower95": -100.0, "upper95": -88.0}
    doc["csat"] |= {"ratio": 1.0, "lower95": 0.97, "upper95": 1.0}
    return doc


def partial() -> dict[str, Any]:
    """A worker is gone, another catches up, a feed is silent, alerts are muted, history is short: all at once."""
    doc = ok()
    doc["history_since"] = "2026-10-07T05:10:00Z"
    doc["state"] = {
        "partitions": {"ready": 5, "catching_up": 2, "total": 8},
        "no_data": False,
        "feeds": [
            {"source": "zendesk/acme", "state": "silent", "since": at(-2520)},
            {"source": "chat", "state": "late", "since": None},
        ],
        "mutes": [{"until": at(4680), "queues": ["billing", "returns"], "reason": "migration"}],
    }
    doc["in_sla_today"]["since"] = doc["csat"]["since"] = doc["nps"]["since"] = doc["history_since"]
    doc["nps"] |= {"score": 50.0, "lower95": -20.0, "upper95": 80.0, "n": 4, "sample": "not_enough"}
    return doc


def catching_up() -> dict[str, Any]:
    """Just started: nothing is read to its end yet."""
    doc = ok()
    doc["state"]["partitions"] = {"ready": 0, "catching_up": 8, "total": 8}
    doc["oldest"] = _oldest(None)
    for queue in doc["queues"]:
        queue["state"] = "unknown"
    return doc


def closed() -> dict[str, Any]:
    """Evening: the calendar is closed until tomorrow at nine."""
    doc = ok()
    opens = "2026-10-08T06:00:00Z"
    doc["oldest"] |= {"open": False, "opens_at": opens, "due": "2026-10-08T06:41:00Z"}
    doc["oldest"]["counted_from"] = "2026-10-08T05:41:33Z"
    for queue in doc["queues"]:
        queue |= {"is_counting": False, "opens_at": opens}
        if queue["counted_from"] is not None:  # as long before the opening as it waited
            ago = NOW - datetime.fromisoformat(queue["counted_from"])
            queue["counted_from"] = (datetime.fromisoformat(opens) - ago).isoformat().replace("+00:00", "Z")
    return doc


def quiet() -> dict[str, Any]:
    """Nobody waits, and nothing was due today."""
    doc = ok()
    doc["awaiting"] |= {"n": 0}
    doc["oldest"] = _oldest(None)
    doc["in_sla_today"] |= {"ratio": None, "n": 0, "sample": "none"}
    doc["open"] |= {"n": 0, "created_1h": 0, "resolved_1h": 0, "normal": None, "week_ago": None}
    doc["csat"] |= {"ratio": None, "lower95": None, "upper95": None, "n": 0, "sample": "none"}
    doc["nps"] |= {"score": None, "lower95": None, "upper95": None, "n": 0, "sample": "none"}
    doc["queues"] = [card("billing", 0, None) | {"open": 0}, card("returns", 0, None) | {"open": 0}]
    return doc


def no_data() -> dict[str, Any]:
    """The first minute: no event yet."""
    doc = quiet()
    doc["history_since"] = None
    doc["state"] |= {"no_data": True}
    doc["queues"] = []
    doc["history"] = {"awaiting": [], "open": [], "breaching": []}
    return doc


def named() -> dict[str, Any]:
    """A wall of its own: two queues, three numbers, a title."""
    doc = at_risk()
    doc["wall"] |= {
        "name": "finance",
        "title": "Finance, İstanbul",
        "numbers": ["oldest", "breaching", "awaiting"],
        "queues": ["billing", "returns"],
    }
    doc["queues"] = doc["queues"][:2]
    return doc


#: What is shown of each state; a stale one is a usual one whose messages stop.
STATES = {
    state.__name__: state for state in (ok, at_risk, breach, days, partial, catching_up, closed, quiet, no_data, named)
}


def of(state: str, **changes: Any) -> dict[str, Any]:
    """The document of a state, with its parts changed."""
    doc = deepcopy(STATES[state]())
    for part, change in changes.items():
        doc[part] = doc[part] | change if isinstance(change, dict) else change
    return doc
