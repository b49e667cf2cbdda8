"""`deskpulse report` as its users type it, over logs in memory: no broker is started for it."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deskpulse.__main__ import main
from metrics.catalogue import ALL
from metrics.kpi import Place
from tests.happenings import created, happening
from tests.logs import random_log, to_json_line
from tests.oracle.instants import DAY, HOUR, instant
from tests.oracle.periods import periods_of
from tests.oracle.snapshot import snapshot as expected_snapshot

#: Null or a table as a whole: no calendar, no expected words, no window before, no number of its own.
NOT_OF_THIS_LOG = ("first_response_business", "brand_expected", "csat_change", "brand")
START = instant("2026-01-30T09:00:00Z")


def report(log: Iterable[dict[str, Any]] | bytes, *words: object, file: str = "-") -> Result:
    text = log if isinstance(log, bytes) else b"".join(map(to_json_line, log))
    return CliRunner().invoke(main, ["report", file, *map(str, words)], input=text)


def rows_of(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.output
    assert done.stderr in ("", "refused: 1 not_json\n")
    found: list[dict[str, Any]] = json.loads(done.stdout)["periods"]
    return found


LOG = [
    created(START),
    happening("ticket.replied", START + HOUR, "T1", agent="sara"),
    created(START + DAY, "T2", queue="returns"),
    happening("ticket.resolved", START + 3 * DAY, "T1"),
    happening("survey.answered", START + 3 * DAY, "T1", survey="csat", score=5),
]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("day", ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]),
        ("week", ["2026-W05", "2026-W06"]),
        ("month", ["2026-01", "2026-02"]),
        ("quarter", ["2026-Q1"]),
    ],
)
def test_periods_follow_the_calendar(by: str, names: list[str]) -> None:
    assert [row["period"] for row in rows_of(report(LOG, "--by", by))] == names


def test_a_file_of_any_ending_gives_what_stdin_gives(tmp_path: Path) -> None:
    log = random_log(5, 20)
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(map(to_json_line, log))))
    assert rows_of(report(b"", "--by", "week", file=str(path))) == rows_of(report(log, "--by", "week"))


def test_csv_has_a_row_a_period_and_what_json_has() -> None:
    log = random_log(3, 40)
    done = report(log, "--by", "week", "--format", "csv")
    assert done.exit_code == 0
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    rows = rows_of(report(log, "--by", "week"))
    assert [row["period"] for row in found] == [row["period"] for row in rows]
    for written, row in zip(found, rows, strict=True):
        assert written["created"] == str(row["created"])
        ratio = row["csat"]["satisfied_ratio"]
        assert written["csat.satisfied_ratio"] == ("" if ratio is None else str(ratio))
        assert written["partial"] == str(row["partial"]).lower()
    instruments = {name for row in rows for name, value in row.items() if isinstance(value, dict) and "mean" in value}
    assert any(name not in row for name in instruments for row in rows), "only some periods have them"
    assert all(f"{name}.mean" in found[0] for name in instruments)


def test_each_queue_is_the_oracles(tmp_path: Path) -> None:
    log = random_log(8, 40)
    config = tmp_path / "deskpulse.toml"
    config.write_text('[floor]\ntime_zone = "Asia/Kathmandu"\n')
    at = max(instant(event["time"]) for event in log)
    windows = periods_of("month", (instant(event["time"]) for event in log), "Asia/Kathmandu")
    expected = expected_snapshot(log, at, windows=windows)
    rows = rows_of(report(log, "--by", "month", "--queue", "billing", "--config", config))
    # the oracle's floor is in UTC, but its windows are given
    wanted = expected["queues"]["billing"]["windows"]
    assert {row["period"]: (row["created"], row["resolution"]["met"]) for row in rows} == {
        name: (window["created"], window["resolution"]["met"]) for name, window in wanted.items()
    }


def test_the_end_of_the_log_can_be_set_and_its_beginning_left_out() -> None:
    assert [row["resolved"] for row in rows_of(report(LOG, "--by", "month", "--now", "2026-02-01T12:00:00Z"))] == [0, 0]
    later = rows_of(report(LOG, "--by", "day", "--from", "2026-02-01T12:00:00Z"))
    assert [(row["period"], row["partial"]) for row in later] == [("2026-02-01", False), ("2026-02-02", True)]


def asked(day: str, satisfied: int, n: int) -> list[dict[str, Any]]:
    """Answers at noon of a day."""
    at = instant(f"{day}T12:00:00Z")
    return [
        happening("survey.answered", at, f"survey:{day}-{number}", survey="csat", score=5 if number < satisfied else 3)
        for number in range(n)
    ]


@pytest.mark.parametrize("words", [(), ("--from", "2026-03-01T00:00:00Z")])
def test_satisfaction_is_compared_with_that_of_the_period_before(words: tuple[str, ...]) -> None:
    # 48 of 80 in February, 56 of 70 in March: Newcombe (1998), table II, 0.0524 to 0.3339; in April nobody answered
    log = [created(START), *asked("2026-02-28", 48, 80), *asked("2026-03-01", 56, 70), *asked("2026-05-03", 1, 1)]
    rows = {row["period"]: row["csat_change"] for row in rows_of(report(log, "--by", "month", *words))}
    march = rows["2026-03"]
    assert march["difference"] == pytest.approx(0.2, abs=1e-15)
    assert (march["lower95"], march["upper95"]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert (march["before_responses"], march["is_change"], march["before_complete"]) == (80, True, True)
    assert (rows["2026-04"]["difference"], rows["2026-04"]["before_responses"]) == (None, 70)
    assert (rows["2026-05"]["difference"], rows["2026-05"]["before_responses"]) == (None, 0)


def test_the_first_period_of_a_log_has_nothing_to_be_compared_with() -> None:
    first, second = rows_of(report(LOG, "--by", "month"))
    for row, complete in ((first, False), (second, False)):
        assert (row["csat_change"]["before_responses"], row["csat_change"]["difference"]) == (0, None)
        assert row["csat_change"]["before_complete"] is complete


def test_a_table_marks_what_is_in_part() -> None:
    done = report(LOG, "--by", "day", "--format", "table")
    assert done.exit_code == 0
    lines = [line for line in done.stdout.splitlines() if "2026-0" in line]
    starred = [line.split()[0] for line in lines if " * " in line]
    assert starred == ["2026-01-30", "2026-02-02"] * 2  # the work, and what customers say
    assert "* in part" in done.stdout
    assert "not enough" in done.stdout


def test_chosen_kpis_are_the_columns() -> None:
    words = ("--by", "month", "--kpi", "csat.mean", "--kpi", "resolved")
    done = report(LOG, *words, "--format", "csv")
    assert done.stdout.splitlines()[0] == "period,start,end,partial,csat.mean,resolved"
    assert re.search(r"month +CSAT mean +resolved", report(LOG, *words, "--format", "table").stdout)


def test_a_kpi_is_asked_for_by_its_name_too() -> None:
    done = report(LOG, "--by", "month", "--kpi", "csat", "--kpi", "first_response_in_sla", "--format", "csv")
    assert done.stdout.splitlines()[0].endswith(",csat.satisfied_ratio,first_response.in_sla_ratio")


def test_every_window_kpi_of_the_catalogue_can_be_asked_for() -> None:
    log = [*LOG, happening("survey.answered", START, "T9", survey="brand", item="fast", score=1)]
    asked = [kpi.name for kpi in ALL if kpi.place is Place.WINDOW and kpi.name not in NOT_OF_THIS_LOG]
    done = report(log, "--by", "month", "--format", "table", *(word for name in asked for word in ("--kpi", name)))
    assert done.exit_code == 0, done.stderr


def test_csv_keeps_the_number_of_too_few_beside_its_word() -> None:
    done = report(LOG, "--by", "quarter", "--kpi", "csat", "--kpi", "csat.sample", "--format", "csv")
    assert done.stdout.splitlines()[1].endswith(",1.0,not_enough")
    (row,) = rows_of(report(LOG, "--by", "quarter"))
    assert (row["first_response"]["sample"], row["first_response"]["sla_sample_now"]) == ("not_enough", "not_enough")


@pytest.mark.parametrize(("width", "tables"), [(40, 5), (90, 2), (140, 1)])
def test_columns_that_do_not_fit_stand_in_a_table_below(
    width: int, tables: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deskpulse.reports.WIDTH", width)
    asked = ("created", "first_response_in_sla", "resolution_in_sla", "escalation", "csat", "conversion")
    done = report(LOG, "--by", "quarter", "--format", "table", *(word for name in asked for word in ("--kpi", name)))
    lines = [line for line in done.stdout.splitlines() if "2026-Q1" in line]
    assert len(lines) == tables
    assert sum(line.count(", not enough") for line in lines) == 5


def test_a_chart_is_written_beside_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "chart.svg"
    done = report(LOG, "--by", "day", "--chart", path, "--kpi", "created")
    assert done.exit_code == 0
    assert path.read_text().count("</circle>") == 4


def test_refused_lines_are_told_by_reason_and_spoil_nothing() -> None:
    text = b"not json\n" + b"".join(map(to_json_line, LOG))
    done = report(text, "--by", "month")
    assert "refused: 1 not_json" in done.stderr
    assert rows_of(done) == rows_of(report(LOG, "--by", "month"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "year"), "'year' is not one of"),
        (("--by", "day", "--queue", "biling"), 'did you mean "billing"'),
        (("--by", "day", "--kpi", "csat.men"), 'did you mean "csat.mean"'),
        (("--by", "day", "--chart", "chart.png"), "FILE.svg is expected"),
        (("--by", "day", "--from", "2027-01-01T00:00:00Z"), "the log ends at 2026-02-02T09:00:00Z"),
    ],
)
def test_wrong_usage_is_told(words: tuple[str, ...], told: str) -> None:
    done = report(LOG, *words)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_log_without_events_that_count_is_told() -> None:
    for log, words in ((b"", ()), (b"{}\n", ()), (LOG, ("--now", "2020-01-01T00:00:00Z"))):
        done = report(log, "--by", "day", *words)
        assert done.exit_code == 1
        assert "has no event that counts" in done.stderr


def test_one_event_of_long_ago_is_no_reason_for_a_table_of_decades() -> None:
    done = report([created(instant("1970-01-01T00:00:00Z"), "T0"), *LOG], "--by", "day")
    assert done.exit_code == 2
    assert "give --from, or a longer --by" in done.stderr
    assert rows_of(report([created(0, "T0"), *LOG], "--by", "quarter"))[-1]["created"] == 2


# -------------------------------------------------------------------------------------------------------- slow KPIs

JANUARY, FEBRUARY = ("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28")
#: Later than both months, from before them: facts are told after the period they are of.
TOLD = instant("2026-03-02T09:00:00Z")
MONTHS = [created(instant("2025-12-31T09:00:00Z"), "T0"), *LOG]


def fact(name: str, value: float, days: tuple[str, str] = FEBRUARY, at: int = TOLD, **data: Any) -> dict[str, Any]:
    period = {"start": days[0], "end": days[1]}
    about = f"fact:{name}:{data.get('queue', 'all')}:{days[0]}"
    return happening(
        "business.reported", at, about, name=f"{about}:{days[1]}:{at}", fact=name, value=value, period=period, **data
    )


def daily(name: str, days: Iterable[int], value: float = 8.0, **data: Any) -> list[dict[str, Any]]:
    """A report for each of some days of February."""
    return [fact(name, value, (f"2026-02-{day:02d}", f"2026-02-{day:02d}"), **data) for day in days]


def slow_of(log: list[dict[str, Any]], *words: object, period: str = "2026-02", by: str = "month") -> dict[str, Any]:
    found: dict[str, Any] = {row["period"]: row["slow"] for row in rows_of(report(log, "--by", by, *words))}[period]
    return found


def test_a_fact_is_of_the_period_that_has_its_days_and_its_latest_report_counts() -> None:
    facts = [fact("customers_start", 100), fact("customers_end", 105), fact("customers_new", 10)]
    log = [*MONTHS, *facts, fact("customers_new", 20, at=TOLD + HOUR)]
    assert slow_of(log) == {
        "customer_retention": {
            "value": 85.0, "unit": "%", "as_of": "2026-03-02T10:00:00Z", "flag": None, "reason": None, "summed": {},
            "facts": {"customers_start": 100.0, "customers_end": 105.0, "customers_new": 20.0},
        }
    }  # fmt: skip
    assert slow_of(log, "--now", "2026-03-02T09:30:00Z")["customer_retention"]["value"] == 95.0
    for period, by in (("2026-01", "month"), ("2026-Q1", "quarter"), ("2026-02-28", "day"), ("2026-W09", "week")):
        assert slow_of(log, period=period, by=by) == {}


def test_daily_hours_add_up_to_those_of_a_month_beside_what_tickets_did_in_it() -> None:
    hours = [*daily("staffed_hours", range(1, 15), 0.1, unit="h"), *daily("staffed_hours", range(15, 29), 0.1)]
    hours[0]["data"]["unit"] = "hours"
    found = slow_of([*MONTHS, *hours])
    assert set(found) == {"resolved_per_staffed_hour", "first_replies_per_staffed_hour"}
    resolved = found["resolved_per_staffed_hour"]
    assert (resolved["facts"], resolved["summed"]) == ({"staffed_hours": 2.8}, {"staffed_hours": 28})  # in decimals
    assert resolved["count"] == 1
    assert resolved["value"] == pytest.approx(1 / 2.8)
    assert found["first_replies_per_staffed_hour"]["count"] == 0  # the reply was in January
    exactly = slow_of([*MONTHS, *hours, fact("staffed_hours", 100)])["resolved_per_staffed_hour"]
    assert (exactly["facts"], exactly["summed"]) == ({"staffed_hours": 100.0}, {})


FIRST_HALF, SECOND_HALF = ("2026-02-01", "2026-02-14"), ("2026-02-15", "2026-02-28")


@pytest.mark.parametrize(
    "parts",
    [
        daily("cost", range(1, 28)),
        daily("cost", range(2, 29)),
        [*daily("cost", range(1, 29)), fact("cost", 5, FIRST_HALF)],
        [fact("cost", 5, ("2026-01-31", "2026-02-14")), fact("cost", 5, SECOND_HALF)],
        [fact("cost", 5, FIRST_HALF), fact("cost", 5, ("2026-02-15", "2026-03-01"))],
        [fact("cost", 5, FIRST_HALF, unit="EUR"), fact("cost", 5, SECOND_HALF, unit="USD")],
        [fact("cost", 5, FIRST_HALF), fact("cost", 5, SECOND_HALF, queue="billing")],
        daily("customers", range(1, 29)),
    ],
    ids=["last day missing", "first day missing", "a day twice", "before", "beyond", "units", "queues", "a stock"],
)
def test_what_does_not_cover_each_day_once_in_one_unit_is_no_sum(parts: list[dict[str, Any]]) -> None:
    assert slow_of([*MONTHS, *parts]) == {}


def test_halves_add_up_whatever_reaches_beyond_the_month() -> None:
    beyond = fact("cost", 1000, ("2026-02-20", "2026-03-20"), unit="EUR")
    halves = [fact("cost", 5, FIRST_HALF, unit="EUR"), fact("cost", 7, SECOND_HALF, at=TOLD + HOUR)]
    found = slow_of([*MONTHS, beyond, *halves])["cost_per_resolved"]
    assert (found["value"], found["unit"], found["as_of"]) == (12.0, "EUR", "2026-03-02T10:00:00Z")


def test_a_queue_has_its_own_facts_and_the_floor_those_of_no_queue() -> None:
    log = [*MONTHS, fact("cost", 30, queue="billing"), fact("cost", 50, JANUARY)]
    log.append(happening("ticket.resolved", START + 2 * HOUR, "T0"))
    assert slow_of(log, "--queue", "billing")["cost_per_resolved"]["value"] == 30.0
    assert slow_of(log, "--queue", "billing", period="2026-01") == slow_of(log) == {}
    assert slow_of(log, period="2026-01")["cost_per_resolved"]["value"] == 50.0


def test_more_periods_are_known_than_a_worker_keeps() -> None:
    days = [f"2026-{month:02d}-{day:02d}" for month in range(1, 7) for day in range(1, 29)]
    log = [*MONTHS, *(fact("employees_start", 5, (day, day), at=TOLD + 120 * DAY) for day in days)]
    rows = rows_of(report(log, "--by", "day"))
    assert sum("employee_turnover" in row["slow"] for row in rows) == len(days)


SLOW_LOG = [
    *MONTHS,
    *[fact(name, value) for name, value in (("customers_start", 10), ("customers_end", 30), ("customers_new", 2))],
    fact("inflow", 1250.5, unit="EUR"),
    fact("outflow", 250, unit="EUR"),
    fact("cost", 9.5, ("2026-03-01", "2026-03-31")),
]


def test_slow_kpis_stand_in_a_table_of_their_own_with_what_their_marks_and_gaps_mean() -> None:
    lines = report(SLOW_LOG, "--by", "month", "--format", "table").stdout.splitlines()
    assert [line.split() for line in lines if "EUR" in line] == [["2026-02", "280.0%", "!", "1,000.50", "EUR", "-"]]
    assert "! over 100 %: the facts do not fit each other" in lines
    assert "no cost per resolved of 2026-03: the period is not over" in lines
    assert "cash flow" not in report(MONTHS, "--by", "month", "--format", "table").stdout


def test_csv_has_value_unit_and_instant_of_each_slow_kpi_that_any_period_has() -> None:
    found = list(csv.DictReader(io.StringIO(report(SLOW_LOG, "--by", "month", "--format", "csv").stdout)))
    names = ("customer_retention", "cash_flow", "cost_per_resolved")
    ends = ("value", "unit", "as_of")
    assert [name for name in found[0] if name.startswith("slow")] == [
        f"slow.{one}.{end}" for one in names for end in ends
    ]
    told = [[row["period"], *(row[f"slow.cash_flow.{end}"] for end in ends)] for row in found]
    assert told[2] == ["2026-02", "1000.5", "EUR", "2026-03-02T09:00:00Z"]
    assert told[1] == ["2026-01", "", "", ""]
    assert "slow" not in report(MONTHS, "--by", "month", "--format", "csv").stdout


def test_a_slow_kpi_is_asked_for_by_its_name_and_drawn(tmp_path: Path) -> None:
    words = ("--kpi", "customer_retention", "--kpi", "created", "--format", "csv", "--chart", tmp_path / "chart.svg")
    done = report(SLOW_LOG, "--by", "month", *words)
    assert done.stdout.splitlines()[0] == "period,start,end,partial,slow.customer_retention.value,created"
    assert done.stdout.splitlines()[3].endswith(",280.0,0")
    assert "2026-02: 280.0%" in (tmp_path / "chart.svg").read_text()
    unknown = report(SLOW_LOG, "--by", "month", "--kpi", "employee_turnover")
    assert unknown.exit_code == 2
    assert "no fact of it is known of any of these periods" in unknown.stderr
