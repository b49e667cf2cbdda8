"""How commands ask a broker: what it says or lacks becomes one line and exit code 1."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import click
from aiokafka.errors import KafkaError

from stream.rim.preflight import PreflightError
from stream.rim.reaching import obstacle, refusal
from stream.rim.settings import RimSettings

_Result = TypeVar("_Result")


def asked(settings: RimSettings, work: Coroutine[Any, Any, _Result]) -> _Result:
    """What ``work`` returns, once a broker lets this client in.

    Raises:
        click.ClickException: none does, or it failed.
    """

    async def ask() -> _Result:
        found = await obstacle(settings)
        if found is not None:
            work.close()
            raise click.ClickException(found.why)
        return await work

    try:
        return asyncio.run(ask())
    except (PreflightError, KafkaError) as error:
        raise click.ClickException(refusal(error, settings) or str(error)) from error
