"""The latest snapshot, taken once for all who ask, and seldom enough that batches of events hardly notice.

Whoever asks gets numbers in which everything is that was applied before they asked. A snapshot is taken again where
something has changed, and each second, since clocks run out without an event.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from deskpulse.board.history import Minutes
from deskpulse.board.source import NoSnapshotError, Source
from deskpulse.pacing import AHEAD, TICK
from metrics.instants import SECOND, parse_instant

#: Four a second at most: one in each quarter of the clock's second. A pause after each would be met a little later each
#: time by what is written once in a quarter, and late once would be late ever after.
PAUSE_SECONDS: Final = TICK / SECOND
#: So much longer than the last one held batches up is the pause before the next: they wait a fifth of the time at most.
PAUSE_FACTOR: Final = 4.0
PAUSE_SECONDS_MAX: Final = 1.0
#: How old it may be while nothing has changed.
QUIET_SECONDS: Final = 1.0


class Latest:
    """The source's snapshot, and the minutes made of all that were taken."""

    def __init__(self, source: Source) -> None:
        self.minutes: Final = Minutes()
        self._source = source
        self._taking = asyncio.Lock()
        self._found: dict[str, Any] | None = None
        self._revision: object = None
        self._taken_at = self._pause = 0.0
        self._failure, self._failed_at = "", 0.0
        self._quarter = 0  # of a second, in which it was taken

    async def snapshot(self) -> dict[str, Any]:
        """The same object until it is taken again; nobody changes it.

        Raises:
            NoSnapshotError: the source has none.
        """
        asked_at = self._now()
        async with self._taking:
            if self._failed_at > asked_at:
                raise NoSnapshotError(self._failure)  # tried while this one waited: a source may take its time to fail
            if self._found is not None:
                age = self._now() - self._taken_at
                is_old = age >= max(QUIET_SECONDS, self._pause)
                if not is_old and self._source.revision() == self._revision:
                    return self._found
                await self._may_take(self._taken_at + self._pause)
            return await self._take()

    async def _may_take(self, paused_until: float) -> None:
        """Returns in another quarter, after the pause; the source is told shortly before."""
        for ahead in (*AHEAD, 0):
            seconds = max(until_next_quarter(time.time(), self._quarter), paused_until - self._now()) - ahead / SECOND
            if seconds > 0:
                await asyncio.sleep(seconds)
                if ahead:
                    await self._source.ahead()

    @property
    def as_of(self) -> str | None:
        """The instant of the latest snapshot that was taken; None before the first."""
        return None if self._found is None else str(self._found["as_of"])

    async def changed(self, seconds: float) -> None:
        """Returns when the source has news, or after so long."""
        await self._source.changed(seconds)

    async def _take(self) -> dict[str, Any]:
        began, revision, self._quarter = self._now(), self._source.revision(), int(time.time() / PAUSE_SECONDS)
        try:
            found = await self._source.snapshot()
        except NoSnapshotError as error:
            self._failure, self._failed_at = str(error), self._now()
            raise
        self._found, self._revision, self._taken_at = found, revision, self._now()
        # Its instant is taken when it has waited for the batch in work and holds up the next.
        held = (time.time_ns() - parse_instant(found["as_of"])) / SECOND
        took = min(self._taken_at - began, max(held, 0.0))
        self._pause = min(took * PAUSE_FACTOR, PAUSE_SECONDS_MAX)
        self.minutes.note(found)
        return found

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def until_next_quarter(now: float, quarter: int) -> float:
    """Seconds until another quarter of a second than that one; 0 in any other, as after the clock was set."""
    return (quarter + 1) * PAUSE_SECONDS - now if int(now / PAUSE_SECONDS) == quarter else 0.0
