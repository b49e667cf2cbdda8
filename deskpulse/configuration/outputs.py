"""Tables of the configuration that say who is shown and told what: walls, alerts, Grafana, receivers, mutes, feeds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from deskpulse.configuration.values import (
    Address,
    Addresses,
    Duration,
    Instant,
    Name,
    ScrapeInterval,
    SomeTexts,
    Table,
    Text,
    Texts,
    TimeZone,
    Variable,
    WebUrl,
    closest,
)
from metrics.instants import MINUTE, SECOND
from wall.settings import NUMBERS, NUMBERS_MAX


def _other(description: str, example: str, *, alias: str | None = None) -> Any:
    """A key that only some kinds of receiver have: a comment in the reference's complete file."""
    return Field(
        None, alias=alias, description=description, examples=[example], json_schema_extra={"alternative": True}
    )


def _known_numbers(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = next((name for name in names if name not in NUMBERS), None)
    if unknown is not None:
        raise ValueError(f"numbers of {', '.join(NUMBERS)}; {unknown!r} is none{closest(unknown, NUMBERS)}")
    return names


class Wall(Table):
    """A named wall, shown at `/?wall=NAME`; `[walls.default]` is the one at `/`."""

    title: Text | None = Field(None, description="What stands above it.", examples=['"Billing"'])
    queues: SomeTexts | None = Field(None, description="Its queues; when absent, all.", examples=['["billing"]'])
    numbers: Annotated[Texts, Field(max_length=NUMBERS_MAX), AfterValidator(_known_numbers)] = Field(
        (),
        description=f"The main numbers, in this order, of {', '.join(NUMBERS)}; when empty, these five.",
        examples=['["awaiting", "oldest", "breaching"]'],
    )
    language: Literal["en", "fa", "he", "tr"] | None = Field(
        None, description="When absent, the browser's.", examples=['"tr"']
    )
    time_zone: TimeZone | None = Field(
        None, description="Zone of its clock; when absent, the floor's.", examples=['"Europe/Istanbul"']
    )
    theme: Literal["dark", "light"] | None = Field(None, description="When absent, the browser's.", examples=['"dark"'])


class Alerts(Table):
    """What `deskpulse generate --config FILE --output DIR` writes for Prometheus, Alertmanager and Grafana."""

    base_url: WebUrl | None = Field(
        None,
        description="Where `/api/tickets` of a worker or board is reached, for the links in alerts; when absent, the "
        "board where `[redis]` has a `url`, else the worker of this file.",
        examples=['"https://board.example"'],
    )
    runbook_url: Text = Field(
        "docs/alerts.md",
        description="Where the generated runbook is; alerts link to it as `<runbook_url>#<alert in lower case>`.",
        examples=['"https://wiki.example/alerts.md"'],
    )
    alertmanager_url: WebUrl = Field(
        "http://127.0.0.1:9093",
        description="Where Prometheus reaches Alertmanager.",
        examples=['"http://alertmanager:9093"'],
    )
    grafana_url: WebUrl = Field(
        "http://127.0.0.1:3000",
        description="Where people reach Grafana with the generated dashboards; alerts link to their panel there.",
        examples=['"https://grafana.example"'],
    )
    scrape_targets: Addresses | None = Field(
        None,
        description="Where Prometheus reaches every worker, as `host:port`; when absent, the board is asked for them "
        "where `[redis]` has a `url`, else `worker.bind` and its port.",
        examples=['["worker-1:6066", "worker-2:6066"]'],
    )
    board_target: Address | None = Field(
        None,
        description="Where Prometheus reaches the board, as `host:port`; when absent, `board.bind` and its port.",
        examples=['"board:8080"'],
    )
    interval: ScrapeInterval = Field(
        5 * SECOND,
        description="How often Prometheus scrapes, and how often it evaluates the rules.",
        examples=['"5s"'],
    )
    secrets_dir: Text = Field(
        "secrets",
        description="Folder of the files that `secret_env` of a receiver becomes; relative: to the folder in which "
        "Alertmanager is started.",
        examples=['"/etc/prometheus/secrets"'],
    )
    watchdog: Name | None = Field(
        None,
        description="A name of `[[receivers]]` that gets the Watchdog every five minutes, such as a service that "
        "calls when it stops coming; when absent, nobody.",
        examples=['"pager"'],
    )


class Grafana(Table):
    """What `deskpulse generate --config FILE --output DIR` writes into `grafana/provisioning/`; see docs/grafana.md."""

    prometheus_url: WebUrl = Field(
        "http://127.0.0.1:9090",
        description="Where Grafana reaches Prometheus. Alertmanager it reaches at `alerts.alertmanager_url`.",
        examples=['"http://prometheus:9090"'],
    )
    folder: Text = Field("Support", description="The folder in which the dashboards are shown.", examples=['"Support"'])
    dashboards_dir: Text = Field(
        "/var/lib/grafana/dashboards",
        description="The folder of the generated `grafana/dashboards/*.json`, as Grafana sees it.",
        examples=['"/var/lib/grafana/dashboards"'],
    )
    contact_points: bool = Field(
        False,  # noqa: FBT003 - pydantic's default
        description="Each of `[[receivers]]` as a contact point too, for alerts that are made in Grafana itself. Its "
        "secret is `secret_env` of Grafana's environment, or `secret_file`, which Grafana has to be able to read.",
        examples=["true"],
    )


class Receiver(Table):
    """Where Alertmanager sends alerts. Its secret: PagerDuty's key, Slack's URL, a webhook's bearer token, a password.

    It is never written into `alertmanager.yml`: that names the file `secret_file`, or `<secrets_dir>/<secret_env>`.
    """

    name: Name = Field(description="Its name, for `page.receiver`. The first one is the default.", examples=['"pager"'])
    kind: Literal["webhook", "slack", "pagerduty", "email"] = Field(description="What it is.", examples=['"pagerduty"'])
    secret_env: Variable | None = Field(
        None, description="The environment variable that holds the secret.", examples=['"PAGER_KEY"']
    )
    secret_file: Text | None = _other(
        "The file that holds the secret, instead of `secret_env`.", '"/run/secrets/pager"'
    )
    url: WebUrl | None = _other("Address of a `webhook`, without anything secret in it.", '"http://on-call:8000/page"')
    to: Text | None = _other("Address of an `email` receiver.", '"floor@desk.example"')
    from_: Text | None = _other("Sender of its mail.", '"deskpulse@desk.example"', alias="from")
    smarthost: Address | None = _other("The server that takes its mail, as `host:port`.", '"mail.desk.example:587"')
    username: Text | None = _other("Who sends it, where that server asks; the secret is the password.", '"deskpulse"')


class Mute(Table):
    """A span without notifications, in whole minutes: rounded outward. The Watchdog is never muted.

    Numbers are never muted either, and the wall shows it.
    """

    from_: Instant = Field(alias="from", description="From then on.", examples=["2026-12-05T06:00:00Z"])
    to: Instant = Field(description="Until then.", examples=["2026-12-05T12:00:00Z"])
    queues: SomeTexts | None = Field(None, description="Only these queues; when absent, all.", examples=['["billing"]'])
    reason: Text | None = Field(None, description="Why, for the wall.", examples=['"migration"'])


class Feed(Table):
    """A source of events that should not be silent."""

    source: Text = Field(description="The events' `source`.", examples=['"zendesk/acme"'])
    silent_after: Duration = Field(15 * MINUTE, description="Silent for so long: an alert.", examples=['"15m"'])
    late_after: Duration = Field(
        5 * MINUTE,
        description="Its events reach Kafka later than so long after they happened: an alert.",
        examples=['"5m"'],
    )
    calendar: Name | None = Field(
        None, description="Only within these hours; when absent, always.", examples=['"office"']
    )
