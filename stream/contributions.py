"""What one ticket adds to every number: its timeline under the rules (labels, policies, skew).

A pure function of (ticket, rules). A new KPI of tickets or surveys adds its moments here, and nowhere else.
"""

from __future__ import annotations

from metrics.contribution import NOTHING, Clock, Contribution, Live
from metrics.measures import Measure, Moment, Vocabulary
from metrics.policies import PPM, Policy, Rules
from stream.ticket import HISTORY_MAX, Attributes, Ticket
from stream.timeline import Timeline, timeline_of

FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION = 0, 1, 2
# Plain ints: a member of an enum is looked up and hashed much more slowly, and this runs for each changed ticket.
CREATED, RESOLVED, REOPENED = int(Measure.CREATED), int(Measure.RESOLVED), int(Measure.REOPENED)
ESCALATED, CLOSED_UNANSWERED = int(Measure.ESCALATED), int(Measure.CLOSED_UNANSWERED)
REPLIED, FIRST_RESOLUTION, FULL_RESOLUTION = (
    int(Measure.FIRST_RESPONSE), int(Measure.FIRST_RESOLUTION), int(Measure.RESOLUTION)
)  # fmt: skip
COHORT_ANSWERED, COHORT_CLOSED = int(Measure.COHORT_ANSWERED), int(Measure.COHORT_CLOSED)
REPLY_VERDICT = int(Measure.FIRST_RESPONSE_BREACHED), int(Measure.FIRST_RESPONSE_MET)
RESOLUTION_VERDICT = int(Measure.RESOLUTION_BREACHED), int(Measure.RESOLUTION_MET)
ORPHAN = "other"
Values = tuple[str, str, str, str, str]
NONE_GIVEN: Values = ("", "", "", "", "")
BY_ITEM = ("servqual", "brand")


def contribution_of(ticket: Ticket, rules: Rules, vocabulary: Vocabulary) -> Contribution:
    """All that ``ticket`` adds; nothing while it is discarded."""
    if ticket.verdict is not None and ticket.verdict[3]:
        return NOTHING
    line = timeline_of(ticket, rules.skew)
    if line is None:
        return _orphan(ticket, rules, vocabulary)
    labels, attributes = rules.labels, ticket.attributes
    latest = _values(attributes)
    queue, priority = labels.queue(latest[0]), labels.priority(latest[2])
    moments: list[Moment] = []
    _count(line, queue, moments)
    judged = rules.live_since is None or line.created >= rules.live_since
    policy = _policy(line.created, latest, rules)
    if judged:
        _judge(line, queue, attributes, policy, rules, moments)
    if ticket.answers:
        _answers(ticket, queue, rules, vocabulary, moments)
    skewed, before, full = _quality(ticket, line.created, rules.skew)
    return Contribution(
        moments=tuple(moments),
        live=_live(line, queue, priority, policy, is_counted=judged) if line.is_open else None,
        priority=priority,
        channel=labels.channel(latest[1]),
        clock_skew=skewed,
        before_creation=before,
        full_histories=full,
    )


# ------------------------------------------------------------------------------------------------- windows


def _count(line: Timeline, queue: str, moments: list[Moment]) -> None:
    """Counts and durations, each stamped by when it happened (the cohort by creation)."""
    add, created = moments.append, line.created
    add((queue, created, CREATED, 0))
    if line.first_escalation is not None:
        add((queue, line.first_escalation, ESCALATED, 0))
    for instant in line.resolved:
        add((queue, instant, RESOLVED, 0))
    for instant in line.reopened:
        add((queue, instant, REOPENED, 0))
    if line.resolved:
        add((queue, line.resolved[0], FIRST_RESOLUTION, line.resolved[0] - created))
        if not line.is_open:
            add((queue, line.resolved[-1], FULL_RESOLUTION, line.resolved[-1] - created))
    if line.by_agent:
        return
    if line.first_reply is not None:
        waited = line.first_reply - created
        add((queue, line.first_reply, REPLIED, waited))
        add((queue, created, COHORT_ANSWERED, waited))
    elif not line.is_open:
        add((queue, line.resolved[-1], CLOSED_UNANSWERED, 0))
        add((queue, created, COHORT_CLOSED, line.resolved[-1] - created))


def _judge(
    line: Timeline,
    queue: str,
    attributes: list[Attributes],
    latest: Policy | None,
    rules: Rules,
    moments: list[Moment],
) -> None:
    """Settled clocks: met or breached, under the policy of the attributes as of the settling instant."""
    created, last_given = line.created, attributes[-1][0]
    if line.first_reply is not None and not line.by_agent:
        policy = latest
        if last_given > line.first_reply:
            policy = _policy(created, _values(attributes, line.first_reply), rules)
        if policy is not None and policy.first_response is not None:
            met = line.first_reply <= created + policy.first_response
            moments.append((queue, line.first_reply, REPLY_VERDICT[met], 0))
    if not line.is_open:
        settled = line.resolved[-1]
        policy = latest if last_given <= settled else _policy(created, _values(attributes, settled), rules)
        if policy is not None and policy.resolution is not None:
            due = _reached(line, policy.resolution)
            met = due is None or settled <= due
            moments.append((queue, settled, RESOLUTION_VERDICT[met], 0))


