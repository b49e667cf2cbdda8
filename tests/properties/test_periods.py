"""Reports over random logs: every number of every period is the oracle's, in any zone, by any length of period."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.calendar_periods import By, history_rules, period_before, periods, report
from metrics.components import Part
from metrics.policies import Rules
from stream.tickets import Tickets
from tests.happenings import created, floor_of, rules_of
from tests.logs import CONFIGURATION_TOML, QUEUES, random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import slow_by_period
from tests.oracle.instants import DAY, HOUR, MINUTE, instant
from tests.oracle.periods import label, periods_of
from tests.oracle.snapshot import snapshot as expected_snapshot
from tests.properties.test_exactness import DOCUMENTS, ENDS, WEEKS, ZONES, Weeks, instants_of
from tests.reports import differences as differences_of_slow
from tests.reports import reports, reports_by_period

BY = st.sampled_from(list(By))


def reported(tickets: Tickets, rules: Rules, now: int, by: By, queue: str | None = None) -> list[dict[str, Any]]:
    parts = [Part(p.floor, is_ready=True, history_since=p.history_since) for p in tickets.partitions.values()]
    since = min(part.history_since for part in parts if part.history_since is not None)
    asked = periods(by, since, now, rules.time_zone)
    before = period_before(by, asked[0], rules.time_zone)
    return report(parts, rules, tickets.vocabulary, now, asked, queue, before=before)


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, BY, st.integers(0, 10_000), st.integers(0, 10_000))
def test_each_number_of_each_period_is_the_oracles(
    weeks: Weeks, document: dict[str, Any], by: By, seed: int, place: int
) -> None:
    log, rules = weeks.log, history_rules(rules_of(document))
    instants = instants_of(log)
    at = instants[-1 - place % (len(instants) // 2)]
    tickets = floor_of(shuffled(log, seed), rules, not_after=at, partitions=1 + seed % 3)
    zone, known = rules.time_zone, [each for each in instants if each <= at]
    windows = periods_of(by, known, zone)
    expected = expected_snapshot(log, at, configuration_of(document), windows)
    kept = {queue for partition in tickets.partitions.values() for queue in partition.floor.entries_by_queue}
    queues = [None, *(queue for queue in QUEUES if queue in expected["queues"] and queue in kept)]
    for queue in queues:
        rows = reported(tickets, rules, at, by, queue)
        scope = expected["all"] if queue is None else expected["queues"][queue]
        found = {row["period"]: row for row in rows}
        wrong = differences({"all": found}, {"all": scope["windows"], "queues": {}})
        assert not wrong, "\n".join(wrong[:20])


@settings(max_examples=60)
@given(
    st.builds(Weeks, st.integers(0, 10_000), st.sampled_from(ENDS), st.sampled_from((9, 40, 75, 230))),
    DOCUMENTS,
    BY,
    st.integers(0, 10_000),
    st.sampled_from((0, HOUR, 3 * DAY)),
)
def test_each_slow_kpi_of_each_period_is_the_oracles(
    weeks: Weeks, document: dict[str, Any], by: By, seed: int, off: int
) -> None:
    rules, end = history_rules(rules_of(document)), instant(weeks.end)
    log = [*weeks.log, *reports_by_period(weeks.seed, end, weeks.days, by), *reports(weeks.seed, end, 30, weeks.days)]
    tickets = floor_of(shuffled(log, seed), rules, not_after=end - off, partitions=1 + seed % 3)
    for queue in (None, *({"billing", "other"} & set(tickets.partitions[0].floor.entries_by_queue))):
        expected = slow_by_period(log, end - off, configuration_of(document), by, queue)
        for row in reported(tickets, rules, end - off, by, queue):
            found, wanted = ({kpi: [of] for kpi, of in each.items()} for each in (row["slow"], expected[row["period"]]))
            for (one,) in wanted.values():
                del one["period"], one["queue"]  # those of the row
            wrong = differences_of_slow(found, wanted)
            assert not wrong, "\n".join([row["period"], *wrong[:20]])


#: Three weeks over a new year, and over each clock change of Havana, whose midnights are skipped and repeated.
SEASONS = ("2025-12-20T00:00:00Z", "2026-02-25T00:00:00Z", "2026-10-20T00:00:00Z")


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("by", list(By))
def test_over_a_new_year_and_each_clock_change_every_number_of_a_period_is_the_oracles(by: By, season: str) -> None:
    document = tomllib.loads(CONFIGURATION_TOML) | {"floor": {"time_zone": "America/Havana"}}
    document["time"]["live_since"] = "2026-01-03T00:00:00Z"
    document["sla"][0]["from"] = "2026-02-01T00:00:00Z"
    log = random_log(len(season) + int(season[6]), 60, instant(season), 20 * DAY)
    at = max(instants_of(log))
    rules = history_rules(rules_of(document))
    windows = periods_of(by, instants_of(log), rules.time_zone)
    expected = expected_snapshot(log, at, configuration_of(document), windows)["all"]["windows"]
    rows = reported(floor_of(shuffled(log, 1), rules, partitions=3), rules, at, by)
    assert len(rows) >= len(windows) > (by is not By.QUARTER or season.startswith("2025"))
    wrong = differences({"all": {row["period"]: row for row in rows}}, {"all": expected, "queues": {}})
    assert not wrong, "\n".join(wrong[:20])


@given(st.sampled_from(ZONES), BY, st.integers(0, 8 * 365), st.integers(0, 400), st.integers(0, DAY))
def test_periods_tile_time_and_each_holds_what_its_name_says(zone: str, by: By, day: int, days: int, off: int) -> None:
    first = instant("2019-01-01T00:00:00Z") + day * DAY + off
    last = first + days * DAY
    found = periods(by, first, last, zone)
    assert found[0].start <= first < found[0].end
    assert found[-1].start <= last < found[-1].end
    assert [one.end for one in found[:-1]] == [other.start for other in found[1:]]
    for one in found:
        inside = (one.start, one.end - 1, (one.start + one.end) // 2)
        assert {label(by, at, zone) for at in inside} == {one.name}
        assert label(by, one.end, zone) != one.name != label(by, one.start - 1, zone)


def test_a_date_that_a_zone_left_out_is_no_period() -> None:
    first, last = instant("2011-12-29T12:00:00Z"), instant("2012-01-01T12:00:00Z")
    names = [one.name for one in periods(By.DAY, first, last, "Pacific/Apia")]
    assert names == ["2011-12-29", "2011-12-31", "2012-01-01", "2012-01-02"]


def test_a_period_names_the_days_of_the_wall_calendar_also_where_its_zone_left_its_last_one_out() -> None:
    at = instant("1994-12-15T12:00:00Z")
    (month,) = periods(By.MONTH, at, at, "Pacific/Kiritimati")  # which had no 31st
    assert month.days == ("1994-12-01", "1994-12-31")
    assert label("month", month.end, "Pacific/Kiritimati") == "1995-01"
    (week,) = periods(By.WEEK, at, at, "UTC")
    assert week.days == ("1994-12-12", "1994-12-18")


def test_a_day_is_partial_until_its_last_nanosecond_and_where_history_begins_in_it() -> None:
    start = instant("2026-03-10T00:00:00Z")
    rules = history_rules(Rules())
    tickets = floor_of([created(start), created(start + 25 * HOUR, "T2")], rules)
    for now, partial in ((start + 2 * DAY - 2, [True, True]), (start + 2 * DAY - 1, [True, False])):
        assert [row["partial"] for row in reported(tickets, rules, now, By.DAY)] == partial
    earlier = floor_of([created(start - 1), created(start + HOUR, "T2")], rules)
    rows = reported(earlier, rules, start + DAY - 1, By.DAY)
    assert [(row["period"], row["partial"]) for row in rows] == [("2026-03-09", True), ("2026-03-10", False)]


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"])
def test_midnights_at_odd_minutes_divide_days_exactly_over_years(zone: str) -> None:
    rules = history_rules(rules_of({"floor": {"time_zone": zone}}))
    days = periods(By.DAY, instant("2022-01-01T12:00:00Z"), instant("2026-01-01T12:00:00Z"), zone)[::37]
    instants = [day.start + off for day in days for off in (-1, 0, MINUTE)]
    tickets = floor_of([created(at, f"T{at}") for at in instants], rules)
    rows = {row["period"]: row["created"] for row in reported(tickets, rules, max(instants), By.DAY)}
    assert {day.name: rows[day.name] for day in days} == {day.name: 2 for day in days}
    assert sum(rows.values()) == len(instants)
