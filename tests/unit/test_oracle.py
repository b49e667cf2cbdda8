"""The oracle held to figures computed by hand. Timelines: one character is ten minutes unless said otherwise."""

import tomllib
from typing import Any

import pytest

from tests.oracle.configuration import DEFAULT, OracleConfiguration, Policy, configuration_of
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant, text_of
from tests.oracle.snapshot import snapshot

NOON = instant("2026-03-10T12:00:00Z")
DISTANT = 60 * DAY  # so long before NOON that every window is complete


def event(
    kind: str, at: int, subject: str = "T1", /, source: str = "desk", name: str = "", **data: Any
) -> dict[str, Any]:
    identity = name or f"{kind}-{at}"
    return {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": f"support.{kind}",
        "time": text_of(at),
        "subject": subject,
        "data": data,
    }


def created(at: int, subject: str = "T1", **data: Any) -> dict[str, Any]:
    return event("ticket.created", at, subject, **({"queue": "billing", "channel": "email", "priority": "high"} | data))


def seen(*events: dict[str, Any], at: int = NOON, configuration: OracleConfiguration = DEFAULT) -> dict[str, Any]:
    orphan = event("ticket.escalated", NOON - DISTANT, "orphan")
    scope = snapshot([orphan, *events], at, configuration)["all"]
    assert isinstance(scope, dict)
    return scope


def day(scope: dict[str, Any]) -> Any:
    return scope["windows"]["24h"]


def test_first_reply_is_the_earliest_public_human_one_and_is_stamped_by_its_time() -> None:
    # created at 6 h before noon, then: bot, private, human, human
    # C..b..p..H..H............................ N
    start = NOON - 6 * HOUR
    scope = seen(
        created(start),
        event("ticket.replied", start + 30 * MINUTE, author="bot"),
        event("ticket.replied", start + 40 * MINUTE, public=False),
        event("ticket.replied", start + 50 * MINUTE, author="", agent="sara"),
        event("ticket.replied", start + 55 * MINUTE, author="human"),
    )
    wanted = {"count": 1, "mean": 3000.0, "p50": 3000.0, "p90": 3000.0, "met": 1, "breached": 0} | {
        "in_sla_ratio": 1.0,
        "in_sla_lower95": pytest.approx(0.2065, abs=5e-5),  # Wilson of 1 of 1
        "in_sla_upper95": 1.0,
        "in_sla_ratio_now": 1.0,
    }
    assert {name: day(scope)["first_response"][name] for name in wanted} == wanted
    assert (scope["open"], scope["awaiting_first_response"]) == (1, 0)
    assert scope["windows"]["1h"]["replied"] == 0
    assert scope["windows"]["6h"]["replied"] == 1


@pytest.mark.parametrize(("late", "verdict"), [(-1, (1, 0)), (0, (1, 0)), (1, (0, 1))])
def test_a_reply_at_its_due_instant_is_met_and_one_nanosecond_later_is_not(late: int, verdict: tuple[int, int]) -> None:
    scope = seen(created(NOON - 5 * HOUR), event("ticket.replied", NOON - 4 * HOUR + late))
    figures = day(scope)["first_response"]
    assert (figures["met"], figures["breached"]) == verdict


@pytest.mark.parametrize(
    ("age", "breaches", "at_risk", "next_due"),
    [
        (48 * MINUTE, 0, 0, True),  # exactly a fifth is left: not yet at risk
        (48 * MINUTE + 1, 0, 1, True),
        (HOUR, 0, 1, False),  # due now: neither later than now nor breaching
        (HOUR + 1, 1, 0, False),
    ],
)
def test_a_waiting_ticket_turns_at_risk_and_breaching_right_after_the_instant(
    age: int, breaches: int, at_risk: int, next_due: bool
) -> None:
    clock = seen(created(NOON - age))["sla"]["first_response"]
    due = text_of(NOON - age + HOUR)
    assert clock == {
        "live_breaches": breaches,
        "at_risk": at_risk,
        "next_due_at": due if next_due else None,
        "most_overdue_due_at": due if breaches else None,
        "overdue_ratio": (age - HOUR) / HOUR if breaches else None,
    }


