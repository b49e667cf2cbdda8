"""How a simulated ticket comes in: greeted, acknowledged, kept by a bot, thrown out, or left waiting too long.

What agents do with it is the journey's part.
"""

from __future__ import annotations

from typing import Final

from intake.simulator.agenda import Agenda
from intake.simulator.crew import Crew
from intake.simulator.dice import Choices, Dice
from intake.simulator.journey import Journey
from intake.simulator.queues import LIVE_CHANNELS
from intake.simulator.tickets import Ticket
from metrics.instants import HOUR, MINUTE, SECOND

_REJECTIONS: Final = Choices({"spam": 50, "merged": 38, "deleted": 7, "test": 5})


class Reception:
    """Receives new tickets and watches those that nobody has answered."""

    def __init__(self, *, agenda: Agenda, journey: Journey, crew: Crew, dice: Dice, pace: float) -> None:
        self._agenda = agenda
        self._journey = journey
        self._crew = crew
        self._dice = dice
        self._pace = pace

    def receive(self, now: int, ticket: Ticket) -> None:
        """``ticket`` arrives, and asks for an agent unless a bot keeps it."""
        self._journey.send(now, "created", ticket, ticket.created_data(self._dice))
        if self._dice.chance(0.03):
            self._agenda.note(now + self._dice.span(25 * MINUTE, 1.2), self._discard, ticket)
        if ticket.channel in LIVE_CHANNELS:
            self._agenda.note(now + self._dice.span(25 * MINUTE, 0.6), self._hang_up, ticket)
        else:
            self._receive_letter(now, ticket)
        if not self._bot_keeps(now, ticket):
            self._crew.ask(now, ticket)

    def _receive_letter(self, now: int, ticket: Ticket) -> None:
        """Mail and forms: mostly acknowledged at once; some customers ask again, some no longer need an answer."""
        if ticket.origin == "customer" and self._dice.chance(0.8):
            self._agenda.note(now + self._dice.between(SECOND, 5 * SECOND), self._acknowledge, ticket)
        if self._dice.chance(0.15):
            self._agenda.note(now + self._dice.span(5 * HOUR, 0.8), self._ask_again, ticket)
        if self._dice.chance(0.02):
            self._agenda.note(now + self._dice.span(40 * MINUTE, 1.0), self._withdraw, ticket)

    def _bot_keeps(self, now: int, ticket: Ticket) -> bool:
        """Whether the chat's bot keeps the ticket from the agents; it greets more than it keeps."""
        if ticket.channel != "chat" or not self._dice.chance(0.4):
            return False
        self._agenda.note(now + self._dice.between(2 * SECOND, 20 * SECOND), self._greet, ticket)
        if not self._dice.chance(0.2) or self._journey.is_down(now):
            return False
        self._agenda.note(now + int(self._dice.span(4 * MINUTE, 0.5) * self._pace), self._journey.resolve, ticket)
        return True

    def _acknowledge(self, now: int, ticket: Ticket) -> None:
        self._journey.reply(now, ticket, {"agent": "auto-acknowledgement", "author": "auto"})

    def _greet(self, now: int, ticket: Ticket) -> None:
        self._journey.reply(now, ticket, {"agent": "chat-bot", "author": "bot"})

    def _hang_up(self, now: int, ticket: Ticket) -> None:
        """The customer on the line has waited too long; most give up, the others leave a message."""
        if self._dice.chance(0.6):
            self._withdraw(now, ticket)

    def _withdraw(self, now: int, ticket: Ticket) -> None:
        """Closed unanswered."""
        if ticket.replied_at is None:
            self._journey.resolve(now, ticket)

    def _ask_again(self, now: int, ticket: Ticket) -> None:
        """The customer asks where the answer stays, and sometimes goes over the agents' heads."""
        if ticket.replied_at is not None or not ticket.alive:
            return
        self._journey.hear(now, ticket)
        if self._dice.chance(0.25):
            self._journey.escalate(now, ticket)

    def _discard(self, now: int, ticket: Ticket) -> None:
        ticket.discarded, ticket.queued = True, False
        reason = self._dice.pick(_REJECTIONS)
        self._journey.send(now, "discarded", ticket, {"reason": reason})
        if self._dice.chance(0.1):
            self._agenda.note(now + self._dice.span(2 * HOUR, 1.0), self._restore, ticket, reason)

    def _restore(self, now: int, ticket: Ticket, reason: str) -> None:
        ticket.discarded = False
        self._journey.send(now, "restored", ticket, {"reason": reason})
        if ticket.open:
            self._crew.ask(now, ticket)
