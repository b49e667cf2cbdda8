"""What a rim promises on every broker: order, nothing committed before it is kept, nothing lost or read twice."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from itertools import chain
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.errors import InvalidTimestampError

from stream.records import Applied, Records
from stream.rim import agents, changelog, seams
from stream.rim.preflight import PreflightError, create_topics, preflight
from stream.rim.settings import Hooks, RimSettings
from tests.contracts.key_sets import EXPIRED, AllKeySets
from tests.contracts.rim_drivers import (
    READY_SECONDS,
    Fatal,
    WorkerProcess,
    administrator,
    changelog_sets,
    committed,
    ends,
    many,
    prepared,
    read_all,
    running,
    send,
    sets_of,
    until,
)

SESSION_SECONDS = {"embedded": 2.0, "apache": 6.0}  # Apache Kafka takes none under 6 s


@pytest.fixture(params=["embedded", "apache"])
def settings(request: pytest.FixtureRequest, topic: str, tmp_path: Path) -> RimSettings:
    """Topics of the test's own, on each broker in turn."""
    broker = request.getfixturevalue({"embedded": "embedded_broker", "apache": "apache_kafka"}[request.param])
    return RimSettings(
        brokers=(broker,),
        app_id=topic,
        topic_prefix=f"{topic}-",
        partitions=4,
        replication=1,
        session_timeout=SESSION_SECONDS[request.param],
        commit_interval=0.2,
        batch_records=50,
    )


apache_only = pytest.mark.parametrize("settings", ["apache"], indirect=True)