def test_an_event_within_the_skew_counts_as_at_creation_and_an_earlier_one_not_at_all() -> None:
    start = NOON - 3 * HOUR
    within = seen(created(start), event("ticket.replied", start - 2 * MINUTE))
    assert day(within)["first_response"]["p50"] == 0.0
    assert day(within)["first_response"]["count"] == 1
    before = seen(
        created(start),
        event("ticket.replied", start - 2 * MINUTE - 1),
        event("ticket.resolved", start - 2 * MINUTE - 1),
        event("ticket.escalated", start - 2 * MINUTE - 1),
    )
    assert (before["awaiting_first_response"], before["escalated_open"], day(before)["resolved"]) == (1, 0, 0)


def test_closing_unanswered_cancels_the_clock_and_a_reopen_runs_it_from_creation() -> None:
    # C......R......O......N      due at the sixth character
    start = NOON - 3 * HOUR
    closed = [created(start), event("ticket.resolved", start + 30 * MINUTE)]
    scope = seen(*closed)
    assert day(scope)["closed_unanswered"] == 1
    assert (scope["open"], scope["sla"]["first_response"]["live_breaches"]) == (0, 0)
    assert day(scope)["first_response"]["in_sla_ratio_now"] is None
    reopened = seen(*closed, event("ticket.reopened", start + 2 * HOUR))
    assert day(reopened)["closed_unanswered"] == 0
    assert reopened["sla"]["first_response"]["most_overdue_due_at"] == text_of(start + HOUR)
    assert day(reopened)["first_response"]["in_sla_ratio_now"] == 0.0
    assert reopened["windows"]["1h"]["first_response"]["in_sla_ratio_now"] is None


def test_only_changes_count_as_resolved_and_a_reopen_retracts_the_resolution_but_not_the_first() -> None:
    # C..R.R....O..o....R..N    R, O change something; the second R and the o do not
    start = NOON - 4 * HOUR
    events = [
        created(start),
        event("ticket.replied", start + MINUTE),
        event("ticket.resolved", start + 30 * MINUTE),
        event("ticket.resolved", start + 50 * MINUTE),
        event("ticket.reopened", start + 100 * MINUTE),
        event("ticket.reopened", start + 130 * MINUTE),
    ]
    opened = day(seen(*events))
    assert (opened["resolved"], opened["reopened"], opened["resolution"]["count"]) == (1, 1, 0)
    assert opened["first_resolution"].items() >= {"count": 1, "mean": 1800.0, "p50": 1800.0, "p90": 1800.0}.items()
    again = day(seen(*events, event("ticket.resolved", start + 180 * MINUTE)))
    assert (again["resolved"], again["resolution"]["mean"], again["first_resolution"]["mean"]) == (2, 10800.0, 1800.0)


def resolution_in_two_hours(**keys: Any) -> OracleConfiguration:
    return OracleConfiguration(policies=(Policy(resolution=2 * HOUR),), **keys)


@pytest.mark.parametrize(("late", "verdict"), [(0, (1, 0)), (1, (0, 1))])
def test_paused_time_and_time_spent_resolved_do_not_run_the_resolution_clock(
    late: int, verdict: tuple[int, int]
) -> None:
    # C===P---r==R----O=====X     runs 40 + 20 + 60 minutes of the target's 120
    start = NOON - 8 * HOUR
    scope = seen(
        created(start),
        event("ticket.paused", start + 40 * MINUTE),
        event("ticket.paused", start + 50 * MINUTE),
        event("ticket.resumed", start + 80 * MINUTE),
        event("ticket.resolved", start + 100 * MINUTE),
        event("ticket.paused", start + 110 * MINUTE),  # does not find it open
        event("ticket.reopened", start + 150 * MINUTE),
        event("ticket.resolved", start + 210 * MINUTE + late),
        configuration=resolution_in_two_hours(),
    )
    figures = day(scope)["resolution"]
    assert (figures["met"], figures["breached"]) == verdict


