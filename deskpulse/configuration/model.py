"""The whole configuration as one frozen value, and what the core is given of it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from msgspec.structs import replace
from pydantic import Field

from deskpulse.configuration.outputs import Alerts, Feed, Grafana, Mute, Receiver, Wall
from deskpulse.configuration.public_holidays import public_holidays
from deskpulse.configuration.tables import (
    Board,
    Broker,
    DeadLetters,
    Floor,
    HelpDesk,
    Labels,
    Redis,
    Retention,
    Samples,
    Time,
    Why,
    Windows,
    Worker,
)
from deskpulse.configuration.targets import CONVERSION, Calendar, CalendarVersion, KpiTarget, SlaPolicy
from deskpulse.configuration.values import FROM_LIST, Name, Table
from metrics import calendars, samples
from metrics import policies as core
from metrics.instants import DAY, parse_duration

RETENTION_DEFAULT = 62 * DAY

#: The one KPI that has expected words.
BRAND = "brand"


class Configuration(Table):
    """Every table of the file. ``Configuration()`` is an empty file."""

    broker: Broker = Broker()
    dead_letters: DeadLetters = DeadLetters()
    redis: Redis = Redis()
    worker: Worker = Worker()
    board: Board = Board()
    floor: Floor = Floor()
    labels: Labels = Labels()
    windows: Windows = Windows()
    samples: Samples = Samples()
    retention: Retention = Retention()
    time: Time = Time()
    helpdesk: HelpDesk = HelpDesk()
    why: Why = Why()
    calendars: dict[Name, Calendar] = Field(default_factory=dict)
    sla: Annotated[tuple[SlaPolicy, ...], FROM_LIST, Field(max_length=1000)] = ()
    kpis: dict[Name, KpiTarget] = Field(default_factory=dict)
    walls: dict[Name, Wall] = Field(default_factory=dict)
    alerts: Alerts = Alerts()
    grafana: Grafana = Grafana()
    receivers: Annotated[tuple[Receiver, ...], FROM_LIST, Field(max_length=1000)] = ()
    mutes: Annotated[tuple[Mute, ...], FROM_LIST, Field(max_length=1000)] = ()
    feeds: Annotated[tuple[Feed, ...], FROM_LIST, Field(max_length=1000)] = ()

    def rules(self) -> core.Rules:
        """What the core takes: policies, labels and windows compiled, all lengths in nanoseconds."""
        compiled = tuple(map(compiled_policy, self.sla)) or (core.DEFAULT_POLICY,)
        calendars = {
            name: compiled_calendar(name, calendar, self.floor.time_zone) for name, calendar in self.calendars.items()
        }
        return core.Rules(
            labels=core.Labels(self.labels.queues, self.labels.priorities, self.labels.channels, self.labels.aliases),
            policies=core.Policies(compiled),
            skew=self.time.skew,
            future=self.time.future,
            live_since=self.time.live_since,
            windows=self._windows(),
            time_zone=self.floor.time_zone,
            retention=self.retention.settled or max(RETENTION_DEFAULT, self.retention_least()),
            calendars=calendars,
            feeds=tuple(
                core.Source(feed.source, feed.silent_after, feed.late_after, calendars.get(feed.calendar or ""))
                for feed in self.feeds
            ),
            conversion_within=self._conversion_within(),
            samples=samples.Samples(self.samples.caution, self.samples.enough),
            brand_expected=frozenset(self.kpis[BRAND].expected if BRAND in self.kpis else ()),
        )

    def _conversion_within(self) -> int:
        kpi = self.kpis.get(CONVERSION)
        return core.CONVERSION_WITHIN if kpi is None or kpi.within is None else kpi.within

    def _windows(self) -> tuple[core.Window, ...]:
        lengths = {name: parse_duration(name) for name in self.windows.rolling}
        windows = (core.Window(name, length, core.pane_of(length)) for name, length in lengths.items())
        return tuple(sorted(windows, key=lambda window: window.length))

    def retention_least(self) -> int:
        """The shortest retention, in nanoseconds, that holds every window and the one before it."""
        longest = max((window.length for window in self._windows()), default=DAY)
        return 2 * longest + DAY


def compiled_policy(policy: SlaPolicy) -> core.Policy:
    """A policy of the file as the core reads it."""
    return core.Policy(
        name=policy.name,
        starts_at=policy.from_,
        match=policy.match.allowed(),
        first_response=policy.first_response,
        next_response=policy.next_response,
        resolution=policy.resolution,
        objective=policy.objective,
        calendar=policy.calendar,
        at_risk_ppm=round(policy.at_risk * core.PPM),
    )


def compiled_calendar(name: str, calendar: Calendar, floor_zone: str) -> calendars.Calendar:
    """A calendar of the file as the core reads it; ``floor_zone`` is that of versions which name none."""
    return calendars.Calendar(name, (compiled_version(version, floor_zone) for version in calendar.versions))


def compiled_version(version: CalendarVersion, floor_zone: str) -> calendars.Version:
    """One version of a calendar as the core reads it."""
    given = calendars.Version(
        starts_at=version.from_,
        time_zone=version.time_zone or floor_zone,
        week=version.week.by_weekday(),
        dates={holiday.date: holiday.open for holiday in version.holidays},
    )
    if version.public_holidays is None:
        return given
    return replace(given, public_holidays=partial(public_holidays, version.public_holidays))
