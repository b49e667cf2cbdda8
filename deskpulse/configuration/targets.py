"""The tables of the configuration that say what is promised: business calendars, SLA policies, KPI targets.

What two keys or tables say together is checked in ``checks``, so that one mistake hides no other.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from alerting.judged import BY_KPI
from deskpulse.configuration.values import (
    FROM_LIST,
    NOT_EMPTY,
    Count,
    Country,
    Day,
    DayHours,
    Duration,
    Instant,
    Name,
    Share,
    Shown,
    SomeTexts,
    Table,
    Text,
    Texts,
    TimeZone,
)
from metrics.instants import SECOND, parse_duration
from metrics.policies import AT_RISK_SHARE, OBJECTIVE


class Week(Table):
    """Opening hours by weekday, local time. A missing day is closed."""

    mon: DayHours = Field((), description="Monday.", examples=['["09:00-12:30", "13:30-18:00"]'])
    tue: DayHours = Field((), description="Tuesday.", examples=['["09:00-18:00"]'])
    wed: DayHours = Field((), description="Wednesday.", examples=['["09:00-18:00"]'])
    thu: DayHours = Field((), description="Thursday.", examples=['["09:00-18:00"]'])
    fri: DayHours = Field((), description="Friday.", examples=['["22:00-24:00"]'])
    sat: DayHours = Field((), description="Saturday.", examples=["[]"])
    sun: DayHours = Field((), description="Sunday.", examples=["[]"])

    def by_weekday(self) -> tuple[DayHours, ...]:
        """The hours of the seven days, from Monday on."""
        return (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun)

    def opens(self) -> bool:
        """Whether any weekday has opening hours."""
        return any(self.by_weekday())


class Holiday(Table):
    """A date that is closed, or open at other hours than its weekday."""

    date: Day = Field(
        description="The date, which wins over the week and over public holidays; a text alone is a closed date.",
        examples=['"2026-04-22"'],
    )
    open: DayHours = Field((), description="Its opening hours; when absent, closed.", examples=['["09:00-12:00"]'])


def _closed_date(value: object) -> object:
    return value if isinstance(value, dict) else {"date": value}


def _days_once(holidays: tuple[Holiday, ...]) -> tuple[Holiday, ...]:
    days = [holiday.date for holiday in holidays]
    for place, day in enumerate(days):
        if day in days[:place]:
            raise ValueError(f"each date once, but {day} is repeated")
    return holidays


Holidays = Annotated[
    tuple[Annotated[Holiday, BeforeValidator(_closed_date)], ...], FROM_LIST, AfterValidator(_days_once)
]


class CalendarVersion(Table):
    """One version of a calendar, in force from its instant on."""

    from_: Instant | None = Field(
        None,
        alias="from",
        description="In force from then on; optional on the first.",
        examples=["2020-01-01T00:00:00Z"],
    )
    time_zone: TimeZone | None = Field(
        None, description="Zone of the opening hours; when absent, the floor's.", examples=['"Europe/Istanbul"']
    )
    week: Week = Field(
        Week(),
        description="Opening hours by weekday; `24:00` is allowed as an end.",
        examples=['{ mon = ["09:00-12:30", "13:30-18:00"], tue = ["09:00-18:00"] }'],
    )
    holidays: Holidays = Field(
        (),
        description="Dates that are closed, or open at other hours.",
        examples=['["2026-01-01", { date = "2026-04-22", open = ["09:00-12:00"] }]'],
    )
    public_holidays: Country | None = Field(
        None, description="A country or subdivision whose public holidays are closed too.", examples=['"TR"']
    )


class Calendar(Table):
    """Business hours, by versions in ascending order."""

    versions: Annotated[tuple[CalendarVersion, ...], FROM_LIST, NOT_EMPTY] = Field(
        max_length=1000, description="The versions, ascending by `from`."
    )


class Match(Table):
    """A ticket's own values, after `labels.aliases`: all given keys must match; an absent key matches any value."""

    queue: SomeTexts | None = Field(None, description="One of these queues.", examples=['["billing"]'])
    priority: SomeTexts | None = Field(None, description="One of these priorities.", examples=['["urgent", "high"]'])
    channel: SomeTexts | None = Field(None, description="One of these channels.", examples=['["chat"]'])
    kind: SomeTexts | None = Field(None, description="One of these kinds.", examples=['["complaint"]'])
    brand: SomeTexts | None = Field(None, description="One of these brands.", examples=['["acme"]'])

    def allowed(self) -> dict[str, frozenset[str]]:
        """The given keys, each with its values."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: frozenset(given) for name, given in values.items() if given is not None}


class Page(Table):
    """Who is told of live first-response breaches, and from how many on."""

    breaching: Count = Field(1, description="At how many live first-response breaches.", examples=["1"])
    severity: Literal["page", "ticket"] = Field("page", description="How urgent it is.", examples=['"page"'])
    receiver: Name | None = Field(
        None, description="A name of `[[receivers]]`; when absent, the default one.", examples=['"pager"']
    )


class SlaPolicy(Table):
    """Targets for the tickets that match. The first policy that matches wins; none: no clock, and counted as such."""

    name: Text = Field(
        description="Its name; versions of one policy share it and differ in `from`.", examples=['"urgent"']
    )
    from_: Instant | None = Field(
        None,
        alias="from",
        description="For tickets created from then on, so that a changed target changes no earlier verdict. "
        "A new version stands before the old one.",
        examples=["2026-01-01T00:00:00Z"],
    )
    match: Match = Field(
        Match(),
        description="Which tickets; when absent, all.",
        examples=['{ queue = ["billing"], priority = ["urgent", "high"], channel = ["chat"], kind = ["complaint"] }'],
    )
    first_response: Duration | None = Field(
        None, description="From creation to the first public human reply.", examples=['"15m"']
    )
    next_response: Duration | None = Field(
        None, description="From a customer's message after the first reply to the next reply.", examples=['"1h"']
    )
    resolution: Duration | None = Field(
        None, description="From creation to the resolve, without pauses. One of the three is needed.", examples=['"8h"']
    )
    objective: Share = Field(OBJECTIVE, description="Share to be met: alerts and dashboards.", examples=["0.9"])
    page: Page | None = Field(
        None,
        description="At how many live first-response breaches whom; when absent, nobody.",
        examples=['{ breaching = 1, severity = "page", receiver = "pager" }'],
    )
    calendar: Name | None = Field(
        None,
        description="A name of `[calendars]`, in whose hours the clocks run; when absent, 24 hours a day.",
        examples=['"office"'],
    )
    at_risk: Share = Field(
        AT_RISK_SHARE, description="A clock with less than this share of its target left is at risk.", examples=["0.2"]
    )


def _seconds_or_number(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value) / SECOND
    except ValueError:
        raise ValueError("a number, or a duration such as 15m") from None


Target = Annotated[float, BeforeValidator(_seconds_or_number), Shown("number or duration")]


class QueueTarget(Table):
    """A target for one queue."""

    target: Target | None = Field(None, description="The queue's own target.", examples=["0.9"])
    window: Text | None = Field(None, description="The queue's own window.", examples=['"24h"'])
    minimum_answers: Count | None = Field(None, description="The queue's own minimum.", examples=["30"])


#: The KPI of which ``within`` is a key.
CONVERSION: Final = "conversion"


class KpiTarget(QueueTarget):
    """What a KPI of the catalogue should reach."""

    target: Target | None = Field(
        None,
        description="In the KPI's unit: the least that it should be, or the most where less is better. When absent, "
        "none. Only of a KPI with an interval, by whose bound alerts go: "
        f"{', '.join(f'`{name}`' for name in BY_KPI)}.",
        examples=["0.85"],
    )
    window: Text | None = Field(
        None,
        description="One of `windows.rolling`, or `today`; when absent, the shortest with enough answers.",
        examples=['"7d"'],
    )
    minimum_answers: Count | None = Field(
        None,
        description="With fewer answers, settled clocks, tickets or surveys sent nothing is judged; when absent, 30.",
        examples=["30"],
    )
    within: Duration | None = Field(
        None,
        description="Only of `conversion`: how long after the first reply, or without one after the creation, a sale "
        "counts. When absent, `72h`.",
        examples=['"72h"'],
        json_schema_extra={"alternative": True},
    )
    queues: dict[Text, QueueTarget] = Field(
        default_factory=dict,
        description="By queue, what differs: of "
        f"{', '.join(f'`{name}`' for name, judged in BY_KPI.items() if judged.is_by_queue)} only.",
        examples=["{ billing = { target = 0.9 } }"],
    )
    expected: Texts = Field(
        (),
        description="Of `kpis.brand` only: the items that answers should agree with. The snapshot's `brand_expected` "
        "has their share of all that answers agree with.",
        examples=['["fast", "friendly"]'],
        json_schema_extra={"alternative": True},
    )
