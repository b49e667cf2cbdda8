"""The tables of the configuration that say who is shown and told what: walls, receivers, mutes, feeds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deskpulse.configuration.values import (
    Duration,
    Instant,
    Name,
    SomeTexts,
    Table,
    Text,
    Texts,
    TimeZone,
    Variable,
)
from metrics.instants import MINUTE

WALL_NUMBERS_MAX = 5


class Wall(Table):
    """A named wall, shown at `/?wall=NAME`."""

    queues: SomeTexts | None = Field(None, description="Its queues; when absent, all.", examples=['["billing"]'])
    numbers: Annotated[Texts, Field(max_length=WALL_NUMBERS_MAX)] = Field(
        (),
        description="At most five main numbers, by name; when empty, the usual five.",
        examples=['["awaiting_first_response", "breaching"]'],
    )
    language: Literal["en", "fa", "he", "tr"] | None = Field(
        None, description="When absent, the browser's.", examples=['"tr"']
    )
    time_zone: TimeZone | None = Field(
        None, description="Zone of its clock; when absent, the floor's.", examples=['"Europe/Istanbul"']
    )
    theme: Literal["dark", "light"] | None = Field(None, description="When absent, the browser's.", examples=['"dark"'])


class Receiver(Table):
    """Where Alertmanager sends alerts. The secret is the URL of a webhook, Slack's URL, PagerDuty's key."""

    name: Name = Field(description="Its name, for `page.receiver`.", examples=['"pager"'])
    kind: Literal["webhook", "slack", "pagerduty", "email"] = Field(description="What it is.", examples=['"pagerduty"'])
    secret_env: Variable | None = Field(
        None, description="The environment variable that holds the secret.", examples=['"PAGER_KEY"']
    )
    secret_file: Text | None = Field(
        None,
        description="The file that holds the secret, instead of `secret_env`.",
        examples=['"/run/secrets/pager"'],
        json_schema_extra={"alternative": True},
    )
    to: Text | None = Field(
        None,
        description="Address of an `email` receiver.",
        examples=['"floor@desk.example"'],
        json_schema_extra={"alternative": True},
    )


class Mute(Table):
    """A span without notifications. Numbers are never muted, and the wall shows it."""

    from_: Instant = Field(alias="from", description="From then on.", examples=["2026-12-05T06:00:00Z"])
    to: Instant = Field(description="Until then.", examples=["2026-12-05T12:00:00Z"])
    queues: SomeTexts | None = Field(None, description="Only these queues; when absent, all.", examples=['["billing"]'])
    reason: Text | None = Field(None, description="Why, for the wall.", examples=['"migration"'])


class Feed(Table):
    """A source of events that should not be silent."""

    source: Text = Field(description="The events' `source`.", examples=['"zendesk/acme"'])
    silent_after: Duration = Field(15 * MINUTE, description="Silent for so long: an alert.", examples=['"15m"'])
    calendar: Name | None = Field(
        None, description="Only within these hours; when absent, always.", examples=['"office"']
    )
