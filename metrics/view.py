"""What one exposition is made from: every number as of one instant, copied quickly and changed by nobody afterwards.

``view`` runs where the tickets are changed, on the event loop; the result is rendered in any thread. It copies
numbers, never the multisets behind them. Label values beyond their limit are merged into "other" here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from metrics import names
from metrics.activity import Activity, Counted, Distribution, LabelSet
from metrics.contribution import SLAS, Mark
from metrics.feeds import Feed, Feeds
from metrics.floor import PartitionFloor
from metrics.label_values import FloorLabels
from metrics.live import LiveSet
from metrics.measures import Vocabulary
from metrics.pipeline import Pipeline
from metrics.policies import NO_POLICY, Rules
from metrics.standing import greatest
from metrics.waiting import ages_by_queue, by_label


class Clocks(NamedTuple):
    """Clocks of one SLA; ``overdue_ratio`` is the largest of those that are breaching."""

    breaches: int
    at_risk: int
    most_overdue: int | None
    overdue_ratio: float | None


class OnePartition(Protocol):
    """What is asked of a partition's tickets."""

    history_since: int | None
    newest_event: int | None
    too_old: int
    duplicates: int

    @property
    def floor(self) -> PartitionFloor:
        """Their numbers."""
        ...

    def __len__(self) -> int:
        """Entries kept."""
        ...


class AllTickets(Protocol):
    """What is asked of a worker's tickets."""

    rules: Rules
    vocabulary: Vocabulary
    feeds: Feeds

    @property
    def partitions(self) -> Mapping[int, OnePartition]:
        """Those that this worker owns, by number."""
        ...


class LiveNumbers(msgspec.Struct, frozen=True, gc=False):
    """Open tickets of one queue and priority in one partition. Not ready: only the counts."""

    queue: str
    priority: str
    open: int
    awaiting_first_response: int
    awaiting_reply: int
    paused: int
    escalated: int
    without_policy: int
    oldest_awaiting_first_response: int | None = None
    oldest_awaiting_reply: int | None = None
    clocks: tuple[Clocks, ...] = ()  # in the order of ``SLAS``


class PolicyNumbers(msgspec.Struct, frozen=True, gc=False):
    """First responses of one policy and queue in one partition."""

    policy: str
    queue: str
    breaches: int
    at_risk: int


class PartitionNumbers(msgspec.Struct, frozen=True):
    """One partition; instants in nanoseconds."""

    number: str
    is_ready: bool
    live: tuple[LiveNumbers, ...]
    policies: tuple[PolicyNumbers, ...]
    orphans: int
    clock_skew: int
    before_creation: int
    full_histories: int
    entries: int
    duplicates: int
    too_old: int
    newest_event: int | None
    history_since: int | None


class View(msgspec.Struct, frozen=True):
    """All that an exposition shows. ``windows`` is the snapshot whose window values are exported, or None."""

    at: int
    rules: Rules
    partitions: tuple[PartitionNumbers, ...]
    activity: Counted
    pipeline: Pipeline
    windows: Mapping[str, Any] | None
    window_queues: tuple[str, ...]  # queues of ``windows`` that are exported under their own name
    ages: Mapping[LabelSet, Distribution]  # by queue: how long the unanswered have waited, where windows are exported
    feeds: tuple[Feed, ...] = ()


def view(
    tickets: AllTickets,
    ready: Collection[int],
    activity: Activity,
    pipeline: Pipeline,
    at: int,
    snapshot: Mapping[str, Any] | None = None,
) -> View:
    """Copy what is needed as of ``at``; ``ready`` are the partitions whose topics are read to the end.

    ``snapshot``: as ``metrics.snapshot`` makes it, where this process exports window values; it is kept, not copied.
    """
    labels = activity.labels
    partitions = tuple(
        _partition(number, partition, at, tickets.rules, labels, is_ready=number in ready)
        for number, partition in sorted(tickets.partitions.items())
    )
    queues = tuple(queue for queue in snapshot["queues"] if labels.queues.fold(queue) == queue) if snapshot else ()
    counted = activity.counted(tickets.vocabulary.instruments)
    feeds = tickets.feeds.as_of(at)
    ages = _ages(tickets, ready, counted.bounds[names.AWAITING_AGE.name], labels, at) if snapshot else {}
    return View(at, tickets.rules, partitions, counted, pipeline, snapshot, queues, ages, feeds)


