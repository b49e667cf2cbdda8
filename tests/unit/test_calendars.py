from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from metrics.calendars import Calendar, Span, Version
from metrics.instants import DAY, EARLIEST, HOUR, LATEST, MINUTE, SECOND, parse_instant

CLOSED: tuple[tuple[int, int], ...] = ()
NINE_TO_SIX = ((9 * 60, 18 * 60),)
ALL_DAY = ((0, 24 * 60),)


def at(text: str) -> int:
    return parse_instant(text)


def version(week: Mapping[str, Any], zone: str = "UTC", **rest: Any) -> Version:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return Version(time_zone=zone, week=tuple(week.get(day, CLOSED) for day in days), **rest)


def workdays(hours: tuple[tuple[int, int], ...] = NINE_TO_SIX) -> dict[str, tuple[tuple[int, int], ...]]:
    return dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), hours)


def every_day(hours: tuple[tuple[int, int], ...]) -> dict[str, tuple[tuple[int, int], ...]]:
    return workdays(hours) | {"sat": hours, "sun": hours}


def office(zone: str = "UTC", **rest: Any) -> Calendar:
    return Calendar("office", [version(workdays(), zone, **rest)])


# Minutes of the week from Sunday 00:00 UTC: 3600 is Tuesday 12:00, 4440 Wednesday 02:00, 5040 Wednesday 12:00 ...
SCHEDULE_A = version(
    {"tue": ((720, 1440),), "wed": ((0, 120), (720, 1440)), "thu": ((0, 120),)},
    starts_at=at("2020-01-01T00:00:00Z"),
)
SCHEDULE_B = version(
    {"tue": ((900, 1440),), "wed": ((0, 30), (900, 1440)), "thu": ((0, 30),)},
    starts_at=at("2020-09-30T19:01:25Z"),
)
CREATED, REPLIED = at("2020-09-29T17:01:38Z"), at("2020-09-30T19:01:46Z")


def test_the_worked_case_counts_each_schedule_while_it_is_in_force() -> None:
    # 960.1333 minutes: 17:01:38 to 02:00, 12:00 to 19:01:25, then 21 seconds of the later schedule
    both = Calendar("both", [SCHEDULE_A, SCHEDULE_B])
    assert both.elapsed(CREATED, REPLIED) == (8 * 3600 + 58 * 60 + 22 + 7 * 3600 + 85 + 21) * SECOND
    assert round(both.elapsed(CREATED, REPLIED) / MINUTE, 4) == 960.1333


def test_the_worked_case_with_only_the_last_schedule() -> None:
    last = Calendar("last", [version(dict(zip(("tue", "wed", "thu"), SCHEDULE_B.week[1:4], strict=True)))])
    # 690.1333 minutes: 17:01:38 to 00:30, 15:00 to 19:01:46
    assert last.elapsed(CREATED, REPLIED) == (7 * 3600 + 28 * 60 + 22 + 4 * 3600 + 106) * SECOND
    assert round(last.elapsed(CREATED, REPLIED) / MINUTE, 4) == 690.1333


def test_a_ticket_created_and_answered_out_of_hours_took_no_business_time() -> None:
    assert office().elapsed(at("2026-03-06T18:00:00Z"), at("2026-03-09T09:00:00Z")) == 0


def test_no_time_runs_backwards_or_at_one_instant() -> None:
    noon = at("2026-03-02T12:00:00Z")
    assert office().elapsed(noon, noon) == office().elapsed(noon, noon - HOUR) == 0


def test_hours_begin_with_their_first_nanosecond_and_end_before_their_last_instant() -> None:
    opens, closes = at("2026-03-02T09:00:00Z"), at("2026-03-02T18:00:00Z")
    calendar = office()
    assert [calendar.is_open(edge) for edge in (opens - 1, opens, closes - 1, closes)] == [False, True, True, False]
    assert calendar.elapsed(opens - 1, opens + 1) == 1
    assert calendar.elapsed(closes - 1, closes + 1) == 1
    assert calendar.elapsed(opens - DAY, closes + 1) == 9 * HOUR  # the day before is a Sunday


def test_a_target_is_reached_at_closing_and_passed_at_the_next_opening() -> None:
    friday, closing, monday = at("2026-03-06T17:00:00Z"), at("2026-03-06T18:00:00Z"), at("2026-03-09T09:00:00Z")
    calendar = office()
    assert calendar.reached(friday, HOUR) == closing
    assert calendar.reached(friday, HOUR, past=True) == monday
    assert calendar.reached(friday, HOUR - 1) == calendar.reached(friday, HOUR - 1, past=True) == closing - 1
    assert calendar.reached(friday, HOUR + 1) == calendar.reached(friday, HOUR + 1, past=True) == monday + 1


