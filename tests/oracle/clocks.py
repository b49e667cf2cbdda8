"""SLA clocks of one ticket: the policy, the due instant, the state and the verdict of each.

A clock runs in the open hours of its policy's calendar; the resolution clock only where the ticket runs too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracle.calendars import Calendar, elapsed, reached
from tests.oracle.configuration import OracleConfiguration, Policy
from tests.oracle.tickets import Ticket


@dataclass(frozen=True)
class LiveClock:
    """A clock not settled yet; `due` is None while it is paused before its due instant."""

    due: int | None
    is_breaching: bool
    is_at_risk: bool
    overdue_ratio: float | None  # open time past due by the target, where it is breaching


def policy_of(ticket: Ticket, at: int, configuration: OracleConfiguration) -> Policy | None:
    """The first policy that matches the ticket's attributes as they were at an instant."""
    own = {name: ticket.value(name, at) for name in ("queue", "priority", "channel", "kind", "brand")}
    own["queue"] = configuration.own_queue(own["queue"])
    for policy in configuration.policies:
        is_new_enough = policy.created_from is None or ticket.creation >= policy.created_from
        if is_new_enough and all(own[name] in allowed for name, allowed in policy.match.items()):
            return policy
    return None


def is_live(ticket: Ticket, configuration: OracleConfiguration) -> bool:
    """False for a ticket created before `live_since`: in no live set, and neither met nor breached."""
    return configuration.live_since is None or ticket.creation >= configuration.live_since


def due_of_runs(runs: Sequence[tuple[int, int | None]], target: int, calendar: Calendar | None) -> int | None:
    """The earliest instant by which the open hours of the runs add up to the target; None where they do not."""
    left = target
    for start, end in runs:
        due = reached(calendar, start, left)
        if due is not None and (end is None or due <= end):
            return due
        left -= 0 if end is None else elapsed(calendar, start, end)
    return None


def first_response_met(ticket: Ticket, configuration: OracleConfiguration) -> bool | None:
    """Whether the first reply came at or before its due instant; None where no clock judges it."""
    if ticket.first_reply is None or ticket.from_agent or not is_live(ticket, configuration):
        return None
    policy = policy_of(ticket, ticket.first_reply, configuration)
    if policy is None or policy.first_response is None:
        return None
    due = reached(policy.calendar, ticket.creation, policy.first_response)
    return due is None or ticket.first_reply <= due


def first_response_in_open_hours(ticket: Ticket, configuration: OracleConfiguration) -> int | None:
    """Open time from creation to the first reply; None where the policy as of the reply names no calendar."""
    if ticket.first_reply is None:
        return None
    policy = policy_of(ticket, ticket.first_reply, configuration)
    if policy is None or policy.calendar is None:
        return None
    return elapsed(policy.calendar, ticket.creation, ticket.first_reply)


def resolution_met(ticket: Ticket, configuration: OracleConfiguration) -> bool | None:
    """Whether the last change to resolved came at or before its due instant; None where open or unjudged."""
    if ticket.is_open or not is_live(ticket, configuration):
        return None
    settled = ticket.resolves[-1]
    policy = policy_of(ticket, settled, configuration)
    if policy is None or policy.resolution is None:
        return None
    due = due_of_runs(ticket.runs, policy.resolution, policy.calendar)
    return due is None or settled <= due


def live_clocks(ticket: Ticket, now: int, configuration: OracleConfiguration) -> dict[str, LiveClock]:
    """The running and paused clocks of an open ticket, by name."""
    policy = policy_of(ticket, now, configuration)
    if policy is None or not ticket.is_open or not is_live(ticket, configuration):
        return {}
    return clocks_under(policy, ticket, now)


def clocks_under(policy: Policy, ticket: Ticket, now: int) -> dict[str, LiveClock]:
    """The clocks that an open ticket has under a policy."""
    clocks = {}
    if ticket.is_waiting and policy.first_response is not None:
        clocks["first_response"] = _clock([(ticket.creation, None)], policy.first_response, now, policy)
    since = ticket.awaiting_reply_since
    if since is not None and policy.next_response is not None:
        clocks["next_response"] = _clock([(since, None)], policy.next_response, now, policy)
    if policy.resolution is not None:
        clocks["resolution"] = _clock(ticket.runs, policy.resolution, now, policy)
    return clocks


def _clock(runs: Sequence[tuple[int, int | None]], target: int, now: int, policy: Policy) -> LiveClock:
    due = due_of_runs(runs, target, policy.calendar)
    ran = sum(elapsed(policy.calendar, start, now if end is None else end) for start, end in runs)
    is_breaching = due is not None and now > due
    overdue = elapsed(policy.calendar, due, now) / target if due is not None and is_breaching else None
    return LiveClock(due, is_breaching, not is_breaching and target - ran < policy.at_risk * target, overdue)
