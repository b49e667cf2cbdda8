import re
from pathlib import Path

import pytest

from intake.imports.events import encode
from intake.imports.maps import load_map
from intake.imports.tables import MapError
from tests.exports import LOG, imported, lines, problems

PAGE = Path(__file__).parents[2] / "docs" / "import.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_worked_example_of_the_page_gives_the_events_and_the_message_that_it_shows(tmp_path: Path) -> None:
    outcome = imported(tmp_path, blocks("toml")[0], blocks("csv")[0])
    for event in outcome.events:
        assert event.pop("specversion") == "1.0"
        assert event.pop("source") == "desk/example"
    assert b"".join(map(encode, outcome.events)).decode() == blocks("json")[0]
    assert [str(row) for row in outcome.bad] == blocks("text")[0].splitlines()
    assert outcome.notes == []


def test_the_page_s_map_of_one_row_per_ticket_is_usable(tmp_path: Path) -> None:
    header = "Ticket id,Created at,Group,First reply at,Solved at,Satisfaction,Rated at"
    row = "9,2026-01-01 10:00:00,,2026-01-01 11:00:00,2026-01-02 10:00:00,Good,2026-01-03T00:00:00Z"
    outcome = imported(tmp_path, blocks("toml")[1], lines(row, header=header))
    assert [(e["type"], e["time"], e["data"]) for e in outcome.events] == [
        (
            "support.ticket.created",
            "2026-01-01T06:30:00Z",
            {"queue": "unassigned", "channel": "unknown", "priority": "unknown"},
        ),
        ("support.ticket.replied", "2026-01-01T07:30:00Z", {"agent": "unknown"}),
        ("support.ticket.resolved", "2026-01-02T06:30:00Z", {}),
        ("support.survey.answered", "2026-01-03T00:00:00Z", {"survey": "csat", "score": 5}),
    ]


def test_all_problems_of_a_map_are_named_at_once_with_key_and_expectation(tmp_path: Path) -> None:
    text = """
colour = "red"
[file]
delimeter = ";"
quote = "''"
encoding = "utf-9"
order = "newest"
null = "?"
[time]
formats = ["%d/%m %H:%M", "%H:%M %Y", "%d/%m/%Y"]
[ticket]
updated = "at"
[fields.queue]
colum = "group"
[fields.prioriy]
column = "prio"
[fields.priority]
column = "prio"
values = { "1" = 1 }
[fields.origin]
value = "phone"
[states.state]
new = ["New"]
old = ["New"]
[states.other]
new = ["A"]
[[changes]]
event = "resolvd"
enter = ["oldd"]
[[changes]]
event = "paused"
data = { resaon = "x" }
[[changes]]
event = "discarded"
enter = ["old"]
each = ["old"]
[[changes]]
event = "replied"
enter = ["old"]
data = { author = "robot", public = "yes" }
[[surveys]]
survey = "brand"
score = "s"
[[surveys]]
survey = "csat"
score = "s"
scale = [5, 1]
values = { Good = "5" }
"""
    assert problems(tmp_path, text) == [
        "states.state.old: 'New' is already in the group 'new': one group each is expected",
        "states.other.new: is already a group of states.state: another name is expected",
        (
            'time.formats: \'%d/%m %H:%M\' has no year: "rfc3339", "unix", "unix_ms" or a format such as'
            ' "%d/%m/%Y %H:%M" is expected'
        ),
        "time.formats: '%H:%M %Y' does not tell the day: year, month and day are expected",
        "source: is missing: a text is expected",
        'file.encoding: \'utf-9\' is not known: "utf-8", "utf-8-sig" or "cp1252", say, is expected',
        "file.quote: one character is expected, not \"''\"",
        "file.null: a list of texts is expected, not '?'",
        "file.order: 'newest' is none of oldest first, newest first; did you mean 'newest first'?",
        "file.delimeter: is an unknown key; did you mean 'delimiter'?",
        "time.zone: is missing: '%d/%m %H:%M' says no zone, so an IANA name such as Europe/Istanbul is expected",
        "ticket.id: is missing: a text is expected",
        "fields.queue: either `column` or `value` is expected",
        "fields.queue.colum: is an unknown key; did you mean 'column'?",
        'fields.priority.values: texts are expected on both sides, as in { "1" = "urgent" }',
        "fields.origin: 'phone' is no origin: one of customer, agent, system is expected",
        (
            "fields.prioriy: is an unknown field: one of queue, channel, priority, brand, kind, agent, customer,"
            " origin, actor is expected; did you mean 'priority'?"
        ),
        (
            "changes[1].event: 'resolvd' is none of replied, resolved, reopened, escalated, paused, resumed,"
            " customer-replied, converted, discarded, restored; did you mean 'resolved'?"
        ),
        "changes[1].enter: 'oldd' is no group of [states]; did you mean 'old'?",
        "changes[2].data: 'resaon' is not data of `paused`: reason is expected; did you mean 'reason'?",
        "changes[2]: a trigger is expected: `enter`, `leave`, `each`, `rises`, or `at`: a column with its time",
        "changes[3].data: `reason` is expected for `discarded`: one of merged, spam, deleted, test",
        "changes[3]: one trigger is expected: `enter` and/or `leave`, or `each`, or `rises`",
        "changes[4].data: 'robot' is no author of `replied`: one of human, bot, auto is expected",
        "changes[4].data: 'yes' is no public of `replied`",
        "surveys[1].scale: is missing: [0, 1] or [1, 5] is expected",
        "surveys[1].item: is missing: the item of `brand` is expected",
        "surveys[2].scale: [lowest, highest] is expected, at most 1000 apart, not [5, 1]",
        "surveys[2].values: 'Good' = '5': a whole number of 1 to 5 is expected",
        "colour: is an unknown key",
    ]


