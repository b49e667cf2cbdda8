"""Where the board's numbers come from: the worker in the same process, or what workers mirror elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from deskpulse.addresses import reached
from deskpulse.ticket_lists import TicketList
from deskpulse.worker import Worker, default_instance_id
from metrics.series import Family, Histogram
from stream.explain import Explanation
from stream.listing import Wanted

_POLL_SECONDS: Final = 0.01


class NoSnapshotError(Exception):
    """There is no snapshot to be had now; the text says why."""


class Source(Protocol):
    """What the board asks."""

    @property
    def shows(self) -> str:
        """Whose partitions these are, for people."""
        ...

    @property
    def worker(self) -> str | None:
        """The one worker whose partitions these are; None: of all workers."""
        ...

    @property
    def fault(self) -> str | None:
        """Why the process is about to end, or None."""
        ...

    async def readiness(self) -> dict[str, Any]:
        """At least ``ready`` and, where it is not, ``reason``."""
        ...

    def revision(self) -> object:
        """Equal to an earlier one where no event and no partition has changed a number since; cheap to ask."""
        ...

    async def changed(self, seconds: float) -> None:
        """Returns when there is news, where the source is told of it, and after so long anyway."""
        ...

    async def ahead(self) -> None:
        """A snapshot will be asked for soon: what can be done for it by now."""
        ...

    async def snapshot(self) -> dict[str, Any]:
        """The snapshot of all partitions as of now. NoSnapshotError where there is none."""
        ...

    def families(self, snapshot: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Family | Histogram]:
        """Series of that snapshot that nobody else exports: merged and window values, where no worker does.

        ``labels``: what each queue of the snapshot is called in a label.
        """
        ...

    async def listed(self, wanted: Wanted, limit: int) -> TicketList:
        """The tickets behind a number as it is now, soonest due first."""
        ...

    async def explained(self, ticket: str) -> Explanation | str | None:
        """Why a ticket's clocks stand as they do; why that cannot be said yet; or None where it is not here."""
        ...

    async def targets(self, reached_as: str) -> list[dict[str, Any]]:
        """The workers for Prometheus' HTTP service discovery; ``reached_as`` is the host the board was asked as."""
        ...


class LoneWorker:
    """The worker of this process: its memory, and its partitions alone."""

    def __init__(self, worker: Worker, url: str) -> None:
        """``url``: where the worker serves."""
        self._worker = worker
        self._address = urlsplit(url)
        self.shows: Final = worker.configuration.broker.instance_id or default_instance_id(worker.configuration)
        self.worker: Final = self.shows

    @property
    def fault(self) -> str | None:
        """As the worker says."""
        return self._worker.fault

    async def readiness(self) -> dict[str, Any]:
        """As the worker says, and which worker that is."""
        return {**self._worker.readiness(), "shows": self.shows}

    def revision(self) -> object:
        """Changes with each batch of events, and with each change of a partition."""
        return self._worker.revision()

    async def changed(self, seconds: float) -> None:
        """Looks at the revision again and again: a worker at work tells nobody."""
        before = self.revision()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.revision() == before:  # noqa: ASYNC110 - as said
                    await asyncio.sleep(_POLL_SECONDS)

    async def ahead(self) -> None:
        """Sum up what has changed."""
        await self._worker.settled()

    async def snapshot(self) -> dict[str, Any]:
        """As `/snapshot` of the worker."""
        return await self._worker.snapshot_as_of(None)

    def families(self, snapshot: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Family | Histogram]:  # noqa: ARG002
        """None: the worker beside exports all of them, from the same memory."""
        return iter(())

    async def listed(self, wanted: Wanted, limit: int) -> TicketList:
        """Of the worker's partitions."""
        return await self._worker.listed(wanted, limit)

    async def explained(self, ticket: str) -> Explanation | str | None:
        """Of the worker's partitions."""
        return await self._worker.explained(ticket)

    async def targets(self, reached_as: str) -> list[dict[str, Any]]:
        """This worker, at an address at which whoever reached this board reaches it too."""
        target = reached(self._address.hostname or "", self._address.port, reached_as)
        return [{"targets": [target], "labels": {"__meta_deskpulse_worker": self.shows}}]
