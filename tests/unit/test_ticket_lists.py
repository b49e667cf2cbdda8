"""What an address asks for, and a list as a spreadsheet reads it."""

import csv
import io
from urllib.parse import parse_qsl

import msgspec
import pytest

from deskpulse.ticket_lists import LIMIT_MAX, Asked, Format, TicketList, as_csv, rendered
from deskpulse.ticket_lists import asked_for as asked_for_pairs
from metrics.clock_states import State
from metrics.policies import Place
from stream.listing import Found, Listed, Row, row_of

BREACHING = Row(
    id="T1",
    queue="billing",
    priority="high",
    policy="usual",
    sla="first_response",
    state=State.BREACHING,
    created="2026-10-07T09:00:00Z",
    since="2026-10-07T09:00:00Z",
    due="2026-10-07T10:00:00Z",
    overdue_seconds=5400.5,
    link="https://desk.example/T1",
)
LIST = TicketList(
    "2026-10-07T11:30:00.5Z", Listed.BREACHING, {"ready": 2, "catching_up": 0, "total": 2}, 7, (BREACHING,)
)


def asked_for(query: str) -> Asked:
    return asked_for_pairs(parse_qsl(query, keep_blank_values=True))


def named(**texts: str | None) -> Row:
    return msgspec.structs.replace(BREACHING, **texts)


def read(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode(), newline="")))


class TestQuery:
    def test_without_more_than_a_state_it_is_the_first_hundred_of_any_as_json(self) -> None:
        asked = asked_for("state=at_risk")
        assert (asked.wanted.state, asked.limit, asked.format) == (Listed.AT_RISK, 100, Format.JSON)
        assert (asked.wanted.queues, asked.wanted.priorities, asked.wanted.policies) == (None, None, None)
        assert asked.wanted.slas == {0, 1, 2}

    @pytest.mark.parametrize("query", ["queue=a,b", "queue=a&queue=b", "queue=a,&queue=b&queue=&", "queue=%61,b,a"])
    def test_several_values_stand_between_commas_or_in_parameters_of_their_own(self, query: str) -> None:
        queues = asked_for(f"state=waiting&{query}").wanted.queues or frozenset()
        assert {name for name in queues if "," not in name} == {"a", "b"}

    @pytest.mark.parametrize("query", ["queue=a,b", "queue=a%2Cb", "queue=c&queue=a,b"])
    def test_a_name_with_a_comma_is_found_too(self, query: str) -> None:
        assert "a,b" in (asked_for(f"state=waiting&{query}").wanted.queues or ())

    def test_names_may_have_spaces_and_letters_of_any_alphabet(self) -> None:
        asked = asked_for("state=waiting&queue=%D0%BF%D0%BE%D1%88%D1%82%D0%B0&policy=urgent+billing")
        assert asked.wanted.queues == frozenset({"пошта"})
        assert asked.wanted.policies == frozenset({"urgent billing"})

    def test_parameters_without_a_value_are_as_if_not_given(self) -> None:
        given = "queue=&priority=&policy=&sla=&limit=&format="
        assert asked_for(f"state=waiting&{given}") == asked_for("state=waiting")

    def test_clocks_are_chosen_by_name(self) -> None:
        assert asked_for("state=breaching&sla=resolution,first_response").wanted.slas == {0, 2}

    @pytest.mark.parametrize("limit", [1, LIMIT_MAX])
    def test_limits_go_from_one_to_ten_thousand(self, limit: int) -> None:
        assert asked_for(f"state=waiting&limit={limit}").limit == limit

    @pytest.mark.parametrize("limit", ["0", "10001", "-1", "1.5", "many", "1,2", "٣", "9" * 5_000])
    def test_any_other_limit_is_refused_saying_which_are_expected(self, limit: str) -> None:
        with pytest.raises(ValueError, match=r"^limit: expected a whole number from 1 to 10000, got "):
            asked_for(f"state=waiting&limit={limit}")

    @pytest.mark.parametrize("query", ["", "state=", "state=late", "state=breaching,at_risk", "state=BREACHING"])
    def test_a_state_that_is_none_is_refused_naming_all(self, query: str) -> None:
        expected = "^state: expected breaching or at_risk or waiting or awaiting_reply or without_policy, got "
        with pytest.raises(ValueError, match=expected):
            asked_for(query)

    def test_other_mistakes_are_refused_naming_what_is_expected(self) -> None:
        for query, expected in {
            "sla=first": "sla: expected first_response or next_response or resolution, got 'first'",
            "format=xml": "format: expected json or csv, got 'xml'",
            "sla=resolution,": "sla: expected first_response or next_response or resolution, got ''",
            "quue=a": "quue: no such parameter; expected any of state, queue, priority, policy, sla, limit, format",
        }.items():
            with pytest.raises(ValueError, match="^" + expected):
                asked_for(f"state=breaching&{query}")

    @pytest.mark.parametrize("state", ["waiting", "awaiting_reply", "without_policy"])
    def test_a_clock_cannot_be_chosen_where_the_state_says_which_it_is(self, state: str) -> None:
        with pytest.raises(ValueError, match=r"^sla: only with state=breaching or at_risk"):
            asked_for(f"state={state}&sla=resolution")


