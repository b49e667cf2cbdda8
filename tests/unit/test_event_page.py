"""docs/events.md: each example is an event and fits its schema, each field is told, each refusal happens as it says."""

import json
from typing import Any

import jsonschema
import pytest

from metrics.policies import Rules
from stream import event_page
from stream.event_examples import example
from stream.event_words import REFUSALS
from stream.events import TOPIC_OF_TYPE, TYPES, Refusal, decode
from stream.records import Reason, Records
from stream.ticket import UNCHANGED, Ticket
from stream.tickets import Admission, TicketPartition, Tickets
from tests.oracle.instants import instant

NOW = instant("2026-12-01T00:00:00Z")
CREATED = example("support.ticket.created")

of_every_type = pytest.mark.parametrize("kind", TYPES)


def fits(kind: str, event: dict[str, Any]) -> bool:
    validator = jsonschema.Draft202012Validator(
        event_page.schema(kind), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return validator.is_valid(event)


def data_schema(kind: str) -> dict[str, Any]:
    """Of the event's `data`, which may be null or a reference."""
    document = event_page.schema(kind)
    (event,) = (one for name, one in document["$defs"].items() if name == TYPES[kind].__name__)
    data = event["properties"]["data"]
    (reference,) = (one["$ref"] for one in data.get("anyOf", [data]) if "$ref" in one)
    return dict(document["$defs"][reference.rpartition("/")[2]])


@of_every_type
def test_an_example_is_decoded_changes_its_ticket_and_fits_its_schema(kind: str) -> None:
    decoded = decode(json.dumps(example(kind)).encode())
    assert not isinstance(decoded, Refusal), decoded
    event, at = decoded
    assert type(event) is TYPES[kind]
    assert Ticket().apply(event, at) != UNCHANGED
    assert fits(kind, example(kind))
    assert event_page.schema(kind)["examples"] == [example(kind)]


@of_every_type
def test_an_example_leaves_no_field_out(kind: str) -> None:
    assert list(example(kind).get("data", {})) == list(data_schema(kind)["properties"]), "in the order of the type"


@of_every_type
def test_a_schema_refuses_an_event_without_what_is_required(kind: str) -> None:
    event = example(kind)
    assert not any(fits(kind, {key: event[key] for key in event if key != left_out}) for left_out in ("id", "time"))
    required = data_schema(kind).get("required", [])
    for name in required:
        shortened = event | {"data": {key: value for key, value in event["data"].items() if key != name}}
        assert not fits(kind, shortened), name
        assert isinstance(decode(json.dumps(shortened).encode()), Refusal), name


@of_every_type
def test_the_page_tells_of_each_field_its_meaning_and_whether_it_is_required(kind: str) -> None:
    section = event_page.render().partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    assert f"On `{TOPIC_OF_TYPE[kind]}`." in section
    described = data_schema(kind)
    for name, field in described["properties"].items():
        if "$ref" in field:
            assert f"| `{name}.start` | text, as 2026-10-31 | **required** | first day |" in section
            continue
        (row,) = (line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
        assert row.endswith(f"| {field['description']} |")
        assert ("**required**" in row) == (name in described.get("required", []))


#: A record for each reason: what it is made of is what the page says.
REFUSED: dict[Reason, dict[str, Any] | bytes | None] = {
    Reason.NOT_JSON: None,
    Reason.NOT_EVENT: {"id": "1"},
    Reason.UNKNOWN_TYPE: CREATED | {"type": "support.ticket.Created"},
    Reason.MISSING_FIELD: CREATED | {"data": CREATED["data"] | {"queue": ""}},
    Reason.BAD_FIELD: CREATED | {"data": CREATED["data"] | {"origin": "nobody"}},
    Reason.BAD_TIME: CREATED | {"time": "2026-10-01T08:00:00"},
    Reason.FUTURE: CREATED | {"time": "2027-01-01T00:00:00Z"},
    Reason.BAD_SCORE: CREATED | {"type": "support.survey.answered", "data": {"survey": "csat", "score": 9}},
    Reason.KEY: CREATED | {"subject": "4712"},
}


def partition() -> TicketPartition:
    return Tickets(Rules(), Admission()).open(0)


def record(value: dict[str, Any] | bytes | None) -> Records:
    value = json.dumps(value).encode() if isinstance(value, dict) else value
    return Records(topic="t", partition=0, offsets=[0], timestamps_ms=[0], keys=[b"4711"], values=[value])


def test_every_reason_is_told_with_what_to_do() -> None:
    assert list(REFUSALS) == list(Reason)
    for reason, told in REFUSALS.items():
        assert f"| `{reason}` | {told.when} | {told.advice} |\n" in event_page.render()


@pytest.mark.parametrize("reason", REFUSED)
def test_what_the_page_says_of_a_reason_is_refused_for_it(reason: Reason) -> None:
    (refused,) = partition().apply(record(REFUSED[reason]), NOW).refused
    assert refused.reason == reason


def test_a_ticket_that_would_grow_too_large_is_refused_for_that() -> None:
    answer = CREATED | {"type": "support.survey.answered"}
    told = {"survey": "csat", "score": 5, "comment": "x" * 1_000_000}
    (refused,) = partition().apply(record(answer | {"data": told}), NOW).refused
    assert refused.reason == Reason.TOO_LARGE
    assert {*REFUSED, refused.reason} == set(Reason)
