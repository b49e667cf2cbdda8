"""Escalation, complaints, conversion and silence by figures computed by hand, of the core and of the oracle alike.

Timelines: one character is an hour, N is noon.
"""

from typing import Any

import pytest

from tests.happenings import Happening, created, floor_of, happening, rules_of, snapshot_of
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, HOUR, MINUTE, instant
from tests.oracle.snapshot import snapshot

NOON = instant("2026-03-10T12:00:00Z")
SKEW = 2 * MINUTE
START = NOON - 10 * HOUR


def both(*log: Happening, at: int = NOON, within: str = "72h") -> Any:
    """The windows of the whole floor, in which core and oracle agree."""
    document = {"kpis": {"conversion": {"within": within}}}
    found = snapshot_of(floor_of(log, rules_of(document)), at)["all"]["windows"]
    expected = snapshot(log, at, configuration_of(document))["all"]["windows"]
    for name in ("escalation", "complaint_escalation", "complaints", "conversion", "messages_unanswered"):
        for window in expected:
            assert found[window][name] == pytest.approx(expected[window][name]), (window, name)
    return found


def share(name: str, part: int, whole: int, low: float, high: float, sample: str) -> Any:
    """To the digits that KPIS.md prints, in percent."""
    return {
        "created": whole,
        name: part,
        "ratio": pytest.approx(part / whole),
        "lower95": pytest.approx(low / 100, abs=0.00005),
        "upper95": pytest.approx(high / 100, abs=0.00005),
        "sample": sample,
    }


NOBODY = {"created": 0, "ratio": None, "lower95": None, "upper95": None, "sample": "none"}


# ------------------------------------------------------------------------------------- escalation and complaints


def test_the_escalated_share_has_the_tickets_created_in_the_window_above_and_below() -> None:
    # five created in the day, four of them escalated; a sixth, of two days ago, was escalated today
    log = [created(START, f"T{number}") for number in range(5)]
    log += [happening("ticket.escalated", START + HOUR, f"T{number}") for number in range(4)]
    log += [created(NOON - 2 * DAY, "old"), happening("ticket.escalated", START, "old")]
    windows = both(*log)
    assert windows["24h"]["escalation"] == share("escalated", 4, 5, 37.55, 96.38, "caution")
    assert windows["24h"]["escalated"] == 5  # escalations of the day: another number
    assert windows["7d"]["escalation"]["escalated"] == 5
    assert windows["6h"]["escalation"] == NOBODY | {"escalated": 0}


def test_a_ticket_escalated_twice_counts_once_and_one_escalated_too_early_not() -> None:
    twice = [happening("ticket.escalated", START + hours * HOUR, "twice") for hours in (1, 2)]
    early = happening("ticket.escalated", START - SKEW - 1, "early")
    windows = both(created(START, "twice"), *twice, created(START, "early"), early)
    assert windows["24h"]["escalation"]["escalated"] == 1


def test_complaints_are_tickets_whose_latest_kind_is_complaint() -> None:
    log = [created(START, f"T{number}", kind="complaint") for number in range(3)]
    log += [created(START, "turned", kind="question"), created(START, "plain"), created(START, "no", kind="complaint")]
    log += [
        happening("ticket.updated", START + HOUR, "turned", kind="complaint"),
        happening("ticket.updated", START + HOUR, "no", kind="incident"),
        happening("ticket.updated", START + HOUR, "T0", priority="low"),  # gives no kind: still a complaint
    ]
    log += [happening("ticket.escalated", START + HOUR, subject) for subject in ("T0", "no", "plain")]
    windows = both(*log)
    assert windows["24h"]["complaints"] == {"created": 4, "resolved": 0}
    assert windows["24h"]["complaint_escalation"]["escalated"] == 1
    assert windows["24h"]["complaint_escalation"]["created"] == 4
    assert (windows["24h"]["escalation"]["escalated"], windows["24h"]["escalation"]["created"]) == (3, 6)


def test_resolved_complaints_are_their_changes_to_resolved_in_the_window() -> None:
    log = [created(NOON - 3 * DAY, "old", kind="complaint"), created(START, "plain")]
    log += [
        happening("ticket.resolved", NOON - 2 * DAY, "old"),
        happening("ticket.reopened", START, "old"),
        happening("ticket.resolved", NOON - HOUR, "old"),
        happening("ticket.resolved", NOON - HOUR, "plain"),
    ]
    windows = both(*log)
    assert windows["24h"]["complaints"] == {"created": 0, "resolved": 1}
    assert windows["24h"]["resolved"] == 2
    assert windows["7d"]["complaints"] == {"created": 1, "resolved": 2}


def test_three_of_three_have_the_interval_of_three() -> None:
    log = [created(START, f"{number}", kind="complaint") for number in range(3)]
    log += [happening("ticket.escalated", START, f"{number}") for number in range(3)]
    assert both(*log)["24h"]["complaint_escalation"] == share("escalated", 3, 3, 43.85, 100, "not_enough")


# -------------------------------------------------------------------------------------------------- conversion


