"""`deskpulse worker`: one Faust worker with its HTTP server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NoReturn

import click
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from deskpulse.board.access import Tokens
from deskpulse.board.beside import board_beside
from deskpulse.commands.brokers import setting_given
from deskpulse.commands.options import broker_option, config_option, configuration, tokens_given
from deskpulse.configuration.loading import Configuration
from deskpulse.installation import NameTakenError, check_names
from deskpulse.mirroring import mirrored
from deskpulse.server import PortTakenError
from deskpulse.worker import Setting, Worker, rim_settings
from stream.rim.failpoints import Failpoint, mine, pass_by
from stream.rim.preflight import PreflightError
from stream.rim.reaching import refusal
from stream.tickets import Admission

#: For tests only: `NAME` or `NAME:N`, and the worker kills itself at that place; docs/operations.md names them.
FAILPOINT_VARIABLE: Final = "DESKPULSE_FAILPOINT"


@click.command("worker")
@broker_option
@click.option("--admit-old", is_flag=True, help="Let in events older than the retention: while history is imported.")
@config_option
def command(broker: str | None, config: Path | None, *, admit_old: bool) -> None:
    """Run a worker: consume the events, keep the tickets, serve /metrics, /readyz and /snapshot.

    With no [redis] url it serves a board of its own partitions, too.
    """
    settings = configuration(config)
    try:
        check_names()
        admission = Admission(drop_old=not admit_old)
        setting = replace(setting_given(settings, broker), admission=admission, passes=failpoint())
        asyncio.run(_run(settings, setting, tokens_given(settings)))
    except (PreflightError, PortTakenError, NameTakenError) as error:
        _stopped(str(error))
    except KafkaError as error:
        _stopped(refusal(error, rim_settings(settings, setting)) or str(error))


def _stopped(why: str) -> NoReturn:
    click.echo(f"deskpulse worker: stopped: {why}", err=True)
    sys.exit(1)


async def _run(settings: Configuration, setting: Setting, tokens: Tokens) -> None:
    stop = stop_on_signals()
    worker = Worker(settings, setting)
    async with worker.serving(tokens) as url, mirrored(worker, url), _wall_beside(worker, url, tokens, stop) as wall:
        click.echo(f"deskpulse worker: {url}/metrics /readyz /snapshot{wall}", err=True)
        await worker.run(stop)
    click.echo("deskpulse worker: stopped cleanly", err=True)


@asynccontextmanager
async def _wall_beside(worker: Worker, url: str, tokens: Tokens, stop: asyncio.Event) -> AsyncIterator[str]:
    """The board of this worker while inside, unless there is one for all; yields what to say of it.

    A taken port costs the wall and not the worker: there may be several of them on this machine.
    """
    if worker.configuration.redis.url is not None:
        yield ""
        return
    async with AsyncExitStack() as stack:
        try:
            wall = await stack.enter_async_context(board_beside(worker, url, tokens, stop))
        except PortTakenError as error:
            yield f"; no wall: {error}"
        else:
            yield f"; the wall of its partitions: {wall}/"


def failpoint() -> Callable[[Failpoint], None]:
    """What the rim tells of its passings: nobody, but where a test has set the variable.

    Raises:
        UsageError: the variable names no failpoint.
    """
    text = os.environ.get(FAILPOINT_VARIABLE)
    try:
        return mine(text) if text else pass_by
    except ValueError as error:
        raise click.UsageError(f"{FAILPOINT_VARIABLE}: {error}") from None


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set, instead of ending the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
