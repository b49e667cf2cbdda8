"""Surveys of the simulated floor: after a resolve, and by mail to customers without a ticket.

Scores follow what the customer went through: waiting, reopens and escalations lower them. Some answers are edited,
some use other scales than their survey's own, and most surveys are never answered.
"""

from __future__ import annotations

from typing import Any, Final

from intake.simulator.agenda import Agenda
from intake.simulator.dice import Choices, Dice
from intake.simulator.post import Post, System
from intake.simulator.questionnaires import Answer, Questionnaires
from intake.simulator.tickets import Ticket, TicketDraw
from metrics.instants import DAY, HOUR, MINUTE

_AFTER_RESOLVE: Final = Choices({"csat": 64, "ces": 20, "nps": 16})
_BY_MAIL: Final = Choices({"nps": 50, "brand": 25, "servqual": 25})
_MAILED_PER_TICKET: Final = 0.15  # a customer who writes every two weeks is asked about once a quarter

#: Of the answers, the share of those who leave the mail for another day; most others answer within hours.
_LEFT_FOR_DAYS: Final = 0.06

# What is left of the mood after waiting up to so many nanoseconds for the first reply.
_MOOD_BY_WAIT: Final = ((5 * MINUTE, 0.84), (30 * MINUTE, 0.78), (2 * HOUR, 0.7), (8 * HOUR, 0.58), (DAY, 0.46))
_MOOD_AT_WORST: Final = 0.36


class Surveys:
    """Sends surveys and their answers; ``tickets_per_day`` also sets how many are mailed."""

    def __init__(
        self,
        *,
        agenda: Agenda,
        post: Post,
        dice: Dice,
        customers: TicketDraw,
        queues: tuple[str, ...],
        tickets_per_day: float,
    ) -> None:
        self._agenda = agenda
        self._post = post
        self._dice = dice
        self._customers = customers
        self._queues = queues
        self._mail_interval = DAY / (tickets_per_day * _MAILED_PER_TICKET)
        self._questionnaires = Questionnaires(dice)
        self._responses = 0

    def open_mail(self, now: int) -> None:
        """Note the first survey that is mailed."""
        self._agenda.note(now + int(self._dice.exponential() * self._mail_interval), self._mail)

    def after_resolve(self, now: int, ticket: Ticket) -> None:
        """``ticket`` was resolved: six in ten of its customers are asked."""
        if ticket.customer is not None and self._dice.chance(0.6):
            self._agenda.note(now + self._dice.between(5 * MINUTE, HOUR), self._ask_about, ticket)

    def _ask_about(self, now: int, ticket: Ticket) -> None:
        if ticket.discarded or ticket.open:
            return
        survey, mood = self._dice.pick(_AFTER_RESOLVE), mood_of(ticket)
        about = {"queue": ticket.queue_name, "channel": ticket.channel, "customer": ticket.customer}
        self._ask(now, ticket.id, self._next_response(), survey, mood, about)

    def _mail(self, now: int) -> None:
        """A survey without a ticket; its subject is its response's id."""
        response = self._next_response()
        about: dict[str, Any] = {"customer": self._customers.customer()}
        if self._dice.chance(0.7):
            about |= {"queue": self._queues[self._dice.below(len(self._queues))], "channel": "email"}
        self._ask(now, f"survey:{response}", response, self._dice.pick(_BY_MAIL), 0.7, about)
        self.open_mail(now)

    def _next_response(self) -> str:
        self._responses += 1
        return f"R-{self._responses:07d}"

    def _ask(self, now: int, subject: str, response: str, survey: str, mood: float, about: dict[str, Any]) -> None:
        data = {"survey": survey, "response": response}
        data |= {name: about[name] for name in ("queue", "channel") if name in about}
        self._send(now, "sent", subject, data)
        unhappy_speak_up = 0.24 + 0.2 * max(0.0, 0.6 - mood)
        if not self._dice.chance(unhappy_speak_up):
            return
        answers = self._questionnaires.answers(survey, mood)
        if self._dice.chance(0.5):
            about = {"customer": about["customer"]}
        if survey in {"servqual", "brand"} or self._dice.chance(0.9):
            about = {"response": response, **about}
        is_left = self._dice.chance(_LEFT_FOR_DAYS)
        when = now + (self._dice.between(DAY, 6 * DAY) if is_left else self._dice.span(100 * MINUTE, 1.4))
        for answer in answers:
            self._agenda.note(when, self._answer, subject, answer, about)

    def _answer(self, now: int, subject: str, answer: Answer, about: dict[str, Any]) -> None:
        self._send(now, "answered", subject, {**answer.data(), **about})
        if self._dice.chance(0.03):
            again = now + self._dice.span(20 * MINUTE, 1.0)
            self._agenda.note(again, self._answer, subject, answer.edited(self._dice), about)

    def _send(self, now: int, kind: str, subject: str, data: dict[str, Any]) -> None:
        self._post.send(now, f"survey.{kind}", subject, data, System.SURVEYS)


def mood_of(ticket: Ticket) -> float:
    """How content a customer is with ``ticket``, about 0 to 1, before chance has its say."""
    mood = _MOOD_AT_WORST
    if ticket.replied_at is not None:
        waited = ticket.replied_at - ticket.created_at
        mood = next((left for limit, left in _MOOD_BY_WAIT if waited <= limit), _MOOD_AT_WORST)
    mood -= 0.16 * ticket.reopens + 0.1 * ticket.escalations
    return mood - 0.08 if ticket.kind == "complaint" else mood
