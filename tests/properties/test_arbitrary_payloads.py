"""Whatever the bytes are: an event that a ticket can take and keep, or a refusal. Nothing raises."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream import encoding
from stream.events import Refusal, decode
from stream.records import Reason
from stream.ticket import Ticket
from tests.unit.test_events import FULLEST, envelope

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SEARCH = settings(max_examples=150, deadline=None)


def is_an_event_or_a_refusal(payload: bytes) -> bool:
    found = decode(payload)
    if isinstance(found, Refusal):
        return found.reason in Reason
    event, at = found
    ticket = Ticket()
    ticket.apply(event, at)
    return isinstance(at, int) and bool(encoding.encode(ticket)) and bool(event.subject.encode())


@SEARCH
@given(st.binary())
def test_arbitrary_bytes_are_an_event_or_a_refusal(payload: bytes) -> None:
    assert is_an_event_or_a_refusal(payload)


@SEARCH
@given(JSON)
def test_arbitrary_json_is_an_event_or_a_refusal(value: Any) -> None:
    assert is_an_event_or_a_refusal(json.dumps(value).encode())


@SEARCH
@given(st.sampled_from(FULLEST), st.data())
def test_a_valid_event_with_any_value_in_any_place_is_an_event_or_a_refusal(
    full: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    event = json.loads(json.dumps(envelope(*full)))
    place = data.draw(st.sampled_from([event, event["data"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    assert is_an_event_or_a_refusal(json.dumps(event).encode())


@SEARCH
@given(st.sampled_from(FULLEST), st.integers(0, 400), st.integers(0, 3), st.binary(max_size=3))
def test_a_valid_event_with_bytes_replaced_is_an_event_or_a_refusal(
    full: tuple[str, dict[str, Any]], at: int, length: int, other: bytes
) -> None:
    payload = json.dumps(envelope(*full), ensure_ascii=False).encode()
    assert is_an_event_or_a_refusal(payload[:at] + other + payload[at + length :])
