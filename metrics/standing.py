"""How a queue stands as of an instant: what is open, waiting, at risk and late, from the live sets of all partitions.

Standings are merged by adding counts and taking the earliest instants, so the floor as a whole is the sum of its
queues. A partition that is not ready adds its counts, but nothing of it counts as late or oldest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from metrics.contribution import SLAS, Mark
from metrics.instants import format_instant
from metrics.live import Instants, LiveSet
from metrics.policies import Rules

Optional = int | None
LiveOf = tuple[LiveSet, int, bool]  # the set, the number of its policy, and whether its partition is ready


class Clocks(msgspec.Struct, array_like=True):
    """The clocks of one SLA."""

    live_breaches: int = 0
    at_risk: int = 0
    next_due: int | None = None
    most_overdue: int | None = None
    overdue_ratio: float | None = None  # the largest: open time past due by the target
    late: list[int] = []  # live breaches by window of their due instant


class Standing(msgspec.Struct, array_like=True):
    """One queue and priority, or several together; windows in the order of the edges."""

    counts: list[int]  # open, awaiting first response, awaiting reply, paused, escalated, without policy
    oldest_first: int | None
    oldest_reply: int | None
    clocks: list[Clocks]


def standing(sets: Sequence[LiveOf], rules: Rules, edges: Sequence[int], now: int) -> Standing:
    """How these sets stand; ``edges``: the last instant before each window, descending."""
    ready = [(live, policy) for live, policy, is_ready in sets if is_ready]
    return Standing(
        counts=_added([live.counts for live, _, _ in sets]),
        oldest_first=earliest(live.since(Mark.AWAITING_FIRST_RESPONSE).earliest() for live, _ in ready),
        oldest_reply=earliest(live.since(Mark.AWAITING_REPLY).earliest() for live, _ in ready),
        clocks=[_clocks(ready, rules, sla, edges, now) for sla in range(len(SLAS))],
    )


def together(standings: Sequence[Standing], edges: Sequence[int]) -> Standing:
    """The sum of several standings; of none, nobody's."""
    if len(standings) == 1:
        return standings[0]
    return Standing(
        counts=_added([one.counts for one in standings]),
        oldest_first=earliest(one.oldest_first for one in standings),
        oldest_reply=earliest(one.oldest_reply for one in standings),
        clocks=[_joined([one.clocks[sla] for one in standings], edges) for sla in range(len(SLAS))],
    )


def as_json(standing: Standing) -> dict[str, Any]:
    """The live part of a scope of the snapshot."""
    names = ("open", "awaiting_first_response", "awaiting_reply", "paused", "escalated_open", "without_policy")
    return {
        **dict(zip(names, standing.counts, strict=True)),
        "oldest_awaiting_first_response_at": _text(standing.oldest_first),
        "oldest_awaiting_reply_at": _text(standing.oldest_reply),
        "sla": {
            name: {
                "live_breaches": clocks.live_breaches,
                "at_risk": clocks.at_risk,
                "next_due_at": _text(clocks.next_due),
                "most_overdue_due_at": _text(clocks.most_overdue),
                "overdue_ratio": clocks.overdue_ratio,
            }
            for name, clocks in zip(SLAS, standing.clocks, strict=True)
        },
    }


def _clocks(ready: list[tuple[LiveSet, int]], rules: Rules, sla: int, edges: Sequence[int], now: int) -> Clocks:
    found = Clocks(late=[0] * len(edges))
    for live, policy in ready:
        due, risk = live.due(sla), live.risk(sla)
        if not len(due) and not len(risk):  # a clock that was stopped may be at risk and never due
            continue
        late = due.before(now)
        found.live_breaches += late
        found.at_risk += risk.before(now) - late
        if late < len(due):
            found.next_due = _lesser(found.next_due, due.next_after(now))
        if late:
            earliest = due.earliest()
            assert earliest is not None  # it is late
            found.most_overdue = _lesser(found.most_overdue, earliest)
            found.overdue_ratio = greatest((found.overdue_ratio, rules.overdue_ratio(policy, SLAS[sla], earliest, now)))
            _add_late(found.late, due, late, edges)
    return found


def _add_late(into: list[int], due: Instants, late: int, edges: Sequence[int]) -> None:
    """Of the ``late`` clocks, those due after each edge."""
    for index, upto in enumerate(due.upto(edges)):
        into[index] += late - upto


def _added(counts: Sequence[Sequence[int]]) -> list[int]:
    """Column by column; of none, nothing."""
    if len(counts) == 1:
        return list(counts[0])
    return [sum(column) for column in zip(*counts, strict=True)] or [0] * 6


def _lesser(one: Optional, other: Optional) -> Optional:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _joined(clocks: Sequence[Clocks], edges: Sequence[int]) -> Clocks:
    return Clocks(
        live_breaches=sum(one.live_breaches for one in clocks),
        at_risk=sum(one.at_risk for one in clocks),
        next_due=earliest(one.next_due for one in clocks),
        most_overdue=earliest(one.most_overdue for one in clocks),
        overdue_ratio=greatest(one.overdue_ratio for one in clocks),
        late=[sum(one.late[index] for one in clocks) for index in range(len(edges))],
    )


def earliest(instants: Iterable[Optional]) -> Optional:
    """The least of those that are known, or None."""
    return min((instant for instant in instants if instant is not None), default=None)


def greatest(ratios: Iterable[float | None]) -> float | None:
    """The largest that is known, or None."""
    return max((ratio for ratio in ratios if ratio is not None), default=None)


def _text(instant: Optional) -> str | None:
    return None if instant is None else format_instant(instant)
