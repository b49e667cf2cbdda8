"""One worker process, wired: configuration, tickets, the rim, what is counted, and the HTTP server, in one event loop.

`worker`, `demo` and `replay` differ only in the `Setting` they give it.
"""

from __future__ import annotations

import asyncio
import hashlib
import platform
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import metadata
from typing import Any, Protocol

import msgspec

from deskpulse.board.access import Tokens
from deskpulse.configuration.loading import Configuration
from deskpulse.looking import give_the_loop_its_turns, unchanged
from deskpulse.pacing import timed
from deskpulse.server import TooEarlyError, create_server, serving
from deskpulse.ticket_lists import TicketList
from deskpulse.why import Why, WhyAsked, window_of
from metrics.activity import Activity
from metrics.components import Asked, Components, asked_now
from metrics.data_quality import since_start
from metrics.document import About
from metrics.exposition import View, render, view
from metrics.facts import Days
from metrics.instants import SECOND, format_instant
from metrics.pipeline import Build, Pipeline
from stream.explain import Explanation, explain
from stream.listing import Scan, Wanted
from stream.records import Reason
from stream.rim.failpoints import Failpoint, pass_by
from stream.rim.preflight import preflight
from stream.rim.readiness import Readiness
from stream.rim.security import OPEN, Security
from stream.rim.settings import Hooks, RimSettings, stop_hard
from stream.rim.worker import Rim, create_rim
from stream.tickets import Admission, TicketPartition, Tickets
from stream.why import WhyScan


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """How this process is run; what the floor's rules are is in the configuration."""

    brokers: tuple[str, ...]
    security: Security = OPEN
    app_id: str = "deskpulse"
    topic_prefix: str = ""
    partitions: int | None = None  # of topics that this run creates; else as configured
    admission: Admission = Admission()
    is_embedded: bool = False  # the broker is the embedded one: one copy, dynamic members, short sessions
    is_alone: bool = False  # no other worker will ever join
    stops_on_refusals: bool = True
    has_feeds: bool = True  # False: the events are a file's, and nobody is late or silent
    on_fatal: Callable[[str], None] = stop_hard
    passes: Callable[[Failpoint], None] = pass_by  # see RimSettings


class MirrorCounts(Protocol):
    """How often the mirror was written, or tried in vain."""

    published: int
    failed: int


class Gathered(msgspec.Struct, frozen=True):
    """What this worker's partitions come to, of which assignment each is, and what the worker says of itself.

    ``took``: nanoseconds of a processor to gather it, and to sum up before what had come since the last look.
    """

    asked: Asked
    took: int
    found: dict[int, Components]
    generations: dict[int, int]
    about: About


