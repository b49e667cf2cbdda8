"""Counters are gross activity of this process: recent moments only, bounded labels, exact buckets."""

import json
from collections.abc import Iterable

import pytest

from metrics.activity import PREPARED_MAX, Activity, Counted
from metrics.instants import DAY, HOUR, MINUTE, SECOND, format_instant, parse_instant
from metrics.measures import FIRST_SURVEY, Measure, Moment, Vocabulary
from metrics.policies import Labels, Policies, Policy, Rules
from stream.records import Records
from stream.tickets import Admission, Tickets
from tests.happenings import created, feed, happening

NOW = parse_instant("2026-10-07T12:00:00Z")
QUARTER = 15 * MINUTE


def activity(rules: Rules | None = None) -> Activity:
    return Activity(rules or Rules(), lambda: NOW)


def observe(counting: Activity, moments: Iterable[Moment], priority: str = "high", channel: str = "chat") -> None:
    counting.observe(priority, channel, list(moments))


def counts(counting: Activity, name: str, vocabulary: Vocabulary | None = None) -> dict[tuple[str, ...], int]:
    counted = counting.counted(vocabulary.instruments if vocabulary else ())
    return dict(counted.counts[f"support_{name}_total"])


def upto(counted: Counted, name: str, bound: int) -> int:
    """How many of the only label set lasted at most ``bound``: what the bucket of that bound says."""
    bounds = counted.bounds[name]
    assert bound in bounds
    ((_, distribution),) = counted.distributions[name].items()
    return sum(distribution.counts[: bounds.index(bound) + 1])


def test_created_ticket_is_counted_by_queue_priority_and_channel() -> None:
    counting = activity()
    observe(counting, [("billing", NOW, Measure.CREATED, 0)])
    assert counts(counting, "tickets_created") == {("billing", "high", "chat"): 1}


def test_each_kind_of_moment_has_its_own_counter() -> None:
    counting = activity()
    kinds = (Measure.RESOLVED, Measure.RESOLVED, Measure.REOPENED, Measure.ESCALATED, Measure.COHORT_ANSWERED)
    observe(counting, [("billing", NOW, measure, 0) for measure in kinds])
    assert counts(counting, "tickets_resolved") == {("billing", "high"): 2}
    assert counts(counting, "tickets_reopened") == {("billing", "high"): 1}
    assert counts(counting, "tickets_escalated") == {("billing", "high"): 1}
    assert counts(counting, "tickets_created") == {}


@pytest.mark.parametrize(
    ("instant", "counted"),
    [(NOW - QUARTER, 1), (NOW - QUARTER - 1, 0), (NOW + QUARTER, 1), (NOW + QUARTER + 1, 0)],
)
def test_only_moments_within_fifteen_minutes_of_the_clock_count(instant: int, counted: int) -> None:
    counting = activity()
    observe(counting, [("billing", instant, Measure.CREATED, 0)])
    assert sum(counts(counting, "tickets_created").values()) == counted


def test_recent_reply_to_an_old_ticket_counts_without_its_creation() -> None:
    counting = activity()
    moments = [("billing", NOW - DAY, Measure.CREATED, 0), ("billing", NOW, Measure.FIRST_RESPONSE, DAY)]
    observe(counting, moments)
    assert counts(counting, "tickets_created") == {}
    assert counts(counting, "tickets_replied") == {("billing", "high", "chat"): 1}


def test_breached_clock_counts_as_settled_and_as_breached() -> None:
    counting = activity()
    observe(
        counting, [("billing", NOW, Measure.FIRST_RESPONSE_MET, 0), ("billing", NOW, Measure.RESOLUTION_BREACHED, 0)]
    )
    settled, breached = counts(counting, "sla_settled"), counts(counting, "sla_breached")
    assert settled == {("billing", "high", "first_response"): 1, ("billing", "high", "resolution"): 1}
    assert breached == {("billing", "high", "first_response"): 0, ("billing", "high", "resolution"): 1}


def test_ticket_that_moves_to_another_queue_was_not_created_again() -> None:
    counting = activity()
    partition = Tickets(Rules(), Admission(), counting.observe).open(0)
    for event in (created(NOW), happening("ticket.updated", NOW + SECOND, queue="returns")):
        feed(partition, event, now=NOW)
        assert partition.floor.entries_by_queue == {event["data"]["queue"]: 1}
    assert counts(counting, "tickets_created") == {("billing", "high", "email"): 1}


