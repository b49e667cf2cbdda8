from pathlib import Path

from intake.imports.events import encode, events
from intake.imports.files import read_rows
from intake.imports.maps import load_map
from tests.exports import HEADER, LOG, TICKETS, imported, lines


def test_rows_of_two_tickets_may_be_interleaved(tmp_path: Path) -> None:
    csv_text = lines(
        "1,2026-01-01 10:00,New,a,",
        "2,2026-01-01 10:00,Open,a,x",
        "1,2026-01-01 10:05,Open,a,x",
        "2,2026-01-01 10:06,Solved,b,x",
    )
    assert imported(tmp_path, LOG, csv_text).short() == [
        ("1", "ticket.created"),
        ("2", "ticket.created"),
        ("2", "ticket.updated"),
        ("2", "ticket.replied"),
        ("1", "ticket.updated"),
        ("1", "ticket.replied"),
        ("2", "ticket.updated"),
        ("2", "ticket.resolved"),
    ]


def test_a_state_within_the_same_group_is_no_change_and_a_reply_happens_once(tmp_path: Path) -> None:
    states = ["New", "Open", "New", "Open", "Solved", "Closed", "Open", "Closed"]
    csv_text = lines(*(f"1,2026-01-01 10:0{minute},{state},a," for minute, state in enumerate(states)))
    assert [(e["type"].rsplit(".", 1)[1], e["time"][14:16]) for e in imported(tmp_path, LOG, csv_text).events] == [
        ("created", "00"),
        ("replied", "01"),
        ("resolved", "04"),
        ("reopened", "06"),
        ("resolved", "07"),
    ]


def test_moving_between_groups_of_one_change_is_neither_entering_nor_leaving(tmp_path: Path) -> None:
    text = LOG[: LOG.index("[[changes]]")] + (
        '[[changes]]\nevent = "escalated"\nenter = ["working", "waiting"]\n'
        '[[changes]]\nevent = "reopened"\nleave = ["working", "waiting"]\n'
        '[[changes]]\nevent = "resumed"\nleave = ["waiting"]\nenter = ["new"]\n'
    )
    states = ["Open", "Pending", "Open", "Pending", "New", "Open", "New"]
    csv_text = lines(*(f"1,2026-01-01 10:0{minute},{state},a," for minute, state in enumerate(states)))
    assert [(e["type"].rsplit(".", 1)[1], e["time"][14:16]) for e in imported(tmp_path, text, csv_text).events] == [
        ("created", "00"),
        ("escalated", "00"),
        ("reopened", "04"),
        ("resumed", "04"),
        ("escalated", "05"),
        ("reopened", "06"),
    ]


def test_leaving_a_state_comes_before_entering_the_next_as_the_map_lists_them(tmp_path: Path) -> None:
    csv_text = lines("1,2026-01-01 10:00,Solved,a,", "1,2026-01-01 10:01,Pending,a,", "1,2026-01-01 10:02,Solved,a,")
    assert [(e["id"], e["type"].rsplit(".", 1)[1]) for e in imported(tmp_path, LOG, csv_text).events] == [
        ("000000002-1", "created"),
        ("000000002-2", "replied"),
        ("000000002-3", "resolved"),
        ("000000003-1", "reopened"),
        ("000000003-2", "paused"),
        ("000000004-1", "resumed"),
        ("000000004-2", "resolved"),
    ]


def test_a_state_that_the_map_does_not_mention_is_noted_and_keeps_the_ticket_s_state(tmp_path: Path) -> None:
    csv_text = lines("1,2026-01-01 10:00,Solved,a,", "1,2026-01-01 10:01,Odd,a,", "1,2026-01-01 10:02,Closed,a,")
    outcome = imported(tmp_path, LOG, csv_text)
    assert [kind for _, kind in outcome.short()] == ["ticket.created", "ticket.replied", "ticket.resolved"]
    assert "states.state: 'Odd' is not in the map and keeps the ticket's state; rows: 1" in outcome.notes


def test_an_empty_cell_says_nothing_unless_the_map_gives_it_a_meaning(tmp_path: Path) -> None:
    rows = ["1,2026-01-01 10:00,,,", "1,2026-01-01 10:01,,a,", "1,2026-01-01 10:02,,?,", "1,2026-01-01 10:03,,a,"]
    text = LOG.replace("[time]", '[file]\nnull = ["?"]\n[time]')
    silent = imported(tmp_path, text, lines(*rows))
    assert [e["data"].get("queue") for e in silent.events] == ["unknown", "a"]
    meant = imported(tmp_path, text.replace('column = "group"', 'column = "group"\nnull = "none"'), lines(*rows))
    assert [e["data"].get("queue") for e in meant.events] == ["none", "a", "none", "a"]


