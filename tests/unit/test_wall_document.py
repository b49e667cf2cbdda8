"""The document of a wall: what it takes of a real snapshot, what it leaves out, when it does not know."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from metrics.calendars import Calendar, Version
from metrics.instants import HOUR, MINUTE, SECOND, format_instant, parse_instant
from metrics.intervals import net_promoter, wilson
from metrics.policies import Policies, Policy, Rules, Window
from tests import walls
from tests.small_floor import NOW, RULES, SmallFloor, small_floor
from wall.document import document
from wall.settings import Facts, History, Mute, Wall

WHOLE = Wall()
WEEK = tuple([((9 * 60, 18 * 60),)] * 5 + [()] * 2)
OFFICE = Calendar("office", [Version(time_zone="UTC", week=WEEK)])


def shown(floor: SmallFloor, wall: Wall = WHOLE, rules: Rules = RULES, **facts: Any) -> dict[str, Any]:
    """What a wall is sent of a floor at noon, both of whose partitions are ready."""
    snapshot = floor.tickets.snapshot(NOW, [0, 1], 2)
    return document(snapshot, wall, NOW + SECOND, Facts(rules=rules, **facts))


def office(**targets: Any) -> Rules:
    policies = Policies([Policy(name="office", calendar="office", first_response=HOUR, **targets)])
    return Rules(policies=policies, calendars={"office": OFFICE}, windows=RULES.windows)


def keys(value: Any) -> Any:
    """The names of a document, without its numbers; a list is the names of its first item."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [keys(value[0])]
    return None


@pytest.mark.parametrize("state", ["ok", "breach", "partial", "closed"])
def test_the_page_is_tested_with_documents_of_the_same_form(state: str) -> None:
    made = shown(small_floor(), mutes=(Mute(starts_at=0, ends_at=2 * NOW, queues=("billing",), reason="x"),))
    example = walls.of(state)
    example["state"]["feeds"], made["state"]["feeds"] = [], []
    example["state"]["mutes"] = made["state"]["mutes"]
    assert keys(example) == keys(made)


def test_it_has_the_numbers_of_the_snapshot() -> None:
    made = shown(small_floor())
    assert made["now"] == "2026-10-07T12:00:01Z"
    assert made["as_of"] == "2026-10-07T12:00:00Z"
    assert made["awaiting"] == {"n": 4, "normal": None, "breaching": 2, "at_risk": 1}
    assert made["open"] == {"n": 5, "created_1h": 3, "resolved_1h": 1, "week_ago": None, "normal": None}
    assert made["breaching"]["first_response"] == 2
    assert made["breaching"]["most_overdue_due_at"] == "2026-10-07T10:00:00Z"
    # met: solved; breaching: late and unread; nothing breached. Three clocks were due today or are settled.
    assert made["in_sla_today"]["n"] == 3
    assert made["in_sla_today"]["ratio"] == 1 / 3
    assert made["in_sla_today"]["objective"] == 0.9


def test_nothing_of_a_ticket_or_a_person_is_in_it() -> None:
    floor = small_floor()
    floor.tell("answered", "late", "11:59", survey="csat", score=1, response="r", comment="secret words", customer="c")
    text = json.dumps(shown(floor))
    for name in ("late", "at-risk", "escalated", "no-policy", "unread", "secret", '"a"'):
        assert f"ticket-{name}" not in text
        assert "secret" not in text
    assert len(text) < 8_000


def test_several_queues_are_their_sum_and_all_of_them_are_the_floor() -> None:
    floor, queues = SmallFloor(), ("billing", "returns", "sales")
    dice = random.Random(7)
    for number in range(120):
        ticket, queue = str(number), dice.choice(queues)
        minute = f"{dice.randrange(60):02d}"
        floor.create(ticket, f"10:{minute}", queue, dice.choice(("urgent", "high", "normal")), at=number % 2)
        if dice.random() < 0.7:
            floor.tell("replied", ticket, f"11:{minute}", number % 2, agent="a")
        floor.tell("answered", ticket, f"11:{minute}", number % 2, survey="csat", score=dice.randint(1, 5))
        floor.tell("answered", ticket, f"11:{minute}", number % 2, survey="nps", score=dice.randint(0, 10))
    whole, summed = shown(floor), shown(floor, Wall(queues=queues))
    summed["wall"]["queues"] = None
    summed["open"] |= {"week_ago": whole["open"]["week_ago"], "normal": whole["open"]["normal"]}
    assert summed == whole
    some = shown(floor, Wall(queues=("billing", "sales")))
    snapshot = floor.tickets.snapshot(NOW, [0, 1], 2)
    parts = [snapshot["queues"][name]["windows"]["today"] for name in ("billing", "sales")]
    n = sum(part["csat"]["responses"] for part in parts)
    satisfied = round(some["csat"]["ratio"] * n)
    assert some["csat"]["n"] == n
    assert (some["csat"]["lower95"], some["csat"]["upper95"]) == wilson(satisfied, n)
    promoters, detractors = (sum(part["nps"][name] for part in parts) for name in ("promoters", "detractors"))
    assert (some["nps"]["lower95"], some["nps"]["upper95"]) == net_promoter(promoters, detractors, some["nps"]["n"])


