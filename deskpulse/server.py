"""The worker's HTTP: /metrics, /healthz, /readyz, /snapshot, /api/tickets and …/{id}/explain, /api/why. Errors as JSON.

It asks the worker for values and knows neither Kafka nor how a number comes about.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web

from deskpulse.board import access
from deskpulse.board.access import Guarded, Tokens
from deskpulse.ticket_lists import TicketList, asked_for, rendered
from deskpulse.why import OFF, Why, WhyAsked, why_asked
from metrics.instants import format_instant, parse_instant
from stream.explain import Explanation
from stream.listing import Wanted


class PortTakenError(Exception):
    """Somebody else listens there."""


class TooEarlyError(Exception):
    """A snapshot was asked for as of an instant before the newest event; the argument is that event's instant."""

    def __init__(self, newest: int) -> None:
        super().__init__(f"the newest event is of {format_instant(newest)}, and at is before it")


class Answers(Protocol):
    """What the server needs of a worker."""

    @property
    def fault(self) -> str | None:
        """Why the process is about to end, or None."""
        ...

    def readiness(self) -> dict[str, Any]:
        """At least ``ready`` and, where it is not, ``reason``."""
        ...

    async def snapshot_as_of(self, at: int | None) -> dict[str, Any]:
        """The snapshot as of an instant, None: now. TooEarlyError where that was overtaken by an event."""
        ...

    async def explained(self, ticket: str) -> Explanation | str | None:
        """Why a ticket's clocks stand as they do; why that cannot be said yet; or None where it is not here."""
        ...

    async def listed(self, wanted: Wanted, limit: int) -> TicketList:
        """The tickets behind a number as it is now, soonest due first."""
        ...

    async def why(self, asked: WhyAsked) -> Why | None:
        """The reasons for low scores, or None where they are off. ValueError where there is no such window."""
        ...

    async def exposition(self, accept: str | None, names: list[str]) -> tuple[bytes, str]:
        """The metrics as they are now: (body, content type)."""
        ...


_OPEN: Final = Tokens()

#: What an error says beside its text.
KEPT_HEADERS: Final = {"Allow", "Retry-After", "WWW-Authenticate"}

ANSWERS = web.AppKey("answers", Answers)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)


def create_server(answers: Answers, tokens: Tokens = _OPEN) -> web.Application:
    """The application; it binds nothing. Tickets are as open as on the board: under its API's token, or closed."""
    app = web.Application(middlewares=[errors_as_json])
    app[ANSWERS] = answers
    tickets = _guard(tokens)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/snapshot", _snapshot)
    app.router.add_get("/api/tickets", tickets(_tickets))
    app.router.add_get("/api/why", tickets(_why))
    app.router.add_get("/api/tickets/{ticket:.+}/explain", tickets(_explain))
    return app


def _guard(tokens: Tokens) -> Callable[[Handler], Handler]:
    def around(handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            access.check(request, tokens, Guarded.TICKETS)
            return await handler(request)

        return checked

    return around


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int, hint: str) -> AsyncIterator[str]:
    """Serve ``app`` while inside; yields the URL. Port 0 takes a free one.

    Raises:
        PortTakenError: naming the port, and ``hint``: how to choose another.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
                raise PortTakenError(f"cannot listen on {host}:{port} ({error.strerror}): {hint}") from error
            raise
        yield f"http://{_shown(host)}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def as_json(body: Any, status: int = 200) -> web.Response:
    """An answer of JSON."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware: what is raised as HTTP's becomes ``{"error": …}`` with its status; all else is logged, and a 500."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        response = as_json({"error": error.text or error.reason}, error.status)
        for name in KEPT_HEADERS & error.headers.keys():
            response.headers[name] = error.headers[name]
        return response
    except Exception:  # noqa: BLE001 - whatever it is, who asked is told in JSON
        _log.exception("%s %s is answered with 500", request.method, request.path)
        return as_json({"error": "this went wrong here; the log of the process says how"}, 500)


async def _metrics(request: web.Request) -> web.Response:
    accept, names = request.headers.get("Accept"), request.query.getall("name[]", [])
    body, content_type = await request.app[ANSWERS].exposition(accept, names)
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


async def _healthz(request: web.Request) -> web.Response:
    fault = request.app[ANSWERS].fault
    return as_json({"error": fault}, 503) if fault else as_json({"healthy": True})


async def _readyz(request: web.Request) -> web.Response:
    found = request.app[ANSWERS].readiness()
    return as_json(found, 200 if found["ready"] else 503)


async def _snapshot(request: web.Request) -> web.Response:
    try:
        return as_json(await request.app[ANSWERS].snapshot_as_of(_as_of(request.query.get("at"))))
    except TooEarlyError as error:
        raise web.HTTPBadRequest(text=f"at: {error}") from error


async def _explain(request: web.Request) -> web.Response:
    ticket = request.match_info["ticket"]
    found = await request.app[ANSWERS].explained(ticket)
    if found is None:
        raise web.HTTPNotFound(text=f"no ticket {ticket!r} among those of this worker")
    if isinstance(found, str):
        return as_json({"error": found}, 503)
    return as_json(found)


async def _tickets(request: web.Request) -> web.Response:
    try:
        asked = asked_for(request.query.items())
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    found = await request.app[ANSWERS].listed(asked.wanted, asked.limit)
    body, headers = await asyncio.to_thread(rendered, found, asked.format)
    return web.Response(body=body, headers=headers)


async def _why(request: web.Request) -> web.Response:
    try:
        found = await request.app[ANSWERS].why(why_asked(request.query.items()))
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    if found is None:
        raise web.HTTPNotFound(text=OFF)
    return as_json(found)


def _as_of(text: str | None) -> int | None:
    try:
        return None if text is None else parse_instant(text.replace(" ", "+"))  # a `+` not escaped in the address
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"at: {error}") from error
