"""Small exact tickets, one rule each. Timelines: one character is ten minutes unless said otherwise.

C created  R resolved  O reopened  A answered by a human  m customer's message  P paused  r resumed  N now
"""

from collections.abc import Iterable
from typing import Any

import pytest

from metrics.measures import FIRST_SURVEY, Measure
from metrics.policies import Policies, Policy, Rules
from stream.timeline import Timeline, timeline_of
from tests.contributions import NOTHING, moments_of
from tests.happenings import Happening, contribution, created, happening, joined
from tests.oracle.instants import DAY, HOUR, MINUTE, instant

START = instant("2026-03-10T06:00:00Z")
SKEW = 2 * MINUTE
FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION = 0, 1, 2


def at(minutes: float, kind: str, *, source: str = "desk", late: int = 0, **data: Any) -> Happening:
    """A ticket event so many minutes and ``late`` nanoseconds after START."""
    name = "survey.answered" if kind == "answered" else f"ticket.{kind}"
    return happening(name, START + round(minutes * MINUTE) + late, source=source, **data)


def line(*log: Happening) -> Timeline:
    found = timeline_of(joined(log), SKEW)
    assert found is not None
    return found


def minutes(instants: Iterable[int]) -> list[float]:
    return [(instant - START) / MINUTE for instant in instants]


def stamps(measure: Measure, *log: Happening, rules: Rules | None = None) -> list[tuple[float, float]]:
    """(minute, value in minutes) of each moment of a measure."""
    found = moments_of(contribution(log, rules))
    return [((then - START) / MINUTE, value / MINUTE) for _, then, number, value in found if number == measure]


def rules(*policies: Policy, **other: Any) -> Rules:
    return Rules(policies=Policies(policies), **other)


def clocks(given: Rules, *log: Happening) -> dict[int, tuple[float | None, float | None]]:
    """Due and risk minutes by clock, of those that run or have run for their share."""
    found = contribution(log, given).live.clocks
    pairs = enumerate(zip(found[::2], found[1::2], strict=True))
    return {sla: (_minute(due), _minute(risk)) for sla, (due, risk) in pairs if (due, risk) != (None, None)}


def _minute(then: int | None) -> float | None:
    return None if then is None else (then - START) / MINUTE


TWO_HOURS = rules(Policy(name="", resolution=2 * HOUR))


def test_of_two_creations_the_earlier_counts_and_the_later_gives_attributes() -> None:
    # C..C
    log = [created(START + 30 * MINUTE, queue="vip", origin="agent"), created(START)]
    assert (line(*log).created, line(*log).by_agent) == (START, False)
    assert contribution(log).live.queue == "vip"


def test_an_orphan_counts_nowhere_but_among_orphans() -> None:
    found = contribution([at(0, "replied", agent="sara"), at(10, "resolved")])
    assert (moments_of(found), found.live, found.orphans) == ([], None, 1)
    assert contribution([at(0, "replied", agent="sara"), created(START)]).orphans == 0


@pytest.mark.parametrize(
    ("before", "first", "skewed", "left_out"), [(SKEW, START, 1, 0), (1, START, 1, 0), (SKEW + 1, None, 0, 1)]
)
def test_a_reply_within_the_skew_is_at_creation_and_an_earlier_one_takes_no_part(
    before: int, first: int | None, skewed: int, left_out: int
) -> None:
    log = [created(START), at(0, "replied", late=-before, agent="sara")]
    found = contribution(log)
    assert line(*log).first_reply == first
    assert (found.clock_skew, found.before_creation) == (skewed, left_out)
    assert stamps(Measure.FIRST_RESPONSE, *log) == ([(0, 0)] if first else [])


def test_events_within_the_skew_keep_their_own_order() -> None:
    # both before C, a minute apart: resolved, then reopened, both count as at creation
    log = [created(START), at(-1, "resolved"), at(-0.5, "reopened")]
    assert (line(*log).resolved, line(*log).reopened, line(*log).is_open) == ((START,), (START,), True)


