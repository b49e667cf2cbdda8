"""The tables of the configuration that say where things run and how long they are kept.

Each field is a key of the file, with its default and its meaning; the reference is generated from them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from deskpulse.addresses import LOOPBACK, PORT_BOARD, PORT_WORKER
from deskpulse.configuration.values import (
    FROM_LIST,
    BrokerAddresses,
    Count,
    Duration,
    Host,
    Instant,
    Port,
    RedisUrl,
    RollingName,
    Shown,
    SomeTexts,
    Table,
    Text,
    TimeZone,
    Variable,
    matching,
)
from metrics.instants import MINUTE, SECOND, parse_duration
from metrics.samples import CAUTION_FROM, ENOUGH_FROM

_TICKET_URL = "a link with {id} in place of the ticket's id, such as https://desk.example/tickets/{id}"


def _other(description: str, example: str) -> Any:
    """A key that only some brokers ask for: a comment in the reference's complete file."""
    return Field(None, description=description, examples=[example], json_schema_extra={"alternative": True})


class Broker(Table):
    """The Kafka cluster that events come from."""

    url: Annotated[BrokerAddresses, Shown("URL or list of URLs")] = Field(
        ("localhost:9092",),  # read without its scheme
        description="Address of a broker, or a list. `DESKPULSE_BROKER` wins over it (several: with commas).",
        examples=['"kafka://localhost:9092"'],
    )
    partitions: Annotated[Count, Field(le=10_000)] = Field(
        8, description="Partitions of every topic that `topics create` creates.", examples=["8"]
    )
    replication: Annotated[Count, Field(le=100)] = Field(
        3, description="Copies of every partition; 1 on the embedded broker.", examples=["3"]
    )
    session_timeout: Duration = Field(
        10 * SECOND,
        description="A worker that is silent for so long loses its partitions to the others.",
        examples=['"10s"'],
    )
    instance_id: Text | None = Field(
        None,
        description="The worker's static membership; when absent, its host name and port.",
        examples=['"worker-1"'],
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="What the listener at `url` speaks, in Kafka's words: `SSL` is TLS, `SASL_…` a login. For "
        "`--broker` too. See [production](production.md#who-may-do-what-in-kafka).",
        examples=['"SASL_SSL"'],
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="How name and password are told; only with `SASL_…`.", examples=['"SCRAM-SHA-512"']
    )
    username: Text | None = Field(
        None, description="The name to log in by; only with `SASL_…`.", examples=['"deskpulse-worker"']
    )
    password_env: Variable | None = Field(
        None, description="The environment variable that holds its password.", examples=['"KAFKA_PASSWORD"']
    )
    password_file: Text | None = _other(
        "The file that holds its password, instead of `password_env`; a line's end does not count.",
        '"/run/secrets/kafka"',
    )
    ca_file: Text | None = _other(
        "Certificates, as PEM, of the authorities that may have signed the brokers'; when absent, those that the "
        "system trusts. Only with TLS.",
        '"/etc/deskpulse/ca.pem"',
    )
    certificate_file: Text | None = _other(
        "The client's own certificate with its chain, as PEM, where brokers ask for one. Only with TLS.",
        '"/etc/deskpulse/worker.pem"',
    )
    key_file: Text | None = _other(
        "The key of `certificate_file`, as PEM without a passphrase.", '"/etc/deskpulse/worker.key"'
    )
    check_hostname: bool = Field(
        True,  # noqa: FBT003 - pydantic's default
        description="Whether a broker's certificate has to name its address; `false` only with TLS.",
        examples=["true"],
    )


class Worker(Table):
    """A worker's own HTTP server and folder."""

    port: Port = Field(
        PORT_WORKER,
        description="Port of `/metrics`, `/healthz`, `/readyz`, `/snapshot`; 0 takes a free one. "
        "`DESKPULSE_WORKER_PORT` wins over it.",
        examples=["6066"],
    )
    bind: Host = Field(
        LOOPBACK, description="Address to listen on. `DESKPULSE_BIND` wins over it.", examples=['"127.0.0.1"']
    )
    state_dir: Text | None = Field(
        None,
        description="Folder for files of a worker. This version keeps none: its state is in the changelog topic. "
        "`DESKPULSE_STATE_DIR` wins over it.",
        examples=['"/var/lib/deskpulse"'],
    )


class Board(Table):
    """The web process: wall, merged metrics, API."""

    port: Port = Field(
        PORT_BOARD,
        description="Port of the wall and the API; 0 takes a free one. `DESKPULSE_BOARD_PORT` wins over it.",
        examples=["8080"],
    )
    bind: Host = Field(
        LOOPBACK, description="Address to listen on. `DESKPULSE_BIND` wins over it.", examples=['"127.0.0.1"']
    )
    wall_token_env: Variable | None = Field(
        None,
        description="The environment variable that holds the token for walls and totals; when absent, none is asked. "
        "A variable that is not set is an error.",
        examples=['"WALL_TOKEN"'],
    )
    api_token_env: Variable | None = Field(
        None,
        description="The environment variable that holds the token for single tickets, which opens totals too; when "
        "absent, none is asked, unless there is a `wall_token_env`: then tickets are closed.",
        examples=['"API_TOKEN"'],
    )


