"""The same job as idiomatic Quix Streams does it: RocksDB state with a changelog, one `state.set` an event.

Six topics have to be concatenated to share their state, which reads them aligned by time; so it is measured on one
topic that holds all events, too. Checkpoints every 5 seconds, its default. The state is written as its bytes.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from quixstreams import Application, State, message_context
from quixstreams.dataframe import StreamingDataFrame
from quixstreams.models import TopicConfig
from quixstreams.state.rocksdb.options import RocksDBOptions
from quixstreams.utils.json import dumps

from bench.floor_log import PARTITIONS, settle, tickets
from bench.rows import Stopwatch
from stream.records import Records
from stream.tickets import HISTORY_KEY


def seconds(address: str, name: str, events: int, topics: Sequence[str]) -> tuple[float, float]:
    """From the first event's arrival to the last one's write to the state."""
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=address,
            consumer_group=name,
            auto_offset_reset="earliest",
            state_dir=folder,
            rocksdb_options=RocksDBOptions(dumps=_as_it_is, loads=bytes),
            loglevel=None,
        )
        job = _Job()
        same = TopicConfig(num_partitions=PARTITIONS, replication_factor=1)
        frames = [
            app.dataframe(app.topic(topic, key_deserializer="bytes", value_deserializer="bytes", config=same))
            for topic in topics
        ]
        functools.reduce(StreamingDataFrame.concat, frames).update(job.apply, stateful=True, metadata=True)
        app.run(count=events, collect=False)
        job.settle()
        return job.watch.took()


class _Job:
    def __init__(self) -> None:
        self.watch = Stopwatch()
        self._tickets = tickets()

    def apply(self, value: bytes, key: bytes, _timestamp: int, _headers: Any, state: State) -> None:
        self.watch.first()
        place = message_context()
        partition = self._tickets.partitions.get(place.partition) or self._tickets.open(place.partition)
        one = Records(place.topic, place.partition, [place.offset], [0], [key], [value])
        for own, ticket in partition.apply(one, time.time_ns()).changed:
            if own != HISTORY_KEY:
                state.set("ticket", ticket)
        self.watch.last()

    def settle(self) -> None:
        settle(self._tickets)
        self.watch.last()


def _as_it_is(value: Any) -> bytes:
    return value if isinstance(value, bytes) else dumps(value)
