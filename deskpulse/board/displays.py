"""The displays that are connected: each wall is rendered once for all that show it, and sent where it has changed.

What a display has yet to be sent is at most one document and one heartbeat, the latest: whoever does not read is
behind, not buffered for. With no display connected nothing is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, NamedTuple

from deskpulse.board.latest import PAUSE_SECONDS, Latest
from deskpulse.board.source import NoSnapshotError
from wall.settings import Wall

DISPLAYS_MAX: Final = 500
#: Different walls (by name and queues) that are shown at a time: each is rendered up to four times a second.
WALLS_MAX: Final = 64
#: A wall that has not changed is sent again after so long, with its instant: it is as fresh as it says.
AGAIN_SECONDS: Final = 4.0
HEARTBEAT_SECONDS: Final = 4.0

_log = logging.getLogger(__name__)


class Gone(StrEnum):
    """Why a display is connected no more."""

    CLOSED = "closed"  # it went, or the network did
    SLOW = "slow"  # it did not read, and was dropped
    STOPPED = "stopped"  # the board ends


#: Exported; a board that ends is asked no more.
COUNTED: Final = (Gone.CLOSED, Gone.SLOW)


class Rendered(NamedTuple):
    """A wall as of an instant; ``content`` is all of it but the instants that always change."""

    content: bytes
    message: bytes


#: Makes the documents of these walls; runs in a thread.
Render = Callable[[Mapping[str, Any], list[Wall]], list[Rendered]]


class TooManyError(Exception):
    """No further display is taken; the text says why."""


class Display:
    """One connected display."""

    __slots__ = ("_news", "_waiting", "gone")

    def __init__(self) -> None:
        self.gone = Gone.CLOSED  # why it will be connected no more, as far as is known
        self._news = asyncio.Event()
        self._waiting: dict[str, bytes] = {}

    def put(self, kind: str, message: bytes) -> None:
        """To be sent, instead of what of this kind was not sent yet."""
        self._waiting[kind] = message
        self._news.set()

    def end(self) -> None:
        """Nothing further is to be sent."""
        self.gone = Gone.STOPPED
        self._news.set()

    async def next(self) -> bytes:
        """All that is to be sent now, once there is something; empty when it is over."""
        await self._news.wait()
        self._news.clear()
        messages = b"" if self.gone is Gone.STOPPED else b"".join(self._waiting.values())
        self._waiting.clear()
        return messages


class _Screen:
    """One wall and the displays that show it."""

    __slots__ = ("content", "displays", "message", "sent_at", "snapshot", "wall")

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.displays: set[Display] = set()
        self.content = self.message = b""
        self.snapshot: Mapping[str, Any] | None = None  # that the message is of
        self.sent_at = 0.0

    def show(self, snapshot: Mapping[str, Any], made: Rendered, now: float) -> None:
        self.snapshot, self.message = snapshot, made.message
        if made.content != self.content or now - self.sent_at >= AGAIN_SECONDS:
            self.content, self.sent_at = made.content, now
            for display in self.displays:
                display.put("wall", made.message)


class Displays:
    """All that are connected. ``run`` it; each display is ``joined`` while it is connected."""

    def __init__(self, latest: Latest, render: Render, heartbeat: Callable[[], bytes]) -> None:
        self.gone: Final = Counter(dict.fromkeys(Gone, 0))
        self._latest = latest
        self._render = render
        self._heartbeat = heartbeat
        self._screens: dict[Wall, _Screen] = {}
        self._any = asyncio.Event()
        self._hurry = asyncio.Event()
        self._is_closed = False

    def __len__(self) -> int:
        return sum(len(screen.displays) for screen in self._screens.values())

    @contextmanager
    def joined(self, wall: Wall) -> Iterator[Display]:
        """A display that shows this wall, while inside; the latest document is there at once, or soon.

        Raises:
            TooManyError: so many are connected that no other is taken.
        """
        screen = self._screen(wall)
        display = Display()
        screen.displays.add(display)
        self._any.set()
        if screen.message:
            display.put("wall", screen.message)
        else:
            self._hurry.set()
        if self._is_closed:
            display.end()
        try:
            yield display
        finally:
            screen.displays.discard(display)
            self.gone[display.gone] += 1
            if not screen.displays:
                self._screens.pop(wall, None)
            if not self._screens:
                self._any.clear()

    def _screen(self, wall: Wall) -> _Screen:
        if len(self) >= DISPLAYS_MAX:
            raise TooManyError(f"{DISPLAYS_MAX} displays are connected, and no more are taken")
        if wall not in self._screens and len(self._screens) >= WALLS_MAX:
            raise TooManyError(f"{WALLS_MAX} different walls are shown, and no others are")
        return self._screens.setdefault(wall, _Screen(wall))

    def close(self) -> None:
        """End every connection, and those that are still to come."""
        self._is_closed = True
        for screen in self._screens.values():
            for display in screen.displays:
                display.end()

    # ------------------------------------------------------------------------------------------------ running

    async def run(self) -> None:
        """Show what changes, and that the board is there, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._show())
            tasks.create_task(self._beat())

    async def _show(self) -> None:
        """Round by round. In trouble the displays see that their instant stands still; it is logged once."""
        is_told = False
        while True:
            await self._any.wait()
            self._hurry.clear()
            try:
                await self._show_once()
                is_told = False
            except Exception as error:  # noqa: BLE001 (whatever it is, the worker beside goes on)
                if not is_told:
                    _log.warning("no wall is shown: %s", error, exc_info=not isinstance(error, NoSnapshotError))
                is_told = True
            waits = [asyncio.ensure_future(one) for one in (self._hurry.wait(), self._latest.changed(PAUSE_SECONDS))]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()

    async def _show_once(self) -> None:
        snapshot = await self._latest.snapshot()
        screens = [screen for screen in self._screens.values() if screen.snapshot is not snapshot]
        if not screens:
            return
        rendered = await asyncio.to_thread(self._render, snapshot, [screen.wall for screen in screens])
        now = asyncio.get_running_loop().time()
        for screen, made in zip(screens, rendered, strict=True):
            screen.show(snapshot, made, now)

    async def _beat(self) -> None:
        while True:
            await self._any.wait()
            message = self._heartbeat()
            for screen in self._screens.values():
                for display in screen.displays:
                    display.put("heartbeat", message)
            await asyncio.sleep(HEARTBEAT_SECONDS)
