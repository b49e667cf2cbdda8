"""The broker of a run: Apache Kafka where Java and Maven are there, else the embedded one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stream.rim.embedded import EmbeddedProcess
from tests.kafka_from_jars import ApacheKafka


def default_broker() -> str:
    """`apache` or `embedded`."""
    return "apache" if all(map(shutil.which, ("java", "mvn"))) else "embedded"


@contextmanager
def broker(name: str) -> Iterator[str]:
    """Its address, while inside."""
    with tempfile.TemporaryDirectory() as folder:
        running = EmbeddedProcess() if name == "embedded" else ApacheKafka(Path(folder))
        running.start()
        try:
            yield running.address
        finally:
            running.stop()
