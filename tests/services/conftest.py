"""Brokers that a test has to itself: a worker's topics and group have fixed names, so two tests cannot share one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from stream.rim.embedded import EmbeddedProcess
from stream.rim.settings import RimSettings
from tests.floors import Place


@pytest.fixture
def own_embedded() -> Iterator[str]:
    embedded = EmbeddedProcess()
    embedded.start()
    try:
        yield embedded.address
    finally:
        embedded.stop()
