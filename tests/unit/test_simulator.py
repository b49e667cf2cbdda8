"""Facts about the simulated floor's events: reproducible, valid, in order, and never in the way of real ones."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from intake.simulator.deliveries import Delivery
from intake.simulator.desk import DeskOptions, Floor, simulate
from metrics.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from stream.events import TOPIC_OF_TYPE, decode
from tests.simulated_events import contract_problems, created_at, kind_of, of_kind

MONDAY = parse_instant("2026-03-02T00:00:00Z")
SKEW = 90 * SECOND
TWO_DAYS = DeskOptions(start=MONDAY, seed=7, duration=2 * DAY, tickets_per_day=800, time_zone="Europe/Istanbul")

#: What the program below prints: of any machine and any Python. New only where what happens on the floor is changed.
SIX_HOURS_OF_SEED_7 = "f80f1677be75c88fae0c4bb84a59cf988d816de14fbde056a28e128263719a53"
DIGEST = """
from hashlib import sha256
from intake.simulator.desk import DeskOptions, simulate
options = DeskOptions(start=1772409600000000000, seed=7, duration=6 * 3600 * 10**9, tickets_per_day=800)
print(sha256(b"".join(delivery.encode() for delivery in simulate(options))).hexdigest())
"""


@pytest.fixture(scope="module")
def two_days() -> list[Delivery]:
    return list(simulate(TWO_DAYS))


@pytest.fixture(scope="module")
def two_weeks() -> list[Delivery]:
    return list(simulate(DeskOptions(start=MONDAY, seed=3, duration=14 * DAY, tickets_per_day=500, incidents=False)))


def test_every_event_is_one_by_the_contract(two_days: list[Delivery]) -> None:
    for delivery in two_days:
        assert contract_problems(delivery) == []


def test_every_event_type_of_the_contract_occurs(two_weeks: list[Delivery]) -> None:
    assert {delivery.event["type"] for delivery in two_weeks} == set(TOPIC_OF_TYPE)


def test_the_product_decodes_every_event_to_the_instant_of_its_delivery(two_days: list[Delivery]) -> None:
    for delivery in two_days:
        decoded = decode(delivery.encode())
        assert isinstance(decoded, tuple), decoded
        assert decoded[1] == delivery.at


def test_the_same_options_give_the_same_bytes_in_any_process_and_with_any_hash_seed() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {SIX_HOURS_OF_SEED_7 + "\n"}


def test_another_seed_gives_another_floor() -> None:
    first, second = (
        [d.at for d in of_kind(simulate(DeskOptions(start=MONDAY, seed=seed, duration=DAY)), "ticket.created")]
        for seed in (1, 2)
    )
    assert not set(first) & set(second)


def test_a_longer_run_begins_with_the_shorter_one() -> None:
    short = DeskOptions(start=MONDAY, duration=8 * HOUR, tickets_per_day=300)
    long = DeskOptions(start=MONDAY, duration=16 * HOUR, tickets_per_day=300)
    few, many = ([delivery.encode() for delivery in simulate(options)] for options in (short, long))
    assert many[: len(few)] == few
    assert len(many) > len(few)


def test_an_endless_run_begins_with_the_finite_one() -> None:
    finite = [d.encode() for d in simulate(DeskOptions(start=MONDAY, duration=8 * HOUR, tickets_per_day=300))]
    endless = simulate(DeskOptions(start=MONDAY, tickets_per_day=300))
    assert [next(endless).encode() for _ in finite] == finite


def test_ids_are_unique_within_their_source(two_weeks: list[Delivery]) -> None:
    ids = Counter((delivery.event["source"], delivery.event["id"]) for delivery in two_weeks)
    assert ids.most_common(1)[0][1] == 1


def test_no_id_of_a_run_comes_back_in_a_run_that_differs() -> None:
    first, second = (
        {
            d.event["id"]
            for d in simulate(DeskOptions(start=MONDAY, duration=HOUR * 12, tickets_per_day=rate, incidents=False))
        }
        for rate in (300, 301)
    )
    assert not first & second


def test_every_source_begins_with_simulator_even_when_named() -> None:
    named = DeskOptions(start=MONDAY, duration=DAY, tickets_per_day=200, source="simulator/acme")
    sources = {delivery.event["source"] for delivery in simulate(named)}
    assert sources == {f"simulator/acme{end}" for end in ("", "/chat", "/phone", "/surveys", "/books")}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"source": "zendesk/acme"}, "source that begins with simulator/"),
        ({"tickets_per_day": 0}, "tickets_per_day above 0"),
        ({"duplicates": 1.5}, "duplicates and late from 0 to 1"),
        ({"late": -0.1}, "duplicates and late from 0 to 1"),
        ({"disorder_seconds": -1}, "disorder_seconds of 0 or more"),
        ({"queues": ("billing", "billing")}, "queues: one or more, each once"),
        ({"queues": ()}, "queues: one or more, each once"),
        ({"weekend": (0, 1, 2, 3, 4, 5)}, "weekend: up to five days"),
        ({"duration": -1}, "duration of 0 or more"),
    ],
)
def test_what_no_floor_can_be_made_of_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        DeskOptions(start=MONDAY, **changes)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="'Mars/Olympus' is not an IANA time zone"):
        next(simulate(DeskOptions(start=MONDAY, time_zone="Mars/Olympus")))


def test_events_lie_between_the_start_and_the_end(two_days: list[Delivery]) -> None:
    assert min(delivery.at for delivery in two_days) >= MONDAY
    assert max(delivery.at for delivery in two_days) < MONDAY + 2 * DAY


def test_events_written_by_a_slow_clock_still_come_in_order_of_their_times(two_weeks: list[Delivery]) -> None:
    creation = created_at(two_weeks)
    assert any(d.at < creation[d.key] - MINUTE for d in of_kind(two_weeks, "ticket.replied"))
    assert all(before.at <= after.at for before, after in pairwise(two_weeks))


def test_no_duration_gives_no_event() -> None:
    assert list(simulate(DeskOptions(start=MONDAY, duration=0))) == []


def test_nothing_happens_to_a_ticket_before_it_is_created_but_for_the_clock_skew(two_weeks: list[Delivery]) -> None:
    creation = created_at(two_weeks)
    tickets = [d for d in two_weeks if kind_of(d).startswith("ticket.")]
    early = [d for d in tickets if d.at < creation[d.key]]
    assert {kind_of(d) for d in early} == {"ticket.replied"}
    assert all(d.at >= creation[d.key] - SKEW for d in early)
    assert len(early) < len(tickets) / 500


def test_every_resolved_reopened_and_replied_ticket_was_created(two_weeks: list[Delivery]) -> None:
    creation = created_at(two_weeks)
    for kind in ("ticket.resolved", "ticket.reopened", "ticket.replied", "ticket.discarded"):
        assert {delivery.key for delivery in of_kind(two_weeks, kind)} <= creation.keys()


def test_a_reopen_finds_its_ticket_resolved(two_weeks: list[Delivery]) -> None:
    resolved: set[str] = set()
    for delivery in two_weeks:
        if kind_of(delivery) == "ticket.resolved":
            resolved.add(delivery.key)
        elif kind_of(delivery) == "ticket.reopened":
            assert delivery.key in resolved
            resolved.remove(delivery.key)


def test_a_survey_of_a_ticket_follows_its_resolve(two_weeks: list[Delivery]) -> None:
    resolved: set[str] = set()
    for delivery in two_weeks:
        if kind_of(delivery) == "ticket.resolved":
            resolved.add(delivery.key)
        elif kind_of(delivery) == "survey.sent":
            assert delivery.key in resolved or delivery.key.startswith("survey:R-")


def test_times_are_written_in_the_ways_of_several_systems(two_days: list[Delivery]) -> None:
    shapes = {re.sub(r"\d+", "9", str(d.event["time"]).partition("T")[2]) for d in two_days}
    assert shapes == {"9:9:9.9+9:9", "9:9:9.9Z", "9:9:9Z", "9:9:9+9:9"}


def test_a_floor_of_a_year_keeps_no_more_in_mind_than_its_open_work() -> None:
    floor = Floor(DeskOptions(start=MONDAY, duration=365 * DAY, tickets_per_day=8, disorder_seconds=60, late=0.01))
    count = held_max = 0
    for delivery in floor.deliveries():
        count += 1
        held_max = max(held_max, floor.held())
        assert delivery.at >= MONDAY
    assert count > 15_000
    assert held_max < 100
