"""One simulated ticket, and how its attributes are drawn."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from intake.simulator.dice import Choices, Dice
from intake.simulator.queues import QueueProfile

_BRANDS: Final = Choices({"acme": 6, "globex": 3, "initech": 1})
_ORIGINS: Final = Choices({"customer": 92, "agent": 5, "system": 3})


class Ticket(msgspec.Struct):
    """A ticket on the floor: what it is, and how far it has come. Instants are nanoseconds."""

    id: str
    created_at: int
    queue: int  # index of its queue's profile
    queue_name: str
    channel: str
    priority: str
    kind: str
    brand: str
    customer: str | None
    origin: str
    agent: str = ""
    open: bool = True
    discarded: bool = False
    paused: bool = False
    queued: bool = False  # waiting for an agent
    in_work: bool = False  # with an agent
    replied_at: int | None = None  # first public reply of a human
    unread: bool = False  # the customer wrote after the last answer
    visits: int = 0
    reopens: int = 0
    escalations: int = 0

    @property
    def alive(self) -> bool:
        """Whether an agent may still work on it."""
        return self.open and not self.discarded

    def created_data(self, dice: Dice) -> dict[str, Any]:
        """The ``data`` of its ``created`` event; optional fields are sometimes left out."""
        data: dict[str, Any] = {"queue": self.queue_name, "channel": self.channel, "priority": self.priority}
        if dice.chance(0.9):
            data["brand"] = self.brand
        if self.kind != "question" or dice.chance(0.8):
            data["kind"] = self.kind
        if self.customer is not None:
            data["customer"] = self.customer
        if self.origin != "customer" or dice.chance(0.3):
            data["origin"] = self.origin
        return data


class TicketDraw:
    """Draws new tickets, numbered upwards from ``first``, of a population of ``customers``."""

    def __init__(self, dice: Dice, *, first: int, customers: int) -> None:
        self._dice = dice
        self._next = first
        self._customers = customers

    def draw(self, now: int, queue: int, profile: QueueProfile) -> Ticket:
        """A ticket that arrives at ``now`` in the queue at index ``queue``."""
        dice, number = self._dice, self._next
        self._next += 1
        origin = dice.pick(_ORIGINS)
        by_system = origin == "system"
        return Ticket(
            id=f"T-{number:07d}",
            created_at=now,
            queue=queue,
            queue_name=profile.name,
            channel="web" if by_system else dice.pick(profile.channels),
            priority=dice.pick(profile.priorities),
            kind="incident" if by_system else dice.pick(profile.kinds),
            brand=dice.pick(_BRANDS),
            customer=None if by_system else self.customer(),
            origin=origin,
        )

    def customer(self) -> str:
        """One of the customers; the low numbers write more often."""
        share = self._dice.uniform()
        return f"C-{1 + int(share * share * self._customers):06d}"
