"""Several queues of a snapshot as one: counts are added, instants compared, ratios and intervals taken last.

A percentile cannot be added up, so a wall shows none. Where a number of several queues is not the sum of theirs
(the normal of open tickets), it is known for the whole floor and for a single queue only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metrics.contribution import SLAS
from metrics.intervals import net_promoter, wilson
from metrics.samples import Samples

Scope = Mapping[str, Any]


def chosen(snapshot: Mapping[str, Any], queues: Sequence[str] | None) -> list[Scope]:
    """The scopes a wall is of: the whole floor as one, or each of its queues that the snapshot has."""
    if queues is None:
        return [snapshot["all"]]
    return [snapshot["queues"][name] for name in queues if name in snapshot["queues"]]


def total(scopes: Iterable[Scope], name: str) -> int:
    """The sum of one count."""
    return sum(scope[name] for scope in scopes)


def clocks(scopes: Iterable[Scope], sla: str, name: str) -> int:
    """The sum of one count of one clock: ``live_breaches`` or ``at_risk``."""
    return sum(scope["sla"][sla][name] for scope in scopes)


def at_risk(scopes: Sequence[Scope]) -> int:
    """How many clocks are at risk, of all three."""
    return sum(clocks(scopes, sla, "at_risk") for sla in SLAS)


def earliest(instants: Iterable[str | None]) -> str | None:
    """The earliest of RFC 3339 instants in UTC; their texts do not order where only one has a fraction."""
    return min((text for text in instants if text is not None), key=lambda text: text.rstrip("Z"), default=None)


def windows(scopes: Iterable[Scope], name: str) -> list[Mapping[str, Any]]:
    """One window of each scope; none where it is not configured."""
    return [scope["windows"][name] for scope in scopes if name in scope["windows"]]


def in_sla(found: Sequence[Mapping[str, Any]], samples: Samples) -> dict[str, Any]:
    """First responses in SLA of these windows, with the live breaches that were due in them."""
    answers = [window["first_response"] for window in found]
    met, n = (sum(one[name] for one in answers) for name in ("met", "settled_or_late"))
    return {"ratio": met / n if n else None, "n": n, "sample": samples.of(n)}


def csat(found: Sequence[Mapping[str, Any]], samples: Samples) -> dict[str, Any]:
    """The share of satisfied answers of these windows, with its Wilson interval."""
    answers = [window["csat"] for window in found]
    n = sum(one["responses"] for one in answers)
    satisfied = sum(round(one["satisfied_ratio"] * one["responses"]) for one in answers if one["responses"])
    low, high = wilson(satisfied, n) or (None, None)
    return {"ratio": satisfied / n if n else None, "lower95": low, "upper95": high, "n": n, "sample": samples.of(n)}


def nps(found: Sequence[Mapping[str, Any]], samples: Samples) -> dict[str, Any]:
    """The Net Promoter Score of these windows, with its adjusted Wald interval."""
    answers = [window["nps"] for window in found]
    n, promoters, detractors = (sum(one[name] for one in answers) for name in ("responses", "promoters", "detractors"))
    low, high = net_promoter(promoters, detractors, n) or (None, None)
    score = 100 * (promoters - detractors) / n if n else None
    return {"score": score, "lower95": low, "upper95": high, "n": n, "sample": samples.of(n)}
