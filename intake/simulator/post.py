"""Writes the simulated floor's events as CloudEvents, in the voices of its several systems.

The help desk, the chat, the telephone exchange, the survey tool and the books are sources of their own, each with
its own ids and its own way to write a time. An event's instant is exactly what its text says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from intake.simulator.local_time import LocalTime

Event = dict[str, Any]

TOPICS: Final[Mapping[str, str]] = {
    "support.ticket.created": "ticket-created",
    "support.ticket.replied": "ticket-first-reply",
    "support.ticket.resolved": "ticket-resolved",
    "support.ticket.reopened": "ticket-changed",
    "support.ticket.escalated": "ticket-changed",
    "support.ticket.updated": "ticket-changed",
    "support.ticket.paused": "ticket-changed",
    "support.ticket.resumed": "ticket-changed",
    "support.ticket.customer-replied": "ticket-changed",
    "support.ticket.converted": "ticket-changed",
    "support.ticket.discarded": "ticket-changed",
    "support.ticket.restored": "ticket-changed",
    "support.survey.sent": "survey-responses",
    "support.survey.answered": "survey-responses",
    "support.business.reported": "business-facts",
}


class System(Enum):
    """A system of the floor: the end of its source's name, its fractional digits, and whether it writes ``Z``."""

    DESK = ("", 3, False)
    CHAT = ("/chat", 9, True)
    PHONE = ("/phone", 0, True)
    SURVEYS = ("/surveys", 0, True)
    BOOKS = ("/books", 0, False)

    def __init__(self, suffix: str, digits: int, utc: bool) -> None:  # noqa: FBT001 - the columns of the table above
        self.suffix = suffix
        self.digits = digits
        self.utc = utc
        self.grain = 10 ** (9 - digits)


#: Which system records what customer and agent say to each other in a channel; the help desk in all others.
SYSTEM_OF_CHANNEL: Final[Mapping[str, System]] = {"chat": System.CHAT, "phone": System.PHONE}


class Post:
    """Hands each event to ``deliver(instant, topic, event)``.

    ``source`` names the help desk itself; ``run`` goes into every id, so that another run's ids are other ids.
    """

    def __init__(
        self, *, source: str, run: str, local_time: LocalTime, deliver: Callable[[int, str, Event], None]
    ) -> None:
        self._source = source
        self._run = run
        self._local_time = local_time
        self._deliver = deliver
        self._sent = dict.fromkeys(System, 0)

    def send(self, at: int, kind: str, subject: str, data: dict[str, Any], system: System = System.DESK) -> None:
        """Send ``support.KIND`` of ``subject``, which happened at ``at`` by the clock of ``system``."""
        at -= at % system.grain
        number = self._sent[system] = self._sent[system] + 1
        event_type = "support." + kind
        event: Event = {
            "specversion": "1.0",
            "id": f"{self._run}-{number:010d}",
            "source": self._source + system.suffix,
            "type": event_type,
            "time": self._local_time.text(at, digits=system.digits, utc=system.utc),
            "subject": subject,
            "data": data,
        }
        self._deliver(at, TOPICS[event_type], event)
