from __future__ import annotations

from stream.records import Reason, Records, Refused
from stream.rim.dead_letters import RefusalLimit, letter


def batch(size: int) -> Records:
    return Records("created", 2, list(range(size)), [0] * size, [b"T-1"] * size, [b"v"] * size)


def refused(*indexes: int, reason: Reason = Reason.NOT_JSON) -> list[Refused]:
    return [Refused(index, reason, "why") for index in indexes]


def test_a_letter_has_the_record_and_says_where_it_was_and_why() -> None:
    records = Records("created", 2, [40, 42], [0, 0], [b"T-1", None], [b"v", b"\xff"])
    made = letter(records, Refused(1, Reason.NOT_JSON, "byte 0 is no JSON"))
    assert (made.key, made.value) == (None, b"\xff")
    place = [("topic", b"created"), ("partition", b"2"), ("offset", b"42")]
    assert made.headers == [("reason", b"not_json"), *place, ("detail", b"byte 0 is no JSON")]


def test_the_limit_is_not_judged_before_enough_records_were_seen() -> None:
    limit = RefusalLimit(0.5, over=10)
    limit.add(batch(9), refused(*range(9)))
    assert limit.exceeded() is None


def test_more_than_the_limit_is_told_with_the_share_and_the_most_common_reason() -> None:
    limit = RefusalLimit(0.5, over=10)
    limit.add(batch(10), [*refused(0, 1, 2, 3), *refused(4, 5, reason=Reason.KEY)])
    why = "6 of the last 10 records were refused (60%, the limit is 50%), most often for not_json (4)"
    assert limit.exceeded() == why


def test_exactly_the_limit_is_not_more_than_it() -> None:
    limit = RefusalLimit(0.5, over=10)
    limit.add(batch(10), refused(*range(5)))
    assert limit.exceeded() is None


def test_refusals_leave_the_count_with_their_records() -> None:
    limit = RefusalLimit(0.5, over=10)
    limit.add(batch(10), refused(0, 1, 2, 3, 4, 5))
    limit.add(batch(1), [])
    assert limit.exceeded() is None


def test_no_ratio_is_no_limit() -> None:
    limit = RefusalLimit(None, over=10)
    limit.add(batch(100), refused(*range(100)))
    assert limit.exceeded() is None
