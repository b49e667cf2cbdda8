"""Every event type of the contract is read, and every bad record refused with the reason that the contract names."""

import json
import math
from typing import Any

import msgspec
import pytest

from stream import encoding
from stream.events import TOPIC_OF_TYPE, TYPES, Event, Refusal, SurveyAnswered, decode, scale_of
from stream.records import Reason
from stream.ticket import Ticket
from tests.bad_input import BAD
from tests.logs import random_log, to_json_line, topic_of
from tests.oracle.instants import instant

CREATED = {"queue": "billing", "channel": "email", "priority": "high"}
PERIOD = {"start": "2026-10-01", "end": "2026-10-31"}
FACT = {"fact": "customers", "value": 1200, "period": PERIOD}
ABSENT: Any = object()

#: (type, the least data that it needs; None: no data at all)
LEAST: list[tuple[str, Any]] = [
    ("support.ticket.created", CREATED),
    ("support.ticket.replied", {"agent": "sara"}),
    ("support.ticket.resolved", None),
    ("support.ticket.reopened", None),
    ("support.ticket.escalated", None),
    ("support.ticket.updated", {}),
    ("support.ticket.paused", None),
    ("support.ticket.resumed", None),
    ("support.ticket.customer-replied", None),
    ("support.ticket.converted", None),
    ("support.ticket.discarded", None),
    ("support.ticket.restored", None),
    ("support.survey.sent", {"survey": "csat"}),
    ("support.survey.answered", {"survey": "csat", "score": 5}),
    ("support.business.reported", FACT),
]
#: All fields that the contract names, and one that nobody knows.
FULLEST: list[tuple[str, dict[str, Any]]] = [
    ("support.ticket.created", CREATED | {"brand": "north", "kind": "complaint", "customer": "c", "origin": "system"}),
    ("support.ticket.replied", {"agent": "sara", "author": "bot", "public": False}),
    ("support.ticket.resolved", {"agent": "sara"}),
    ("support.ticket.escalated", {"level": 2}),
    ("support.ticket.updated", CREATED | {"brand": "n", "kind": "k", "agent": "a", "unheard_of": [{}]}),
    ("support.ticket.paused", {"reason": "customer"}),
    ("support.ticket.converted", {"value": 12.5}),
    ("support.ticket.discarded", {"reason": "spam"}),
    ("support.survey.sent", {"survey": "nps", "response": "r", "queue": "q", "channel": "c"}),
    (
        "support.survey.answered",
        {"survey": "servqual", "score": 6, "response": "r", "scale": [1, 7], "item": "reliability.3", "expectation": 7}
        | {"about": "team", "comment": "خوب", "reasons": ["slow"], "queue": "q", "channel": "c", "customer": "c"},
    ),
    ("support.business.reported", FACT | {"queue": "q", "unit": "h", "reported_by": "hr", "definition": "d"}),
]


def envelope(kind: str = "support.ticket.created", data: Any = CREATED, /, **other: Any) -> dict[str, Any]:
    """One event; ``ABSENT`` leaves an attribute out."""
    whole = {
        "specversion": "1.0",
        "id": "1",
        "source": "zendesk/acme",
        "type": kind,
        "time": "2026-03-10T12:00:00Z",
        "subject": "T1",
        "data": data,
    }
    return {name: value for name, value in (whole | other).items() if value is not ABSENT}


def answered(**data: Any) -> dict[str, Any]:
    given = {"survey": "csat", "score": 5} | data
    return envelope("support.survey.answered", {name: value for name, value in given.items() if value is not ABSENT})


def read(event: Any) -> tuple[Event, int] | Refusal:
    return decode(event if isinstance(event, bytes) else json.dumps(event).encode())


def reason_of(event: Any) -> str:
    found = read(event)
    assert isinstance(found, Refusal), found
    assert found.detail
    return found.reason.value


@pytest.mark.parametrize(("kind", "data"), [*LEAST, *FULLEST])
def test_every_event_type_is_read_with_what_it_needs_and_with_all_it_may_have(kind: str, data: Any) -> None:
    found = read(envelope(kind, ABSENT if data is None else data, traceparent="00-1"))
    assert isinstance(found, tuple)
    event, at = found
    assert type(event) is TYPES[kind]
    assert (event.subject, at) == ("T1", instant("2026-03-10T12:00:00Z"))
    for name, value in (data or {}).items():
        if name not in ("unheard_of", "period", "scale"):
            assert getattr(event.data, name) == value


def test_the_types_and_topics_are_the_contracts() -> None:
    assert {kind: topic_of({"type": kind}) for kind, _ in LEAST} == TOPIC_OF_TYPE
    assert set(TYPES) == set(TOPIC_OF_TYPE)


