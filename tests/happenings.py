"""Events written down in one line each, and the pure core driven by them without Kafka."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from deskpulse.configuration.public_holidays import public_holidays
from metrics.calendars import Calendar, Version
from metrics.policies import Labels, Policies, Policy, Rules, Window
from metrics.samples import Samples
from stream import encoding, events
from stream.records import Applied, Records
from stream.ticket import UNCHANGED, Ticket
from stream.tickets import Admission, TicketPartition, Tickets
from tests.contributions import contribution_of
from tests.logs import to_json_line
from tests.oracle.calendars import calendar_of
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, HOUR, MINUTE, duration, instant, text_of

Happening = dict[str, Any]

ALL_OF_IT = Admission(refuse_future=False, drop_old=False)  # as replay admits
END_OF_TIME = 2**63 - 1
TARGETS = ("first_response", "next_response", "resolution")


def happening(
    kind: str, at: int, subject: str = "T1", /, *, source: str = "desk", name: str = "", **data: Any
) -> Happening:
    """One event; without a name, its id is its kind and instant."""
    return {
        "specversion": "1.0",
        "id": name or f"{kind}-{at}",
        "source": source,
        "type": f"support.{kind}",
        "time": text_of(at),
        "subject": subject,
        "data": data,
    }


def created(at: int, subject: str = "T1", /, *, source: str = "desk", name: str = "", **data: Any) -> Happening:
    given = {"queue": "billing", "channel": "email", "priority": "high"} | data
    return happening("ticket.created", at, subject, source=source, name=name, **given)


def when(event: Mapping[str, Any]) -> int:
    return instant(event["time"])


def rank(event: Mapping[str, Any]) -> tuple[int, str, str]:
    """Which event comes first is by (time, source, id)."""
    return when(event), event["source"], event["id"]


def apply(ticket: Ticket, event: Mapping[str, Any]) -> bool:
    decoded = events.decode(to_json_line(event))
    assert isinstance(decoded, tuple), decoded
    return ticket.apply(*decoded) != UNCHANGED


def joined(log: Iterable[Mapping[str, Any]]) -> Ticket:
    """The ticket of some events, in this order."""
    ticket = Ticket()
    for event in log:
        apply(ticket, event)
    return ticket


def bytes_of(log: Iterable[Mapping[str, Any]]) -> bytes:
    return encoding.encode(joined(log))


def contribution(log: Iterable[Mapping[str, Any]], rules: Rules | None = None) -> Any:
    return contribution_of(joined(log), rules or Rules())


def records(log: Sequence[Mapping[str, Any]]) -> Records:
    """One batch, keyed by subject."""
    return Records(
        topic="t",
        partition=0,
        offsets=list(range(len(log))),
        timestamps_ms=[0] * len(log),
        keys=[event["subject"].encode() for event in log],
        values=[to_json_line(event) for event in log],
    )


def feed(partition: TicketPartition, *log: Mapping[str, Any], now: int = END_OF_TIME) -> Applied:
    return partition.apply(records(log), now)


def floor_of(
    log: Iterable[Mapping[str, Any]],
    rules: Rules | None = None,
    *,
    not_after: int | None = None,
    partitions: int = 1,
    batch: int = 50,
    stop_every: int = 0,
) -> Tickets:
    """All events applied; with ``stop_every`` n, each partition is lost and restored after every n-th batch."""
    tickets = Tickets(rules or Rules(), Admission(refuse_future=False, drop_old=False, not_after=not_after))
    shares: list[list[Mapping[str, Any]]] = [[] for _ in range(partitions)]
    for event in log:
        shares[sum(event["subject"].encode()) % partitions].append(event)
    for number, share in enumerate(shares):
        opened = tickets.open(number)
        changelog: dict[bytes, bytes] = {}
        for turn, start in enumerate(range(0, len(share), batch), 1):
            applied = feed(opened, *share[start : start + batch])
            assert not applied.refused, applied.refused
            changelog.update(applied.changed)
            if stop_every and turn % stop_every == 0:
                opened = tickets.open(number)
                opened.restore(list(changelog), list(changelog.values()))
    return tickets


def snapshot_of(tickets: Tickets, now: int) -> dict[str, Any]:
    return tickets.snapshot(now, range(len(tickets.partitions)), len(tickets.partitions))


def rules_of(document: Mapping[str, Any]) -> Rules:
    """The core's rules of a configuration file, as the oracle's ``configuration_of`` reads the same document."""
    labels, time = document.get("labels", {}), document.get("time", {})
    zone = document.get("floor", {}).get("time_zone", "UTC")
    policies = [_policy(entry) for entry in document.get("sla", [])]
    given = Rules()
    return Rules(
        labels=Labels(labels.get("queues"), labels.get("priorities"), aliases=labels.get("aliases", {})),
        policies=Policies(policies) if policies else given.policies,
        skew=duration(time.get("skew", "2m")),
        live_since=instant(time["live_since"]) if "live_since" in time else None,
        retention=duration(document.get("retention", {}).get("settled", "62d")),
        future=duration(time.get("future", "10m")),
        conversion_within=duration(document.get("kpis", {}).get("conversion", {}).get("within", "72h")),
        windows=tuple(_window(name) for name in configuration_of(document).rolling),
        time_zone=zone,
        calendars={name: _calendar(name, entry, zone) for name, entry in document.get("calendars", {}).items()},
        samples=Samples(**document.get("samples", {})),
        brand_expected=frozenset(document.get("kpis", {}).get("brand", {}).get("expected", ())),
    )


def _calendar(name: str, entry: Mapping[str, Any], zone: str) -> Calendar:
    """The core's calendar, from the oracle's reading of the same table."""
    versions = [
        Version(
            starts_at=version.first,
            time_zone=version.zone.key,
            week=version.week,
            dates=version.own,
            public_holidays=partial(public_holidays, version.public_holidays) if version.public_holidays else _no_days,
        )
        for version in calendar_of(entry, zone).versions
    ]
    return Calendar(name, versions)


def _no_days(_year: int) -> Mapping[date, str]:
    return {}


def _window(name: str) -> Window:
    length = duration(name)
    return Window(name, length, MINUTE if length <= DAY else HOUR)


def _policy(entry: Mapping[str, Any]) -> Policy:
    targets: dict[str, Any] = {name: duration(entry[name]) for name in TARGETS if name in entry}
    return Policy(
        name=entry["name"],
        starts_at=instant(entry["from"]) if "from" in entry else None,
        match={name: frozenset(values) for name, values in entry.get("match", {}).items()},
        calendar=entry.get("calendar"),
        at_risk_ppm=round(entry.get("at_risk", 0.2) * 1_000_000),
        **targets,
    )