def test_one_update_carries_all_attributes_that_changed_and_no_other(tmp_path: Path) -> None:
    csv_text = lines(
        "1,2026-01-01 10:00,New,a,x",
        "1,2026-01-01 10:01,New,b,y",
        "1,2026-01-01 10:02,New,b,z",
        "1,2026-01-01 10:03,New,b,z",
    )
    updated = [e for e in imported(tmp_path, LOG, csv_text).events if e["type"] == "support.ticket.updated"]
    assert [(e["time"][14:16], e["data"]) for e in updated] == [
        ("00", {"agent": "x"}),
        ("01", {"queue": "b", "agent": "y"}),
        ("02", {"agent": "z"}),
    ]


def test_values_are_renamed_and_those_the_map_does_not_mention_pass_as_they_are_and_are_noted(tmp_path: Path) -> None:
    text = LOG.replace('column = "group"', 'column = "group"\nvalues = { A = "billing", B = "returns" }')
    outcome = imported(tmp_path, text, lines("1,2026-01-01 10:00,New,A,", "2,2026-01-01 10:00,New,C,"))
    assert [e["data"]["queue"] for e in outcome.events] == ["billing", "C"]
    assert "fields.queue: 'C' is not in the map and is passed on as it is; rows: 1" in outcome.notes
    assert "fields.queue.values.B: no row has this value" in outcome.notes
    assert "states.state.settled: no row has the state 'Closed'" in outcome.notes
    assert "changes[5]: led to no event" in outcome.notes


def test_every_row_of_an_action_log_can_be_an_event_and_a_rising_count_too(tmp_path: Path) -> None:
    text = """
    source = "desk/test"
    [ticket]
    id = "id"
    updated = "at"
    [fields.actor]
    column = "by"
    [states.action]
    comment = ["comment"]
    bot = ["bot comment"]
    note = ["note"]
    [[changes]]
    event = "replied"
    each = ["comment"]
    [[changes]]
    event = "replied"
    each = ["bot"]
    data = { author = "bot", public = false }
    [[changes]]
    event = "escalated"
    rises = "level"
    """
    rows = [
        "1,2026-01-01T10:00:00+03:30,comment,ada,0",
        "1,2026-01-01T10:00:00+03:30,comment,bo,1",
        "1,2026-01-01T10:00:01+03:30,bot comment,eve,1",
        "1,2026-01-01T10:00:02+03:30,note,bo,3",
        "1,2026-01-01T10:00:03+03:30,note,bo,2",
    ]
    outcome = imported(tmp_path, text, lines(*rows, header="id,at,action,by,level"))
    assert [(e["id"], e["type"].rsplit(".", 1)[1], e["data"]) for e in outcome.events][1:] == [
        ("000000002-2", "replied", {"agent": "ada"}),
        ("000000003-1", "replied", {"agent": "bo"}),
        ("000000003-2", "escalated", {}),
        ("000000004-1", "replied", {"author": "bot", "public": False, "agent": "eve"}),
        ("000000005-1", "escalated", {}),
    ]


def test_newest_first_takes_the_rows_from_the_end_and_numbers_them_so(tmp_path: Path) -> None:
    rows = ["1,2026-01-01 10:02,Solved,a,", "", "1,bad,Open,a,", "1,2026-01-01 10:00,New,a,"]
    text = LOG.replace("[time]", '[file]\norder = "newest first"\n[time]')
    outcome = imported(tmp_path, text, lines(*rows))
    assert [(e["id"], e["type"].rsplit(".", 1)[1]) for e in outcome.events] == [
        ("000000002-1", "created"),
        ("000000004-1", "replied"),
        ("000000004-2", "resolved"),
    ]
    assert [row.row for row in outcome.bad] == [4]


def test_ids_of_one_minute_sort_by_code_point_in_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = (
        f"{1 + row % 3},2026-01-01 10:00,{'Solved' if row // 3 % 2 else 'Open'},q{row},a{row}" for row in range(1200)
    )
    found = [event["id"] for event in imported(tmp_path, LOG, lines(*rows)).events]
    assert len(found) > 2400
    assert found == sorted(found)


def test_ids_within_one_row_are_padded_where_a_map_has_many_changes(tmp_path: Path) -> None:
    many = "".join('[[changes]]\nevent = "escalated"\neach = ["new"]\n' for _ in range(12))
    found = [e["id"] for e in imported(tmp_path, LOG + many, lines("1,2026-01-01 10:00,New,a,x")).events]
    assert len(found) == 14
    assert found == sorted(found)
    assert found[0] == "000000002-01"


