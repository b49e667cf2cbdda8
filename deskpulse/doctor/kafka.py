"""Kafka judged: topics against those that `topics create` makes, lag and whether it moves, members against workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from deskpulse.doctor.findings import Failed, Finding, counted, ok, some, unchecked, warning, wrong
from stream.rim.examining import BrokerSeen, GroupSeen, OffsetsSeen, TopicSeen
from stream.rim.preflight import ADD_RULES, LATE_LIMIT, NOT_SHOWN, judge, topic_configs
from stream.rim.settings import RimSettings

BROKER, TOPICS, LAG, MEMBERS = "broker", "topics", "lag", "group"

POLICY: Final = "cleanup.policy"
RETENTION: Final = "retention.ms"
IN_SYNC: Final = "min.insync.replicas"
MESSAGE: Final = "max.message.bytes"
_CREATE: Final = "Run: deskpulse topics create"
_FOREVER: Final = -1
#: Stands for a topic in what is the same with several.
_EACH: Final = "\0"
_OF_EVERY_KAFKA: Final = "compression.type"
#: Kafka's own values where a broker tells only what was set.
_DEFAULTS: Final = {POLICY: "delete", IN_SYNC: "1"}
#: The groups' states in which all members share the partitions.
_SETTLED: Final = "Stable"


def judge_broker(seen: BrokerSeen | Failed, settings: RimSettings) -> Finding:
    """Whether one answers, and whether it knows the limit on late appends."""
    if isinstance(seen, Failed):
        return wrong(BROKER, seen.why, "Start the broker, or name it: [broker] url, DESKPULSE_BROKER or --broker")
    where = counted(len(seen.brokers), "broker")
    changelog = seen.topics.get(settings.changelog)
    told = None if changelog is None else changelog.settings
    age = ""
    if told is not None and _OF_EVERY_KAFKA in told:  # it tells all settings that it knows
        age = ", Kafka 3.6 or newer" if LATE_LIMIT in told else ", older than Kafka 3.6"
    if len(seen.brokers) < settings.replication:
        enough = f"{settings.replication} copies are configured, and a copy needs a broker of its own"
        return warning(BROKER, f"{where} ({some(seen.brokers)}){age}", f"Start more brokers: {enough}")
    return ok(BROKER, f"{where} ({some(seen.brokers)}){age}")


# ----------------------------------------------------------------------------------------------------- topics


def judge_topics(seen: BrokerSeen | Failed, settings: RimSettings) -> list[Finding]:
    """One finding for each thing that is wrong with topics; one for all where nothing is."""
    if isinstance(seen, Failed):
        return [unchecked(TOPICS, "no broker answers")]
    first = next((seen.topics[topic].partitions for topic in settings.event_topics if topic in seen.topics), None)
    unseen = f"is {NOT_SHOWN} {settings.security.principal}"
    hidden = [topic for topic in settings.all_topics if topic in seen.hidden]
    looked = [topic for topic in settings.all_topics if topic not in seen.hidden]
    found = [(topic, wrong(TOPICS, f"{topic} {unseen}", ADD_RULES)) for topic in hidden]
    found += [(topic, one) for topic in looked for one in _topic(topic, seen.topics.get(topic), first, settings)]
    if found:
        return _together(found)
    told = "" if all(topic.settings is not None for topic in seen.topics.values()) else "; no settings are told"
    copies = min(topic.replication for topic in seen.topics.values())
    told = f"{len(seen.topics)} topics, {counted(first or 0, 'partition')} and {counted(copies, 'replica')} each{told}"
    return [ok(TOPICS, told)]


def _together(found: Sequence[tuple[str, Finding]]) -> list[Finding]:
    """What is the same with several topics told once: eight lines of one fault hide the ninth, of another."""
    topics: dict[Finding, list[str]] = {}
    for topic, one in found:
        topics.setdefault(_with(one, topic, _EACH), []).append(topic)
    return [_with(one, _EACH, names[0]) if len(names) == 1 else _of_each(one, names) for one, names in topics.items()]


def _of_each(one: Finding, topics: Sequence[str]) -> Finding:
    seen = one.seen.replace(_EACH, f"each of {some(topics)}")
    return msgspec.structs.replace(one, seen=seen, next_step=(one.next_step or "").replace(_EACH, "TOPIC"))


def _with(one: Finding, name: str, other: str) -> Finding:
    step = None if one.next_step is None else one.next_step.replace(name, other)
    return msgspec.structs.replace(one, seen=one.seen.replace(name, other), next_step=step)


def _topic(topic: str, seen: TopicSeen | None, first: int | None, settings: RimSettings) -> Iterator[Finding]:
    expected = None if topic == settings.dead_letters else first
    problem = judge(topic, None if seen is None else seen.partitions, expected).problem
    if seen is None or problem is not None:
        step = _CREATE if seen is None else f"All event topics and {settings.changelog} need as many: docs/doctor.md"
        yield wrong(TOPICS, f"{topic} {problem}", step)
        return
    if seen.without_leader:
        yield wrong(TOPICS, f"{topic}: partitions {_numbers(seen.without_leader)} have no leader", "Start their broker")
    if seen.out_of_sync:
        yield warning(
            TOPICS,
            f"{topic}: copies of partitions {_numbers(seen.out_of_sync)} are behind or gone",
            "Look after the brokers that hold them: one more that fails may stop the workers",
        )
    if seen.replication < settings.replication:
        yield warning(
            TOPICS,
            f"{topic} has {counted(seen.replication, 'replica')}, [broker] replication is {settings.replication}",
            "Add replicas with kafka-reassign-partitions.sh, or set replication to what you want",
        )
    if seen.settings is not None:
        made = topic_configs(settings, topic)
        yield from _settings(topic, _DEFAULTS | dict(seen.settings), made, is_changelog=topic == settings.changelog)


def _settings(topic: str, told: Mapping[str, str], made: Mapping[str, str], *, is_changelog: bool) -> Iterator[Finding]:
    policy, wanted = told[POLICY], made.get(POLICY, "delete")
    if policy != wanted:
        lost = "old states would be deleted, and tickets with them" if is_changelog else "events of a ticket would go"
        yield wrong(TOPICS, f"{topic} has {POLICY}={policy}: {lost}", _alter(topic, POLICY, wanted))
    for name in (RETENTION, MESSAGE, IN_SYNC):
        least, is_kept = _number(made.get(name)), _number(told.get(name))
        if least is not None and is_kept is not None and is_kept != _FOREVER and is_kept < least:
            yield warning(TOPICS, f"{topic} has {name}={is_kept}, less than {least}", _alter(topic, name, str(least)))
    limit, most = _number(told.get(LATE_LIMIT)), _number(made.get(LATE_LIMIT))
    if most is not None and limit is not None and limit > most:
        yield warning(
            TOPICS,
            f"{topic} takes appends that are {limit} ms late; a worker that stood still could undo changes",
            _alter(topic, LATE_LIMIT, str(most)),
        )


def _alter(topic: str, name: str, value: str) -> str:
    return f"kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {name}={value}"


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def _numbers(numbers: Sequence[int]) -> str:
    return some(map(str, numbers), 8)


# -------------------------------------------------------------------------------------------------------- lag


def judge_lag(seen: Sequence[OffsetsSeen] | Failed, seconds: float) -> list[Finding]:
    """Records behind in each partition: well where there are none, or fewer than before; ``seconds`` between."""
    if isinstance(seen, Failed):
        return [unchecked(LAG, seen.why)]
    first, last = seen[0], seen[-1]
    if all(offset is None for offset in last.committed.values()) and any(last.ends.values()):
        return [wrong(LAG, "no worker has ever committed an offset", "Start a worker: deskpulse worker")]
    behind = {place: _behind(last, place) for place in last.ends}
    found = []
    for place, count in behind.items():
        where = f"{place[0]} {place[1]}"
        committed = last.committed[place]
        if committed is not None and committed < last.begins[place]:
            gone = last.begins[place] - committed
            found.append(
                wrong(LAG, f"{where}: {gone:,} records went before they were read", "docs/operations.md: topics reset")
            )
        if count and committed == first.committed[place] and _behind(first, place):
            seen_now = f"{where}: {counted(count, 'record')} to read, and none was in {seconds:g} s"
            found.append(wrong(LAG, seen_now, "Ask the workers' /readyz and their log; restart the one that has it"))
    total = sum(behind.values())
    if not found:
        moving = "" if not total else ", and it moves"
        told = f"{counted(total, 'record')} to read in {counted(len(behind), 'partition')}{moving}"
        found.append(ok(LAG, told))
    return found


def _behind(seen: OffsetsSeen, place: tuple[str, int]) -> int:
    committed = seen.committed[place]
    return max(0, seen.ends[place] - (seen.begins[place] if committed is None else committed))


def judge_members(seen: GroupSeen | Failed, answering: int | None) -> Finding:
    """The members of the group against the workers that answer; None: these are not known."""
    if isinstance(seen, Failed):
        return unchecked(MEMBERS, seen.why)
    if not seen.members:
        return wrong(MEMBERS, f"no member, {seen.state}", "Start a worker: deskpulse worker")
    told = f"{counted(len(seen.members), 'member')} ({seen.state})"
    if answering is None:
        return unchecked(MEMBERS, f"{told}; which workers there are is not known")
    told += f", workers that answer: {answering}"
    if seen.state != _SETTLED:
        return warning(MEMBERS, told, "Partitions are being shared: look again in a few seconds")
    if len(seen.members) > answering:
        return wrong(
            MEMBERS, told, "A member that no worker answers for is dead or not reached: see workers; --worker names one"
        )
    if len(seen.members) < answering:
        return warning(MEMBERS, told, "A worker that is no member has no partitions: its /readyz says why")
    return ok(MEMBERS, told)
