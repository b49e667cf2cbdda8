"""Topics that belong to one run, such as a replay's: created before it, removed after it.

Its consumer group is left to the broker, which forgets a group without members and topics.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiokafka.errors import KafkaError

from stream.rim.preflight import admin, create_topics
from stream.rim.settings import RimSettings


@asynccontextmanager
async def own_topics(settings: RimSettings) -> AsyncIterator[None]:
    """The topics of ``settings`` exist while inside; ``topic_prefix`` and ``app_id`` must be of this run alone."""
    try:
        await create_topics(settings)
        yield
    finally:
        with suppress(KafkaError):
            async with admin(settings) as client:
                await client.delete_topics(list(settings.all_topics))
