"""A board of few words: the wall's files as they are shipped, and a stream of events that a test speaks itself.

It runs in a thread of its own, since the browser is driven from the test's.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionResetError, web

from wall.files import FILES, content_type

PACKAGE = Path(__file__).parents[1] / "wall"
#: Nothing from elsewhere, nothing inline, in no frame of another site; asked for again each time.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
Api = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WallServer:
    """Started and stopped again on the same port; each new display is told ``greeting`` first."""

    def __init__(self) -> None:
        self.port = 0
        self.greeting: list[tuple[str, Any]] = []
        self.asked: list[str] = []  # addresses of the displays, as they came
        self.refuses = False  # answers 503 to displays, as a proxy does while the board is away
        self.api: Api | None = None
        self._queues: set[asyncio.Queue[str | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def displays(self) -> int:
        return len(self._queues)

    def start(self) -> None:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True)
        self._thread.start()
        assert started.wait(10)

    def stop(self) -> None:
        assert self._loop is not None
        assert self._stopping is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def send(self, event: str, data: Any, *, cut: int | None = None) -> None:
        """Tells every display; ``cut``: only so many letters of the data."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._tell, _message(event, data, cut))

    def _tell(self, message: str) -> None:
        for queue in self._queues:
            queue.put_nowait(message)

    async def _serve(self, started: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        for path in FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/events", self._events)
        app.router.add_get("/{path:api/.*}", self._api)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = runner.addresses[0][1]
        started.set()
        await self._stopping.wait()
        for queue in self._queues:
            queue.put_nowait(None)
        await runner.cleanup()

    async def _file(self, request: web.Request) -> web.Response:
        file = FILES[request.path]
        body = (PACKAGE / file).read_bytes()
        return web.Response(body=body, headers={**HEADERS, "Content-Type": content_type(file)})

    async def _api(self, request: web.Request) -> web.StreamResponse:
        assert self.api is not None, request.path
        return await self.api(request)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if self.refuses:
            return web.Response(status=503)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            await response.prepare(request)
            for event, data in self.greeting:
                await response.write(_message(event, data).encode())
            while (message := await queue.get()) is not None:
                await response.write(message.encode())
        except (ConnectionResetError, ClientConnectionResetError):
            pass  # the display has gone
        finally:
            self._queues.discard(queue)
        return response


def _message(event: str, data: Any, cut: int | None = None) -> str:
    text = json.dumps(data, ensure_ascii=False)
    return f"retry: 200\nevent: {event}\ndata: {text[:cut]}\n\n"
