"""The snapshot: every number of the contract as of one instant, from the merged parts of one or more partitions.

A pure function of (parts, rules, now). Counts, sums, buckets and instants are merged first; means, ratios and
percentiles are taken last, never averaged. No data is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from metrics.cell_tables import Table, Tables, tables_of
from metrics.components import QUALITY, Asked, Components, Part, Span, asked_now, gather
from metrics.durations import FIRST_RESPONSE, RESOLUTION, attainment, cohort, durations
from metrics.instants import format_instant
from metrics.measures import Measure, Vocabulary
from metrics.normal import Flows
from metrics.outcomes import outcomes
from metrics.policies import Rules
from metrics.samples import Samples
from metrics.slow import slow
from metrics.standing import Standing, as_json, earliest, together
from metrics.voice import Voice
from metrics.waiting import Counts, of_window


def snapshot(
    parts: Sequence[Part], rules: Rules, vocabulary: Vocabulary, now: int, *, catching_up: int = 0, total: int = 0
) -> dict[str, Any]:
    """The snapshot of partitions of this process as of ``now``, ready for JSON.

    ``catching_up`` and ``total`` count partitions.
    """
    asked = asked_now(rules, now)
    return compose(
        [gather(parts, rules, vocabulary, asked)], rules, vocabulary, asked, catching_up=catching_up, total=total
    )


def compose(
    found: Sequence[Components],
    rules: Rules,
    vocabulary: Vocabulary,
    asked: Asked,
    *,
    catching_up: int = 0,
    total: int = 0,
) -> dict[str, Any]:
    """The whole snapshot as of one instant.

    Args:
        found: what all partitions come to as of that instant.
        rules: the configuration.
        vocabulary: the numbers of queues and surveys in the components.
        asked: the windows, and the instant.
        catching_up: partitions that are not ready.
        total: partitions in all.
    """
    merged = _Merged(found, rules, vocabulary, asked)
    flows = Flows([one.flow() for one in found], rules, asked.now, merged.since)

    def scope(queue: str | None) -> dict[str, Any]:
        made = merged.scope(queue)
        return made | flows.as_json(None if queue is None else vocabulary.queue_id(queue), made["open"])

    queues = sorted({vocabulary.queues[number] for one in found for number in one.queues})
    return {
        "as_of": format_instant(asked.now),
        "partitions": {"ready": sum(one.ready for one in found), "catching_up": catching_up, "total": total},
        "history_since": format_instant(merged.since) if merged.since is not None else None,
        "data_quality": {name: sum(one.quality[place] for one in found) for place, name in enumerate(QUALITY)},
        "all": scope(None),
        "queues": {queue: scope(queue) for queue in queues},
        "slow": slow(found, rules, vocabulary, asked.now, merged.since, merged.latest_30d()),
    }


def windows_of(
    parts: Sequence[Part], rules: Rules, vocabulary: Vocabulary, asked: Asked, queues: Iterable[str | None]
) -> dict[str | None, dict[str, Any]]:
    """Only the windows, of each of these queues by its name; None: of all."""
    merged = _Merged([gather(parts, rules, vocabulary, asked)], rules, vocabulary, asked)
    return {queue: merged.scope(queue)["windows"] for queue in queues}


class _Merged:
    """What the scopes of a snapshot are made of: windows, answers and standings of all partitions."""

    def __init__(self, found: Sequence[Components], rules: Rules, vocabulary: Vocabulary, asked: Asked) -> None:
        self.since = earliest(one.history_since for one in found)
        self._vocabulary = vocabulary
        self._windows, self._edges = asked.windows, asked.edges
        self._tables = {
            span.name: tables_of([sums for one in found for sums in one.windows[span.name]]) for span in asked.windows
        }
        before = {name: [sums for one in found for sums in one.before[name]] for name in asked.before}
        self._voice = Voice(before, rules, vocabulary, self.since, asked.before)
        self._places = _places(found, self._edges)
        self._waiting = tables_of([sums for one in found for sums in one.waiting])
        self._queues = {queue for queue, _ in self._places}
        self._priorities = sorted({priority for _, priority in self._places})
        self._samples = rules.samples
        self._in_open_hours = bool(rules.policies.uses_calendar)

    def scope(self, queue: str | None) -> dict[str, Any]:
        """The live part and the windows of one queue, or of all."""
        numbers = range(len(self._vocabulary.queues)) if queue is None else (self._vocabulary.queue_id(queue),)
        found = [(span, _joined(self._tables[span.name], numbers)) for span in self._windows]
        queues = self._queues if queue is None else (queue,)
        of_each = {
            name: [self._places[of, name] for of in queues if (of, name) in self._places] for name in self._priorities
        }
        by_priority = {name: together(stands, self._edges) for name, stands in of_each.items() if stands}
        waiting = _joined(self._waiting, numbers)
        made = _scope(
            by_priority,
            waiting,
            found,
            self._edges,
            self.since,
            samples=self._samples,
            in_open_hours=self._in_open_hours,
        )
        for span, table in found:
            made["windows"][span.name] |= self._voice.of(span.name, table, numbers)
        return made

    def latest_30d(self) -> Tables | None:
        """The window ``30d`` where it is configured and complete."""
        whole = any(
            span.name == "30d" and self.since is not None and self.since <= span.after_instant for span in self._windows
        )
        return self._tables["30d"] if whole else None


def _scope(
    by_priority: dict[str, Standing],
    waiting: Table,
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
        span.name: _window(table, _Pending(stands, waiting, edges, span), since, span, samples)
        for span, table in windows
    }
    if in_open_hours:
        for span, table in windows:
            window = made["windows"][span.name]
            window["first_response_business"] = window["first_response"] | durations(
                table, Measure.FIRST_RESPONSE_BUSINESS, samples
            )
    return made


# ------------------------------------------------------------------------------------------------- merging


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


def _places(found: Sequence[Components], edges: Sequence[int]) -> dict[tuple[str, str], Standing]:
    """How each queue and priority stands that has open tickets."""
    if len(found) == 1:
        return dict(found[0].standings)
    stands: dict[tuple[str, str], list[Standing]] = {}
    for one in found:
        for place, standing in one.standings.items():
            stands.setdefault(place, []).append(standing)
    return {place: together(of_place, edges) for place, of_place in stands.items()}


# -------------------------------------------------------------------------------------------------- windows


class _Pending:
    """What in one window is undecided: clocks late since a due instant in it, and who of it still waits."""

    def __init__(self, stands: Standing, waiting: Table, edges: Sequence[int], span: Span) -> None:
        after, last = span.edges
        first, is_over = edges.index(after), last in edges
        self._clocks, self._first, self._end = stands.clocks, first, edges.index(last) if is_over else None
        self.waiting: Counts = of_window(waiting, edges.index(last) + 1 if is_over else 0, first)

    def late(self, sla: int) -> int:
        """Of the clocks of one SLA."""
        late = self._clocks[sla].late
        return late[self._first] - (0 if self._end is None else late[self._end])


def _window(table: Table, pending: _Pending, since: int | None, span: Span, samples: Samples) -> dict[str, Any]:
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
        | attainment(table, FIRST_RESPONSE, pending.late(0), samples),
        "first_response_business": None,
        "first_resolution": durations(table, Measure.FIRST_RESOLUTION, samples),
        "resolution": durations(table, Measure.RESOLUTION, samples)
        | attainment(table, RESOLUTION, pending.late(2), samples),
        "first_response_cohort": cohort(table, pending.waiting, samples),
        **outcomes(table, samples),
    }


def _count(table: Table, measure: int) -> int:
    return sum(table.get(measure, {}).values())
