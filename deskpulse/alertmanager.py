"""Alertmanager's API (v2), as much of it as a test alert needs: post alerts, and ask what became of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

ASK_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1


class AlertmanagerError(Exception):
    """It is not reachable, or refuses; the message says what, for the person who has to mend it."""


class _Named(msgspec.Struct):
    name: str


class _Status(msgspec.Struct, rename="camel"):
    state: str
    silenced_by: list[str] = []
    inhibited_by: list[str] = []


class _Kept(msgspec.Struct):
    labels: dict[str, str]
    receivers: list[_Named]
    status: _Status


class Fate(msgspec.Struct, frozen=True):
    """What Alertmanager does with an alert: the receivers that it is routed to, and why none of them is told."""

    receivers: tuple[str, ...]
    suppressed_by: tuple[str, ...] = ()  # silences by id, and alerts that inhibit it


_kept: Final = msgspec.json.Decoder(list[_Kept])


class Alertmanager:
    """One Alertmanager at ``url``; see ``connected``."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    async def post(self, labels: Mapping[str, str], annotations: Mapping[str, str], ends_at: str) -> None:
        """An alert with these labels, firing until ``ends_at`` (RFC 3339); posted again, the same one ends then.

        Raises:
            AlertmanagerError: not reachable, or refused.
        """
        alert = {"labels": dict(labels), "annotations": dict(annotations), "endsAt": ends_at}
        await self._asked("POST", json=[alert])

    async def fate(self, labels: Mapping[str, str]) -> Fate | None:
        """What is done with the firing alert of these labels; None where there is none after SETTLE_SECONDS.

        Raises:
            AlertmanagerError: not reachable, or refused.
        """
        for _ in range(round(SETTLE_SECONDS / _POLL_SECONDS)):
            kept = next(iter(await self._alerts(labels)), None)
            if kept is not None and kept.status.state != "unprocessed":
                by = (*kept.status.silenced_by, *kept.status.inhibited_by)
                return Fate(tuple(receiver.name for receiver in kept.receivers), by)
            await asyncio.sleep(_POLL_SECONDS)
        return None

    async def firing(self, labels: Mapping[str, str]) -> list[dict[str, str]]:
        """The labels of all firing alerts that have at least these.

        Raises:
            AlertmanagerError: not reachable, or refused.
        """
        return [kept.labels for kept in await self._alerts(labels)]

    async def are_over(self, labels: Mapping[str, str]) -> bool:
        """Whether no alert with these labels fires any more, within SETTLE_SECONDS.

        Raises:
            AlertmanagerError: not reachable, or refused.
        """
        for _ in range(round(SETTLE_SECONDS / _POLL_SECONDS)):
            if not await self._alerts(labels):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    async def _alerts(self, labels: Mapping[str, str]) -> list[_Kept]:
        filters = [("filter", f'{name}="{value}"') for name, value in labels.items()]
        body = await self._asked("GET", params=filters)
        try:
            return _kept.decode(body)
        except msgspec.MsgspecError as error:
            raise AlertmanagerError(f"{self._url} does not answer as Alertmanager's API v2 does: {error}") from error

    async def _asked(self, method: str, **given: Any) -> bytes:
        url = f"{self._url}/api/v2/alerts"
        try:
            async with self._http.request(method, url, **given) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AlertmanagerError(f"not reachable: {url} ({error or type(error).__name__})") from error
        if answer.status != 200:
            said = " ".join(body.decode(errors="replace").split())[:200]
            raise AlertmanagerError(f"{method} {url} was refused: {answer.status} {said}")
        return body


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Alertmanager]:
    """The Alertmanager at ``url``, to be asked while inside; nothing is sent yet."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_SECONDS)) as http:
        yield Alertmanager(http, url)
