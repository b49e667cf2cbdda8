"""Server-sent events: how a message is written, and how a display is sent its own until one of both sides ends.

Every document is whole, so that whoever comes back, with `Last-Event-ID` or without, is sent the latest at once.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Any, Final

import msgspec
from aiohttp import web

from deskpulse.board.displays import Display, Gone

#: A display that takes nothing for so long is dropped.
WRITE_SECONDS: Final = 10.0
#: What the system and this process keep for a display that does not read; a document has a few kB.
KEPT_BYTES: Final = 64 * 1024
_RETRY_MS: Final = 1_000  # and up to as much again by chance, so that a board that is back is not met by all at once

_HEADERS: Final = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def message(event: str, data: Any, number: str | None = None) -> bytes:
    """One message; ``data`` becomes a single line of JSON."""
    head = f"event: {event}\n" if number is None else f"event: {event}\nid: {number}\n"
    return b"".join((head.encode(), b"data: ", msgspec.json.encode(data), b"\n\n"))


async def sent(request: web.Request, display: Display) -> web.StreamResponse:
    """Send until the display is gone or over; it knows which, then."""
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(request)
    _limit(request)
    try:
        await response.write(f"retry: {_RETRY_MS + secrets.randbelow(_RETRY_MS)}\n\n".encode())
        while messages := await display.next():
            async with asyncio.timeout(WRITE_SECONDS):
                await response.write(messages)
    except TimeoutError:
        display.gone = Gone.SLOW
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        pass  # it went
    return response


def _limit(request: web.Request) -> None:
    """Keep little for it: a write waits, and times out, where it has not read that much."""
    if request.transport is None:
        return
    request.transport.set_write_buffer_limits(high=KEPT_BYTES)
    connection = request.transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KEPT_BYTES)
