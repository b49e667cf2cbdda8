"""The oracle's business time and its clocks in open hours, held to figures computed by hand."""

import tomllib
from typing import Any

import pytest

from tests.happenings import Happening, created, happening
from tests.oracle.calendars import Calendar, calendar_of, elapsed, reached
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant, text_of
from tests.oracle.snapshot import snapshot

#: Nine to five in Berlin, Monday to Friday; an hour for the first reply, a working day for the resolution.
BERLIN = """
[calendars.office]
[[calendars.office.versions]]
time_zone = "Europe/Berlin"
week = { mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], \
fri = ["09:00-17:00"] }
[[sla]]
name = "in open hours"
match = { queue = ["billing"] }
first_response = "1h"
next_response = "2h"
resolution = "8h"
calendar = "office"
[[sla]]
name = "at all hours"
first_response = "1h"
"""
#: The worked case: minutes of the week from Sunday, A 3600-4440 and 5040-5880, B 3780-4350 and 5220-5790.
A = 'week = { tue = ["12:00-24:00"], wed = ["00:00-02:00", "12:00-24:00"], thu = ["00:00-02:00"] }'
B = 'week = { tue = ["15:00-24:00"], wed = ["00:00-00:30", "15:00-24:00"], thu = ["00:00-00:30"] }'
FRIDAY = instant("2026-03-13T16:30:00+01:00")  # half an hour before closing
MONDAY = instant("2026-03-16T09:00:00+01:00")


def calendar(*versions: str, floor: str = "UTC") -> Calendar:
    tables = "\n".join(f"[[versions]]\n{version}" for version in versions)
    return calendar_of(tomllib.loads(tables), floor)


def seen(at: int, *events: Happening, text: str = BERLIN) -> Any:
    return snapshot(events, at, configuration_of(tomllib.loads(text)))["all"]


@pytest.mark.parametrize(
    ("versions", "seconds"),
    [
        ([A, f"from = 2020-09-30T19:01:25Z\n{B}"], 960 * 60 + 8),  # 960.1333 minutes
        ([B], 690 * 60 + 8),  # 690.1333 minutes
    ],
)
def test_the_worked_case_counts_each_schedule_while_it_is_in_force(versions: list[str], seconds: int) -> None:
    start, reply = instant("2020-09-29T17:01:38Z"), instant("2020-09-30T19:01:46Z")
    assert elapsed(calendar(*versions), start, reply) == seconds * SECOND
    tables = "\n".join(f"[[calendars.office.versions]]\n{version}" for version in versions)
    text = f'{tables}\n[[sla]]\nname = "all"\ncalendar = "office"\nfirst_response = "16h"'
    scope = seen(reply, created(start), happening("ticket.replied", reply), text=text)
    figures = scope["windows"]["1h"]["first_response_business"]
    # 16 hours are 8 seconds less than the first of the two, and far more than the second
    met = seconds < 16 * 3600
    assert [figures[name] for name in ("count", "mean", "p50", "p90")] == [1, seconds, seconds, seconds]
    assert [figures[name] for name in ("met", "breached", "in_sla_ratio")] == [met, not met, met]