@pytest.mark.parametrize(
    ("ran", "breaches", "at_risk", "overdue"),
    [(90 * MINUTE, 0, 0, False), (100 * MINUTE, 0, 1, False), (120 * MINUTE, 1, 0, True), (130 * MINUTE, 1, 0, True)],
)
def test_a_paused_clock_keeps_its_state_and_has_a_due_instant_only_if_that_had_passed(
    ran: int, breaches: int, at_risk: int, overdue: bool
) -> None:
    # C=====P---------------N
    start = NOON - 10 * HOUR
    scope = seen(created(start), event("ticket.paused", start + ran), configuration=resolution_in_two_hours())
    assert scope["paused"] == 1
    assert scope["sla"]["resolution"] == {
        "live_breaches": breaches,
        "at_risk": at_risk,
        "next_due_at": None,
        "most_overdue_due_at": text_of(start + 2 * HOUR) if overdue else None,
        "overdue_ratio": 4.0 if overdue else None,  # 8 hours ago, of a target of 2
    }


def test_the_resolution_due_instant_moves_by_the_pause() -> None:
    # C===P--r====N     30 minutes run, 20 paused, 40 run: 50 of 120 are left
    start = NOON - 90 * MINUTE
    scope = seen(
        created(start),
        event("ticket.paused", start + 30 * MINUTE),
        event("ticket.resumed", start + 50 * MINUTE),
        configuration=resolution_in_two_hours(),
    )
    assert scope["sla"]["resolution"]["next_due_at"] == text_of(NOON + 50 * MINUTE)


def test_a_customer_waits_since_the_earliest_message_after_the_last_answer() -> None:
    # C.m.A..m..m..N     and a message at the very instant of the answer does not wait
    start = NOON - 3 * HOUR
    policies = (Policy(next_response=30 * MINUTE),)
    events = [
        created(start),
        event("ticket.customer-replied", start + 20 * MINUTE),
        event("ticket.replied", start + 40 * MINUTE),
        event("ticket.customer-replied", start + 40 * MINUTE, source="chat"),
    ]
    assert seen(*events)["awaiting_reply"] == 0
    since = start + 70 * MINUTE
    events += [event("ticket.customer-replied", since), event("ticket.customer-replied", start + 100 * MINUTE)]
    scope = seen(*events, configuration=OracleConfiguration(policies=policies))
    assert (scope["awaiting_reply"], scope["oldest_awaiting_reply_at"]) == (1, text_of(since))
    assert scope["sla"]["next_response"]["most_overdue_due_at"] == text_of(since + 30 * MINUTE)
    events += [event("ticket.resolved", start + 110 * MINUTE), event("ticket.reopened", start + 120 * MINUTE)]
    assert seen(*events)["awaiting_reply"] == 0


def test_an_agents_ticket_has_no_first_response_yet_a_resolution_clock_and_may_await_a_reply() -> None:
    start = NOON - 30 * HOUR
    events = [created(start, origin="agent"), event("ticket.customer-replied", start)]
    scope = seen(*events, event("ticket.replied", NOON - HOUR, agent="omar"))
    assert (scope["open"], scope["awaiting_first_response"], day(scope)["replied"]) == (1, 0, 0)
    assert scope["sla"]["first_response"]["live_breaches"] == 0
    assert scope["sla"]["resolution"]["live_breaches"] == 1
    assert scope["windows"]["7d"]["first_response_cohort"]["created"] == 0
    assert seen(*events)["awaiting_reply"] == 0
    assert seen(*events, event("ticket.customer-replied", start + 1))["oldest_awaiting_reply_at"] == text_of(start + 1)
    closed = seen(*events, event("ticket.resolved", NOON - HOUR))
    assert (day(closed)["resolved"], day(closed)["closed_unanswered"]) == (1, 0)


def test_a_discarded_ticket_and_its_answers_are_nowhere_until_it_is_restored() -> None:
    answer = event("survey.answered", NOON - HOUR, "T1", survey="csat", score=5)
    events = [created(NOON - 5 * HOUR), answer, event("ticket.discarded", NOON - 9 * HOUR, reason="spam")]
    scope = seen(*events)
    assert (scope["open"], day(scope)["created"], day(scope)["csat"]["responses"]) == (0, 0, 0)
    scope = seen(*events, event("ticket.restored", NOON - 9 * HOUR + 1))
    assert (scope["open"], day(scope)["created"], day(scope)["csat"]["responses"]) == (1, 1, 1)


