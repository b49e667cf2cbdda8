"""`deskpulse board`: the web process over what all workers mirror to Redis."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from deskpulse.board.access import Tokens
from deskpulse.board.beside import serving_board
from deskpulse.board.mirrored import Mirrored
from deskpulse.board.server import create_board
from deskpulse.board.workers import Workers
from deskpulse.commands.options import config_option, configuration, tokens_given
from deskpulse.commands.worker import stop_on_signals
from deskpulse.configuration.loading import Configuration
from deskpulse.server import PortTakenError
from metrics.document import VERSION
from mirror.store import Store

_NO_REDIS = """no [redis] url: the board shows what workers mirror there.
Without Redis each worker serves a board of its own partitions: `deskpulse worker` says where."""


@click.command("board")
@config_option
def command(config: Path | None) -> None:
    """Serve the wall, merged metrics and the API of all workers, which mirror their numbers to Redis."""
    settings = configuration(config)
    tokens = tokens_given(settings)
    if settings.redis.url is None:
        raise click.UsageError(_NO_REDIS)
    try:
        asyncio.run(_run(settings, settings.redis.url, tokens))
    except PortTakenError as error:
        click.echo(f"deskpulse board: stopped: {error}", err=True)
        sys.exit(1)


async def _run(settings: Configuration, redis: str, tokens: Tokens) -> None:
    stop = stop_on_signals()
    store, workers = Store(redis, VERSION), Workers(tokens.api)
    source = Mirrored(store, settings, workers)
    listening = asyncio.create_task(source.run())
    try:
        async with serving_board(create_board(source, settings, tokens), settings.board, stop) as url:
            click.echo(f"deskpulse board: {url}/ of {source.shows}", err=True)
            await stop.wait()
    finally:
        listening.cancel()
        await workers.close()
        await store.close()
    click.echo("deskpulse board: stopped cleanly", err=True)
