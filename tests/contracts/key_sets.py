"""The smallest core that shows what a rim must keep: for each key, the set of values that were seen.

Its state is a JSON list per key. The value `bad` is refused; `boom` raises, as only a fault of the core would.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence

from stream.records import Applied, Reason, Records, Refused
from stream.rim.log import log_quietly
from stream.rim.settings import Hooks, RimSettings
from stream.rim.worker import create_rim, run_until_signal

EXPIRED = "expired"


class KeySets:
    """One partition: key to values, and the batches that came."""

    def __init__(self) -> None:
        self.values: dict[bytes, set[str]] = {}
        self.batches: list[Records] = []
        self.restored = 0

    def apply(self, records: Records, now: int) -> Applied:
        self.batches.append(records)
        changed: dict[bytes, bytes] = {}
        refused = []
        for index, (key, value) in enumerate(zip(records.keys, records.values, strict=True)):
            if value == b"boom":
                raise RuntimeError("the core is at fault")
            if key is None or value is None or value == b"bad":
                refused.append(Refused(index, Reason.NOT_JSON, f"{value!r} is bad"))
                continue
            known = self.values.setdefault(key, set())
            known.add(value.decode())
            changed[key] = json.dumps(sorted(known)).encode()
        return Applied(list(changed.items()), refused)

    def restore(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        self.restored += len(keys)
        for key, value in zip(keys, values, strict=True):
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = set(json.loads(value))

    def expire(self, now: int) -> list[bytes]:
        gone = [key for key, values in self.values.items() if EXPIRED in values]
        for key in gone:
            del self.values[key]
        return gone


class SlowKeySets(KeySets):
    """Takes its time, so that a kill or a stop finds it in the middle."""

    def apply(self, records: Records, now: int) -> Applied:
        time.sleep(0.02)
        return super().apply(records, now)


class AllKeySets:
    """The partitions of one worker."""

    def __init__(self, kind: type[KeySets] = KeySets) -> None:
        self.kind = kind
        self.parts: dict[int, KeySets] = {}
        self.dropped: list[int] = []

    def open(self, partition: int) -> KeySets:
        self.parts[partition] = self.kind()
        return self.parts[partition]

    def drop(self, partition: int) -> None:
        self.dropped.append(partition)
        del self.parts[partition]

    def values(self) -> dict[bytes, set[str]]:
        return {key: values for part in self.parts.values() for key, values in part.values.items()}


async def work(settings: RimSettings) -> None:
    def report(records: Records, _applied: Applied) -> None:
        sys.stdout.write(f"{records.topic} {records.partition} {records.offsets[-1]}\n")
        sys.stdout.flush()

    await run_until_signal(create_rim(settings, AllKeySets(SlowKeySets), Hooks(on_applied=report)))


def main(broker: str, app_id: str, prefix: str, session: str, max_ratio: str) -> None:
    """A worker as a process of its own; prints a line per batch."""
    log_quietly()
    settings = RimSettings(
        brokers=(broker,),
        app_id=app_id,
        topic_prefix=prefix,
        partitions=4,
        replication=1,
        session_timeout=float(session),
        dead_letters_max_ratio=float(max_ratio),
        dead_letters_over=100,
        commit_interval=0.2,
        batch_records=50,
    )
    asyncio.run(work(settings))


if __name__ == "__main__":
    main(*sys.argv[1:])
