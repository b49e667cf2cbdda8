"""Kafka payloads become typed events or a typed refusal: CloudEvents 1.0, structured JSON mode.

Knows the vocabulary of the contract and nothing of tickets or Kafka. ``decode`` returns an event with its
instant, or why the record is refused; it never raises, whatever the bytes are. The JSON Schemas in
``schemas/`` are generated from these same types; what each type says is in ``stream.event_data``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from metrics.facts import problem_of
from metrics.instants import parse_instant
from metrics.items import BRAND_SCALES, SERVQUAL_SCALE, is_servqual_item
from stream.event_data import (
    AnsweredData,
    ConvertedData,
    CreatedData,
    EscalatedData,
    Nothing,
    ReasonData,
    RepliedData,
    ReportedData,
    ResolvedData,
    SentData,
    Text,
    UpdatedData,
)
from stream.records import Reason

#: Default scale by survey; a brand item without a scale is a yes or no.
DEFAULT_SCALES: Final[dict[str, tuple[int, int]]] = {
    "csat": (1, 5),
    "nps": (0, 10),
    "ces": (1, 7),
    "servqual": (1, 7),
    "brand": (0, 1),
}
SCALE_SPAN_MAX: Final = 1_000


class _Envelope(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """The attributes that every event has; ``type`` is the tag."""

    specversion: Annotated[Literal["1.0"], Meta(description="the version of CloudEvents")]
    id: Annotated[Text, Meta(description="unique within its source; the same id is the same event")]
    source: Annotated[Text, Meta(description="who emits it: `zendesk/acme`")]
    time: Annotated[
        str,
        Meta(
            description="when it happened: RFC 3339 with an offset, up to nanoseconds",
            extra_json_schema={"format": "date-time"},
        ),
    ]
    subject: Annotated[Text, Meta(description="what it is of: the ticket's id, and the record's key")]


class Created(_Envelope, frozen=True, gc=False, tag="support.ticket.created"):
    """A ticket was opened."""

    data: CreatedData


class Replied(_Envelope, frozen=True, gc=False, tag="support.ticket.replied"):
    """Somebody or something answered."""

    data: RepliedData


class Resolved(_Envelope, frozen=True, gc=False, tag="support.ticket.resolved"):
    """A ticket was resolved or closed."""

    data: ResolvedData | None = None


class Reopened(_Envelope, frozen=True, gc=False, tag="support.ticket.reopened"):
    """A resolved ticket was opened again."""

    data: Nothing | None = None


class Escalated(_Envelope, frozen=True, gc=False, tag="support.ticket.escalated"):
    """A ticket went to a higher level."""

    data: EscalatedData | None = None


class Updated(_Envelope, frozen=True, gc=False, tag="support.ticket.updated"):
    """Attributes changed."""

    data: UpdatedData


class Paused(_Envelope, frozen=True, gc=False, tag="support.ticket.paused"):
    """Waiting on the customer or a third party from now on."""

    data: ReasonData | None = None


class Resumed(_Envelope, frozen=True, gc=False, tag="support.ticket.resumed"):
    """The wait is over."""

    data: ReasonData | None = None


class CustomerReplied(_Envelope, frozen=True, gc=False, tag="support.ticket.customer-replied"):
    """A customer's message after the first."""

    data: Nothing | None = None


class Converted(_Envelope, frozen=True, gc=False, tag="support.ticket.converted"):
    """The interaction led to a sale."""

    data: ConvertedData | None = None


class Discarded(_Envelope, frozen=True, gc=False, tag="support.ticket.discarded"):
    """Merged, spam, deleted or test: counted nowhere while this is the latest word."""

    data: ReasonData | None = None


class Restored(_Envelope, frozen=True, gc=False, tag="support.ticket.restored"):
    """Discarded by mistake."""

    data: ReasonData | None = None


class SurveySent(_Envelope, frozen=True, gc=False, tag="support.survey.sent"):
    """A survey was sent."""

    data: SentData


class SurveyAnswered(_Envelope, frozen=True, gc=False, tag="support.survey.answered"):
    """A survey was answered, or an answer edited."""

    data: AnsweredData


class Reported(_Envelope, frozen=True, gc=False, tag="support.business.reported"):
    """A business fact was reported."""

    data: ReportedData


Event = (
    Created
    | Replied
    | Resolved
    | Reopened
    | Escalated
    | Updated
    | Paused
    | Resumed
    | CustomerReplied
    | Converted
    | Discarded
    | Restored
    | SurveySent
    | SurveyAnswered
    | Reported
)


class Refusal(msgspec.Struct, frozen=True):
    """Why a payload is no event: a typed reason and a sentence for a person."""

    reason: Reason
    detail: str


