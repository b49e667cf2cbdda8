"""What is counted of a contribution: its moments, group by group, and the difference of two contributions.

A new KPI of tickets adds a group here, with the registers of the contribution that it depends on.
"""

from __future__ import annotations

from metrics.contribution import Contribution
from metrics.measures import Measure, Moment

# Plain ints: a member of an enum is looked up and hashed much more slowly, and this runs for each changed ticket.
CREATED, RESOLVED, REOPENED = int(Measure.CREATED), int(Measure.RESOLVED), int(Measure.REOPENED)
ESCALATED, CLOSED_UNANSWERED = int(Measure.ESCALATED), int(Measure.CLOSED_UNANSWERED)
REPLIED, FIRST_RESOLUTION, FULL_RESOLUTION = (
    int(Measure.FIRST_RESPONSE), int(Measure.FIRST_RESOLUTION), int(Measure.RESOLUTION)
)  # fmt: skip
COHORT_ANSWERED, COHORT_CLOSED = int(Measure.COHORT_ANSWERED), int(Measure.COHORT_CLOSED)
REPLY_VERDICT = int(Measure.FIRST_RESPONSE_BREACHED), int(Measure.FIRST_RESPONSE_MET)
RESOLUTION_VERDICT = int(Measure.RESOLUTION_BREACHED), int(Measure.RESOLUTION_MET)


def moments_of(contribution: Contribution) -> list[Moment]:
    """All that is counted of one contribution."""
    moments: list[Moment] = []
    if contribution.created is not None:
        moments.append((contribution.queue, contribution.created, CREATED, 0))
        _escalation(contribution, contribution.created, moments)
        _reply(contribution, contribution.created, moments)
        _changes(contribution, contribution.created, moments)
        _closing(contribution, contribution.created, moments)
    moments += contribution.answers
    return moments


def difference(before: Contribution, after: Contribution) -> tuple[list[Moment], list[Moment]]:
    """Moments to take back and moments to add: only of groups in which something changed."""
    created = after.created
    if created is None or before.created != created or before.queue != after.queue:
        return moments_of(before), moments_of(after)
    gone: list[Moment] = []
    new: list[Moment] = []
    if before.first_escalation != after.first_escalation:
        _escalation(before, created, gone)
        _escalation(after, created, new)
    if before.first_reply != after.first_reply or before.reply_is_met is not after.reply_is_met:
        _reply(before, created, gone)
        _reply(after, created, new)
    if before.resolved != after.resolved or before.reopened != after.reopened:
        _changes(before, created, gone)
        _changes(after, created, new)
    if (
        before.closed != after.closed
        or before.is_unanswered is not after.is_unanswered
        or before.resolution_is_met is not after.resolution_is_met
    ):
        _closing(before, created, gone)
        _closing(after, created, new)
    if before.answers != after.answers:
        gone += before.answers
        new += after.answers
    return gone, new


def happened(gone: list[Moment], new: list[Moment]) -> list[Moment]:
    """What is new apart from its queue: a ticket that moves to another queue was not created again."""
    if not gone:
        return new
    before = [moment[1:] for moment in gone]
    found = []
    for moment in new:
        if moment[1:] in before:
            before.remove(moment[1:])
        else:
            found.append(moment)
    return found


# Each group: counts and durations, stamped by when it happened (the cohort by creation).


def _escalation(one: Contribution, _created: int, into: list[Moment]) -> None:
    if one.first_escalation is not None:
        into.append((one.queue, one.first_escalation, ESCALATED, 0))


def _reply(one: Contribution, created: int, into: list[Moment]) -> None:
    replied = one.first_reply
    if replied is None:
        return
    queue, waited = one.queue, replied - created
    into.append((queue, replied, REPLIED, waited))
    if one.reply_is_met is not None:
        into.append((queue, replied, REPLY_VERDICT[one.reply_is_met], 0))
    into.append((queue, created, COHORT_ANSWERED, waited))


def _changes(one: Contribution, created: int, into: list[Moment]) -> None:
    queue = one.queue
    into += [(queue, instant, RESOLVED, 0) for instant in one.resolved]
    into += [(queue, instant, REOPENED, 0) for instant in one.reopened]
    if one.resolved:
        into.append((queue, one.resolved[0], FIRST_RESOLUTION, one.resolved[0] - created))


def _closing(one: Contribution, created: int, into: list[Moment]) -> None:
    closed = one.closed
    if closed is None:
        return
    queue = one.queue
    into.append((queue, closed, FULL_RESOLUTION, closed - created))
    if one.resolution_is_met is not None:
        into.append((queue, closed, RESOLUTION_VERDICT[one.resolution_is_met], 0))
    if one.is_unanswered:
        into.append((queue, closed, CLOSED_UNANSWERED, 0))
        into.append((queue, created, COHORT_CLOSED, closed - created))