def test_a_resolve_reopen_and_resolve_again() -> None:
    # C..R.R..O.o..R
    log = [created(START), at(30, "resolved"), at(50, "resolved"), at(80, "reopened"), at(100, "reopened")]
    assert (minutes(line(*log).resolved), minutes(line(*log).reopened), line(*log).is_open) == ([30], [80], True)
    assert stamps(Measure.RESOLUTION, *log) == []
    assert stamps(Measure.FIRST_RESOLUTION, *log) == [(30, 30)]
    log.append(at(130, "resolved"))
    assert stamps(Measure.RESOLUTION, *log) == [(130, 130)]
    assert stamps(Measure.FIRST_RESOLUTION, *log) == [(30, 30)]
    assert stamps(Measure.RESOLVED, *log) == [(30, 0), (130, 0)]


@pytest.mark.parametrize("not_counted", [{"author": "bot"}, {"author": "auto"}, {"public": False}])
def test_bots_automatic_answers_and_private_notes_are_no_reply(not_counted: dict[str, Any]) -> None:
    # C.b.A
    log = [created(START), at(20, "replied", agent="x", **not_counted)]
    assert line(*log).awaits_first_response
    assert line(*log, at(40, "replied", agent="sara")).first_reply == START + 40 * MINUTE


def test_a_first_reply_after_a_resolve_still_counts_and_takes_the_cancellation_back() -> None:
    # C..R...A
    log = [created(START), at(30, "resolved")]
    assert stamps(Measure.CLOSED_UNANSWERED, *log) == [(30, 0)]
    assert stamps(Measure.COHORT_CLOSED, *log) == [(0, 30)]
    log.append(at(70, "replied", agent="sara"))
    assert stamps(Measure.CLOSED_UNANSWERED, *log) == []
    assert stamps(Measure.FIRST_RESPONSE, *log) == [(70, 70)]
    assert stamps(Measure.FIRST_RESPONSE_BREACHED, *log) == [(70, 0)]


def test_a_ticket_of_an_agent_never_waits_for_a_first_response_and_may_await_a_reply() -> None:
    # C..m..N
    log = [created(START, origin="agent")]
    assert not line(*log).awaits_first_response
    assert line(*log, at(0, "customer-replied")).awaiting_reply_since is None
    assert line(*log, at(30, "customer-replied")).awaiting_reply_since == START + 30 * MINUTE


def test_a_customer_awaits_a_reply_since_the_first_message_after_the_last_answer() -> None:
    # C.m.A..m..m
    log = [created(START), at(20, "customer-replied"), at(40, "replied", agent="sara")]
    assert line(*log).awaiting_reply_since is None
    log += [at(100, "customer-replied"), at(70, "customer-replied"), at(40, "customer-replied", source="chat")]
    assert line(*log).awaiting_reply_since == START + 70 * MINUTE
    assert line(*log, at(110, "resolved"), at(120, "reopened")).awaiting_reply_since is None
    assert line(*log, at(100, "replied", agent="sara")).awaiting_reply_since is None


def test_a_message_at_the_very_instant_of_a_reply_is_kept_in_neither_order() -> None:
    reply, message = at(40, "replied", agent="sara"), at(40, "customer-replied", source="chat")
    assert joined([reply, message]).messages == joined([message, reply]).messages == ()


def test_attributes_settle_a_clock_as_they_were_then_and_count_as_they_are_now() -> None:
    # C(low)..U(urgent)..A..U(low, vip)
    given = rules(
        Policy(name="u", match={"priority": frozenset(["urgent"])}, first_response=15 * MINUTE),
        Policy(name="", first_response=8 * HOUR),
    )
    log = [created(START, priority="low"), at(30, "updated", priority="urgent"), at(60, "replied", agent="sara")]
    later = [*log, at(60, "updated", late=1, priority="low", queue="vip")]
    assert stamps(Measure.FIRST_RESPONSE_BREACHED, *later, rules=given) == [(60, 0)]
    assert {queue for queue, *_ in moments_of(contribution(later, given))} == {"vip"}
    same = [*log, at(60, "updated", priority="low")]
    assert stamps(Measure.FIRST_RESPONSE_MET, *same, rules=given) == [(60, 0)]