def test_every_event_of_a_random_log_is_good() -> None:
    for event in random_log(11):
        found = decode(to_json_line(event))
        assert isinstance(found, tuple), (event, found)
        assert found[1] == instant(event["time"])


def test_data_may_be_null_where_none_is_needed() -> None:
    assert isinstance(read(envelope("support.ticket.resolved", None)), tuple)


@pytest.mark.parametrize(
    ("survey", "scale"), [("csat", (1, 5)), ("nps", (0, 10)), ("ces", (1, 7)), ("servqual", (1, 7)), ("brand", (0, 1))]
)
def test_a_survey_has_its_own_default_scale_and_both_ends_are_on_it(survey: str, scale: tuple[int, int]) -> None:
    item = {"servqual": "empathy.1", "brand": "preferred"}.get(survey, ABSENT)
    for score in scale:
        found = read(answered(survey=survey, score=score, item=item))
        assert isinstance(found, tuple)
        assert isinstance(found[0], SurveyAnswered)
        assert scale_of(found[0].data) == scale
    for score in (scale[0] - 1, scale[1] + 1):
        assert reason_of(answered(survey=survey, score=score, item=item)) == "bad_score"


REFUSED: list[tuple[str, Any]] = [
    ("not_json", b""),
    ("not_json", b"created"),
    ("not_json", b"\xff\xfe"),
    ("not_json", b'{"specversion": "1.0"'),
    ("not_json", b"{}{}"),
    ("not_json", b"\xef\xbb\xbf{}"),
    ("not_json", b"[" * 100_000),
    ("not_json", b'{"type":"x","deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("not_json", json.dumps(envelope(id="\ud800")).encode()),
    ("not_json", json.dumps(envelope(subject="x\udfffy")).encode()),
    ("not_json", json.dumps(envelope(subject="?")).encode().replace(b"?", b"\xed\xa0\x80")),
    ("not_json", json.dumps(envelope("support.ticket.converted", {"value": math.nan})).encode()),
    ("not_json", json.dumps(envelope("support.ticket.converted", {"value": -math.inf})).encode()),
    ("not_json", json.dumps(envelope("support.ticket.converted", {"value": 7})).replace("7", "9" * 5_000).encode()),
    ("not_event", []),
    ("not_event", None),
    ("not_event", "support.ticket.created"),
    ("not_event", {}),
    ("not_event", envelope(specversion="0.3")),
    ("not_event", envelope(specversion=1.0)),
    ("not_event", envelope(specversion=ABSENT)),
    ("not_event", envelope(type=ABSENT)),
    ("not_event", envelope(type=None)),
    ("not_event", envelope(type=["support.ticket.created"])),
    ("unknown_type", envelope("support.ticket.solved")),
    ("unknown_type", envelope("")),
    ("unknown_type", envelope("Support.Ticket.Created")),
    *(("missing_field", envelope(**{name: ABSENT})) for name in ("id", "source", "time", "subject", "data")),
    *(("missing_field", envelope(**{name: ""})) for name in ("id", "source", "subject")),
    *(("missing_field", envelope(data=CREATED | {name: ""})) for name in CREATED),
    ("missing_field", envelope(data={"queue": "billing", "channel": "email"})),
    ("missing_field", envelope(data=None)),
    ("missing_field", envelope("support.ticket.replied", {})),
    ("missing_field", envelope("support.business.reported", {"fact": "customers", "value": 1})),
    ("missing_field", answered(score=ABSENT)),
    ("missing_field", answered(survey="servqual")),
    ("missing_field", answered(survey="brand", score=1, item="")),
    ("bad_field", envelope(id=7)),
    ("bad_field", envelope(subject=None)),
    ("bad_field", envelope(data=[])),
    ("bad_field", envelope(data="x")),
    ("bad_field", envelope(data=CREATED | {"queue": 7})),
    ("bad_field", envelope(data=CREATED | {"origin": "martian"})),
    ("bad_field", envelope("support.ticket.replied", {"agent": "a", "public": "yes"})),
    ("bad_field", envelope("support.ticket.replied", {"agent": "a", "author": "cat"})),
    ("bad_field", envelope("support.ticket.resolved", [])),
    ("bad_field", envelope("support.business.reported", FACT | {"period": {"start": "October", "end": "x"}})),
    ("bad_field", answered(survey="happiness")),
    ("bad_field", answered(scale=[5, 1])),
    ("bad_field", answered(scale=[1, 1], score=1)),
    ("bad_field", answered(scale=[1, 5, 9])),
    ("bad_field", answered(scale=[0, 100_000])),
    ("bad_field", answered(survey="servqual", item="kindness.1")),
    ("bad_field", answered(survey="servqual", item="empathy")),
    ("bad_field", answered(survey="servqual", item="empathy.")),
    ("bad_field", answered(survey="servqual", item="empathy.0")),
    ("bad_field", answered(survey="servqual", item="empathy.01")),
    ("bad_field", answered(survey="servqual", item="empathy.100")),
    ("bad_field", answered(survey="servqual", item="empathy.1 ")),
    ("bad_field", answered(survey="servqual", item="empathy.1", scale=[1, 5])),
    ("bad_field", answered(survey="brand", item="fast", scale=[1, 7])),
    ("bad_field", answered(survey="brand", item="fast", scale=[1, 2], score=1)),
    ("bad_time", envelope(time="2026-03-10T12:00:00")),
    ("bad_time", envelope(time="2026-02-30T12:00:00Z")),
    ("bad_time", envelope(time="yesterday")),
    ("bad_time", envelope(time="")),
    ("bad_time", envelope(time=1_700_000_000)),
    ("bad_time", envelope(time=None)),
    ("bad_time", envelope(time="9999-12-31T23:59:59Z")),
    ("bad_score", answered(score=6)),
    ("bad_score", answered(score=0)),
    ("bad_score", answered(score=-1)),
    ("bad_score", answered(score=4.5)),
    ("bad_score", answered(score="5")),
    ("bad_score", answered(score=True)),
    ("bad_score", answered(score=None)),
    ("bad_score", answered(score=10**30)),
    ("bad_score", answered(survey="nps", score=11)),
    ("bad_score", answered(survey="servqual", item="empathy.1", expectation=8)),
    ("bad_score", answered(survey="servqual", item="empathy.1", expectation="x")),
]


@pytest.mark.parametrize(("reason", "payload"), REFUSED)
def test_a_bad_record_is_refused_with_its_reason(reason: str, payload: Any) -> None:
    assert reason_of(payload) == reason


@pytest.mark.parametrize(("reason", "kind", "data"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_surveys_and_facts_that_no_number_may_come_of_are_refused(reason: str, kind: str, data: dict[str, Any]) -> None:
    assert reason_of(envelope(kind, data)) == reason


def test_a_record_without_a_value_is_refused() -> None:
    found = decode(None)
    assert isinstance(found, Refusal)
    assert found.reason is Reason.NOT_JSON


def test_every_reason_that_a_payload_alone_can_have_is_in_the_table() -> None:
    by_the_record = {"future", "key", "too_large"}  # what only the partition can tell
    assert {reason for reason, _ in REFUSED} | by_the_record == {reason.value for reason in Reason}


@pytest.mark.parametrize("text", ["length >= 1", "missing required field", "x at `$.time`", "x at `$.data.score`"])
def test_the_reason_comes_from_the_fault_never_from_words_in_the_content(text: str) -> None:
    assert reason_of(answered(survey=text)) == "bad_field"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (envelope(id=ABSENT), "Object missing required field `id`"),
        (envelope(data={}), "Object missing required field `queue` - at `$.data`"),
        (envelope(id=""), "Expected `str` of length >= 1 - at `$.id`"),
        (envelope(time=7), "Expected `str`, got `int` - at `$.time`"),
        (answered(score="5"), "Expected `int`, got `str` - at `$.data.score`"),
    ],
)
def test_the_messages_that_tell_the_reasons_apart_are_still_worded_as_they_were(payload: Any, message: str) -> None:
    # the classification reads them: a new version of msgspec must not change a reason without notice
    kind = TYPES[payload["type"]]
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(json.dumps(payload), type=kind)
    assert str(caught.value) == message


def test_of_repeated_json_keys_the_last_one_counts() -> None:
    text = json.dumps(envelope()).replace('"id": "1"', '"id": 5, "id": "2"').encode()
    found = read(text.replace(b'"id": 5, ', b'"id": "5", '))
    assert isinstance(found, tuple)
    assert found[0].id == "2"
    assert reason_of(text) == "bad_field"


@pytest.mark.parametrize("lowest", [-(10**30), -(2**63) - 2, 2**64, 10**30])
def test_a_scale_that_no_state_can_hold_is_no_scale(lowest: int) -> None:
    found = read(answered(scale=[lowest, lowest + 4], score=lowest + 1))
    if isinstance(found, tuple):
        ticket = Ticket()
        ticket.apply(*found)
        encoding.encode(ticket)
    else:
        assert found.reason in (Reason.BAD_FIELD, Reason.BAD_SCORE)