def test_what_happened_between_two_looks_is_counted_at_the_second() -> None:
    counting = activity()
    partition = Tickets(Rules(), Admission(), counting.observe).open(0)
    steps = ("resolved", "reopened", "resolved")
    feed(partition, created(NOW), now=NOW)
    for second, step in enumerate(steps):
        feed(partition, happening(f"ticket.{step}", NOW + second), now=NOW)
    assert counts(counting, "tickets_resolved") == {}
    assert partition.floor.entries_by_queue == {"billing": 1}
    assert counts(counting, "tickets_resolved") == {("billing", "high"): 2}
    assert counts(counting, "tickets_reopened") == {("billing", "high"): 1}


def test_breach_that_a_lower_priority_or_a_discard_takes_away_is_counted() -> None:
    policies = [Policy(name="urgent", match={"priority": frozenset({"high"})}, first_response=MINUTE)]
    rules = Rules(policies=Policies([*policies, Policy(name="rest", first_response=HOUR)]))
    counting = activity(rules)
    partition = Tickets(rules, Admission(), counting.observe).open(0)
    late = NOW - 5 * MINUTE
    feed(partition, created(late, "lowered"), created(late, "spam"), now=NOW)
    feed(partition, happening("ticket.updated", NOW - MINUTE, "lowered", priority="low"), now=NOW)
    feed(partition, happening("ticket.discarded", NOW - MINUTE, "spam", reason="spam"), now=NOW)
    assert partition.floor.entries_by_queue == {"billing": 2}
    assert counts(counting, "sla_retargeted_late") == {("billing",): 1}
    assert counts(counting, "sla_discarded_late") == {("billing",): 1}


# ------------------------------------------------------------------------------------------------- histograms


@pytest.mark.parametrize(("beyond", "within"), [(0, 1), (1, 0)])
def test_share_within_a_configured_target_is_exact_to_the_nanosecond(beyond: int, within: int) -> None:
    policy = Policy(name="odd", first_response=7 * MINUTE, resolution=11 * HOUR)
    counting = activity(Rules(policies=Policies([policy])))
    replied = ("q", NOW, Measure.FIRST_RESPONSE, 7 * MINUTE + beyond)
    observe(counting, [replied, ("q", NOW, Measure.RESOLUTION, 11 * HOUR + beyond)])
    counted = counting.counted(())
    assert upto(counted, "support_first_response_seconds", 7 * MINUTE) == within
    assert upto(counted, "support_resolution_seconds", 11 * HOUR) == within


def test_share_within_a_target_in_open_hours_is_exact_where_the_policy_names_a_calendar() -> None:
    policies = [Policy(name="office", first_response=7 * MINUTE, calendar="office"), Policy(name="always")]
    counting = activity(Rules(policies=Policies(policies)))
    observe(counting, [("q", NOW, Measure.FIRST_RESPONSE_BUSINESS, 7 * MINUTE)])
    assert upto(counting.counted(()), "support_first_response_business_seconds", 7 * MINUTE) == 1
    assert not activity().counted(()).distributions["support_first_response_business_seconds"]


def test_buckets_are_those_of_the_catalogue_and_the_targets_once() -> None:
    bounds = activity().counted(()).bounds
    minutes = [bound / MINUTE for bound in bounds["support_first_response_seconds"]]
    assert minutes == [1, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 4320, 5760, 10080]
    hours = [bound / HOUR for bound in bounds["support_resolution_seconds"]]
    assert hours == [0.25, 1, 4, 8, 24, 48, 72, 168, 336]


def test_longest_durations_are_in_the_last_bucket_and_the_sum_is_exact() -> None:
    counting = activity()
    observe(counting, [("q", NOW, Measure.FIRST_RESPONSE, 900 * DAY + 1), ("q", NOW, Measure.FIRST_RESPONSE, 0)])
    ((labels, found),) = counting.counted(()).distributions["support_first_response_seconds"].items()
    assert labels == ("q", "high")
    assert (found.counts[0], found.counts[-1], sum(found.counts)) == (1, 1, 2)
    assert found.total == 900 * DAY + 1


# ---------------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("score", "category"),
    [(0, "detractor"), (6, "detractor"), (7, "passive"), (8, "passive"), (9, "promoter"), (10, "promoter")],
)
def test_nps_answer_counts_in_its_category(score: int, category: str) -> None:
    counting, vocabulary = activity(), Vocabulary()
    measure = vocabulary.survey_measure("nps", 0, 10)
    assert measure == FIRST_SURVEY + 1
    observe(counting, [("billing", NOW, measure, score)])
    assert counts(counting, "nps_responses", vocabulary) == {("billing", category): 1}


def test_csat_and_effort_answers_count_by_score() -> None:
    counting, vocabulary = activity(), Vocabulary()
    csat, ces = vocabulary.survey_measure("csat", 1, 5), vocabulary.survey_measure("ces", 1, 7)
    assert csat is not None
    assert ces is not None
    observe(counting, [("billing", NOW, csat, 4), ("billing", NOW, csat, 4), ("billing", NOW, ces, 0)])
    assert counts(counting, "csat_responses", vocabulary) == {("billing", "chat", "5"): 2}
    assert counts(counting, "ces_responses", vocabulary) == {("billing", "1"): 1}


