"""One property per rule of "A ticket, exactly" (KPIS), each held against plain loops over the set of events.

The loops are in ``retold``: they look at the events' own JSON, never at what the ticket keeps of them.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given

from metrics.measures import FIRST_SURVEY, Measure
from metrics.policies import Policies, Policy, Rules
from stream.timeline import Timeline, timeline_of
from tests.contributions import NOTHING, moments_of
from tests.happenings import Happening, contribution, joined, when
from tests.oracle.instants import HOUR
from tests.properties.retold import changes, creation, is_by_agent, is_open, of, ran, replies, runs_after, taking_part
from tests.properties.walks import (
    ANSWERED,
    CONVERTED,
    CREATED,
    ESCALATED,
    MESSAGE,
    REPLIED,
    SKEW,
    STEPS,
    TICKET,
    UPDATED,
    VERDICT,
    created_walks,
    walks,
)

CLOCKLESS = (
    "ticket.created",
    "ticket.updated",
    "ticket.discarded",
    "ticket.restored",
    "survey.sent",
    "survey.answered",
)
LIFE = (CREATED, REPLIED, STEPS, STEPS, MESSAGE)


def line_of(log: list[Happening]) -> Timeline:
    line = timeline_of(joined(log), SKEW)
    assert line is not None
    return line


def moments(log: list[Happening], measure: Measure) -> list[tuple[int, int]]:
    """(instant, value) of all moments of one measure."""
    return [(at, value) for _, at, number, value in moments_of(contribution(log)) if number == measure]


@given(walks())
def test_creation_is_the_earliest_created_event_and_until_it_is_known_the_ticket_counts_nowhere(
    log: list[Happening],
) -> None:
    given = of(log, "ticket.created")
    line = timeline_of(joined(log), SKEW)
    assert (line.created if line else None) == (when(given[0]) if given else None)
    if not given:
        found = contribution(log)
        assert found.live is None
        assert all(measure >= FIRST_SURVEY or measure == Measure.SURVEY_SENT for _, _, measure, _ in moments_of(found))


@given(created_walks(*TICKET))
def test_an_event_more_than_the_skew_before_its_creation_takes_no_part(log: list[Happening]) -> None:
    edge = when(creation(log)) - SKEW
    kept = [event for event in log if when(event) >= edge or event["type"].removeprefix("support.") in CLOCKLESS]
    full, less = contribution(log), contribution(kept)
    assert (moments_of(full), full.live, full.clock_skew) == (moments_of(less), less.live, less.clock_skew)


@given(created_walks(*TICKET))
def test_nothing_is_stamped_before_the_creation_and_no_duration_is_negative(log: list[Happening]) -> None:
    start = when(creation(log))
    assert all(at >= start and value >= 0 for _, at, _, value in moments_of(contribution(log)))


@given(created_walks(CREATED, STEPS, ESCALATED, CONVERTED))
def test_events_before_the_creation_are_counted_as_clock_skew_or_as_before_creation(log: list[Happening]) -> None:
    start = when(creation(log))
    early = [start - when(event) for event in log if event["type"] != "support.ticket.created" and when(event) < start]
    found = contribution(log)
    assert found.clock_skew == sum(before <= SKEW for before in early)
    assert found.before_creation == sum(before > SKEW for before in early)


@given(created_walks(CREATED, UPDATED))
def test_each_attribute_is_the_latest_value_that_any_event_gave(log: list[Happening]) -> None:
    latest: dict[str, str] = {}
    for event in of(log, "ticket.created", "ticket.updated"):
        latest |= {name: value for name, value in event["data"].items() if value}
    found = contribution(log)
    assert (found.live.queue, found.live.priority) == (latest["queue"], latest["priority"])
    assert (found.place.priority, found.place.channel) == (latest["priority"], latest["channel"])
    assert {queue for queue, *_ in moments_of(found)} == {latest["queue"]}


@given(created_walks(*LIFE))
def test_only_changes_between_open_and_resolved_count(log: list[Happening]) -> None:
    line, expected = line_of(log), changes(log)
    assert list(line.resolved) == [at for at, kind in expected if kind == "resolved"]
    assert list(line.reopened) == [at for at, kind in expected if kind == "reopened"]
    assert line.is_open == is_open(log)
    assert [at for at, _ in moments(log, Measure.RESOLVED)] == list(line.resolved)
    assert [at for at, _ in moments(log, Measure.REOPENED)] == list(line.reopened)


@given(created_walks(*LIFE))
def test_the_first_reply_is_the_earliest_public_human_one_and_its_time_runs_from_creation(log: list[Happening]) -> None:
    first = min(replies(log), default=None)
    assert line_of(log).first_reply == first
    answered = first is not None and not is_by_agent(log)
    start = when(creation(log))
    assert moments(log, Measure.FIRST_RESPONSE) == ([(first, first - start)] if answered and first is not None else [])


@given(created_walks(*LIFE))
def test_closed_without_a_reply_is_cancelled_at_the_last_resolve(log: list[Happening]) -> None:
    cancelled = not is_open(log) and not replies(log) and not is_by_agent(log)
    assert moments(log, Measure.CLOSED_UNANSWERED) == ([(changes(log)[-1][0], 0)] if cancelled else [])


@given(created_walks(*LIFE))
def test_a_ticket_awaits_its_first_response_while_open_not_by_an_agent_and_without_a_reply(
    log: list[Happening],
) -> None:
    live = contribution(log).live
    waits = is_open(log) and not is_by_agent(log) and not replies(log)
    assert (live is not None) == is_open(log)
    if live is not None:
        assert live.awaiting_first_response_since == (when(creation(log)) if waits else None)


@given(created_walks(*LIFE))
def test_a_customer_waits_since_the_earliest_message_later_than_the_last_reply_and_resolve(
    log: list[Happening],
) -> None:
    edges = [when(creation(log)), *replies(log), *(at for at, kind in changes(log) if kind == "resolved")]
    since = min((at for at, _ in taking_part(log, "customer-replied") if at > max(edges)), default=None)
    may_wait = is_open(log) and (bool(replies(log)) or is_by_agent(log))
    assert line_of(log).awaiting_reply_since == (since if may_wait else None)


@given(created_walks(*LIFE))
def test_resolution_time_is_that_of_tickets_resolved_now_and_the_first_resolve_is_kept_apart(
    log: list[Happening],
) -> None:
    start, resolves = when(creation(log)), [at for at, kind in changes(log) if kind == "resolved"]
    last = [] if is_open(log) else [(resolves[-1], resolves[-1] - start)]
    assert moments(log, Measure.RESOLUTION) == last
    assert moments(log, Measure.FIRST_RESOLUTION) == [(at, at - start) for at in resolves[:1]]


@given(created_walks(CREATED, STEPS))
def test_paused_lasts_until_the_next_resumed_or_resolve_and_needs_an_open_ticket(log: list[Happening]) -> None:
    line = line_of(log)
    assert (line.is_open, line.is_paused) == runs_after(log, 2**62)
    for at, _ in taking_part(log, "resolved", "reopened", "paused", "resumed"):
        runs = any(start <= at and (end is None or at < end) for start, end in line.running)
        assert runs == (runs_after(log, at) == (True, False))


@given(created_walks(CREATED, STEPS))
def test_the_resolution_is_due_at_the_earliest_instant_at_which_the_clock_has_run_for_the_target(
    log: list[Happening],
) -> None:
    # "Paused time and time spent resolved are left out of the resolution SLA clock"
    rules = Rules(policies=Policies([Policy(name="", resolution=HOUR)]))
    live = contribution(log, rules).live
    if live is None:
        return
    due, risk = live.clocks[4:]
    far = 2**62
    assert (due is None) == (ran(log, far) < HOUR)
    assert (risk is None) == (ran(log, far) <= HOUR * 4 // 5)
    if due is not None:
        assert (ran(log, due), ran(log, due - 1)) == (HOUR, HOUR - 1)
    if risk is not None:
        assert (ran(log, risk), ran(log, risk + 1)) == (HOUR * 4 // 5, HOUR * 4 // 5 + 1)


@given(created_walks(CREATED, STEPS, ESCALATED))
def test_the_first_escalation_counts_once_and_marks_the_ticket_while_it_is_open(log: list[Happening]) -> None:
    first = [at for at, _ in taking_part(log, "escalated")][:1]
    assert [at for at, _ in moments(log, Measure.ESCALATED)] == first
    live = contribution(log).live
    if live is not None:
        assert live.is_escalated == bool(first)


@given(walks())
def test_a_ticket_is_counted_nowhere_while_the_later_of_discard_and_restore_is_a_discard(log: list[Happening]) -> None:
    verdicts = of(log, "ticket.discarded", "ticket.restored")
    discarded = bool(verdicts) and verdicts[-1]["type"].endswith("discarded")
    rest = [event for event in log if event not in verdicts]
    found = contribution(log)
    if discarded:  # but for each of two clocks that was past due then
        late = {(at, measure) for _, at, measure, _ in moments_of(found)}
        assert late <= {(when(verdicts[-1]), Measure.DISCARDED_LATE)}
        assert len(moments_of(found)) == len(found.queues) <= 2
        assert replace(found, moments=(), place=None, queues=()) == NOTHING
    else:
        assert found == contribution(rest)


@given(walks(CREATED | UPDATED | ANSWERED | VERDICT.filter(lambda verdict: verdict[0] == "ticket.restored")))
def test_the_latest_answer_of_one_identity_counts_in_its_tickets_queue_else_its_own_else_other(
    log: list[Happening],
) -> None:
    latest: dict[Any, Happening] = {}
    for event in of(log, "survey.answered"):
        data = event["data"]
        scale = tuple(data.get("scale") or ((1, 5) if data["survey"] == "csat" else (0, 10)))
        latest[data.get("response") or "", data["survey"], scale, data.get("item", "")] = event
    queues = [
        event["data"]["queue"] for event in of(log, "ticket.created", "ticket.updated") if event["data"].get("queue")
    ]
    is_known = bool(of(log, "ticket.created"))
    expected = Counter(
        (
            queues[-1] if is_known else event["data"].get("queue", "other"),
            when(event),
            event["data"]["score"] - identity[2][0],
        )
        for identity, event in latest.items()
    )
    found = [
        (queue, at, score) for queue, at, measure, score in moments_of(contribution(log)) if measure >= FIRST_SURVEY
    ]
    assert Counter(found) == expected


@given(created_walks(*LIFE))
def test_a_ticket_opened_by_an_agent_has_no_first_response_clock_and_never_waits(log: list[Happening]) -> None:
    for event in of(log, "ticket.created"):
        event["data"]["origin"] = "agent"
    found = contribution(log)
    first = (Measure.FIRST_RESPONSE, Measure.CLOSED_UNANSWERED, Measure.COHORT_ANSWERED, Measure.COHORT_CLOSED)
    judged = (Measure.FIRST_RESPONSE_MET, Measure.FIRST_RESPONSE_BREACHED)
    assert not {measure for _, _, measure, _ in moments_of(found)} & {*first, *judged}
    if found.live is not None:
        assert found.live.awaiting_first_response_since is None
        assert found.live.clocks[:2] == (None, None)
