"""The tickets behind a number: which of them, by which clock, soonest due first.

What a row says is a pure function of (ticket, rules, now), by the same functions as the numbers, so that as many are
listed as the snapshot counts. There is no index: a scan walks the states as they were at one instant, in slices, of the
partitions whose live sets know of any.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Final
from urllib.parse import quote

import msgspec

from metrics.calendars import elapsed
from metrics.clock_states import State, state_of
from metrics.contribution import SLAS, Mark
from metrics.instants import SECOND, format_instant
from metrics.live import LiveSet, LiveSets
from metrics.measures import Vocabulary
from metrics.policies import NO_POLICY, Place, Policy
from stream.clocks import reached
from stream.encoding import decode
from stream.places import Places, values_of
from stream.ticket import Ticket
from stream.tickets import Entries, Tickets, pairs
from stream.timeline import Running, Timeline, timeline_of

#: Parts of a partition's entries that are looked at together: for some 20 ms in a thread.
SLICE: Final = 128
#: Rows beyond the limit that may wait to be dropped. Sorting holds all threads: few, so that it does for few ms.
SPARE: Final = 2_000

FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION = range(len(SLAS))


class Listed(StrEnum):
    """The numbers of the snapshot whose tickets can be listed."""

    BREACHING = "breaching"
    AT_RISK = "at_risk"
    WAITING = "waiting"
    AWAITING_REPLY = "awaiting_reply"
    WITHOUT_POLICY = "without_policy"


#: Those that count clocks, and judge them: nothing of a partition that is not ready.
CLOCK_STATES: Final = {Listed.BREACHING: State.BREACHING, Listed.AT_RISK: State.AT_RISK}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets: by labels and by the policy's name, None for any; ``slas`` are places among ``SLAS``."""

    state: Listed
    queues: frozenset[str] | None = None
    priorities: frozenset[str] | None = None
    policies: frozenset[str] | None = None
    slas: frozenset[int] = frozenset(range(len(SLAS)))

    def has(self, queue: str, priority: str, policy: Policy | None) -> bool:
        """Whether tickets with these labels and this policy are meant."""
        return (
            (self.queues is None or queue in self.queues)
            and (self.priorities is None or priority in self.priorities)
            and (self.policies is None or (policy is not None and policy.name in self.policies))
        )


Order = tuple[bool, int, int, str, int]


class Found(msgspec.Struct, frozen=True, gc=False):
    """A ticket by one clock, or by none; instants in nanoseconds. The state is None where nobody can judge it."""

    id: str
    place: Place
    created: int
    since: int
    sla: int | None = None
    state: State | None = None
    due: int | None = None

    @property
    def order(self) -> Order:
        """Soonest due first, those never due last; then who waits longest."""
        return self.due is None, self.due or 0, self.since, self.id, self.sla or 0


class Row(msgspec.Struct, frozen=True):
    """The same for a reader; instants are RFC 3339, ``overdue_seconds`` is open time since the due instant."""

    id: str
    queue: str
    priority: str
    policy: str | None
    sla: str | None
    state: State | None
    created: str
    since: str
    due: str | None
    overdue_seconds: float | None
    link: str | None


# --------------------------------------------------------------------------------------------------- one ticket


def found_in(name: str, ticket: Ticket, places: Places, wanted: Wanted, now: int) -> tuple[Found, ...]:
    """The rows of the ticket called ``name`` as of ``now``, of a partition that is read to its end."""
    rules = places.rules
    if ticket.is_discarded:
        return ()
    line = timeline_of(ticket, rules.skew)
    if line is None or not line.is_open or not rules.is_judged(line.created):
        return ()
    place = places.of(line.created, values_of(ticket.attributes)[0])[0]
    if not wanted.has(place.queue, place.priority, place.policy):
        return ()
    if wanted.state in CLOCK_STATES:
        return tuple(_clocks(name, line, place, wanted, now))
    return _one(name, line, place, wanted.state, now)


def _clocks(name: str, line: Timeline, place: Place, wanted: Wanted, now: int) -> Iterator[Found]:
    """Every clock that is in the state."""
    state = CLOCK_STATES[wanted.state]
    for sla in wanted.slas:
        found = _clock(name, line, place, sla, now, only=state)
        if found is not None and found.state is state:
            yield found


def _one(name: str, line: Timeline, place: Place, state: Listed, now: int) -> tuple[Found, ...]:
    """The ticket by what it waits for, with that clock where its policy has one."""
    if state is Listed.WITHOUT_POLICY:
        return () if place.policy is not None else (Found(name, place, line.created, line.created),)
    sla = FIRST_RESPONSE if state is Listed.WAITING else NEXT_RESPONSE
    running = _running(line, sla)
    if running is None:
        return ()
    return (_clock(name, line, place, sla, now) or Found(name, place, line.created, running[0][0]),)


