"""One ticket as a join-semilattice: what is kept of its events, so that order and repeats do not matter.

Everything kept is a min-register, a last-writer-wins register or a bounded sorted set of elements that
begin with the stamp (instant, source, event id); a reused id with other content is another element, and
content breaks the tie. Facts only: no verdict, no target, no configuration, no clock. What they mean is
read off by ``stream.timeline`` and ``stream.contributions``.
"""

from __future__ import annotations

from bisect import bisect_left, insort
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
IGNORED: Final = -1
UNCHANGED: Final = 0
KEPT: Final = 1
COUNTS: Final = 2
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
    attributes: list[Attributes] = []
    #: public human replies: those before creation and the first one not before it; see ``_keep_first``
    replies: list[Stamp] = []
    last_reply: int | None = None
    resolves: list[StepTaken] = []
    pauses: list[StepTaken] = []
    escalations: list[Stamp] = []
    messages: list[Stamp] = []  # customer's messages later than the last reply
    verdict: Verdict | None = None  # discarded or restored
    conversions: list[Conversion] = []
    sent: list[Sent] = []
    answers: list[Answer] = []
    facts: list[Fact] = []
    last_event: int = -(2**63)  # the latest instant of any event applied: what retention goes by

    def apply(self, event: Event, instant: int) -> int:
        """Join one event into the ticket.

        Returns:
            ``UNCHANGED``, ``KEPT`` (the state changed, no number of it can have), or ``COUNTS`` (numbers may have too).
        """
        changed = _APPLY[type(event)](self, event, (instant, event.source, event.id))
        if changed != IGNORED and instant > self.last_event:
            self.last_event = instant
            return changed or KEPT
        return max(changed, UNCHANGED)


# ------------------------------------------------------------------------------------------- one rule each

_ORIGINS: Final = {"": 0, **{origin.name.lower(): int(origin) for origin in Origin}}
_RESOLVED, _REOPENED, _PAUSED, _RESUMED = map(int, Step)

_Element = TypeVar("_Element", Stamp, StepTaken, Conversion, Sent)


def _insert(elements: list[_Element], element: _Element) -> int:
    """Add to a sorted set that keeps its greatest ``HISTORY_MAX`` elements."""
    at = bisect_left(elements, element)
    if at < len(elements) and elements[at] == element:
        return UNCHANGED
    if len(elements) < HISTORY_MAX:
        elements.insert(at, element)
        return COUNTS
    if at == 0:  # older than all of a full history
        return UNCHANGED
    elements.insert(at, element)
    del elements[0]
    return COUNTS


def _created(ticket: Ticket, event: Created, stamp: Stamp) -> int:
    data = event.data
    creation = (*stamp, _ORIGINS[data.origin])
    changed = _set_attributes(
        ticket, (*stamp, data.queue, data.channel, data.priority, data.brand or "", data.kind or "", "")
    )
    if ticket.creation is None or creation < ticket.creation:
        ticket.creation = creation
        _keep_first(ticket)
        return COUNTS
    return changed


def _updated(ticket: Ticket, event: Updated, stamp: Stamp) -> int:
    data = event.data
    counted = (data.queue, data.channel, data.priority, data.brand, data.kind)
    if any(counted):
        return _set_attributes(ticket, (*stamp, *(value or "" for value in counted), data.agent or ""))  # type: ignore[arg-type]
    if not data.agent:
        return IGNORED
    changed = _set_attributes(ticket, (*stamp, "", "", "", "", "", data.agent))
    known = ticket.creation is not None and len(ticket.attributes) < HISTORY_MAX
    return KEPT if changed and known else changed  # no number goes by the agent


def _set_attributes(ticket: Ticket, element: Attributes) -> int:
    elements = ticket.attributes
    at = bisect_left(elements, element)
    if at < len(elements) and elements[at] == element:
        return UNCHANGED
    elements.insert(at, element)
    if len(elements) > HISTORY_MAX:
        _bound_attributes(ticket)
        return COUNTS if element in ticket.attributes else UNCHANGED
    return COUNTS


def _bound_attributes(ticket: Ticket) -> None:
    """Keep an element while it is among the latest ``HISTORY_MAX`` that gave any one attribute."""
    given = [0] * 6
    kept = []
    for element in reversed(ticket.attributes):
        wanted = False
        for index in range(6):
            if element[3 + index]:
                given[index] += 1
                wanted |= given[index] <= HISTORY_MAX
        if wanted:
            kept.append(element)
    kept.reverse()
    ticket.attributes = kept


def _replied(ticket: Ticket, event: Replied, stamp: Stamp) -> int:
    if (event.data.author or "human") != "human" or not event.data.public:
        return IGNORED
    changed = _reply_is_last(ticket, stamp[0])
    replies = ticket.replies
    at = bisect_left(replies, stamp)
    if at < len(replies) and replies[at] == stamp:
        return changed
    before = list(replies)
    replies.insert(at, stamp)
    _keep_first(ticket)
    return COUNTS if ticket.replies != before else changed