def test_another_source_can_take_the_place_of_the_map_s(tmp_path: Path) -> None:
    outcome = imported(tmp_path, LOG, lines("1,2026-01-01 10:00,New,a,"), source="desk/test/february")
    assert {event["source"] for event in outcome.events} == {"desk/test/february"}


def test_one_row_per_ticket_gives_an_event_for_each_time_that_is_there(tmp_path: Path) -> None:
    header = "id,created,replied,solved"
    rows = ["1,2026-01-01 10:00,2026-01-01 10:30,", "2,2026-01-01 11:00,,2026-01-01T12:00:00+01:00"]
    outcome = imported(tmp_path, TICKETS, lines(*rows, header=header))
    assert [(e["subject"], e["type"].rsplit(".", 1)[1], e["time"][11:16]) for e in outcome.events] == [
        ("1", "created", "10:00"),
        ("1", "replied", "10:30"),
        ("2", "created", "11:00"),
        ("2", "resolved", "11:00"),
    ]


def test_a_second_row_of_a_ticket_adds_only_what_is_new(tmp_path: Path) -> None:
    text = TICKETS + '[fields.queue]\ncolumn = "group"\n'
    rows = ["1,1767261600,1767261700,,a", "1,1767261600,1767261700,1767261800,b"]
    outcome = imported(tmp_path, text, lines(*rows, header="id,created,replied,solved,group"))
    assert [kind for _, kind in outcome.short()] == ["ticket.created", "ticket.replied", "ticket.resolved"]
    assert "ticket.updated: no column, so changed fields have no time and are not sent; rows: 1" in outcome.notes


def test_a_state_s_event_can_take_its_time_from_a_column_and_needs_it(tmp_path: Path) -> None:
    text = TICKETS + (
        '[states.status]\nspam = ["spam"]\n'
        '[[changes]]\nevent = "discarded"\nenter = ["spam"]\nat = "solved"\ndata = { reason = "spam" }\n'
    )
    rows = ["1,1767261600,,1767261800,spam", "2,1767261600,,,spam"]
    outcome = imported(tmp_path, text, lines(*rows, header="id,created,replied,solved,status"))
    assert outcome.short() == [("1", "ticket.created"), ("1", "ticket.resolved"), ("1", "ticket.discarded")]
    assert outcome.events[-1]["data"] == {"reason": "spam"}
    assert [str(row) for row in outcome.bad] == ["row 3, column solved: '': the time of `discarded` is expected"]


def test_survey_answers_are_sent_once_and_again_when_edited(tmp_path: Path) -> None:
    text = """
    source = "desk/test"
    [ticket]
    id = "id"
    [[surveys]]
    survey = "nps"
    score = "score"
    scale = [1, 10]
    at = "at"
    sent = "sent"
    response = "response"
    comment = "comment"
    """
    rows = [
        "1,,2026-01-01T10:00:00Z,,r1,",
        "1,9,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,r1,",
        "1,9,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,r1,",
        "1,3,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z,r1,slow",
        "1,11,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z,r1,",
        "1,3,2026-01-01T10:00:00Z,,r1,",
    ]
    outcome = imported(tmp_path, text, lines(*rows, header="id,score,sent,at,response,comment"))
    assert [(e["id"], e["type"], e["data"]) for e in outcome.events] == [
        ("000000002-1", "support.survey.sent", {"survey": "nps"}),
        (
            "000000003-1",
            "support.survey.answered",
            {"survey": "nps", "score": 9, "response": "r1", "scale": [1, 10]},
        ),
        (
            "000000005-1",
            "support.survey.answered",
            {"survey": "nps", "score": 3, "response": "r1", "scale": [1, 10], "comment": "slow"},
        ),
    ]
    assert [str(row) for row in outcome.bad] == [
        "row 6, column score: '11': a whole number of 1 to 10 is expected",
        "row 7, column at: '': the time of the answer is expected",
    ]


def test_rows_can_come_from_any_lines(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(LOG)
    plan = load_map(tmp_path / "map.toml")
    rows = read_rows([f"{HEADER}\n", "1,2026-01-01 10:00,New,a,\n"], plan.format)
    assert [encode(event) for event in events(rows, plan) if isinstance(event, dict)] == [
        (
            b'{"specversion":"1.0","id":"000000002-1","source":"desk/test","type":"support.ticket.created",'
            b'"time":"2026-01-01T10:00:00Z","subject":"1","data":{"queue":"a","channel":"unknown","priority":"unknown"}}\n'
        )
    ]
