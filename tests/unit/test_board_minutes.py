"""The small charts: one point a minute, of an hour, of the queues that a wall shows."""

from __future__ import annotations

from typing import Any

from deskpulse.board.history import POINTS_MAX, Minutes
from metrics.instants import format_instant
from tests.oracle.instants import MINUTE, SECOND, instant

NOON = instant("2026-10-07T12:00:00Z")


def scope(awaiting: int) -> dict[str, Any]:
    clocks = {sla: {"live_breaches": 1} for sla in ("first_response", "next_response", "resolution")}
    return {"awaiting_first_response": awaiting, "open": awaiting + 1, "sla": clocks}


def taken(at: int, *, catching_up: int = 0, ready: int = 2, **queues: int) -> dict[str, Any]:
    return {
        "as_of": format_instant(at),
        "partitions": {"ready": ready, "catching_up": catching_up, "total": 4},
        "all": scope(sum(queues.values())),
        "queues": {name: scope(awaiting) for name, awaiting in queues.items()},
    }


def test_the_first_snapshot_of_a_minute_is_its_point() -> None:
    minutes = Minutes()
    for second, awaiting in ((3, 1), (20, 2), (59, 3), (60, 4), (61, 5)):
        minutes.note(taken(NOON + second * SECOND, billing=awaiting))
    assert list(minutes.of(None).awaiting) == [("2026-10-07T12:00:03Z", 1), ("2026-10-07T12:01:00Z", 4)]
    assert [number for _, number in minutes.of(None).open] == [2, 5]
    assert [number for _, number in minutes.of(None).breaching] == [3, 3]


def test_an_hour_is_kept_and_no_more() -> None:
    minutes = Minutes()
    for minute in range(100):
        minutes.note(taken(NOON + minute * MINUTE, billing=minute))
    kept = minutes.of(None).awaiting
    assert len(kept) == POINTS_MAX == 60
    assert [number for _, number in kept] == list(range(40, 100))


def test_queues_are_added_up_and_one_that_was_not_there_yet_had_nobody() -> None:
    minutes = Minutes()
    minutes.note(taken(NOON, billing=1, returns=2))
    minutes.note(taken(NOON + MINUTE, billing=1, returns=2, vip=5))
    assert [number for _, number in minutes.of(("billing", "vip")).awaiting] == [1, 6]
    assert [number for _, number in minutes.of(("billing", "vip")).breaching] == [3, 6]
    assert [number for _, number in minutes.of(("nobody",)).awaiting] == [0, 0]


def test_a_minute_in_which_something_was_still_to_be_read_has_no_point() -> None:
    minutes = Minutes()
    minutes.note(taken(NOON, catching_up=1, billing=1))
    minutes.note(taken(NOON + MINUTE, ready=0, billing=1))
    assert minutes.of(None).awaiting == ()


def test_a_clock_that_was_set_back_adds_no_point() -> None:
    minutes = Minutes()
    minutes.note(taken(NOON, billing=1))
    minutes.note(taken(NOON - 5 * MINUTE, billing=2))
    assert [number for _, number in minutes.of(None).awaiting] == [1]
