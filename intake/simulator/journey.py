"""What happens to a simulated ticket, step by step, from the first agent who takes it to its last event.

A step changes the ticket, sends its events and notes the next step in the agenda; the work between is an agent's,
who is free when the crew says so. Nothing that an agent does is recorded while an outage lasts; what is worked on in
a relief is answered and resolved within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from intake.simulator.agenda import Agenda
from intake.simulator.crew import Agent, Crew
from intake.simulator.dice import Choices, Dice
from intake.simulator.post import SYSTEM_OF_CHANNEL, Post, System
from intake.simulator.queues import LIVE_CHANNELS, QueueProfile
from intake.simulator.surveys import Surveys
from intake.simulator.tickets import Ticket
from intake.simulator.troubles import Troubles
from metrics.instants import DAY, HOUR, MINUTE, SECOND

#: How far the telephone exchange's clock may be behind the help desk's.
SKEW_MAX: Final = 90 * SECOND

#: In a relief a ticket is resolved at most this long after its answer.
RELIEF_RESOLVES: Final = 5 * SECOND

_VISITS_MAX: Final = 12
_NEXT_STEPS: Final = Choices(
    {"resolve": 56, "wait_for_customer": 29, "wait_for_third_party": 6, "escalate": 4, "go_on": 5}
)
_FINISH: Final = "resolve"
_ON_CUSTOMER: Final = "waiting on the customer"

#: After so long a rule of the help desk pauses a ticket of which an agent forgot to say that it waits for the customer.
_FORGOTTEN: Final = 20 * MINUTE
#: How soon half of the customers answer a question, and after what silence a ticket is closed by rule: of something
#: urgent, and of all else.
_PRESSED: Final = 25 * MINUTE, 3 * HOUR
_USUAL: Final = 150 * MINUTE, 3 * DAY

#: Of the further messages of customers who had an answer, the share that is taken for settled ("thank you", and then a
#: question below it) and resolved without another. No study is behind the figure: few enough to be overlooked in truth.
_TAKEN_FOR_SETTLED: Final = 0.04

#: Of what an agent has taken up, the share that is set aside unanswered, to ask somebody first, and how long that takes
#: in the middle: whoever is asked takes as long as ever, whatever the pace, and less where somebody is on the line. No
#: study is behind it: so few, and so short, that a floor keeps nearly all of its promises.
_SET_ASIDE: Final = 0.008
_ASKING: Final = 10 * MINUTE
_ASKING_LIVE: Final = 210 * SECOND
_NOT_SET_ASIDE: Final = frozenset({"urgent", "high"})


class Journey:
    """The steps of all tickets, once received."""

    def __init__(
        self,
        *,
        profiles: Sequence[QueueProfile],
        agenda: Agenda,
        post: Post,
        crew: Crew,
        surveys: Surveys,
        troubles: Troubles,
        dice: Dice,
        relief_dice: Dice,
        pace: float,
        start: int,
        right_clocks_from: int | None,
    ) -> None:
        self._pace = pace
        self._profiles = profiles
        self._agenda = agenda
        self._post = post
        self._crew = crew
        self._surveys = surveys
        self._troubles = troubles
        self._dice = dice
        self._relief_dice = relief_dice  # its own, so that before a scene nothing differs from a floor without it
        self._start = start
        self._right_clocks_from = right_clocks_from
        crew.begin_with(self._work)

    # An agent's work

    def _work(self, now: int, agent: Agent, ticket: Ticket) -> None:
        """``agent`` takes ``ticket``."""
        ticket.visits += 1
        if ticket.agent != agent.id and self._dice.chance(0.5) and self._troubles.outage_end(now) is None:
            self.send(now, "updated", ticket, {"agent": agent.id})
        ticket.agent = agent.id
        if ticket.channel in LIVE_CHANNELS and ticket.replied_at is None:
            rings = int(self._dice.between(3 * SECOND, 25 * SECOND) * self._pace)
            self._agenda.note(now + rings, self._pick_up, agent, ticket)
        profile = self._profiles[ticket.queue]
        minutes = max(0.75, self._dice.log_normal(profile.reply_minutes, 0.7)) * self._pace
        self._agenda.note(self._hurried(now, now + int(minutes * MINUTE)), self._finish, agent, ticket)

    def _hurried(self, now: int, end: int) -> int:
        """When work from ``now`` to ``end`` is over: sooner where it reaches into a relief."""
        relief = self._troubles.relief(now, end)
        return end if relief is None else self._relief_dice.between(relief[0], relief[1] - 1)

    def _pick_up(self, now: int, agent: Agent, ticket: Ticket) -> None:
        """The first words on the line; the exchange's clock is sometimes behind."""
        if ticket.discarded:
            return
        behind = 0
        if ticket.channel == "phone" and self._dice.chance(0.04):
            behind = self._dice.between(5 * SECOND, SKEW_MAX - 2 * SECOND)
            are_right = self._right_clocks_from is not None and now >= self._right_clocks_from
            if are_right or self._troubles.scene_began_within(now - behind, now):
                behind = 0  # until it begins, a scene changes nothing
        if self._troubles.outage_end(now - behind) is None and now - behind >= self._start:
            self.reply(now, ticket, {"agent": agent.id}, behind=behind)

    def _finish(self, now: int, agent: Agent, ticket: Ticket) -> None:
        """The work is done; in an outage it can be recorded only some minutes after its end."""
        outage_end = self._troubles.outage_end(now)
        if outage_end is not None:
            recorded = outage_end + int(self._dice.span(4 * MINUTE, 0.7) * self._pace)
            self._agenda.note(self._hurried(now, recorded), self._finish, agent, ticket)
            return
        ticket.in_work = False
        if ticket.alive:
            self._record(now, agent, ticket)
        self._crew.release(now, agent)

    def _record(self, now: int, agent: Agent, ticket: Ticket) -> None:
        if self._troubles.relief(now, now) is not None:
            self._answer(now, agent, ticket)
            self._agenda.note(now + self._relief_dice.between(SECOND, RELIEF_RESOLVES), self.resolve, ticket, agent.id)
            return
        if ticket.unread and ticket.replied_at is not None and self._dice.chance(_TAKEN_FOR_SETTLED):
            self._go_on(now, agent, ticket, _FINISH)
            return
        if self._is_set_aside(ticket):
            asking = self._dice.span(_ASKING_LIVE if ticket.channel in LIVE_CHANNELS else _ASKING, 0.25)
            self._agenda.note(self._hurried(now, now + asking), self._resume, ticket)
            return
        profile = self._profiles[ticket.queue]
        if len(self._profiles) > 1 and ticket.visits <= 3 and self._dice.chance(profile.transferred):
            self._transfer(now, agent, ticket)
            return
        if self._dice.chance(0.1):
            self.reply(now - SECOND, ticket, {"agent": agent.id, "public": False})
        self._answer(now, agent, ticket)
        if self._dice.chance(0.03):
            self._reprioritise(now, ticket)
        step = _FINISH if ticket.visits >= _VISITS_MAX else self._dice.pick(_NEXT_STEPS)
        self._go_on(now, agent, ticket, step)

    def _is_set_aside(self, ticket: Ticket) -> bool:
        """Nobody on the line is, before the first words, nor what presses."""
        is_on_the_line = ticket.channel in LIVE_CHANNELS and ticket.replied_at is None
        return not is_on_the_line and ticket.priority not in _NOT_SET_ASIDE and self._dice.chance(_SET_ASIDE)

    def _answer(self, now: int, agent: Agent, ticket: Ticket) -> None:
        """The written answer; on the line the first words were the answer already."""
        if ticket.channel not in LIVE_CHANNELS or ticket.visits > 1 or ticket.replied_at is None:
            self.reply(now, ticket, {"agent": agent.id})

    def _go_on(self, now: int, agent: Agent, ticket: Ticket, step: str) -> None:
        if step == "resolve":
            self._agenda.note(now + int(self._dice.span(45 * SECOND, 1.0) * self._pace), self.resolve, ticket, agent.id)
        elif step == "wait_for_customer":
            self._wait_for_customer(now, ticket)
        elif step == "wait_for_third_party":
            self._pause(now, ticket, "waiting on a third party")
            self._agenda.note(now + self._dice.span(6 * HOUR, 0.9), self._resume, ticket)
        else:
            if step == "escalate" or (ticket.kind == "complaint" and self._dice.chance(0.5)):
                self.escalate(now, ticket)
            self._crew.ask(now, ticket)

    def _transfer(self, now: int, agent: Agent, ticket: Ticket) -> None:
        others = [index for index in range(len(self._profiles)) if index != ticket.queue]
        ticket.queue = others[self._dice.below(len(others))]
        ticket.queue_name = self._profiles[ticket.queue].name
        if self._dice.chance(0.3):
            self.reply(now - SECOND, ticket, {"agent": agent.id, "public": False})
        self.send(now, "updated", ticket, {"queue": ticket.queue_name})
        self._crew.ask(now, ticket)

    def _reprioritise(self, now: int, ticket: Ticket) -> None:
        """As the tickets of its queue are: few turn out to be urgent."""
        ticket.priority = self._dice.pick(self._profiles[ticket.queue].priorities)
        self.send(now, "updated", ticket, {"priority": ticket.priority})

    def escalate(self, now: int, ticket: Ticket) -> None:
        """One level up, and no longer of low or normal priority."""
        ticket.escalations += 1
        self.send(now, "escalated", ticket, {"level": min(ticket.escalations, 3)} if self._dice.chance(0.8) else {})
        if ticket.priority not in {"urgent", "high"}:
            ticket.priority = "high"
            self.send(now, "updated", ticket, {"priority": "high"})

    # Waiting for others

    def _wait_for_customer(self, now: int, ticket: Ticket) -> None:
        if self._dice.chance(0.6):
            self._pause(now, ticket, _ON_CUSTOMER)
        else:
            self._agenda.note(now + _FORGOTTEN, self._pause_by_rule, ticket, ticket.visits)
        answer, patience = _PRESSED if ticket.priority == "urgent" else _USUAL
        if self._dice.chance(0.8):
            self._agenda.note(now + self._dice.span(answer, 1.3), self._customer_replies, ticket)
        else:
            self._agenda.note(now + patience + self._dice.below(HOUR), self._give_up, ticket)

    def _pause_by_rule(self, now: int, ticket: Ticket, visits: int) -> None:
        """What an agent has left open while it waits for the customer, unless it went on since."""
        is_left = ticket.visits == visits and not ticket.unread and not ticket.queued and not ticket.in_work
        if ticket.alive and is_left and not ticket.paused:
            self._pause(now, ticket, _ON_CUSTOMER)

    def _pause(self, now: int, ticket: Ticket, reason: str) -> None:
        ticket.paused = True
        self.send(now, "paused", ticket, {"reason": reason})

    def _resume(self, now: int, ticket: Ticket) -> None:
        if not ticket.alive:
            return
        if ticket.paused:
            ticket.paused = False
            self.send(now, "resumed", ticket)
        self._crew.ask(now, ticket)

    def _customer_replies(self, now: int, ticket: Ticket) -> None:
        """A further message: an open ticket goes on, a resolved one is mostly opened again."""
        if ticket.discarded:
            return
        if not ticket.open and self._dice.chance(0.6):
            self._reopen(now, ticket)
        self.hear(now, ticket)
        if ticket.open:
            self._resume(now, ticket)

    def hear(self, now: int, ticket: Ticket) -> None:
        """The customer writes again."""
        ticket.unread = True
        self.send(now, "customer-replied", ticket)

    def _give_up(self, now: int, ticket: Ticket) -> None:
        """No word from the customer: closed by rule, unless something happened since."""
        if not ticket.queued and not ticket.in_work:
            self.resolve(now, ticket)

    # The end, and what may follow it

    def resolve(self, now: int, ticket: Ticket, agent: str = "") -> None:
        """Resolved by ``agent``, by rule or by the customer; nothing where it is settled or being worked on."""
        if not ticket.alive or ticket.in_work:
            return
        ticket.open = ticket.paused = ticket.queued = False
        self.send(now, "resolved", ticket, {"agent": agent} if agent else {})
        self._surveys.after_resolve(now, ticket)
        if self._dice.chance(0.08):
            self._agenda.note(now + self._dice.span(8 * HOUR, 1.0), self._customer_replies, ticket)
        if self._dice.chance(0.1):
            self._agenda.note(now + 4 * DAY, self._close, ticket)
        if self._dice.chance(self._profiles[ticket.queue].converted):
            self._agenda.note(now + self._dice.span(14 * HOUR, 1.0), self._convert, ticket)

    def _close(self, now: int, ticket: Ticket) -> None:
        """Solved, then closed: a second resolve that finds the ticket resolved."""
        if not ticket.open and not ticket.discarded:
            self.send(now, "resolved", ticket)

    def _reopen(self, now: int, ticket: Ticket) -> None:
        ticket.open = True
        ticket.reopens += 1
        self.send(now, "reopened", ticket)

    def _convert(self, now: int, ticket: Ticket) -> None:
        value = round(self._dice.log_normal(60, 0.9), 2)
        self.send(now, "converted", ticket, {"value": value} if self._dice.chance(0.9) else {})

    # Sending

    def is_down(self, now: int) -> bool:
        """Whether an outage keeps everyone from writing."""
        return self._troubles.outage_end(now) is not None

    def reply(self, now: int, ticket: Ticket, data: dict[str, Any], *, behind: int = 0) -> None:
        """A reply, unless an outage keeps everyone, bots too, from writing; ``behind``: how far its clock is."""
        if ticket.discarded or self._troubles.outage_end(now - behind) is not None:
            return
        if "author" not in data and data.get("public", True):
            if ticket.replied_at is None:
                ticket.replied_at = now
            ticket.unread = False
            if self._dice.chance(0.3):
                data["author"] = "human"
        system = SYSTEM_OF_CHANNEL.get(ticket.channel, System.DESK)
        self._post.send(now - behind, "ticket.replied", ticket.id, data, system)

    def send(self, now: int, kind: str, ticket: Ticket, data: dict[str, Any] | None = None) -> None:
        """Send ``support.ticket.KIND`` of ``ticket``."""
        self._post.send(now, f"ticket.{kind}", ticket.id, data or {})
