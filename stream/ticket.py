"""One ticket as a join-semilattice: what is kept of its events, so that order and repeats do not matter.

Everything kept is a min-register, a last-writer-wins register or a bounded sorted set of elements that
begin with the stamp (instant, source, event id); a reused id with other content is another element, and
content breaks the tie. Facts only: no verdict, no target, no configuration, no clock. What they mean is
read off by ``stream.timeline`` and ``stream.contributions``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, TypeVar

import msgspec

from stream.events import (
    Converted,
    Created,
    CustomerReplied,
    Discarded,
    Escalated,
    Event,
    Paused,
    Reopened,
    Replied,
    Reported,
    Resolved,
    Restored,
    Resumed,
    SurveyAnswered,
    SurveySent,
    Updated,
    scale_of,
)

HISTORY_MAX: Final = 256

#: What an event did to a ticket; see ``Ticket.apply``. Ignored: it is not kept at all, not even that it happened.
IGNORED, UNCHANGED, KEPT, COUNTS = range(-1, 3)
VERSION: Final = 1


class Step(IntEnum):
    """Steps of a ticket's life; of equal stamps the lower number comes first."""

    RESOLVED = 0
    REOPENED = 1
    PAUSED = 2
    RESUMED = 3


class Origin(IntEnum):
    """Who opened the ticket."""

    CUSTOMER = 0
    AGENT = 1
    SYSTEM = 2


Stamp = tuple[int, str, str]  # instant, source, event id
Creation = tuple[int, str, str, int]  # ... Origin
Attributes = tuple[int, str, str, str, str, str, str, str, str]  # ... queue, channel, priority, brand, kind, agent
StepTaken = tuple[int, str, str, int]  # ... Step
Verdict = tuple[int, str, str, int, str]  # ... 1 discarded or 0 restored, reason
Conversion = tuple[int, str, str, float]  # ... value
Sent = tuple[int, str, str, str, str, str, str]  # ... survey, response, queue, channel


