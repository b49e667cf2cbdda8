"""One worker: the Faust app, its agent, its table and the tasks beside them, wired and run in a caller's event loop.

Invariant: the worker either runs, stops cleanly with everything processed committed, or ends the process without
committing; it never goes on half broken.
"""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from typing import Any

from faust import SASLCredentials, SSLCredentials

from metrics.instants import SECOND
from stream.records import Partitions, Records
from stream.rim import changelog, seams
from stream.rim.agents import BatchAgent, StopWorkerError
from stream.rim.batches import BatchSchema, batches
from stream.rim.completeness import Promise, lost_beginning, lost_end
from stream.rim.failpoints import Failpoint
from stream.rim.log import log
from stream.rim.offsets import Offsets
from stream.rim.ownership import Ownership
from stream.rim.reaching import refusal, told
from stream.rim.readiness import Readiness
from stream.rim.security import Security, tls_context
from stream.rim.settings import Hooks, RimSettings
from stream.rim.watch import Watch

#: Together less than the 10 s in which a worker has to be gone.
COMMIT_SECONDS = 3.0
STOP_SECONDS = 6.0


class Rim:
    """A worker's outside: `run` it, `stop` it, read `readiness` and `counts`."""

    def __init__(self, settings: RimSettings, partitions: Partitions, hooks: Hooks, readiness: Readiness) -> None:
        self.settings = settings
        self.ownership = Ownership(partitions)
        self.offsets = Offsets()
        self.recovering = Offsets()
        self.readiness = readiness
        self.agent = BatchAgent(settings, hooks, self.ownership, self.offsets)
        self.counts = self.agent.counts
        self.app = create_app(settings)
        self.app.rim = self
        self.app.offsets = self.offsets
        self.app.recovering = self.recovering
        self._recovery_began = 0
        self._promises: dict[int, Promise] = {}
        self._watch = Watch(self)
        self._over = asyncio.Event()
        add_agent(self)

    # -- what the overridden parts of Faust call: see ownership.Changelog

    def assign(self, partitions: set[int], generation: int) -> None:
        """Open the states of these partitions, drop all others."""
        self.ownership.assign(partitions)
        self.readiness.assigned(partitions, generation)
        self._recovery_began = time.monotonic_ns()
        self.counts.rebalances += 1

    def changelog_offset(self, partition: int) -> int:
        """The last changelog offset that the partition's state contains; -1 for none."""
        return self.ownership.changelog_offset(partition)

    def restore(self, records: Records) -> None:
        """Take a changelog batch back; one from an earlier recovery is ignored, a lost one ends the worker."""
        tp, end = (records.topic, records.partition), records.offsets[-1]
        self.recovering.skip(tp, self.ownership.changelog_offset(records.partition))
        oldest = self.recovering.oldest(tp)
        if self.offsets.accepting or self.agent.failed or oldest is None or end < oldest:
            return
        if end > oldest:
            self.agent.fail(f"a batch of the changelog {tp[1]} was lost: expected the end {oldest}, got {end}")
            return
        try:
            self.ownership.restore(records)
        except Exception as error:  # noqa: BLE001 (logged, and the worker ends)
            log.exception("restoring partition %d", records.partition)
            self.agent.fail(
                f"restoring partition {records.partition} from offset {records.offsets[0]} failed: {error!r}"
            )
            return
        self.recovering.processed(tp, end)
        self.settings.passes(Failpoint.MID_RECOVERY)
        self.counts.recovered_records += len(records.offsets)

    def changelog_begins(self, partition: int, offset: int, promise: Promise) -> None:
        """Before a recovery: is the changelog there from its beginning, as the commits promise?"""
        self._promises[partition] = promise
        self._refuse(lost_beginning(self._changelog(partition), promise, offset))

    def recovered(self) -> None:
        """All assigned partitions have their states; event topics are read from here on."""
        for number, end in seams.changelog_ends(self.app).items():
            self._refuse(lost_end(self._changelog(number), self._promises.get(number, Promise()), end))
            self.ownership.recovered(number, end)
        if self.agent.failed is not None:
            return
        self.counts.recovery_seconds = self.recovery_seconds()
        self.readiness.recovered()

    def _changelog(self, number: int) -> str:
        return f"{self.settings.changelog} {number}"

    def _refuse(self, why: str | None) -> None:
        if why is not None:
            self.agent.fail(why)

    def recovery_seconds(self) -> float:
        """Since the last assignment."""
        return (time.monotonic_ns() - self._recovery_began) / SECOND

    async def settle(self) -> None:
        """Wait for the batch in work and begin no other, until the next assignment is recovered."""
        self.readiness.hold("rebalancing" if len(self.ownership) else "joining the consumer group")
        self.offsets.accepting = False
        if self.agent.failed is None:
            async with self.agent.busy:
                pass

    # -- running

    async def run(self) -> None:
        """Consume until `stop`; returns after a clean stop: everything processed is committed, the group left.

        A fault ends the process through `Hooks.on_fatal`; where that returns, so does this.
        """
        self.readiness.hold("joining the consumer group")
        watch = self._watch
        work = {
            "start": self._start(),
            "fuse": self._fuse(),
            "watch": watch.run(),
            "expiry": watch.expire(),
            "pulse": self.agent.pulse.run(),
        }
        beside = [asyncio.create_task(coroutine, name=name) for name, coroutine in work.items()]
        for task in beside:
            task.add_done_callback(self._fail_with)
        try:
            await self.agent.stopped.wait()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._leave()
            self._over.set()

    async def looked(self) -> None:
        """Returns after the next look at recovery, end offsets and lag."""
        await self._watch.looked()

    async def stop(self) -> None:
        """Finish the batch in work, commit, leave the group; returns when `run` is through."""
        self.agent.stopped.set()
        await self._over.wait()

    async def _start(self) -> None:
        await self.app.start()

    async def _fuse(self) -> None:
        reason = await seams.crashed(self.app)
        if not self.agent.stopped.is_set():
            self.agent.fail(f"Kafka: {told(reason, self.settings)}")

    def _fail_with(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.agent.stopped.is_set():
            refused = refusal(error, self.settings)
            expected = isinstance(error, StopWorkerError) or refused is not None
            if not expected:
                log.error("%s", task.get_name(), exc_info=error)
            self.agent.fail(refused or str(error) if expected else f"{task.get_name()} failed: {error!r}")

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self.settle()
                if len(self.ownership) and self.agent.failed is None:
                    await seams.consumer(self.app).force_commit()
        except TimeoutError:
            self.agent.fail("neither the batch in work nor its commit came to an end in time")
        self.readiness.hold("stopped")
        with suppress(TimeoutError):
            await asyncio.wait_for(self.app.stop(), STOP_SECONDS)
        self.ownership.drop_all()


def create_rim(
    settings: RimSettings, partitions: Partitions, hooks: Hooks | None = None, readiness: Readiness | None = None
) -> Rim:
    """A worker around the core's partitions, connected to nothing yet; call it inside the event loop that will run it.

    ``readiness``: the one that the preflight has told of its troubles, so that one object answers all the time.

    Raises:
        UnsupportedFaustError: another release of faust-streaming is installed.
    """
    readiness = readiness or Readiness(settings.event_topics)
    readiness.total = settings.partitions
    return Rim(settings, partitions, hooks or Hooks(), readiness)


def create_app(settings: RimSettings) -> seams.App:
    """The Faust app of one worker; every setting that differs from Faust's default has its reason beside it."""
    batched = frozenset((*settings.event_topics, settings.changelog))
    app = seams.create_app(
        settings.app_id,
        settings.brokers,
        batched,
        settings.batch_records,
        broker_credentials=credentials(settings.security),
        autodiscover=False,
        web_enabled=False,  # the worker's HTTP is its own: Faust's would serve ticket data at /table
        topic_disable_leader=True,  # an internal topic for a leader that nobody asks for
        topic_allow_declare=False,  # topics are created by `deskpulse topics create` and checked before the start
        processing_guarantee="at_least_once",  # exactly_once cuts table writes and offsets apart: docs/decisions
        stream_buffer_maxsize=seams.WAITING_MAX,  # counts record batches
        stream_wait_empty=False,  # a revoke waits for the batch in work, not for the queue
        table_standby_replicas=0,  # a standby of an in-memory table is wiped before it is used
        broker_commit_interval=settings.commit_interval,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout * 0.3,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance_id,
        producer_request_timeout=30.0,  # 20 minutes by default: a stalled append would go unseen
        producer_max_batch_size=changelog.BATCH_BYTES,
        producer_max_request_size=changelog.LETTER_BYTES_MAX,
    )
    app.batched = batched
    app.batch_records = settings.batch_records
    app.changelog = settings.changelog
    app.passes = settings.passes
    return app


def credentials(security: Security) -> SASLCredentials | SSLCredentials | None:
    """How brokers let it in, as Faust takes it."""
    context = tls_context(security)
    if security.protocol.has_login:
        return SASLCredentials(
            username=security.username,
            password=security.password,
            mechanism=str(security.mechanism),
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def add_agent(rim: Rim) -> None:
    """Give the app its table, and its one agent over all event topics."""
    app = rim.app
    app.tables.add(seams.ChangelogTable(app, rim.settings.partitions))
    topic = app.topic(*rim.settings.event_topics, schema=BatchSchema())

    async def tickets(events: Any) -> None:
        producer = seams.producer(app)
        async for records, generation in batches(events):
            if generation == app.consumer_generation_id:
                await rim.agent.work(records, producer)
            seams.wake(app)

    app.agent(topic, name="tickets")(tickets)


async def run_until_signal(rim: Rim) -> None:
    """As `Rim.run`; SIGTERM and SIGINT stop it cleanly, a second one is for whoever handles it next."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, rim.agent.stopped.set)
    try:
        await rim.run()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
