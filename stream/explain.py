"""Why each clock of a ticket stands as it does: the policy, the time counted and not, the due instant, the events.

A pure function of (ticket, rules, now), by the same functions as the numbers: the timeline, the policies, the calendar.
A ticket with events later than ``now`` has to be made without them.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from metrics.calendars import Calendar
from metrics.clock_states import State, state_of
from metrics.contribution import SLAS
from metrics.instants import format_instant
from metrics.policies import ATTRIBUTES, Policy, Rules
from stream.clocks import reached
from stream.evidence import Evidence, evidence, given, notes
from stream.places import values_of
from stream.ticket import Ticket
from stream.timeline import Running, Timeline, timeline_of

_PLACES = dict(zip(("queue", "channel", "priority", "brand", "kind"), range(5), strict=True))


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of time that a clock counted or did not, and why; ``version`` is the calendar's, from 0."""

    start: str
    end: str
    is_counted: bool
    why: str
    version: int | None = None


class Tried(msgspec.Struct, frozen=True):
    """A policy that was looked at, in the order of the file, and why it holds or does not."""

    policy: str
    holds: bool
    why: str


class Clock(msgspec.Struct, frozen=True):
    """One clock; instants are RFC 3339, ``target_seconds`` and ``counted_seconds`` are time that the clock ran."""

    sla: str
    state: State | None  # None: there is no such clock, and ``why`` says the reason
    why: str
    policy: str | None = None
    attributes_as_of: str | None = None
    tried: tuple[Tried, ...] = ()
    target_seconds: float | None = None
    calendar: str | None = None
    at_risk_after: str | None = None
    due: str | None = None
    settled: str | None = None
    counted_seconds: float | None = None
    stretches: tuple[Stretch, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """Everything about one ticket's clocks as of an instant."""

    ticket: str
    as_of: str
    created: str | None
    is_open: bool | None
    attributes: dict[str, str]
    clocks: tuple[Clock, ...]
    events: tuple[Evidence, ...]
    notes: tuple[str, ...]


def explain(name: str, ticket: Ticket, rules: Rules, now: int) -> Explanation:
    """All clocks of the ticket called ``name`` as of ``now``, in nanoseconds."""
    line = timeline_of(ticket, rules.skew)
    clocks = tuple(_no_clock(sla, why) for sla in SLAS) if (why := _why_no_clocks(ticket, line, rules)) else ()
    settled: set[int] = set()
    if line is not None and not clocks:
        if line.first_reply is not None:
            settled.add(line.first_reply)
        if not line.is_open:
            settled.add(line.resolved[-1])
        clocks = (
            _first_response(ticket, line, rules, now),
            _next_response(ticket, line, rules, now),
            _resolution(ticket, line, rules, now),
        )
    return Explanation(
        ticket=name,
        as_of=format_instant(now),
        created=None if line is None else format_instant(line.created),
        is_open=None if line is None else line.is_open,
        attributes={attribute: value for attribute, (value, _) in given(ticket.attributes).items()},
        clocks=clocks,
        events=evidence(ticket, line, rules.skew, settled),
        notes=notes(ticket),
    )


def _why_no_clocks(ticket: Ticket, line: Timeline | None, rules: Rules) -> str:
    if line is None:
        return "its creation is not known: until then it is counted nowhere"
    if ticket.verdict is not None and ticket.verdict[3]:
        return f"it is discarded since {format_instant(ticket.verdict[0])}: it is counted nowhere"
    if rules.live_since is not None and line.created < rules.live_since:
        return f"it was created before time.live_since, {format_instant(rules.live_since)}: nothing of it is judged"
    return ""


def _no_clock(sla: str, why: str) -> Clock:
    return Clock(sla, None, why)


# ---------------------------------------------------------------------------------------------- the three clocks


def _first_response(ticket: Ticket, line: Timeline, rules: Rules, now: int) -> Clock:
    if line.by_agent:
        return _no_clock(SLAS[0], "an agent opened the ticket: nobody waits for a first response")
    closed = None if line.is_open or line.first_reply is not None else line.resolved[-1]
    return _clock(ticket, line, rules, now, 0, ((line.created, None),), settled=line.first_reply, closed=closed)


def _next_response(ticket: Ticket, line: Timeline, rules: Rules, now: int) -> Clock:
    since = line.awaiting_reply_since
    if since is None:
        return _no_clock(SLAS[1], "no customer's message waits for a reply; of answered ones no clock is kept")
    return _clock(ticket, line, rules, now, 1, ((since, None),))


def _resolution(ticket: Ticket, line: Timeline, rules: Rules, now: int) -> Clock:
    settled = None if line.is_open else line.resolved[-1]
    return _clock(ticket, line, rules, now, 2, line.running, settled=settled)


def _clock(
    ticket: Ticket,
    line: Timeline,
    rules: Rules,
    now: int,
    sla: int,
    running: Running,
    *,
    settled: int | None = None,
    closed: int | None = None,
) -> Clock:
    values, _ = values_of(ticket.attributes, settled)
    place = rules.place(line.created, values)
    tried = tuple(_tried(rules, line.created, values))
    as_of = format_instant(now if settled is None else settled)
    target, risk_target = place.targets(sla)
    if place.policy is None:
        return Clock(SLAS[sla], None, "no policy matches", attributes_as_of=as_of, tried=tried)
    if target is None:
        why = f"policy {place.policy.name!r} has no target for it"
        return Clock(SLAS[sla], None, why, place.policy.name, as_of, tried)
    due = reached(running, target, place.calendar)
    risk = reached(running, risk_target, place.calendar, past=True)
    stops = [instant for instant in (settled, closed) if instant is not None]
    end = stops[0] if stops else max(line.created, now)
    stretches = tuple(_stretches(running, line, place.calendar, end))
    counted = sum(length for length, _ in stretches)
    state = state_of(now, due=due, risk=risk, settled=settled, closed=closed)
    return Clock(
        sla=SLAS[sla],
        state=state,
        why=_why(state, due, settled, closed),
        policy=place.policy.name,
        attributes_as_of=as_of,
        tried=tried,
        target_seconds=target / 1e9,
        calendar=place.policy.calendar,
        at_risk_after=_text(risk),
        due=_text(due),
        settled=_text(settled),
        counted_seconds=counted / 1e9,
        stretches=tuple(stretch for _, stretch in stretches),
    )


def _why(state: State, due: int | None, settled: int | None, closed: int | None) -> str:
    when = "never due" if due is None else f"due {format_instant(due)}"
    if settled is not None:
        return f"settled {format_instant(settled)}, {when}"
    if closed is not None:
        return f"closed without an answer {format_instant(closed)}, {when}"
    if due is None:
        return "not due: it stands still, or its calendar never opens for long enough"
    return {State.BREACHING: f"was {when}", State.AT_RISK: when, State.PENDING: when}[state]


# ----------------------------------------------------------------------------------------------- counted or not


def _stretches(running: Running, line: Timeline, calendar: Calendar | None, upto: int) -> Iterator[tuple[int, Stretch]]:
    """The time of a clock in order, each stretch with how much of it counts."""
    stopped = None
    for start, end in running:
        if stopped is not None and stopped < min(start, upto):
            yield 0, _stretch(stopped, min(start, upto), line)
        stopped = end
        stop = upto if end is None else min(end, upto)
        if start >= stop:
            continue
        if calendar is None:
            text = format_instant(start), format_instant(stop)
            yield stop - start, Stretch(*text, is_counted=True, why="calendar time")
            continue
        for span in calendar.spans(start, stop):
            length = span.end - span.start if span.is_open else 0
            text = format_instant(span.start), format_instant(span.end)
            yield length, Stretch(*text, is_counted=span.is_open, why=span.reason, version=span.version)
    if stopped is not None and stopped < upto:
        yield 0, _stretch(stopped, upto, line)


def _stretch(start: int, end: int, line: Timeline) -> Stretch:
    why = "resolved" if start in line.resolved else "paused"
    return Stretch(format_instant(start), format_instant(end), is_counted=False, why=why)


# --------------------------------------------------------------------------------------------------- the policy


def _tried(rules: Rules, created: int, values: tuple[str, str, str, str, str]) -> Iterator[Tried]:
    """The policies up to the first that matches, each with the reason."""
    queue, *rest = values
    own = (rules.labels.alias(queue), *rest)
    for policy in rules.policies.all:
        why = _why_not(policy, created, own)
        yield Tried(policy.name, not why, why or _why_so(policy))
        if not why:
            return


def _why_not(policy: Policy, created: int, own: tuple[str, ...]) -> str:
    if policy.starts_at is not None and created < policy.starts_at:
        return f"for tickets created from {format_instant(policy.starts_at)} on"
    for attribute in ATTRIBUTES:
        allowed = policy.match.get(attribute)
        value = own[_PLACES[attribute]]
        if allowed is not None and value not in allowed:
            wanted = " or ".join(repr(one) for one in sorted(allowed))
            return f"{attribute} is {value!r}, not {wanted}" if value else f"it has no {attribute}; wanted is {wanted}"
    return ""


def _why_so(policy: Policy) -> str:
    named = [attribute for attribute in ATTRIBUTES if attribute in policy.match]
    return f"matches by {', '.join(named)}" if named else "matches every ticket"


def _text(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
