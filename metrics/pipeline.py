"""How the pipeline itself is doing, as plain numbers: what the runner copies from the rim for each exposition.

Counters only ever rise while the process lives. Durations are float seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """What is running, with which configuration."""

    version: str
    revision: str
    python: str
    config_sha256: str


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's pipeline. Mappings are copies: nobody changes them afterwards."""

    topics: tuple[str, ...] = ()  # the event topics, all with ``partitions`` partitions
    partitions: int = 0
    is_recovering: bool = False
    records: Mapping[str, int] = msgspec.field(default_factory=dict)  # read, by topic
    dead_letters: Mapping[tuple[str, str], int] = msgspec.field(default_factory=dict)  # by topic and reason
    lag: Mapping[tuple[str, int], int] = msgspec.field(default_factory=dict)  # records, by topic and partition
    misrouted: int = 0
    changelog_records: int = 0
    recovered_records: int = 0
    expired: int = 0
    rebalances: int = 0
    recovery_seconds: float | None = None  # of the last recovery; None before the first
    collect_seconds: float | None = None  # of the previous ``view``; None before the first
    publishes: int | None = None  # of the mirror; None where there is none
    publish_failures: int | None = None
    build: Build | None = None
