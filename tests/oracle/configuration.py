"""The part of an operator's configuration that changes a snapshot's numbers, or what a list of tickets shows.

`labels.channels` folds labels of metrics only: no number of the snapshot knows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.oracle.calendars import Calendar, calendar_of
from tests.oracle.instants import DAY, HOUR, MINUTE, duration, optional_instant


@dataclass(frozen=True)
class Policy:
    """One `[[sla]]`: targets in nanoseconds, None where there is none; without a calendar the clocks run always."""

    name: str = "default"
    created_from: int | None = None
    match: Mapping[str, Sequence[str]] = field(default_factory=dict)
    first_response: int | None = None
    next_response: int | None = None
    resolution: int | None = None
    at_risk: Fraction = Fraction(1, 5)
    calendar: Calendar | None = None


DEFAULT_POLICIES = (Policy(first_response=HOUR, resolution=24 * HOUR),)


@dataclass(frozen=True)
class OracleConfiguration:
    """What the oracle needs to know beside the events; instants and durations in nanoseconds."""

    policies: tuple[Policy, ...] = DEFAULT_POLICIES
    queues: tuple[str, ...] | None = None
    priorities: tuple[str, ...] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    rolling: tuple[str, ...] = ("15m", "1h", "6h", "24h", "7d", "30d")
    time_zone: str = "UTC"
    skew: int = 2 * MINUTE
    live_since: int | None = None
    conversion_within: int = 72 * HOUR
    retention: int = 62 * DAY
    future: int = 10 * MINUTE
    samples: tuple[int, int] = (5, 30)  # from how many answers on: with caution, enough
    brand_expected: frozenset[str] = frozenset()

    @property
    def names_a_calendar(self) -> bool:
        """Whether any policy's clocks run in open hours."""
        return any(policy.calendar is not None for policy in self.policies)

    def own_queue(self, queue: str | None) -> str | None:
        """The queue as policies see it: after aliases, before folding."""
        return None if queue is None else self.aliases.get(queue, queue)

    def shown_queue(self, queue: str | None) -> str:
        """The queue as the snapshot names it."""
        own = self.own_queue(queue)
        if own is None or (self.queues is not None and own not in self.queues):
            return "other"
        return own

    def shown_priority(self, priority: str | None) -> str:
        """The priority as lists and labels name it."""
        if priority is None or (self.priorities is not None and priority not in self.priorities):
            return "other"
        return priority


DEFAULT = OracleConfiguration()


def _target(entry: Mapping[str, Any], key: str) -> int | None:
    return duration(entry[key]) if key in entry else None


def _policy(entry: Mapping[str, Any], calendars: Mapping[str, Calendar]) -> Policy:
    return Policy(
        name=entry.get("name", ""),
        created_from=optional_instant(entry.get("from")),
        match=entry.get("match", {}),
        first_response=_target(entry, "first_response"),
        next_response=_target(entry, "next_response"),
        resolution=_target(entry, "resolution"),
        at_risk=Fraction(str(entry.get("at_risk", "0.2"))),
        calendar=calendars[entry["calendar"]] if "calendar" in entry else None,
    )


def configuration_of(document: Mapping[str, Any]) -> OracleConfiguration:
    """The oracle's view of a configuration file, given as `tomllib.loads` returns it."""
    labels, time = document.get("labels", {}), document.get("time", {})
    zone = document.get("floor", {}).get("time_zone", "UTC")
    calendars = {name: calendar_of(entry, zone) for name, entry in document.get("calendars", {}).items()}
    return OracleConfiguration(
        policies=tuple(_policy(entry, calendars) for entry in document.get("sla", [])) or DEFAULT_POLICIES,
        queues=tuple(labels["queues"]) if labels.get("queues") else None,
        priorities=tuple(labels["priorities"]) if labels.get("priorities") else None,
        aliases=labels.get("aliases", {}),
        rolling=tuple(document.get("windows", {}).get("rolling", DEFAULT.rolling)),
        time_zone=zone,
        skew=duration(time.get("skew", "2m")),
        live_since=optional_instant(time.get("live_since")),
        retention=duration(document.get("retention", {}).get("settled", "62d")),
        future=duration(time.get("future", "10m")),
        conversion_within=duration(document.get("kpis", {}).get("conversion", {}).get("within", "72h")),
        samples=(document.get("samples", {}).get("caution", 5), document.get("samples", {}).get("enough", 30)),
        brand_expected=frozenset(document.get("kpis", {}).get("brand", {}).get("expected", ())),
    )
