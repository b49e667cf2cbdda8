"""What a doctor asks over HTTP, each answer bounded in time: workers, board, Prometheus, Alertmanager. Only GETs."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import msgspec

from deskpulse.doctor.findings import Failed
from deskpulse.doctor.monitoring import GROUPS, AlertmanagerSeen, PrometheusSeen
from deskpulse.doctor.processes import Answer, Clock, ProcessSeen
from metrics.instants import SECOND, parse_instant

#: Of any one answer.
ASK_SECONDS: Final = 5.0
_AT_ONCE: Final = 8
_OK: Final = 200
_NOT_FOUND: Final = 404
_UNREADABLE: Final = "an answer that cannot be read"


class Told(msgspec.Struct, frozen=True):
    """An answer, when it was asked for and when it came (nanoseconds), and its ``Date``."""

    status: int
    body: Any
    asked_at: int
    came_at: int
    date: str | None

    def ahead_seconds(self, least: int, most: int) -> float:
        """How far ahead a clock is that stood between these two instants meanwhile, at least; see `Clock`."""
        if least > self.came_at:
            return (least - self.came_at) / SECOND
        return min(0.0, (most - self.asked_at) / SECOND)


class Asker:
    """One HTTP client for all; see `asking`."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def get(self, url: str, token: str | None = None, **query: str) -> Told | Failed:
        """What is answered; a status of an error is an answer too."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        began = time.time_ns()
        try:
            async with self._http.get(url, params=query, headers=headers, allow_redirects=False) as answer:
                body, date = await answer.read(), answer.headers.get("Date")
                came = time.time_ns()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Failed(f"{url}: {_said(error)}")
        return Told(answer.status, _decoded(body), began, came, date)

    async def data(self, url: str, **query: str) -> tuple[Any, Told]:
        """``data`` of Prometheus' API, and the answer around it.

        Raises:
            LookupError: it could not be had; the argument says why.
        """
        told = await self.get(url, **query)
        if isinstance(told, Failed):
            raise LookupError(told.why)  # noqa: TRY004 - an answer that failed is no wrong type
        body = told.body if isinstance(told.body, dict) else {}
        if told.status != _OK or "data" not in body:
            raise LookupError(f"{url}: HTTP {told.status}, {body.get('error') or _UNREADABLE}")
        return body["data"], told

    async def process(self, name: str, address: str, seconds_ago: float | None = None) -> ProcessSeen:
        """A worker or board, by what it says of itself."""
        ready, healthy = await asyncio.gather(self.get(f"{address}/readyz"), self.get(f"{address}/healthz"))
        return ProcessSeen(name, address, _answer(ready), _answer(healthy), seconds_ago)

    # ------------------------------------------------------------------------------------------- Prometheus

    async def prometheus(self, url: str, expressions: Iterable[str]) -> PrometheusSeen | Failed:
        """Targets, rules, and how Prometheus itself would write the loaded and these expressions."""
        try:
            (built, _), (targets, _), (rules, told) = await asyncio.gather(
                self.data(f"{url}/api/v1/status/buildinfo"),
                self.data(f"{url}/api/v1/targets", state="active"),
                self.data(f"{url}/api/v1/rules"),
            )
            groups = rules["groups"]
            ours = [rule["query"] for group in groups if group["name"].startswith(GROUPS) for rule in group["rules"]]
            normal = await self._normal(url, [*expressions, *ours])
            active = targets["activeTargets"]
        except LookupError as error:
            return Failed(f"not reachable: {error.args[0]}")
        except (TypeError, AttributeError):
            return Failed(f"{url} does not answer as Prometheus does")
        return PrometheusSeen(url, str(built.get("version")), active, groups, normal, told.came_at)

    async def _normal(self, url: str, expressions: Iterable[str]) -> dict[str, str] | None:
        """By expression; None where this Prometheus has no such question. One that it cannot read is left as it is."""
        few = asyncio.Semaphore(_AT_ONCE)

        async def asked(expression: str) -> tuple[str, Any]:
            async with few:
                told = await self.get(f"{url}/api/v1/format_query", query=expression)
            return expression, told

        answers = await asyncio.gather(*map(asked, dict.fromkeys(expressions)))
        if any(isinstance(told, Failed) or told.status == _NOT_FOUND for _, told in answers):
            return None
        return {expression: told.body["data"] for expression, told in answers if told.status == _OK}

    async def values(self, url: str, queries: Mapping[str, str]) -> dict[str, float] | Failed:
        """The value of each query that has one."""
        try:
            found = await asyncio.gather(*(self.data(f"{url}/api/v1/query", query=one) for one in queries.values()))
            rows = [data["result"] for data, _ in found]
            return {name: float(row[0]["value"][1]) for name, row in zip(queries, rows, strict=True) if row}
        except LookupError as error:
            return Failed(str(error.args[0]))
        except (TypeError, ValueError):
            return Failed(f"{url}: {_UNREADABLE}")

    async def alertmanager(self, url: str) -> AlertmanagerSeen | Failed:
        """What it says of itself."""
        told = await self.get(f"{url}/api/v2/status")
        if isinstance(told, Failed):
            return Failed(f"not reachable: {told.why}")
        try:
            return AlertmanagerSeen(url, told.body["versionInfo"]["version"], told.body["config"]["original"])
        except (KeyError, TypeError):
            return Failed(f"{url} does not answer as Alertmanager's API v2 does: HTTP {told.status}")

    # ------------------------------------------------------------------------------------------------ clocks

    async def clock_of_prometheus(self, url: str) -> Clock | None:
        """By ``time()``, of whole milliseconds."""
        try:
            data, told = await self.data(f"{url}/api/v1/query", query="time()")
            at = round(float(data["result"][1]) * SECOND)
        except (LookupError, TypeError, ValueError):
            return None
        slack = SECOND // 1000
        return Clock("Prometheus", told.ahead_seconds(at - slack, at + slack))

    async def clock_of_worker(self, seen: ProcessSeen) -> Clock | None:
        """By the instant that its snapshot is as of."""
        told = await self.get(f"{seen.address}/snapshot")
        if isinstance(told, Failed) or told.status != _OK:
            return None
        try:
            at = parse_instant(told.body["as_of"])
        except (KeyError, TypeError, ValueError):
            return None
        return Clock(f"worker {seen.name}", told.ahead_seconds(at, at))

    async def clock_of_board(self, seen: ProcessSeen) -> Clock | None:
        """By the header ``Date``, of whole seconds."""
        told = await self.get(f"{seen.address}/healthz")
        if isinstance(told, Failed) or told.date is None:
            return None
        at = int(parsedate_to_datetime(told.date).timestamp()) * SECOND
        return Clock("the board", told.ahead_seconds(at - SECOND, at + SECOND))


def asking() -> aiohttp.ClientSession:
    """The client for an `Asker`, to be entered."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_SECONDS))


def _answer(told: Told | Failed) -> Answer | Failed:
    return told if isinstance(told, Failed) else Answer(told.status, told.body)


def _said(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and (code := error.os_error.errno) in errno.errorcode:
        return os.strerror(code or 0)
    return str(error) or f"no answer within {ASK_SECONDS:g} s"


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