class TestCsv:
    def test_it_has_the_columns_of_json_and_an_empty_field_for_null(self) -> None:
        header, row, without = read(as_csv((BREACHING, named(policy=None, link=None))))
        assert header == list(msgspec.to_builtins(BREACHING))
        assert dict(zip(header, row, strict=True)) == {
            name: str(value) for name, value in msgspec.to_builtins(BREACHING).items()
        }
        assert (without[header.index("policy")], without[header.index("link")]) == ("", "")

    @pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'"])  # noqa: RUF001
    def test_no_text_begins_as_a_formula_and_each_can_be_had_back(self, first: str) -> None:
        own = f'{first}HYPERLINK("x"),2'
        _, row = read(as_csv((named(id=own, queue=own, priority=own, policy=own),)))
        assert row[:4] == [f"'{own}"] * 4

    @pytest.mark.parametrize("own", ['a"b', "a,b", "a\nb", "a\r\nb", "a=b", " =b", "пошта"])
    def test_any_other_text_is_read_as_it_is(self, own: str) -> None:
        assert read(as_csv((named(id=own),)))[1][0] == own

    def test_the_file_is_named_after_the_state_and_the_instant(self) -> None:
        _, headers = rendered(LIST, Format.CSV)
        assert headers["Content-Type"] == "text/csv; charset=utf-8"
        assert headers["Content-Disposition"] == 'attachment; filename="tickets-breaching-20261007T113000Z.csv"'
        assert (headers["X-Total-Count"], headers["X-Partitions-Ready"]) == ("7", "2 of 2")

    def test_a_partial_list_says_so_in_its_name(self) -> None:
        partial = msgspec.structs.replace(LIST, partitions={"ready": 1, "catching_up": 1, "total": 2})
        _, headers = rendered(partial, Format.CSV)
        assert headers["Content-Disposition"].endswith('-partial.csv"')
        assert headers["X-Partitions-Ready"] == "1 of 2"


@pytest.mark.parametrize(
    ("id_", "link"),
    [
        ("T1", "https://desk.example/t/T1?tab=1"),
        ("a/b c#ü{id}", "https://desk.example/t/a%2Fb%20c%23%C3%BC%7Bid%7D?tab=1"),
        ("?x=1&y", "https://desk.example/t/%3Fx%3D1%26y?tab=1"),
    ],
)
def test_the_link_has_the_id_whatever_it_is_made_of(id_: str, link: str) -> None:
    found = Found(id_, Place("billing", "high", "email"), 0, 0)
    assert row_of(found, 0, "https://desk.example/t/{id}?tab=1").link == link


def test_without_an_address_of_the_help_desk_there_is_no_link() -> None:
    assert row_of(Found("T1", Place("billing", "high", "email"), 0, 0), 0, None).link is None