@pytest.mark.parametrize(
    ("after_reply", "counts"),
    [(-HOUR, 0), (-1, 0), (0, 1), (HOUR, 1), (2 * HOUR, 1), (2 * HOUR + 1, 0)],
)
def test_a_sale_counts_from_the_first_reply_on_and_within_so_long_of_it(after_reply: int, counts: int) -> None:
    # C.R.. and the sale; within 2 h
    replied = START + 2 * HOUR
    windows = both(
        created(START),
        happening("ticket.replied", replied - HOUR, agent="bot", author="bot"),  # no reply at all
        happening("ticket.replied", replied, agent="sara"),
        happening("ticket.replied", replied + 3 * HOUR, agent="sara"),  # not the first
        happening("ticket.converted", replied + after_reply, value=12),
        within="2h",
    )
    assert windows["24h"]["conversion"]["converted"] == counts


@pytest.mark.parametrize(
    ("after", "counts"), [(-SKEW - 1, 0), (-SKEW, 1), (0, 1), (72 * HOUR, 1), (72 * HOUR + 1, 0), (100 * HOUR, 0)]
)
def test_without_a_reply_a_sale_counts_from_the_creation_on(after: int, counts: int) -> None:
    start = NOON - 5 * DAY
    windows = both(created(start), happening("ticket.converted", start + after))
    assert windows["7d"]["conversion"]["converted"] == counts
    assert windows["24h"]["conversion"]["converted"] == 0  # one cohort: that of the creation


def test_nine_of_ten_converted_has_its_interval_and_a_second_sale_changes_nothing() -> None:
    log = [created(START, f"T{number}") for number in range(10)]
    log += [happening("ticket.converted", START + hours * HOUR, f"T{n}") for n in range(9) for hours in (1, 2)]
    assert both(*log)["24h"]["conversion"] == share("converted", 9, 10, 59.58, 98.21, "caution")


def test_a_sale_of_a_discarded_ticket_counts_nowhere() -> None:
    log = [created(START), happening("ticket.converted", START + HOUR), happening("ticket.discarded", START + HOUR)]
    assert both(*log)["24h"]["conversion"] == NOBODY | {"converted": 0}


# ------------------------------------------------------------------------------------------------------ silence

REPLY, MESSAGE, RESOLVE, REOPEN = "ticket.replied", "ticket.customer-replied", "ticket.resolved", "ticket.reopened"
STEPS = {"r": REPLY, "m": MESSAGE, "R": RESOLVE, "O": REOPEN}


def course(steps: str, origin: str = "customer") -> list[Happening]:
    """A creation, then one step in each hour; ``.``: none; ``=``: at the instant of the step before."""
    log, at = [created(START, origin=origin)], START
    for place, step in enumerate(steps):
        if step == "=":
            continue
        if place == 0 or steps[place - 1] != "=":
            at += HOUR
        if step in STEPS:
            log.append(happening(STEPS[step], at, agent="sara") if step == "r" else happening(STEPS[step], at))
    return log


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        ("rmR", 1),
        ("rmmR", 1),
        ("rR", 0),
        ("rmrR", 0),  # answered
        ("rm=rR", 0),  # equal is not later
        ("rm=R", 0),  # nor is it before
        ("rRm", 0),  # after the resolve: a message that awaits nobody
        ("rmRr", 0),  # a late answer is one
        ("rmRrm", 0),
        ("rmRm", 1),
        ("mR", 0),  # closed unanswered: counted apart
        ("mRr", 0),
        ("rmRO", 0),  # open again
        ("rmROR", 1),
        ("rmRORr", 0),
        ("rRmOR", 1),
    ],
)
def test_a_message_is_unanswered_where_no_reply_is_later_and_the_last_resolve_is(steps: str, counts: int) -> None:
    assert both(*course(steps))["24h"]["messages_unanswered"] == counts


@pytest.mark.parametrize(("steps", "counts"), [("mR", 1), ("R", 0), ("mrR", 0), ("rmR", 1)])
def test_of_a_ticket_that_an_agent_opened_every_message_wants_an_answer(steps: str, counts: int) -> None:
    assert both(*course(steps, origin="agent"))["24h"]["messages_unanswered"] == counts


@pytest.mark.parametrize(("after", "counts"), [(-SKEW, 0), (0, 0), (1, 1)])
def test_a_message_at_the_creation_is_the_ticket_itself(after: int, counts: int) -> None:
    log = [created(START, origin="agent"), happening(MESSAGE, START + after), happening(RESOLVE, START + HOUR)]
    assert both(*log)["24h"]["messages_unanswered"] == counts


@pytest.mark.parametrize(("after", "counts"), [(-MINUTE, 0), (0, 0), (1, 1)])
def test_a_reply_and_a_message_within_the_skew_are_both_at_the_creation(after: int, counts: int) -> None:
    log = [created(START), happening(REPLY, START - SKEW, agent="sara"), happening(MESSAGE, START + after)]
    assert both(*log, happening(RESOLVE, START + HOUR))["24h"]["messages_unanswered"] == counts


def test_an_unanswered_message_is_stamped_by_the_last_resolve() -> None:
    windows = both(*course("rmR"))  # resolved at START + 3 h, seven hours before noon
    assert (windows["6h"]["messages_unanswered"], windows["24h"]["messages_unanswered"]) == (0, 1)
