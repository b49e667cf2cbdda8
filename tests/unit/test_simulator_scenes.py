"""A scene with relief: a trouble at a planned instant, after which all hands answer and end whatever waits."""

from __future__ import annotations

from bisect import bisect
from itertools import pairwise

import msgspec
import pytest

from intake.simulator.deliveries import Delivery
from intake.simulator.desk import DeskOptions, simulate
from intake.simulator.journey import RELIEF_RESOLVES
from metrics.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from tests.simulated_events import created_at, firsts, kind_of, of_kind, unanswered

MONDAY = parse_instant("2026-03-02T00:00:00Z")
BEGIN = MONDAY + 11 * HOUR
LENGTH = 2 * MINUTE
END = BEGIN + LENGTH
RELIEF = 30 * SECOND
OVER = END + RELIEF + RELIEF_RESOLVES
QUICK = DeskOptions(
    start=MONDAY,
    seed=11,
    duration=12 * HOUR,
    tickets_per_day=12_000,
    pace=0.1,
    incidents=False,
    scene_start=BEGIN - MONDAY,
    scene_duration=LENGTH,
    scene_relief=RELIEF,
    scene_factor=30.0,
)


def played(scene: str) -> list[Delivery]:
    return list(simulate(msgspec.structs.replace(QUICK, scene=scene)))


@pytest.fixture(scope="module")
def normal() -> list[Delivery]:
    return played("normal")


@pytest.fixture(scope="module")
def outage() -> list[Delivery]:
    return played("outage")


@pytest.fixture(scope="module")
def flood() -> list[Delivery]:
    return played("flood")


def made_in_the_scene(deliveries: list[Delivery]) -> set[str]:
    return {ticket for ticket, created in created_at(deliveries).items() if BEGIN <= created < END}


def test_nobody_replies_from_the_first_to_the_last_instant_of_the_outage(outage: list[Delivery]) -> None:
    replies = [delivery.at for delivery in of_kind(outage, "ticket.replied")]
    assert not [at for at in replies if BEGIN <= at < END]
    assert [at for at in replies if BEGIN - MINUTE <= at < BEGIN]
    assert [at for at in replies if END <= at < END + RELIEF]


def test_the_longer_the_outage_the_more_have_waited_longer_than_a_minute(outage: list[Delivery]) -> None:
    breaching = [len(unanswered(outage, BEGIN + after * SECOND, MINUTE)) for after in range(0, 121, 20)]
    assert breaching == sorted(breaching)
    assert breaching[-1] > breaching[0] + 10


@pytest.mark.parametrize("scene", ["outage", "flood"])
def test_after_the_relief_every_ticket_of_the_scene_is_answered_and_resolved(
    scene: str, request: pytest.FixtureRequest
) -> None:
    deliveries: list[Delivery] = request.getfixturevalue(scene)
    of_the_scene = made_in_the_scene(deliveries)
    assert len(of_the_scene) > 20
    waiting = unanswered(deliveries, OVER) & of_the_scene
    bots = {d.key for d in of_kind(deliveries, "ticket.replied") if d.event["data"].get("author") == "bot"}
    assert waiting <= bots, "only what a bot keeps may still be with it"
    at_the_end = unanswered(deliveries, END) - bots
    resolved = firsts(deliveries, "ticket.resolved")
    discarded = firsts(deliveries, "ticket.discarded")
    assert len(at_the_end) > 10
    assert all(min(resolved.get(t, OVER + 1), discarded.get(t, OVER + 1)) <= OVER for t in at_the_end)


def test_nothing_that_waited_before_an_outage_waits_after_its_relief(outage: list[Delivery]) -> None:
    assert unanswered(outage, BEGIN)
    bots = {d.key for d in of_kind(outage, "ticket.replied") if d.event["data"].get("author") == "bot"}
    assert unanswered(outage, OVER, OVER - END) - bots == set()


