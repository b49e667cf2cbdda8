"""Slow KPIs by figures worked out by hand, and the reasons where there is no value."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics import names
from metrics.benchmarks import COMPARED
from metrics.cell_tables import counts_of, tables_of
from metrics.facts import FACTS, PERIODS_KEPT
from metrics.floor import PartitionFloor
from metrics.measures import Measure, Vocabulary
from metrics.policies import Labels, Rules
from metrics.slow import KPIS, PERIODS_SHOWN
from metrics.slow_series import slow_families
from stream import events
from stream.records import Reason
from tests.contributions import given
from tests.happenings import Happening, created, floor_of, happening, snapshot_of
from tests.logs import to_json_line
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant

OCTOBER = ("2026-10-01", "2026-10-31")
NOW = instant("2026-11-03T09:00:00Z")
REPORTED = NOW - DAY
BEFORE = created(instant("2026-09-20T00:00:00Z"), "long-ago")  # so that history begins before October


def report(
    fact: str, value: float, days: tuple[str, str] = OCTOBER, at: int = REPORTED, subject: str = "", **data: Any
) -> Happening:
    period = {"start": days[0], "end": days[1]}
    name = subject or f"fact:{fact}:{data.get('queue', 'all')}:{days[0]}"
    return happening(
        "business.reported", at, name, name=f"{fact} {value} {at}", fact=fact, value=value, period=period, **data
    )


def slow_of(*log: Happening, rules: Rules | None = None, now: int = NOW) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = snapshot_of(floor_of(log, rules), now)["slow"]
    return found


def only(kpi: str, *log: Happening, rules: Rules | None = None) -> dict[str, Any]:
    (row,) = slow_of(*log, rules=rules)[kpi]
    return row


# -------------------------------------------------------------------------------------------------- facts alone


@pytest.mark.parametrize(
    ("start", "end", "new", "value", "flag"),
    [
        (100, 105, 20, 85, None),  # of 100 customers 85 stayed, 20 came
        (1000, 1000, 0, 100, None),
        (50, 70, 5, 130, "over 100 %"),
        (100, 10, 30, -20, "below 0 %"),
    ],
)
def test_customer_retention_is_who_was_there_and_stayed(
    start: int, end: int, new: int, value: float, flag: str | None
) -> None:
    facts = {"customers_start": start, "customers_end": end, "customers_new": new}
    row = only("customer_retention", *(report(fact, number) for fact, number in facts.items()))
    assert row == {
        "period": {"start": "2026-10-01", "end": "2026-10-31"},
        "queue": None,
        "value": value,
        "unit": "%",
        "as_of": "2026-11-02T09:00:00Z",
        "facts": facts,
        "flag": flag,
        "reason": None,
    }


def test_no_customer_at_the_start_is_no_retention_and_not_zero() -> None:
    facts = [report("customers_start", 0), report("customers_end", 5), report("customers_new", 5)]
    row = only("customer_retention", *facts)
    assert (row["value"], row["reason"]) == (None, "there was no customer at the start")


def test_turnover_is_of_the_mean_of_both_ends_and_retention_of_the_start() -> None:
    found = slow_of(
        report("employees_start", 40), report("employees_end", 60), report("separations", 5), report("stayed", 36)
    )
    assert found["employee_turnover"][0]["value"] == 10
    assert found["employee_retention"][0]["value"] == 90


def test_cash_flow_is_in_less_out_and_only_of_one_currency() -> None:
    inflow, outflow = report("inflow", 1250.5, unit="EUR"), report("outflow", 2000, unit="EUR")
    row = only("cash_flow", inflow, outflow)
    assert (row["value"], row["unit"]) == (-749.5, "EUR")
    row = only("cash_flow", inflow, report("outflow", 2000, unit="USD"))
    assert (row["value"], row["reason"]) == (None, "units differ: EUR, USD")


def test_missing_facts_are_named_and_other_periods_do_not_stand_in() -> None:
    ends, start = report("customers_end", 5), report("customers_start", 4, ("2026-10-01", "2026-10-01"))
    month, day = slow_of(ends, start)["customer_retention"]
    assert (month["value"], month["reason"]) == (None, "not reported: customers_start, customers_new")
    assert (day["value"], day["reason"]) == (None, "not reported: customers_end, customers_new")


def test_a_correction_counts_from_whichever_subject_and_partition_it_came() -> None:
    first, second = report("inflow", 10), report("outflow", 4)
    corrected = report("outflow", 5, at=REPORTED + HOUR, subject="another", reported_by="auditor")
    for log in ([first, second, corrected], [corrected, second, first]):
        tickets = floor_of(log, partitions=7)
        (row,) = snapshot_of(tickets, NOW)["slow"]["cash_flow"]
        assert (row["value"], row["as_of"]) == (5, "2026-11-02T10:00:00Z")


def test_the_latest_periods_come_first_and_are_bounded() -> None:
    days = [(f"2026-09-{day:02d}", f"2026-09-{day:02d}") for day in range(1, 31)]
    random.Random(3).shuffle(days)
    log = [report(fact, 1, day, queue="billing") for day in days for fact in ("inflow", "outflow")]
    rows = slow_of(*log, report("inflow", 2, days[0]), now=NOW)["cash_flow"]
    billing = [row["period"]["end"] for row in rows if row["queue"] == "billing"]
    assert billing == [f"2026-09-{day}" for day in range(30, 30 - PERIODS_SHOWN, -1)]
    assert len(rows) == PERIODS_SHOWN + 1


def test_of_many_periods_the_latest_are_kept_at_hand() -> None:
    first = date(2025, 1, 1)
    days = [(first + timedelta(days=number)).isoformat() for number in range(PERIODS_KEPT + 5)]
    found = floor_of([report("customers", 1, (day, day)) for day in days]).partitions[0].floor.facts.latest().reports
    assert [one.start for one in found] == days[:4:-1]


# ------------------------------------------------------------------------------------------- beside tickets


def ticket(
    name: str, opened: int, *, replied: int = 0, resolved: tuple[int, ...] = (), queue: str = "billing"
) -> list[Happening]:
    log = [created(opened, name, queue=queue)]
    if replied:
        log.append(happening("ticket.replied", replied, name, agent="sara"))
    for turn, at in enumerate(resolved):
        log += [happening("ticket.reopened", at - MINUTE, name)] * (turn > 0)
        log.append(happening("ticket.resolved", at, name))
    return log


def test_efficiency_counts_resolves_and_cost_counts_tickets() -> None:
    at = instant("2026-10-05T10:00:00Z")
    log = [BEFORE, *ticket("a", at, replied=at + HOUR, resolved=(at + 2 * HOUR, at + 9 * HOUR))]
    log += [*ticket("b", at, resolved=(at + HOUR,)), *ticket("c", at, resolved=(at + HOUR,), queue="returns")]
    found = slow_of(
        *log,
        report("staffed_hours", 10, queue="billing", unit="h"),
        report("staffed_hours", 16),
        report("cost", 300, unit="EUR"),
        report("cost", 300, queue="returns", unit="EUR"),
    )
    floor, billing = found["resolved_per_staffed_hour"]
    assert (floor["queue"], floor["count"], floor["value"]) == (None, 4, 0.25)
    assert (billing["queue"], billing["count"], billing["value"]) == ("billing", 3, 0.3)
    assert found["first_replies_per_staffed_hour"][1]["value"] == 0.1
    floor, returns = found["cost_per_resolved"]
    assert (floor["count"], floor["value"], floor["unit"]) == (3, 100, "EUR")
    assert (returns["count"], returns["value"]) == (1, 300)


def test_complaints_are_counted_by_their_latest_kind_and_creation() -> None:
    at = instant("2026-10-05T10:00:00Z")
    log = [BEFORE, *ticket("question", at), created(at, "complaint", kind="complaint")]
    log += [created(at, "became", kind="question"), happening("ticket.updated", NOW, "became", kind="complaint")]
    log += [created(at - 6 * DAY, "september", kind="complaint")]
    row = only("complaints_per_1000_customers", *log, report("customers", 800))
    assert (row["count"], row["value"], row["unit"]) == (2, 2.5, "per 1,000")
    row = only("complaints_per_1000_customers", *log, report("customers", 0))
    assert (row["value"], row["reason"]) == (None, "there was no customer")


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (("2026-11-01", "2026-11-03"), "the period is not over"),
        (("2026-10-01", "2299-12-31"), "the period is not over"),
        (("2026-09-20", "2026-09-30"), None),
        (("2026-09-19", "2026-09-30"), "the period begins before the events known, 2026-09-20T00:00:00Z"),
        (("1900-01-01", "2026-09-30"), "the period begins before the events known, 2026-09-20T00:00:00Z"),
    ],
)
def test_what_cannot_be_counted_whole_has_no_value_but_a_reason(days: tuple[str, str], reason: str | None) -> None:
    row = only("resolved_per_staffed_hour", BEFORE, report("staffed_hours", 10, days))
    assert (row["value"], row["reason"]) == (None if reason else 0, reason)


def test_a_period_beyond_the_retention_has_no_value() -> None:
    log = [created(NOW - 90 * DAY), report("staffed_hours", 8, ("2026-09-02", "2026-09-02"))]
    assert only("resolved_per_staffed_hour", *log)["reason"] == (
        "the period begins more than 61d ago: tickets settled then may be gone"
    )


def test_a_queue_that_is_counted_with_others_has_no_value_of_its_own() -> None:
    rules = Rules(labels=Labels(["billing"], aliases={"payments": "billing"}))
    hours = {"renamed": report("staffed_hours", 4, queue="payments"), "unknown": report("staffed_hours", 9, queue="x")}
    billing, unknown = slow_of(BEFORE, *hours.values(), rules=rules)["resolved_per_staffed_hour"]
    assert (billing["queue"], billing["value"]) == ("billing", 0)
    assert (unknown["queue"], unknown["reason"]) == ("x", "tickets of this queue are counted with others")


def test_no_staffed_hour_is_no_efficiency() -> None:
    row = only("resolved_per_staffed_hour", BEFORE, report("staffed_hours", 0))
    assert (row["value"], row["reason"]) == (None, "no hour was staffed")


# --------------------------------------------------------------------------------------------------- local days

#: A zone, a day a month before NOW, and its length in hours.
ODD_DAYS = [
    ("UTC", "2026-10-01", 24),
    ("Asia/Tehran", "2026-10-01", 24),
    ("Asia/Kathmandu", "2026-10-02", 24),
    ("Pacific/Chatham", "2026-09-27", 23),
    ("Australia/Lord_Howe", "2026-10-04", 23.5),
    ("America/St_Johns", "2026-11-01", 25),
    ("America/Havana", "2026-11-01", 25),
]


@pytest.mark.parametrize(("zone", "day", "hours"), ODD_DAYS)
def test_a_local_day_holds_its_first_and_last_nanosecond_however_long_it_is(zone: str, day: str, hours: float) -> None:
    begin = round(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND
    end = begin + round(hours * HOUR)
    log = [created(begin - 3 * DAY, "long-ago"), report("staffed_hours", 1, (day, day), at=end + 40 * DAY)]
    for name, at in (("no", begin - 1), ("first", begin), ("last", end - 1), ("later", end)):
        log += ticket(name, begin - DAY, resolved=(at,))
    (row,) = slow_of(*log, rules=Rules(time_zone=zone), now=end + 40 * DAY)["resolved_per_staffed_hour"]
    assert row["count"] == 2


@pytest.mark.parametrize("zone", [zone for zone, *_ in ODD_DAYS])
@pytest.mark.parametrize("seed", range(3))
def test_sums_of_local_days_are_what_a_count_gives_in_any_order(zone: str, seed: int) -> None:
    dice, vocabulary = random.Random(seed), Vocabulary()
    floor = PartitionFloor(vocabulary, 62 * DAY, zone)
    first = date(2026, 9, 25)
    begins = [
        round(datetime.combine(first + timedelta(days=n), datetime.min.time(), ZoneInfo(zone)).timestamp()) * SECOND
        for n in range(48)
    ]
    kept: Counter[int] = Counter()
    for _ in range(120):
        at = dice.choice(begins) + dice.choice((-1, 0, 1, MINUTE, -MINUTE, 29 * MINUTE, -31 * MINUTE, 9 * HOUR))
        floor.add(given(vocabulary, [("q", at, Measure.RESOLVED, 0)]), 1)
        kept[at] += 1
        if dice.random() < 0.2:
            gone = dice.choice(list(kept.elements()))
            floor.add(given(vocabulary, [("q", gone, Measure.RESOLVED, 0)]), -1)
            kept[gone] -= 1
        if dice.random() < 0.2:
            start = dice.randrange(47)
            end = dice.randrange(start, 47)
            sums = floor.days.total(first + timedelta(days=start), first + timedelta(days=end))
            found = sum(counts_of(tables_of([sums.sums]), Measure.RESOLVED, None).values())
            assert found == sum(n for at, n in kept.items() if begins[start] <= at < begins[end + 1])


# --------------------------------------------------------------------------------------------------- benchmarks


def answers(day: str, *scores: int, survey: str = "csat") -> list[Happening]:
    at = instant(f"{day}T10:00:00Z")
    return [
        happening("survey.answered", at + n, f"survey:{survey}{day}{n}", survey=survey, score=score)
        for n, score in enumerate(scores)
    ]


def test_a_benchmark_is_compared_over_its_own_period_where_that_is_known() -> None:
    log = [BEFORE, *answers("2026-10-05", 5, 4, 4, 2), *answers("2026-11-01", 1, 1)]
    definition = COMPARED["csat_satisfied"].definition
    fact = report("benchmark.csat_satisfied", 70, unit="%", definition=definition, reported_by="association")
    row = only("benchmark.csat_satisfied", *log, fact)
    assert row["window"] == "period"
    assert row["value"] == pytest.approx(0.05)
    assert (row["benchmark"], row["unit"]) == (pytest.approx(0.7), "ratio")
    assert (row["own"]["n"], row["own"]["value"], row["reported_by"]) == (4, 0.75, "association")
    assert row["own"]["lower95"] < 0.75 < row["own"]["upper95"]


def test_a_benchmark_of_another_time_is_compared_with_the_latest_thirty_days() -> None:
    log = [BEFORE, *answers("2026-10-25", 9, 10, 3, 8, survey="nps")]
    fact = report("benchmark.nps", 40, ("2025-01-01", "2025-12-31"), definition=COMPARED["nps"].definition)
    row = only("benchmark.nps", *log, fact)
    assert (row["window"], row["own"]["value"], row["value"]) == ("30d", 25, -15)
    row = only("benchmark.nps", *log[1:], fact)
    assert (row["value"], row["own"], row["reason"][:28]) == (None, None, "the period begins before the")


def test_the_median_of_first_replies_is_compared_in_seconds() -> None:
    at = instant("2026-10-05T10:00:00Z")
    log = [BEFORE, *ticket("a", at, replied=at + HOUR)]
    definition = f"first_response_p50: {COMPARED['first_response_p50'].definition}"
    row = only(
        "benchmark.first_response_p50",
        *log,
        report("benchmark.first_response_p50", 30, unit="min", definition=definition),
    )
    assert row["own"]["value"] == pytest.approx(3600, rel=0.01)
    assert row["value"] == pytest.approx(1800, rel=0.03)
    assert (row["benchmark"], row["unit"]) == (1800, "s")


@pytest.mark.parametrize(
    ("kpi", "value", "data", "refused"),
    [
        ("csat_satisfied", 0.8, {}, "definitions differ: '' is not 'top-2-box of 1-5'"),
        (
            "csat_satisfied",
            0.8,
            {"definition": "top-3-box of 1-5"},
            "definitions differ: 'top-3-box of 1-5' is not 'top-2-box of 1-5'",
        ),
        ("csat_satisfied", 82, {"definition": "top-2-box of 1-5"}, "82 is not within 0 to 1"),
        ("csat_satisfied", 0.8, {"definition": "top-2-box of 1-5", "unit": "x"}, "units differ: 'x' is none of ratio,"),
        ("happiness", 1, {}, "happiness is not compared; these are: csat_satisfied, nps, first_response_p50"),
    ],
)
def test_what_is_not_the_same_is_not_compared(kpi: str, value: float, data: dict[str, Any], refused: str) -> None:
    found = slow_of(BEFORE, *answers("2026-10-05", 5), report(f"benchmark.{kpi}", value, **data))
    (row,) = found[f"benchmark.{kpi if kpi in COMPARED else 'other'}"]
    assert row["refused"].startswith(refused)
    assert (row["value"], row["own"], row["unit"]) == (None, None, None)


# ------------------------------------------------------------------------------------------------------ series


def test_the_latest_period_that_has_a_value_is_exported_with_when_it_was_reported() -> None:
    log = [BEFORE, report("inflow", 9), report("outflow", 4, at=REPORTED + HOUR)]
    log += [report("inflow", 1, ("2026-11-01", "2026-11-30")), report("stayed", 1)]  # neither has its other fact
    log += [report(fact, 5, queue="billing") for fact in ("inflow", "outflow", "staffed_hours")]
    log += [report("staffed_hours", 5, queue="unseen")]
    log += [*answers("2026-10-05", 5), report("benchmark.csat_satisfied", 0.7, definition="top-2-box of 1-5")]
    found = {metric: dict(rows) for metric, rows in slow_families({"slow": slow_of(*log)}, ["billing"])}
    values = {
        ("cash_flow", ""): 5,
        ("resolved_per_staffed_hour", "billing"): 0,
        ("benchmark.csat_satisfied", ""): 1 - 0.7,
    }
    assert found[names.SLOW_KPI] == pytest.approx(values)
    reported = dict.fromkeys(values, REPORTED / SECOND) | {("cash_flow", ""): (REPORTED + HOUR) / SECOND}
    assert found[names.SLOW_KPI_AS_OF] == reported


def test_the_page_of_facts_names_every_fact_kpi_and_definition() -> None:
    page = (Path(__file__).parents[2] / "docs" / "facts.md").read_text(encoding="utf-8")
    definitions = [compared.definition for compared in COMPARED.values()]
    assert [word for word in (*FACTS, *KPIS, *definitions) if f"`{word}`" not in page] == []


# ----------------------------------------------------------------------------------------------- dead letters


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({"fact": "happiness"}, "staffed_hours, customers_start"),
        ({"fact": "benchmark."}, "benchmark.<kpi> is expected"),
        ({"value": -1}, "customers is 0 or more"),
        ({"value": 1e300}, "at most 15 digits"),
        ({"fact": "staffed_hours", "unit": "min"}, "staffed_hours are reported in h"),
        ({"period": {"start": "2026-10-31", "end": "2026-10-01"}}, "a day not before 2026-10-31"),
        ({"period": {"start": "1405-07-09", "end": "1405-07-10"}}, "a day is expected, as in 2026-10-31"),
        ({"period": {"start": "2026-02-30", "end": "2026-03-01"}}, "a day is expected, as in 2026-10-31"),
    ],
)
def test_a_fact_that_cannot_be_right_is_refused_with_what_is_expected(data: dict[str, Any], detail: str) -> None:
    good: dict[str, Any] = {"fact": "customers", "value": 1, "period": {"start": "2026-10-01", "end": "2026-10-31"}}
    refused = events.decode(to_json_line(happening("business.reported", NOW, "fact:x", **(good | data))))
    assert isinstance(refused, events.Refusal)
    assert refused.reason == Reason.BAD_FIELD
    assert detail in refused.detail


@pytest.mark.parametrize("value", ["1e999", "NaN", "-Infinity"])
def test_a_value_that_is_no_finite_number_is_refused(value: str) -> None:
    good = to_json_line(report("customers", 12345)).replace(b'"value":12345', f'"value":{value}'.encode())
    assert value.encode() in good
    assert isinstance(events.decode(good), events.Refusal)
