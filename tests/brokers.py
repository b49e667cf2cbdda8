"""The brokers that tests run on, as fixtures that give their addresses.

Both run as plain child processes for the whole session, outside any event loop, so that every test may have its own. A
test that asks for `broker` runs on both of them; `-k embedded` or `-k apache` selects one. Topics outlive a test: give
each test topics of its own (`topic`).
"""

import uuid
from collections.abc import Iterator

import pytest

from stream.rim.embedded import EmbeddedProcess
from tests.kafka_from_jars import ApacheKafka

FIXTURES = {"embedded": "embedded_broker", "apache": "apache_kafka"}


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[str]:
    embedded = EmbeddedProcess()
    embedded.start()
    try:
        yield embedded.address
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kafka = ApacheKafka(tmp_path_factory.mktemp("apache-kafka"))
    kafka.start()
    try:
        yield kafka.address
    finally:
        kafka.stop()


@pytest.fixture(params=list(FIXTURES))
def broker(request: pytest.FixtureRequest) -> str:
    """Each broker's address in turn. What `@pytest.mark.embedded_gap(reason)` marks must fail on the embedded one."""
    gap = request.node.get_closest_marker("embedded_gap")
    if gap and request.param == "embedded":
        request.applymarker(pytest.mark.xfail(reason=gap.args[0], strict=True))
    return str(request.getfixturevalue(FIXTURES[request.param]))


@pytest.fixture
def topic() -> str:
    """The name of a topic that no other test uses; it does not exist yet."""
    return f"test-{uuid.uuid4().hex[:12]}"
