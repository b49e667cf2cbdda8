"""Dead letters as values: what a record says, what would become of it now, and files of mended records."""

from __future__ import annotations

import json

import pytest

from deskpulse.configuration.loading import Configuration
from deskpulse.dead_letters import (
    DeadLetter,
    Held,
    Judge,
    Mended,
    MendedProblem,
    Note,
    Selection,
    as_row,
    mended,
    payload_of,
    place_of,
    read,
)
from deskpulse.letters import TOLD_MAX, Outcome
from stream.records import Reason, Records, Refused
from stream.rim.dead_letters import letter
from stream.rim.letters import Back, Kept
from stream.rim.settings import EVENT_TOPICS
from tests.happenings import created, happening
from tests.logs import to_json_line
from tests.oracle.instants import DAY, MINUTE, instant

NOW = instant("2026-10-07T12:00:00Z")
GOOD = to_json_line(created(NOW - MINUTE, "T1")).rstrip()


def dead(value: bytes | None, key: bytes | None = b"T1", topic: str = "ticket-created", **other: object) -> DeadLetter:
    made = {"reason": "future", "detail": "why", "partition": 2, "offset": 40, "left_out": None} | other
    return DeadLetter((3, 17), NOW, topic=topic, key=key, value=value, **made)  # type: ignore[arg-type]


def judge(now: int = NOW, *, is_forced: bool = False) -> Judge:
    return Judge(Configuration().rules(), EVENT_TOPICS, now, is_forced=is_forced)


class TestRead:
    def test_what_a_worker_writes_is_read_as_it_was_written(self) -> None:
        records = Records("ticket-created", 2, [40], [0], [b"T1"], [b"\xff"])
        written = letter(records, Refused(0, Reason.NOT_JSON, "no JSON"))
        kept = Kept(3, 17, NOW // 1_000_000, written.key, written.value, dict(written.headers))
        assert read(kept) == dead(b"\xff", reason="not_json", detail="no JSON")

    def test_a_note_names_the_letter_that_was_requeued_and_when(self) -> None:
        assert read(Kept(3, 20, 5, b"requeued 3:17", b"{}", {"requeued": b"3:17"})) == Note((3, 17), 5_000_000)

    @pytest.mark.parametrize("headers", [{}, {"reason": b"future"}, {"requeued": b"later"}])
    def test_what_somebody_else_wrote_is_neither(self, headers: dict[str, bytes]) -> None:
        assert read(Kept(0, 0, 0, b"k", b"v", headers)) is None

    def test_numbers_that_are_none_are_not_known(self) -> None:
        headers = {"reason": b"key", "topic": b"t", "partition": b"two", "offset": b"-1"}
        found = read(Kept(0, 0, 0, None, None, headers))
        assert isinstance(found, DeadLetter)
        assert found.origin == "t ?:?"

    @pytest.mark.parametrize("text", ["", "3", "3:", ":3", "a:1", "1:2:3", "-1:2", "\u0663:\u0661", "1" * 30 + ":2"])
    def test_a_place_is_two_numbers(self, text: str) -> None:
        assert place_of("3:17") == (3, 17)
        assert place_of(text) is None


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), True),
        (Selection(reasons=("future",)), True),
        (Selection(reasons=("key",)), False),
        (Selection(topics=("ticket-created",)), True),
        (Selection(topics=("ticket-changed",)), False),
        (Selection(since=NOW), True),
        (Selection(since=NOW + 1), False),
        (Selection(places={(3, 17)}), True),
        (Selection(places={(3, 18)}), False),
        (Selection(reasons=("future",), topics=("ticket-changed",)), False),
    ],
)
def test_a_selection_has_what_every_part_of_it_has(selection: Selection, expected: bool) -> None:
    assert selection.has(dead(b"v")) is expected


class TestShown:
    def test_a_payload_that_is_cut_says_so(self) -> None:
        assert payload_of(dead(b"abc"), 3) == payload_of(dead(b"abc"), None)
        cut = payload_of(dead(b"abcd"), 3)
        assert (cut.text, cut.is_exact) == ("abc", False)

    def test_bytes_that_are_no_text_are_shown_and_not_exact(self) -> None:
        found = payload_of(dead(b"a\xff"), None)
        assert (found.text, found.is_exact) == ("a\ufffd", False)

    def test_no_value_is_null(self) -> None:
        assert payload_of(dead(None)).is_exact
        assert as_row(dead(None, left_out="2000000 bytes"), None, None)["payload"] is None
        assert not as_row(dead(None, left_out="2000000 bytes"), None, None)["is_exact"]

    def test_a_row_says_where_it_is_and_was(self) -> None:
        row = as_row(dead(b"{}"), NOW, None)
        assert (row["id"], row["topic"], row["partition"], row["offset"]) == ("3:17", "ticket-created", 2, 40)
        assert row["time"] == row["requeued"] == "2026-10-07T12:00:00Z"


