"""Looks at simulated deliveries from outside: what they are, and whether CONTRACT's section on events allows them.

Judges the bytes, by tables of its own and not by the product's decoder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from intake.simulator.deliveries import Delivery
from metrics.instants import SECOND
from stream.events import TOPIC_OF_TYPE

REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "ticket.created": {"queue": str, "channel": str, "priority": str},
    "ticket.replied": {"agent": str},
    "ticket.discarded": {"reason": str},
    "ticket.restored": {"reason": str},
    "survey.sent": {"survey": str},
    "survey.answered": {"survey": str, "score": int},
    "business.reported": {"fact": str, "value": (int, float), "period": dict},
}
OPTIONAL: dict[str, set[str]] = {
    "ticket.created": {"brand", "kind", "customer", "origin"},
    "ticket.replied": {"author", "public"},
    "ticket.resolved": {"agent"},
    "ticket.escalated": {"level"},
    "ticket.updated": {"queue", "channel", "priority", "brand", "kind", "agent"},
    "ticket.paused": {"reason"},
    "ticket.resumed": {"reason"},
    "ticket.converted": {"value"},
    "survey.sent": {"response", "queue", "channel"},
    "survey.answered": {"response", "scale", "item", "expectation", "about", "comment", "reasons", "queue", "channel",
                        "customer"},
    "business.reported": {"queue", "unit", "reported_by", "definition"},
}  # fmt: skip
VALUES: dict[str, set[Any]] = {
    "origin": {"customer", "agent", "system"},
    "author": {"human", "bot", "auto"},
    "public": {True, False},
    "survey": {"csat", "nps", "ces", "servqual", "brand"},
    "about": {"brand", "product", "agent", "team"},
}
FACTS = {
    "staffed_hours", "customers_start", "customers_end", "customers_new", "customers", "employees_start",
    "employees_end", "separations", "stayed", "inflow", "outflow", "cost", "benchmark.csat_satisfied", "benchmark.nps",
    "benchmark.first_response_p50",
}  # fmt: skip
SCALES = {"csat": [1, 5], "nps": [0, 10], "ces": [1, 7], "servqual": [1, 7], "brand": [0, 1]}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def kind_of(delivery: Delivery) -> str:
    return str(delivery.event["type"]).removeprefix("support.")


def of_kind(deliveries: Iterable[Delivery], kind: str) -> list[Delivery]:
    return [delivery for delivery in deliveries if kind_of(delivery) == kind]


def created_at(deliveries: Iterable[Delivery]) -> dict[str, int]:
    return {delivery.key: delivery.at for delivery in of_kind(deliveries, "ticket.created")}


def is_human_answer(data: dict[str, Any]) -> bool:
    return data.get("author", "human") == "human" and data.get("public", True) is True


def first_reply_seconds(deliveries: Iterable[Delivery], channels: set[str]) -> list[float]:
    opened = {d.key: d for d in of_kind(deliveries, "ticket.created") if d.event["data"]["channel"] in channels}
    seconds: dict[str, float] = {}
    for reply in of_kind(deliveries, "ticket.replied"):
        if reply.key in opened and is_human_answer(reply.event["data"]):
            seconds.setdefault(reply.key, (reply.at - opened[reply.key].at) / SECOND)
    return list(seconds.values())


def firsts(deliveries: list[Delivery], kind: str, *, answers_only: bool = False) -> dict[str, int]:
    """By ticket, when it first had an event of the kind."""
    found: dict[str, int] = {}
    for delivery in of_kind(deliveries, kind):
        if not answers_only or is_human_answer(delivery.event["data"]):
            found.setdefault(delivery.key, delivery.at)
    return found


def unanswered(deliveries: list[Delivery], at: int, waited: int = 0) -> set[str]:
    """Tickets that as of `at` have waited so long for a first answer, neither resolved nor discarded."""
    settled: set[str] = set()
    for gone in (
        firsts(deliveries, "ticket.replied", answers_only=True),
        firsts(deliveries, "ticket.resolved"),
        firsts(deliveries, "ticket.discarded"),
    ):
        settled |= {ticket for ticket, instant in gone.items() if instant <= at}
    return {ticket for ticket, created in created_at(deliveries).items() if created <= at - waited} - settled


def contract_problems(delivery: Delivery) -> list[str]:
    """What CONTRACT's section on events would object to, judged from the bytes."""
    payload = delivery.encode()
    event = json.loads(payload)
    data = event["data"]
    kind = event["type"].removeprefix("support.")
    problems = [f"missing or wrong {name}" for name, type_ in REQUIRED.get(kind, {}).items()
                if not isinstance(data.get(name), type_)]  # fmt: skip
    problems += [f"unknown {name}" for name in data.keys() - REQUIRED.get(kind, {}).keys() - OPTIONAL.get(kind, set())]
    problems += [f"value of {name}" for name in data.keys() & VALUES.keys() if data[name] not in VALUES[name]]
    if list(event) != ["specversion", "id", "source", "type", "time", "subject", "data"] or b"\n" in payload:
        problems.append("envelope")
    if event["specversion"] != "1.0" or not event["id"] or not event["source"].startswith("simulator/"):
        problems.append("attributes")
    if delivery.key != event["subject"] or delivery.topic != TOPIC_OF_TYPE[event["type"]]:
        problems.append("key or topic")
    if not TIME.fullmatch(event["time"]):
        problems.append("time")
    return problems + _subject_problems(kind, event) + _value_problems(kind, data)


def _subject_problems(kind: str, event: dict[str, Any]) -> list[str]:
    data, subject = event["data"], event["subject"]
    if kind == "business.reported":
        expected = f"fact:{data['fact']}:{data.get('queue', 'all')}:{data['period']['start']}"
        return [] if subject == expected else ["subject of a fact"]
    prefix, _, response = subject.partition(":")
    if prefix == "survey":
        matches = kind.startswith("survey.") and data.get("response", response) == response
        return [] if matches else ["subject of a survey"]
    return [] if re.fullmatch(r"T-\d{7}", subject) else ["subject of a ticket"]


def _value_problems(kind: str, data: dict[str, Any]) -> list[str]:
    if kind == "ticket.discarded":
        return [] if data["reason"] in {"merged", "spam", "deleted", "test"} else ["reason"]
    if kind == "business.reported":
        known = data["fact"] in FACTS and data["period"]["start"] <= data["period"]["end"]
        return [] if known else ["fact"]
    if kind != "survey.answered":
        return []
    low, high = data.get("scale") or SCALES[data["survey"]]
    inside = low <= data["score"] <= high and low <= data.get("expectation", low) <= high
    itemised = ("item" in data) == (data["survey"] in {"servqual", "brand"})
    return [] if inside and itemised else ["score or item"]
