"""When a worker writes its mirror, from ticks alone."""

import pytest

from deskpulse.pacing import (
    FAILED_TICKS,
    PAUSE_TICKS_MAX,
    QUIET_TICKS,
    TICK,
    as_of,
    is_due,
    lifetime_ms,
    pause_after,
    until,
)
from metrics.instants import SECOND


def due(pause: int, *, has_changed: bool) -> list[int]:
    """The ticks after one at which it was written, up to the first at which it is due again."""
    waited = [later for later in range(100) if is_due(1_000 + later, 1_000, pause, has_changed=has_changed)]
    assert waited == list(range(waited[0], 100))
    return waited[:1]


@pytest.mark.parametrize("pause", [1, 2, PAUSE_TICKS_MAX])
def test_what_has_changed_is_written_after_the_pause(pause: int) -> None:
    assert due(pause, has_changed=True) == [pause]


@pytest.mark.parametrize(("pause", "waited"), [(1, QUIET_TICKS), (QUIET_TICKS, QUIET_TICKS), (9, 9)])
def test_what_has_not_changed_is_written_each_second_or_after_a_longer_pause(pause: int, waited: int) -> None:
    assert due(pause, has_changed=False) == [waited]


def test_nothing_is_written_twice_in_a_tick() -> None:
    assert not is_due(7, 7, 1, has_changed=True)


def test_the_first_is_written_at_once() -> None:
    assert is_due(7_000_000_000, 0, 1, has_changed=False)


def test_a_clock_that_was_set_back_does_not_stop_the_mirror() -> None:
    assert is_due(1_000, 5_000, PAUSE_TICKS_MAX, has_changed=False)


@pytest.mark.parametrize(
    ("worked_ms", "ticks"),
    [(0, 1), (1, 1), (93, 1), (94, 2), (156, 2), (157, 3), (1_250, 20), (60_000, PAUSE_TICKS_MAX)],
)
def test_a_worker_works_for_its_mirror_about_a_quarter_of_the_time_at_most(worked_ms: int, ticks: int) -> None:
    assert pause_after(worked_ms * 1_000_000) == ticks


def test_a_document_outlives_three_of_the_longest_pauses_that_are_to_be_expected() -> None:
    assert lifetime_ms(1) == 3 * QUIET_TICKS * 250
    assert lifetime_ms(PAUSE_TICKS_MAX) == 3 * PAUSE_TICKS_MAX * 250
    assert lifetime_ms(1) > FAILED_TICKS * 250


@pytest.mark.parametrize(("now", "seconds"), [(0, 0.25), (TICK - 1, 1e-9), (TICK, 0.0), (SECOND, 0.0)])
def test_an_instant_is_waited_for_and_one_that_is_over_is_not(now: int, seconds: float) -> None:
    assert until(TICK, now) == seconds


@pytest.mark.parametrize("newest", [None, 0, 8 * TICK])
def test_workers_look_at_one_instant_where_nothing_is_newer(newest: int | None) -> None:
    assert as_of(8, 8 * TICK + 30, newest) == 8 * TICK


def test_an_event_newer_than_the_tick_is_not_of_the_future() -> None:
    assert as_of(8, 8 * TICK + 30, 8 * TICK + 1) == 8 * TICK + 30


@pytest.mark.parametrize(
    ("tick", "pause", "has_changed", "due"),
    [
        (100, 1, True, False),  # the tick of the last one
        (101, 1, True, True),
        (101, 2, True, False),
        (102, 2, True, True),
        (103, 1, False, False),  # nothing has changed: at whole seconds only
        (104, 1, False, True),
        (104, 5, False, False),  # and not before its pause is over
        (106, 5, False, True),
        (99, 1, False, True),  # a clock that was set back
    ],
)
def test_a_worker_writes_news_at_the_next_tick_after_its_pause_and_nothing_new_by_the_second(
    tick: int, pause: int, has_changed: bool, due: bool
) -> None:
    assert is_due(tick, 100, pause, has_changed=has_changed) is due
