"""What partitions come to as of one instant before any mean, ratio or percentile is taken: it adds up with others'.

Counts, sums, buckets, cohorts and instants. ``metrics.snapshot`` is made of them and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.activity import age_bounds
from metrics.contribution import Mark
from metrics.days import PeriodSums
from metrics.facts import Latest
from metrics.floor import PartitionFloor
from metrics.hours import Sums
from metrics.instants import MINUTE, SECOND, from_datetime
from metrics.measures import Vocabulary
from metrics.normal import FlowSums, flow_sums
from metrics.policies import Rules, Window
from metrics.standing import LiveOf, Standing, earliest, standing
from metrics.voice import Before, scores, windows_before
from metrics.waiting import Ages, ages, ages_by_queue

#: What is told of the data itself, in this order.
QUALITY: Final = ("orphans", "clock_skew", "before_creation", "full_histories")

#: The window that begins with the floor's local day; the others roll.
TODAY: Final = "today"

_WAITING: Final = (Mark.AWAITING_FIRST_RESPONSE, Mark.UNCOUNTED_AWAITING_FIRST_RESPONSE)


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
    def is_rolling(self) -> bool:
        """Whether it is as long at any instant; else it began with a local day."""
        return self.name != TODAY

    @property
    def after_instant(self) -> int:
        """The last nanosecond before the window."""
        return (self.after + 1) * self.pane - 1

    @property
    def edges(self) -> tuple[int, int]:
        """The last nanosecond before the window, and its own last one."""
        return self.after_instant, (self.last + 1) * self.pane - 1


class Asked(msgspec.Struct, frozen=True):
    """Windows, past ones too, and what satisfaction in them is compared with, as known at ``now``."""

    now: int
    windows: Sequence[Span]
    before: Mapping[str, Before]

    @property
    def edges(self) -> list[int]:
        """The last instant before each window, and of each that is over by ``now``; descending."""
        after = {span.after_instant for span in self.windows}
        return sorted(after | {span.edges[1] for span in self.windows if span.edges[1] < self.now}, reverse=True)


class Components(msgspec.Struct, frozen=True, kw_only=True):
    """Of some partitions together, of which ``ready`` are ready."""

    ready: int
    history_since: int | None
    quality: tuple[int, ...]
    queues: Collection[int]  # the numbers of those that have a ticket or an answer
    windows: Mapping[str, Sequence[Sums]]  # by name, to be added up
    before: Mapping[str, Sequence[Sums]]  # the same of CSAT on 1-5 in what the window is compared with
    standings: Mapping[tuple[str, str], Standing]  # by queue and priority
    waiting: Sequence[Sums]  # see ``metrics.waiting``, by window in the order of the edges; to be added up
    ages: Callable[[], Ages]  # of the ready ones
    flow: Callable[[], FlowSums]
    reports: tuple[Latest, ...]
    period: Callable[[date, date], tuple[PeriodSums, ...] | None]  # first and last day; None: not to be had here


def asked_now(rules: Rules, now: int) -> Asked:
    """Every window as of ``now``: the rolling ones, and today from the floor's last local midnight on."""
    today = midnight(now, rules.time_zone)
    found = [_rolling(window, now) for window in rules.windows]
    found.append(Span(TODAY, MINUTE, today // MINUTE - 1, now // MINUTE))
    return Asked(now, found, windows_before(rules, now))


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


def gather(parts: Sequence[Part], rules: Rules, vocabulary: Vocabulary, asked: Asked) -> Components:
    """What these partitions come to."""
    floors = [part.floor for part in parts]
    panes = [floor.panes for floor in floors]
    return Components(
        ready=sum(part.is_ready for part in parts),
        history_since=earliest(part.history_since for part in parts),
        quality=tuple(sum(getattr(floor, name) for floor in floors) for name in QUALITY),
        queues={number for floor in floors for number in floor.queues},
        windows={
            span.name: [sums for one in panes for sums in one.total(span.after, span.last, span.pane)]
            for span in asked.windows
        },
        before={name: [scores(panes, before)] for name, before in asked.before.items()},
        standings=_standings(parts, rules, asked),
        waiting=[_waiting(floors, vocabulary, asked)],
        ages=lambda: _ages(parts, rules, asked),
        flow=lambda: flow_sums(panes, rules, asked.now),
        reports=tuple(floor.facts.latest() for floor in floors),
        period=lambda first, last: tuple(floor.days.total(first, last) for floor in floors),
    )


def _standings(parts: Sequence[Part], rules: Rules, asked: Asked) -> dict[tuple[str, str], Standing]:
    """How each queue and priority stands that has open tickets."""
    found: dict[tuple[str, str], list[LiveOf]] = {}
    for part in parts:
        for (queue, priority, policy), live in part.floor.live.items():
            found.setdefault((queue, priority), []).append((live, policy, part.is_ready))
    edges = asked.edges
    return {place: standing(sets, rules, edges, asked.now) for place, sets in found.items()}


def _waiting(floors: Sequence[PartitionFloor], vocabulary: Vocabulary, asked: Asked) -> Sums:
    """Those who await their first response, counted or not."""
    sets = [(vocabulary.queue_id(queue), live) for floor in floors for (queue, _, _), live in floor.live.items()]
    return ages(((queue, live.since(mark)) for queue, live in sets for mark in _WAITING), asked.edges, asked.now)


def _ages(parts: Sequence[Part], rules: Rules, asked: Asked) -> Ages:
    """Of those whose first response counts, as the series of a lone worker."""
    waiting = (
        (queue, live.since(Mark.AWAITING_FIRST_RESPONSE))
        for part in parts
        if part.is_ready
        for (queue, *_), live in part.floor.live.items()
    )
    return ages_by_queue(waiting, age_bounds(rules), asked.now)
