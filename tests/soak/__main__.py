"""`make soak RUNS=n SEED=s`: that many runs, from this seed on; ends with 1 if any number was wrong.

Every other seed runs on Apache Kafka; where Java is missing, that is said and these run on the embedded broker too.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stream.rim.embedded import EmbeddedProcess
from stream.rim.log import log_quietly
from tests.kafka_from_jars import ApacheKafka
from tests.soak.runs import broker_of, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    log_quietly()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="deskpulse-soak-") as folder, brokers(Path(folder)) as addresses:
        for seed in range(asked.seed, asked.seed + asked.runs):
            broker = broker_of(seed) if broker_of(seed) in addresses else "embedded"
            is_right, line = told(seed, broker, addresses[broker], Path(folder))
            failed += not is_right
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 1 if failed else 0


def told(seed: int, broker: str, address: str, folder: Path) -> tuple[bool, str]:
    """Whether the run was right, and its line; one that comes to no end of its own is wrong, and the next may begin."""
    try:
        outcome = asyncio.run(run(seed, broker, address, folder))
    except Exception as error:  # noqa: BLE001 (whatever it is, it belongs into the line)
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        return False, f"seed {seed}: {broker}, failed: {' '.join(str(error).split())}"
    return not outcome.found, str(outcome)


@contextmanager
def brokers(folder: Path) -> Iterator[dict[str, str]]:
    """The addresses of those that can run here."""
    with ExitStack() as opened:
        embedded = EmbeddedProcess()
        embedded.start()
        opened.callback(embedded.stop)
        addresses = {"embedded": embedded.address}
        if shutil.which("java") and shutil.which("mvn"):
            kafka = ApacheKafka(folder)
            kafka.start()
            opened.callback(kafka.stop)
            addresses["apache"] = kafka.address
        else:
            sys.stderr.write("missing: java or mvn: every run is on the embedded broker\n")
        yield addresses


if __name__ == "__main__":
    sys.exit(main())
