"""An examination: everything is asked side by side and bounded in time, then judged. What is asked changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from aiokafka.errors import KafkaError

from alerting.settings import Settings
from deskpulse.board.access import Tokens
from deskpulse.configuration.alerting import alerting_settings
from deskpulse.configuration.loading import Configuration
from deskpulse.doctor.asking import Asker, Told, asking
from deskpulse.doctor.findings import Failed, Finding, ok
from deskpulse.doctor.kafka import judge_broker, judge_lag, judge_members, judge_topics
from deskpulse.doctor.monitoring import (
    AlertmanagerSeen,
    PrometheusSeen,
    expected_rules,
    judge_alertmanager,
    judge_prometheus,
    judge_rules,
    judge_targets,
)
from deskpulse.doctor.numbers import Reading, agree, judge_numbers, queries, total, values_of
from deskpulse.doctor.processes import (
    LIVE_SECONDS,
    Clock,
    ProcessSeen,
    judge_board,
    judge_clocks,
    judge_mirror,
    judge_redis,
    judge_workers,
)
from deskpulse.generated import files_of
from metrics.document import VERSION
from metrics.instants import SECOND
from mirror.store import MirrorError, RedisSeen, Store
from stream.rim.examining import (
    BrokerSeen,
    GroupSeen,
    NotToldError,
    OffsetsSeen,
    examined_broker,
    examined_group,
    examined_offsets,
)
from stream.rim.preflight import PreflightError
from stream.rim.settings import RimSettings

_Found = TypeVar("_Found")

#: What a check may take beyond what it waits for on purpose.
CHECK_SECONDS: Final = 10.0
#: Workers commit each second: within so long an offset that has something to go on to has moved.
LAG_SECONDS: Final = 3.0
READ_SECONDS: Final = 1.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is examined, and where; None: left out, or (workers) found out of Redis."""

    configuration: Configuration
    settings: RimSettings
    tokens: Tokens
    workers: tuple[str, ...] | None
    board: str | None
    prometheus: str | None
    alertmanager: str | None

    @property
    def alerting(self) -> Settings:
        """As `generate` has it."""
        return alerting_settings(self.configuration)


class _Kafka(msgspec.Struct, frozen=True):
    broker: BrokerSeen | Failed
    offsets: Sequence[OffsetsSeen] | Failed
    group: GroupSeen | Failed


class _Served(msgspec.Struct, frozen=True):
    redis: RedisSeen | Failed | None
    redis_clock: Clock | None
    workers: Sequence[ProcessSeen] | Failed
    board: ProcessSeen | None
    readings: Sequence[Reading] | Failed
    clocks: Sequence[Clock]
    seconds: float


class _Watching(msgspec.Struct, frozen=True):
    prometheus: PrometheusSeen | Failed | None
    alertmanager: AlertmanagerSeen | Failed | None
    clock: Clock | None


async def examined(plan: Plan) -> list[Finding]:
    """All findings, in the order in which they are worth reading."""
    files = files_of(plan.configuration)
    async with asking() as http:
        asker = Asker(http)
        broker = asyncio.ensure_future(_within(CHECK_SECONDS, examined_broker(plan.settings)))
        kafka, served, watching = await asyncio.gather(
            _kafka(plan.settings, broker), _served(plan, asker, broker), _watching(plan, asker, files)
        )
    answering = None if isinstance(served.workers, Failed) else sum(one.answers for one in served.workers)
    clocks = [one for one in (served.redis_clock, watching.clock, *served.clocks) if one is not None]
    partitions = _partitions(kafka.broker, plan.settings)
    return [
        ok("configuration", "no problems"),
        judge_broker(kafka.broker, plan.settings),
        *judge_topics(kafka.broker, plan.settings),
        *judge_lag(kafka.offsets, LAG_SECONDS),
        judge_members(kafka.group, answering),
        *judge_workers(served.workers),
        judge_redis(served.redis),
        *judge_mirror(served.redis, partitions, VERSION),
        judge_board(served.board),
        judge_prometheus(watching.prometheus),
        *judge_targets(watching.prometheus),
        *judge_rules(watching.prometheus, files, plan.alerting.interval),
        judge_alertmanager(watching.alertmanager, files),
        *judge_clocks(clocks, plan.configuration.broker.session_timeout / SECOND),
        *judge_numbers(served.readings, served.seconds),
    ]