class TestReading:
    async def test_every_record_comes_once_and_in_its_partitions_order(self, settings: RimSettings) -> None:
        sent = many(settings, 3_000)
        settings = await prepared(settings, sent)
        core = AllKeySets()
        async with running(settings, core):
            came: dict[tuple[str, int], list[int]] = {}
            for batch in chain.from_iterable(part.batches for part in core.parts.values()):
                came.setdefault((batch.topic, batch.partition), []).extend(batch.offsets)
        assert {tp: offsets[-1] + 1 for tp, offsets in came.items()} == await ends(settings, settings.event_topics)
        assert all(offsets == list(range(len(offsets))) for offsets in came.values())
        assert core.parts == {}, "a worker that left holds no partition"

    async def test_a_record_sent_to_a_running_worker_is_applied(self, settings: RimSettings) -> None:
        settings = await prepared(settings)
        core = AllKeySets()
        async with running(settings, core) as rim:
            await send(settings, [(settings.event_topics[0], b"T-1", b"late")])
            await until(lambda: core.values() == {b"T-1": {"late"}}, rim)

    async def test_a_key_in_the_wrong_partition_is_counted_and_applied(self, settings: RimSettings) -> None:
        settings = await prepared(settings)
        wrong = (agents.partition_of(b"T-1", settings.partitions) + 1) % settings.partitions
        async with AIOKafkaProducer(bootstrap_servers=list(settings.brokers)) as producer:
            await producer.send_and_wait(settings.event_topics[0], b"v", key=b"T-1", partition=wrong)
        core = AllKeySets()
        async with running(settings, core) as rim:
            assert rim.counts.misrouted == 1
            assert core.parts[wrong].values == {b"T-1": {"v"}}

    async def test_more_records_than_wait_at_once_all_come(
        self, settings: RimSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(seams, "WAITING_MAX", 2)
        sent = many(settings, 2_000)
        settings = await prepared(settings, sent, batch_records=7)
        core = AllKeySets()
        async with running(settings, core):
            assert core.values() == sets_of(sent)


class TestKeeping:
    async def test_an_offset_is_committed_only_after_its_states_are_acknowledged(
        self, settings: RimSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = await prepared(settings, [(settings.event_topics[0], b"T-1", b"v")])
        appended, may_return = asyncio.Event(), asyncio.Event()
        append = changelog.append

        async def held_back(*args: object) -> int:
            last = await append(*args)  # type: ignore[arg-type]
            appended.set()
            await may_return.wait()
            return last

        monkeypatch.setattr(changelog, "append", held_back)
        async with running(settings, AllKeySets(), ready=False) as rim:
            await asyncio.wait_for(appended.wait(), READY_SECONDS)
            await seams.consumer(rim.app).force_commit()
            assert await committed(settings) == {}
            may_return.set()
            await asyncio.wait_for(rim.readiness.wait_ready(), READY_SECONDS)
            await seams.consumer(rim.app).force_commit()
            assert list((await committed(settings)).values()) == [1]

    async def test_each_changed_key_reaches_the_changelog_of_its_own_partition(self, settings: RimSettings) -> None:
        sent = many(settings, 500)
        settings = await prepared(settings, sent)
        core = AllKeySets()
        async with running(settings, core):
            kept = {(number, key) for number, part in core.parts.items() for key in part.values}
        assert await changelog_sets(settings) == sets_of(sent)
        assert {(record.partition, record.key) for record in await read_all(settings, settings.changelog)} == kept

    async def test_a_restarted_worker_has_its_state_and_reads_no_committed_record_again(
        self, settings: RimSettings
    ) -> None:
        sent = many(settings, 1_000)
        settings = await prepared(settings, sent)
        async with running(settings, AllKeySets()):
            pass
        kept = await read_all(settings, settings.changelog)
        core = AllKeySets()
        async with running(settings, core) as rim:
            assert core.values() == sets_of(sent)
            assert [part.batches for part in core.parts.values()] == [[]] * settings.partitions
            assert sum(part.restored for part in core.parts.values()) == len(kept)
            assert rim.counts.recovered_records == len(kept)

    async def test_a_state_too_large_for_a_batch_is_kept_too(self, settings: RimSettings) -> None:
        large = b"x" * 880_000
        sent = [(settings.event_topics[0], b"T-1", b"small"), (settings.event_topics[0], b"T-2", large)]
        settings = await prepared(settings, sent[:1])
        async with AIOKafkaProducer(bootstrap_servers=list(settings.brokers), max_request_size=1_000_000) as producer:
            await producer.send_and_wait(settings.event_topics[0], large, key=b"T-2")
        async with running(settings, AllKeySets()):
            pass
        core = AllKeySets()
        async with running(settings, core):
            assert core.values() == sets_of(sent)

    async def test_what_expires_is_gone_after_a_restart_too(self, settings: RimSettings) -> None:
        sent = many(settings, 100)
        old = [(settings.event_topics[0], b"T-%d" % number, EXPIRED.encode()) for number in (3, 7)]
        settings = await prepared(settings, [*sent, *old], expiry_interval=0.1)
        left = {key: values for key, values in sets_of(sent).items() if key not in {b"T-3", b"T-7"}}
        async with running(settings, AllKeySets()) as rim:
            await until(lambda: rim.counts.tombstones == 2, rim)
        core = AllKeySets()
        async with running(msgspec.structs.replace(settings, expiry_interval=3_600.0), core):
            assert core.values() == left


class TestRefusing:
    async def test_a_bad_record_becomes_a_dead_letter_with_its_key_value_and_place(self, settings: RimSettings) -> None:
        topic = settings.event_topics[1]
        settings = await prepared(
            settings, [(topic, b"T-1", b"good"), (topic, b"T-1", b"bad")], dead_letters_max_ratio=None
        )
        core = AllKeySets()
        async with running(settings, core) as rim:
            assert core.values() == {b"T-1": {"good"}}
            assert rim.counts.dead_letters == {(topic, "not_json"): 1}
        [letter] = await read_all(settings, settings.dead_letters)
        headers = dict(letter.headers)
        assert (letter.key, letter.value) == (b"T-1", b"bad")
        assert headers.pop("detail") == b"b'bad' is bad"
        partition = agents.partition_of(b"T-1", settings.partitions)
        place = {"topic": topic.encode(), "partition": b"%d" % partition, "offset": b"1"}
        assert headers == {"reason": b"not_json", **place}

    async def test_a_record_without_key_and_value_becomes_a_dead_letter_without_them(
        self, settings: RimSettings
    ) -> None:
        settings = await prepared(settings, [(settings.event_topics[0], b"T-1", None)], dead_letters_max_ratio=None)
        async with running(settings, AllKeySets()):
            pass
        [letter] = await read_all(settings, settings.dead_letters)
        assert (letter.key, letter.value) == (b"T-1", None)

    async def test_too_many_bad_records_stop_the_worker_with_code_1_and_say_why(self, settings: RimSettings) -> None:
        bad = [(settings.event_topics[0], b"T-1", b"bad")] * 300
        settings = await prepared(settings, bad, dead_letters_max_ratio=0.5)
        async with WorkerProcess(settings) as worker:
            code, last_line = await worker.end(None)
        assert code == 1
        assert last_line == (
            "deskpulse worker: stopped: 100 of the last 100 records were refused (100%, the limit is 50%), "
            "most often for not_json (100)"
        )


class TestFaults:
    async def test_a_fault_of_the_core_ends_the_worker_with_the_record_unread(self, settings: RimSettings) -> None:
        settings = await prepared(settings, [(settings.event_topics[0], b"T-1", b"boom")])
        fatal = Fatal()
        async with running(settings, AllKeySets(), Hooks(on_fatal=fatal), ready=False):
            await asyncio.wait_for(fatal.called.wait(), READY_SECONDS)
        assert fatal.why is not None
        assert "the core is at fault" in fatal.why
        assert await committed(settings) == {}

    @apache_only  # the embedded broker takes records of any size
    async def test_a_refused_changelog_append_ends_the_worker_with_the_record_unread(
        self, settings: RimSettings
    ) -> None:
        settings = await prepared(settings)
        async with AIOKafkaProducer(bootstrap_servers=list(settings.brokers), max_request_size=1_000_000) as producer:
            await producer.send_and_wait(settings.event_topics[0], b"x" * 900_000, key=b"T-1")
            await producer.send_and_wait(settings.event_topics[1], b"y" * 900_000, key=b"T-1")
        fatal = Fatal()
        async with running(settings, AllKeySets(), Hooks(on_fatal=fatal), ready=False) as rim:
            await asyncio.wait_for(fatal.called.wait(), READY_SECONDS)
            assert rim.readiness.caught_up is False
        assert fatal.why is not None
        assert fatal.why.startswith(f"the changelog {settings.changelog} ")
        assert sum((await committed(settings)).values()) < 2

    @apache_only  # the embedded broker judges no timestamps; nor does it have a second worker
    async def test_an_append_that_was_held_up_for_half_a_session_is_refused(self, settings: RimSettings) -> None:
        settings = await prepared(settings)
        now_ms = time.time_ns() // 1_000_000
        async with AIOKafkaProducer(bootstrap_servers=list(settings.brokers)) as producer:
            assert await changelog.append(producer, settings.changelog, 0, [(b"T-1", b"[]")], now_ms - 1_000) == 0
            with pytest.raises(InvalidTimestampError):
                await changelog.append(producer, settings.changelog, 0, [(b"T-1", b"[]")], now_ms - 4_000)

    async def test_a_fault_while_restoring_ends_the_worker(
        self, settings: RimSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = await prepared(settings, many(settings, 100))
        async with running(settings, AllKeySets()):
            pass
        monkeypatch.setattr("tests.contracts.key_sets.json.loads", {}.__getitem__)
        fatal = Fatal()
        async with running(settings, AllKeySets(), Hooks(on_fatal=fatal), ready=False):
            await asyncio.wait_for(fatal.called.wait(), READY_SECONDS)
        assert fatal.why is not None
        assert fatal.why.startswith("restoring partition ")

    async def test_a_recovery_past_its_deadline_ends_the_worker(
        self, settings: RimSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = await prepared(settings, many(settings, 100), recovery_deadline=1.0)
        async with running(settings, AllKeySets()):
            pass
        monkeypatch.setattr(seams, "WAITING_MAX", 0)  # nothing is fetched
        fatal = Fatal()
        async with running(settings, AllKeySets(), Hooks(on_fatal=fatal), ready=False):
            await asyncio.wait_for(fatal.called.wait(), READY_SECONDS)
        assert fatal.why is not None
        assert fatal.why.startswith("the recovery is not done after 1 s: recovering partition ")

    async def test_killed_workers_leave_the_same_state_as_one_that_was_not(self, settings: RimSettings) -> None:
        sent = many(settings, 2_000)
        settings = await prepared(settings, sent)
        for _ in range(2):
            async with WorkerProcess(settings) as worker:
                await worker.batches(8)
                assert (await worker.end(signal.SIGKILL))[0] == -signal.SIGKILL
        core = AllKeySets()
        async with running(settings, core):
            assert core.values() == sets_of(sent)
        assert await changelog_sets(settings) == sets_of(sent)


class TestStopping:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_a_signal_ends_the_worker_with_code_0_and_all_it_applied_committed(
        self, settings: RimSettings, number: signal.Signals
    ) -> None:
        settings = await prepared(settings, many(settings, 3_000))
        async with WorkerProcess(settings) as worker:
            first = await worker.batches(5)
            worker.process.send_signal(number)
            out, errors = await asyncio.wait_for(worker.process.communicate(), 10)
            assert (worker.process.returncode, errors) == (0, b"")
        reached = Counter[tuple[str, int]]()
        for line in [*first, *out.decode().splitlines()]:
            topic, partition, last = line.split()
            reached[topic, int(partition)] = int(last) + 1
        assert await committed(settings) == reached
        assert sum(reached.values()) < 3_000, "the signal came too late to find the worker at work"


class TestHoles:
    @apache_only
    async def test_offsets_are_committed_past_the_holes_of_transactions(self, settings: RimSettings) -> None:
        settings = await prepared(settings)
        producer = AIOKafkaProducer(bootstrap_servers=list(settings.brokers), transactional_id=settings.app_id)
        async with producer:
            for number in range(20):
                async with producer.transaction():
                    await producer.send_and_wait(settings.event_topics[0], b"v%d" % number, key=b"T-1")
        core = AllKeySets()
        async with running(settings, core):
            assert len(core.values()[b"T-1"]) == 20
        end = await ends(settings, settings.event_topics)
        assert list(end.values()) == [40], "twenty records, each with its transaction's marker"
        assert await committed(settings) == end


class TestGroups:
    async def test_two_workers_share_the_partitions_and_one_takes_over_what_the_other_leaves(
        self, settings: RimSettings
    ) -> None:
        sent = many(settings, 600)
        settings = await prepared(settings, sent[:200])
        one, two = AllKeySets(), AllKeySets()
        async with running(settings, one) as first:
            async with running(settings, two, ready=False) as second:
                await until(lambda: second.readiness.caught_up and len(second.ownership) > 0, second)
                await until(lambda: first.readiness.caught_up and len(first.ownership) < 4, first)
                assert sorted([*one.parts, *two.parts]) == [0, 1, 2, 3]
                await send(settings, sent[200:400])
                await until(lambda: {**one.values(), **two.values()} == sets_of(sent[:400]), first)
            await until(lambda: first.readiness.caught_up and len(first.ownership) == 4, first)
            assert one.values() == sets_of(sent[:400])
            await send(settings, sent[400:])
            await until(lambda: one.values() == sets_of(sent), first)
        assert await changelog_sets(settings) == sets_of(sent)

    async def test_a_partition_that_stays_is_not_recovered_again(self, settings: RimSettings) -> None:
        settings = await prepared(settings, many(settings, 400))
        one = AllKeySets()
        async with running(settings, one) as first:
            before = dict(one.parts)
            async with running(settings, AllKeySets(), ready=False):
                await until(lambda: first.readiness.caught_up and len(first.ownership) < 4, first)
                assert one.parts.items() <= before.items()
                assert first.counts.recovered_records == 0

    @apache_only
    async def test_a_static_member_that_comes_back_goes_on_where_it_was(self, settings: RimSettings) -> None:
        sent = many(settings, 400)
        settings = await prepared(settings, sent[:200], instance_id="worker-1")
        async with running(settings, AllKeySets()):
            pass
        await send(settings, sent[200:])
        core = AllKeySets()
        async with running(settings, core):
            assert core.values() == sets_of(sent)
            assert sum(len(batch.offsets) for part in core.parts.values() for batch in part.batches) == 200


class TestPreflight:
    async def test_created_topics_pass_and_their_own_count_wins(self, settings: RimSettings) -> None:
        await create_topics(settings)
        assert await preflight(msgspec.structs.replace(settings, partitions=9)) == 4

    async def test_missing_topics_are_named_with_the_command_that_creates_them(self, settings: RimSettings) -> None:
        with pytest.raises(PreflightError) as error:
            await preflight(settings)
        assert all(topic in str(error.value) for topic in settings.all_topics)
        assert str(error.value).endswith("Run: deskpulse topics create")

    async def test_a_topic_with_another_partition_count_is_named(self, settings: RimSettings) -> None:
        odd = settings.event_topics[2]
        async with administrator(settings) as client:
            await client.create_topics([NewTopic(odd, 3, 1)])
        await create_topics(settings)
        with pytest.raises(PreflightError, match=f"{odd}: has 3 partitions, the first event topic has 4"):
            await preflight(settings)

    async def test_creating_topics_again_changes_nothing(self, settings: RimSettings) -> None:
        assert sorted(await create_topics(settings)) == sorted(settings.all_topics)
        assert await create_topics(settings) == []


class TestHooks:
    async def test_the_hook_is_told_of_each_batch_after_it_is_kept(self, settings: RimSettings) -> None:
        settings = await prepared(settings, many(settings, 300))
        told: list[tuple[Records, Applied]] = []
        core = AllKeySets()
        async with running(settings, core, Hooks(on_applied=lambda *both: told.append(both), on_fatal=Fatal())) as rim:
            assert sum(len(records.offsets) for records, _ in told) == 300
            assert rim.counts.records == Counter(dict.fromkeys(settings.event_topics, 50))
            assert rim.counts.changelog_records == sum(len(applied.changed) for _, applied in told)
