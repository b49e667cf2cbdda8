"""What the core needs of the configuration: which SLA policy holds for a ticket, and which names labels may have.

Compiled, pure and frozen: durations and instants are integer nanoseconds. A policy sees a ticket's own values
after ``Labels.alias``, before they fold into "other"; it never sees a clock, nor where the values come from.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from metrics.calendars import Calendar, elapsed
from metrics.instants import DAY, HOUR, MINUTE
from metrics.samples import Samples

OTHER: Final = "other"
OBJECTIVE: Final = 0.9
AT_RISK_SHARE: Final = 0.2
CONVERSION_WITHIN: Final = 72 * HOUR
PPM: Final = 1_000_000
NO_POLICY: Final = -1

#: (queue, channel, priority, brand, kind) of a ticket, empty where never given.
Values = tuple[str, str, str, str, str]

ATTRIBUTES: Final = ("queue", "priority", "channel", "kind", "brand")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Targets for the tickets that match; a target of None is a clock that does not run.

    ``match`` has the values each given attribute may have; an absent attribute may have any. ``objective`` is
    strictly between 0 and 1, ``at_risk_ppm`` the share of a target left, in parts per million.
    """

    name: str
    starts_at: int | None = None
    match: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    first_response: int | None = None
    next_response: int | None = None
    resolution: int | None = None
    objective: float = OBJECTIVE
    calendar: str | None = None
    at_risk_ppm: int = round(AT_RISK_SHARE * PPM)

    def covers(self, other: Policy) -> bool:
        """Every ticket that ``other`` matches, this policy matches too."""
        if self.starts_at is not None and (other.starts_at is None or other.starts_at < self.starts_at):
            return False
        return all(name in other.match and other.match[name] <= values for name, values in self.match.items())


#: Holds where no policy is configured.
DEFAULT_POLICY: Final = Policy(name="default", first_response=HOUR, resolution=24 * HOUR)


class Policies:
    """The policies in the order of the file: the first that matches wins."""

    __slots__ = ("_eras", "_starts", "all")

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.all: Final = tuple(policies)
        self._starts: Final = sorted({policy.starts_at for policy in self.all if policy.starts_at is not None})
        self._eras: Final = tuple(self._in_force(start) for start in (None, *self._starts))

    def _in_force(self, start: int | None) -> tuple[Policy, ...]:
        """The policies for tickets created at ``start``, or before any start where it is None."""
        return tuple(
            policy
            for policy in self.all
            if policy.starts_at is None or (start is not None and policy.starts_at <= start)
        )

    def era(self, created_at: int) -> int:
        """Which versions hold for a ticket created then: the same number, the same policies."""
        return bisect_right(self._starts, created_at) if self._starts else 0

    def choose(
        self,
        created_at: int,
        queue: str | None,
        priority: str | None,
        channel: str | None,
        kind: str | None,
        brand: str | None,
    ) -> Policy | None:
        """The policy of a ticket created at ``created_at`` with these values, ``queue`` after ``Labels.alias``.

        None where no policy matches: the ticket has no clock. A value of None is matched only by policies that
        leave its attribute open.
        """
        values = dict(zip(ATTRIBUTES, (queue, priority, channel, kind, brand), strict=True))
        return next((policy for policy in self._eras[self.era(created_at)] if _matches(policy, values)), None)

    def number(self, policy: Policy | None) -> int:
        """The place of a policy in the file, from 0; ``NO_POLICY`` for none."""
        return next((number for number, found in enumerate(self.all) if found is policy), NO_POLICY)

    @property
    def uses_calendar(self) -> tuple[str, ...]:
        """Names of the policies whose clocks run in business hours."""
        return tuple(policy.name for policy in self.all if policy.calendar is not None)


def _matches(policy: Policy, values: Mapping[str, str | None]) -> bool:
    return all(values[name] in allowed for name, allowed in policy.match.items())