async def _within(seconds: float, work: Awaitable[_Found]) -> _Found | Failed:
    """What it finds, or why it does not."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return Failed(f"no answer within {seconds:g} s")
    except (NotToldError, PreflightError, MirrorError) as error:
        return Failed(str(error))
    except (KafkaError, OSError) as error:
        return Failed(f"the broker does not answer: {error!r}")


# ------------------------------------------------------------------------------------------------------ Kafka


async def _kafka(settings: RimSettings, examining: Awaitable[BrokerSeen | Failed]) -> _Kafka:
    broker = await examining
    if isinstance(broker, Failed):
        why = Failed("no broker answers")
        return _Kafka(broker, why, why)
    topics = {topic: broker.topics[topic].partitions for topic in settings.event_topics if topic in broker.topics}
    if not topics:
        return _Kafka(broker, Failed("there are no event topics"), Failed("there are no event topics"))
    offsets, group = await asyncio.gather(
        _within(CHECK_SECONDS + LAG_SECONDS, examined_offsets(settings, topics, LAG_SECONDS)),
        _within(CHECK_SECONDS, examined_group(settings)),
    )
    return _Kafka(broker, offsets, group)


def _partitions(broker: BrokerSeen | Failed, settings: RimSettings) -> int:
    """As many as the first event topic has; as configured where that is not known."""
    if isinstance(broker, Failed):
        return settings.partitions
    found = (broker.topics[topic].partitions for topic in settings.event_topics if topic in broker.topics)
    return next(found, settings.partitions)


# ----------------------------------------------------------------------------------- workers, Redis, the board


async def _served(plan: Plan, asker: Asker, broker: Awaitable[BrokerSeen | Failed]) -> _Served:
    redis, clock = await _redis(plan, broker)
    workers, board = await asyncio.gather(_workers(plan, asker, redis), _board(plan, asker))
    answering = [] if isinstance(workers, Failed) else [one for one in workers if one.answers]
    clocks = [asker.clock_of_worker(one) for one in answering]
    clocks += [asker.clock_of_board(board)] if board is not None and board.answers else []
    began = time.monotonic()
    told, readings = await asyncio.gather(asyncio.gather(*clocks), _readings(plan, asker, workers, board))
    seconds = time.monotonic() - began
    return _Served(redis, clock, workers, board, readings, [one for one in told if one is not None], seconds)


async def _redis(plan: Plan, broker: Awaitable[BrokerSeen | Failed]) -> tuple[RedisSeen | Failed | None, Clock | None]:
    """``broker`` knows how many partitions there are."""
    url = plan.configuration.redis.url
    if url is None:
        return None, None
    store = Store(url, VERSION)
    try:
        seen = await _within(CHECK_SECONDS, store.examined(_partitions(await broker, plan.settings)))
        if isinstance(seen, Failed):
            return seen, None
        began = time.time_ns()
        at = await _within(CHECK_SECONDS, store.clock())
        told = Told(200, None, began, time.time_ns(), None)
        return seen, None if isinstance(at, Failed) else Clock("Redis", told.ahead_seconds(at, at))
    finally:
        await store.close()


async def _workers(plan: Plan, asker: Asker, redis: RedisSeen | Failed | None) -> list[ProcessSeen] | Failed:
    named: list[tuple[str, str, float | None]]
    if plan.workers is not None:
        named = [(address.partition("://")[2], address, None) for address in plan.workers]
    elif isinstance(redis, RedisSeen):
        named = [(one.name, one.address, one.seconds_ago) for one in redis.workers]
    elif isinstance(redis, Failed):
        return Failed("Redis does not answer, which knows the workers; --worker URL names one")
    else:
        named = [(target, f"http://{target}", None) for target in plan.alerting.scrape_targets or ()]
    return list(await asyncio.gather(*(asker.process(*one) for one in named)))


async def _board(plan: Plan, asker: Asker) -> ProcessSeen | None:
    return None if plan.board is None else await asker.process("the board", plan.board)


# ---------------------------------------------------------------------------------------------------- numbers


async def _readings(
    plan: Plan, asker: Asker, workers: Sequence[ProcessSeen] | Failed, board: ProcessSeen | None
) -> list[Reading] | Failed:
    """Read until all agree, at most for as long as Prometheus may need for two scrapes."""
    if isinstance(workers, Failed):
        return workers
    live = [one for one in workers if one.seconds_ago is None or one.seconds_ago <= LIVE_SECONDS]
    if not live or not all(one.answers for one in live):
        return Failed("not all workers answer")
    found: list[Reading] = []
    until = time.monotonic() + 2 * plan.alerting.interval / SECOND + READ_SECONDS
    while not agree(found) and (not found or time.monotonic() < until):
        if found:
            await asyncio.sleep(READ_SECONDS)
        found.append(await _reading(plan, asker, live, board))
    return found


async def _reading(plan: Plan, asker: Asker, live: Sequence[ProcessSeen], board: ProcessSeen | None) -> Reading:
    window = _window(plan.configuration)
    token = plan.tokens.wall or plan.tokens.api
    told, wall, prometheus = await asyncio.gather(
        asyncio.gather(*(asker.get(f"{one.address}/snapshot") for one in live)),
        asker.get(f"{board.address}/api/snapshot", token) if board is not None else _left_out(),
        asker.values(plan.prometheus, queries(window)) if plan.prometheus is not None else _left_out(),
    )
    snapshots = [_snapshot(one) for one in told]
    return Reading(_added(snapshots, window), _values(_snapshot(wall), window), prometheus)


async def _left_out() -> Failed:
    return Failed("left out")


def _window(configuration: Configuration) -> str | None:
    """The longest."""
    windows = configuration.rules().windows
    return windows[-1].name if windows else None


def _snapshot(told: Told | Failed) -> Mapping[str, Any] | Failed:
    if isinstance(told, Failed):
        return told
    if told.status != 200 or not isinstance(told.body, Mapping):
        body = told.body if isinstance(told.body, Mapping) else {}
        return Failed(f"HTTP {told.status}: {body.get('error', 'an answer that cannot be read')}")
    return told.body


def _values(snapshot: Mapping[str, Any] | Failed, window: str | None) -> dict[str, float] | Failed:
    """Of a snapshot of all partitions; of one that is partial nothing."""
    if isinstance(snapshot, Failed):
        return snapshot
    partitions = snapshot["partitions"]
    if partitions["ready"] < partitions["total"]:
        return Failed(f"{partitions['ready']} of {partitions['total']} partitions are ready")
    return values_of(snapshot, window)


def _added(snapshots: Sequence[Mapping[str, Any] | Failed], window: str | None) -> dict[str, float] | Failed:
    found = []
    for snapshot in snapshots:
        if isinstance(snapshot, Failed):
            return Failed(f"a worker: {snapshot.why}")
        found.append(snapshot)
    ready, most = sum(one["partitions"]["ready"] for one in found), max(one["partitions"]["total"] for one in found)
    if ready != most:
        return Failed(f"the workers have {ready} of {most} partitions ready")
    return total([values_of(one, window) for one in found])


# -------------------------------------------------------------------------------- Prometheus and Alertmanager


async def _watching(plan: Plan, asker: Asker, files: Mapping[str, str]) -> _Watching:
    expressions = [rule.expr for rule in expected_rules(files)]
    prometheus, alertmanager, clock = await asyncio.gather(
        _left(plan.prometheus, lambda url: _within(2 * CHECK_SECONDS, asker.prometheus(url, expressions))),
        _left(plan.alertmanager, lambda url: _within(CHECK_SECONDS, asker.alertmanager(url))),
        _left(plan.prometheus, asker.clock_of_prometheus),
    )
    return _Watching(prometheus, alertmanager, clock)


async def _left(url: str | None, ask: Any) -> Any:
    return None if url is None else await ask(url)
