"""A stored state: an older version is read, a newer one and anything corrupt is refused by name."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.encoding import StateError, decode, encode
from stream.ticket import VERSION, Ticket
from tests.happenings import Happening, apply, created, happening, joined
from tests.logs import random_log
from tests.oracle.instants import HOUR, instant

NOON = instant("2026-03-10T12:00:00Z")
LOG = [
    created(NOON, kind="complaint"),
    happening("ticket.replied", NOON + HOUR, agent="sara"),
    happening("ticket.paused", NOON + 2 * HOUR),
    happening("ticket.discarded", NOON, reason="spam"),
    happening("ticket.restored", NOON + 1),
    happening("survey.sent", NOON + HOUR, survey="csat", response="r"),
    happening("survey.answered", NOON + HOUR, survey="csat", score=2, comment="دیر بود", reasons=["slow"]),
    happening("ticket.converted", NOON + HOUR, value=2.5),
]


def fields_of(state: bytes) -> list[object]:
    fields = msgspec.msgpack.decode(state[1:])
    assert isinstance(fields, list)
    return fields


def written(fields: list[object], version: int = VERSION) -> bytes:
    return bytes([version]) + msgspec.msgpack.encode(fields)


def is_a_ticket_or_refused(state: bytes) -> bool:
    """Any other exception than the refusal passes on."""
    try:
        return isinstance(decode(state), Ticket)
    except StateError as error:
        return bool(str(error))


def test_a_state_comes_back_as_it_was_written() -> None:
    ticket = joined(LOG)
    assert decode(encode(ticket)) == ticket
    assert encode(decode(encode(ticket))) == encode(ticket)


def test_the_states_of_a_whole_log_come_back_as_they_were_written() -> None:
    by_subject: dict[str, list[Happening]] = {}
    for event in random_log(4, 40):
        by_subject.setdefault(event["subject"], []).append(event)
    for log in by_subject.values():
        assert decode(encode(joined(log))) == joined(log)


@pytest.mark.parametrize("missing", range(1, 15))
def test_an_older_state_with_fewer_fields_is_read_with_their_defaults(missing: int) -> None:
    fields = fields_of(encode(joined(LOG)))
    older = decode(written(fields[:-missing], 1))
    blank = Ticket()
    names = Ticket.__struct_fields__
    assert fields_of(encode(older))[: len(fields) - missing] == fields[:-missing]
    assert [getattr(older, name) for name in names[-missing:]] == [getattr(blank, name) for name in names[-missing:]]


def test_an_older_state_goes_on_from_where_it_was() -> None:
    older = decode(written(fields_of(encode(joined(LOG[:2])))[:4], 1))
    later = happening("ticket.replied", NOON + 3 * HOUR, agent="omar")
    assert apply(older, later)
    assert older.last_reply == NOON + 3 * HOUR
    assert older.replies == joined(LOG[:2]).replies


@pytest.mark.parametrize("version", [VERSION + 1, VERSION + 7, 255])
def test_a_newer_state_is_refused_with_both_versions_named(version: int) -> None:
    state = written([*fields_of(encode(joined(LOG))), "a field of the future"], version)
    with pytest.raises(StateError, match=rf"version {version}; this program reads 1 to {VERSION}"):
        decode(state)


@pytest.mark.parametrize("state", [b"", b"\x00", b"\x00" + encode(Ticket())[1:]])
def test_what_has_no_version_is_refused(state: bytes) -> None:
    with pytest.raises(StateError, match="version"):
        decode(state)


@pytest.mark.parametrize(
    "state",
    [
        encode(joined(LOG))[:-1],
        encode(joined(LOG)) + b"\x00",
        encode(joined(LOG)).replace(b"sara", b"\xff\xff\xff\xff").replace(b"billing", b"\xff\xfe\xfdling"),
        written([1, 2, 3]),
        written([[NOON, "desk"]]),
        bytes([VERSION]) + msgspec.msgpack.encode({"creation": None}),
        bytes([VERSION]),
    ],
)
def test_a_corrupt_state_is_refused(state: bytes) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        decode(state)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), st.binary(max_size=4), st.integers(0, 4))
def test_a_state_with_bytes_replaced_is_a_ticket_or_refused(at: int, other: bytes, length: int) -> None:
    state = encode(joined(LOG))
    at %= len(state)
    assert is_a_ticket_or_refused(state[:at] + other + state[at + length :])


@settings(max_examples=200, deadline=None)
@given(st.binary())
def test_arbitrary_bytes_are_a_ticket_or_refused(state: bytes) -> None:
    assert is_a_ticket_or_refused(bytes([VERSION]) + state)