def test_the_target_is_that_of_the_settling_instant_and_counts_carry_the_latest_queue() -> None:
    # C(low)..U(urgent)..A..U(low)..N
    start = NOON - 3 * HOUR
    policies = (Policy(match={"priority": ["urgent"]}, first_response=15 * MINUTE), Policy(first_response=8 * HOUR))
    configuration = OracleConfiguration(policies=policies)
    events = [
        created(start, priority="low"),
        event("ticket.updated", start + 20 * MINUTE, priority="urgent", queue=""),
        event("ticket.replied", start + 40 * MINUTE),
        event("ticket.updated", start + 40 * MINUTE + 1, priority="low", queue="returns"),
    ]
    got = snapshot(events, NOON, configuration)
    assert list(got["queues"]) == ["returns"]
    assert got["queues"]["returns"]["windows"]["24h"]["first_response"]["breached"] == 1
    running = seen(*events[:2], configuration=configuration)
    assert running["sla"]["first_response"]["most_overdue_due_at"] == text_of(start + 15 * MINUTE)


def test_a_value_given_at_the_settling_instant_chooses_the_target_and_a_later_one_does_not() -> None:
    # C(low)....A+U(urgent)....R..U(low)..N
    start = NOON - 3 * HOUR
    urgent = Policy(match={"priority": ["urgent"]}, first_response=MINUTE, resolution=MINUTE)
    configuration = OracleConfiguration(policies=(urgent, Policy(first_response=8 * HOUR, resolution=8 * HOUR)))
    scope = seen(
        created(start, priority="low"),
        event("ticket.replied", start + 50 * MINUTE),
        event("ticket.updated", start + 50 * MINUTE, priority="urgent"),
        event("ticket.resolved", start + 100 * MINUTE),
        event("ticket.updated", start + 100 * MINUTE + 1, priority="low"),
        configuration=configuration,
    )
    assert (day(scope)["first_response"]["breached"], day(scope)["resolution"]["breached"]) == (1, 1)


def test_a_resolve_ends_a_pause() -> None:
    start = NOON - 3 * HOUR
    steps = [("paused", 10), ("resolved", 20), ("reopened", 30)]
    scope = seen(created(start), *(event(f"ticket.{step}", start + at * MINUTE) for step, at in steps))
    assert (scope["open"], scope["paused"]) == (1, 0)


def test_the_cohort_counts_the_answered_the_waiting_and_the_closed_unanswered() -> None:
    # T1 C.A, T2 C.........N waiting, T3 C..R closed:   S after T1's answer is 2/3, and falls no further
    start = NOON - HOUR
    scope = seen(
        *(created(start, subject) for subject in ("T1", "T2", "T3")),
        event("ticket.replied", start + 10 * MINUTE, "T1"),
        event("ticket.resolved", start + 30 * MINUTE, "T3"),
    )
    cohort = day(scope)["first_response_cohort"]
    assert (cohort["created"], cohort["waiting"], cohort["p50"]) == (3, 1, None)


def test_a_policy_holds_from_its_instant_on_and_a_ticket_that_matches_none_is_counted() -> None:
    configuration = OracleConfiguration(policies=(Policy(created_from=NOON - HOUR, first_response=MINUTE),))
    scope = seen(created(NOON - HOUR - 1), created(NOON - HOUR, "T2"), configuration=configuration)
    assert (scope["open"], scope["without_policy"], scope["sla"]["first_response"]["live_breaches"]) == (2, 1, 1)


def test_a_ticket_older_than_live_since_is_in_no_live_set_and_judged_by_no_target() -> None:
    configuration = OracleConfiguration(live_since=NOON - 2 * HOUR)
    old = [created(NOON - 3 * HOUR), created(NOON - 3 * HOUR, "T2"), event("ticket.replied", NOON - HOUR, "T2")]
    scope = seen(*old, created(NOON - 2 * HOUR, "T3"), configuration=configuration)
    assert (scope["open"], scope["awaiting_first_response"], scope["sla"]["first_response"]["live_breaches"]) == (
        1,
        1,
        1,
    )
    window = day(scope)
    assert (window["created"], window["replied"], window["first_response"]["breached"]) == (3, 1, 0)
    assert window["first_response_cohort"]["waiting"] == 2


