"""The private parts of Faust and aiokafka that `stream/rim/seams.py` builds on are as they were when it was written.

These fail on another release, and name what changed: read the new source of that part, then decide whether the seam
still holds, and only then write the new digest here.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import TopicPartitionState
from faust.serializers.schemas import Schema
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP

from stream.rim import batches, seams
from tests.contracts.rim_drivers import record

OVERRIDDEN: list[tuple[type, type]] = [
    (seams.BatchConsumer, driver.Consumer),
    (seams.ConsumerThread, driver.AIOKafkaConsumerThread),
    (seams.BatchTransport, driver.Transport),
    (batches.BatchScheduler, DefaultSchedulingStrategy),
    (batches.BatchSchema, Schema),
    (seams.PromptTableManager, TableManager),
    (seams.ChangelogTable, faust.Table),
]
#: Names of ours that have no counterpart in Faust.
OURS = {"wake", "positions", "watermarks", "commits", "_wanted", "_idle", "_note", "_tracker", "_states", "_packed"}

#: SHA-256, shortened, of the source that a seam replaces or counts on.
SOURCES = {
    "faust.transport.consumer:Consumer.getmany": "4b168d84882a",
    "faust.transport.consumer:Consumer._wait_next_records": "6218e1969a63",
    "faust.transport.consumer:Consumer._drain_messages": "44a2500309e8",
    "faust.transport.consumer:Consumer.perform_seek": "0e8c130ff4b0",
    "faust.transport.consumer:Consumer.resume_partitions": "afe6b7c02a41",
    "faust.transport.consumer:Consumer.force_commit": "cc094614d22c",
    "faust.transport.consumer:Consumer._commit_tps": "a20e230b05ae",
    "faust.transport.consumer:Consumer._commit_offsets": "1a6979904118",
    "faust.transport.consumer:Consumer._filter_tps_with_pending_acks": "f6f923977423",
    "faust.transport.consumer:Consumer._filter_committable_offsets": "dc5e9baf5d99",
    "faust.transport.consumer:Consumer._should_commit": "5ce941793947",
    "faust.transport.consumer:Consumer._new_offset": "1d2c7ea89a7a",
    "faust.transport.consumer:Consumer._add_gap": "4df2573ded7c",
    "faust.transport.consumer:Consumer.on_partitions_revoked": "d04b7ae72c6f",
    "faust.transport.consumer:Consumer.on_partitions_assigned": "29ce96596f05",
    "faust.transport.consumer:Consumer.on_stop": "45b1d2210ce2",
    "faust.transport.drivers.aiokafka:Consumer._to_message": "7c24f6511b2f",
    "faust.transport.drivers.aiokafka:Consumer._new_consumer_thread": "0870ec53dea7",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._create_worker_consumer": "c2701bfc3e6f",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.getmany": "26fc5fc9f3b6",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._fetch_records": "39a2c6c79fc1",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._commit": "932852ce7a23",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.seek_to_committed": "775ab0adc4b0",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._seek_wait": "9d221e816d94",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._highwaters": "a7f4f97d9f32",
    "faust.tables.recovery:Recovery.on_rebalance": "aa4d997a1795",
    "faust.tables.recovery:Recovery._add": "1584a197b11b",
    "faust.tables.recovery:Recovery._restart_recovery": "6bd8a8558a2d",
    "faust.tables.recovery:Recovery._slurp_changelogs": "7825c7e50f76",
    "faust.tables.recovery:Recovery.on_recovery_completed": "6ef567acf072",
    "faust.tables.recovery:Recovery._build_highwaters": "91b4cc0d3724",
    "faust.tables.recovery:Recovery._build_offsets": "27eec86be06c",
    "faust.tables.recovery:Recovery._seek_offsets": "19598ca63d94",
    "faust.tables.recovery:Recovery.flush_buffers": "6fa9c17f1071",
    "faust.tables.recovery:Recovery.active_remaining": "0dcc38568ad5",
    "faust.tables.manager:TableManager.on_start": "365dd25fbc0e",
    "faust.tables.manager:TableManager.on_actives_ready": "274c07e80913",
    "faust.tables.manager:TableManager.on_rebalance": "2d2c23a07bf5",
    "faust.tables.manager:TableManager._update_channels": "88e3941facc9",
    "faust.tables.base:Collection.on_start": "daddcc354ad0",
    "faust.tables.base:Collection.persisted_offset": "d473d3ab3fd6",
    "faust.tables.base:Collection.on_rebalance": "0812ad692171",
    "faust.tables.base:Collection.on_recovery_completed": "b1526fb39ea0",
    "faust.tables.base:Collection.apply_changelog_batch": "b980a78d3ae9",
    "faust.serializers.schemas:Schema.compile": "d46eec5ce319",
    "faust.streams:Stream.noack": "921a6f5c674d",
    "faust.streams:Stream.events": "c62f4dd3a73f",
    "faust.app.base:App._on_partitions_revoked": "d5c895bbe57d",
    "faust.app.base:App._on_partitions_assigned": "de932b7927db",
    "faust.app.base:App._stop_consumer": "55854a5de12c",
    "aiokafka.consumer.fetcher:PartitionRecords._unpack_records": "b803e6d46480",
    "aiokafka.consumer.fetcher:PartitionRecords._consumer_record": "e668541600b0",
    "aiokafka.consumer.fetcher:FetchResult.getall": "3e717e30de50",
    "aiokafka.consumer.group_coordinator:GroupCoordinator.check_errors": "ba6ca51ad348",
    "aiokafka.consumer.group_coordinator:GroupCoordinator._push_error_to_user": "743ff515bd7e",
    "faust.transport.conductor:Conductor._update_indices": "619b3247b96a",
}


def source_of(path: str) -> Callable[..., Any]:
    module, _, names = path.partition(":")
    found: Any = import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    unwrapped: Callable[..., Any] = inspect.unwrap(getattr(found, "fun", found))  # mode wraps tasks in an object
    return unwrapped


@pytest.mark.parametrize(("path", "digest"), SOURCES.items())
def test_the_source_that_a_seam_counts_on_is_unchanged(path: str, digest: str) -> None:
    source = inspect.getsource(source_of(path))
    assert hashlib.sha256(source.encode()).hexdigest()[:12] == digest, f"{path} changed: is its seam still right?"


@pytest.mark.parametrize(("ours", "stock"), OVERRIDDEN, ids=lambda kind: kind.__name__)
def test_every_override_takes_the_arguments_of_what_it_overrides(ours: type, stock: type) -> None:
    methods = [name for name, value in vars(ours).items() if inspect.isfunction(value) and name not in OURS]
    for name in methods:
        if name == "__init__":
            continue
        assert hasattr(stock, name), f"{stock.__name__}.{name} is gone: {ours.__name__} overrides nothing"
        mine, theirs = (list(inspect.signature(getattr(kind, name)).parameters) for kind in (ours, stock))
        assert mine == theirs or "_callbacks" in mine, f"{stock.__name__}.{name} takes {theirs}"


def test_the_pinned_release_is_installed() -> None:
    seams.check_versions()
    assert version("faust-streaming") == seams.FAUST


def test_another_release_is_refused_with_both_versions_named() -> None:
    with pytest.raises(
        seams.UnsupportedFaustError, match=r"faust-streaming 0\.16\.0 .* install faust-streaming==0\.15\.3"
    ):
        seams.check_versions("0.16.0")


def test_aiokafka_still_has_the_fields_that_the_seams_read() -> None:
    assert "_fetch_max_wait_ms" in inspect.getsource(AIOKafkaConsumer.__init__)
    assert "self._isolation_level = isolation_level" in inspect.getsource(AIOKafkaConsumer.__init__)
    assert "self._subscription" in inspect.getsource(AIOKafkaConsumer.__init__)
    assert "tp_state.highwater = highwater" in inspect.getsource(Fetcher)
    assert list(inspect.signature(GroupCoordinator.fetch_committed_offsets).parameters) == ["self", "partitions"]
    assert {"position", "has_valid_position"} <= set(vars(TopicPartitionState))
    assert list(inspect.signature(AIOKafkaProducer.send_batch).parameters) == ["self", "batch", "topic", "partition"]


def test_batches_come_in_rounds_over_the_partitions_and_other_topics_record_by_record() -> None:
    one, two, other = TP("events", 0), TP("events", 1), TP("internal", 0)
    fetched = {
        one: [record(one, offset) for offset in (0, 1, 2, 5)],
        two: [record(two, 7)],
        other: [record(other, 3), record(other, 4)],
    }
    found = list(batches.BatchScheduler(frozenset({"events"}), 3).iterate(fetched))
    in_order = [(tp, batch.offsets) for tp, batch in found if tp.topic == "events"]
    assert in_order == [(one, [0, 1, 2]), (two, [7]), (one, [5])]
    assert [single.offset for tp, single in found if tp == other] == [3, 4]


def test_a_batch_has_keys_values_and_times_of_its_records_in_their_order() -> None:
    tp = TP("events", 1)
    batch = batches.pack(tp, [record(tp, 4, b"a", b"1"), record(tp, 6, None, None)])
    assert (batch.topic, batch.partition, batch.offsets) == ("events", 1, [4, 6])
    assert (batch.keys, batch.values, batch.timestamps_ms) == ([b"a", None], [b"1", None], [1004, 1006])
