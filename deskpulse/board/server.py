"""The board's HTTP: pages, the walls' event stream, the API, what Prometheus reads, health. Errors as JSON.

It asks a source for values, and knows neither workers nor where they keep them.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
from aiohttp import web

from deskpulse.board import access, pages, streams
from deskpulse.board.access import Guarded, Tokens
from deskpulse.board.asked import Walls, facts_of
from deskpulse.board.displays import COUNTED, Displays, Rendered, TooManyError
from deskpulse.board.latest import Latest
from deskpulse.board.source import NoSnapshotError, Source
from deskpulse.configuration.model import Configuration
from deskpulse.server import Handler, as_json, errors_as_json
from deskpulse.ticket_lists import asked_for, rendered
from metrics.board_series import board_families
from metrics.exposition import render_families
from metrics.instants import MINUTE, SECOND, format_instant
from metrics.label_values import FloorLabels
from metrics.series import Family, Histogram
from wall.document import document
from wall.settings import Wall

#: Pages that need a token where one is configured; all other files are the same for everybody.
PAGES: Final = {"/": Guarded.TOTALS, "/tickets": Guarded.TICKETS}
_RETRY_SECONDS: Final = 5


class Board:
    """One board: its source, what it remembers, and who is connected."""

    def __init__(self, source: Source, configuration: Configuration, tokens: Tokens) -> None:
        self.source: Final = source
        self.tokens: Final = tokens
        self.walls: Final = Walls(configuration)
        self.latest: Final = Latest(source)
        self.displays: Final = Displays(self.latest, self._rendered, self._heartbeat)
        self._facts = facts_of(configuration)
        self._labels = FloorLabels(self._facts.rules)

    def _rendered(self, snapshot: Mapping[str, Any], walls: list[Wall]) -> list[Rendered]:
        return [self._rendered_one(snapshot, wall) for wall in walls]

    def _rendered_one(self, snapshot: Mapping[str, Any], wall: Wall) -> Rendered:
        facts = msgspec.structs.replace(self._facts, history=self.latest.minutes.of(wall.queues))
        made = document(snapshot, wall, time.time_ns(), facts)
        made["state"]["shows"] = self.source.worker
        content = msgspec.json.encode({name: made[name] for name in made if name not in {"now", "as_of"}})
        return Rendered(content, streams.message("wall", made, made["as_of"]))

    def _heartbeat(self) -> bytes:
        """The board has a pulse; whether its numbers have one, their instant says."""
        return streams.message("heartbeat", {"now": format_instant(time.time_ns()), "as_of": self.latest.as_of})

    async def exposition(self, accept: str | None, names: list[str]) -> tuple[bytes, str]:
        """What the board alone exports: (body, content type)."""
        try:
            snapshot = await self.latest.snapshot()
        except NoSnapshotError:
            snapshot = None
        gone = {reason.value: self.displays.gone[reason] for reason in COUNTED}
        found: list[Family | Histogram] = [*board_families(snapshot, len(self.displays), gone)]
        if snapshot is not None:
            labels = {name: self._labels.queues.fold(name) for name in snapshot["queues"]}
            found += self.source.families(snapshot, labels)
        return await asyncio.to_thread(render_families, found, accept, names)

    async def note_minutes(self) -> None:
        """Take a snapshot at each whole minute, for the small charts, until cancelled."""
        while True:
            with suppress(NoSnapshotError):
                await self.latest.snapshot()
            await asyncio.sleep((MINUTE - time.time_ns() % MINUTE) / SECOND)


BOARD: Final = web.AppKey("board", Board)


def create_board(source: Source, configuration: Configuration, tokens: Tokens) -> web.Application:
    """The application; it binds nothing."""
    app = web.Application(middlewares=[errors_as_json, _no_snapshot_as_503])
    app[BOARD] = Board(source, configuration, tokens)
    app.on_response_prepare.append(_secured)
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_closed)
    totals, tickets = _guard(Guarded.TOTALS), _guard(Guarded.TICKETS)
    for path, asset in pages.assets().items():
        app.router.add_get(path, _page(asset, PAGES.get(path)))
    app.router.add_get("/events", totals(_events), allow_head=False)
    app.router.add_get("/metrics", totals(_metrics))
    app.router.add_get("/api/snapshot", totals(_snapshot))
    app.router.add_get("/sd/prometheus", totals(_targets))
    app.router.add_get("/api/tickets", tickets(_tickets))
    app.router.add_get("/api/tickets/{ticket:.+}/explain", tickets(_explain))
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    return app


# ----------------------------------------------------------------------------------------------- around requests


async def _running(app: web.Application) -> AsyncIterator[None]:
    """What runs beside the requests."""
    board = app[BOARD]
    tasks = [asyncio.create_task(board.displays.run()), asyncio.create_task(board.note_minutes())]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _closed(app: web.Application) -> None:
    app[BOARD].displays.close()


async def _secured(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(pages.SECURITY_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def _no_snapshot_as_503(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except NoSnapshotError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from error


def _guard(guarded: Guarded) -> Callable[[Handler], Handler]:
    def around(handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            access.check(request, request.app[BOARD].tokens, guarded)
            return await handler(request)

        return checked

    return around


# -------------------------------------------------------------------------------------------------------- pages


def _page(asset: pages.Asset, guarded: Guarded | None) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        if guarded is not None:
            tokens = request.app[BOARD].tokens
            without = access.without_token(request, tokens, guarded)
            if without is not None:
                return without
            access.check(request, tokens, guarded)
        if guarded is Guarded.TOTALS:
            _wall(request)  # a wall that is not there is told here, before it stays empty
        return pages.served(request, asset)

    return page


def _wall(request: web.Request) -> Wall:
    try:
        return request.app[BOARD].walls.asked(request.query.get("wall"), request.query.getall("queue", []))
    except LookupError as error:
        raise web.HTTPNotFound(text=str(error.args[0])) from error


async def _events(request: web.Request) -> web.StreamResponse:
    board = request.app[BOARD]
    try:
        with board.displays.joined(_wall(request)) as display:
            return await streams.sent(request, display)
    except TooManyError as error:
        raise web.HTTPServiceUnavailable(
            text=str(error), headers={"Retry-After": str(_RETRY_SECONDS + secrets.randbelow(_RETRY_SECONDS))}
        ) from error


# ---------------------------------------------------------------------------------------------------------- API


async def _snapshot(request: web.Request) -> web.Response:
    snapshot = await request.app[BOARD].latest.snapshot()
    body = await asyncio.to_thread(msgspec.json.encode, snapshot)
    tag = hashlib.sha256(body).hexdigest()[:32]
    return pages.compressed(pages.tagged(request, body, "application/json", tag, "no-cache"))


async def _tickets(request: web.Request) -> web.Response:
    try:
        asked = asked_for(request.query.items())
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    found = await request.app[BOARD].source.listed(asked.wanted, asked.limit)
    body, headers = await asyncio.to_thread(rendered, found, asked.format)
    return web.Response(body=body, headers=headers)


async def _explain(request: web.Request) -> web.Response:
    ticket = request.match_info["ticket"]
    found = await request.app[BOARD].source.explained(ticket)
    if found is None:
        raise web.HTTPNotFound(text=f"no ticket {ticket!r} here")
    if isinstance(found, str):
        raise web.HTTPServiceUnavailable(text=found)
    return as_json(found)


async def _metrics(request: web.Request) -> web.Response:
    accept, names = request.headers.get("Accept"), request.query.getall("name[]", [])
    body, content_type = await request.app[BOARD].exposition(accept, names)
    return web.Response(body=body, headers={"Content-Type": content_type})


async def _targets(request: web.Request) -> web.Response:
    return as_json(await request.app[BOARD].source.targets(request.url.host or ""))


async def _healthz(request: web.Request) -> web.Response:
    fault = request.app[BOARD].source.fault
    return as_json({"error": fault}, 503) if fault else as_json({"healthy": True})


async def _readyz(request: web.Request) -> web.Response:
    found = await request.app[BOARD].source.readiness()
    return as_json(found, 200 if found["ready"] else 503)
