"""SLA clocks in calendar time: the policy, the due instant, and the verdict of each clock of one ticket."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.configuration import OracleConfiguration, Policy
from tests.oracle.tickets import Ticket


@dataclass(frozen=True)
class LiveClock:
    """A clock not settled yet; `due` is None while it is paused before its due instant."""

    due: int | None
    is_breaching: bool
    is_at_risk: bool


def policy_of(ticket: Ticket, at: int, configuration: OracleConfiguration) -> Policy | None:
    """The first policy that matches the ticket's attributes as they were at an instant."""
    own = {name: ticket.value(name, at) for name in ("queue", "priority", "channel", "kind")}
    own["queue"] = configuration.own_queue(own["queue"])
    for policy in configuration.policies:
        is_new_enough = policy.created_from is None or ticket.creation >= policy.created_from
        if is_new_enough and all(own[name] in allowed for name, allowed in policy.match.items()):
            return policy
    return None


def is_live(ticket: Ticket, configuration: OracleConfiguration) -> bool:
    """False for a ticket created before `live_since`: in no live set, and neither met nor breached."""
    return configuration.live_since is None or ticket.creation >= configuration.live_since


def due_of_runs(runs: Iterable[tuple[int, int | None]], target: int) -> int | None:
    """The earliest instant at which the runs add up to the target; None where they do not."""
    left = target
    for start, end in runs:
        if end is None or end - start >= left:
            return start + left
        left -= end - start
    return None


def first_response_met(ticket: Ticket, configuration: OracleConfiguration) -> bool | None:
    """Whether the first reply came at or before its due instant; None where no clock judges it."""
    if ticket.first_reply is None or ticket.from_agent or not is_live(ticket, configuration):
        return None
    policy = policy_of(ticket, ticket.first_reply, configuration)
    if policy is None or policy.first_response is None:
        return None
    return ticket.first_reply <= ticket.creation + policy.first_response


def resolution_met(ticket: Ticket, configuration: OracleConfiguration) -> bool | None:
    """Whether the last change to resolved came at or before its due instant; None where open or unjudged."""
    if ticket.is_open or not is_live(ticket, configuration):
        return None
    settled = ticket.resolves[-1]
    policy = policy_of(ticket, settled, configuration)
    if policy is None or policy.resolution is None:
        return None
    due = due_of_runs(ticket.runs, policy.resolution)
    return due is None or settled <= due


def live_clocks(ticket: Ticket, now: int, configuration: OracleConfiguration) -> dict[str, LiveClock]:
    """The running and paused clocks of an open ticket, by name."""
    policy = policy_of(ticket, now, configuration)
    if policy is None or not ticket.is_open or not is_live(ticket, configuration):
        return {}
    clocks = {}
    if ticket.is_waiting and policy.first_response is not None:
        clocks["first_response"] = _unpaused(ticket.creation, policy.first_response, now, policy.at_risk)
    since = ticket.awaiting_reply_since
    if since is not None and policy.next_response is not None:
        clocks["next_response"] = _unpaused(since, policy.next_response, now, policy.at_risk)
    if policy.resolution is not None:
        run = sum((now if end is None else end) - start for start, end in ticket.runs)
        due = due_of_runs(ticket.runs, policy.resolution)
        clocks["resolution"] = _judged(due, policy.resolution - run, policy.resolution, now, policy.at_risk)
    return clocks


def _unpaused(since: int, target: int, now: int, at_risk: Fraction) -> LiveClock:
    return _judged(since + target, since + target - now, target, now, at_risk)


def _judged(due: int | None, left: int, target: int, now: int, at_risk: Fraction) -> LiveClock:
    is_breaching = due is not None and now > due
    return LiveClock(due, is_breaching, not is_breaching and left < at_risk * target)
