"""Appends to the tickets' changelog and to the dead-letter topic, each acknowledged by all replicas before it returns.

Knows aiokafka's producer only. Invariant: records of one partition are written in the order of the calls, and no call
returns before its last record is safe.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata

from stream.rim.dead_letters import Letter
from stream.rim.failpoints import Failpoint, pass_by

#: Below the brokers' default limit of 1,048,588 bytes for a record batch; a larger single record is a batch of its own.
BATCH_BYTES = 900_000
#: The dead-letter topic takes larger records than the others: a refused record plus its headers must fit.
LETTER_BYTES_MAX = 2_000_000


async def append(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    entries: Sequence[tuple[bytes, bytes | None]],
    at_ms: int,
    passes: Callable[[Failpoint], None] = pass_by,
) -> int:
    """Write keys with their states (None: a tombstone) and await all acknowledgements.

    Returns:
        The offset of the last record; -1 for no entries.

    Raises:
        KafkaError: the broker refused a batch, or did not answer within the request timeout.
    """
    if not entries:
        return -1
    pending: list[Future[RecordMetadata]] = []
    batch = producer.create_batch()
    for key, value in entries:
        if batch.append(key=key, value=value, timestamp=at_ms) is None:
            pending.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=at_ms)
    batch.close()  # or the producer would add its own records to it
    in_last = batch.record_count()
    pending.append(await producer.send_batch(batch, topic, partition=partition))
    passes(Failpoint.AFTER_SEND)
    written = await asyncio.gather(*pending)
    return cast("int", written[-1].offset + in_last - 1)


async def send_letters(producer: AIOKafkaProducer, topic: str, letters: Iterable[Letter]) -> None:
    """Write dead letters and await all acknowledgements; KafkaError as in `append`."""
    pending = [await send_letter(producer, topic, letter) for letter in letters]
    await asyncio.gather(*pending)


async def send_letter(producer: AIOKafkaProducer, topic: str, letter: Letter) -> Future[RecordMetadata]:
    """Hand one dead letter to the producer; one that is too large for the topic goes without its value."""
    try:
        return cast(
            "Future[RecordMetadata]", await producer.send(topic, letter.value, key=letter.key, headers=letter.headers)
        )
    except MessageSizeTooLargeError:
        size = len(letter.value or b"")
        headers = [*letter.headers, ("value-left-out", b"%d bytes" % size)]
        return cast("Future[RecordMetadata]", await producer.send(topic, None, key=letter.key, headers=headers))