def _reply_is_last(ticket: Ticket, instant: int) -> int:
    if ticket.last_reply is not None and instant <= ticket.last_reply:
        return UNCHANGED
    ticket.last_reply = instant
    if not ticket.messages or ticket.messages[0][0] > instant:
        return KEPT
    ticket.messages = [message for message in ticket.messages if message[0] > instant]
    return COUNTS


def _keep_first(ticket: Ticket) -> None:
    """Keep what can still be the first reply: all before creation (the earliest 256), and the first from it on.

    Creation only ever moves earlier and the skew is configuration, so a reply before creation may come to
    count; of those from creation on, only the earliest ever can. A function of the set of replies alone.
    """
    creation = ticket.creation
    replies = ticket.replies
    kept = len(replies) if creation is None else bisect_left(replies, (creation[0], "", "")) + 1
    del replies[min(kept, HISTORY_MAX) :]


def _message(ticket: Ticket, _event: CustomerReplied, stamp: Stamp) -> int:
    if ticket.last_reply is not None and stamp[0] <= ticket.last_reply:
        return UNCHANGED
    return _insert(ticket.messages, stamp)


def _resolved(ticket: Ticket, _event: Resolved, stamp: Stamp) -> int:
    return _insert(ticket.resolves, (*stamp, _RESOLVED))


def _reopened(ticket: Ticket, _event: Reopened, stamp: Stamp) -> int:
    return _insert(ticket.resolves, (*stamp, _REOPENED))


def _paused(ticket: Ticket, _event: Paused, stamp: Stamp) -> int:
    return _insert(ticket.pauses, (*stamp, _PAUSED))


def _resumed(ticket: Ticket, _event: Resumed, stamp: Stamp) -> int:
    return _insert(ticket.pauses, (*stamp, _RESUMED))


def _escalated(ticket: Ticket, _event: Escalated, stamp: Stamp) -> int:
    return _insert(ticket.escalations, stamp)


def _converted(ticket: Ticket, event: Converted, stamp: Stamp) -> int:
    value = event.data.value if event.data else None
    return _insert(ticket.conversions, (*stamp, value or 0.0))


def _judged(ticket: Ticket, event: Discarded | Restored, stamp: Stamp) -> int:
    reason = (event.data.reason if event.data else None) or ""
    verdict = (*stamp, int(type(event) is Discarded), reason)
    if ticket.verdict is not None and verdict <= ticket.verdict:
        return UNCHANGED
    ticket.verdict = verdict
    return COUNTS


def _sent(ticket: Ticket, event: SurveySent, stamp: Stamp) -> int:
    data = event.data
    element = (*stamp, str(data.survey), data.response or "", data.queue or "", data.channel or "")
    return KEPT if _insert(ticket.sent, element) else UNCHANGED


def _answered(ticket: Ticket, event: SurveyAnswered, stamp: Stamp) -> int:
    data = event.data
    lowest, highest = scale_of(data)
    answer = Answer(
        *stamp, data.survey, lowest, highest, data.response or "", data.item or "", data.score, data.expectation,
        data.about or "", data.queue or "", data.channel or "", data.comment or "", data.reasons,
    )  # fmt: skip
    return _replace(ticket.answers, answer)


def _reported(ticket: Ticket, event: Reported, stamp: Stamp) -> int:
    data = event.data
    fact = Fact(
        *stamp, data.fact, data.queue or "", data.period.start, data.period.end, data.value,
        data.unit or "", data.reported_by or "", data.definition or "",
    )  # fmt: skip
    return KEPT if _replace(ticket.facts, fact) else UNCHANGED


def _order(element: Answer | Fact) -> tuple[int, str, str, str]:
    return element.instant, element.source, element.id, repr(element)


_Latest = TypeVar("_Latest", Answer, Fact)


def _replace(elements: list[_Latest], element: _Latest) -> int:
    """Last writer wins per identity; the latest ``HISTORY_MAX`` identities are kept, sorted by stamp."""
    identity = element.identity
    for at, other in enumerate(elements):
        if other.identity == identity:
            if _order(element) <= _order(other):
                return UNCHANGED
            del elements[at]
            break
    insort(elements, element, key=_order)
    cut = elements.pop(0) if len(elements) > HISTORY_MAX else None
    return UNCHANGED if cut is element else COUNTS


_APPLY: Final[dict[type, Callable[[Ticket, Any, Stamp], int]]] = {
    Created: _created,
    Replied: _replied,
    Resolved: _resolved,
    Reopened: _reopened,
    Escalated: _escalated,
    Updated: _updated,
    Paused: _paused,
    Resumed: _resumed,
    CustomerReplied: _message,
    Converted: _converted,
    Discarded: _judged,
    Restored: _judged,
    SurveySent: _sent,
    SurveyAnswered: _answered,
    Reported: _reported,
}
