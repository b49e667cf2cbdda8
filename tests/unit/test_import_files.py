from pathlib import Path

import pytest

from tests.exports import HEADER, LOG, TICKETS, imported, lines


def test_a_bad_row_is_named_by_row_column_value_and_expectation_and_changes_nothing_else(tmp_path: Path) -> None:
    good = ["1,2026-01-01 10:00,New,a,x", "1,2026-01-01 10:09,Solved,a,x"]
    bad = [
        "1,2026-01-32 10:00,Solved,b,y",
        ",2026-01-01 10:00,Solved,b,y",
        "1,2026-01-01 10:00,Solved,b",
        "1,,Solved,b,y",
        "survey:1,2026-01-01 10:00,Solved,b,y",
        "1,1500-01-01 10:00,Solved,b,y",
        '1,2026-01-01 10:00,"Sol"ved,b,y',
    ]
    outcome = imported(tmp_path, LOG, lines(good[0], *bad, good[1]))
    alone = imported(tmp_path, LOG, lines(*good))
    assert [(e["type"], e["time"], e["data"]) for e in outcome.events] == [
        (e["type"], e["time"], e["data"]) for e in alone.events
    ]
    assert outcome.notes == alone.notes
    assert [str(row) for row in outcome.bad] == [
        "row 3, column changed: '2026-01-32 10:00': a time as '%Y-%m-%d %H:%M' is expected",
        "row 4, column id: '': a ticket id is expected",
        "row 5: has 4 cells: 5 are expected, as in the header",
        "row 6, column changed: '': the time of the row is expected",
        "row 7, column id: 'survey:1': a ticket id that begins with neither survey: nor fact: is expected",
        "row 8, column changed: '1500-01-01 10:00': a time as '%Y-%m-%d %H:%M' is expected",
        "row 9: is not CSV as the map describes it: ',' expected after '\"'",
    ]


def test_a_ticket_whose_first_row_is_bad_is_created_by_its_next(tmp_path: Path) -> None:
    rows = ["1,,,", "1,2026-01-01 10:00,,"]
    outcome = imported(tmp_path, TICKETS, lines(*rows, header="id,created,replied,solved"))
    assert outcome.short() == [("1", "ticket.created")]
    assert [str(row) for row in outcome.bad] == ["row 2, column created: '': the time of creation is expected"]


def test_text_in_another_encoding_is_a_bad_row_and_a_long_value_is_cut_in_the_message(tmp_path: Path) -> None:
    csv_text = lines("1,2026-01-01 10:00,New,K?ln,", f"2,{'9' * 200},New,a,").encode().replace(b"?", b"\xf6")
    outcome = imported(tmp_path, LOG, csv_text)
    assert [str(row) for row in outcome.bad] == [
        "row 2, column group: 'K\\\\xf6ln': text in utf-8 is expected",
        f"row 3, column changed: '{'9' * 80}…': a time as '%Y-%m-%d %H:%M' is expected",
    ]
    cp1252 = LOG.replace("[time]", '[file]\nencoding = "cp1252"\n[time]')
    assert imported(tmp_path, cp1252, csv_text).events[0]["data"]["queue"] == "Köln"


def test_bad_text_in_a_column_that_the_header_has_twice_is_named_too(tmp_path: Path) -> None:
    csv_text = lines("1,2026-01-01 10:00,New,a,,\xf6,b", header=f"{HEADER},note,note").encode("cp1252")
    assert [row.column for row in imported(tmp_path, LOG, csv_text).bad] == ["note"]


def test_a_file_that_breaks_off_within_a_character_says_so_and_keeps_its_rows(tmp_path: Path) -> None:
    text = LOG.replace("[time]", '[file]\nencoding = "utf-16"\n[time]')
    outcome = imported(tmp_path, text, lines("1,2026-01-01 10:00,New,a,").encode("utf-16") + b"x")
    assert len(outcome.events) <= 1  # how much is decoded before the broken end is the codec's affair
    assert [row.expected.split("; ")[1] for row in outcome.bad] == ["the rest of the file is not text in utf-16"]


