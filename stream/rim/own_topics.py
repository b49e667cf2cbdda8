"""Topics that belong to one run, such as a replay's: created before it, removed with their consumer group after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiokafka.errors import KafkaError

from stream.rim.preflight import admin, create_topics
from stream.rim.settings import RimSettings


@asynccontextmanager
async def own_topics(settings: RimSettings) -> AsyncIterator[None]:
    """The topics of ``settings`` exist while inside; ``topic_prefix`` and ``app_id`` must be of this run alone."""
    await create_topics(settings)
    try:
        yield
    finally:
        async with admin(settings) as client:
            with suppress(KafkaError):
                await client.delete_topics(list(settings.all_topics))
