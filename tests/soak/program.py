"""The worker as a process of its own, on topics of one run; it tells of every failpoint it passes, one line each.

Everything but its names, its session and its small batches is as `deskpulse worker` wires it.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

import msgspec

from deskpulse.commands.worker import stop_on_signals
from deskpulse.configuration.loading import load_configuration
from deskpulse.worker import Setting, Worker
from stream.rim.failpoints import Failpoint, mine, pass_by
from stream.rim.log import log_quietly

BATCH_RECORDS = 50
#: So often that a kill finds commits on their way, and offsets committed too early would be found out.
COMMIT_SECONDS = 0.002


class Announced:
    """Says `NAME N` at the n-th passing of a point, before it does what is to be done there."""

    def __init__(self, failpoint: str) -> None:
        self._passings = Counter[Failpoint]()
        self._then = mine(failpoint) if failpoint else pass_by

    def __call__(self, point: Failpoint) -> None:
        self._passings[point] += 1
        sys.stdout.write(f"{point} {self._passings[point]}\n")
        sys.stdout.flush()
        self._then(point)


async def work(worker: Worker) -> None:
    stop = stop_on_signals()
    async with worker.serving() as url:
        sys.stderr.write(f"soak worker: {url}/metrics\n")
        await worker.run(stop)
    sys.stderr.write("soak worker: stopped cleanly\n")


def main(configuration_file: str, prefix: str, session: str, instance_id: str, failpoint: str) -> None:
    """The prefix makes group, changelog and topics those of one run; no instance id: a dynamic member."""
    log_quietly()
    configuration = load_configuration(Path(configuration_file), {"DESKPULSE_WORKER_PORT": "0"})
    setting = Setting(
        brokers=configuration.broker.url,
        app_id=f"{prefix}deskpulse",
        topic_prefix=prefix,
        passes=Announced(failpoint),
    )
    worker = Worker(configuration, setting)
    worker.rim_settings = msgspec.structs.replace(
        worker.rim_settings,
        session_timeout=float(session),
        instance_id=instance_id or None,
        batch_records=BATCH_RECORDS,
        commit_interval=COMMIT_SECONDS,
    )
    asyncio.run(work(worker))


if __name__ == "__main__":
    main(*sys.argv[1:])