def _ages(
    tickets: AllTickets, ready: Collection[int], bounds: tuple[int, ...], labels: FloorLabels, at: int
) -> dict[LabelSet, Distribution]:
    waiting = (
        (labels.queues.fold(queue), live.since(Mark.AWAITING_FIRST_RESPONSE))
        for number, partition in tickets.partitions.items()
        if number in ready
        for (queue, *_), live in partition.floor.live.items()
    )
    return by_label(ages_by_queue(waiting, bounds, at))


def _partition(
    number: int, partition: OnePartition, at: int, rules: Rules, labels: FloorLabels, *, is_ready: bool
) -> PartitionNumbers:
    floor = partition.floor
    found: dict[tuple[str, str], LiveNumbers] = {}
    by_policy: dict[tuple[str, str], PolicyNumbers] = {}
    for (queue, priority, policy), live in floor.live.items():
        key = labels.queues.fold(queue), labels.priorities.fold(priority)
        clocks = tuple(_clocks(live, policy, sla, rules, at) for sla in range(len(SLAS))) if is_ready else ()
        numbers = _numbers(key, live, clocks)
        found[key] = _merged(found[key], numbers) if key in found else numbers
        if clocks and policy != NO_POLICY:
            _add_policy(by_policy, rules.policies.all[policy].name, key[0], clocks[0])
    return PartitionNumbers(
        number=str(number),
        is_ready=is_ready,
        live=tuple(found.values()),
        policies=tuple(by_policy.values()),
        orphans=floor.orphans,
        clock_skew=floor.clock_skew,
        before_creation=floor.before_creation,
        full_histories=floor.full_histories,
        entries=len(partition),
        duplicates=partition.duplicates,
        too_old=partition.too_old,
        newest_event=partition.newest_event,
        history_since=partition.history_since,
    )


def _numbers(key: tuple[str, str], live: LiveSet, clocks: tuple[Clocks, ...]) -> LiveNumbers:
    if not clocks:
        return LiveNumbers(*key, *live.counts)
    return LiveNumbers(
        *key,
        *live.counts,
        live.since(Mark.AWAITING_FIRST_RESPONSE).earliest(),
        live.since(Mark.AWAITING_REPLY).earliest(),
        clocks,
    )


def _clocks(live: LiveSet, policy: int, sla: int, rules: Rules, at: int) -> Clocks:
    due, risk = live.due(sla), live.risk(sla)
    breaches = due.before(at)
    earliest = due.earliest() if breaches else None
    ratio = None if earliest is None else rules.overdue_ratio(policy, SLAS[sla], earliest, at)
    return Clocks(breaches, risk.before(at) - breaches, earliest, ratio)


def _add_policy(into: dict[tuple[str, str], PolicyNumbers], policy: str, queue: str, clocks: Clocks) -> None:
    known = into.get((policy, queue)) or PolicyNumbers(policy, queue, 0, 0)
    into[policy, queue] = PolicyNumbers(policy, queue, known.breaches + clocks.breaches, known.at_risk + clocks.at_risk)


def _merged(one: LiveNumbers, other: LiveNumbers) -> LiveNumbers:
    return LiveNumbers(
        one.queue,
        one.priority,
        one.open + other.open,
        one.awaiting_first_response + other.awaiting_first_response,
        one.awaiting_reply + other.awaiting_reply,
        one.paused + other.paused,
        one.escalated + other.escalated,
        one.without_policy + other.without_policy,
        _earlier(one.oldest_awaiting_first_response, other.oldest_awaiting_first_response),
        _earlier(one.oldest_awaiting_reply, other.oldest_awaiting_reply),
        tuple(_joined(a, b) for a, b in zip(one.clocks, other.clocks, strict=True)),
    )


def _joined(one: Clocks, other: Clocks) -> Clocks:
    return Clocks(
        one.breaches + other.breaches,
        one.at_risk + other.at_risk,
        _earlier(one.most_overdue, other.most_overdue),
        greatest((one.overdue_ratio, other.overdue_ratio)),
    )


def _earlier(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else min(one, other)