_decode = msgspec.json.Decoder(Event).decode
_MISSING: Final = ("Object missing required field ", "Expected `str` of length >= 1 ")
_SCORE: Final = re.compile(r" - at `\$\.data\.(score|expectation)`$")
#: Surveys whose answers name an item, each with the scales that its items can be answered on.
_ITEM_SCALES: Final = {"servqual": (SERVQUAL_SCALE,), "brand": tuple(BRAND_SCALES)}
#: A scale's ends lie within 32 bits, so that any state can hold them.
SCALE_END_MAX: Final = 2**31 - 1


def decode(payload: bytes | None) -> tuple[Event, int] | Refusal:
    """The event in ``payload`` with its instant in nanoseconds, or the refusal. Never raises."""
    if payload is None:
        return Refusal(Reason.NOT_JSON, "the record has no value")
    try:
        event = _decode(payload)
        instant = parse_instant(event.time)
    except (ValueError, RecursionError) as error:
        return _refusal(payload, error)
    if type(event) is SurveyAnswered and (refusal := _judge_answer(event.data)) is not None:
        return refusal
    if type(event) is Reported and (refusal := _judge_fact(event.data)) is not None:
        return refusal
    return event, instant


def scale_of(data: AnsweredData) -> tuple[int, int]:
    """The answer's scale, [lowest, highest]."""
    return data.scale or DEFAULT_SCALES[data.survey]


def _refusal(payload: bytes, error: Exception) -> Refusal:
    """The typed reason of what msgspec (its messages are held by a test) or the instant did not take."""
    message = str(error)
    if isinstance(error, msgspec.ValidationError):
        return _invalid(payload, message)
    if isinstance(error, (msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
        return Refusal(Reason.NOT_JSON, f"not JSON: {error}")
    return Refusal(Reason.BAD_TIME, message)


def _invalid(payload: bytes, message: str) -> Refusal:
    try:
        envelope: Any = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refusal(Reason.NOT_JSON, f"not JSON: {error}")
    if not isinstance(envelope, dict) or envelope.get("specversion") != "1.0":
        return Refusal(Reason.NOT_EVENT, 'not a CloudEvent: an object with "specversion": "1.0" is expected')
    kind = envelope.get("type")
    if not isinstance(kind, str):
        return Refusal(Reason.NOT_EVENT, "not a CloudEvent: it has no `type`")
    if kind not in TOPIC_OF_TYPE:
        return Refusal(Reason.UNKNOWN_TYPE, f"unknown type {kind!r}")
    return Refusal(_reason_of(message, envelope), message)


def _reason_of(message: str, envelope: dict[str, Any]) -> Reason:
    if message.startswith(_MISSING) or envelope.get("data", 0) is None:
        return Reason.MISSING_FIELD
    if message.endswith(" - at `$.time`"):
        return Reason.BAD_TIME
    if _SCORE.search(message):
        return Reason.BAD_SCORE
    return Reason.BAD_FIELD


def _judge_answer(data: AnsweredData) -> Refusal | None:
    lowest, highest = scale_of(data)
    if not 0 < highest - lowest <= SCALE_SPAN_MAX or max(-lowest, highest) > SCALE_END_MAX:
        return Refusal(Reason.BAD_FIELD, f"a scale is [lowest, highest], not [{lowest}, {highest}]")
    for name, score in (("score", data.score), ("expectation", data.expectation)):
        if score is not None and not lowest <= score <= highest:
            return Refusal(Reason.BAD_SCORE, f"{name} {score} is outside its scale {lowest} to {highest}")
    return _judge_item(data, (lowest, highest)) if data.survey in _ITEM_SCALES else None


def _judge_item(data: AnsweredData, scale: tuple[int, int]) -> Refusal | None:
    if not data.item:
        return Refusal(Reason.MISSING_FIELD, f"an answer to {data.survey} needs its `item`")
    if data.survey == "servqual" and not is_servqual_item(data.item):
        return Refusal(Reason.BAD_FIELD, f"item {data.item!r} is not <dimension>.<number> of SERVQUAL, as empathy.1")
    if scale not in _ITEM_SCALES[data.survey]:
        known = " or ".join(str(list(one)) for one in _ITEM_SCALES[data.survey])
        return Refusal(Reason.BAD_FIELD, f"the scale of {data.survey} is {known}, not {list(scale)}")
    return None


def _judge_fact(data: ReportedData) -> Refusal | None:
    period = data.period
    problem = problem_of(data.fact, data.value, data.unit or "", period.start, period.end)
    if problem is None:
        return None
    return Refusal(Reason.BAD_FIELD, f"{problem.field} of the fact {data.fact!r}: {problem.expected}")


#: The topic of each event type; the order is the contract's.
TOPIC_OF_TYPE: Final[dict[str, str]] = {
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

#: The type of each event class, for schemas.
TYPES: Final[dict[str, type[msgspec.Struct]]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        Created, Replied, Resolved, Reopened, Escalated, Updated, Paused, Resumed, CustomerReplied,
        Converted, Discarded, Restored, SurveySent, SurveyAnswered, Reported,
    )
}  # fmt: skip
