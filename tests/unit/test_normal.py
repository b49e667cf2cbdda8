"""Created and open against the weeks before, and resolved now: by hand, and core and oracle agree."""

from typing import Any

import pytest

from tests.happenings import Happening, created, floor_of, happening, rules_of, snapshot_of
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, HOUR, MINUTE, instant, text_of
from tests.oracle.snapshot import snapshot

NOW = instant("2026-03-10T12:34:56Z")
UNTIL = instant("2026-03-10T12:00:00Z")
WEEK = 7 * DAY


def both(*log: Happening, at: int = NOW, history: int = 40 * DAY, **document: Any) -> Any:
    """The whole floor, in which core and oracle agree; history began so long before ``at``."""
    events = [happening("ticket.escalated", at - history, "orphan"), *log]
    found = snapshot_of(floor_of(events, rules_of(document)), at)
    assert differences(found, snapshot(events, at, configuration_of(document))) == []
    return found["all"]


def many(count: int, at: int, name: str) -> list[Happening]:
    return [created(at, f"{name}{number}") for number in range(count)]


def test_created_is_compared_with_the_same_hours_of_the_four_weeks_before() -> None:
    # in the last whole hour 9, and in the same hour one to four weeks earlier 4, 1, 2, 7: the median is 3
    log = many(9, UNTIL - 1, "now") + many(
        5, UNTIL, "running"
    )  # those of the running hour have no week to compare with
    for week, count in enumerate((4, 1, 2, 7), 1):
        log += many(count, UNTIL - week * WEEK - HOUR, f"w{week}-")
        log += many(1, UNTIL - week * WEEK, f"after{week}-") + many(1, UNTIL - week * WEEK - HOUR - 1, f"before{week}-")
    normal = both(*log)["normal"]
    assert instant(normal["until"]) == UNTIL
    assert normal["created"]["1h"] == {"now": 9, "week_ago": 4, "normal": 3.0}
    assert normal["created"]["6h"] == {"now": 9, "week_ago": 5, "normal": 4.0}  # and the one before the hour
    assert normal["created"]["24h"] == {"now": 9, "week_ago": 5, "normal": 4.0}
    assert sorted(normal["created"]) == ["1h", "24h", "6h", "7d"]  # not 15m: of a week ago only hours are kept


@pytest.mark.parametrize(
    ("began", "week_ago", "normal"),
    [
        (28 * DAY + HOUR + 1, 0, 0.0),
        (28 * DAY + HOUR, 0, None),
        (7 * DAY + HOUR + 1, 0, None),
        (7 * DAY + HOUR, None, None),
        (DAY, None, None),
    ],
)
def test_where_history_began_within_an_hour_that_is_needed_nothing_is_said(
    began: int, week_ago: int | None, normal: float | None
) -> None:
    found = both(created(UNTIL - MINUTE), at=UNTIL, history=began)["normal"]
    assert found["created"]["1h"] == {"now": 1, "week_ago": week_ago, "normal": normal}


def test_of_a_longer_window_more_history_is_needed() -> None:
    found = both(created(UNTIL - MINUTE), history=30 * DAY)["normal"]["created"]
    assert {name: numbers["normal"] for name, numbers in found.items()} == {"1h": 0, "6h": 0, "24h": 0, "7d": None}


def test_what_is_beyond_the_retention_is_not_compared_with() -> None:
    # of 20 days that are kept nothing older is known to be whole
    kept, windows = {"settled": "20d"}, {"rolling": ["1h", "24h"]}
    found = both(created(UNTIL - WEEK - MINUTE), retention=kept, windows=windows)["normal"]
    assert found["created"]["1h"] == {"now": 0, "week_ago": 1, "normal": None}
    assert found["open"] == {"now": 1, "week_ago": 1, "normal": None}


@pytest.mark.parametrize(
    ("past", "kept", "known"),
    [(34, "7d", False), (34, "7d1h", True), (49, "7d1h", True), (50, "7d1h", False), (55, "7d1h", False)],
)
def test_an_hour_is_whole_while_no_event_that_is_let_in_can_have_pushed_it_out(
    past: int, kept: str, known: bool
) -> None:
    # an event may be ten minutes ahead of the clock, and the retention is counted in hours from the newest one
    windows = {"rolling": ["1h"]}
    found = both(created(UNTIL - 20 * DAY), at=UNTIL + past * MINUTE, retention={"settled": kept}, windows=windows)
    assert found["normal"]["open"]["week_ago"] == (1 if known else None)


