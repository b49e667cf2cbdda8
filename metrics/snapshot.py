"""The snapshot: every number of the contract as of one instant, from the merged parts of one or more partitions.

A pure function of (parts, rules, now). Counts, sums, buckets and instants are merged first; means, ratios and
percentiles are taken last, never averaged. No data is None, never 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.cell_tables import Table, tables_of
from metrics.durations import FIRST_RESPONSE, RESOLUTION, attainment, cohort, durations
from metrics.floor import PartitionFloor
from metrics.instants import MINUTE, SECOND, format_instant, from_datetime
from metrics.measures import Measure, Vocabulary
from metrics.normal import Flows
from metrics.outcomes import outcomes
from metrics.policies import Rules, Window
from metrics.samples import Samples
from metrics.slow import slow
from metrics.standing import LiveOf, Standing, as_json, standing, together, within
from metrics.voice import Before, Voice, windows_before

_QUALITY: Final = ("orphans", "clock_skew", "before_creation", "full_histories")


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

    @property
    def edges(self) -> tuple[int, int]:
        """The last nanosecond before the window, and its own last one."""
        return self.after_instant, (self.last + 1) * self.pane - 1


def spans(rules: Rules, now: int) -> list[Span]:
    """Every window as of ``now``: the rolling ones, and today from the floor's last local midnight on."""
    today = midnight(now, rules.time_zone)
    found = [_rolling(window, now) for window in rules.windows]
    found.append(Span("today", MINUTE, today // MINUTE - 1, now // MINUTE))
    return found


def _rolling(window: Window, now: int) -> Span:
    return Span(window.name, window.pane, (now - window.length) // window.pane, now // window.pane)


def edges_of(windows: Iterable[Span], now: int) -> list[int]:
    """The last instant before each window, and of each that is over by ``now``; descending."""
    after = {span.after_instant for span in windows}
    return sorted(after | {span.edges[1] for span in windows if span.edges[1] < now}, reverse=True)


def midnight(now: int, time_zone: str) -> int:
    """The instant at which the local day of ``now`` begins."""
    zone = ZoneInfo(time_zone)
    local = datetime.fromtimestamp(now // SECOND, zone)
    start = from_datetime(datetime(local.year, local.month, local.day, tzinfo=zone))
    if start > now:  # a zone that repeats its midnight: the first of the two is meant
        start = from_datetime(datetime(local.year, local.month, local.day, tzinfo=zone) - timedelta(days=1))
    return start


def snapshot(
    parts: Sequence[Part],
    rules: Rules,
    vocabulary: Vocabulary,
    now: int,
    *,
    catching_up: int = 0,
    total: int = 0,
    windows: Sequence[Span] | None = None,
    before: Mapping[str, Before] | None = None,
    of_queues: Collection[str] | None = None,
) -> dict[str, Any]:
    """The whole snapshot as of ``now``, ready for JSON; ``catching_up`` and ``total`` count partitions.

    ``windows``: others than those of the rules, past ones too, as known at ``now``, and ``before`` what satisfaction in
    them is compared with; ``of_queues``: only these by name.
    """
    before = windows_before(rules, now) if windows is None else before or {}
    since = min((part.history_since for part in parts if part.history_since is not None), default=None)
    windows = spans(rules, now) if windows is None else windows
    edges = edges_of(windows, now)
    tables = {span.name: _tables(parts, span) for span in windows}
    voice = Voice([part.floor.panes for part in parts], rules, vocabulary, since, before)
    places = _standings(parts, rules, edges, now)
    flows = Flows([part.floor.panes for part in parts], rules, now, since)
    names = sorted({queue for part in parts for queue in part.floor.entries_by_queue})
    names = [name for name in names if of_queues is None or name in of_queues]
    priorities = sorted({priority for _, priority in places})

    def scope(queues: Collection[str], number: int | None) -> dict[str, Any]:
        numbers = range(len(vocabulary.queues)) if number is None else (number,)
        found = [(span, _joined(tables[span.name], numbers)) for span in windows]
        of_each = {name: [places[queue, name] for queue in queues if (queue, name) in places] for name in priorities}
        by_priority = {name: together(stands, edges) for name, stands in of_each.items() if stands}
        made = _scope(
            by_priority, found, edges, since, samples=rules.samples, in_open_hours=bool(rules.policies.uses_calendar)
        )
        for span, table in found:
            made["windows"][span.name] |= voice.of(span.name, table, numbers)
        return made | flows.as_json(number, made["open"])

    return {
        "as_of": format_instant(now),
        "partitions": {"ready": sum(part.is_ready for part in parts), "catching_up": catching_up, "total": total},
        "history_since": format_instant(since) if since is not None else None,
        "data_quality": {name: sum(getattr(part.floor, name) for part in parts) for name in _QUALITY},
        "all": scope({queue for queue, _ in places}, None),
        "queues": {name: scope((name,), vocabulary.queue_id(name)) for name in names},
        "slow": slow(
            [part.floor for part in parts], rules, vocabulary, now, since, _latest_30d(tables, windows, since)
        ),
    }


def _scope(
    by_priority: dict[str, Standing],
    windows: list[tuple[Span, Table]],
    edges: list[int],
    since: int | None,
    *,
    samples: Samples,
    in_open_hours: bool,
) -> dict[str, Any]:
    stands = together(list(by_priority.values()), edges)
    made = as_json(stands)
    made["priorities"] = {priority: as_json(one) for priority, one in by_priority.items()}
    made["windows"] = {
        span.name: _window(table, *within(stands, edges, *span.edges), since, span, samples) for span, table in windows
    }
    if in_open_hours:
        for span, table in windows:
            window = made["windows"][span.name]
            window["first_response_business"] = window["first_response"] | durations(
                table, Measure.FIRST_RESPONSE_BUSINESS, samples
            )
    return made


# ------------------------------------------------------------------------------------------------- merging


def _tables(parts: Sequence[Part], span: Span) -> dict[int, Table]:
    """The window's cells of all parts, by queue number."""
    return tables_of([s for part in parts for s in part.floor.panes.total(span.after, span.last, span.pane)])


def _latest_30d(
    tables: dict[str, dict[int, Table]], windows: Sequence[Span], since: int | None
) -> dict[int, Table] | None:
    """The window ``30d`` where it is configured and complete."""
    whole = any(span.name == "30d" and since is not None and since <= span.after_instant for span in windows)
    return tables["30d"] if whole else None


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


def _standings(parts: Sequence[Part], rules: Rules, edges: Sequence[int], now: int) -> dict[tuple[str, str], Standing]:
    """How each queue and priority stands that has open tickets."""
    found: dict[tuple[str, str], list[LiveOf]] = {}
    for part in parts:
        for (queue, priority, policy), live in part.floor.live.items():
            found.setdefault((queue, priority), []).append((live, policy, part.is_ready))
    return {place: standing(sets, rules, edges, now) for place, sets in found.items()}


# -------------------------------------------------------------------------------------------------- windows


def _window(
    table: Table, stands: Standing, index: int, since: int | None, span: Span, samples: Samples
) -> dict[str, Any]:
    first = table.get(Measure.FIRST_RESPONSE, {})
    return {
        "complete": since is not None and since <= span.after_instant,
        "created": _count(table, Measure.CREATED),
        "replied": sum(first.values()),
        "resolved": _count(table, Measure.RESOLVED),
        "reopened": _count(table, Measure.REOPENED),
        "escalated": _count(table, Measure.ESCALATED),
        "closed_unanswered": _count(table, Measure.CLOSED_UNANSWERED),
        "retargeted_late": _count(table, Measure.RETARGETED_LATE),
        "discarded_late": _count(table, Measure.DISCARDED_LATE),
        "first_response": durations(table, Measure.FIRST_RESPONSE, samples)
        | attainment(table, FIRST_RESPONSE, stands.clocks[0].late[index], samples),
        "first_response_business": None,
        "first_resolution": durations(table, Measure.FIRST_RESOLUTION, samples),
        "resolution": durations(table, Measure.RESOLUTION, samples)
        | attainment(table, RESOLUTION, stands.clocks[2].late[index], samples),
        "first_response_cohort": cohort(table, stands.waiting[index], samples),
        **outcomes(table, samples),
    }


def _count(table: Table, measure: int) -> int:
    return sum(table.get(measure, {}).values())
