"""A ticket is a function of the set of its events: order, repeats, stops and bounds do not show in its bytes."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream import encoding
from stream.ticket import HISTORY_MAX, Ticket
from stream.timeline import timeline_of
from tests.happenings import Happening, apply, bytes_of, created, happening, joined
from tests.oracle.instants import MINUTE, SECOND
from tests.properties.walks import CREATED, EVERYTHING, MESSAGE, REPLIED, SKEW, START, orders, walks

#: Everything at once, and the few kinds that move each other's bounds, often at one instant.
LOGS = walks() | walks(st.one_of(CREATED, REPLIED, MESSAGE), most=8)


@settings(max_examples=120)
@given(st.data())
def test_any_order_and_any_repeats_give_the_same_ticket(data: st.DataObject) -> None:
    # "Everything below is a function of the set of a ticket's events (order of arrival and repeats do not matter)"
    log = data.draw(LOGS)
    assert bytes_of(data.draw(orders(log))) == bytes_of(log)


@given(st.data())
def test_a_reused_id_with_other_content_is_applied_without_dependence_on_order(data: st.DataObject) -> None:
    # "A sender that reuses an id for other content breaks this contract: both are applied, without dependence on order"
    log = data.draw(walks(reused=True, most=20))
    assert bytes_of(data.draw(orders(log))) == bytes_of(log)


@given(walks(), st.data())
def test_an_event_applied_again_changes_nothing_and_says_so(log: list[Happening], data: st.DataObject) -> None:
    ticket = joined(log)
    before = encoding.encode(ticket)
    for event in data.draw(st.permutations(log)):
        assert not apply(ticket, event)
    assert encoding.encode(ticket) == before


@given(walks(), EVERYTHING, st.integers(0, 60))
def test_an_event_that_changes_nothing_leaves_the_bytes_and_one_that_changes_them_says_so(
    log: list[Happening], extra: tuple[str, Any], minute: int
) -> None:
    ticket = joined(log)
    before = encoding.encode(ticket)
    changed = apply(ticket, happening(extra[0], START + minute * MINUTE, name="extra", **extra[1]))
    assert changed == (encoding.encode(ticket) != before)


@given(st.data())
def test_the_join_of_two_halves_does_not_depend_on_which_half_came_first(data: st.DataObject) -> None:
    log = data.draw(walks(reused=True))
    middle = data.draw(st.integers(0, len(log)))
    assert bytes_of(log[middle:] + log[:middle]) == bytes_of(log)


@given(walks(), st.sets(st.integers(0, 14)))
def test_stopping_encoding_decoding_and_resuming_anywhere_changes_nothing(
    log: list[Happening], stops: set[int]
) -> None:
    ticket = Ticket()
    for number, event in enumerate(log):
        if number in stops:
            ticket = encoding.decode(encoding.encode(ticket))
        apply(ticket, event)
    assert encoding.encode(ticket) == bytes_of(log)


# ------------------------------------------------------------------------------------------------------ bounds

DICE = st.integers(0, 999).map(random.Random)


def many(kind: str, step: int = SECOND, **data: Any) -> Callable[[int], Happening]:
    """The n-th event of a long history; each has an instant of its own."""
    return lambda number: happening(kind, START + number * step, name=f"{number:04d}", **data)


def edited(number: int) -> Happening:
    return many("survey.answered", survey="csat", score=1 + number % 5, response=f"r{number}")(number)


def renamed(number: int) -> Happening:
    attribute = ("queue", "priority", "channel", "agent")[number % 4 if number < 40 else 0]
    given: dict[str, Any] = {attribute: f"v{number}"}
    return many("ticket.updated", **given)(number)


def reported(number: int) -> Happening:
    day = f"{2000 + number}-01-01"
    given: dict[str, Any] = {"fact": "customers", "value": number, "period": {"start": day, "end": day}}
    return many("business.reported", **given)(number)


#: KPIS "Bounds": "A ticket's histories (...) keep their latest 256 elements each".
LATEST_KEPT: dict[str, tuple[str, Callable[[int], Happening]]] = {
    "resolves": ("resolves", many("ticket.resolved")),
    "reopens": ("resolves", many("ticket.reopened")),
    "pauses": ("pauses", many("ticket.paused")),
    "escalations": ("escalations", many("ticket.escalated")),
    "messages": ("messages", many("ticket.customer-replied")),
    "conversions": ("conversions", many("ticket.converted")),
    "surveys": ("sent", many("survey.sent", survey="csat")),
    "attributes": ("attributes", many("ticket.updated", queue="billing")),
}


@pytest.mark.parametrize("name", LATEST_KEPT)
@settings(max_examples=6)
@given(extra=st.integers(1, 30), dice=DICE)
def test_the_latest_256_of_a_history_are_kept_in_any_order(name: str, extra: int, dice: random.Random) -> None:
    field, make = LATEST_KEPT[name]
    log = [make(number) for number in range(HISTORY_MAX + extra)]
    shuffled = dice.sample(log + log[:40], k=len(log) + 40)
    ticket = joined(shuffled)
    assert encoding.encode(ticket) == bytes_of(log)
    assert [element[2] for element in getattr(ticket, field)] == [f"{n:04d}" for n in range(extra, HISTORY_MAX + extra)]


@settings(max_examples=6)
@given(extra=st.integers(0, 30), dice=DICE)
def test_the_latest_256_answers_are_kept_in_any_order_whichever_were_edited(extra: int, dice: random.Random) -> None:
    log = [edited(number) for number in range(HISTORY_MAX + extra)]
    edits = [edited(number) | {"id": "edit", "time": log[-1]["time"]} for number in dice.sample(range(len(log)), k=20)]
    assert bytes_of(dice.sample(log + edits, k=len(log + edits))) == bytes_of(log + edits)
    assert len(joined(edits + log).answers) == HISTORY_MAX


@settings(max_examples=6)
@given(dice=DICE)
def test_the_latest_256_facts_are_kept_in_any_order(dice: random.Random) -> None:
    log = [reported(number) for number in range(HISTORY_MAX + 9)]
    ticket = joined(dice.sample(log, k=len(log)))
    assert [fact.value for fact in ticket.facts] == list(range(9, HISTORY_MAX + 9))


@settings(max_examples=6)
@given(dice=DICE)
def test_each_attribute_keeps_its_own_latest_256_values_in_any_order(dice: random.Random) -> None:
    log = [renamed(number) for number in range(HISTORY_MAX + 60)]
    ticket = joined(dice.sample(log, k=len(log)))
    assert encoding.encode(ticket) == bytes_of(log)
    given = [[element[3 + place] for element in ticket.attributes if element[3 + place]] for place in (0, 1, 2, 5)]
    queues = [event["data"]["queue"] for event in log if "queue" in event["data"]]
    assert given[0] == queues[-HISTORY_MAX:]
    assert [len(values) for values in given[1:]] == [10, 10, 10]


@settings(max_examples=10)
@given(before=st.integers(0, 300), after=st.integers(0, 20), dice=DICE)
def test_replies_around_the_creation_are_kept_in_any_order(before: int, after: int, dice: random.Random) -> None:
    replies = [many("ticket.replied", MINUTE, agent="sara")(number) for number in range(-before, after)]
    log = [created(START), *replies]
    ticket = joined(dice.sample(log, k=len(log)))
    assert encoding.encode(ticket) == bytes_of(log)
    assert len(ticket.replies) == min(HISTORY_MAX, before + min(after, 1))


@settings(max_examples=10)
@given(first=st.integers(0, 300), dice=DICE)
def test_a_creation_that_moves_earlier_finds_its_first_reply_in_any_order(first: int, dice: random.Random) -> None:
    # two creations: every reply lies before the later one, `first` is the first one not before the earlier
    replies = [many("ticket.replied", MINUTE * 3, agent="sara")(number) for number in range(301)]
    earlier = START + first * 3 * MINUTE - 30 * SECOND
    log = [*replies, created(earlier, name="earlier"), created(START + 2_000 * MINUTE, name="later")]
    ticket = joined(dice.sample(log, k=len(log)))
    assert encoding.encode(ticket) == bytes_of(log)
    line = timeline_of(ticket, SKEW)
    assert line is not None
    if first < HISTORY_MAX:
        assert line.first_reply == START + first * 3 * MINUTE


def test_a_reply_after_more_than_256_messages_leaves_the_same_ticket_as_one_before_them() -> None:
    messages = [many("ticket.customer-replied")(number) for number in range(HISTORY_MAX + 44)]
    reply = happening("ticket.replied", START + MINUTE * 60, agent="sara")
    assert bytes_of([*messages, reply]) == bytes_of([reply, *messages])


def test_an_event_too_old_for_a_full_history_changes_nothing_and_says_so() -> None:
    log = [many("ticket.customer-replied")(number) for number in range(HISTORY_MAX + 1)]
    ticket = joined(log)
    before = encoding.encode(ticket)
    assert not apply(ticket, log[0])
    assert encoding.encode(ticket) == before