class Labels:
    """Known values of queues, priorities and channels; with a list, any other value is "other".

    ``queues``, ``priorities`` and ``channels`` are the lists in the order of the file, None where there is none.
    An empty value is "other" with or without a list.
    """

    __slots__ = ("_aliases", "_channel", "_priority", "_queue", "channels", "priorities", "queues")

    def __init__(
        self,
        queues: Iterable[str] | None = None,
        priorities: Iterable[str] | None = None,
        channels: Iterable[str] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.queues: Final = None if queues is None else tuple(queues)
        self.priorities: Final = None if priorities is None else tuple(priorities)
        self.channels: Final = None if channels is None else tuple(channels)
        self._aliases: Final = dict(aliases or {})
        self._queue: Final = _known(self.queues)
        self._priority: Final = _known(self.priorities)
        self._channel: Final = _known(self.channels)

    def alias(self, queue: str) -> str:
        """The queue's present name: what policies match."""
        return self._aliases.get(queue, queue)

    def queue(self, value: str) -> str:
        """The label of a queue: its present name, or "other" where that is not known."""
        return _label(self._aliases.get(value, value), self._queue)

    def priority(self, value: str) -> str:
        """The label of a priority, or "other"."""
        return _label(value, self._priority)

    def channel(self, value: str) -> str:
        """The label of a channel, or "other"."""
        return _label(value, self._channel)


def _known(values: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)


def _label(value: str, known: frozenset[str] | None) -> str:
    if known is None:
        return value or OTHER
    return value if value in known else OTHER


class Place(msgspec.Struct, frozen=True, gc=False):
    """What a ticket's values make of it: its labels, its policy, and how long each clock may run, in nanoseconds.

    A target of None is a clock that does not run; at risk is more than ``..._risk`` of it.
    """

    queue: str
    priority: str
    channel: str
    policy: Policy | None = None
    first_response: int | None = None
    first_response_risk: int = 0
    next_response: int | None = None
    next_response_risk: int = 0
    resolution: int | None = None
    resolution_risk: int = 0
    calendar: Calendar | None = None  # in whose open hours the clocks run; None: always
    number: int = NO_POLICY  # of the policy, in the order of the file

    def targets(self, sla: int) -> tuple[int | None, int]:
        """The target of a clock, by its place among ``SLAS``, and after how much of it the clock is at risk."""
        return (
            (self.first_response, self.first_response_risk),
            (self.next_response, self.next_response_risk),
            (self.resolution, self.resolution_risk),
        )[sla]


def _place(labels: Labels, policy: Policy | None, values: Values, calendars: Mapping[str, Calendar]) -> Place:
    named = labels.queue(values[0]), labels.priority(values[2]), labels.channel(values[1])
    if policy is None:
        return Place(*named)
    clocks: list[int | None] = []
    for target in (policy.first_response, policy.next_response, policy.resolution):
        # Less than this left is at risk, in whole nanoseconds.
        lead = -(-(target or 0) * policy.at_risk_ppm // PPM)
        clocks += target, (target or 0) - lead
    calendar = None if policy.calendar is None else calendars[policy.calendar]
    return msgspec.structs.replace(Place(*named, policy, *clocks), calendar=calendar)  # type: ignore[arg-type]


class Window(NamedTuple):
    """A rolling window: its name in snapshots and labels, its length and its pane in nanoseconds."""

    name: str
    length: int
    pane: int


def pane_of(length: int) -> int:
    """The pane of a window of ``length`` nanoseconds: a minute up to 24 hours, an hour beyond."""
    return MINUTE if length <= DAY else HOUR


DEFAULT_WINDOWS: Final = tuple(
    Window(name, length, pane_of(length))
    for name, length in (
        ("15m", 15 * MINUTE),
        ("1h", HOUR),
        ("6h", 6 * HOUR),
        ("24h", DAY),
        ("7d", 7 * DAY),
        ("30d", 30 * DAY),
    )
)


class Source(msgspec.Struct, frozen=True):
    """A source of events that should not be silent for ``silent_after`` of its calendar's open time, or of any.

    Its events should be delivered within ``late_after``; both in nanoseconds.
    """

    name: str
    silent_after: int = 15 * MINUTE
    late_after: int = 5 * MINUTE
    calendar: Calendar | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All that the core takes from the configuration; the defaults are those of an empty file.

    ``skew``, ``future``, ``retention`` and ``conversion_within`` are nanoseconds; ``windows`` ascend by length and
    leave "today" out, which begins at midnight in ``time_zone``.
    """

    labels: Labels = msgspec.field(default_factory=Labels)
    policies: Policies = msgspec.field(default_factory=lambda: Policies((DEFAULT_POLICY,)))
    skew: int = 2 * MINUTE
    future: int = 10 * MINUTE
    live_since: int | None = None
    windows: tuple[Window, ...] = DEFAULT_WINDOWS
    time_zone: str = "UTC"
    retention: int = 62 * DAY
    by_minute: bool = False  # panes stay minutes for as long as they are kept: reports ask for any of them
    calendars: Mapping[str, Calendar] = msgspec.field(default_factory=dict)  # by name; all that policies name
    feeds: tuple[Source, ...] = ()
    conversion_within: int = CONVERSION_WITHIN  # of the first reply, or of the creation: a later sale is another story
    samples: Samples = Samples()
    brand_expected: frozenset[str] = frozenset()  # items that answers are hoped to agree with

    def is_judged(self, created_at: int) -> bool:
        """Whether a ticket created then is in live sets and judged by targets: not if before ``live_since``."""
        return self.live_since is None or created_at >= self.live_since

    def place(self, created_at: int, values: Values) -> Place:
        """The labels and the policy of a ticket created then, while it has these values."""
        queue, channel, priority, brand, kind = values
        chosen = self.policies.choose(created_at, self.labels.alias(queue), priority, channel, kind, brand)
        place = _place(self.labels, chosen, values, self.calendars)
        return msgspec.structs.replace(place, number=self.policies.number(chosen))

    def overdue_ratio(self, number: int, sla: str, due: int, now: int) -> float | None:
        """Open time since ``due`` by the target of policy ``number``: 1 has waited twice as long as it may.

        None where that policy has no such clock. Closed hours do not count: a night makes nothing worse.
        """
        policy = self.policies.all[number]
        target: int | None = getattr(policy, sla)
        if target is None:
            return None
        calendar = None if policy.calendar is None else self.calendars[policy.calendar]
        return elapsed(due, now, calendar) / target