def test_no_target_at_all_is_reached_at_once_and_passed_at_the_next_opening() -> None:
    saturday, monday = at("2026-03-07T12:00:00Z"), at("2026-03-09T09:00:00Z")
    assert office().reached(saturday, 0) == saturday
    assert office().reached(saturday, 0, past=True) == monday
    assert office().reached(monday, 0) == office().reached(monday, 0, past=True) == monday
    assert office().reached(monday, -1) is None


def test_the_next_opening_is_now_while_open() -> None:
    calendar = office()
    assert calendar.next_opening(at("2026-03-07T00:00:00Z")) == at("2026-03-09T09:00:00Z")
    assert calendar.next_opening(at("2026-03-09T17:59:59.999999999Z")) == at("2026-03-09T17:59:59.999999999Z")
    assert calendar.next_opening(at("2026-03-09T18:00:00Z")) == at("2026-03-10T09:00:00Z")


def test_hours_that_touch_and_days_that_meet_at_midnight_are_one_opening() -> None:
    calendar = Calendar("always", [version(every_day(((0, 720), (720, 1440))))])
    start = at("2026-03-01T05:00:00Z")
    assert list(calendar.spans(start, start + 40 * DAY)) == [Span(start, start + 40 * DAY, True, 0, "open")]
    assert calendar.reached(start, 19 * HOUR, past=True) == at("2026-03-02T00:00:00Z")


def test_open_all_day_is_calendar_time_over_centuries() -> None:
    calendar = Calendar("always", [version(every_day(ALL_DAY), "Europe/Berlin")])
    start, end = at("1970-01-01T00:00:00.000000001Z"), at("2100-12-31T23:59:59.999999999Z")
    assert calendar.elapsed(start, end) == end - start
    assert calendar.reached(start, end - start) == calendar.reached(start, end - start, past=True) == end
    assert calendar.elapsed(EARLIEST, LATEST) == LATEST - EARLIEST
    assert calendar.reached(0, LATEST) == LATEST
    assert calendar.reached(1, LATEST) is None


def test_years_1970_and_2100_have_their_own_weekdays() -> None:
    calendar = office()
    assert calendar.elapsed(at("1970-01-01T00:00:00Z"), at("1971-01-01T00:00:00Z")) == 261 * 9 * HOUR  # from a Thursday
    assert calendar.elapsed(at("2100-01-01T00:00:00Z"), at("2101-01-01T00:00:00Z")) == 261 * 9 * HOUR  # from a Friday
    assert calendar.next_opening(at("2100-02-28T00:00:00Z")) == at("2100-03-01T09:00:00Z")  # no leap year; a Monday


def test_a_leap_day_is_a_day() -> None:
    calendar = office()
    assert calendar.elapsed(at("2024-02-29T00:00:00Z"), at("2024-03-01T00:00:00Z")) == 9 * HOUR
    closed = office(dates={date(2024, 2, 29): CLOSED})
    assert closed.elapsed(at("2024-02-28T00:00:00Z"), at("2024-03-02T00:00:00Z")) == 18 * HOUR


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T00:00:00+01:00", 3),  # 02:00 to 03:00 is skipped
        ("Europe/Berlin", "2026-10-25T00:00:00+02:00", 5),  # 02:00 to 03:00 is repeated
        ("America/New_York", "2026-03-08T00:00:00-05:00", 3),
        ("America/New_York", "2026-11-01T00:00:00-04:00", 5),
        ("Australia/Lord_Howe", "2026-10-04T00:00:00+10:30", 3.5),  # 02:00 to 02:30 is skipped
        ("Australia/Lord_Howe", "2026-04-05T00:00:00+11:00", 4.5),  # 01:30 to 02:00 is repeated
        ("Asia/Tehran", "2022-03-22T01:00:00+04:30", 3),  # the day begins at 01:00
        ("Asia/Tehran", "2022-09-21T00:00:00+04:30", 4),  # its last hour is repeated, not its first
        ("Asia/Beirut", "2022-03-27T01:00:00+03:00", 3),
    ],
)
def test_the_first_four_hours_of_a_day_with_a_clock_change(zone: str, night: str, hours: float) -> None:
    calendar = Calendar("night", [version(every_day(((0, 240),)), zone)])
    assert calendar.elapsed(at(night) - HOUR, at(night) + 12 * HOUR) == hours * HOUR


