"""Records as batches, by Faust's public means: its scheduler setting, a schema, an agent's stream.

Knows no broker. Invariant: a batch holds consecutive records of one topic partition, in their order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from aiokafka import ConsumerRecord
from faust.serializers.schemas import Schema
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP, EventT
from faust.types.tuples import Message

from stream.records import Records

T = TypeVar("T")


def slices(records: Sequence[T], at_most: int) -> Iterator[Sequence[T]]:
    """Consecutive parts of at most so many records."""
    return (records[start : start + at_most] for start in range(0, len(records), at_most))


def pack(tp: TP, records: Sequence[ConsumerRecord[bytes, bytes]]) -> Records:
    """Fetched records as one batch."""
    return Records(
        topic=tp.topic,
        partition=tp.partition,
        offsets=[record.offset for record in records],
        timestamps_ms=[record.timestamp for record in records],
        keys=[record.key for record in records],
        values=[record.value for record in records],
    )


class BatchScheduler(DefaultSchedulingStrategy):
    """Faust's `ConsumerScheduler`: stock yields single records, at 70 µs of asyncio machinery each.

    This one yields one `Records` per partition and slice of the batched topics, in rounds over the partitions so that a
    long backlog of one starves none, and the single records of every other topic as stock does.
    """

    def __init__(self, batched: frozenset[str], at_most: int) -> None:
        self._batched = batched
        self._at_most = at_most

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        """Batches and records in the order in which they are to be processed."""
        return super().iterate({tp: self._packed(tp, found) for tp, found in records.items()})

    def _packed(self, tp: TP, found: list[Any]) -> list[Any]:
        if tp.topic not in self._batched:
            return found
        return [pack(tp, part) for part in slices(found, self._at_most)]


class BatchSchema(Schema[Any, Any]):
    """Hands a batch through undecoded: stock would run the serializers over a value that is a list of records."""

    def compile(self, app: Any, **_callbacks: Any) -> Callable[..., Awaitable[EventT[Any]]]:
        """The function that turns a message into an event; key and headers stay in the batch."""

        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:  # noqa: ARG001
            return app.create_event(None, message.value, message.headers, message)  # type: ignore[no-any-return]

        return decode


async def batches(stream_of_events: Any) -> AsyncIterator[tuple[Records, int]]:
    """The agent's batches with the generation they were fetched in; nothing is acknowledged by iterating."""
    async for event in stream_of_events.noack().events():
        yield event.value, event.message.generation_id