def test_answer_on_another_scale_is_not_pooled() -> None:
    counting, vocabulary = activity(), Vocabulary()
    measure = vocabulary.survey_measure("nps", 1, 10)
    assert measure is not None
    observe(counting, [("billing", NOW, measure, 9)])
    assert counts(counting, "nps_responses", vocabulary) == {}


# ----------------------------------------------------------------------------------------------------- labels


def test_fifty_first_queue_is_folded_into_other_and_counted() -> None:
    counting = activity()
    for number in range(51):
        observe(counting, [(f"queue-{number}", NOW, Measure.CREATED, 0)])
    created = counts(counting, "tickets_created")
    assert len(created) == 51
    assert created["queue-49", "high", "chat"] == created["other", "high", "chat"] == 1
    assert counts(counting, "label_overflow") == {("queue",): 1, ("priority",): 0, ("channel",): 0}


def test_queue_that_a_policy_names_keeps_its_place_among_many() -> None:
    policy = Policy(name="vip", match={"queue": frozenset({"vip"})}, first_response=HOUR)
    counting = activity(Rules(policies=Policies([policy])))
    for queue in (*(f"queue-{number}" for number in range(60)), "vip"):
        observe(counting, [(queue, NOW, Measure.CREATED, 0)])
    assert counts(counting, "tickets_created")["vip", "high", "chat"] == 1
    assert counts(counting, "tickets_created")["other", "high", "chat"] == 11


def test_value_outside_a_configured_list_is_counted_as_overflow() -> None:
    rules = Rules(labels=Labels(queues=["billing"], priorities=["high"]))
    counting = activity(rules)
    observe(counting, [("other", NOW, Measure.CREATED, 0)], priority="other", channel="other")
    assert counts(counting, "label_overflow") == {("queue",): 1, ("priority",): 1, ("channel",): 0}


def test_known_label_sets_start_at_zero() -> None:
    labels = Labels(["billing", "returns"], ["high", "low"], ["chat"])
    counted = activity(Rules(labels=labels)).counted(())
    assert set(counted.counts["support_tickets_created_total"].values()) == {0}
    assert len(counted.counts["support_tickets_created_total"]) == 4
    assert len(counted.counts["support_sla_breached_total"]) == 8
    assert len(counted.counts["support_csat_responses_total"]) == 10
    assert {sum(found.counts) for found in counted.distributions["support_resolution_seconds"].values()} == {0}


def test_without_lists_nothing_stands_at_zero_but_the_overflow() -> None:
    counted = activity().counted(())
    assert {name for name, found in counted.counts.items() if found} == {"support_label_overflow_total"}
    assert not any(counted.distributions.values())


def test_series_at_zero_stay_within_their_limit_for_any_lists() -> None:
    names = [f"v{number}" for number in range(40)]
    counted = activity(Rules(labels=Labels(names, names, names))).counted(())
    prepared = sum(map(len, counted.counts.values()))
    assert 0 < prepared <= PREPARED_MAX
    assert counted.counts["support_tickets_created_total"] == {}


# ---------------------------------------------------------------------------------------------------- copies


def test_counted_is_not_changed_by_what_happens_afterwards() -> None:
    counting = activity()
    observe(counting, [("q", NOW, Measure.CREATED, 0), ("q", NOW, Measure.FIRST_RESPONSE, SECOND)])
    earlier, later = counting.counted(()), counting.counted(())
    observe(counting, [("q", NOW, Measure.CREATED, 0), ("q", NOW, Measure.FIRST_RESPONSE, SECOND)])
    assert earlier == later != counting.counted(())


def test_recovery_counts_nothing() -> None:
    counting = activity()
    tickets = Tickets(Rules(), Admission(), counting.observe)
    first = tickets.open(0)
    data = {"queue": "billing", "channel": "chat", "priority": "high"}
    event = {"specversion": "1.0", "id": "1", "source": "desk", "type": "support.ticket.created", "subject": "t"}
    value = json.dumps(event | {"time": format_instant(NOW), "data": data}).encode()
    applied = first.apply(Records("ticket-created", 0, [0], [0], [b"t"], [value]), NOW)
    assert first.floor.entries_by_queue == {"billing": 1}
    before = counts(counting, "tickets_created")
    assert before == {("billing", "high", "chat"): 1}
    keys, states = zip(*applied.changed, strict=True)
    again = tickets.open(0)
    again.restore(keys, states)
    assert again.floor.entries_by_queue == {"billing": 1}
    assert counts(counting, "tickets_created") == before