def _clock(name: str, line: Timeline, place: Place, sla: int, now: int, only: State | None = None) -> Found | None:
    """One clock of an open ticket; None where it has no such clock, or is seen at once not to be in ``only``."""
    running = _running(line, sla)
    target, at_risk_after = place.targets(sla)
    if running is None or target is None:
        return None
    due, risk = reached(running, target, place.calendar), None
    if due is None or now <= due:
        if only is State.BREACHING:
            return None
        risk = reached(running, at_risk_after, place.calendar, past=True)
    return Found(name, place, line.created, running[0][0], sla, state_of(now, due=due, risk=risk), due)


def _running(line: Timeline, sla: int) -> Running | None:
    """When a clock runs or ran; None where there is nothing to wait for. It begins when that began."""
    if sla == RESOLUTION:
        return line.running
    since = line.awaiting_reply_since
    if sla == FIRST_RESPONSE:
        since = line.created if line.awaits_first_response else None
    return None if since is None else ((since, None),)


def row_of(found: Found, now: int, ticket_url: str | None) -> Row:
    """The row as of ``now``; ``ticket_url`` has ``{id}`` where a ticket's id goes."""
    place, due = found.place, found.due
    overdue = None
    if found.state is State.BREACHING and due is not None:
        overdue = elapsed(due, now, place.calendar)
    return Row(
        id=found.id,
        queue=place.queue,
        priority=place.priority,
        policy=None if place.policy is None else place.policy.name,
        sla=None if found.sla is None else SLAS[found.sla],
        state=found.state,
        created=format_instant(found.created),
        since=format_instant(found.since),
        due=None if due is None else format_instant(due),
        overdue_seconds=None if overdue is None else overdue / SECOND,
        link=None if ticket_url is None else ticket_url.replace("{id}", quote(found.id, safe="")),
    )


# -------------------------------------------------------------------------------------------------- all of them


class Scan:
    """One listing in the making: begun while no ticket changes, gone on with in any thread while they do.

    It walks the states of that one instant, since a change puts another in a state's place; what it remembers of
    places is its own.
    """

    def __init__(self, tickets: Tickets, wanted: Wanted, limit: int, now: int, ready: Collection[int]) -> None:
        """``ready`` are the partitions whose topics are read to the end; of the others nothing is judged."""
        self.wanted = wanted
        self.as_of = now
        self.total = 0  # rows found, beyond the limit too
        self._limit = limit
        self._places = Places(tickets.rules, Vocabulary())
        self._kept: list[Found] = []
        self._bound: Order | None = None  # of what was dropped: whatever comes later goes, too
        policies = tickets.rules.policies.all
        self._left = deque(
            (number in ready, deque(partition.entries()))
            for number, partition in sorted(tickets.partitions.items())
            if (number in ready or wanted.state not in CLOCK_STATES)
            and _has_any(partition.floor.live, policies, wanted, now)
        )

    def go_on(self) -> bool:
        """Look at some thousand tickets; False when there were none left."""
        if not self._left:
            return False
        is_ready, parts = self._left[0]
        for _ in range(min(SLICE, len(parts))):
            self._look_through(parts.popleft(), is_ready=is_ready)
        if not parts:
            self._left.popleft()
        return True

    def _look_through(self, entries: Entries, *, is_ready: bool) -> None:
        for subject, state in pairs(entries):
            for found in found_in(subject.decode(), decode(state), self._places, self.wanted, self.as_of):
                self._add(found if is_ready else _unjudged(found))

    def _add(self, found: Found) -> None:
        self.total += 1
        if self._bound is None or found.order < self._bound:
            self._kept.append(found)
            if len(self._kept) > self._limit + SPARE:
                self._kept = self._soonest()
                self._bound = self._kept[-1].order

    def rows(self, ticket_url: str | None) -> tuple[Row, ...]:
        """The soonest of those found so far, as many as the limit allows."""
        return tuple(row_of(found, self.as_of, ticket_url) for found in self._soonest())

    def _soonest(self) -> list[Found]:
        return sorted(self._kept, key=lambda found: found.order)[: self._limit]


def _unjudged(found: Found) -> Found:
    """The row while a reply to it may still be unread."""
    return msgspec.structs.replace(found, state=None)


def _has_any(sets: LiveSets, policies: tuple[Policy, ...], wanted: Wanted, now: int) -> bool:
    """Whether the live sets of a partition count any ticket of these labels and policies in that state."""
    return any(
        wanted.has(queue, priority, None if policy == NO_POLICY else policies[policy]) and _counts(live, wanted, now)
        for (queue, priority, policy), live in sets.items()
    )


def _counts(live: LiveSet, wanted: Wanted, now: int) -> int:
    match wanted.state:
        case Listed.BREACHING:
            return sum(live.due(sla).before(now) for sla in wanted.slas)
        case Listed.AT_RISK:
            return sum(live.risk(sla).before(now) - live.due(sla).before(now) for sla in wanted.slas)
        case Listed.WAITING:
            return len(live.since(Mark.AWAITING_FIRST_RESPONSE))
        case Listed.AWAITING_REPLY:
            return len(live.since(Mark.AWAITING_REPLY))
        case Listed.WITHOUT_POLICY:
            return live.counts[-1]
