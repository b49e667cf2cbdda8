"""Brokers that a test has to itself: a worker's topics and group have fixed names, so two tests cannot share one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from stream.rim.embedded import EmbeddedProcess


@pytest.fixture
def own_embedded() -> Iterator[str]:
    """The address of an embedded broker of the test's own."""
    embedded = EmbeddedProcess()
    embedded.start()
    try:
        yield embedded.address
    finally:
        embedded.stop()


@pytest.fixture
async def own_apache(apache_kafka: str) -> AsyncIterator[str]:
    """The address of the session's Apache Kafka, whose topics are removed afterwards, and their offsets with them."""
    yield apache_kafka
    admin = AIOKafkaAdminClient(bootstrap_servers=apache_kafka)
    await admin.start()
    try:
        left = [topic for topic in await admin.list_topics() if not topic.startswith("_")]
        if left:
            await admin.delete_topics(left)
    finally:
        await admin.close()


@pytest.fixture(params=["embedded", "apache"])
def own_broker(request: pytest.FixtureRequest) -> str:
    """Each in turn; `-k embedded` or `-k apache` selects one."""
    return str(request.getfixturevalue(f"own_{request.param}"))
