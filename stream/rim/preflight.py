"""Before the start: is a broker there, do the topics exist, do their partition counts agree; and creating them.

Invariant: nothing here creates a topic by asking for it, and no existing topic is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    InvalidConfigurationError,
    KafkaConnectionError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from stream.rim.changelog import LETTER_BYTES_MAX
from stream.rim.log import log
from stream.rim.reaching import obstacle, unanswered
from stream.rim.readiness import Readiness
from stream.rim.security import connection
from stream.rim.settings import RimSettings

RETRY_SECONDS_MIN = 0.5
RETRY_SECONDS_MAX = 10.0
LEADER_LOOK_SECONDS = 0.05
LEADER_LOOKS_MAX = 200
DAY_MS = 86_400_000
#: As long as settled tickets are kept by default, so that a table can be built again from the events.
EVENTS_KEPT_MS = 62 * DAY_MS
LETTERS_KEPT_MS = 30 * DAY_MS
#: The changelog refuses records older than this share of the session. A worker that stood still, or whose packets were
#: held up, may have lost its partitions by then: its append would undo what their new owner wrote. The earliest that
#: can happen is 0.7 of a session after the record (heartbeats come every 0.3); 0.2 are left for clocks that differ.
LATE_LIMIT = "message.timestamp.before.max.ms"
LATE_SHARE = 0.5
NOT_SHOWN = "not shown to"
ADD_RULES = "Add the rules of docs/production.md by kafka-acls.sh"


class PreflightError(Exception):
    """The topics are not as a worker needs them; the message names which, and what to run."""


class TopicCheck(msgspec.Struct, frozen=True):
    """One topic as it is: None partitions where it does not exist; `problem` None where all is well."""

    topic: str
    partitions: int | None
    problem: str | None


async def preflight(settings: RimSettings, readiness: Readiness | None = None) -> int:
    """Wait for a broker, then check the topics.

    Returns:
        The event topics' partition count, which wins over the configured one.

    Raises:
        PreflightError: topics are missing or of unequal partition counts.
    """
    await wait_for_broker(settings, readiness)
    if readiness is not None:
        readiness.hold("checking the topics")
    checks = await check_topics(settings)
    problems = [f"{check.topic}: {check.problem}" for check in checks if check.problem]
    if problems:
        raise PreflightError(f"{'; '.join(problems)}. {remedy(checks)}")
    return next(check.partitions for check in checks if check.partitions is not None)


async def wait_for_broker(settings: RimSettings, readiness: Readiness | None = None) -> None:
    """Return once a broker lets this client in; why none does is said in readiness, and in the log when it changes.

    Raises:
        PreflightError: a broker answers that it does not let this client in.
    """
    pause, told = RETRY_SECONDS_MIN, ""
    while (found := await obstacle(settings)) is not None:
        if found.is_final:
            raise PreflightError(found.why)
        if readiness is not None:
            readiness.hold(found.why)
        if found.why != told:
            log.warning("%s; trying again until it is", told := found.why)
        await asyncio.sleep(pause)
        pause = min(pause * 2, RETRY_SECONDS_MAX)


async def check_topics(settings: RimSettings) -> list[TopicCheck]:
    """Every topic a worker needs, with what is wrong about it; KafkaError where the broker does not answer."""
    async with admin(settings) as client:
        found = {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}
        missing = [topic for topic in settings.all_topics if topic not in found]
        hidden = await hidden_topics(client, missing) if missing else frozenset()
    count = next((found[topic] for topic in settings.event_topics if topic in found), settings.partitions)
    return [
        TopicCheck(topic, None, f"{NOT_SHOWN} {settings.security.principal}")
        if topic in hidden
        else judge(topic, found.get(topic), None if topic == settings.dead_letters else count)
        for topic in settings.all_topics
    ]


async def hidden_topics(client: AIOKafkaAdminClient, topics: list[str]) -> frozenset[str]:
    """Which of these this client may not know of: asked for by name, which creates none."""
    request = MetadataRequest(topics, allow_auto_topic_creation=False)
    answer = await client._send_request(request)  # noqa: SLF001 - the public question would create them
    return frozenset(topic for code, topic, *_ in answer.topics if code == TopicAuthorizationFailedError.errno)


def remedy(checks: list[TopicCheck]) -> str:
    """What to do about topics that are not as they should be."""
    if any(check.problem is not None and check.problem.startswith(NOT_SHOWN) for check in checks):
        return ADD_RULES
    return "Run: deskpulse topics create"


def judge(topic: str, partitions: int | None, expected: int | None) -> TopicCheck:
    """One topic against the partition count that all event topics and the changelog must share."""
    if partitions is None:
        return TopicCheck(topic, None, "does not exist")
    if expected is not None and partitions != expected:
        return TopicCheck(topic, partitions, f"has {partitions} partitions, the first event topic has {expected}")
    return TopicCheck(topic, partitions, None)


def absent(checks: list[TopicCheck]) -> str:
    """These topics are missed: which, and what to do."""
    hidden = next((check.problem for check in checks if check.problem and check.problem.startswith(NOT_SHOWN)), None)
    return f"{', '.join(check.topic for check in checks)}: {hidden or 'no such topic'}. {remedy(checks)}"


async def create_topics(settings: RimSettings) -> list[str]:
    """Create the topics that are missing; returns their names. Existing ones stay as they are.

    Raises:
        PreflightError: the broker refused one, with its reason.
    """
    async with admin(settings) as client:
        found = {topic["topic"] for topic in await client.describe_topics()}
        missing = [topic for topic in settings.all_topics if topic not in found]
        if missing:
            await create_missing(client, settings, missing)
            await wait_for_leaders(client, set(missing))
    return missing


async def create_missing(client: AIOKafkaAdminClient, settings: RimSettings, missing: list[str]) -> None:
    """Create these; a broker older than Kafka 3.6 gets its changelog without the limit on late appends."""
    answer = await client.create_topics([new_topic(settings, topic) for topic in missing])
    if any(code == InvalidConfigurationError.errno for _topic, code, *_ in answer.topic_errors):
        log.warning("the broker knows no %s: a worker that was stopped and resumed can undo changes", LATE_LIMIT)
        older = [new_topic(settings, topic) for topic in missing]
        for topic in older:
            topic.topic_configs.pop(LATE_LIMIT, None)
        answer = await client.create_topics(older)
    refuse_errors(answer)


async def wait_for_leaders(client: AIOKafkaAdminClient, topics: set[str]) -> None:
    """Return once all these topics can be written to: a broker answers before it has led them into its metadata."""
    for _ in range(LEADER_LOOKS_MAX):
        described = [topic for topic in await client.describe_topics() if topic["topic"] in topics]
        leaders = [partition["leader"] for topic in described for partition in topic["partitions"]]
        if len(described) == len(topics) and min(leaders, default=-1) >= 0:
            return
        await asyncio.sleep(LEADER_LOOK_SECONDS)
    raise PreflightError(f"no leader after {LEADER_LOOKS_MAX * LEADER_LOOK_SECONDS:g} s: {', '.join(sorted(topics))}")


def new_topic(settings: RimSettings, topic: str) -> NewTopic:
    """A topic as `create_topics` makes it."""
    return NewTopic(topic, settings.partitions, settings.replication, topic_configs=topic_configs(settings, topic))


def topic_configs(settings: RimSettings, topic: str) -> dict[str, str]:
    """Kafka's settings of one topic."""
    safe = {"min.insync.replicas": "2"} if settings.replication > 2 else {}
    if topic == settings.changelog:
        if settings.is_alone:
            return {**safe, "cleanup.policy": "compact"}
        late_ms = int(settings.session_timeout * LATE_SHARE * 1000)
        return {**safe, "cleanup.policy": "compact", LATE_LIMIT: str(late_ms)}
    if topic == settings.dead_letters:
        return {**safe, "retention.ms": str(LETTERS_KEPT_MS), "max.message.bytes": str(LETTER_BYTES_MAX)}
    return {**safe, "retention.ms": str(EVENTS_KEPT_MS)}


def refuse_errors(answer: Any) -> None:
    """PreflightError for the first topic that was not created, unless somebody else created it meanwhile."""
    for topic, code, *reason in answer.topic_errors:
        if code not in {0, TopicAlreadyExistsError.errno}:
            raise PreflightError(f"{topic} could not be created: {(reason and reason[0]) or for_code(code).__name__}")


@asynccontextmanager
async def admin(settings: RimSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client, closed afterwards.

    Raises:
        PreflightError: a broker takes connections, and does not answer.
    """
    client = AIOKafkaAdminClient(**connection(settings.brokers, settings.security), client_id="deskpulse")
    try:
        try:
            await client.start()
        except KafkaConnectionError as error:
            raise PreflightError(unanswered(settings)) from error
        yield client
    finally:
        with suppress(KafkaError):
            await client.close()