def test_the_page_s_messages_about_a_map_are_the_real_ones(tmp_path: Path) -> None:
    text = (
        LOG.replace("[time]", '[file]\ndelimeter = ";"\n[time]')
        .replace('"UTC"', '"Europe/Instanbul"')
        .replace('leave = ["settled"]', 'enter = ["setled"]')
    )
    shown = [line.removeprefix("maps/desk.toml: ") for line in blocks("text")[1].splitlines()]
    assert problems(tmp_path, text) == shown


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"source = ", "is not TOML: Invalid value (at end of document)"),
        (b'source = "\xff"', "is not UTF-8 text"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "map.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MapError) as caught:
        load_map(path)
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("was", "put", "message"),
    [
        ('updated = "changed"', "", "ticket.created: is missing: the column of the time of creation, or `updated` for"),
        ('updated = "changed"', 'created = "c"', "changes[1].at: is missing: the column of its time is expected"),
        (
            'leave = ["waiting"]',
            'leave = ["waiting"]\nenter = ["waiting"]',
            "changes[3].leave: 'waiting' is in `enter`",
        ),
        ('waiting = ["Pending"]', 'waiting = "Pending"', "states.state.waiting: a list of texts is expected"),
        ('["%Y-%m-%d %H:%M"]', "[]", "time.formats: at least one format is expected"),
        ('["%Y-%m-%d %H:%M"]', '["%Y-%m-%d %Q"]', "time.formats: '%Y-%m-%d %Q' is not a format"),
        ('"UTC"', '"Europe"', "time.zone: 'Europe' is not an IANA time zone"),
        ('"desk/test"', '""', "source: a text that is not empty is expected"),
        ("once = true", "once = 1", "changes[1].once: true or false is expected, not 1"),
        ("[fields.queue]", "[file]\nquote = 1\n[fields.queue]", "file.quote: a text is expected, not 1"),
        ("[fields.queue]", '[file]\ndelimiter = ""\n[fields.queue]', "file.delimiter: one character is expected"),
        ("[[changes]]", "[changes]", "changes: tables that begin with [[changes]] is expected"),
    ],
)
def test_a_mistake_in_a_map_is_named(tmp_path: Path, was: str, put: str, message: str) -> None:
    text = LOG.replace(was, put, 1)
    if put == "[changes]":
        text = LOG[: LOG.index("[[changes]]")] + '[changes]\nevent = "resolved"\n'
    assert any(line.startswith(message) for line in problems(tmp_path, text)), problems(tmp_path, text)


def test_a_servqual_item_needs_a_dimension(tmp_path: Path) -> None:
    survey = '[[surveys]]\nsurvey = "servqual"\nscore = "s"\nitem = "{}"\n'
    text = LOG + survey.format("reliabilty.1") + survey.format("empathy.2")
    assert problems(tmp_path, text) == [
        "surveys[1].item: 'reliabilty.1' is no item of `servqual`: one such as reliability.3 is expected"
    ]


def test_columns_that_the_header_lacks_or_has_twice_are_all_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(MapError) as caught:
        imported(tmp_path, LOG, "id,Changed at,state,agent,agent\n")
    assert str(caught.value).replace(str(tmp_path), "").splitlines() == [
        (
            "/map.toml: ticket.updated: no column 'changed'; did you mean 'Changed at'?"
            " (the file has 'id', 'Changed at', 'state', 'agent', 'agent')"
        ),
        (
            "/map.toml: fields.queue.column: no column 'group'"
            " (the file has 'id', 'Changed at', 'state', 'agent', 'agent')"
        ),
        "/map.toml: fields.agent.column: 2 columns are called 'agent': one is expected",
    ]


def test_an_empty_export_has_no_header(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="the export has no header"):
        imported(tmp_path, LOG, "\n")
