"""From a view to series: live sets, activity, configuration and pipeline, as (metric, label values, number).

A pure function of the view, without a Prometheus library. Zeros of live sets are left out, and so vanish with their
tickets. Instants and durations become float seconds here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import Final, NamedTuple

from metrics import names
from metrics.activity import Counted, Distribution, LabelSet
from metrics.contribution import SLAS
from metrics.feeds import Feed
from metrics.instants import SECOND
from metrics.metric import Kind, Metric
from metrics.pipeline import Pipeline
from metrics.policies import Policy, Rules
from metrics.slow_series import slow_families
from metrics.view import Clocks, LiveNumbers, PartitionNumbers, PolicyNumbers, View
from metrics.window_series import window_families

#: Label values and the number of one series.
Row = tuple[LabelSet, float]


class Family(NamedTuple):
    """All series of a counter, gauge or info."""

    metric: Metric
    rows: list[Row]


class Histogram(NamedTuple):
    """All series of a histogram; ``bounds`` are upper bounds of its buckets, in nanoseconds."""

    metric: Metric
    bounds: tuple[int, ...]
    rows: Mapping[LabelSet, Distribution]


def families(view: View) -> Iterator[Family | Histogram]:
    """Everything that is exported of ``view``; a metric without series is left out."""
    made: list[Iterator[Family] | Iterator[Family | Histogram]] = [
        _activity(view.activity),
        _live(view.partitions),
        _settings(view),
        _pipeline(view.pipeline),
        _partitions(view.partitions),
        _feeds(view.feeds),
    ]
    if view.windows is not None:
        made.append(Family(metric, rows) for metric, rows in window_families(view.windows, view.window_queues))
        made.append(Family(metric, rows) for metric, rows in slow_families(view.windows, view.window_queues))
        made.append(iter((Histogram(names.AWAITING_AGE, view.activity.bounds[names.AWAITING_AGE.name], view.ages),)))
    return (family for part in made for family in part if family.rows)


def _activity(counted: Counted) -> Iterator[Family | Histogram]:
    for metric in names.ALL:
        if metric.kind is Kind.HISTOGRAM:
            yield Histogram(metric, counted.bounds[metric.name], counted.distributions[metric.name])
        elif metric.name in counted.counts:
            yield Family(metric, list(counted.counts[metric.name].items()))


# ------------------------------------------------------------------------------------------------- live sets

_COUNTS: Final[tuple[tuple[Metric, Callable[[LiveNumbers], int]], ...]] = (
    (names.TICKETS_OPEN, lambda live: live.open),
    (names.AWAITING_FIRST_RESPONSE, lambda live: live.awaiting_first_response),
    (names.AWAITING_REPLY, lambda live: live.awaiting_reply),
    (names.TICKETS_PAUSED, lambda live: live.paused),
    (names.ESCALATED_OPEN, lambda live: live.escalated),
)


def _live(partitions: Iterable[PartitionNumbers]) -> Iterator[Family]:
    sets = [
        ((live.queue, live.priority, partition.number), live) for partition in partitions for live in partition.live
    ]
    for metric, count in _COUNTS:
        yield Family(metric, [(labels, number) for labels, live in sets if (number := count(live))])
    yield Family(names.WITHOUT_POLICY, _without_policy(partitions))
    oldest = ((labels, live.oldest_awaiting_first_response) for labels, live in sets)
    yield Family(
        names.OLDEST_AWAITING_FIRST_RESPONSE, [(labels, at / SECOND) for labels, at in oldest if at is not None]
    )
    yield Family(names.OLDEST_AWAITING_REPLY, _oldest_awaiting_reply(sets))
    clocks = [((*labels, sla), clock) for labels, live in sets for sla, clock in zip(SLAS, live.clocks, strict=False)]
    yield Family(names.LIVE_BREACHES, [(labels, clock.breaches) for labels, clock in clocks if clock.breaches])
    yield Family(names.AT_RISK, [(labels, clock.at_risk) for labels, clock in clocks if clock.at_risk])
    yield from _overdue(clocks)
    yield from _by_policy(partitions)


def _oldest_awaiting_reply(sets: Iterable[tuple[LabelSet, LiveNumbers]]) -> list[Row]:
    """The earliest of all partitions: a minimum needs no label of theirs."""
    found: dict[LabelSet, float] = {}
    for (queue, priority, _partition), live in sets:
        if live.oldest_awaiting_reply is not None:
            labels = queue, priority
            found[labels] = min(live.oldest_awaiting_reply / SECOND, found.get(labels, inf))
    return list(found.items())


def _overdue(clocks: Iterable[tuple[LabelSet, Clocks]]) -> Iterator[Family]:
    """The worst of all partitions: a minimum and a maximum need no label of theirs."""
    dues: dict[LabelSet, float] = {}
    ratios: dict[LabelSet, float] = {}
    for (queue, priority, _partition, sla), clock in clocks:
        labels = queue, priority, sla
        if clock.most_overdue is not None:
            dues[labels] = min(clock.most_overdue / SECOND, dues.get(labels, inf))
        if clock.overdue_ratio is not None:
            ratios[labels] = max(clock.overdue_ratio, ratios.get(labels, 0.0))
    yield Family(names.MOST_OVERDUE, list(dues.items()))
    yield Family(names.OVERDUE_RATIO, list(ratios.items()))


def _by_policy(partitions: Iterable[PartitionNumbers]) -> Iterator[Family]:
    found = [(partition.number, numbers) for partition in partitions for numbers in partition.policies]
    counts: tuple[tuple[Metric, Callable[[PolicyNumbers], int]], ...] = (
        (names.POLICY_LIVE_BREACHES, lambda numbers: numbers.breaches),
        (names.POLICY_AT_RISK, lambda numbers: numbers.at_risk),
    )
    for metric, count in counts:
        rows = (((numbers.policy, numbers.queue, number, SLAS[0]), count(numbers)) for number, numbers in found)
        yield Family(metric, [row for row in rows if row[1]])


def _without_policy(partitions: Iterable[PartitionNumbers]) -> list[Row]:
    found: dict[LabelSet, float] = {}
    for partition in partitions:
        for live in partition.live:
            if live.without_policy:
                labels = (live.queue,)
                found[labels] = found.get(labels, 0) + live.without_policy
    return list(found.items())


# -------------------------------------------------------------------------------------------------- settings


def _settings(view: View) -> Iterator[Family]:
    targets: dict[LabelSet, float] = {}
    objectives: dict[LabelSet, float] = {}
    for policy in view.rules.policies.all:
        if policy.starts_at is not None and policy.starts_at > view.at:
            continue
        for labels, target in _targets(policy, view.rules):  # of one name, the version in force stands first
            targets.setdefault(labels, target / SECOND)
            objectives.setdefault(labels, policy.objective)
    yield Family(names.SLA_TARGET, list(targets.items()))
    yield Family(names.SLA_OBJECTIVE, list(objectives.items()))
    build = view.pipeline.build
    if build is not None:
        yield Family(names.BUILD, [((build.version, build.revision, build.python), 1)])
        yield Family(names.CONFIG, [((build.config_sha256,), 1)])


def _targets(policy: Policy, rules: Rules) -> Iterator[tuple[LabelSet, int]]:
    queues = sorted({rules.labels.queue(queue) for queue in policy.match.get("queue", ())}) or [""]
    priorities = sorted({rules.labels.priority(value) for value in policy.match.get("priority", ())}) or [""]
    for sla in SLAS:
        target: int | None = getattr(policy, sla)
        if target is not None:
            for queue in queues:
                yield from (((policy.name, queue, priority, sla), target) for priority in priorities)


# -------------------------------------------------------------------------------------------------- pipeline


def _pipeline(pipeline: Pipeline) -> Iterator[Family]:
    records = dict.fromkeys(pipeline.topics, 0) | dict(pipeline.records)
    yield Family(names.EVENTS, [((topic,), count) for topic, count in records.items()])
    yield Family(names.DEAD_LETTERED, list(pipeline.dead_letters.items()))
    yield Family(names.CONSUMER_LAG, [((topic, str(number)), lag) for (topic, number), lag in pipeline.lag.items()])
    yield Family(names.TOPIC_PARTITIONS, [((topic,), pipeline.partitions) for topic in pipeline.topics])
    alone: tuple[tuple[Metric, float | None], ...] = (
        (names.PARTITIONS, pipeline.partitions),
        (names.RECOVERING, int(pipeline.is_recovering)),
        (names.MISROUTED, pipeline.misrouted),
        (names.CHANGELOG_RECORDS, pipeline.changelog_records),
        (names.RECOVERED_RECORDS, pipeline.recovered_records),
        (names.EXPIRED, pipeline.expired),
        (names.REBALANCES, pipeline.rebalances),
        (names.RECOVERY_SECONDS, pipeline.recovery_seconds),
        (names.COLLECT_SECONDS, pipeline.collect_seconds),
        (names.PUBLISHES, pipeline.publishes),
        (names.PUBLISH_FAILURES, pipeline.publish_failures),
    )
    for metric, number in alone:
        yield Family(metric, [] if number is None else [((), number)])


_OF_PARTITION: Final[tuple[tuple[Metric, Callable[[PartitionNumbers], float | None]], ...]] = (
    (names.PARTITION_READY, lambda partition: int(partition.is_ready)),
    (names.DUPLICATE, lambda partition: partition.duplicates),
    (names.TOO_OLD, lambda partition: partition.too_old),
    (names.LAST_EVENT, lambda partition: _seconds(partition.newest_event)),
    (names.HISTORY_SINCE, lambda partition: _seconds(partition.history_since)),
)
#: Of all partitions of this worker together.
_OF_ALL_PARTITIONS: Final[tuple[tuple[Metric, Callable[[PartitionNumbers], int]], ...]] = (
    (names.ORPHANED, lambda partition: partition.orphans),
    (names.CLOCK_SKEW, lambda partition: partition.clock_skew),
    (names.BEFORE_CREATION, lambda partition: partition.before_creation),
    (names.FULL_HISTORIES, lambda partition: partition.full_histories),
)


def _partitions(partitions: tuple[PartitionNumbers, ...]) -> Iterator[Family]:
    for metric, number_of in _OF_PARTITION:
        found = ((partition.number, number_of(partition)) for partition in partitions)
        yield Family(metric, [((name,), number) for name, number in found if number is not None])
    for metric, count_of in _OF_ALL_PARTITIONS:
        yield Family(metric, [((), sum(map(count_of, partitions)))] if partitions else [])
    yield Family(names.TABLE_KEYS, [(("tickets", partition.number), partition.entries) for partition in partitions])


# ----------------------------------------------------------------------------------------------------- feeds

_OF_FEED: Final[tuple[tuple[Metric, Callable[[Feed], float | None]], ...]] = (
    (names.FEED_LAST_EVENT, lambda feed: _seconds(feed.last_event)),
    (names.FEED_DELAY, lambda feed: feed.delay_seconds),
    (names.FEED_SILENT_BEFORE, lambda feed: _seconds(feed.silent_before)),
    (names.FEED_LATE_AFTER, lambda feed: feed.late_after / SECOND),
)


def _feeds(feeds: tuple[Feed, ...]) -> Iterator[Family]:
    for metric, number_of in _OF_FEED:
        found = ((feed.source, number_of(feed)) for feed in feeds)
        yield Family(metric, [((source,), number) for source, number in found if number is not None])


def _seconds(instant: int | None) -> float | None:
    return None if instant is None else instant / SECOND
