"""Answers that come late, are edited, or come before their ticket; and replies to tickets that an agent opened.

Each in the snapshot, in which core and oracle agree, with and without the loss of the worker after every event.
"""

from typing import Any

import pytest

from tests.happenings import Happening, created, floor_of, happening, snapshot_of
from tests.oracle.compare import differences
from tests.oracle.instants import DAY, HOUR, MINUTE, instant
from tests.oracle.snapshot import snapshot

NOON = instant("2026-03-10T12:00:00Z")


def seen(*log: Happening) -> dict[str, Any]:
    """The snapshot of a worker that restarts after every event, which is that of one that never does."""
    restarting = snapshot_of(floor_of(log, batch=1, stop_every=1), NOON)
    assert restarting == snapshot_of(floor_of(log), NOON)
    wrong = differences(restarting, snapshot(log, NOON))
    assert not wrong, wrong[:10]
    return restarting


def csat(scope: dict[str, Any], window: str) -> tuple[int, float | None]:
    found = scope["windows"][window]["csat"]
    return found["responses"], found["mean"]


def answer(at: int, score: int, subject: str = "T1", name: str = "", **data: Any) -> Happening:
    return happening("survey.answered", at, subject, name=name or f"{at}-{score}", survey="csat", score=score, **data)


def test_an_answer_that_comes_late_lands_in_its_own_pane() -> None:
    other = [answer(NOON - MINUTE, 5, f"survey:{n}") for n in range(3)]
    whole = seen(*other, answer(NOON - 5 * HOUR, 1), answer(NOON - 3 * DAY, 2, "survey:x"))["all"]
    assert [csat(whole, window) for window in ("1h", "6h", "24h", "7d")] == [(3, 5), (4, 4), (4, 4), (5, 3.6)]


@pytest.mark.parametrize("turned", [False, True])
def test_an_edited_answer_replaces_the_one_before_with_its_score_and_its_window(*, turned: bool) -> None:
    log = [answer(NOON - 3 * DAY, 1, response="r"), answer(NOON - HOUR, 5, response="r")]
    whole = seen(*(log[::-1] if turned else log))["all"]
    assert [csat(whole, window) for window in ("24h", "7d")] == [(1, 5), (1, 5)]
    assert csat(seen(*log, answer(NOON, 2, response="s"))["all"], "7d") == (2, 3.5)


def test_of_two_edits_at_one_instant_the_greater_source_and_id_counts() -> None:
    log = [answer(NOON - HOUR, score, name=name) for name, score in (("b", 2), ("c", 4), ("a", 5))]
    assert csat(seen(*log)["all"], "24h") == (1, 4)


def test_answers_of_a_discarded_ticket_count_nowhere_and_come_back_with_it() -> None:
    log = [created(NOON - DAY), answer(NOON - HOUR, 5), happening("ticket.discarded", NOON - MINUTE, reason="spam")]
    assert csat(seen(*log)["all"], "24h") == (0, None)
    assert csat(seen(*log, happening("ticket.restored", NOON))["all"], "24h") == (1, 5)


def test_an_answer_before_its_ticket_is_known_counts_and_then_moves_to_the_tickets_queue() -> None:
    early = answer(NOON - HOUR, 4, queue="returns")
    known = created(NOON - 2 * HOUR, queue="billing")
    moved = happening("ticket.updated", NOON - MINUTE, queue="vip")
    for log, queue in (((early,), "returns"), ((early, known), "billing"), ((early, known, moved), "vip")):
        found = seen(*log)
        counted = {name: csat(scope, "24h") for name, scope in found["queues"].items()}
        assert {name: n for name, (n, _) in counted.items() if n} == {queue: 1}
        assert csat(found["all"], "24h") == (1, 4)


@pytest.mark.parametrize(("origin", "counts"), [("agent", 0), ("customer", 1), ("system", 1)])
def test_a_ticket_that_an_agent_opened_is_in_no_number_of_first_responses(origin: str, counts: int) -> None:
    replied = [created(NOON - 2 * HOUR, "A", origin=origin), happening("ticket.replied", NOON - HOUR, "A", agent="b")]
    closed = [created(NOON - 2 * HOUR, "B", origin=origin), happening("ticket.resolved", NOON - HOUR, "B")]
    waits = [created(NOON - 2 * HOUR, "C", origin=origin)]
    whole = seen(*replied, *closed, *waits)["all"]
    day = whole["windows"]["24h"]
    assert (day["created"], day["resolved"], whole["open"]) == (3, 1, 2)
    assert (day["replied"], day["first_response"]["count"], day["closed_unanswered"]) == (counts, counts, counts)
    assert (day["first_response_cohort"]["created"], whole["awaiting_first_response"]) == (3 * counts, counts)
