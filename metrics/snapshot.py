"""The snapshot: every number of the contract as of one instant, from the merged parts of one or more partitions.

A pure function of (parts, rules, now). Counts, sums, buckets and instants are merged first; means, ratios and
percentiles are taken last, never averaged. No data is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.contribution import SLAS
from metrics.floor import PartitionFloor
from metrics.instants import MINUTE, SECOND, format_instant, from_datetime
from metrics.live import Instants, LiveSet
from metrics.measures import (
    BUCKET_MASK,
    FIRST_SURVEY,
    MEASURE_BITS,
    MEASURE_MASK,
    MEASURE_SHIFT,
    QUEUE_SHIFT,
    SUM,
    Measure,
    Vocabulary,
    bucket_of,
)
from metrics.panes import Cells
from metrics.policies import Rules, Window
from metrics.surveys import instrument_name, summary
from metrics.survival import nearest_rank, quantiles

#: What one scope holds of a window: measure -> bucket -> amount.
Table = dict[int, dict[int, int]]

_MET_BREACHED: Final = {
    0: (Measure.FIRST_RESPONSE_MET, Measure.FIRST_RESPONSE_BREACHED),
    2: (Measure.RESOLUTION_MET, Measure.RESOLUTION_BREACHED),
}


class Part(msgspec.Struct, frozen=True):
    """One partition as the snapshot sees it. Not ready: replies may be unread, so nothing of it counts as late."""

    floor: PartitionFloor
    is_ready: bool
    history_since: int | None


class Span(msgspec.Struct, frozen=True):
    """One window as of an instant: panes ``after < number <= last`` of ``pane`` nanoseconds."""

    name: str
    pane: int
    after: int
    last: int

    @property
    def after_instant(self) -> int:
        """The last nanosecond before the window."""
        return (self.after + 1) * self.pane - 1


def spans(rules: Rules, now: int) -> list[Span]:
    """Every window as of ``now``: the rolling ones, and today from the floor's last local midnight on."""
    today = midnight(now, rules.time_zone)
    found = [_rolling(window, now) for window in rules.windows]
    found.append(Span("today", MINUTE, today // MINUTE - 1, now // MINUTE))
    return found


def _rolling(window: Window, now: int) -> Span:
    return Span(window.name, window.pane, (now - window.length) // window.pane, now // window.pane)


def midnight(now: int, time_zone: str) -> int:
    """The instant at which the local day of ``now`` begins."""
    zone = ZoneInfo(time_zone)
    local = datetime.fromtimestamp(now // SECOND, zone)
    start = from_datetime(datetime(local.year, local.month, local.day, tzinfo=zone))
    if start > now:  # a zone that repeats its midnight: the first of the two is meant
        start = from_datetime(datetime(local.year, local.month, local.day, tzinfo=zone) - timedelta(days=1))
    return start


def snapshot(
    parts: Sequence[Part], rules: Rules, vocabulary: Vocabulary, now: int, *, catching_up: int = 0, total: int = 0
) -> dict[str, Any]:
    """The whole snapshot as of ``now``, ready for JSON; ``catching_up`` and ``total`` count partitions."""
    since = min((part.history_since for part in parts if part.history_since is not None), default=None)
    windows = spans(rules, now)
    tables = {span.name: _tables(parts, span) for span in windows}
    live = _live_by_queue(parts)
    names = {queue for part in parts for queue in part.floor.moments_by_queue}

    def scope(queues: Iterable[str], numbers: Iterable[int]) -> dict[str, Any]:
        sets = [found for queue in queues for found in live.get(queue, ())]
        waiting = _waiting(sets)
        made = {}
        for span in windows:
            table = _joined(tables[span.name], numbers)
            made[span.name] = _window(span, table, sets, waiting, vocabulary, now, since)
        return _scope(sets, made, now)

    ids = {name: number for number, name in enumerate(vocabulary.queues)}
    return {
        "as_of": format_instant(now),
        "partitions": {"ready": sum(part.is_ready for part in parts), "catching_up": catching_up, "total": total},
        "history_since": format_instant(since) if since is not None else None,
        "data_quality": {
            name: sum(getattr(part.floor, name) for part in parts)
            for name in ("orphans", "clock_skew", "before_creation", "full_histories")
        },
        "all": scope(sorted(live), range(len(vocabulary.queues))),
        "queues": {name: scope((name,), (ids[name],) if name in ids else ()) for name in sorted(names)},
    }


# ------------------------------------------------------------------------------------------------- merging


def _tables(parts: Sequence[Part], span: Span) -> dict[int, Table]:
    """The window's cells of all parts, by queue number."""
    cells: Cells = {}
    for part in parts:
        part.floor.panes.total(span.after, span.last, span.pane, cells)
    tables: dict[int, Table] = {}
    for cell, amount in cells.items():
        if amount:
            table = tables.setdefault(cell >> QUEUE_SHIFT, {})
            table.setdefault(cell >> MEASURE_SHIFT & MEASURE_MASK, {})[cell & BUCKET_MASK] = amount
    return tables


def _joined(tables: dict[int, Table], numbers: Iterable[int]) -> Table:
    found = [tables[number] for number in numbers if number in tables]
    if len(found) == 1:
        return found[0]
    joined: Table = {}
    for table in found:
        for measure, counts in table.items():
            into = joined.setdefault(measure, {})
            for bucket, amount in counts.items():
                into[bucket] = into.get(bucket, 0) + amount
    return joined


LiveOf = tuple[LiveSet, bool]  # the set, and whether its partition is ready


def _live_by_queue(parts: Sequence[Part]) -> dict[str, list[LiveOf]]:
    found: dict[str, list[LiveOf]] = {}
    for part in parts:
        for (queue, _priority), live in part.floor.live.items():
            found.setdefault(queue, []).append((live, part.is_ready))
    return found


# --------------------------------------------------------------------------------------------------- scopes


def _scope(sets: list[LiveOf], windows: dict[str, Any], now: int) -> dict[str, Any]:
    ready = [live for live, is_ready in sets if is_ready]
    return {
        "open": sum(live.open for live, _ in sets),
        "awaiting_first_response": sum(live.awaiting_first_response for live, _ in sets),
        "awaiting_reply": sum(live.awaiting_reply for live, _ in sets),
        "paused": sum(live.paused for live, _ in sets),
        "escalated_open": sum(live.escalated for live, _ in sets),
        "without_policy": sum(live.without_policy for live, _ in sets),
        "oldest_awaiting_first_response_at": _earliest(live.awaiting_first_response_since for live in ready),
        "oldest_awaiting_reply_at": _earliest(live.awaiting_reply_since for live in ready),
        "sla": {name: _clocks(ready, sla, now) for sla, name in enumerate(SLAS)},
        "windows": windows,
    }


def _clocks(ready: list[LiveSet], sla: int, now: int) -> dict[str, Any]:
    due = [live.due[sla] for live in ready]
    late = [instant for instants in due if (instant := instants.earliest()) is not None and instant < now]
    coming = [instant for instants in due if (instant := instants.next_after(now)) is not None]
    return {
        "live_breaches": sum(live.live_breaches(sla, now) for live in ready),
        "at_risk": sum(live.at_risk(sla, now) for live in ready),
        "next_due_at": format_instant(min(coming)) if coming else None,
        "most_overdue_due_at": format_instant(min(late)) if late else None,
    }


def _earliest(multisets: Iterable[Instants]) -> str | None:
    found = [instant for instants in multisets if (instant := instants.earliest()) is not None]
    return format_instant(min(found)) if found else None


def _waiting(sets: list[LiveOf]) -> list[tuple[int, int]]:
    """(creation instant, tickets) of those awaiting their first response."""
    return [
        pair
        for live, _ in sets
        for instants in (live.awaiting_first_response_since, live.uncounted_since)
        for pair in instants
    ]


# -------------------------------------------------------------------------------------------------- windows


def _window(
    span: Span,
    table: Table,
    sets: list[LiveOf],
    waiting: list[tuple[int, int]],
    vocabulary: Vocabulary,
    now: int,
    since: int | None,
) -> dict[str, Any]:
    first = table.get(Measure.FIRST_RESPONSE, {})
    made: dict[str, Any] = {
        "complete": since is not None and since <= span.after_instant,
        "created": _count(table, Measure.CREATED),
        "replied": sum(first.values()),
        "resolved": _count(table, Measure.RESOLVED),
        "reopened": _count(table, Measure.REOPENED),
        "escalated": _count(table, Measure.ESCALATED),
        "closed_unanswered": _count(table, Measure.CLOSED_UNANSWERED),
        "first_response": _durations(table, Measure.FIRST_RESPONSE) | _attainment(table, 0, sets, span, now),
        "first_response_business": None,
        "first_resolution": _durations(table, Measure.FIRST_RESOLUTION),
        "resolution": _durations(table, Measure.RESOLUTION) | _attainment(table, 2, sets, span, now),
        "first_response_cohort": _cohort(table, waiting, span, now),
    }
    for survey, lowest, highest in (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)):
        made[survey] = summary(survey, lowest, highest, {})
    for instrument, number in sorted(zip(vocabulary.instruments, range(FIRST_SURVEY, 2**MEASURE_BITS), strict=False)):
        counts = table.get(number)
        if counts:
            made[instrument_name(*instrument)] = summary(*instrument, counts)
    return made


def _count(table: Table, measure: int) -> int:
    return sum(table.get(measure, {}).values())


def _durations(table: Table, measure: int) -> dict[str, Any]:
    counts = table.get(measure, {})
    n = sum(counts.values())
    p50, p90 = nearest_rank(counts, (50, 90))
    total = table.get(measure + SUM, {}).get(0, 0)
    return {"count": n, "mean": total / (n * SECOND) if n else None, "p50": p50, "p90": p90}


def _attainment(table: Table, sla: int, sets: list[LiveOf], span: Span, now: int) -> dict[str, Any]:
    met, breached = (_count(table, measure) for measure in _MET_BREACHED[sla])
    late = sum(
        count for live, is_ready in sets if is_ready for _, count in live.due[sla].between(span.after_instant, now - 1)
    )
    return {
        "met": met,
        "breached": breached,
        "in_sla_ratio": _ratio(met, met + breached),
        "in_sla_ratio_now": _ratio(met, met + breached + late),
    }


def _cohort(table: Table, waiting: list[tuple[int, int]], span: Span, now: int) -> dict[str, Any]:
    answered = table.get(Measure.COHORT_ANSWERED, {})
    censored = dict(table.get(Measure.COHORT_CLOSED, {}))
    closed = sum(censored.values())
    still = 0
    for created, count in waiting:
        if span.after_instant < created <= now:
            bucket = bucket_of(now - created)
            censored[bucket] = censored.get(bucket, 0) + count
            still += count
    p50, p90 = quantiles(answered, censored, (0.5, 0.1))
    return {"created": sum(answered.values()) + closed + still, "waiting": still, "p50": p50, "p90": p90}


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