def test_a_repeated_hour_opens_twice_and_a_skipped_one_not_at_all() -> None:
    calendar = Calendar("night", [version(every_day(((120, 180),)), "Europe/Berlin")])
    autumn, spring = at("2026-10-25T00:00:00Z"), at("2026-03-29T00:00:00Z")
    opened = [(span.start, span.end) for span in calendar.spans(autumn - HOUR, autumn + 6 * HOUR) if span.is_open]
    assert opened == [(autumn, autumn + 2 * HOUR)]
    assert [span.is_open for span in calendar.spans(spring, spring + 12 * HOUR)] == [False]
    half = Calendar("half", [version(every_day(((120, 150),)), "Europe/Berlin")])
    opened = [(span.start, span.end) for span in half.spans(autumn - HOUR, autumn + 6 * HOUR) if span.is_open]
    assert opened == [(autumn, autumn + HOUR // 2), (autumn + HOUR, autumn + HOUR + HOUR // 2)]


def test_the_last_hour_of_a_day_is_repeated_where_clocks_go_back_at_midnight() -> None:
    calendar = Calendar("late", [version({"wed": ((23 * 60, 24 * 60),)}, "Asia/Tehran")])
    assert calendar.elapsed(at("2022-09-21T00:00:00Z"), at("2022-09-23T00:00:00Z")) == 2 * HOUR


def test_a_day_that_a_zone_leaves_out_has_no_hours() -> None:
    # Samoa went from Thursday 2011-12-29 to Saturday 2011-12-31.
    calendar = Calendar("friday", [version({"fri": ALL_DAY}, "Pacific/Apia")])
    assert calendar.elapsed(at("2011-12-25T00:00:00Z"), at("2012-01-03T00:00:00Z")) == 0


def test_own_dates_win_over_public_holidays_and_these_over_the_week() -> None:
    monday, tuesday, wednesday, saturday = (date(2026, 3, day) for day in (2, 3, 4, 7))
    calendar = office(
        dates={monday: ((600, 720),), tuesday: CLOSED, saturday: ((600, 660),)},
        public_holidays=lambda _year: {monday: "Spring", wednesday: "Tulip Day", saturday: "Autumn"},
    )
    week = [
        calendar.elapsed(start, start + DAY) // HOUR
        for start in range(at("2026-03-02T00:00:00Z"), at("2026-03-09T00:00:00Z"), DAY)
    ]
    assert week == [2, 0, 0, 9, 9, 1, 0]


def test_the_year_of_a_public_holiday_is_that_of_the_local_date() -> None:
    asked: list[int] = []

    def holidays(year: int) -> Mapping[date, str]:
        asked.append(year)
        return {date(2027, 1, 1): "New Year"} if year == 2027 else {}

    calendar = Calendar("east", [version(every_day(ALL_DAY), "Pacific/Auckland", public_holidays=holidays)])
    spans = list(calendar.spans(at("2026-12-31T10:00:00Z"), at("2026-12-31T12:00:00Z")))
    assert [(span.end - span.start, span.reason) for span in spans] == [
        (HOUR, "open"),
        (HOUR, "public holiday 2027-01-01 (New Year)"),
    ]
    assert set(asked) == {2026, 2027}


def test_each_span_says_why_it_counts_or_not() -> None:
    first = version(
        workdays(), starts_at=at("2026-03-05T08:00:00Z"), public_holidays=lambda _year: {date(2026, 3, 6): "Tulip Day"}
    )
    second = version(every_day(ALL_DAY), starts_at=at("2026-03-09T10:30:00Z"), dates={date(2026, 3, 10): ((0, 60),)})
    spans = list(Calendar("two", [first, second]).spans(at("2026-03-05T00:00:00Z"), at("2026-03-11T00:00:00Z")))
    assert [(span.is_open, span.version, span.reason) for span in spans] == [
        (False, -1, "before the first version"),
        (False, 0, "closed hours"),
        (True, 0, "open"),
        (False, 0, "closed hours"),
        (False, 0, "public holiday 2026-03-06 (Tulip Day)"),
        (False, 0, "closed weekday"),
        (False, 0, "closed hours"),
        (True, 0, "open"),
        (True, 1, "open"),
        (False, 1, "holiday 2026-03-10"),
    ]
    edges = [span.start for span in spans[1:]]
    assert edges == [span.end for span in spans[:-1]]
    days = ("05T08:00", "05T09:00", "05T18:00", "06T00:00", "07T00:00", "09T00:00", "09T09:00", "09T10:30", "10T01:00")
    assert edges == [at(f"2026-03-{day}:00Z") for day in days]


def test_no_spans_lie_in_no_time() -> None:
    noon = at("2026-03-02T12:00:00Z")
    assert list(office().spans(noon, noon)) == list(office().spans(noon, noon - 1)) == []


def test_versions_are_cut_at_the_very_nanosecond() -> None:
    cut = at("2026-03-02T12:00:00.000000007Z")
    calendar = Calendar(
        "cut", [version(workdays()), version({}, starts_at=cut), version(workdays(), starts_at=cut + 5)]
    )
    assert calendar.elapsed(cut - 10, cut + 10) == 15
    assert [calendar.is_open(cut + by) for by in (-1, 0, 4, 5)] == [True, False, False, True]
    assert calendar.reached(cut - 10, 10) == cut
    assert calendar.reached(cut - 10, 10, past=True) == cut + 5


def test_before_its_first_version_a_calendar_is_closed() -> None:
    calendar = office(starts_at=at("2026-03-03T10:00:00Z"))
    assert calendar.elapsed(at("2020-01-01T00:00:00Z"), at("2026-03-03T11:00:00Z")) == HOUR
    assert calendar.reached(at("1970-01-01T00:00:00Z"), 1) == at("2026-03-03T10:00:00.000000001Z")
    assert calendar.next_opening(EARLIEST) == at("2026-03-03T10:00:00Z")


def test_a_version_may_change_the_zone() -> None:
    moved = version(workdays(), "Europe/Istanbul", starts_at=at("2026-03-03T00:00:00Z"))
    calendar = Calendar("moved", [version(workdays(), "America/New_York"), moved])
    assert calendar.next_opening(at("2026-03-02T00:00:00Z")) == at("2026-03-02T14:00:00Z")
    assert calendar.next_opening(at("2026-03-02T23:00:00Z")) == at("2026-03-03T06:00:00Z")


def test_what_never_opens_again_is_never_reached() -> None:
    calendar = Calendar("ended", [version(workdays()), version({}, starts_at=at("2026-03-02T12:00:00Z"))])
    start = at("2026-03-02T09:00:00Z")
    assert calendar.reached(start, 3 * HOUR) == at("2026-03-02T12:00:00Z")
    assert calendar.reached(start, 3 * HOUR, past=True) is None
    assert calendar.reached(start, 3 * HOUR + 1) is None
    assert calendar.next_opening(at("2026-03-02T12:00:00Z")) is None


def test_more_is_asked_than_is_remembered_and_the_answers_stay() -> None:
    calendar = office()
    starts = range(at("1960-01-04T00:00:00Z"), at("2040-01-02T00:00:00Z"), 70 * DAY)  # Mondays, ten weeks apart
    for _ in range(2):
        assert {calendar.elapsed(start, start + 70 * DAY) for start in starts} == {50 * 9 * HOUR}
        assert {calendar.reached(start, 450 * HOUR, past=True) - start for start in starts} == {70 * DAY + 9 * HOUR}  # type: ignore[operator] # never None


def test_so_much_open_time_ago_is_before_the_night_until_that_much_of_the_day_is_over() -> None:
    office = Calendar("office", [version(workdays())])
    quarter = 15 * MINUTE
    assert office.since(at("2026-01-06T12:00:00Z"), quarter) == at("2026-01-06T11:45:00Z")
    assert office.since(at("2026-01-06T09:10:00Z"), quarter) == at("2026-01-05T17:55:00Z")
    assert office.since(at("2026-01-06T09:15:00Z"), quarter) == at("2026-01-05T18:00:00Z")
    assert office.since(at("2026-01-06T09:15:00Z") + 1, quarter) == at("2026-01-06T09:00:00Z") + 1
    assert office.since(at("2026-01-05T09:00:00Z"), 9 * HOUR) == at("2026-01-01T18:00:00Z")
    assert office.since(at("2026-01-05T03:00:00Z"), 0) == at("2026-01-02T18:00:00Z")


def test_years_of_open_time_ago_are_found() -> None:
    always = Calendar("always", [version(every_day(ALL_DAY))])
    end = at("2026-01-05T00:00:00Z")
    assert always.since(end, 40_000 * DAY) == end - 40_000 * DAY


def test_more_than_was_ever_open_before_is_at_no_time() -> None:
    office = Calendar("office", [version(workdays(), starts_at=at("2026-01-05T12:00:00Z"))])
    assert office.since(at("2026-01-05T12:30:00Z"), 30 * MINUTE) is None
    assert office.since(at("2026-01-05T12:30:00Z"), 30 * MINUTE - 1) == at("2026-01-05T12:00:00Z") + 1
