"""Who works when, and who takes which ticket next.

Each queue has a desk: tickets that wait, the one with the least patience left first, and agents who are free. An
agent works early, day, late or weekend shifts in the floor's local time, with a lunch break, and ends a ticket
begun before the shift ends. Helpers may be called for a while. Knows nothing of what the work is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import date
from heapq import heappop, heappush
from itertools import count
from typing import Final

import msgspec

from intake.simulator.agenda import Agenda
from intake.simulator.dice import Dice
from intake.simulator.local_time import LocalTime
from intake.simulator.queues import LIVE_CHANNELS
from intake.simulator.tickets import Ticket
from metrics.instants import MINUTE

_PATIENCE: Final = {"urgent": 10 * MINUTE, "high": 30 * MINUTE, "normal": 120 * MINUTE, "low": 480 * MINUTE}
_LIVE_PATIENCE: Final = MINUTE  # someone who is on the line goes first
_SICK: Final = 0.03


class Shift(msgspec.Struct, frozen=True):
    """Minutes of the local day from ``begin`` to ``end``, less 45 for lunch; ``weekend`` crews rest on two others."""

    begin: int
    end: int
    lunch: int
    weekend: bool = False

    def spans(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The two stretches of work, in minutes of the day."""
        return (self.begin, self.lunch), (self.lunch + 45, self.end)

    def works_on(self, day: date, weekend: Collection[int]) -> bool:
        """Whether a crew of this shift works on ``day``."""
        if self.weekend:
            return day.weekday() not in _resting(weekend)
        return day.weekday() not in weekend


def _resting(weekend: Collection[int]) -> tuple[int, int]:
    """The two weekdays on which the weekend's crew rests: the first two that are no weekend."""
    first, second, *_ = (day for day in range(7) if day not in weekend)
    return first, second


# In this order the agents of a queue get their shifts, going round: a crew of two has day and late.
_SHIFTS: Final = (
    Shift(9 * 60, 17 * 60 + 30, 12 * 60 + 30),
    Shift(12 * 60 + 30, 21 * 60, 16 * 60 + 30),
    Shift(9 * 60, 17 * 60 + 30, 12 * 60, weekend=True),
    Shift(7 * 60, 15 * 60 + 30, 11 * 60 + 30),
    Shift(9 * 60, 17 * 60 + 30, 13 * 60),
    Shift(7 * 60 + 30, 16 * 60, 12 * 60),
    Shift(8 * 60, 16 * 60 + 30, 12 * 60),
    Shift(13 * 60, 21 * 60 + 30, 17 * 60, weekend=True),
    Shift(10 * 60, 18 * 60 + 30, 13 * 60 + 30),
)


class Agent(msgspec.Struct):
    """One agent of the desk at index ``queue``, at work until ``until`` (nanoseconds)."""

    id: str
    queue: int
    shift: Shift
    until: int = 0
    busy: bool = False
    listed: bool = False  # among the free of its desk


class Desk:
    """The waiting tickets and the free agents of one queue."""

    __slots__ = ("free", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, Ticket]] = []
        self.free: deque[Agent] = deque()

    def next_ticket(self) -> Ticket | None:
        """Take off the ticket to be served next; those that were settled while they waited are passed over."""
        while self.waiting:
            ticket = heappop(self.waiting)[2]
            if ticket.queued and ticket.alive:
                return ticket
        return None

    def next_agent(self, now: int) -> Agent | None:
        """Take off the agent who has been free the longest; those whose shift has ended are passed over."""
        while self.free:
            agent = self.free.popleft()
            agent.listed = False
            if now < agent.until and not agent.busy:
                return agent
        return None


class Crew:
    """All agents and desks.

    ``staffed(queue, nanoseconds)`` is called for each stretch of work that an agent is there for.
    """

    _work: Callable[[int, Agent, Ticket], None]

    def __init__(
        self,
        *,
        sizes: Sequence[int],
        weekend: Collection[int],
        start: int,
        local_time: LocalTime,
        agenda: Agenda,
        dice: Dice,
        pace: float,
        staffed: Callable[[int, int], None],
    ) -> None:
        self._start = start
        self._pace = pace
        self._weekend = weekend
        self._local_time = local_time
        self._agenda = agenda
        self._dice = dice
        self._staffed = staffed
        self._asked = 0
        self._desks = [Desk() for _ in sizes]
        self._numbers = count(1)
        self._agents = [
            Agent(self._next_id(), queue, _SHIFTS[index % len(_SHIFTS)])
            for queue, size in enumerate(sizes)
            for index in range(size)
        ]

    def _next_id(self) -> str:
        return f"A-{next(self._numbers):05d}"

    def begin_with(self, work: Callable[[int, Agent, Ticket], None]) -> None:
        """``work(now, agent, ticket)`` is called when an agent takes a ticket."""
        self._work = work

    def plan_day(self, day: date) -> None:
        """Note who comes when on the local ``day``; what lies before the start of the simulation is left out."""
        for agent in self._agents:
            if agent.shift.works_on(day, self._weekend) and not self._dice.chance(_SICK):
                for begin, end in agent.shift.spans():
                    self._plan_span(agent, self._local_time.at(day, begin), self._local_time.at(day, end))

    def _plan_span(self, agent: Agent, begin: int, end: int) -> None:
        begin = max(begin, self._start)
        if begin < end:
            self._staffed(agent.queue, end - begin)
            self._agenda.note(begin, self._arrive, agent, end)

    def _arrive(self, now: int, agent: Agent, until: int) -> None:
        agent.until = until
        if not agent.busy:
            self._set_free(now, agent)

    def ask(self, now: int, ticket: Ticket) -> None:
        """``ticket`` needs an agent of its queue; nothing happens where it waits or is worked on already."""
        if ticket.queued or ticket.in_work:
            return
        ticket.queued = True
        self._asked += 1
        live = ticket.replied_at is None and ticket.channel in LIVE_CHANNELS
        due = now + int((_LIVE_PATIENCE if live else _PATIENCE[ticket.priority]) * self._pace)
        desk = self._desks[ticket.queue]
        heappush(desk.waiting, (due, self._asked, ticket))
        self._match(now, desk)

    def call_all_hands(self, now: int, until: int) -> None:
        """A helper comes for every ticket that waits, and stays ``until`` then."""
        for queue, desk in enumerate(self._desks):
            for _ in range(len(desk.waiting)):
                self._plan_span(Agent(self._next_id(), queue, _SHIFTS[0]), now, until)

    def release(self, now: int, agent: Agent) -> None:
        """``agent`` is done with a ticket and takes the next, or goes home."""
        agent.busy = False
        if now < agent.until:
            self._set_free(now, agent)

    def _set_free(self, now: int, agent: Agent) -> None:
        desk = self._desks[agent.queue]
        if not agent.listed:
            agent.listed = True
            desk.free.append(agent)
        self._match(now, desk)

    def _match(self, now: int, desk: Desk) -> None:
        while desk.waiting and (agent := desk.next_agent(now)) is not None:
            ticket = desk.next_ticket()
            if ticket is None:
                agent.listed = True
                desk.free.appendleft(agent)
                return
            ticket.queued, ticket.in_work, agent.busy = False, True, True
            self._work(now, agent, ticket)

    def waiting(self) -> int:
        """How many entries all desks hold."""
        return sum(len(desk.waiting) for desk in self._desks)