class DeadLetters(Table):
    """When refused records stop a worker, so that a bad deploy cannot drain a topic. Never in `replay`."""

    max_ratio: Annotated[float, Field(gt=0, le=1), Shown("number over 0, to 1")] = Field(
        0.5,
        description="The worker stops when more than this share of the last `over` records was refused.",
        examples=["0.5"],
    )
    over: Count = Field(1000, description="How many records the share is taken of.", examples=["1000"])


class Redis(Table):
    """Where workers mirror their snapshots for the board."""

    url: RedisUrl | None = Field(
        None,
        description="When absent, the board runs inside the worker and says whose partitions it shows. "
        "A password is never in the file: `DESKPULSE_REDIS` may carry one, and wins over it.",
        examples=['"redis://localhost:6379/0"'],
    )


class Floor(Table):
    """The support floor itself."""

    time_zone: TimeZone = Field(
        "UTC", description="Zone of the window `today`, and of calendars that name none.", examples=['"Asia/Tehran"']
    )


class Labels(Table):
    """Known values of metric labels and snapshot queues; any other becomes `other`.

    With no list the snapshot has every value, and metrics the first 50 seen.
    """

    queues: SomeTexts | None = Field(None, description="The queues.", examples=['["billing", "returns"]'])
    aliases: dict[Text, Text] = Field(
        default_factory=dict,
        description="Queues renamed in the help desk: old name to new.",
        examples=['{ payments = "billing" }'],
    )
    priorities: SomeTexts | None = Field(
        None, description="The priorities.", examples=['["urgent", "high", "normal", "low"]']
    )
    channels: SomeTexts | None = Field(
        None, description="The channels.", examples=['["email", "chat", "phone", "web"]']
    )


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    lengths: dict[int, str] = {}
    for name in names:
        twin = lengths.setdefault(parse_duration(name), name)
        if twin is not name:
            raise ValueError(f"each length once, but {twin} and {name} are equally long")
    return names


class Windows(Table):
    """The windows of every rolling number."""

    rolling: Annotated[tuple[RollingName, ...], FROM_LIST, AfterValidator(_distinct), Field(max_length=20)] = Field(
        ("15m", "1h", "6h", "24h", "7d", "30d"),
        description="Lengths: whole minutes up to 24h, whole hours beyond. `today` is always there.",
        examples=['["15m", "1h", "6h", "24h", "7d", "30d"]'],
    )


class Samples(Table):
    """How many answers, tickets or clocks a number needs: the snapshot says `sample` beside it (docs/samples.md).

    Fewer than `caution` are `not_enough`, fewer than `enough` are `caution`.
    """

    caution: Count = Field(
        CAUTION_FROM, description="From so many answers on a number is shown, with caution.", examples=["5"]
    )
    enough: Count = Field(
        ENOUGH_FROM, description="From so many on it is shown without. At least `caution`.", examples=["30"]
    )


class Retention(Table):
    """How long settled tickets are kept. Open ones always are."""

    settled: Duration | None = Field(
        None,
        description="At least twice the longest window + 1 day. When absent, `62d`, or as much as that asks for.",
        examples=['"62d"'],
    )


class Time(Table):
    """How clocks of different systems are reconciled."""

    live_since: Instant | None = Field(
        None,
        description="Tickets created before it are in no live set and breach nothing (after an import of history).",
        examples=["2026-01-01T00:00:00Z"],
    )
    skew: Duration = Field(
        2 * MINUTE,
        description="An event at most this much before its ticket's creation counts as at creation.",
        examples=['"2m"'],
    )
    future: Duration = Field(
        10 * MINUTE, description="An event further ahead of the clock goes to the dead letters.", examples=['"10m"']
    )


class Why(Table):
    """What customers wrote beside low scores, for people to read: `/api/why`, and nowhere else."""

    enabled: bool = Field(
        default=False,
        description="Whether `/api/why` of a worker answers, to whoever may see single tickets (`[board] "
        "api_token_env`): the latest comments of low scores, without addresses and numbers, and how often each reason "
        "was given.",
        examples=["true"],
    )


class HelpDesk(Table):
    """The help desk that tickets live in."""

    ticket_url: Annotated[Text, matching(r"https?://[^\s{}]+\{id\}[^\s{}]*", _TICKET_URL)] | None = Field(
        None,
        description="Link to a ticket, with `{id}` in place of its id; when absent, tickets are not linked.",
        examples=['"https://desk.example/tickets/{id}"'],
    )
