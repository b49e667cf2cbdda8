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
