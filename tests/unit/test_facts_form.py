"""The spreadsheet of business facts: every spelling that is one number, and every row that is told to be bad."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.facts_form import TEMPLATE, FormError, read_form
from intake.imports.files import BadRow
from metrics.benchmarks import COMPARED
from metrics.facts import BENCHMARK, FACTS
from stream import events
from tests.happenings import floor_of, snapshot_of
from tests.logs import to_json_line
from tests.oracle.instants import instant

NOW = instant("2026-11-03T09:00:00Z")
HEADER = "fact,queue,start,end,value,unit,reported_by,definition"
GOOD = "customers,,2026-10-01,2026-10-31,1200,,,"


def read(text: str | bytes, **how: Any) -> list[Any]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(read_form(data, now=NOW, source="books", **how))


def value_of(written: str, delimiter: str = ";", **how: Any) -> Any:
    row = delimiter.join(["cost", "2026-10-01", "2026-10-31", f'"{written}"'])
    (found,) = read(delimiter.join(["fact", "start", "end", "value"]) + "\n" + row, **how)
    return found if isinstance(found, BadRow) else found["data"]["value"]


def test_the_template_is_a_good_file_with_every_fact_and_every_benchmark() -> None:
    found = read(TEMPLATE)
    assert not [row for row in found if isinstance(row, BadRow)]
    assert {event["data"]["fact"] for event in found} == {*FACTS, *(BENCHMARK + kpi for kpi in COMPARED)}
    assert all(isinstance(events.decode(to_json_line(event)), tuple) for event in found)
    slow = snapshot_of(floor_of(found), NOW)["slow"]
    refused = [row["refused"] for kpi, rows in slow.items() if kpi.startswith(BENCHMARK) for row in rows]
    assert refused == [None] * len(COMPARED)


def test_a_row_is_one_event_of_the_contract() -> None:
    (event,) = read(f"{HEADER}\nstaffed_hours,billing,2026-10-01,2026-10-02,37.5,h,rota,shifts\n")
    assert event == {
        "specversion": "1.0",
        "id": f"{NOW}-000002",
        "source": "books",
        "type": "support.business.reported",
        "time": "2026-11-03T09:00:00Z",
        "subject": "fact:staffed_hours:billing:2026-10-01",
        "data": {
            "fact": "staffed_hours",
            "value": 37.5,
            "period": {"start": "2026-10-01", "end": "2026-10-02"},
            "queue": "billing",
            "unit": "h",
            "reported_by": "rota",
            "definition": "shifts",
        },
    }


@pytest.mark.parametrize("queue", ["", " ", "all", "ALL"])
def test_no_queue_is_the_whole_floor(queue: str) -> None:
    (event,) = read(f"{HEADER}\ncost,{queue},2026-10-01,2026-10-31,5,,,")
    assert event["subject"] == "fact:cost:all:2026-10-01"
    assert "queue" not in event["data"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1234", 1234),
        ("1234,5", 1234.5),
        ("1234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1_234_567),
        ("1,234,567", 1_234_567),
        ("1 234 567,25", 1_234_567.25),
        ("1\u202f234", 1234),
        ("12'345.5", 12_345.5),
        ("-12,5", -12.5),
        ("\u22125", -5),
        ("0,125", 0.125),
        ("1234.567", 1234.567),
        ("۱۲۳۴٫۵", 1234.5),  # noqa: RUF001
        ("۱٬۲۳۴", 1234),  # noqa: RUF001
        ("۱٫۲۳۴", 1.234),  # noqa: RUF001
    ],
)
def test_a_number_is_read_as_any_country_writes_it(written: str, value: float) -> None:
    assert value_of(written) == value


@pytest.mark.parametrize(
    ("written", "delimiter", "expected"),
    [
        ("1.234", ";", "could be 1.234 or 1234"),
        ("1,234", ";", "could be 1.234 or 1234"),
        ("12,345", ",", "could be 12.345 or 12345"),
        ("12 34", ";", "a number is expected"),
        ("1,2,3", ";", "a number is expected"),
        ("1.23,4,5", ";", "a number is expected"),
        ("€5", ";", "a number is expected"),
        ("", ";", "a number is expected"),
        ("1e3", ";", "a number is expected"),
        ("inf", ";", "a number is expected"),
        ("nan", ";", "a number is expected"),
        ("9" * 16, ";", "at most 15 digits"),
        ("9" * 400, ";", "at most 15 digits"),
    ],
)
def test_what_is_no_number_or_could_be_two_is_not_read(written: str, delimiter: str, expected: str) -> None:
    found = value_of(written, delimiter)
    assert isinstance(found, BadRow)
    assert (found.row, found.column, found.value) == (2, "value", written)
    assert expected in found.expected


@pytest.mark.parametrize(
    ("decimal", "written", "value"), [(".", "1,234", 1234), (",", "1,234", 1.234), (",", "1.234", 1234)]
)
def test_the_decimal_sign_may_be_named(decimal: str, written: str, value: float) -> None:
    assert value_of(written, decimal=decimal) == value


def test_in_a_file_of_commas_a_point_is_decimal() -> None:
    assert value_of("37.125", ",") == 37.125


@given(st.integers(-(10**12), 10**12), st.sampled_from(".,"))
def test_whatever_is_written_with_a_named_sign_is_read_back(number: int, decimal: str) -> None:
    text = f"{number / 100:,.2f}"
    assert value_of(text if decimal == "." else text.translate({44: 46, 46: 44}), decimal=decimal) == number / 100


def test_a_percentage_has_its_unit_from_the_value() -> None:
    row = 'benchmark.csat_satisfied,,2025-01-01,2025-12-31,"82,5 %",{},,'
    (event,) = read(f"{HEADER}\n{row.format('')}")
    assert (event["data"]["value"], event["data"]["unit"]) == (82.5, "%")
    (bad,) = read(f"{HEADER}\n{row.format('h')}")
    assert (bad.column, bad.expected) == ("unit", "% is expected, as in the value 82,5 %")


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        ("customer,,2026-10-01,2026-10-31,5,,,", "fact", "did you mean 'customers'?"),
        (",,2026-10-01,2026-10-31,5,,,", "fact", "benchmark.<kpi> is expected"),
        ("cost,,01/10/2026,2026-10-31,5,,,", "start", "a day is expected, as in 2026-10-31"),
        ("cost,,1405-07-09,1405-07-10,5,,,", "start", "a day is expected, as in 2026-10-31"),
        ("cost,,2026-10-01,,5,,,", "end", "a day is expected, as in 2026-10-31"),
        ("cost,,2026-10-01,2026-09-30,5,,,", "end", "a day not before 2026-10-01"),
        ("customers,,2026-10-01,2026-10-31,-5,,,", "value", "customers is 0 or more"),
        ("staffed_hours,,2026-10-01,2026-10-31,5,min,,", "unit", "staffed_hours are reported in h"),
        ("cost,,2026-10-01,2026-10-31", "", "has 4 cells: 8 are expected"),
        ("cost,,2026-10-01,2026-10-31,1,2,,,,9", "", "has 10 cells: 8 are expected"),
        (GOOD, "", "reports the same fact, queue and period as row 2"),
        ('cost,"x" y,2026-10-01,2026-10-31,5,,,', "", "is not CSV"),
    ],
)
def test_a_bad_row_is_named_by_row_column_and_what_is_expected(row: str, column: str, expected: str) -> None:
    found = read(f"{HEADER}\n{GOOD}\n\n,,,,,,,\n{row}\ncost,,2026-10-01,2026-10-31,5,,,\n")
    (bad,) = [item for item in found if isinstance(item, BadRow)]
    assert (bad.row, bad.column) == (5, column)
    assert expected in bad.expected
    assert len(found) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty"),
        ("sep=;\n", "the file is empty"),
        ("fact,start,end\n", "lacks value"),
        ("fact,start,end,value,valeu\n", "the column 'valeu'; did you mean 'value'?"),
        ("fact,start,end,value,value\n", "has value more than once"),
        ('"fact,start\n', "lacks fact"),
    ],
)
def test_a_file_without_the_forms_header_is_no_form(text: str, problem: str) -> None:
    with pytest.raises(FormError, match=problem):
        read(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_spreadsheets_csv_is_read(encoding: str, delimiter: str, ending: str) -> None:
    rows = ["Fact,Reported by,Start,End,Value,,", "cost,пошта,2026-10-01,2026-10-31,5,,"]
    (event,) = read(ending.join(row.replace(",", delimiter) for row in rows).encode(encoding))
    assert event["data"]["reported_by"] == "пошта"


def test_the_spreadsheets_own_line_about_the_separator_is_obeyed() -> None:
    (event,) = read("sep=|\nfact|start|end|value\ncost|2026-10-01|2026-10-31|5\n")
    assert event["id"].endswith("-000003")


def test_text_in_another_encoding_is_told() -> None:
    (bad,) = read(f"{HEADER}\ncost,Rückgabe,2026-10-01,2026-10-31,5,,,".encode("latin-1"))
    assert (bad.column, bad.expected) == ("queue", "is not UTF-8: save the file as CSV UTF-8")


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_are_rows_or_no_form(data: bytes) -> None:
    for start in (b"", f"{HEADER}\n".encode()):
        try:
            found = read(start + data)
        except FormError:
            continue
        assert all(isinstance(item, (BadRow, dict)) for item in found)
