"""The board inside a worker's process, where no Redis is configured: it shows that worker's partitions, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from deskpulse.board.access import Tokens
from deskpulse.board.server import BOARD, create_board
from deskpulse.board.source import LoneWorker
from deskpulse.configuration.tables import Board
from deskpulse.server import serving
from deskpulse.worker import Worker

HINT: Final = "DESKPULSE_BOARD_PORT or [board] port chooses another"


@asynccontextmanager
async def board_beside(worker: Worker, url: str, tokens: Tokens, stop: asyncio.Event) -> AsyncIterator[str]:
    """The board of ``worker``, which serves at ``url``, while inside; yields its own URL.

    Raises:
        PortTakenError: its port is taken.
    """
    app = create_board(LoneWorker(worker, url), worker.configuration, tokens)
    async with serving_board(app, worker.configuration.board, stop) as own:
        yield own


@asynccontextmanager
async def serving_board(app: web.Application, place: Board, stop: asyncio.Event) -> AsyncIterator[str]:
    """Serve a board while inside; displays are let go at ``stop``, not only at the end of what else has to stop."""
    async with serving(app, place.bind, place.port, HINT) as url:
        closing = asyncio.create_task(_close_at(stop, app))
        try:
            yield url
        finally:
            closing.cancel()


async def _close_at(stop: asyncio.Event, app: web.Application) -> None:
    await stop.wait()
    app[BOARD].displays.close()
