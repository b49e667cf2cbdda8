"""The whole configuration as one frozen value, and what the core is given of it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, PrivateAttr

from deskpulse.configuration.outputs import Feed, Mute, Receiver, Wall
from deskpulse.configuration.problems import ConfigurationError, Problem, toml_key, toml_value
from deskpulse.configuration.tables import (
    Board,
    Broker,
    DeadLetters,
    Floor,
    HelpDesk,
    Labels,
    Redis,
    Retention,
    Time,
    Windows,
    Worker,
)
from deskpulse.configuration.targets import Calendar, KpiTarget, SlaPolicy
from deskpulse.configuration.values import FROM_LIST, Name, Table
from metrics import policies as core
from metrics.instants import DAY, parse_duration

RETENTION_DEFAULT = 62 * DAY


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
    retention: Retention = Retention()
    time: Time = Time()
    helpdesk: HelpDesk = HelpDesk()
    calendars: dict[Name, Calendar] = Field(default_factory=dict)
    sla: Annotated[tuple[SlaPolicy, ...], FROM_LIST, Field(max_length=1000)] = ()
    kpis: dict[Name, KpiTarget] = Field(default_factory=dict)
    walls: dict[Name, Wall] = Field(default_factory=dict)
    receivers: Annotated[tuple[Receiver, ...], FROM_LIST, Field(max_length=1000)] = ()
    mutes: Annotated[tuple[Mute, ...], FROM_LIST, Field(max_length=1000)] = ()
    feeds: Annotated[tuple[Feed, ...], FROM_LIST, Field(max_length=1000)] = ()

    _file: str = PrivateAttr(default="configuration")

    def named(self, file: str) -> Self:
        """The same configuration, whose problems name ``file``."""
        copy = self.model_copy()
        copy._file = file  # noqa: SLF001 - the copy is of this class
        return copy

    def rules(self) -> core.Rules:
        """What the core takes: policies, labels and windows compiled, all lengths in nanoseconds."""
        compiled = tuple(map(compiled_policy, self.sla)) or (core.DEFAULT_POLICY,)
        return core.Rules(
            labels=core.Labels(self.labels.queues, self.labels.priorities, self.labels.channels, self.labels.aliases),
            policies=core.Policies(compiled),
            skew=self.time.skew,
            future=self.time.future,
            live_since=self.time.live_since,
            windows=self._windows(),
            time_zone=self.floor.time_zone,
            retention=self.retention.settled or max(RETENTION_DEFAULT, self.retention_least()),
        )

    def _windows(self) -> tuple[core.Window, ...]:
        lengths = {name: parse_duration(name) for name in self.windows.rolling}
        windows = (core.Window(name, length, core.pane_of(length)) for name, length in lengths.items())
        return tuple(sorted(windows, key=lambda window: window.length))

    def retention_least(self) -> int:
        """The shortest retention, in nanoseconds, that holds every window and the one before it."""
        longest = max((window.length for window in self._windows()), default=DAY)
        return 2 * longest + DAY

    def require_runnable(self) -> None:
        """Pass where this version can run what the file asks for.

        Raises:
            ConfigurationError: a policy names a calendar, and clocks in business hours are still to come.
        """
        problems = [
            Problem(
                file=self._file,
                key=toml_key(("sla", place, "calendar")),
                value=toml_value(policy.calendar),
                expected="business calendars come with a later version; until then, remove the key: calendar time",
            )
            for place, policy in enumerate(self.sla)
            if policy.calendar is not None
        ]
        if problems:
            raise ConfigurationError(problems)


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