def _answers(ticket: Ticket, queue: str | None, rules: Rules, vocabulary: Vocabulary, moments: list[Moment]) -> None:
    for answer in ticket.answers:
        if answer.survey in BY_ITEM:
            continue  # each item is an instrument of its own, with numbers of its own
        measure = vocabulary.survey_measure(answer.survey, answer.lowest, answer.highest)
        if measure is not None:
            own = queue if queue is not None else rules.labels.queue(answer.queue) if answer.queue else ORPHAN
            moments.append((own, answer.instant, measure, answer.score - answer.lowest))


# ------------------------------------------------------------------------------------------------ live sets


def _live(line: Timeline, queue: str, priority: str, policy: Policy | None, *, is_counted: bool) -> Live:
    return Live(
        queue=queue,
        priority=priority,
        is_counted=is_counted,
        awaiting_first_response_since=line.created if line.awaits_first_response else None,
        awaiting_reply_since=line.awaiting_reply_since,
        is_paused=line.is_paused,
        is_escalated=line.first_escalation is not None,
        has_policy=policy is not None,
        clocks=_clocks(line, policy) if policy is not None else (),
    )


def _clocks(line: Timeline, policy: Policy) -> tuple[Clock, ...]:
    clocks: list[Clock] = []
    if policy.first_response is not None and line.awaits_first_response:
        due = line.created + policy.first_response
        clocks.append((FIRST_RESPONSE, due, due - _lead(policy, policy.first_response)))
    if policy.next_response is not None and line.awaiting_reply_since is not None:
        due = line.awaiting_reply_since + policy.next_response
        clocks.append((NEXT_RESPONSE, due, due - _lead(policy, policy.next_response)))
    if policy.resolution is not None:
        due_or_none = _reached(line, policy.resolution)
        risk = _reached(line, policy.resolution - _lead(policy, policy.resolution), past=True)
        clocks.append((RESOLUTION, due_or_none, risk))
    return tuple(clocks)


def _lead(policy: Policy, target: int) -> int:
    """At risk is less than this left, in whole nanoseconds."""
    return -(-target * policy.at_risk_ppm // PPM)


def _reached(line: Timeline, target: int, *, past: bool = False) -> int | None:
    """The earliest instant at which the resolution clock has run for ``target``; None if it stopped before.

    With ``past``, also None if it stopped exactly there: the clock has not run for more than ``target``.
    """
    left = target
    for start, end in line.running:
        if end is None or left < end - start or (left == end - start and not past):
            return start + left
        left -= end - start
    return None


# ------------------------------------------------------------------------------------------------ attributes


def _values(attributes: list[Attributes], at: int | None = None) -> Values:
    """(queue, channel, priority, brand, kind) as of ``at`` (inclusive), or the latest; empty where never given."""
    values = NONE_GIVEN
    for element in reversed(attributes):
        if at is not None and element[0] > at:
            continue
        given = element[3:8]
        if values == NONE_GIVEN:
            values = given
        elif given != NONE_GIVEN:
            queue, channel, priority, brand, kind = values
            values = (queue or given[0], channel or given[1], priority or given[2], brand or given[3], kind or given[4])
        if "" not in values:
            break
    return values


def _policy(created: int, values: Values, rules: Rules) -> Policy | None:
    queue, channel, priority, brand, kind = values
    return rules.policies.choose(created, rules.labels.alias(queue), priority, channel, kind, brand)


# ------------------------------------------------------------------------------------------------ the rest


def _orphan(ticket: Ticket, rules: Rules, vocabulary: Vocabulary) -> Contribution:
    """Survey answers count without their ticket; an event of a ticket without creation is an orphan."""
    moments: list[Moment] = []
    _answers(ticket, None, rules, vocabulary, moments)
    waits = bool(ticket.attributes or ticket.replies or ticket.resolves or ticket.pauses or ticket.messages)
    waits = waits or bool(ticket.escalations or ticket.conversions)
    channel = rules.labels.channel(ticket.answers[-1].channel) if ticket.answers else ORPHAN
    return Contribution(moments=tuple(moments), orphans=int(waits), channel=channel)


def _quality(ticket: Ticket, created: int, skew: int) -> tuple[int, int, int]:
    """Kept events that count as at creation; that take no part since they are earlier still; and full histories.

    A full history may have lost older elements; that it is full is a function of the events alone.
    """
    skewed = before = full = 0
    for history in (ticket.replies, ticket.resolves, ticket.pauses, ticket.escalations, ticket.messages):
        if not history:
            continue
        full += len(history) >= HISTORY_MAX
        for element in history:
            if element[0] >= created:
                break
            if element[0] < created - skew:
                before += 1
            else:
                skewed += 1
    return skewed, before, full + (len(ticket.attributes) >= HISTORY_MAX)