def test_open_then_counts_what_was_resolved_since_and_not_what_was_opened_since() -> None:
    # at the same hour a week ago: T0 open, T1 open, T2 resolved, T3 not there yet, T4 open between two resolves
    start, then = UNTIL - 10 * DAY, UNTIL - WEEK
    log = [created(start, f"T{number}") for number in (0, 1, 2, 4)]
    log += [
        created(then, "T3"),  # at that very instant: after it
        happening("ticket.resolved", UNTIL - DAY, "T1"),
        happening("ticket.resolved", then - 1, "T2"),
        happening("ticket.reopened", UNTIL - 2 * DAY, "T2"),
        happening("ticket.resolved", start + DAY, "T4"),
        happening("ticket.reopened", start + 2 * DAY, "T4"),
        happening("ticket.resolved", then, "T4"),
    ]
    found = both(*log)
    assert found["open"] == 3  # T0, T2, T3
    assert found["normal"]["open"] == {"now": 3, "week_ago": 3, "normal": 0.0}
    assert found["resolved_now"] == 2


def test_normal_open_is_the_median_of_the_same_hour_of_four_weeks() -> None:
    log = [
        created(UNTIL - weeks * WEEK - DAY, f"T{weeks}-{n}")
        for weeks, more in ((4, 2), (3, 3), (1, 5))
        for n in range(more)
    ]
    # open four to one weeks ago: 2, 5, 5, 10
    assert both(*log)["normal"]["open"] == {"now": 10, "week_ago": 10, "normal": 5.0}


def test_a_ticket_discarded_since_was_never_open() -> None:
    log = [created(UNTIL - 10 * DAY, "spam"), happening("ticket.discarded", UNTIL - DAY, "spam", reason="spam")]
    assert both(*log)["normal"]["open"] == {"now": 0, "week_ago": 0, "normal": 0.0}


def test_tickets_created_before_live_since_are_left_out_then_as_now() -> None:
    # imported: open, resolved since, and reopened since; and one of the live sets
    live_since = UNTIL - 8 * DAY
    log = [created(live_since - 1, f"T{number}") for number in range(3)] + [created(live_since, "live")]
    log += [happening("ticket.resolved", UNTIL - DAY, "T1"), happening("ticket.resolved", UNTIL - 8 * DAY, "T2")]
    log += [happening("ticket.reopened", UNTIL - DAY, "T2")]
    found = both(*log, time={"live_since": text_of(live_since)})
    assert (found["open"], found["normal"]["open"]) == (1, {"now": 1, "week_ago": 1, "normal": None})
    assert found["resolved_now"] == 1  # resolved now is of all


def test_before_live_since_nothing_was_in_the_live_sets_so_nothing_is_said() -> None:
    found = both(created(UNTIL - DAY), time={"live_since": text_of(UNTIL - WEEK)})
    assert found["normal"]["open"] == {"now": 1, "week_ago": None, "normal": None}


def test_resolved_now_is_another_number_than_the_resolves_of_a_window() -> None:
    log = [created(UNTIL - 20 * DAY, f"T{number}") for number in range(3)]
    log += [happening("ticket.resolved", UNTIL - 10 * DAY, f"T{number}") for number in range(3)]
    log += [happening("ticket.reopened", UNTIL - DAY, "T0"), happening("ticket.reopened", UNTIL - DAY, "T1")]
    log += [happening("ticket.resolved", UNTIL - HOUR, "T1")]
    found = both(*log)
    assert (found["resolved_now"], found["open"]) == (2, 1)
    assert (found["windows"]["24h"]["resolved"], found["windows"]["30d"]["resolved"]) == (1, 4)


@pytest.mark.parametrize(("after", "counted"), [(-1, 0), (0, 1)])
def test_resolved_now_reaches_back_over_the_whole_hours_of_the_retention(after: int, counted: int) -> None:
    # 62 days before now and the ten minutes that an event may be ahead of the clock: 12:44:56, so from 13:00 on
    edge = UNTIL - 62 * DAY + HOUR
    log = [created(edge - DAY), happening("ticket.resolved", edge + after)]
    assert both(*log, history=70 * DAY)["resolved_now"] == counted