class TestJudge:
    def test_what_is_good_by_now_goes_back_as_it_was(self) -> None:
        assert judge().judged(dead(GOOD), None) == Back((3, 17), "ticket-created", b"T1", GOOD)

    @pytest.mark.parametrize(
        ("letter", "why"),
        [
            (dead(b"no"), "would be refused again: not_json: "),
            (dead(GOOD, b"T2"), "would be refused again: key: the record's key b'T2' is not the subject 'T1'"),
            (dead(GOOD, None), "would be refused again: key: the record has no key"),
            (dead(to_json_line(created(NOW + DAY, "T1"))), "would be refused again: future: "),
            (dead(None), "would be refused again: not_json: the record has no value"),
            (dead(GOOD, topic="elsewhere"), "its topic 'elsewhere' is none that workers read"),
            (dead(None, left_out="2000000 bytes"), "its value was too large to be kept (2000000 bytes)"),
        ],
    )
    def test_what_would_be_refused_again_is_held_with_the_reason(self, letter: DeadLetter, why: str) -> None:
        found = judge().judged(letter, None)
        assert isinstance(found, Held)
        assert found.why.startswith(why)
        assert not found.is_done

    def test_it_is_the_configured_tolerance_that_counts(self) -> None:
        ahead = dead(to_json_line(created(NOW + 30 * MINUTE, "T1")))
        rules = Configuration.model_validate({"time": {"future": "1h"}}).rules()
        assert isinstance(judge().judged(ahead, None), Held)
        assert isinstance(Judge(rules, EVENT_TOPICS, NOW).judged(ahead, None), Back)

    def test_force_sends_what_would_be_refused_and_not_what_cannot_be_sent(self) -> None:
        assert isinstance(judge(is_forced=True).judged(dead(b"no"), None), Back)
        assert isinstance(judge(is_forced=True).judged(dead(GOOD, topic="elsewhere"), None), Held)
        assert isinstance(judge(is_forced=True).judged(dead(None, left_out="1 bytes"), None), Held)

    def test_what_was_requeued_is_done(self) -> None:
        found = judge(is_forced=True).judged(dead(GOOD), NOW)
        assert isinstance(found, Held)
        assert found.is_done

    def test_a_mended_record_goes_where_its_type_belongs_under_its_subject(self) -> None:
        value = to_json_line(happening("ticket.resolved", NOW - MINUTE, "T9")).rstrip()
        assert judge().judged(dead(b"no", b"old"), None, value) == Back((3, 17), "ticket-resolved", b"T9", value)

    def test_a_mended_record_is_judged_too(self) -> None:
        assert isinstance(judge().judged(dead(GOOD), None, b"still no"), Held)
        forced = judge(is_forced=True).judged(dead(GOOD), None, b"still no")
        assert forced == Back((3, 17), "ticket-created", b"T1", b"still no")

    def test_a_mended_record_replaces_a_value_that_was_left_out(self) -> None:
        assert isinstance(judge().judged(dead(None, left_out="2000000 bytes"), None, GOOD), Back)

    def test_what_a_worker_may_leave_out_for_its_age_is_counted(self) -> None:
        asked = judge(NOW + 400 * DAY)
        assert isinstance(asked.judged(dead(GOOD), None), Back)
        assert asked.too_old == 1

    def test_letters_of_one_ticket_are_judged_apart(self) -> None:
        asked = judge()
        found = [asked.judged(dead(to_json_line(created(NOW - at, "T1"))), None) for at in range(3)]
        assert all(isinstance(one, Back) for one in found)


class TestOutcome:
    def test_what_is_back_since_before_is_done_and_all_else_that_is_held_is_not(self) -> None:
        outcome = Outcome()
        outcome.hold("requeued already", is_done=True)
        assert outcome.is_done
        outcome.hold("would be refused again")
        assert (outcome.is_done, outcome.held) == (False, 2)

    def test_of_many_the_first_are_named(self) -> None:
        outcome = Outcome()
        for number in range(TOLD_MAX + 1):
            outcome.hold(str(number))
        assert (outcome.held, len(outcome.told)) == (TOLD_MAX + 1, TOLD_MAX)

    def test_one_that_failed_is_not_done(self) -> None:
        outcome = Outcome()
        outcome.fail("the broker is gone")
        assert not outcome.is_done


class TestMended:
    def test_a_payload_is_an_event_or_its_text(self) -> None:
        lines = [b'{"id": "3:17", "payload": {"a": "\xc3\xa9"}}', b"", b'{"id": "0:1", "payload": "{}", "key": "k"}']
        assert list(mended(lines)) == [Mended((3, 17), '{"a":"é"}'.encode()), Mended((0, 1), b"{}")]

    def test_what_list_prints_is_taken_back(self) -> None:
        line = json.dumps(as_row(dead(GOOD), None, None)).encode()
        assert list(mended([line])) == [Mended((3, 17), GOOD)]

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (b"no", '{"id": "3:17", "payload": …} is expected: '),
            (b"\xff", '{"id": "3:17", "payload": …} is expected: '),
            (b'{"id": "3:17"}', '{"id": "3:17", "payload": …} is expected: '),
            (b'{"id": "3:17", "payload": null}', '{"id": "3:17", "payload": …} is expected: '),
            (b'{"id": "three", "payload": ""}', "id 'three': PARTITION:OFFSET is expected"),
            (b'{"id": "3:17", "payload": "cu", "is_exact": false}', "the payload is cut off or no UTF-8"),
        ],
    )
    def test_a_line_that_cannot_be_used_is_named(self, line: bytes, expected: str) -> None:
        (found,) = mended([line])
        assert isinstance(found, MendedProblem)
        assert str(found).startswith(f"line 1: {expected}")

    def test_a_letter_is_mended_once(self) -> None:
        _, found = mended([b'{"id": "3:17", "payload": "a"}', b'{"id": "3:17", "payload": "b"}'])
        assert found == MendedProblem(2, "dead letter 3:17 is mended in line 1 already")
