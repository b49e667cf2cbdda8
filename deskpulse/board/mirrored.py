"""The mirror of all workers as the board's source: documents in Redis, merged here, and never averaged.

What is missing, of another version or of other windows, or from the future is left out and told: the snapshot then has
fewer partitions than there are. Tickets themselves are not in Redis; the workers are asked for them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, Final, NamedTuple

from deskpulse.board.source import NoSnapshotError
from deskpulse.board.workers import Workers
from deskpulse.configuration.model import Configuration
from deskpulse.mirroring import told_periods
from deskpulse.ticket_lists import TicketList
from metrics.activity import age_bounds
from metrics.board_series import queue_families
from metrics.components import asked_now
from metrics.document import VERSION, Document, DocumentError
from metrics.documents import check, components, decode
from metrics.facts import Days
from metrics.feeds import as_json, feeds_of
from metrics.instants import SECOND
from metrics.measures import Vocabulary
from metrics.names import AWAITING_AGE
from metrics.policies import Rules
from metrics.series import Family, Histogram
from metrics.slow import periods_asked
from metrics.slow_series import slow_families
from metrics.snapshot import compose
from metrics.waiting import Ages, ages_together, by_label
from metrics.window_series import window_families
from mirror.store import Held, MirrorError, Seen, Store
from stream.explain import Explanation
from stream.listing import Wanted

#: A document as of later than Redis's clock by more than this is from a clock that is wrong.
FUTURE: Final = 60 * SECOND
#: After the first news so long is waited for that of the other workers, which write at the same instants.
TOGETHER_SECONDS: Final = 0.03
#: How old what is known of partitions may be, where only that is asked.
LOOK_SECONDS: Final = 1.0
#: How often workers are told again which periods of days their documents should hold.
WANT_SECONDS: Final = 20.0
#: The same while they do not: other facts were reported, or Redis has forgotten it.
WANT_AGAIN_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class _Taken(NamedTuple):
    """The snapshot, the days that slow KPIs ask for, and whether documents lack some of them."""

    snapshot: dict[str, Any]
    wanted: Sequence[Days]
    is_lacking: bool


class Mirrored:
    """All workers, as far as they mirror what they have."""

    shows: Final = "all workers"
    worker: Final = None
    fault: Final = None

    def __init__(self, store: Store, configuration: Configuration, workers: Workers) -> None:
        self._store = store
        self._rules = configuration.rules()
        self._vocabulary = Vocabulary()
        self._workers = workers
        self._total = configuration.broker.partitions
        self._decoded: dict[int, tuple[Held, Document]] = {}
        self._left_out: dict[int, str] = {}
        self._news = self._read = 0  # messages, and how many when it was last read
        self._writers = 1  # workers of whom something was there
        self._told = asyncio.Event()
        self._wanted_at = -WANT_SECONDS
        self._looking = asyncio.Lock()
        self._looked_at = -LOOK_SECONDS
        self._problem: str | None = None
        self._partitions = {"ready": 0, "catching_up": 0, "total": self._total}
        self._owners: set[str] = set()  # of those partitions, by name
        self._ages: tuple[Ages, ...] = ()  # of the same
        self._age_bounds = age_bounds(self._rules)

    # ------------------------------------------------------------------------------------------------ listening

    async def run(self) -> None:
        """Hear what is written, until cancelled; without Redis try again each second."""
        while True:
            try:
                async for _ in self._store.changes():
                    self._news += 1
                    self._told.set()
            except MirrorError as error:
                _log.info("what is written to Redis is not heard: %s", error)  # whoever looks is told the same
            await asyncio.sleep(1)

    async def changed(self, seconds: float) -> None:
        """Returns when something was written, and what others wrote with it; or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard(1)
            async with asyncio.timeout(TOGETHER_SECONDS):
                await self._heard(self._writers)

    async def _heard(self, messages: int) -> None:
        """Returns when so many have come since it was last read."""
        while self._news - self._read < messages:
            self._told.clear()
            await self._told.wait()

    def revision(self) -> object:
        """Changes with each message."""
        return self._news

    async def readiness(self) -> dict[str, Any]:
        """Ready where every partition is there and ready."""
        with suppress(NoSnapshotError):
            await self._looked()
        partitions, reason = self._partitions, self._problem
        if reason is None and partitions["ready"] < partitions["total"]:
            reason = f"{partitions['ready']} of {partitions['total']} partitions are ready"
        return {"ready": reason is None, "reason": reason, "partitions": partitions, "shows": self.shows}

    # ------------------------------------------------------------------------------------------------- merging

    async def ahead(self) -> None:
        """Nothing: the documents are not written yet."""

    async def snapshot(self) -> dict[str, Any]:
        """What is in Redis, merged, as of the oldest of its documents.

        Raises:
            NoSnapshotError: Redis cannot be asked, or holds nothing that can be read.
        """
        async with self._looking:
            return await self._look()

    async def _look(self) -> dict[str, Any]:
        try:
            made, wanted, is_lacking = await self._taken()
        except (MirrorError, NoSnapshotError) as error:
            is_redis = isinstance(error, MirrorError)
            self._problem = f"Redis cannot be asked: {error}" if is_redis else str(error)
            self._partitions, self._owners = {"ready": 0, "catching_up": 0, "total": self._total}, set()
            raise NoSnapshotError(self._problem) from error
        finally:
            self._looked_at = time.monotonic()
        self._problem, self._partitions = None, made["partitions"]
        await self._want(wanted, WANT_AGAIN_SECONDS if is_lacking else WANT_SECONDS)
        return made

    async def _looked(self) -> None:
        """What is known of partitions and their owners is a second old at most.

        Raises:
            NoSnapshotError: nothing is known.
        """
        async with self._looking:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                await self._look()
        if self._problem is not None:
            raise NoSnapshotError(self._problem)

    async def _taken(self) -> _Taken:
        """As of what is held now. The documents say how many partitions there are."""
        while True:
            self._read = self._news
            held = await self._store.read(self._total)
            self._writers = max(1, len({one.worker for one in held.values()}))
            documents = await asyncio.to_thread(self._documents, held)
            total = max((document.about.partitions for document in documents.values()), default=self._total)
            if total == self._total:
                return await asyncio.to_thread(self._merged, held, documents)
            self._total = total

    def _merged(self, held: Mapping[int, Held], documents: Mapping[int, Document]) -> _Taken:
        if not documents:
            raise NoSnapshotError(self._nothing(held))
        now = min(document.as_of for document in documents.values())
        asked = asked_now(self._rules, now)
        found = [components(document, self._vocabulary, asked) for _, document in sorted(documents.items())]
        self._owners = {held[number].worker for number in documents}
        self._ages = tuple(one.ages() for one in found)
        behind = sum(not one.ready for one in found)
        made = compose(found, self._rules, self._vocabulary, asked, catching_up=behind, total=self._total)
        abouts = {held[number].worker: document.about for number, document in documents.items()}
        if self._rules.feeds:
            feeds = feeds_of(self._rules.feeds, [about.feeds for about in abouts.values()], now)
            made["feeds"] = as_json(feeds, is_read=made["partitions"]["ready"] == self._total)
        made["data_quality"]["since_start"] = added_up([about.since_start for about in abouts.values()])
        wanted = periods_asked(tuple(latest for one in found for latest in one.reports))
        is_lacking = any(one.period(*map(date.fromisoformat, days)) is None for one in found for days in wanted)
        return _Taken(made, wanted, is_lacking)

    def _documents(self, held: Mapping[int, Held]) -> dict[int, Document]:
        """Those that can be read and are of this configuration, each decoded once."""
        found: dict[int, Document] = {}
        for number, one in held.items():
            known = self._decoded.get(number)
            try:
                document = known[1] if known and known[0] == one else _read(one, self._rules)
            except DocumentError as error:
                self._leave_out(number, str(error))
                continue
            self._left_out.pop(number, None)
            self._decoded[number] = one, document
            found[number] = document
        return found

    def _leave_out(self, number: int, why: str) -> None:
        if self._left_out.get(number) != why:
            _log.warning("partition %d is left out: %s", number, why)
        self._left_out[number] = why

    def _nothing(self, held: Mapping[int, Held]) -> str:
        reasons = sorted({self._left_out[number] for number in held if number in self._left_out})
        return "; ".join(reasons) if reasons else "no worker has written to Redis within the last seconds"

    async def _want(self, periods: Sequence[Days], seconds: float) -> None:
        if periods and time.monotonic() - self._wanted_at >= seconds:
            self._wanted_at = time.monotonic()
            try:
                await self._store.want(told_periods(periods))
            except MirrorError as error:
                _log.warning("workers were not told which days are asked for: %s", error)

    # -------------------------------------------------------------------------------------------- series, tickets

    def families(self, snapshot: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Family | Histogram]:
        """All window values and slow KPIs, and the wall's numbers by queue: no worker exports them."""
        queues = [queue for queue, label in labels.items() if queue == label]
        yield from queue_families(snapshot, labels)
        waiting = ages_together(self._ages, self._age_bounds, lambda queue: labels.get(queue, queue))
        if waiting.queues:
            yield Histogram(AWAITING_AGE, waiting.bounds, by_label(waiting))
        for metric, rows in (*window_families(snapshot, queues), *slow_families(snapshot, queues)):
            if rows:
                yield Family(metric, rows)

    async def listed(self, wanted: Wanted, limit: int) -> TicketList:
        """Of all workers that answer, soonest due first."""
        found = await self._workers.listed(await self._to_ask(), wanted, limit, self._total)
        if found is None:
            raise NoSnapshotError("no worker answers")
        return found

    async def explained(self, ticket: str) -> Explanation | str | None:
        """By the worker that has it; it may be nobody, where partitions have no owner."""
        found = await self._workers.explained(await self._to_ask(), ticket)
        there = self._partitions["ready"] + self._partitions["catching_up"]
        if found is None and there < self._total:
            return f"{self._total - there} of {self._total} partitions are on no worker now: it may be in one of them"
        return found

    async def targets(self, reached_as: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """Every worker of the last quarter of an hour: one that is gone is listed until `up` has told of it."""
        return [
            {"targets": [one.address.partition("://")[2]], "labels": {"__meta_deskpulse_worker": one.name}}
            for one in await self._seen()
        ]

    async def _to_ask(self) -> list[Seen]:
        """The workers that have partitions now."""
        await self._looked()
        return [one for one in await self._seen() if one.name in self._owners]

    async def _seen(self) -> list[Seen]:
        try:
            return await self._store.workers()
        except MirrorError as error:
            raise NoSnapshotError(f"Redis cannot be asked: {error}") from error


def _read(held: Held, rules: Rules) -> Document:
    if held.version != VERSION:
        raise DocumentError(f"worker {held.worker} writes documents of version {held.version}, not {VERSION}")
    if held.entry.as_of > held.written_ms * 1_000_000 + FUTURE:
        raise DocumentError(f"the clock of worker {held.worker} is ahead of Redis's by more than a minute")
    document = decode(held.entry.document)
    if document.as_of != held.entry.as_of:
        raise DocumentError(f"worker {held.worker} writes a document of another instant than it says")
    check(document, asked_now(rules, document.as_of))
    return document


def added_up(parts: Sequence[Any]) -> Any:
    """Counts of the same names added up, at any depth."""
    if all(isinstance(part, Mapping) for part in parts):
        names = dict.fromkeys(name for part in parts for name in part)
        return {name: added_up([part[name] for part in parts if name in part]) for name in names}
    return sum(parts)
