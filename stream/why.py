"""The why beside the number: the latest comments of low scores, and how often each reason was given. Redacted.

Walks the answers that are kept, as they were at one instant, in slices; an answer counts under the same rules as in
the numbers. It names no ticket and no customer.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

import msgspec

from metrics.instants import format_instant
from metrics.policies import OTHER, Rules
from stream.encoding import decode
from stream.listing import SLICE
from stream.places import values_of
from stream.redaction import redacted
from stream.ticket import Answer, Ticket
from stream.tickets import Entries, Tickets, pairs

#: The highest low score of each instrument; of others none is known to be low.
LOW: Final = {
    ("csat", 1, 5): 2,
    ("csat", 1, 3): 1,
    ("csat", 0, 1): 0,
    ("csat", 1, 10): 4,
    ("nps", 0, 10): 6,
    ("nps", 1, 10): 6,
    ("ces", 1, 7): 3,
}
REASONS_MAX: Final = 50
_SPARE: Final = 1_000


class Comment(msgspec.Struct, frozen=True):
    """One low answer that says something."""

    at: str
    survey: str
    scale: tuple[int, int]
    score: int
    queue: str
    reasons: tuple[str, ...]
    comment: str


class Reason(msgspec.Struct, frozen=True):
    """A reason, and how many low answers gave it."""

    reason: str
    count: int


class WhyScan:
    """One look for reasons in the making: begun while no ticket changes, gone on with in any thread."""

    def __init__(self, tickets: Tickets, after: int, now: int, queues: frozenset[str] | None, limit: int) -> None:
        """Answers of ``after < instant <= now``, in these queues; None: in any."""
        self.as_of = now
        self.answers = 0  # on the instruments of which low scores are known
        self.low = 0
        self._after = after
        self._queues = queues
        self._limit = limit
        self._rules: Rules = tickets.rules
        self._reasons: Counter[str] = Counter()
        self._kept: list[tuple[int, bytes, str, Answer]] = []
        self._left = deque(entries for _, one in sorted(tickets.partitions.items()) for entries in one.entries())

    def go_on(self) -> bool:
        """Look at some thousand tickets; False when there were none left."""
        for _ in range(min(SLICE, len(self._left))):
            self._look_through(self._left.popleft())
        return bool(self._left)

    def _look_through(self, entries: Entries) -> None:
        for subject, state in pairs(entries):
            ticket = decode(state)
            if ticket.answers and not ticket.is_discarded:
                for answer in ticket.answers:
                    self._add(subject, answer, ticket)

    def _add(self, subject: bytes, answer: Answer, ticket: Ticket) -> None:
        lowest = LOW.get((answer.survey, answer.lowest, answer.highest))
        if lowest is None or not self._after < answer.instant <= self.as_of:
            return
        queue = self._queue(answer, ticket)
        if self._queues is not None and queue not in self._queues:
            return
        self.answers += 1
        if answer.score > lowest:
            return
        self.low += 1
        self._reasons.update({redacted(reason) for reason in answer.reasons if reason})
        if answer.comment.strip():
            self._kept.append((-answer.instant, subject, queue, answer))
            if len(self._kept) > self._limit + _SPARE:
                self._kept = self._latest()

    def _queue(self, answer: Answer, ticket: Ticket) -> str:
        """The ticket's where its creation is known, else its own."""
        labels = self._rules.labels
        if ticket.creation is not None:
            return labels.queue(values_of(ticket.attributes)[0][0])
        return labels.queue(answer.queue) if answer.queue else OTHER

    def _latest(self) -> list[tuple[int, bytes, str, Answer]]:
        return sorted(self._kept, key=lambda one: (one[0], one[1], one[3].source, one[3].id, repr(one[3])))[
            : self._limit
        ]

    def reasons(self) -> tuple[Reason, ...]:
        """The most frequent ones, of equal counts by name."""
        found = sorted(self._reasons.items(), key=lambda one: (-one[1], one[0]))
        return tuple(Reason(reason, count) for reason, count in found[:REASONS_MAX])

    def comments(self) -> tuple[Comment, ...]:
        """The latest first, as many as the limit allows."""
        return tuple(
            Comment(
                at=format_instant(answer.instant),
                survey=answer.survey,
                scale=(answer.lowest, answer.highest),
                score=answer.score,
                queue=queue,
                reasons=tuple(redacted(reason) for reason in answer.reasons if reason),
                comment=redacted(answer.comment.strip()),
            )
            for _, _, queue, answer in self._latest()
        )
