"""What chance hardly ever gives and a KPI is about: satisfaction that moves, a message left, a brand that is preferred.

Tickets and answers of a log, told through the log's own desk; all instants lie within the last 60 days before its end.
"""

import random
from collections.abc import Callable
from typing import Any

from tests.oracle.instants import DAY, HOUR, MINUTE

#: Records an event: kind, instant, subject, data.
Tell = Callable[..., None]

#: Lengths of windows in which satisfaction is compared with that of the window before.
COMPARED = (DAY, DAY, 7 * DAY, 30 * DAY)
TARGETS = (15 * MINUTE, 30 * MINUTE, HOUR, 8 * HOUR, DAY)
QUEUES = ("billing", "returns", "vip", "tech")


def rare_cases(tell: Tell, dice: random.Random, end: int, tickets: int) -> None:
    """As many of each as suits a log of so many tickets."""
    for number in range(max(1, tickets // 10)):
        _left_with_a_message(tell, dice, end, f"left-{number}")
        _nearly_late(tell, dice, end, f"nearly-{number}")
        _in_open_hours(tell, dice, end, f"open-{number}")
    _satisfaction_moves(tell, dice, end, max(2, tickets // 5))
    # Last, and with dice of their own, so that all else of a log is what it is without them.
    _brand_is_told(tell, random.Random(end + tickets), end, max(2, tickets // 10))


def _create(tell: Tell, dice: random.Random, at: int, subject: str, **data: Any) -> None:
    given = {"queue": dice.choice(QUEUES), "channel": "email", "priority": dice.choice(("high", "normal"))}
    tell("ticket.created", at, subject, **(given | data))


def _left_with_a_message(tell: Tell, dice: random.Random, end: int, subject: str) -> None:
    """Answered, asked again and resolved; sometimes answered after all, or at the very instant of the question."""
    resolved = end - dice.choice((0, 1, MINUTE, dice.randrange(6 * HOUR), dice.randrange(6 * DAY)))
    asked = resolved - dice.choice((0, 1, MINUTE, HOUR))
    _create(tell, dice, asked - 3 * HOUR, subject, origin=dice.choice(("customer", "customer", "agent")))
    tell("ticket.replied", asked - dice.choice((0, 1, HOUR, HOUR)), subject, agent="lin")
    tell("ticket.customer-replied", asked, subject)
    tell("ticket.resolved", resolved, subject)
    if dice.random() < 0.2:
        tell("ticket.replied", resolved + dice.choice((0, 1, MINUTE)), subject, agent="lin")


def _nearly_late(tell: Tell, dice: random.Random, end: int, subject: str) -> None:
    """Nobody has answered, and less than a fifth of a target is left, or just that."""
    target = dice.choice(TARGETS)
    left = dice.choice((0, 1, target // 5 - 1, target // 5, target // 10, target // 20))
    _create(tell, dice, end - target + left, subject)


def _in_open_hours(tell: Tell, dice: random.Random, end: int, subject: str) -> None:
    """A complaint by chat, answered within days, so that there is a night and a weekend in between."""
    created = end - dice.randrange(HOUR, 6 * DAY)
    _create(tell, dice, created, subject, channel="chat", kind="complaint", priority="low")
    tell("ticket.replied", created + dice.randrange(MINUTE, end - created + MINUTE), subject, agent="omar")


def _satisfaction_moves(tell: Tell, dice: random.Random, end: int, count: int) -> None:
    """Two neighbouring windows of answers, of which mostly one is the happier; most were asked for."""
    length = dice.choice(COMPARED)
    for turn, mood in enumerate(dice.choice(((1, 9), (9, 1), (5, 5)))):
        for number in range(count):
            at = end - turn * length - dice.choice((0, HOUR, dice.randrange(length), dice.randrange(length)))
            subject = f"survey:mood-{turn}-{number}"
            if dice.random() < 0.7:
                tell("survey.sent", at - dice.choice((0, MINUTE, DAY)), subject, survey="csat", response="m")
            score = dice.choice((4, 5)) if dice.randrange(10) < mood else dice.choice((1, 2, 3, 3))
            tell("survey.answered", at, subject, survey="csat", score=score, response="m", queue=dice.choice(QUEUES))


def _brand_is_told(tell: Tell, dice: random.Random, end: int, count: int) -> None:
    """What customers think of the brand, over the longest window."""
    for number in range(count):
        at = end - dice.choice((0, HOUR, dice.randrange(DAY), dice.randrange(30 * DAY)))
        for item in ("preferred", "friendly"):
            score, queue = dice.choice((0, 1, 1)), dice.choice(QUEUES)
            tell("survey.answered", at, f"survey:{item}-{number}", survey="brand", item=item, score=score, queue=queue)