class Answer(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The latest answer of one identity: (response, survey, scale, item) within its subject."""

    instant: int
    source: str
    id: str
    survey: str
    lowest: int
    highest: int
    response: str
    item: str
    score: int
    expectation: int | None
    about: str
    queue: str
    channel: str
    comment: str
    reasons: list[str]

    @property
    def identity(self) -> tuple[str, str, int, int, str]:
        """What makes a later answer replace this one."""
        return self.response, self.survey, self.lowest, self.highest, self.item


class Fact(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The latest report of one (fact, queue, period)."""

    instant: int
    source: str
    id: str
    fact: str
    queue: str
    start: str
    end: str
    value: float
    unit: str
    reported_by: str
    definition: str

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes a later report replace this one."""
        return self.fact, self.queue, self.start, self.end


class Ticket(msgspec.Struct, array_like=True, gc=False):
    """What is kept of one subject. New fields go to the end, each with a default and a new ``VERSION``."""

    creation: Creation | None = None
    attributes: tuple[Attributes, ...] = ()
    #: public human replies: those before creation and the first one not before it; see ``_keep_first``
    replies: tuple[Stamp, ...] = ()
    last_reply: int | None = None
    resolves: tuple[StepTaken, ...] = ()
    pauses: tuple[StepTaken, ...] = ()
    escalations: tuple[Stamp, ...] = ()
    messages: tuple[Stamp, ...] = ()  # customer's messages later than the last reply
    verdict: Verdict | None = None  # discarded or restored
    conversions: tuple[Conversion, ...] = ()
    sent: tuple[Sent, ...] = ()
    answers: tuple[Answer, ...] = ()
    facts: tuple[Fact, ...] = ()
    last_event: int = -(2**63)  # the latest instant of any event applied: what retention goes by

    @property
    def is_discarded(self) -> bool:
        """Whether the latest of its discards and restores is a discard: then it is counted nowhere."""
        return self.verdict is not None and bool(self.verdict[3])

    def apply(self, event: Event, instant: int) -> int:
        """Join one event into the ticket.

        Returns:
            ``UNCHANGED``, ``KEPT`` (the state changed, no number of it can have), or ``COUNTS`` (numbers may have too).
        """
        changed = _APPLY[type(event)](self, event, instant)
        if changed == IGNORED:
            return UNCHANGED
        if instant > self.last_event:
            self.last_event = instant
            return changed or KEPT
        return changed


# ------------------------------------------------------------------------------------------- one rule each

_ORIGINS: Final = {"": 0, **{origin.name.lower(): int(origin) for origin in Origin}}
_STEPS: Final[dict[type, int]] = {
    Resolved: int(Step.RESOLVED),
    Reopened: int(Step.REOPENED),
    Paused: int(Step.PAUSED),
    Resumed: int(Step.RESUMED),
}
_HUMAN: Final = ("human", "")

_Element = TypeVar("_Element", bound=tuple[Any, ...])


def _with(elements: tuple[_Element, ...], element: _Element) -> tuple[_Element, ...]:
    """A sorted set with one more; the very same where it holds the element."""
    if not elements or elements[-1] < element:  # most events come in order
        return (*elements, element)
    at = bisect_left(elements, element)
    return elements if elements[at] == element else (*elements[:at], element, *elements[at:])


def _latest(elements: tuple[_Element, ...], element: _Element) -> tuple[_Element, ...]:
    """A sorted set with one more, of which the greatest ``HISTORY_MAX`` are kept."""
    if not elements:
        return (element,)
    grown = _with(elements, element)
    if len(grown) <= HISTORY_MAX:
        return grown
    return elements if grown[0] == element else grown[1:]


def _created(ticket: Ticket, event: Created, instant: int) -> int:
    data, source, name = event.data, event.source, event.id
    creation = instant, source, name, _ORIGINS[data.origin]
    changed = _set_attributes(
        ticket,
        (instant, source, name, data.queue, data.channel, data.priority, data.brand or "", data.kind or "", ""),
    )
    if ticket.creation is None or creation < ticket.creation:
        ticket.creation = creation
        ticket.replies = _first(creation, ticket.replies)
        return COUNTS
    return changed


def _updated(ticket: Ticket, event: Updated, instant: int) -> int:
    data, source, name = event.data, event.source, event.id
    queue, channel, priority, brand, kind = data.queue, data.channel, data.priority, data.brand, data.kind
    agent = data.agent or ""
    if queue or channel or priority or brand or kind:
        return _set_attributes(
            ticket,
            (instant, source, name, queue or "", channel or "", priority or "", brand or "", kind or "", agent),
        )
    if not agent:
        return IGNORED
    changed = _set_attributes(ticket, (instant, source, name, "", "", "", "", "", agent))
    known = ticket.creation is not None and len(ticket.attributes) < HISTORY_MAX
    return KEPT if changed and known else changed  # no number goes by the agent


def _set_attributes(ticket: Ticket, element: Attributes) -> int:
    before = ticket.attributes
    after = _with(before, element)
    if len(after) > HISTORY_MAX and after is not before:
        after = _bounded(after)
        if element not in after:
            after = before
    ticket.attributes = after
    return UNCHANGED if after is before else COUNTS


def _bounded(attributes: tuple[Attributes, ...]) -> tuple[Attributes, ...]:
    """Keep an element while it is among the latest ``HISTORY_MAX`` that gave any one attribute."""
    given = [0] * 6
    kept = []
    for element in reversed(attributes):
        wanted = False
        for index in range(6):
            if element[3 + index]:
                given[index] += 1
                wanted |= given[index] <= HISTORY_MAX
        if wanted:
            kept.append(element)
    return tuple(reversed(kept))


def _replied(ticket: Ticket, event: Replied, instant: int) -> int:
    data = event.data
    if data.author not in _HUMAN or not data.public:
        return IGNORED
    changed = _reply_is_last(ticket, instant)
    before, creation = ticket.replies, ticket.creation
    stamp = instant, event.source, event.id
    if before and creation is not None and creation[0] <= before[-1][0] and before[-1] < stamp:
        return changed  # answered before
    after = _first(creation, _with(before, stamp))
    if after == before:
        return changed
    ticket.replies = after
    return COUNTS


def _reply_is_last(ticket: Ticket, instant: int) -> int:
    if ticket.last_reply is not None and instant <= ticket.last_reply:
        return UNCHANGED
    ticket.last_reply = instant
    if not ticket.messages or ticket.messages[0][0] > instant:
        return KEPT
    ticket.messages = tuple([message for message in ticket.messages if message[0] > instant])
    return COUNTS


def _first(creation: Creation | None, replies: tuple[Stamp, ...]) -> tuple[Stamp, ...]:
    """What can still be the first reply: all before creation (the earliest 256), and the first from it on.

    Creation only ever moves earlier and the skew is configuration, so a reply before creation may come to
    count; of those from creation on, only the earliest ever can. A function of the set of replies alone.
    """
    if creation is None:
        return replies[:HISTORY_MAX]
    if len(replies) == 1:
        return replies
    return replies[: min(bisect_left(replies, (creation[0], "", "")) + 1, HISTORY_MAX)]


def _message(ticket: Ticket, event: CustomerReplied, instant: int) -> int:
    if ticket.last_reply is not None and instant <= ticket.last_reply:
        return UNCHANGED
    before = ticket.messages
    ticket.messages = _latest(before, (instant, event.source, event.id))
    return UNCHANGED if ticket.messages is before else COUNTS


def _taken(ticket: Ticket, event: Resolved | Reopened, instant: int) -> int:
    """A step of the open-or-resolved state machine."""
    before = ticket.resolves
    ticket.resolves = _latest(before, (instant, event.source, event.id, _STEPS[type(event)]))
    return UNCHANGED if ticket.resolves is before else COUNTS


def _held(ticket: Ticket, event: Paused | Resumed, instant: int) -> int:
    """A step of the paused state machine."""
    before = ticket.pauses
    ticket.pauses = _latest(before, (instant, event.source, event.id, _STEPS[type(event)]))
    return UNCHANGED if ticket.pauses is before else COUNTS


def _escalated(ticket: Ticket, event: Escalated, instant: int) -> int:
    before = ticket.escalations
    ticket.escalations = _latest(before, (instant, event.source, event.id))
    return UNCHANGED if ticket.escalations is before else COUNTS


def _converted(ticket: Ticket, event: Converted, instant: int) -> int:
    value = event.data.value if event.data else None
    before = ticket.conversions
    ticket.conversions = _latest(before, (instant, event.source, event.id, value or 0.0))
    return UNCHANGED if ticket.conversions is before else COUNTS


def _judged(ticket: Ticket, event: Discarded | Restored, instant: int) -> int:
    reason = (event.data.reason if event.data else None) or ""
    verdict = instant, event.source, event.id, int(type(event) is Discarded), reason
    if ticket.verdict is not None and verdict <= ticket.verdict:
        return UNCHANGED
    ticket.verdict = verdict
    return COUNTS


def _sent(ticket: Ticket, event: SurveySent, instant: int) -> int:
    data = event.data
    given = data.response or "", data.queue or "", data.channel or ""
    element = (instant, event.source, event.id, str(data.survey), *given)
    before = ticket.sent
    ticket.sent = _latest(before, element)
    return UNCHANGED if ticket.sent is before else COUNTS


def _answered(ticket: Ticket, event: SurveyAnswered, instant: int) -> int:
    data = event.data
    lowest, highest = scale_of(data)
    answer = Answer(
        instant, event.source, event.id, data.survey, lowest, highest, data.response or "", data.item or "",
        data.score, data.expectation, data.about or "", data.queue or "", data.channel or "",
        data.comment or "", data.reasons,
    )  # fmt: skip
    before = ticket.answers
    ticket.answers = _replaced(before, answer)
    return UNCHANGED if ticket.answers is before else COUNTS


def _reported(ticket: Ticket, event: Reported, instant: int) -> int:
    data = event.data
    fact = Fact(
        instant, event.source, event.id, data.fact, data.queue or "", data.period.start, data.period.end, data.value,
        data.unit or "", data.reported_by or "", data.definition or "",
    )  # fmt: skip
    before = ticket.facts
    ticket.facts = _replaced(before, fact)
    return UNCHANGED if ticket.facts is before else COUNTS


def _order(element: Answer | Fact) -> tuple[int, str, str, str]:
    return element.instant, element.source, element.id, repr(element)


_Latest = TypeVar("_Latest", bound=Answer | Fact)


def _replaced(elements: tuple[_Latest, ...], element: _Latest) -> tuple[_Latest, ...]:
    """Last writer wins per identity; the latest ``HISTORY_MAX`` identities are kept, sorted by stamp."""
    if not elements:
        return (element,)
    identity = element.identity
    others: list[_Latest] = []
    for other in elements:
        if other.identity != identity:
            others.append(other)
        elif _order(element) <= _order(other):
            return elements
    grown = sorted((*others, element), key=_order)
    if len(grown) > HISTORY_MAX and grown[0] is element:
        return elements
    return tuple(grown[-HISTORY_MAX:])


_APPLY: Final[dict[type, Callable[[Ticket, Any, int], int]]] = {
    Created: _created,
    Replied: _replied,
    Resolved: _taken,
    Reopened: _taken,
    Escalated: _escalated,
    Updated: _updated,
    Paused: _held,
    Resumed: _held,
    CustomerReplied: _message,
    Converted: _converted,
    Discarded: _judged,
    Restored: _judged,
    SurveySent: _sent,
    SurveyAnswered: _answered,
    Reported: _reported,
}
