"""Every private part of faust-streaming 0.15.3 that this product overrides or reads, and nothing else.

Records travel as one `Records` per partition and slice; offsets are tracked by `Offsets`; the table's store is ours.
Each docstring says what stock Faust does and why that is not enough. `tests/contracts/test_seams.py` holds the
signatures; `check_versions` refuses any other release.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from typing import Any, ClassVar, Final, TypeVar, cast

import aiokafka
import faust
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata
from faust.tables.manager import TableManager
from faust.tables.table import Table
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, EventT
from faust.types.tuples import ConsumerMessage
from yarl import URL

from stream.records import Records
from stream.rim.batches import BatchScheduler, BatchSchema, slices
from stream.rim.completeness import note, promise_of
from stream.rim.failpoints import Failpoint
from stream.rim.offsets import Offsets
from stream.rim.ownership import Changelog

T = TypeVar("T")
FAUST: Final = "0.15.3"
#: How long a fetch waits for records. A seek waits for the fetch under way, so a rebalance waits for it too.
POLL_SECONDS: Final = 0.2
#: Batches fetched and not yet processed, beyond which nothing more is fetched.
WAITING_MAX: Final = 64


class UnsupportedFaustError(RuntimeError):
    """Another release of faust-streaming is installed than the one these seams were tried with."""


def check_versions(installed: str | None = None) -> None:
    """Refuse to run on another faust-streaming than 0.15.3: its private parts are overridden here.

    Raises:
        UnsupportedFaustError: names both versions and what to install.
    """
    found = version("faust-streaming") if installed is None else installed
    if found != FAUST:
        raise UnsupportedFaustError(
            f"faust-streaming {found} is installed, but deskpulse overrides private parts of {FAUST}: "
            f"install faust-streaming=={FAUST}"
        )


class App(faust.App):
    """The Faust app, with what the overridden parts need of the rim."""

    rim: Changelog
    changelog: str
    batched: frozenset[str]
    batch_records: int
    passes: Callable[[Failpoint], None]
    #: Event topics: what waits for the agent. Changelog: what waits for the table.
    offsets: Offsets
    recovering: Offsets

    def _create_directories(self) -> None:
        """Stock makes folders for tables on disk; ours are in memory, and a killed worker would leave them behind."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Stock's fetches wait too long, read records of aborted transactions, and its commits say nothing but offsets."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        """Stock lets the broker hold a fetch for 1.5 s; a partition just sought to gets its turn only after that."""
        kafka = super()._create_worker_consumer(transport)
        kafka._fetch_max_wait_ms = int(POLL_SECONDS * 1000)  # noqa: SLF001
        kafka._isolation_level = "read_committed"  # noqa: SLF001 (an aborted transaction never happened)
        return kafka

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 (as stock)
        max_records: int | None = None,
    ) -> Any:
        """Stock makes an object of eleven fields for each record, a third of the cost of a fetch; four are needed.

        What a fetch of the batched topics holds already is handed out as the decoder made it.
        """
        batched = cast("App", self.app).batched
        for tp, result in consumer._fetcher._records.items():  # noqa: SLF001
            if tp.topic in batched and isinstance(result, FetchResult) and result._partition_records is not None:  # noqa: SLF001
                result._partition_records._consumer_record = _undressed  # noqa: SLF001
        return await super()._fetch_records(consumer, active_partitions, timeout, max_records)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """As stock, and with each offset goes how far the changelog is written: see `completeness`."""
        rim, mine = cast("App", self.app).rim, self.assignment()
        noted = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, note(rim.changelog_offset(tp.partition)))
            for tp, offset in offsets.items()
            if tp in mine
        }
        try:
            await self._ensure_consumer().commit(noted)
        except CommitFailedError as error:
            if "already rebalanced" not in str(error):
                await self.crash(error)
            return False
        except Exception as error:  # noqa: BLE001 (as stock: the worker ends)
            await self.crash(error)
            return False
        return True

    async def commits(self, partitions: Sequence[TP]) -> Mapping[TP, OffsetAndMetadata]:
        """The group's commits with their metadata, which the public way leaves out; waits for an answer."""
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        found = await self.call_thread(coordinator.fetch_committed_offsets, partitions)
        return cast("Mapping[TP, OffsetAndMetadata]", found)