def test_escalated_counts_first_escalations_and_escalated_open_the_open_tickets() -> None:
    first, second = NOON - 30 * HOUR, NOON - HOUR
    events = [created(NOON - 40 * HOUR), event("ticket.escalated", first), event("ticket.escalated", second)]
    scope = seen(*events)
    assert (day(scope)["escalated"], scope["windows"]["7d"]["escalated"], scope["escalated_open"]) == (0, 1, 1)
    assert seen(*events, event("ticket.resolved", second))["escalated_open"] == 0


def test_histories_keep_their_latest_256_elements() -> None:
    start = NOON - 20 * HOUR
    messages = [event("ticket.customer-replied", start + HOUR + n * SECOND) for n in range(257)]
    scope = seen(created(start), event("ticket.replied", start + MINUTE), *messages)
    assert scope["oldest_awaiting_reply_at"] == text_of(start + HOUR + SECOND)


def test_equal_events_are_one_and_a_reused_id_is_applied_twice() -> None:
    twice = [event("ticket.resolved", NOON - HOUR, name="7"), event("ticket.resolved", NOON - HOUR, name="7")]
    reopened = event("ticket.reopened", NOON - MINUTE, name="7")
    scope = seen(created(NOON - 2 * HOUR), *twice, reopened)
    assert (day(scope)["resolved"], day(scope)["reopened"], scope["open"]) == (1, 1, 1)


def test_events_of_one_instant_are_ordered_by_source_and_id() -> None:
    at = NOON - HOUR
    events = [
        created(NOON - 2 * HOUR),
        event("ticket.resolved", at, source="b"),
        event("ticket.reopened", at, source="a"),
    ]
    assert seen(*events)["open"] == 0
    events[1]["source"] = "A"
    assert seen(*events)["open"] == 1


def test_the_earliest_of_two_creations_counts_and_the_later_gives_attributes() -> None:
    again = created(NOON - HOUR, queue="returns", origin="agent")
    got = snapshot([again, created(NOON - 2 * HOUR)], NOON)
    assert got["queues"]["returns"]["oldest_awaiting_first_response_at"] == text_of(NOON - 2 * HOUR)
    assert got["all"]["windows"]["24h"]["created"] == 1


def test_an_orphan_is_counted_nowhere_and_still_begins_the_history() -> None:
    got = snapshot([event("ticket.resolved", NOON - HOUR)], NOON + 1)
    assert (got["history_since"], got["as_of"], got["queues"]) == (text_of(NOON - HOUR), text_of(NOON + 1), {})
    assert got["all"]["windows"]["24h"]["resolved"] == 0


def test_as_of_is_the_latest_event_and_an_earlier_one_leaves_out_what_came_later() -> None:
    events = [created(NOON - HOUR), event("ticket.resolved", NOON)]
    assert (snapshot(events)["as_of"], snapshot(events)["all"]["open"]) == (text_of(NOON), 0)
    assert snapshot(events, NOON - 1)["all"]["open"] == 1


def test_a_policy_matches_a_brand_and_a_ticket_without_one_does_not() -> None:
    configuration = OracleConfiguration(policies=(Policy(match={"brand": ["north"]}, first_response=HOUR),))
    scope = seen(created(NOON), created(NOON, "T2", brand="north"), configuration=configuration)
    assert (scope["without_policy"], scope["sla"]["first_response"]["next_due_at"]) == (1, text_of(NOON + HOUR))


def test_a_configuration_file_is_read() -> None:
    text = """
    [labels]
    queues = ["billing"]
    aliases = { payments = "billing" }
    [time]
    live_since = 2026-01-01T00:00:00+01:00
    [[sla]]
    from = 2026-01-02T00:00:00Z
    first_response = "1h30m"
    """
    configuration = configuration_of(tomllib.loads(text))
    assert configuration.live_since == instant("2025-12-31T23:00:00Z")
    assert configuration.policies[0].first_response == 90 * MINUTE
    assert (configuration.shown_queue("payments"), configuration.shown_queue("vip")) == ("billing", "other")
    assert configuration_of({}) == DEFAULT
    with pytest.raises(KeyError, match="office"):
        configuration_of({"sla": [{"calendar": "office"}]})
