"""Durations and shares in SLA say how far they can be relied upon: each by the size of its own sample.

By figures worked out by hand, of the core and of the oracle alike. A first response is due after an hour.
"""

from typing import Any

import pytest

from tests.happenings import Happening, created, floor_of, happening, rules_of, snapshot_of
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import HOUR, MINUTE, instant
from tests.oracle.snapshot import snapshot

NOON = instant("2026-03-10T12:00:00Z")
WORDS = [(0, "none"), (1, "not_enough"), (4, "not_enough"), (5, "caution"), (29, "caution"), (30, "enough")]
IN_OPEN_HOURS = {
    "calendars": {"desk": {"versions": [{"week": {"tue": ["00:00-24:00"]}}]}},
    "sla": [
        {"name": "desk", "match": {"queue": ["billing"]}, "calendar": "desk", "first_response": "1h"},
        {"name": "other", "first_response": "1h"},
    ],
}


def day(*log: Happening, document: dict[str, Any] | None = None) -> Any:
    """The last day of the whole floor, in which core and oracle agree."""
    document = document or {}
    found = snapshot_of(floor_of(log, rules_of(document)), NOON)
    assert differences(found, snapshot(log, NOON, configuration_of(document))) == []
    return found["all"]["windows"]["24h"]


def answered(n: int, after: int = MINUTE, name: str = "A", **data: Any) -> list[Happening]:
    """So many tickets, each replied to so long after it was created."""
    start = NOON - 3 * HOUR
    log = [created(start, f"{name}{number}", **data) for number in range(n)]
    return log + [happening("ticket.replied", start + after, f"{name}{number}", agent="sara") for number in range(n)]


def waiting(n: int, age: int) -> list[Happening]:
    return [created(NOON - age, f"W{number}") for number in range(n)]


@pytest.mark.parametrize(("n", "word"), WORDS)
def test_a_number_of_durations_is_good_for_what_so_many_are(n: int, word: str) -> None:
    log = answered(n)
    log += [happening("ticket.resolved", NOON - HOUR, f"A{number}") for number in range(n)]
    found = day(*log)
    for name in ("first_response", "first_resolution", "resolution", "first_response_cohort"):
        assert found[name]["sample"] == word, name
    for name in ("escalation", "conversion"):
        assert found[name]["sample"] == word, name
    assert (found["first_response"]["settled"], found["first_response"]["sla_sample"]) == (n, word)


def test_who_still_waits_is_of_the_cohort_and_of_no_duration() -> None:
    found = day(*answered(4), *waiting(26, HOUR))  # due now, and so not yet late
    assert (found["first_response"]["count"], found["first_response"]["sample"]) == (4, "not_enough")
    assert (found["first_response_cohort"]["created"], found["first_response_cohort"]["sample"]) == (30, "enough")
    assert (found["first_response"]["sla_sample"], found["first_response"]["sla_sample_now"]) == ("not_enough",) * 2


def test_the_late_ones_are_of_the_share_now_and_of_its_bounds() -> None:
    # 80 met of 100 settled is 71.12 to 86.66 %; with 20 that are late, 80 of 120
    found = day(*answered(80), *answered(20, HOUR + 1, "B"), *waiting(20, HOUR + 1))["first_response"]
    assert (found["settled"], found["settled_or_late"]) == (100, 120)
    assert (found["in_sla_ratio"], found["in_sla_ratio_now"]) == (0.8, pytest.approx(2 / 3))
    bounds = [round(100 * found[f"in_sla_{end}95"], 2) for end in ("lower", "upper")]
    assert bounds == [71.12, 86.66]
    bounds = [round(100 * found[f"in_sla_now_{end}95"], 2) for end in ("lower", "upper")]
    assert bounds == [57.83, 74.47]


def test_a_floor_that_settles_nothing_has_a_share_now_and_no_other() -> None:
    found = day(*waiting(5, HOUR + 1))["first_response"]
    assert [found[name] for name in ("settled", "in_sla_ratio", "in_sla_lower95", "in_sla_upper95")] == [0] + [None] * 3
    assert (found["sla_sample"], found["sla_sample_now"]) == ("none", "caution")
    assert (found["in_sla_ratio_now"], found["in_sla_now_lower95"]) == (0.0, 0.0)
    assert found["in_sla_now_upper95"] == pytest.approx(0.4345, abs=5e-5)  # 0 of 5


def test_a_resolution_without_a_clock_has_durations_and_no_share() -> None:
    document = {"sla": [{"name": "replies", "first_response": "1h"}]}
    log = [*answered(5), *(happening("ticket.resolved", NOON - HOUR, f"A{number}") for number in range(5))]
    found = day(*log, document=document)["resolution"]
    assert (found["count"], found["sample"]) == (5, "caution")
    assert (found["settled"], found["in_sla_ratio"], found["sla_sample"]) == (0, None, "none")


def test_replies_in_open_hours_are_a_sample_of_their_own() -> None:
    found = day(*answered(4), *answered(26, name="B", queue="returns"), document=IN_OPEN_HOURS)
    assert (found["first_response"]["count"], found["first_response"]["sample"]) == (30, "enough")
    business = found["first_response_business"]
    assert (business["count"], business["sample"], business["sla_sample"]) == (4, "not_enough", "enough")


def test_complaints_are_a_sample_of_their_own() -> None:
    found = day(*answered(4, kind="complaint"), *answered(26, name="B"))
    assert (found["complaint_escalation"]["sample"], found["escalation"]["sample"]) == ("not_enough", "enough")


def test_what_is_enough_is_configured_for_all_of_them() -> None:
    found = day(*answered(3), document={"samples": {"caution": 2, "enough": 3}})
    assert found["first_response"]["sample"] == found["escalation"]["sample"] == "enough"
    found = day(*answered(2), document={"samples": {"caution": 2, "enough": 3}})
    assert found["first_response_cohort"]["sample"] == found["first_response"]["sla_sample_now"] == "caution"