def _undressed(_tp: Any, record: T) -> T:
    """A record with its offset, timestamp, key and value, as it is."""
    return record


class BatchConsumer(driver.Consumer):
    """Stock consumer with batches, own offset tracking, and no record lost between a seek and a fetch.

    Stock lets a fetch that began before a seek return after it, and clears the agents' queue after the stream
    partitions were resumed: both skip records for good once a later offset is committed. Here seeks and fetches exclude
    each other, a fetch across a rebalance is thrown away, and event topics are fetched only once recovery is over.
    """

    app: App

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fetching = asyncio.Lock()
        self._wake = asyncio.Event()
        self._era = 0  # grows with every revoke and every seek: what was fetched in an earlier one is stale

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- fetching

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        """Stock fetches all active partitions for up to 1 s; and an empty set of them means all partitions."""
        era = self._era
        wanted = self._wanted(active_partitions or set())
        if not wanted:
            await self._idle(timeout)
            return {}
        async with self._fetching:
            records = await super()._getmany(wanted, min(timeout, POLL_SECONDS)) if era == self._era else {}
            if era != self._era:
                return {}
            self._note(records)
            return records

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109
        """Stock sleeps a full second while every partition is paused or buffered; `_getmany` wakes up before."""
        if not self.flow_active:
            await self.wait(cast("Any", self.can_resume_flow))
        active = self._get_active_partitions()
        return await self._getmany(active, timeout), active

    def wake(self) -> None:
        """Something changed that may let a fetch go on."""
        self._wake.set()

    def _wanted(self, active: set[TP]) -> set[TP]:
        events = self.app.offsets.accepting and self.app.offsets.waiting < WAITING_MAX
        changelog = self.app.recovering.waiting < WAITING_MAX
        return {tp for tp in active if (changelog if tp.topic == self.app.changelog else events)}

    async def _idle(self, seconds: float) -> None:
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    def _note(self, records: Mapping[TP, list[Any]]) -> None:
        for tp, found in records.items():
            ends = (part[-1].offset for part in slices(found, self.app.batch_records))
            self._tracker(tp).fetched(tp, ends)
        for tp, state in self._states():
            if state.has_valid_position:
                self._tracker(tp).at(tp, state.position)
        raise_highwaters(self.app, self.watermarks())

    def _tracker(self, tp: TP) -> Offsets:
        return self.app.recovering if tp.topic == self.app.changelog else self.app.offsets

    def watermarks(self) -> dict[TP, int]:
        """End offsets as the latest fetches told them; a partition that was not fetched yet is left out."""
        marks = {tp: state.highwater if state.lso is None else state.lso for tp, state in self._states()}
        return {tp: mark for tp, mark in marks.items() if mark is not None}

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """Stock asks the broker, and the embedded one takes its last batch for a single record.

        An end before what our own appends reached would make Faust refuse to recover; `raise_highwaters` does the rest.
        """
        ends = await super().highwaters(*partitions)
        held = {tp: self.app.rim.changelog_offset(tp.partition) + 1 for tp in ends if tp.topic == self.app.changelog}
        return {tp: max(end or 0, held.get(tp, 0)) for tp, end in ends.items()}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """Stock begins a recovery wherever the changelog begins, whatever was deleted of it."""
        begins = await super().earliest_offsets(*partitions)
        events = [tp for tp in self.assignment() if tp.topic != self.app.changelog]
        commits = await cast("ConsumerThread", self._thread).commits(events)
        for tp, first in begins.items():
            mine = [(commit.offset, commit.metadata) for of, commit in commits.items() if of.partition == tp.partition]
            self.app.rim.changelog_begins(tp.partition, first, promise_of(mine))
        return begins

    def _states(self) -> Iterator[tuple[TP, Any]]:
        kafka = self._thread._consumer  # noqa: SLF001
        subscription = kafka._subscription.subscription if kafka else None  # noqa: SLF001
        assignment = subscription.assignment if subscription else None
        if assignment is not None and assignment.active:
            yield from ((TP(*tp), assignment.state_value(tp)) for tp in assignment.tps)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        """Stock reads a record's attributes; a batch becomes one message at its last record's offset."""
        if not isinstance(record, Records):
            return super()._to_message(tp, record)
        return ConsumerMessage(
            record.topic,
            record.partition,
            record.offsets[-1],
            record.timestamps_ms[-1] / 1000.0,
            0,
            None,
            None,
            cast("bytes", record),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    # -- seeking

    async def perform_seek(self) -> None:
        """Stock seeks while a fetch may be under way, whose records then belong to the position before the seek."""
        async with self._fetching:
            if self.app.offsets.accepting:
                return  # the fetch loop seeks too when it finds the flow stopped; by now the recovery has done so
            self._era += 1
            self.app.offsets.clear()
            await super().perform_seek()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Stock leaves a partition without a committed offset where an earlier fetch has moved it."""
        committed = await super().seek_to_committed()
        fresh = [tp for tp, offset in committed.items() if not offset and tp.topic != self.app.changelog]
        if fresh:
            await self._thread.seek_to_beginning(*fresh)
        return committed

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """The changelog's seek before a recovery; see `perform_seek`."""
        async with self._fetching:
            self._era += 1
            self.app.recovering.clear(partitions)
            await super().seek_wait(partitions)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Stock resumes, but the fetch loop may be asleep."""
        super().resume_partitions(tps)
        self.wake()

    # -- committing

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """Stock walks its lists of acknowledged offsets, which stay empty here: the agent's stream does not ack."""
        return (TP(*tp) for tp in self.app.offsets if topics is None or tp in topics or tp[0] in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """Stock advances one hole of the offsets per commit; here: all before the first unprocessed batch."""
        return self.app.offsets.position(tp) or None

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Stock keeps an interval tree of holes, quadratic in their number; holes need no bookkeeping here."""

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """As stock, past a failpoint."""
        self.app.passes(Failpoint.MID_COMMIT)
        return await super()._commit(offsets)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stock drops its bookkeeping while the agent works on; here the batch in work ends and is committed first.

        Without that a changelog record could be appended after the partition's next owner began to recover.
        """
        self._era += 1
        await self.app.rim.settle()
        self.app.passes(Failpoint.MID_REBALANCE)
        if revoked:
            await self.commit()
        self.app.offsets.clear()
        self.app.recovering.clear()
        await super().on_partitions_revoked(revoked)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Stock logs errors about idle partitions by its own bookkeeping; readiness and lag say it better."""

    verify_recovery_event_path = verify_event_path


class BatchTransport(driver.Transport):
    """Stock transport with our consumer."""

    Consumer: ClassVar[Any] = BatchConsumer


class PromptTableManager(TableManager):
    """Stock waits a second before it starts, and says nothing when event topics may be read."""

    app: App

    async def on_start(self) -> None:
        """As stock, without the second: agents and consumer are started before the tables are."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()

    def on_actives_ready(self) -> None:
        """The last step of a recovery: positions are sought, queues are cleared."""
        super().on_actives_ready()
        self.app.offsets.accepting = True
        self.app.rim.recovered()
        consumer(self.app).wake()


class ChangelogTable(Table[Any, Any]):
    """Stock keeps a dict per table, re-reads its own writes at each rebalance and drops falsy values.

    This one is only the recovery's door: the state, its offset and its revocation belong to the rim.
    """

    app: App

    def __init__(self, app: App, partitions: int) -> None:
        topic = app.topic(app.changelog, schema=BatchSchema(), acks=False, partitions=partitions)
        # Two: with a buffer of one, Faust resumes the changelog after recovery and reads our own writes back for ever.
        super().__init__(app, name="tickets", changelog_topic=topic, partitions=partitions, recovery_buffer_size=2)

    async def on_start(self) -> None:
        """Stock opens a store and creates the changelog topic; the preflight has checked that it exists."""

    def persisted_offset(self, tp: TP) -> int:
        """Where recovery begins. Never None: Faust would then go on from an offset of an earlier assignment."""
        return self.app.rim.changelog_offset(tp.partition)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Stock passes this on to its store."""
        del revoked, newly_assigned
        ours = {tp.partition for tp in assigned if tp.topic == self.app.changelog}
        self.app.rim.assign(ours, generation_id)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Stock drops keys of partitions that went away; ours went with their partition."""

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Stock puts single records into its store."""
        for event in batch:
            self.app.rim.restore(cast("Records", event.value))
        consumer(self.app).wake()

    def reset_state(self) -> None:
        """Nothing is on disk."""

    def _new_store(self) -> Any:
        raise NotImplementedError("tickets are in the rim's partitions, not in a Faust store")


def tables(app: App) -> PromptTableManager:
    """The table manager as what it is."""
    return cast("PromptTableManager", app.tables)


def raise_highwaters(app: App, watermarks: Mapping[TP, int]) -> None:
    """Let a recovery under way go on to the end that its fetches tell of; see `BatchConsumer.highwaters`."""
    goals = tables(app).recovery.active_highwaters
    for tp in goals.keys() & watermarks.keys():
        goals[tp] = max(goals[tp], watermarks[tp] - 1)


def skip_missing_tail(app: App) -> None:
    """End a recovery whose last changelog records do not exist any more.

    Stock compares the last record's offset with the end offset, so a compacted tail would keep it waiting for ever.
    The consumer's own position will not do: it is past records whose fetch is not handed over yet.
    """
    recovery = tables(app).recovery
    for tp, highwater in recovery.active_highwaters.items():
        offset, read = recovery.active_offsets.get(tp), app.recovering.position(tp) or 0
        if app.recovering.waiting == 0 and offset is not None and offset < highwater < read:
            recovery.active_offsets[tp] = highwater


def recovery_remaining(app: App) -> dict[int, int]:
    """Changelog records still to read, by partition; empty outside a recovery."""
    return {tp.partition: max(0, left) for tp, left in tables(app).recovery.active_remaining().items()}


def changelog_ends(app: App) -> dict[int, int]:
    """The offset after the last changelog record of each partition, as the latest recovery found it."""
    return {tp.partition: last + 1 for tp, last in tables(app).recovery.active_highwaters.items()}


def producer(app: App) -> aiokafka.AIOKafkaProducer:
    """The app's own aiokafka producer: Faust's wrapper around it knows no batches."""
    return cast("driver.Producer", app.producer)._ensure_producer()  # noqa: SLF001


async def crashed(app: App) -> BaseException:
    """Returns, with its reason, when any of the app's services has crashed; stock leaves that to its own Worker."""
    await app._crashed.wait()  # noqa: SLF001
    return app.crash_reason or RuntimeError("a service of Faust crashed")


def create_app(name: str, url: Sequence[str], scheduler_topics: frozenset[str], at_most: int, **conf: Any) -> App:
    """A Faust app whose transport, scheduler and tables are the ones above."""
    check_versions()
    app = App(
        name,
        broker=[URL(f"kafka://{address}") for address in url],
        ConsumerScheduler=partial(BatchScheduler, scheduler_topics, at_most),
        TableManager=PromptTableManager,
        key_serializer="raw",
        value_serializer="raw",
        **conf,
    )
    app.transport = BatchTransport(app.conf.broker_consumer, app)
    app.producer_transport = app.transport
    return app


def group_error(app: App) -> BaseException | None:
    """Why the group does not take this member; stock tells it to a fetch, and none is made before it is a member."""
    thread = consumer(app)._thread  # noqa: SLF001
    kafka = thread._consumer if thread is not None else None  # noqa: SLF001
    coordinator = kafka._coordinator if kafka is not None else None  # noqa: SLF001
    return getattr(coordinator, "_pending_exception", None)


def wake(app: App) -> None:
    """Tell the consumer that batches were processed, so that it may fetch more."""
    consumer(app).wake()


def consumer(app: App) -> BatchConsumer:
    """The consumer as what it is."""
    return cast("BatchConsumer", app.consumer)