@pytest.mark.parametrize(("late", "measure"), [(0, Measure.RESOLUTION_MET), (1, Measure.RESOLUTION_BREACHED)])
def test_the_resolution_is_judged_by_the_attributes_of_its_last_resolve(late: int, measure: Measure) -> None:
    # C(urgent)......R     U(low) at the very resolve, or a nanosecond after it
    urgent = Policy(name="u", match={"priority": frozenset(["urgent"])}, resolution=15 * MINUTE)
    log = [created(START, priority="urgent"), at(60, "resolved"), at(60, "updated", late=late, priority="low")]
    assert stamps(measure, *log, rules=rules(urgent, Policy(name="", resolution=8 * HOUR))) == [(60, 0)]


@pytest.mark.parametrize(("late", "due"), [(-1, 60), (0, 15), (1, 15)])
def test_a_policy_holds_for_tickets_created_from_its_very_instant_on(late: int, due: int) -> None:
    later = Policy(name="new", starts_at=START, first_response=15 * MINUTE)
    live = contribution([created(START + late)], rules(later, Policy(name="", first_response=HOUR))).live
    assert [due for due in live.clocks[::2] if due is not None] == [START + late + due * MINUTE]


@pytest.mark.parametrize(("late", "measure"), [(-1, "MET"), (0, "MET"), (1, "BREACHED")])
def test_a_clock_settled_at_its_due_instant_is_met_and_a_nanosecond_later_is_breached(late: int, measure: str) -> None:
    reply = [created(START), at(60, "replied", late=late, agent="sara")]
    assert len(stamps(Measure[f"FIRST_RESPONSE_{measure}"], *reply)) == 1
    resolve = [created(START), at(24 * 60, "resolved", late=late)]
    assert len(stamps(Measure[f"RESOLUTION_{measure}"], *resolve)) == 1


def test_the_resolution_clock_leaves_out_paused_time_and_time_spent_resolved() -> None:
    # C===P---r==R----O=     30 + 20 minutes run, then on: 70 of 120 left at minute 150
    log = [created(START), at(30, "paused"), at(40, "paused"), at(70, "resumed"), at(90, "resolved")]
    log += [at(100, "paused"), at(150, "reopened")]
    assert not line(*log).is_paused
    assert clocks(TWO_HOURS, *log) == {RESOLUTION: (220, 196)}


def test_a_paused_ticket_resolved_and_reopened_is_no_longer_paused() -> None:
    # C=P--R--O
    log = [created(START), at(20, "paused"), at(50, "resolved"), at(80, "reopened")]
    assert (line(*log[:2]).is_paused, line(*log).is_paused) == (True, False)
    assert line(*log).running == ((START, START + 20 * MINUTE), (START + 80 * MINUTE, None))


@pytest.mark.parametrize(
    ("ran", "due", "risk"),
    [
        (95 * MINUTE, None, None),
        (96 * MINUTE, None, None),  # exactly a fifth is left: not less
        (96 * MINUTE + 1, None, 96),
        (120 * MINUTE - 1, None, 96),
        (120 * MINUTE, 120, 96),  # it has run for the target: due at the very pause
        (120 * MINUTE + 1, 120, 96),
    ],
)
def test_a_clock_paused_before_its_due_instant_has_none_until_it_runs_again(
    ran: int, due: float | None, risk: float | None
) -> None:
    # C====P-------N
    log = [created(START), happening("ticket.paused", START + ran)]
    assert clocks(TWO_HOURS, *log) == ({RESOLUTION: (due, risk)} if risk is not None else {})


