"""What the rim is told: brokers, topics, limits, a clock. It reads no environment and no file.

The topics' names are fixed (CONTRACT); `topic_prefix` gives a replay topics of its own, `app_id` names the consumer
group and the changelog.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

import msgspec

from stream.records import Applied, Records
from stream.rim.failpoints import Failpoint, pass_by
from stream.rim.security import OPEN, Security

EVENT_TOPICS: Final = (
    "ticket-created",
    "ticket-first-reply",
    "ticket-resolved",
    "ticket-changed",
    "survey-responses",
    "business-facts",
)
DEAD_LETTERS: Final = "support-dead-letters"


class RimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one worker talks to Kafka. Durations are seconds, as Kafka's own settings are."""

    brokers: tuple[str, ...] = ("127.0.0.1:9092",)
    security: Security = OPEN
    app_id: str = "deskpulse"
    topic_prefix: str = ""
    partitions: int = 8
    replication: int = 3
    #: Without a heartbeat for this long a worker is taken for dead; Faust's 60 would make a crash a minute's outage.
    session_timeout: float = 10.0
    #: Static membership: a restart within the session takes the same partitions again. None: a dynamic member.
    instance_id: str | None = None
    #: No other worker ever joins the group (a demo, a replay): standing still for long cannot have cost a partition.
    is_alone: bool = False
    #: More than this share of the last `dead_letters_over` records refused, and the worker stops; None never stops.
    dead_letters_max_ratio: float | None = 0.5
    dead_letters_over: int = 1000
    recovery_deadline: float = 900.0
    commit_interval: float = 1.0
    expiry_interval: float = 60.0
    #: Records that the core gets at once: more hold the event loop for longer, fewer wait for more acknowledgements.
    batch_records: int = 1000
    #: The clock of the core: nanoseconds since the epoch.
    clock: Callable[[], int] = time.time_ns
    #: Told of each passing of a named place; a test's may end the process there.
    passes: Callable[[Failpoint], None] = pass_by

    @property
    def event_topics(self) -> tuple[str, ...]:
        """The six event topics, prefixed."""
        return tuple(self.topic_prefix + topic for topic in EVENT_TOPICS)

    @property
    def dead_letters(self) -> str:
        """The topic of refused records, prefixed."""
        return self.topic_prefix + DEAD_LETTERS

    @property
    def changelog(self) -> str:
        """The compacted topic that holds the tickets table."""
        return f"{self.app_id}-tickets-changelog"

    @property
    def all_topics(self) -> tuple[str, ...]:
        """Every topic that has to exist before a worker starts."""
        return (*self.event_topics, self.dead_letters, self.changelog)


def stop_hard(why: str) -> None:
    """Ends the process at once with exit code 1: no offset is committed, no queue flushed on the way."""
    os.write(2, f"deskpulse worker: stopped: {why}\n".encode())
    os._exit(1)


def ignore_applied(_records: Records, _applied: Applied) -> None:
    """The hook of a rim that nobody watches."""


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the rim calls out to: after each batch, and on a fault that must end the process."""

    #: The batch is applied, its changelog records and dead letters acknowledged.
    on_applied: Callable[[Records, Applied], None] = ignore_applied
    #: Returns only in tests: the rim commits nothing and stands still afterwards.
    on_fatal: Callable[[str], None] = stop_hard