def test_counts_and_origins_that_are_none_are_bad_rows(tmp_path: Path) -> None:
    text = LOG + '[[changes]]\nevent = "escalated"\nrises = "level"\n[fields.origin]\ncolumn = "from"\n'
    rows = [
        "1,2026-01-01 10:00,New,a,,-1,agent",
        "1,2026-01-01 10:00,New,a,,,robot",
        "1,2026-01-01 10:00,New,a,,2,agent",
    ]
    outcome = imported(tmp_path, text, lines(*rows, header=f"{HEADER},level,from"))
    assert [str(row) for row in outcome.bad] == [
        "row 2, column level: '-1': a count is expected: a whole number from 0 on",
        "row 3, column from: 'robot': customer, agent or system is expected, or a `values` to them",
    ]
    assert [(e["id"], e["data"]["origin"]) for e in outcome.events if "origin" in e["data"]] == [
        ("000000004-1", "agent")
    ]


def test_delimiter_quote_encoding_byte_order_mark_and_blank_lines_are_the_map_s(tmp_path: Path) -> None:
    text = LOG.replace("[time]", '[file]\ndelimiter = "\\t"\nquote = "\'"\n[time]')
    csv_text = "\ufeff" + lines("1\t2026-01-01 10:00\tNew\t'a\tb\nc'\t", "", "2\tx\tNew\ta\t").replace(",", "\t")
    outcome = imported(tmp_path, text, csv_text)
    assert [e["data"]["queue"] for e in outcome.events] == ["a\tb\nc"]
    assert [row.row for row in outcome.bad] == [4]
    unquoted = LOG.replace("[time]", '[file]\nquote = ""\n[time]')
    queues = [e["data"]["queue"] for e in imported(tmp_path, unquoted, lines('1,2026-01-01 10:00,New,"a,')).events]
    assert queues == ['"a']


def test_a_quote_that_is_never_closed_is_a_bad_row(tmp_path: Path) -> None:
    outcome = imported(tmp_path, LOG, lines("1,2026-01-01 10:00,New,a,", '2,2026-01-01 10:00,New,"a,'))
    assert len(outcome.events) == 1
    assert [str(row) for row in outcome.bad] == ["row 3: is not CSV as the map describes it: unexpected end of data"]


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Berlin", "2026-07-01 12:00", "2026-07-01T10:00:00Z"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00Z"),  # twice: the first of the two
        ("Europe/Berlin", "2026-10-25 03:30", "2026-10-25T02:30:00Z"),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:30:00Z"),  # skipped: moved on to 03:30
        ("Asia/Kathmandu", "2026-01-01 05:45", "2026-01-01T00:00:00Z"),
        ("Europe/Berlin", "1767225600.000000001", "2026-01-01T00:00:00.000000001Z"),
        ("Europe/Berlin", "2026-01-01T00:00:00.5-00:30", "2026-01-01T00:30:00.5Z"),
    ],
)
def test_local_times_have_one_meaning_and_times_with_an_offset_their_own(
    tmp_path: Path, zone: str, local: str, utc: str
) -> None:
    text = TICKETS.replace('"UTC"', f'"{zone}"')
    outcome = imported(tmp_path, text, lines(f"1,{local},,", header="id,created,replied,solved"))
    assert [event["time"] for event in outcome.events] == [utc]


def test_milliseconds_and_formats_with_an_offset_need_no_zone(tmp_path: Path) -> None:
    text = TICKETS.replace('zone = "UTC"', "").replace('"%Y-%m-%d %H:%M", "rfc3339", "unix", ', '"%d.%m.%Y %H:%M %z", ')
    rows = ["1,-1,,", "2,01.01.2026 01:00 +0100,,", "3,0.5,,"]
    outcome = imported(tmp_path, text, lines(*rows, header="id,created,replied,solved"))
    assert [event["time"] for event in outcome.events] == ["1969-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z"]
    assert [row.value for row in outcome.bad] == ["0.5"]


def test_a_format_that_no_time_has_is_noted(tmp_path: Path) -> None:
    outcome = imported(tmp_path, TICKETS, lines("1,1767225600,,", header="id,created,replied,solved"))
    assert [note for note in outcome.notes if note.startswith("time.formats")] == [
        "time.formats: no time has the format '%Y-%m-%d %H:%M'",
        "time.formats: no time has the format 'rfc3339'",
        "time.formats: no time has the format 'unix_ms'",
    ]
