"""The simulated help desk onto Kafka: history at once, then each event when its time comes.

It never touches topics that hold somebody else's events.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import msgspec

from intake.simulator.desk import Delivery
from metrics.instants import SECOND
from stream.rim.preflight import PreflightError, absent, check_topics
from stream.rim.sending import Sender
from stream.rim.settings import RimSettings

OWN_SOURCE = "simulator/"


class ForeignEventsError(Exception):
    """The topics hold events of another source."""


class NoTopicsError(PreflightError):
    """The event topics are not there."""


async def require_event_topics(settings: RimSettings) -> None:
    """Pass only where all event topics exist: sending to a missing one would fail late, or create it unasked.

    Raises:
        NoTopicsError: naming the topics and what to run.
    """
    checks = await check_topics(settings)
    missing = [check for check in checks if check.partitions is None and check.topic in settings.event_topics]
    if missing:
        raise NoTopicsError(absent(missing))


class _Source(msgspec.Struct, gc=False):
    source: str = ""


def refuse_foreign(values: Iterator[tuple[str, bytes | None]]) -> None:
    """Pass only records whose source is a simulator's.

    Args:
        values: (topic, value) of records that are on the topics already.

    Raises:
        ForeignEventsError: naming topic and source.
    """
    for topic, value in values:
        try:
            source = msgspec.json.decode(value or b"", type=_Source).source
        except msgspec.MsgspecError:
            source = "(no event)"
        if not source.startswith(OWN_SOURCE):
            raise ForeignEventsError(f"topic {topic} holds events of {source!r}: simulated events would mix with them")


class Feed:
    """Sends deliveries through one ``Sender``; remembers the one that was not due yet."""

    def __init__(self, sender: Sender, deliveries: Iterator[Delivery]) -> None:
        self.sent = 0
        self._sender = sender
        self._deliveries = deliveries
        self._next: Delivery | None = next(deliveries, None)

    async def send_until(
        self, instant: int, show: Callable[[int], None] = lambda _: None, *, as_of_then: bool = False
    ) -> None:
        """Send all that is due before ``instant`` and wait until it is acknowledged.

        ``as_of_then``: each record has the time of its simulated delivery, as if it had been sent by then.
        """
        while self._next is not None and self._next.at < instant:
            await self._send(self._next, self._next.at if as_of_then else None)
            self._next = next(self._deliveries, None)
            if self.sent % 1_000 == 0:
                show(self.sent)
        await self._sender.flush()

    async def follow(self, stop: asyncio.Event, clock: Callable[[], int] = time.time_ns, speed: float = 1.0) -> None:
        """Send each delivery when its instant comes, until there are no more or ``stop``; ``speed`` times as fast."""
        started = clock()
        while self._next is not None and not stop.is_set():
            due = started + round((self._next.at - started) / speed)
            wait = (due - clock()) / SECOND
            if wait > 0 and await _stopped_within(stop, wait):
                return
            await self.send_until(started + round((clock() - started) * speed) + 1)

    async def _send(self, delivery: Delivery, timestamp: int | None) -> None:
        await self._sender.send(delivery.topic, delivery.key.encode(), delivery.encode(), timestamp)
        self.sent += 1


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