def test_queues_stand_worst_first_and_no_more_than_eight() -> None:
    floor = SmallFloor()
    for number in range(10):
        floor.create(f"calm-{number}", "11:59", f"calm-{number}", "normal")
    floor.create("late", "10:50", "late", "normal")
    floor.create("later", "10:05", "later", "normal")
    floor.create("risky", "11:05", "risky", "normal")
    made = shown(floor)
    assert [queue["name"] for queue in made["queues"][:4]] == ["later", "late", "risky", "calm-0"]
    assert [queue["state"] for queue in made["queues"][:4]] == ["breaching", "breaching", "at_risk", "ok"]
    assert len(made["queues"]) == 8
    assert made["more"] == 5


def test_a_queue_without_a_ticket_is_shown_where_it_is_asked_for_and_not_as_calm() -> None:
    made = shown(small_floor(), Wall(queues=("nope",)))
    assert made["queues"][0]["state"] == "unknown"
    assert made["awaiting"]["n"] == 0
    assert made["in_sla_today"]["ratio"] is None
    assert made["csat"] | {"window": None, "since": None} == {
        "ratio": None, "lower95": None, "upper95": None, "n": 0, "sample": "none", "window": None, "since": None
    }  # fmt: skip


def test_no_partition_ready_makes_every_queue_unknown() -> None:
    snapshot = small_floor().tickets.snapshot(NOW, [], 2)
    made = document(snapshot, WHOLE, NOW, Facts(rules=RULES))
    assert {queue["state"] for queue in made["queues"]} == {"unknown"}
    assert made["state"]["partitions"]["ready"] == 0
    assert made["state"]["no_data"] is False


def test_a_floor_without_an_event_has_no_data() -> None:
    made = shown(SmallFloor())
    assert made["state"]["no_data"] is True
    assert made["queues"] == []


# --------------------------------------------------------------------------------------------- the longest wait


def test_the_oldest_has_the_due_instant_of_its_own_policy() -> None:
    oldest = shown(small_floor())["oldest"]  # created at 09:00, normal: an hour
    assert oldest["at"] == "2026-10-07T09:00:00Z"
    assert oldest["due"] == "2026-10-07T10:00:00Z"
    assert oldest["counted_from"] == "2026-10-07T09:00:00Z"
    assert oldest["target_seconds"] == 3600
    assert oldest["at_risk_seconds"] == 2880
    assert oldest["overdue_ratio"] == 2


def test_a_policy_that_asks_for_what_a_snapshot_does_not_know_leaves_the_target_open() -> None:
    chat = Policy(name="chat", match={"channel": frozenset({"chat"})}, first_response=MINUTE)
    rules = Rules(policies=Policies([chat, *RULES.policies.all]), windows=RULES.windows)
    floor = SmallFloor(rules)
    floor.create("one", "11:30", "billing", "normal")
    oldest = shown(floor, rules=rules)["oldest"]
    assert oldest["target_seconds"] is None
    assert oldest["due"] == "2026-10-07T12:30:00Z"  # as the clocks of its place say
    assert not oldest["is_at_risk"]
    floor.create("two", "11:10", "billing", "normal")
    oldest = shown(floor, rules=rules)["oldest"]
    assert (oldest["due"], oldest["is_at_risk"]) == ("2026-10-07T12:10:00Z", True)


def test_a_night_is_no_wait() -> None:
    rules = office()
    floor = SmallFloor(rules)
    floor.tickets.snapshot(NOW, [0, 1], 2)
    floor.create("night", "00:30", "billing", "normal")
    oldest = shown(floor, rules=rules)["oldest"]
    assert oldest["open"] is True
    assert oldest["counted_from"] == "2026-10-07T09:00:00Z"  # three open hours until noon
    assert oldest["due"] == "2026-10-07T10:00:00Z"


def test_outside_opening_hours_it_says_when_they_begin() -> None:
    rules = office()
    floor = SmallFloor(rules)
    floor.create("evening", "11:30", "billing", "normal")
    evening = parse_instant("2026-10-07T19:30:00Z")
    made = document(floor.tickets.snapshot(evening, [0, 1], 2), WHOLE, evening, Facts(rules=rules))
    assert made["oldest"]["open"] is False
    assert made["oldest"]["opens_at"] == "2026-10-08T09:00:00Z"
    opens = parse_instant("2026-10-08T09:00:00Z")
    assert parse_instant(made["oldest"]["counted_from"]) == opens - (6 * HOUR + 30 * MINUTE)
    later = evening + HOUR  # a document of a closed floor stays as it is
    again = document(floor.tickets.snapshot(later, [0, 1], 2), WHOLE, later, Facts(rules=rules))
    assert again["oldest"] == made["oldest"]
    assert again["queues"] == made["queues"]
    assert made["queues"][0]["is_counting"] is False
    assert made["awaiting"]["n"] == 1