class Worker:
    """The worker of one process. ``run`` it; ask it for a snapshot."""

    def __init__(self, configuration: Configuration, setting: Setting) -> None:
        self.configuration = configuration
        self.setting = setting
        rules = configuration.rules()
        if not setting.has_feeds:
            rules = msgspec.structs.replace(rules, feeds=())
        self.activity = Activity(rules, time.time_ns)
        self.tickets = Tickets(rules, setting.admission, self.activity.observe)
        self.fault: str | None = None
        self._build = build_of(configuration)
        self._collect_seconds: float | None = None  # of the latest view
        self.mirror: MirrorCounts | None = None  # of whoever mirrors this worker
        self.rim_settings = rim_settings(configuration, setting)
        self._readiness = Readiness(self.rim_settings.event_topics)
        self._rim: Rim | None = None
        self._scanning = asyncio.Lock()  # one scan at a time: more would not be sooner, and leave the loop less

    # ------------------------------------------------------------------------------------------------ running

    async def run(self, stop: asyncio.Event) -> None:
        """Wait for a broker, check the topics, then consume until ``stop``.

        Raises:
            PreflightError: topics are missing or unequal.
        """
        checked = asyncio.create_task(preflight(self.rim_settings, self._readiness))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((checked, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not checked.done():
                return
            settings = msgspec.structs.replace(self.rim_settings, partitions=checked.result())
            give_the_loop_its_turns()
            hooks = Hooks(on_fatal=self._fail)
            rim = self._rim = create_rim(settings, self.tickets, hooks, self._readiness)
            running = asyncio.create_task(rim.run())
            await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await rim.stop()
            await running
        finally:
            checked.cancel()
            stopped.cancel()

    async def wait_ready(self) -> None:
        """Returns once every assigned partition is ready."""
        await self._readiness.wait_ready()

    @asynccontextmanager
    async def serving(self, tokens: Tokens = Tokens()) -> AsyncIterator[str]:  # noqa: B008 - it is frozen
        """The worker's HTTP server, while inside; yields its URL."""
        place = self.configuration.worker
        hint = "DESKPULSE_WORKER_PORT or [worker] port chooses another"
        async with serving(create_server(self, tokens), place.bind, place.port, hint) as url:
            yield url

    @property
    def processed(self) -> int:
        """Records read from the event topics since the start."""
        return self._rim.counts.records.total() if self._rim is not None else 0

    @property
    def refused(self) -> dict[str, int]:
        """Records that became dead letters, by reason."""
        found: dict[str, int] = {}
        for (_topic, reason), count in self._rim.counts.dead_letters.items() if self._rim is not None else ():
            found[reason] = found.get(reason, 0) + count
        return found

    def _fail(self, why: str) -> None:
        self.fault = why
        self.setting.on_fatal(why)

    # ------------------------------------------------------------------------------------- what the server asks

    @property
    def newest_event(self) -> int | None:
        """The latest instant of any event applied."""
        return self.tickets.newest_event

    def now(self) -> int:
        """The system's clock, in nanoseconds."""
        return time.time_ns()

    def readiness(self) -> dict[str, Any]:
        """``ready``, the reason where it is not, and how many partitions are in which state."""
        found: dict[str, Any] = msgspec.to_builtins(self._readiness.summary())
        reason = found.pop("reason")
        return {"ready": self._readiness.caught_up, "reason": reason, "partitions": found}

    def snapshot(self, at: int) -> dict[str, Any]:
        """The snapshot of this worker's partitions as of ``at``."""
        return self.tickets.snapshot(at, self._ready_partitions(), self._total())

    async def snapshot_as_of(self, at: int | None) -> dict[str, Any]:
        """The same, None: as of now, without holding the event loop.

        Raises:
            TooEarlyError: an event of a later instant is applied already.
        """
        async with unchanged(self._rim) as look:
            newest = self.tickets.newest_event
            if at is not None and newest is not None and at < newest:
                raise TooEarlyError(newest)
            await look(self._settle)
            at = self.now() if at is None else at
            found = await look(partial(self.tickets.snapshot, at, self._ready_partitions(), self._total()))
            found["data_quality"]["since_start"] = self._quality()
            return found

    def revision(self) -> object:
        """Equal to an earlier one where no event and no partition has changed a number since; cheap to ask."""
        return self.processed, self.readiness()["partitions"]

    async def gathered(self, as_of: Callable[[int, int | None], int], periods: Sequence[Days]) -> Gathered:
        """For the mirror, without holding the event loop; with the sums of these periods of whole days.

        ``as_of``: the instant to look as of, given the clock's and that of the newest event applied.
        """
        async with unchanged(self._rim) as look:
            _, settled = await look(partial(timed, self._settle))
            asked = asked_now(self.tickets.rules, as_of(self.now(), self.tickets.newest_event))
            generations = self._readiness.generations()
            found, took = await look(partial(timed, self.tickets.gathered, asked, self._ready_partitions(), periods))
            about = About(self._total(), self.tickets.feeds.told(), self._quality())
            return Gathered(asked, settled + took, found, generations, about)

    async def settled(self) -> int:
        """Bring all numbers up to date, partition by partition with batches between; the processor's nanoseconds."""
        took = 0
        for partition in tuple(self.tickets.partitions.values()):
            async with unchanged(self._rim) as look:
                took += (await look(partial(timed, _settle, partition)))[1]
        return took

    def _settle(self) -> None:
        """Bring all numbers up to date: what is asked next takes as long as ever, however much has come since."""
        for partition in self.tickets.partitions.values():
            _settle(partition)

    def _quality(self) -> dict[str, Any]:
        partitions = self.tickets.partitions.values()
        duplicates, too_old = (sum(getattr(one, name) for one in partitions) for name in ("duplicates", "too_old"))
        return since_start(self.pipeline(), self.activity.label_overflow, duplicates, too_old)

    async def explained(self, ticket: str) -> Explanation | str | None:
        """Why a ticket's clocks stand as they do now; that not all is read yet; None where it is not here."""
        async with unchanged(self._rim):
            for number, partition in self.tickets.partitions.items():
                kept = partition.ticket(ticket)
                if kept is not None and not self._readiness.is_ready(number):
                    return f"partition {number}, which has it, is not ready: replies may still be unread"
                if kept is not None:
                    return explain(ticket, kept, self.tickets.rules, self.now())
        return None

    async def listed(self, wanted: Wanted, limit: int) -> TicketList:
        """The tickets behind a number as it is now, soonest due first.

        The states are noted in a look, as they are at one instant; the scan of them is beside batches and event loop.
        """
        async with self._scanning:
            async with unchanged(self._rim) as look:
                ready, partitions = self._ready_partitions(), self._partitions()
                scan = await look(partial(Scan, self.tickets, wanted, limit, self.now(), ready))
            while await asyncio.to_thread(scan.go_on):
                pass
            rows = await asyncio.to_thread(scan.rows, self.configuration.helpdesk.ticket_url)
        return TicketList(format_instant(scan.as_of), wanted.state, partitions, scan.total, rows)

    async def why(self, asked: WhyAsked) -> Why | None:
        """The reasons for low scores in a window as of now, or None where they are off.

        Raises:
            ValueError: there is no such window.
        """
        if not self.configuration.why.enabled:
            return None
        async with self._scanning:
            async with unchanged(self._rim) as look:
                now, partitions = self.now(), self._partitions()
                window, after = window_of(self.tickets.rules, asked.window, now)
                scan = await look(partial(WhyScan, self.tickets, after, now, asked.queues, asked.limit))
            while await asyncio.to_thread(scan.go_on):
                pass
            reasons, comments = await asyncio.to_thread(lambda: (scan.reasons(), scan.comments()))
        queues = None if asked.queues is None else tuple(sorted(asked.queues))
        return Why(format_instant(now), window, queues, partitions, scan.answers, scan.low, reasons, comments)

    async def exposition(self, accept: str | None, names: list[str]) -> tuple[bytes, str]:
        """The metrics as they are now, (body, content type), without holding the event loop."""
        async with unchanged(self._rim) as look:
            made = await look(self._viewing(self.now()))
        return await asyncio.to_thread(render, made, accept, names)

    def view(self, at: int) -> View:
        """The immutable view that the exposition is rendered from."""
        return self._viewing(at)()

    def _viewing(self, at: int) -> Callable[[], View]:
        """What makes the view, given all that is not the tickets' own."""
        ready, total, pipeline = self._ready_partitions(), self._total(), self.pipeline()
        is_alone = self._is_alone()

        def made() -> View:
            began = time.perf_counter()
            snapshot = self.tickets.snapshot(at, ready, total) if is_alone else None
            found = view(self.tickets, ready, self.activity, pipeline, at, snapshot)
            self._collect_seconds = time.perf_counter() - began
            return found

        return made

    def pipeline(self) -> Pipeline:
        """How the pipeline itself is doing, copied from the rim."""
        rim = self._rim
        if rim is None:
            return Pipeline(build=self._build)
        counts, summary = rim.counts, self._readiness.summary()
        return Pipeline(
            topics=self.rim_settings.event_topics,
            partitions=summary.total,
            is_recovering=summary.recovering > 0,
            records=dict(counts.records),
            dead_letters=no_dead_letters(self.rim_settings) | dict(counts.dead_letters),
            lag=dict(counts.lag),
            misrouted=counts.misrouted,
            changelog_records=counts.changelog_records,
            recovered_records=counts.recovered_records,
            expired=counts.tombstones,
            rebalances=counts.rebalances,
            recovery_seconds=counts.recovery_seconds if counts.rebalances else None,
            collect_seconds=self._collect_seconds,
            publishes=None if self.mirror is None else self.mirror.published,
            publish_failures=None if self.mirror is None else self.mirror.failed,
            build=self._build,
        )

    def _is_alone(self) -> bool:
        """Every partition is this worker's: it exports the window values, of which there must be one exporter."""
        owns_all = 0 < len(self.tickets.partitions) == self._total()
        return owns_all and self.configuration.redis.url is None  # else the board exports them

    def _ready_partitions(self) -> list[int]:
        return [number for number in self.tickets.partitions if self._readiness.is_ready(number)]

    def _partitions(self) -> dict[str, int]:
        """As in the snapshot."""
        ready = len(self._ready_partitions())
        return {"ready": ready, "catching_up": len(self.tickets.partitions) - ready, "total": self._total()}

    def _total(self) -> int:
        return self._readiness.total


def rim_settings(configuration: Configuration, setting: Setting) -> RimSettings:
    """What the rim is told: the broker's tables of the configuration, adapted to the embedded broker if it is that."""
    broker = configuration.broker
    letters = configuration.dead_letters
    return RimSettings(
        brokers=setting.brokers,
        security=setting.security,
        app_id=setting.app_id,
        topic_prefix=setting.topic_prefix,
        partitions=setting.partitions or broker.partitions,
        replication=1 if setting.is_alone else broker.replication,  # topics of one run need no second copy
        session_timeout=2.5 if setting.is_embedded else broker.session_timeout / SECOND,
        instance_id=None if setting.is_embedded else broker.instance_id or default_instance_id(configuration),
        is_alone=setting.is_alone,
        dead_letters_max_ratio=letters.max_ratio if setting.stops_on_refusals else None,
        dead_letters_over=letters.over,
        passes=setting.passes,
    )


def no_dead_letters(settings: RimSettings) -> dict[tuple[str, str], int]:
    """Zero for each topic and reason, since Prometheus never counts a series' first value."""
    return {(topic, reason.value): 0 for topic in settings.event_topics for reason in Reason}


def build_of(configuration: Configuration) -> Build:
    """What runs here. The revision is known only where it was built in."""
    return Build(
        version=metadata.version("deskpulse"),
        revision="",
        python=platform.python_version(),
        config_sha256=hashlib.sha256(configuration.model_dump_json().encode()).hexdigest(),
    )


def _settle(partition: TicketPartition) -> None:
    """Bring its numbers up to date."""
    partition.floor.settle()


def default_instance_id(configuration: Configuration) -> str:
    """Host name and port: the same after a restart, and no other worker's."""
    return f"{socket.gethostname()}-{configuration.worker.port}"