def test_a_clock_that_a_pause_stopped_at_the_target_is_breached_by_a_later_resolve() -> None:
    # C====P---R     due is the earliest instant at which it has run for the target: that of the pause
    log = [created(START), at(120, "paused"), at(150, "resolved")]
    assert stamps(Measure.RESOLUTION_BREACHED, *log, rules=TWO_HOURS) == [(150, 0)]
    assert stamps(Measure.RESOLUTION_MET, created(START), at(119, "paused"), at(999, "resolved"), rules=TWO_HOURS)


def test_the_first_response_clock_never_pauses_and_the_next_response_clock_starts_at_the_message() -> None:
    # C.P....A.m
    given = rules(Policy(name="", first_response=HOUR, next_response=30 * MINUTE, at_risk_ppm=500_000))
    log = [created(START), at(20, "paused")]
    assert clocks(given, *log) == {FIRST_RESPONSE: (60, 30)}
    log += [at(70, "replied", agent="sara"), at(90, "customer-replied")]
    assert clocks(given, *log) == {NEXT_RESPONSE: (120, 105)}


def test_a_reopened_ticket_without_a_reply_is_due_as_it_was_from_the_start() -> None:
    # C.R......O
    log = [created(START), at(20, "resolved")]
    assert contribution(log).live is None
    assert clocks(rules(Policy(name="", first_response=HOUR)), *log, at(90, "reopened")) == {FIRST_RESPONSE: (60, 48)}


def test_a_ticket_is_nowhere_while_discarded_and_back_when_restored() -> None:
    log = [created(START), at(50, "answered", survey="csat", score=5), at(-DAY // MINUTE, "discarded", reason="spam")]
    assert contribution(log) == NOTHING
    assert moments_of(contribution([*log, at(-DAY // MINUTE, "restored", late=1)])) == moments_of(contribution(log[:2]))


def test_a_ticket_older_than_live_since_is_judged_by_nothing_and_waits_uncounted() -> None:
    given = rules(Policy(name="", first_response=HOUR, resolution=HOUR), live_since=START + 1)
    log = [created(START)]
    assert not contribution(log, given).live.is_counted
    settled = moments_of(contribution([*log, at(5, "replied", agent="sara"), at(6, "resolved")], given))
    verdicts = {Measure.FIRST_RESPONSE_MET, Measure.RESOLUTION_MET}
    assert not verdicts & {measure for _, _, measure, _ in settled}
    assert Measure.FIRST_RESPONSE in {measure for _, _, measure, _ in settled}


@pytest.mark.parametrize(
    ("before", "queue"), [([], "returns"), ([created(START)], "billing"), ([created(START + 9 * HOUR)], "billing")]
)
def test_an_answer_counts_in_its_tickets_queue_or_its_own_and_its_latest_edit_replaces_it(
    before: list[Happening], queue: str
) -> None:
    given: dict[str, Any] = {"survey": "csat", "queue": "returns", "response": "r"}
    log = [*before, at(50, "answered", score=2, **given), at(40, "answered", score=5, **given)]
    answers = [moment for moment in moments_of(contribution(log)) if moment[2] >= FIRST_SURVEY]
    assert answers == [(queue, START + 50 * MINUTE, FIRST_SURVEY, 1)]


def test_an_answer_without_any_queue_is_in_other_and_each_identity_counts_apart() -> None:
    log = [at(50, "answered", survey="csat", score=5), at(60, "answered", survey="csat", score=1, response="r2")]
    log += [at(70, "answered", survey="csat", score=3, scale=[1, 3]), at(80, "answered", survey="nps", score=9)]
    found = moments_of(contribution(log))
    assert [(queue, value) for queue, _, _, value in found] == [("other", 4), ("other", 0), ("other", 2), ("other", 9)]
    assert len({measure for _, _, measure, _ in found}) == 3