def test_a_floor_where_nobody_waits_knows_whether_it_is_open() -> None:
    rules = office()
    for at, is_open, opens in (
        ("2026-10-07T12:00:00Z", True, None),
        ("2026-10-09T18:00:00Z", False, "2026-10-12T09:00:00Z"),
    ):
        now = parse_instant(at)
        oldest = document(SmallFloor(rules).tickets.snapshot(now, [0, 1], 2), WHOLE, now, Facts(rules=rules))["oldest"]
        assert (oldest["at"], oldest["open"], oldest["opens_at"]) == (None, is_open, opens)


def test_of_a_closed_and_an_open_queue_the_open_one_waits() -> None:
    policies = Policies(
        [
            Policy(name="day", match={"queue": frozenset({"billing"})}, calendar="office", first_response=HOUR),
            Policy(name="always", first_response=HOUR),
        ]
    )
    rules = Rules(policies=policies, calendars={"office": OFFICE}, windows=RULES.windows)
    floor = SmallFloor(rules)
    floor.create("closed", "08:00", "billing", "normal")
    floor.create("open", "08:30", "outages", "normal")
    early = parse_instant("2026-10-07T08:45:00Z")
    oldest = document(floor.tickets.snapshot(NOW, [0, 1], 2), WHOLE, early, Facts(rules=rules))["oldest"]
    assert oldest["at"] == "2026-10-07T08:30:00Z"
    assert oldest["open"] is True


# ------------------------------------------------------------------------------------------ can it be trusted


def test_a_mute_is_shown_while_it_lasts_and_where_it_concerns() -> None:
    mute = Mute(starts_at=NOW, ends_at=NOW + HOUR, queues=("billing",), reason="migration")
    floor = small_floor()
    assert shown(floor, mutes=(mute,))["state"]["mutes"] == [
        {"until": format_instant(NOW + HOUR), "queues": ["billing"], "reason": "migration"}
    ]
    assert shown(floor, Wall(queues=("returns",)), mutes=(mute,))["state"]["mutes"] == []
    assert shown(floor, mutes=(Mute(starts_at=0, ends_at=NOW + SECOND),))["state"]["mutes"] == []


def test_feeds_in_trouble_are_named_and_others_are_not() -> None:
    snapshot = small_floor().tickets.snapshot(NOW, [0, 1], 2)
    snapshot["feeds"] = {
        "desk": {"last_event_at": "2026-10-07T11:59:00Z", "silent": False, "silent_since": None, "late": False},
        "chat": {"last_event_at": "2026-10-07T09:00:00Z", "silent": True, "silent_since": "x", "late": True},
        "mail": {"last_event_at": "2026-10-07T11:00:00Z", "silent": False, "silent_since": None, "late": True},
    }
    assert document(snapshot, WHOLE, NOW, Facts(rules=RULES))["state"]["feeds"] == [
        {"source": "chat", "state": "silent", "since": "x"},
        {"source": "mail", "state": "late", "since": None},
    ]


def test_a_window_that_history_does_not_fill_says_since_when() -> None:
    floor = small_floor()  # its first event is of today, 09:00
    made = shown(floor)
    assert made["in_sla_today"]["since"] == made["history_since"] == "2026-10-07T09:00:00Z"
    floor.tell("created", "old", "08:00", queue="billing", channel="email", priority="normal")
    snapshot = floor.tickets.snapshot(NOW, [0, 1], 2)
    snapshot["all"]["windows"]["today"]["complete"] = True
    assert document(snapshot, WHOLE, NOW, Facts(rules=RULES))["in_sla_today"]["since"] is None


def test_a_survey_is_shown_over_the_windows_that_are_configured() -> None:
    made = shown(small_floor())  # only 1h and today are
    assert made["csat"]["window"] == "today"
    rules = Rules(windows=(Window("24h", 24 * HOUR, MINUTE), Window("7d", 168 * HOUR, HOUR)))
    other = SmallFloor(rules)
    made = shown(other, rules=rules)
    assert (made["csat"]["window"], made["nps"]["window"]) == ("24h", "7d")
    assert made["open"]["created_1h"] is None


def test_the_history_is_an_hour_at_most() -> None:
    points = tuple((format_instant(NOW - minute * MINUTE), minute) for minute in range(90, 0, -1))
    made = shown(small_floor(), history=History(awaiting=points))
    assert made["history"]["awaiting"] == list(points[-60:])
    assert made["history"]["open"] == []
