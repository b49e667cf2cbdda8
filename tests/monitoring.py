"""Real Prometheus and Alertmanager for a test, and a webhook receiver that says what arrived when.

They are started as the demo starts its own. A missing program skips the test and is named, or fails it with CI.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp

from deskpulse import monitoring
from deskpulse.notifications import Alert, Notification, receiving
from tests.programs import required

PATIENCE_SECONDS = 60.0


class Arrival(NamedTuple):
    """One alert of one notification, and when it arrived (nanoseconds since the epoch)."""

    at: int
    receiver: str
    alert: Alert


class Pager:
    """A webhook receiver: what arrived, and what is yet to. Any path of `url` will do."""

    def __init__(self) -> None:
        self.url = ""
        self.arrivals: list[Arrival] = []
        self._news = asyncio.Event()

    def take(self, notification: Notification) -> None:
        now = time.time_ns()
        self.arrivals += [Arrival(now, notification.receiver, alert) for alert in notification.alerts]
        self._news.set()

    async def until(
        self, wanted: Callable[[Arrival], bool], what: str, *, since: int = 0, seconds: float = PATIENCE_SECONDS
    ) -> Arrival:
        """The first arrival that is wanted, from the instant `since` on; it may be yet to come."""
        try:
            async with asyncio.timeout(seconds):
                while (found := next((a for a in self.arrivals if a.at >= since and wanted(a)), None)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            seen = [(arrival.alert.status, arrival.alert.name, arrival.alert.labels) for arrival in self.arrivals]
            raise AssertionError(f"not within {seconds:g} s: {what}; arrived: {seen}") from None
        return found

    async def alert(self, status: str, name: str, *, since: int = 0, seconds: float = PATIENCE_SECONDS,
                    **labels: str) -> Arrival:  # fmt: skip
        """The first arrival of the alert in this status that has at least these labels."""

        def wanted(arrival: Arrival) -> bool:
            alert = arrival.alert
            return (alert.status, alert.name) == (status, name) and labels.items() <= alert.labels.items()

        return await self.until(wanted, f"{name} {status} {labels or ''}", since=since, seconds=seconds)


@asynccontextmanager
async def pager() -> AsyncIterator[Pager]:
    """A webhook receiver while inside."""
    made = Pager()
    async with receiving(made.take) as made.url:
        yield made


@asynccontextmanager
async def alertmanager(config: Path, folder: Path, port: int | None = None) -> AsyncIterator[str]:
    """A real Alertmanager while inside; yields its URL."""
    async with monitoring.alertmanager(required("alertmanager"), config, folder, port) as url:
        yield url


@asynccontextmanager
async def prometheus(config: Path, folder: Path, port: int | None = None) -> AsyncIterator[str]:
    """A real Prometheus while inside; yields its URL."""
    async with monitoring.prometheus(required("prometheus"), config, folder, port) as url:
        yield url


class Watched(NamedTuple):
    """Where both are."""

    prometheus: str
    alertmanager: str

    async def value(self, query: str) -> float | None:
        """The only value of an instant query; None where it gives no series."""
        url = f"{self.prometheus}/api/v1/query"
        async with aiohttp.ClientSession() as http, http.get(url, params={"query": query}) as answer:
            result = (await answer.json())["data"]["result"]
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else None


@asynccontextmanager
async def watching(files: Path, folder: Path, alertmanager_port: int) -> AsyncIterator[Watched]:
    """Both while inside, from `prometheus.yml` and `alertmanager.yml` of the folder `files`.

    `prometheus.yml` names Alertmanager's port, so that must be chosen before: `stream.rim.embedded.free_port()`.
    """
    required("prometheus")
    async with AsyncExitStack() as stack:
        alerts = await stack.enter_async_context(alertmanager(files / "alertmanager.yml", folder, alertmanager_port))
        queries = await stack.enter_async_context(prometheus(files / "prometheus.yml", folder))
        yield Watched(queries, alerts)