def test_a_flood_brings_more_than_the_crew_answers_and_it_is_worked_off(
    flood: list[Delivery], normal: list[Delivery]
) -> None:
    assert len(made_in_the_scene(flood)) > 4 * len(made_in_the_scene(normal))
    backlog = {at: len(unanswered(flood, at)) for at in (BEGIN, BEGIN + MINUTE, END - 1, OVER)}
    assert backlog[BEGIN] < backlog[BEGIN + MINUTE] < backlog[END - 1]
    assert len(unanswered(flood, END - 1, MINUTE)) > 20, "breaches of a target of one minute"
    assert backlog[OVER] < backlog[BEGIN] + 20
    assert [d for d in of_kind(flood, "ticket.replied") if BEGIN <= d.at < END], "the crew goes on answering"


def test_while_nobody_replies_more_may_come_to_every_queue(outage: list[Delivery], normal: list[Delivery]) -> None:
    assert len(made_in_the_scene(outage)) > 4 * len(made_in_the_scene(normal))
    queues = {d.key: d.event["data"]["queue"] for d in of_kind(outage, "ticket.created")}
    assert {queues[ticket] for ticket in made_in_the_scene(outage)} == set(QUICK.queues)


def test_a_flood_comes_to_the_first_queue(flood: list[Delivery]) -> None:
    inside = [d for d in of_kind(flood, "ticket.created") if BEGIN <= d.at < END]
    assert sum(d.event["data"]["queue"] == "billing" for d in inside) > 0.7 * len(inside)


@pytest.mark.parametrize("scene", ["outage", "flood"])
def test_until_it_begins_a_scene_changes_no_event_but_its_id(
    scene: str, normal: list[Delivery], request: pytest.FixtureRequest
) -> None:
    """The demo relies on it: it goes on with the staged floor where it left the plain one."""

    def told(deliveries: list[Delivery]) -> list[tuple[int, str, str, dict[str, object]]]:
        return [(d.at, d.key, kind_of(d), d.event["data"]) for d in deliveries if d.at < BEGIN]

    staged: list[Delivery] = request.getfixturevalue(scene)
    assert told(staged) == told(normal)
    assert {d.event["id"] for d in staged}.isdisjoint(d.event["id"] for d in normal)


def test_the_same_seed_and_scene_give_the_same_events(outage: list[Delivery], flood: list[Delivery]) -> None:
    for scene, before in (("outage", outage), ("flood", flood)):
        assert [(d.at, d.encode()) for d in played(scene)] == [(d.at, d.encode()) for d in before]


def test_a_quick_floor_answers_mail_ten_times_as_soon_with_a_tenth_of_the_crew() -> None:
    def median_wait(pace: float) -> tuple[float, int]:
        options = DeskOptions(start=MONDAY, seed=5, duration=DAY, tickets_per_day=4_000, pace=pace, incidents=False)
        deliveries = list(simulate(options))
        mail = {d.key for d in of_kind(deliveries, "ticket.created") if d.event["data"]["channel"] == "email"}
        created, answered = created_at(deliveries), firsts(deliveries, "ticket.replied", answers_only=True)
        waits = sorted(answered[ticket] - created[ticket] for ticket in mail if ticket in answered)
        agents = {d.event["data"]["agent"] for d in of_kind(deliveries, "ticket.replied")}
        return waits[bisect(waits, waits[len(waits) // 2]) - 1] / SECOND, len(agents)

    (usual, many), (quick, few) = median_wait(1.0), median_wait(0.1)
    assert quick < usual / 4
    assert few < many / 3


def test_new_options_at_their_ordinary_values_change_no_id() -> None:
    """An id must never come back with other content, nor a floor that was simulated once with other ids."""
    assert DeskOptions(start=MONDAY, seed=7).run() == DeskOptions(start=MONDAY, seed=7, pace=1.0).run()
    others: list[dict[str, float]] = [{"pace": 0.5}, {"scene_relief": SECOND}, {"scene_factor": 9.0}]
    runs = {msgspec.structs.replace(QUICK, **other).run() for other in others} | {QUICK.run()}
    assert len(runs) == 4


@pytest.mark.parametrize("wrong", [{"pace": 0}, {"scene_duration": 0}, {"scene_relief": -1}, {"scene_factor": -1.0}])
def test_a_scene_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DeskOptions(start=MONDAY, **wrong)  # type: ignore[arg-type]


def test_deliveries_of_a_scene_are_in_order(outage: list[Delivery], flood: list[Delivery]) -> None:
    for deliveries in (outage, flood):
        assert all(before.at <= after.at for before, after in pairwise(deliveries))
