"""The simulated floor behaves as one: rates, waiting, scores, outages, floods, facts."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from statistics import median

import pytest

from intake.simulator.deliveries import Delivery
from intake.simulator.desk import DeskOptions, simulate
from intake.simulator.dice import Dice
from intake.simulator.local_time import LocalTime
from intake.simulator.troubles import WEEK, Troubles
from metrics.instants import DAY, HOUR, MINUTE, parse_instant
from tests.simulated_events import created_at, first_reply_seconds, is_human_answer, kind_of, of_kind

MONDAY = parse_instant("2026-03-02T00:00:00Z")


@pytest.fixture(scope="module")
def two_weeks() -> list[Delivery]:
    return list(simulate(DeskOptions(start=MONDAY, seed=3, duration=14 * DAY, tickets_per_day=500, incidents=False)))


def test_the_rate_is_the_one_asked_for(two_weeks: list[Delivery]) -> None:
    assert len(of_kind(two_weeks, "ticket.created")) == pytest.approx(14 * 500, rel=0.03)


def test_queues_have_their_shares(two_weeks: list[Delivery]) -> None:
    tickets = of_kind(two_weeks, "ticket.created")
    shares = Counter(delivery.event["data"]["queue"] for delivery in tickets)
    assert shares["billing"] / len(tickets) == pytest.approx(0.28, abs=0.02)
    assert shares["sales"] / len(tickets) == pytest.approx(0.12, abs=0.02)


def test_a_weekday_morning_is_busier_than_a_night_or_a_weekend(two_weeks: list[Delivery]) -> None:
    hours = Counter((delivery.at - MONDAY) // HOUR % 168 for delivery in of_kind(two_weeks, "ticket.created"))
    tuesday, saturday = 24, 5 * 24
    assert hours[tuesday + 10] > 5 * hours[tuesday + 3]
    assert sum(hours[saturday + hour] for hour in range(24)) < sum(hours[tuesday + hour] for hour in range(24)) / 1.5


def test_mail_waits_for_an_agent_and_calls_are_picked_up(two_weeks: list[Delivery]) -> None:
    mail, calls = (first_reply_seconds(two_weeks, channels) for channels in ({"email", "web"}, {"chat", "phone"}))
    assert 3 * 60 < median(mail) < 90 * 60
    assert median(calls) < 90
    assert max(mail) > 8 * 3600


def test_most_tickets_are_resolved_and_some_of_them_reopened(two_weeks: list[Delivery]) -> None:
    created = created_at(two_weeks)
    resolved = {delivery.key for delivery in of_kind(two_weeks, "ticket.resolved")}
    reopened = {delivery.key for delivery in of_kind(two_weeks, "ticket.reopened")}
    assert 0.85 < len(resolved) / len(created) < 1
    assert 0.01 < len(reopened) / len(resolved) < 0.15


def test_longer_waiting_makes_lower_scores(two_weeks: list[Delivery]) -> None:
    creation = created_at(two_weeks)
    waited: dict[str, int] = {}
    for delivery in of_kind(two_weeks, "ticket.replied"):
        if is_human_answer(delivery.event["data"]):
            waited.setdefault(delivery.key, delivery.at - creation[delivery.key])
    scores: dict[bool, list[int]] = {True: [], False: []}
    for delivery in of_kind(two_weeks, "survey.answered"):
        data = delivery.event["data"]
        if data["survey"] == "csat" and "scale" not in data and delivery.key in waited:
            scores[waited[delivery.key] < 30 * MINUTE].append(data["score"])
    short, long = (sum(scores[quick]) / len(scores[quick]) for quick in (True, False))
    assert short > long + 0.5


def test_an_edited_answer_keeps_its_identity(two_weeks: list[Delivery]) -> None:
    identities = Counter(
        (d.key, d.event["data"]["response"], d.event["data"].get("item"))
        for d in of_kind(two_weeks, "survey.answered")
        if "response" in d.event["data"]
    )
    assert any(times > 1 for times in identities.values())


def test_nobody_replies_in_an_outage_and_tickets_go_on_arriving() -> None:
    begin = 10 * HOUR
    scene = DeskOptions(start=MONDAY, duration=DAY, tickets_per_day=2_000, incidents=False, scene="outage",
                        scene_start=begin, scene_duration=HOUR)  # fmt: skip
    inside = [d for d in simulate(scene) if MONDAY + begin <= d.at < MONDAY + begin + HOUR]
    assert of_kind(inside, "ticket.replied") == []
    assert len(of_kind(inside, "ticket.created")) > 50


def test_an_outage_changes_no_arrival() -> None:
    normal, outage = (
        [
            (d.at, d.key)
            for d in simulate(DeskOptions(start=MONDAY, duration=DAY, scene=scene, incidents=False))
            if kind_of(d) == "ticket.created"
        ]
        for scene in ("normal", "outage")
    )
    assert normal == outage


def test_a_flood_is_of_the_first_queue_and_in_its_hour() -> None:
    counts = {}
    for scene in ("normal", "flood"):
        options = DeskOptions(start=MONDAY, duration=12 * HOUR, queues=("returns", "sales"), incidents=False,
                              scene=scene, scene_start=3 * HOUR, scene_duration=HOUR)  # fmt: skip
        tickets = of_kind(simulate(options), "ticket.created")
        counts[scene] = Counter((str(d.event["data"]["queue"]), 3 * HOUR <= d.at - MONDAY < 4 * HOUR) for d in tickets)
    assert counts["flood"]["returns", True] > 5 * counts["normal"]["returns", True]
    assert counts["flood"]["sales", True] < 3 * counts["normal"]["sales", True] + 10


def test_the_seed_brings_about_four_floods_in_five_weeks_and_an_outage_in_three() -> None:
    troubles = Troubles(Dice(1, "troubles"), LocalTime("UTC"), 5, None)
    floods = outages = 0
    for week in range(520):
        begin = MONDAY + week * WEEK
        troubles.plan_week(begin)
        halves = range(begin, begin + WEEK, 30 * MINUTE)
        floods += any(troubles.flooded(half) for half in halves)
        outages += any(troubles.outage_end(half) for half in halves)
    assert floods / 520 == pytest.approx(0.8, abs=0.06)
    assert outages / 520 == pytest.approx(0.35, abs=0.06)


def test_a_floor_without_incidents_has_neither_floods_nor_outages() -> None:
    calm, eventful = (
        len(created_at(simulate(DeskOptions(start=MONDAY, duration=28 * DAY, tickets_per_day=60, incidents=asked))))
        for asked in (False, True)
    )
    assert calm == pytest.approx(28 * 60, rel=0.05)
    assert eventful > calm


def test_queues_of_any_name_make_a_floor() -> None:
    options = DeskOptions(start=MONDAY, duration=DAY, tickets_per_day=300, queues=("پشتیبانی", "vip", "billing"))
    tickets = of_kind(simulate(options), "ticket.created")
    assert {delivery.event["data"]["queue"] for delivery in tickets} == set(options.queues)


def test_tickets_are_numbered_from_the_first_one_asked_for() -> None:
    options = DeskOptions(start=MONDAY, duration=12 * HOUR, tickets_per_day=300, first_ticket=50_000)
    assert min(created_at(simulate(options))) == "T-0050000"


def test_staffed_hours_are_reported_for_each_queue_and_day(two_weeks: list[Delivery]) -> None:
    reported = {
        (d.event["data"].get("queue"), d.event["data"]["period"]["start"]): d.event["data"]["value"]
        for d in of_kind(two_weeks, "business.reported")
        if d.event["data"]["fact"] == "staffed_hours"
    }
    queues = {queue for queue, _ in reported if queue is not None}
    assert len(queues) == 5
    assert len(reported) == (5 + 1) * 13
    assert reported["billing", "2026-03-03"] > reported["billing", "2026-03-07"]
    for _, day in reported:
        assert reported[None, day] == pytest.approx(sum(reported[queue, day] for queue in queues), abs=0.01)


def test_a_month_of_customers_begins_where_the_last_one_ended() -> None:
    options = DeskOptions(start=MONDAY, duration=70 * DAY, tickets_per_day=5)
    facts: dict[str, dict[str, float]] = {}
    for delivery in of_kind(simulate(options), "business.reported"):
        data = delivery.event["data"]
        facts.setdefault(data["period"]["start"], {})[data["fact"]] = data["value"]
    months = [facts[month] for month in ("2026-02-01", "2026-03-01", "2026-04-01")]
    for before, after in pairwise(months):
        assert after["customers_start"] == before["customers_end"]
    assert all(month["customers_end"] <= month["customers_start"] + month["customers_new"] for month in months)


def test_cost_customers_and_a_sister_floor_are_reported_each_day(two_weeks: list[Delivery]) -> None:
    days = Counter(
        data["fact"]
        for data in (d.event["data"] for d in of_kind(two_weeks, "business.reported"))
        if data["period"]["start"] == data["period"]["end"] and "queue" not in data
    )
    daily = ("cost", "customers", "benchmark.csat_satisfied", "benchmark.nps", "benchmark.first_response_p50")
    assert {fact: days[fact] for fact in daily} == dict.fromkeys(daily, 13)


def test_the_trade_association_means_something_else_by_a_first_response(two_weeks: list[Delivery]) -> None:
    meant = {
        data["reported_by"]: data["definition"]
        for data in (d.event["data"] for d in of_kind(two_weeks, "business.reported"))
        if data["fact"] == "benchmark.first_response_p50"
    }
    assert meant["sister floor"] == "median, creation to first human reply, calendar time"
    assert meant["trade association"] != meant["sister floor"]


def test_a_small_share_of_resolves_leaves_a_message_unanswered(two_weeks: list[Delivery]) -> None:
    """As of each ticket's last event: the last message, written before the last resolve, has no answer after it."""
    answered = {d.key: d.at for d in of_kind(two_weeks, "ticket.replied") if is_human_answer(d.event["data"])}
    wrote = {d.key: d.at for d in of_kind(two_weeks, "ticket.customer-replied")}
    resolved = {d.key: d.at for d in of_kind(two_weeks, "ticket.resolved")}
    told = answered.keys() & wrote.keys() & resolved.keys()
    left = {ticket for ticket in told if answered[ticket] < wrote[ticket] < resolved[ticket]}
    assert 0.002 < len(left) / len(resolved) < 0.03


def test_a_quarter_of_the_surveys_is_answered_and_some_only_days_later(two_weeks: list[Delivery]) -> None:
    """Response rates of 20 to 40 % are usual where customers are asked after a contact."""
    sent = {d.event["data"]["response"]: d.at for d in of_kind(two_weeks, "survey.sent") if d.at < MONDAY + 10 * DAY}
    answers = [d for d in of_kind(two_weeks, "survey.answered") if d.event["data"].get("response") in sent]
    waited = {d.event["data"]["response"]: d.at - sent[d.event["data"]["response"]] for d in answers}
    assert 0.2 < len(waited) / len(sent) < 0.4
    assert 0.005 < sum(each > 2 * DAY for each in waited.values()) / len(waited) < 0.1


def test_other_scales_are_a_small_share_of_the_answers(two_weeks: list[Delivery]) -> None:
    scales = Counter(
        (data["survey"], tuple(data["scale"]) if "scale" in data else None)
        for data in (d.event["data"] for d in of_kind(two_weeks, "survey.answered"))
    )
    for survey, scale in (("csat", (1, 3)), ("csat", (0, 1)), ("nps", (1, 10))):
        assert 0 < scales[survey, scale] < scales[survey, None] / 10