@pytest.mark.parametrize(
    ("zone", "start", "week", "open_minutes"),
    [
        # at 03:00 the clocks of Berlin go back to 02:00: those 60 minutes come twice
        ("Europe/Berlin", "2026-10-24T22:00:00Z", 'sun = ["02:00-03:00"]', [("00:00", 120)]),
        # at 02:00 they go on to 03:00: 02:30 to 03:30 is half an hour
        ("Europe/Berlin", "2026-03-28T23:00:00Z", 'sun = ["02:00-03:00"]', []),
        ("Europe/Berlin", "2026-03-28T23:00:00Z", 'sun = ["02:30-03:30"]', [("01:00", 30)]),
        # of 02:30-03:30 the half before 03:00 comes twice, an hour apart
        ("Europe/Berlin", "2026-10-24T22:00:00Z", 'sun = ["02:30-03:30"]', [("00:30", 30), ("01:30", 60)]),
        # on Lord Howe 02:00 goes back to 01:30 in April (at 15:00 UTC), and on to 02:30 in October (at 15:30)
        ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", 'sun = ["01:00-02:00"]', [("14:00", 90)]),
        ("Australia/Lord_Howe", "2026-10-03T13:30:00Z", 'sun = ["02:00-03:00"]', [("15:30", 30)]),
        # Tehran's day of 22 March 2022 began at 01:00; 21 September had its last hour twice
        ("Asia/Tehran", "2022-03-21T20:30:00Z", 'tue = ["00:00-02:00"]', [("20:30", 60)]),
        ("Asia/Tehran", "2022-09-20T19:30:00Z", 'wed = ["23:00-24:00"]', [("18:30", 120)]),
        # a quarter to an hour is not an hour
        ("Asia/Kathmandu", "2026-03-09T18:15:00Z", 'tue = ["00:00-01:00"]', [("18:15", 60)]),
    ],
)  # fmt: skip
def test_what_the_wall_clock_shows_is_open(
    zone: str, start: str, week: str, open_minutes: list[tuple[str, int]]
) -> None:
    hours = calendar(f"week = {{ {week} }}", floor=zone)
    pieces = list(hours.pieces(instant(start), instant(start) + 25 * HOUR))
    assert [(text_of(opens)[11:16], (closes - opens) // MINUTE) for opens, closes in pieces] == open_minutes


def test_both_ends_of_an_open_time_are_exact_to_the_nanosecond() -> None:
    # 10:00 to 11:00; the instant of closing is closed, and no target is reached before it
    hours = calendar('week = { tue = ["10:00-11:00"] }')
    opens, closes = instant("2026-03-10T10:00:00Z"), instant("2026-03-10T11:00:00Z")
    assert [elapsed(hours, opens - HOUR, at) for at in (opens, opens + 1, closes - 1, closes, closes + DAY)] == [
        *(0, 1, HOUR - 1),
        *(HOUR, HOUR),
    ]
    assert elapsed(hours, opens + 7, opens + 7) == elapsed(hours, closes, opens) == 0
    assert [reached(hours, opens - DAY, target) for target in (0, 1, HOUR, HOUR + 1)] == [
        *(opens - DAY, opens + 1),
        *(closes, opens + 7 * DAY + 1),
    ]


def test_a_version_holds_from_its_very_nanosecond_on_and_none_before_the_first() -> None:
    # closed until 10:00:00.25, then open 10:00-12:00 until 10:30:00.000000007, then open 10:00-10:31
    first, second = instant("2026-03-10T10:00:00.25Z"), instant("2026-03-10T10:30:00.000000007Z")
    hours = calendar(
        f'from = "{text_of(first)}"\nweek = {{ tue = ["10:00-12:00"] }}',
        f'from = "{text_of(second)}"\nweek = {{ tue = ["10:00-10:31"] }}',
    )
    assert list(hours.pieces(first - 9 * DAY, first + DAY)) == [(first, instant("2026-03-10T10:31:00Z"))]
    closing = calendar('week = { tue = ["10:00-12:00"] }', f'from = "{text_of(second)}"\nweek = {{}}')
    assert elapsed(closing, first, first + 30 * DAY) == second - first
    assert reached(closing, first, second - first) == second
    assert reached(closing, first, second - first + 1) is None


def test_a_dates_own_hours_come_before_public_holidays_and_those_before_the_week() -> None:
    # Turkey's 23 April 2026 is a Thursday, its 29 October a Thursday too; 24 and 25 April are Friday and Saturday
    week = 'week = { thu = ["09:00-18:00"], fri = ["09:00-18:00"] }\npublic_holidays = "TR"'
    saturday, thursday = (
        '{ date = "2026-04-25", open = ["10:00-11:00"] }',
        '{ date = 2026-10-29, open = ["09:00-12:00"] }',
    )
    hours = calendar(f'{week}\nholidays = ["2026-04-24", {saturday}, {thursday}]')
    days = ("2026-04-16", "2026-04-23", "2026-04-24", "2026-04-25", "2026-10-29")
    starts = [instant(f"{day}T00:00:00Z") for day in days]
    assert [elapsed(hours, start, start + DAY) // HOUR for start in starts] == [9, 0, 0, 1, 3]


@pytest.mark.parametrize(("place", "open_hours"), [("DE", 8), ("DE-BY", 0)])
def test_a_part_of_a_country_has_public_holidays_of_its_own(place: str, open_hours: int) -> None:
    epiphany = instant("2026-01-06T00:00:00Z")  # a Tuesday
    hours = calendar(f'week = {{ tue = ["09:00-17:00"] }}\npublic_holidays = "{place}"')
    assert elapsed(hours, epiphany, epiphany + DAY) == open_hours * HOUR


@pytest.mark.parametrize(
    ("at", "breaches", "at_risk"),
    [
        (FRIDAY + HOUR, 0, 0),  # closed: half an hour has run, and stays
        (MONDAY - 1, 0, 0),
        (MONDAY + 18 * MINUTE, 0, 0),  # exactly a fifth is left
        (MONDAY + 18 * MINUTE + 1, 0, 1),
        (MONDAY + 30 * MINUTE, 0, 1),
        (MONDAY + 30 * MINUTE + 1, 1, 0),
    ],
)
def test_a_ticket_of_friday_evening_is_due_on_monday_morning(at: int, breaches: int, at_risk: int) -> None:
    due = text_of(MONDAY + 30 * MINUTE)
    assert seen(at, created(FRIDAY))["sla"]["first_response"] == {
        "live_breaches": breaches,
        "at_risk": at_risk,
        "next_due_at": due if at < MONDAY + 30 * MINUTE else None,
        "most_overdue_due_at": due if breaches else None,
        "overdue_ratio": 1 / HOUR if breaches else None,
    }


@pytest.mark.parametrize(("late", "met"), [(0, 1), (1, 0)])
def test_a_reply_is_judged_by_the_due_instant_in_open_hours(late: int, met: int) -> None:
    at = MONDAY + 30 * MINUTE + late
    window = seen(at, created(FRIDAY), happening("ticket.replied", at))["windows"]["1h"]
    assert (window["first_response"]["met"], window["first_response"]["breached"]) == (met, 1 - met)
    assert window["first_response"]["mean"] == pytest.approx(65 * 3600, abs=1e-6)  # less 16:30 to 09:30, 3 days on
    assert window["first_response_business"]["mean"] == pytest.approx(3600, abs=1e-6)
    assert (window["first_response_business"]["met"], window["first_response_business"]["breached"]) == (met, 1 - met)


@pytest.mark.parametrize(("late", "breaches", "at_risk"), [(0, 0, 1), (1, 1, 0), (DAY, 1, 0)])
def test_a_target_that_ends_with_the_day_is_due_at_closing_and_not_at_the_next_opening(
    late: int, breaches: int, at_risk: int
) -> None:
    closing = FRIDAY + 30 * MINUTE
    clock = seen(closing + late, created(closing - HOUR))["sla"]["first_response"]
    assert (clock["live_breaches"], clock["at_risk"], clock["next_due_at"]) == (breaches, at_risk, None)
    assert clock["most_overdue_due_at"] == (text_of(closing) if breaches else None)
    assert clock["overdue_ratio"] == (0 if breaches else None)  # nothing is open before Monday


def test_a_reply_out_of_hours_to_a_ticket_out_of_hours_took_no_time_and_is_counted() -> None:
    saturday = FRIDAY + DAY
    scope = seen(saturday + HOUR, created(saturday), happening("ticket.replied", saturday + HOUR))
    figures = scope["windows"]["24h"]["first_response_business"]
    assert (figures["count"], figures["mean"], figures["p50"], figures["met"]) == (1, 0.0, 0.0, 1)


def test_replies_under_a_policy_without_a_calendar_are_judged_and_not_timed_in_open_hours() -> None:
    # the ticket is the calendar's as of its reply and no more as of now; the other one never is
    reply = FRIDAY + 10 * MINUTE
    scope = seen(
        FRIDAY + 2 * HOUR,
        created(FRIDAY, queue="billing"),
        happening("ticket.replied", reply),
        happening("ticket.updated", reply + 1, queue="returns"),
        created(FRIDAY, "T2", queue="returns"),
        happening("ticket.replied", FRIDAY + 2 * HOUR, "T2"),
    )
    figures = scope["windows"]["24h"]["first_response_business"]
    assert (figures["count"], figures["mean"]) == (1, 600.0)
    assert (figures["met"], figures["breached"], figures["in_sla_ratio"]) == (1, 1, 0.5)


def test_open_hours_are_null_where_no_policy_has_a_calendar_and_empty_where_no_reply_does() -> None:
    text = '[calendars.unused]\nversions = [{ week = { mon = ["09:00-17:00"] } }]\n[[sla]]\nfirst_response = "1h"'
    events = [created(FRIDAY, queue="returns"), happening("ticket.replied", FRIDAY + HOUR)]
    assert seen(FRIDAY + HOUR, *events, text=text)["windows"]["1h"]["first_response_business"] is None
    figures = seen(FRIDAY + HOUR, *events)["windows"]["1h"]["first_response_business"]
    assert (figures["count"], figures["mean"], figures["p50"], figures["met"]) == (0, None, None, 1)


@pytest.mark.parametrize(
    ("paused", "resumed", "due"),
    [
        # created on Monday at 10:00 with 8 hours; what is in brackets has run
        ("16T15:00", "17T10:00", "17T13:00"),  # [10-15], pause, [10-13]
        ("16T17:00", "17T08:00", "17T10:00"),  # [10-17], a night's pause that takes nothing, [9-10]
        ("16T16:30", "18T16:00", "19T09:30"),  # [10-16:30], pause, [16-17], [9-9:30]
        ("16T20:00", "16T21:00", "17T10:00"),  # [10-17], a pause while closed, [9-10]
    ],
)
def test_the_resolution_runs_where_the_ticket_runs_and_the_office_is_open(paused: str, resumed: str, due: str) -> None:
    def local(text: str) -> int:
        return instant(f"2026-03-{text}:00+01:00")

    events = [created(local("16T10:00")), happening("ticket.paused", local(paused))]
    assert seen(local("20T09:00"), *events)["sla"]["resolution"]["next_due_at"] is None
    events += [happening("ticket.resumed", local(resumed)), happening("ticket.replied", local("16T10:30"))]
    for late in (0, 1):
        at = local(due) + late
        running = seen(at, *events)["sla"]["resolution"]
        assert (running["live_breaches"], running["at_risk"]) == (late, 1 - late)
        assert running["most_overdue_due_at"] == (text_of(at - 1) if late else None)
        settled = seen(at, *events, happening("ticket.resolved", at))["windows"]["1h"]["resolution"]
        assert (settled["met"], settled["breached"]) == (1 - late, late)
    assert seen(local(due) - 1, *events)["sla"]["resolution"]["next_due_at"] == text_of(local(due))


def test_a_customers_message_of_friday_evening_is_to_be_answered_in_open_hours() -> None:
    events = [created(FRIDAY - 5 * HOUR), happening("ticket.replied", FRIDAY - 4 * HOUR)]
    events.append(happening("ticket.customer-replied", FRIDAY))
    clock = seen(FRIDAY + DAY, *events)["sla"]["next_response"]
    assert clock["next_due_at"] == text_of(MONDAY + 90 * MINUTE)


def test_a_policy_version_with_another_calendar_holds_for_tickets_created_from_then_on() -> None:
    versions = """
    [calendars.late]
    versions = [{ time_zone = "Europe/Berlin", week = { sat = ["20:00-23:00"] } }]
    [[sla]]
    name = "all"
    from = 2026-03-13T15:30:00Z
    first_response = "1h"
    calendar = "late"
    """
    events = [created(FRIDAY - 1), created(FRIDAY, "T2")]
    clock = seen(FRIDAY + HOUR, *events, text=versions + BERLIN)["sla"]["first_response"]
    assert clock["next_due_at"] == text_of(instant("2026-03-14T21:00:00+01:00"))
    alone = seen(FRIDAY + HOUR, events[0], text=versions + BERLIN)["sla"]["first_response"]
    assert alone["next_due_at"] == text_of(MONDAY + 30 * MINUTE - 1)
