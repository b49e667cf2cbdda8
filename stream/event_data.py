"""What the events of each type say: the structs of CloudEvents' ``data``, with what each field means.

The JSON Schemas in ``schemas/`` and the page docs/events.md are generated from these types and their descriptions.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]
Survey = Literal["csat", "nps", "ces", "servqual", "brand"]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]


class Nothing(msgspec.Struct, frozen=True, gc=False):
    """Data of an event that needs none."""


class CreatedData(msgspec.Struct, frozen=True, gc=False):
    """A ticket as it was opened."""

    queue: Annotated[Text, Meta(description="where it waits")]
    channel: Annotated[Text, Meta(description="how it came in: `email`, `chat`, `phone`, …")]
    priority: Annotated[Text, Meta(description="as policies and `[labels]` spell it")]
    brand: Annotated[str | None, Meta(description="whose customer it is, where one desk serves several brands")] = None
    kind: Annotated[str | None, Meta(description="`question`, `incident`, …; `complaint` counts as a complaint")] = None
    customer: Annotated[str | None, Meta(description="an id, never a name; not kept")] = None
    origin: Annotated[Literal["customer", "agent", "system", ""], Meta(description="who opened it")] = "customer"


class RepliedData(msgspec.Struct, frozen=True, gc=False):
    """A reply to the customer, or a private note."""

    agent: Annotated[Text, Meta(description="an id; not kept")]
    author: Annotated[
        Literal["human", "bot", "auto", ""], Meta(description="who wrote it: only what a human wrote is a reply")
    ] = "human"
    public: Annotated[bool, Meta(description="false: a private note, which answers nobody")] = True


class ResolvedData(msgspec.Struct, frozen=True, gc=False):
    """Who resolved it, where known."""

    agent: Annotated[str | None, Meta(description="who resolved it; not kept")] = None


class EscalatedData(msgspec.Struct, frozen=True, gc=False):
    """To which level, where known."""

    level: Annotated[str | int | None, Meta(description="where it went; not kept")] = None


class UpdatedData(msgspec.Struct, frozen=True, gc=False):
    """New values of any attributes."""

    queue: Annotated[str | None, Meta(description="the new queue")] = None
    channel: Annotated[str | None, Meta(description="the new channel")] = None
    priority: Annotated[str | None, Meta(description="the new priority")] = None
    brand: Annotated[str | None, Meta(description="the new brand")] = None
    kind: Annotated[str | None, Meta(description="the new kind")] = None
    agent: Annotated[str | None, Meta(description="who has it now")] = None


class ReasonData(msgspec.Struct, frozen=True, gc=False):
    """Why it was paused, resumed, discarded or restored."""

    reason: Annotated[str | None, Meta(description="in words or as a code; nothing goes by it")] = None


class ConvertedData(msgspec.Struct, frozen=True, gc=False):
    """A sale after this interaction."""

    value: Annotated[float | None, Meta(description="of the sale, in one currency of your choice")] = None


class SentData(msgspec.Struct, frozen=True, gc=False):
    """A survey was sent."""

    survey: Annotated[Survey, Meta(description="which instrument")]
    response: Annotated[str | None, Meta(description="id of this questionnaire; joins its answers to it")] = None
    queue: Annotated[str | None, Meta(description="else that of the ticket")] = None
    channel: Annotated[str | None, Meta(description="else that of the ticket")] = None


class AnsweredData(msgspec.Struct, frozen=True, gc=False):
    """One answer to one survey (item). ``scale`` is [lowest, highest]; the default depends on the survey."""

    survey: Annotated[Survey, Meta(description="which instrument")]
    score: Annotated[int, Meta(description="within the scale; for SERVQUAL what was perceived")]
    response: Annotated[
        str | None, Meta(description="id of the questionnaire; a later answer under the same id replaces this one")
    ] = None
    scale: Annotated[
        tuple[int, int] | None,
        Meta(description="[lowest, highest]; null: csat 1 to 5, nps 0 to 10, ces, servqual 1 to 7, brand 0 or 1"),
    ] = None
    item: Annotated[
        str | None, Meta(description="needed by servqual (`empathy.1`) and brand (`fast`): what was asked")
    ] = None
    expectation: Annotated[int | None, Meta(description="for SERVQUAL, what was expected, on the same scale")] = None
    about: Annotated[
        Literal["brand", "product", "agent", "team", ""] | None, Meta(description="what the answer judges")
    ] = None
    comment: Annotated[str | None, Meta(description="free text; shown redacted, and only with `[why] enabled`")] = None
    reasons: Annotated[list[str], Meta(description="codes of reasons that were chosen")] = []
    queue: Annotated[str | None, Meta(description="else that of the ticket")] = None
    channel: Annotated[str | None, Meta(description="else that of the ticket")] = None
    customer: Annotated[str | None, Meta(description="an id, never a name; not kept")] = None


class Period(msgspec.Struct, frozen=True, gc=False):
    """Both days inclusive, in the floor's time zone."""

    start: Annotated[Day, Meta(description="first day")]
    end: Annotated[Day, Meta(description="last day")]


class ReportedData(msgspec.Struct, frozen=True, gc=False):
    """A slow business fact of a period."""

    fact: Annotated[Text, Meta(description="a name of docs/facts.md")]
    value: Annotated[float, Meta(description="at most 15 digits")]
    period: Annotated[Period, Meta(description="the days it is of")]
    queue: Annotated[str | None, Meta(description="null: the whole floor")] = None
    unit: Annotated[str | None, Meta(description="of the value: `h`, `EUR`, `%`, …")] = None
    reported_by: Annotated[str | None, Meta(description="who says so")] = None
    definition: Annotated[
        str | None, Meta(description="how it was counted; a benchmark is compared only where it is the same")
    ] = None
