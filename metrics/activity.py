"""Gross activity since the process started: counters and histograms, fed with the moments that newly happened.

Only moments within 15 minutes of the clock count, so that a backfill, a catch-up or a recovery is no spike. Never
read from state and never taken back: Prometheus counters only rise. Knows no Prometheus library.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Final

import msgspec

from metrics import names
from metrics.instants import DAY, HOUR, MINUTE
from metrics.label_values import FloorLabels
from metrics.measures import FIRST_ITEM, FIRST_SURVEY, Measure, Moment
from metrics.metric import Kind, Metric, Section
from metrics.policies import Policy, Rules

RECENT: Final = 15 * MINUTE

#: Series that may stand at 0 before anything happened; a family that would exceed this starts with its first event.
PREPARED_MAX: Final = 6_000

_FIRST_RESPONSE_BOUNDS: Final = (
    *(minutes * MINUTE for minutes in (1, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 4, 8, 24, 48)),
    *(days * DAY for days in (3, 4, 7)),
)
#: Of those who wait still: over a day is late whatever was promised.
_AGE_BOUNDS: Final = tuple(bound for bound in _FIRST_RESPONSE_BOUNDS if bound <= DAY)
_RESOLUTION_BOUNDS: Final = (
    15 * MINUTE,
    *(hours * HOUR for hours in (1, 4, 8)),
    *(days * DAY for days in (1, 2, 3, 7, 14)),
)

_HAPPENED: Final = {
    Measure.CREATED: names.TICKETS_CREATED,
    Measure.FIRST_RESPONSE: names.TICKETS_REPLIED,
    Measure.RESOLVED: names.TICKETS_RESOLVED,
    Measure.REOPENED: names.TICKETS_REOPENED,
    Measure.ESCALATED: names.TICKETS_ESCALATED,
    Measure.RETARGETED_LATE: names.RETARGETED_LATE,
    Measure.DISCARDED_LATE: names.DISCARDED_LATE,
}
_LASTED: Final = {
    Measure.FIRST_RESPONSE: names.FIRST_RESPONSE,
    Measure.FIRST_RESPONSE_BUSINESS: names.FIRST_RESPONSE_BUSINESS,
    Measure.RESOLUTION: names.RESOLUTION,
}
_VERDICTS: Final = {
    Measure.FIRST_RESPONSE_MET: ("first_response", False),
    Measure.FIRST_RESPONSE_BREACHED: ("first_response", True),
    Measure.RESOLUTION_MET: ("resolution", False),
    Measure.RESOLUTION_BREACHED: ("resolution", True),
}
_CATEGORIES: Final = ("detractor", "passive", "promoter")

LabelSet = tuple[str, ...]
#: (survey, lowest, highest), by the number of its measure.
Instruments = Sequence[tuple[str, int, int]]


class Distribution(msgspec.Struct, frozen=True):
    """Durations of one label set: how many in each bucket (the last is beyond all bounds), and their sum."""

    counts: tuple[int, ...]
    total: int


class Counted(msgspec.Struct, frozen=True):
    """Everything counted so far, by name of the metric and label values; nobody changes it afterwards."""

    counts: Mapping[str, Mapping[LabelSet, int]]
    bounds: Mapping[str, tuple[int, ...]]  # upper bounds of the buckets, in nanoseconds
    distributions: Mapping[str, Mapping[LabelSet, Distribution]]


class _Tally:
    __slots__ = ("counts", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.total = 0

    def frozen(self) -> Distribution:
        return Distribution(tuple(self.counts), self.total)


#: Where the counters of ``Activity`` stand on the page of all metrics.
_COUNTED_HERE: Final = (Section.ACTIVITY, Section.QUALITY)


class Activity:
    """What happened in this process. ``observe`` and ``counted`` are never called at the same time."""

    def __init__(self, rules: Rules, clock: Callable[[], int]) -> None:
        """``clock``: the present instant in nanoseconds."""
        self.labels: Final = FloorLabels(rules)
        self._clock = clock
        self._bounds = {
            names.FIRST_RESPONSE.name: _bounds(_FIRST_RESPONSE_BOUNDS, rules, lambda policy: policy.first_response),
            names.FIRST_RESPONSE_BUSINESS.name: _bounds(
                _FIRST_RESPONSE_BOUNDS, rules, lambda policy: policy.first_response if policy.calendar else None
            ),
            names.AWAITING_AGE.name: age_bounds(rules),
            names.RESOLUTION.name: _bounds(_RESOLUTION_BOUNDS, rules, lambda policy: policy.resolution),
        }
        self._counts: dict[str, dict[LabelSet, int]] = {
            metric.name: {} for metric in names.ALL if metric.kind is Kind.COUNTER and metric.section in _COUNTED_HERE
        }
        self._tallies: dict[str, dict[LabelSet, _Tally]] = {metric.name: {} for metric in _LASTED.values()}
        self._answers: dict[tuple[str, str, int, int], int] = {}  # queue, channel, measure, score above the lowest
        self._prepare(rules)

    def observe(self, priority: str, channel: str, moments: list[Moment]) -> None:
        """Count the moments that are recent, under the labels of the ticket as it is now."""
        now = self._clock()
        earliest, latest = now - RECENT, now + RECENT
        recent = [moment for moment in moments if earliest <= moment[1] <= latest]
        if not recent:
            return
        folded = self.labels.priorities.fold(priority), self.labels.channels.fold(channel)
        for own, _instant, measure, value in recent:
            self._count((self.labels.queues.fold(own), *folded), measure, value)
            if measure == Measure.CREATED:
                self._note_folded(own, priority, channel)

    def _count(self, labels: tuple[str, str, str], measure: int, value: int) -> None:
        queue, priority, channel = labels
        if measure >= FIRST_ITEM:
            return
        if measure >= FIRST_SURVEY:
            answer = queue, channel, measure, value
            self._answers[answer] = self._answers.get(answer, 0) + 1
            return
        if (happened := _HAPPENED.get(measure)) is not None:  # type: ignore[call-overload]
            self._bump(happened, labels[: len(happened.labels)])
        if (lasted := _LASTED.get(measure)) is not None:  # type: ignore[call-overload]
            self._add(lasted, (queue, priority), value)
        elif (verdict := _VERDICTS.get(measure)) is not None:  # type: ignore[call-overload]
            sla, is_breached = verdict
            self._bump(names.SLA_SETTLED, (queue, priority, sla))
            self._bump(names.SLA_BREACHED, (queue, priority, sla), int(is_breached))

    def _note_folded(self, queue: str, priority: str, channel: str) -> None:
        labels = self.labels
        if labels.queues.is_folded(queue):
            self._bump(names.LABEL_OVERFLOW, ("queue",))
        if labels.priorities.is_folded(priority):
            self._bump(names.LABEL_OVERFLOW, ("priority",))
        if labels.channels.is_folded(channel):
            self._bump(names.LABEL_OVERFLOW, ("channel",))

    def _bump(self, metric: Metric, labels: LabelSet, amount: int = 1) -> None:
        counts = self._counts[metric.name]
        counts[labels] = counts.get(labels, 0) + amount

    def _add(self, metric: Metric, labels: LabelSet, duration: int) -> None:
        bounds, tallies = self._bounds[metric.name], self._tallies[metric.name]
        tally = tallies.get(labels)
        if tally is None:
            tally = tallies[labels] = _Tally(len(bounds) + 1)
        tally.counts[bisect_left(bounds, duration)] += 1
        tally.total += duration

    # ------------------------------------------------------------------------------------------------- looking

    @property
    def label_overflow(self) -> dict[str, int]:
        """Tickets created with a value that was folded into "other", by label; labels without any are left out."""
        return {label: count for (label,), count in self._counts[names.LABEL_OVERFLOW.name].items() if count}

    def counted(self, instruments: Instruments) -> Counted:
        """A copy of all counts; ``instruments`` says what the measures of answers are."""
        counts = {name: dict(found) for name, found in self._counts.items()}
        for (queue, channel, measure, above), count in self._answers.items():
            found = _answer_series(queue, channel, instruments[measure - FIRST_SURVEY], above)
            if found is not None:
                metric, labels = found
                counts[metric.name][labels] = counts[metric.name].get(labels, 0) + count
        tallies = self._tallies.items()
        distributions = {name: {labels: tally.frozen() for labels, tally in found.items()} for name, found in tallies}
        return Counted(counts, self._bounds, distributions)

    # ----------------------------------------------------------------------------------------------- preparing

    def _prepare(self, rules: Rules) -> None:
        """Set known label sets to 0, since Prometheus never counts the first value of a series."""
        queues, priorities = self.labels.queues.listed, self.labels.priorities.listed
        channels = self.labels.channels.listed
        slas = [sla for sla in ("first_response", "resolution") if any(getattr(p, sla) for p in rules.policies.all)]
        scores = [str(score) for score in range(1, 8)]
        known: dict[Metric, tuple[Sequence[str] | None, ...]] = {
            names.LABEL_OVERFLOW: (("queue", "priority", "channel"),),
            **{metric: (queues, priorities, channels)[: len(metric.labels)] for metric in _HAPPENED.values()},
            names.SLA_SETTLED: (queues, priorities, slas),
            names.SLA_BREACHED: (queues, priorities, slas),
            names.CSAT_RESPONSES: (queues, channels, scores[:5]),
            names.NPS_RESPONSES: (queues, _CATEGORIES),
            names.CES_RESPONSES: (queues, scores),
            names.FIRST_RESPONSE: (queues, priorities),
            names.FIRST_RESPONSE_BUSINESS: (queues if rules.policies.uses_calendar else None, priorities),
            names.RESOLUTION: (queues, priorities),
        }
        left = PREPARED_MAX
        for metric, values in known.items():
            given = [value for value in values if value is not None]
            sets = list(product(*given)) if len(given) == len(values) else []
            series = len(sets) * (len(self._bounds.get(metric.name, ())) + 3 if metric in _LASTED.values() else 1)
            if series <= left:
                left -= series
                self._start_at_zero(metric, sets)

    def _start_at_zero(self, metric: Metric, sets: list[LabelSet]) -> None:
        if metric.name in self._tallies:
            buckets = len(self._bounds[metric.name]) + 1
            self._tallies[metric.name].update((labels, _Tally(buckets)) for labels in sets)
        else:
            self._counts[metric.name].update(dict.fromkeys(sets, 0))


def age_bounds(rules: Rules) -> tuple[int, ...]:
    """Of the buckets of how long the unanswered have waited, every target of a first response among them."""
    return _bounds(_AGE_BOUNDS, rules, lambda policy: policy.first_response)


def _bounds(usual: tuple[int, ...], rules: Rules, target: Callable[[Policy], int | None]) -> tuple[int, ...]:
    """The usual bounds and every target, so that the share within a target is exact."""
    targets = {found for policy in rules.policies.all if (found := target(policy)) is not None}
    return tuple(sorted({*usual, *targets}))


def _answer_series(
    queue: str, channel: str, instrument: tuple[str, int, int], above: int
) -> tuple[Metric, LabelSet] | None:
    """Where an answer counts; None for instruments on scales that have no counter."""
    if instrument == ("csat", 1, 5):
        return names.CSAT_RESPONSES, (queue, channel, str(1 + above))
    if instrument == ("nps", 0, 10):
        return names.NPS_RESPONSES, (queue, _CATEGORIES[(above >= 7) + (above >= 9)])
    if instrument == ("ces", 1, 7):
        return names.CES_RESPONSES, (queue, str(1 + above))
    return None
