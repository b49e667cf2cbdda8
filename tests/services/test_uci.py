"""A real help desk's log through import and replay: whatever its order, the same bytes, and the oracle's numbers."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.compare import differences
from tests.oracle.instants import instant
from tests.oracle.snapshot import snapshot
from tests.processes import run

ROOT = Path(__file__).parents[2]
LOG = ROOT.parent / "shared" / "data" / "incident_event_log.zip"
#: In the middle of the log's busiest weeks; at its end every window but the longest is empty.
AT = "2016-06-01T12:00:00Z"

pytestmark = [
    pytest.mark.skipif(not LOG.exists(), reason=f"the real log is not here: {LOG.name} in ../shared/data"),
    pytest.mark.timeout(600),
]

ORDERS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "as in the file": lambda lines: lines,
    "reversed": lambda lines: lines[::-1],
    "shuffled with duplicates": lambda lines: random.Random(16).sample([*lines, *lines[::5]], k=len(lines) * 6 // 5),
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The events that `deskpulse import` makes of the log."""
    folder = tmp_path_factory.mktemp("uci")
    with zipfile.ZipFile(LOG) as archive:
        table = archive.extract("incident_event_log/incident_event_log.csv", folder)
    done = run("import", "--map", ROOT / "maps" / "uci-incidents.toml", table)
    assert done.code == 0
    assert done.err.splitlines()[-1].endswith("events, 0 rows skipped")
    return done.out.splitlines(keepends=True)


@pytest.fixture(scope="module")
def replayed(lines: list[bytes]) -> dict[str, bytes]:
    """What is printed for each order."""
    printed = {}
    for name, order in ORDERS.items():
        done = run("replay", "-", "--now", AT, stdin=b"".join(order(lines)))
        assert (done.code, done.err) == (0, "")
        printed[name] = done.out
    return printed


@pytest.fixture(scope="module")
def expected(lines: list[bytes]) -> dict[str, Any]:
    return snapshot(map(json.loads, lines), instant(AT))


def test_the_numbers_are_the_oracles(replayed: dict[str, bytes], expected: dict[str, Any]) -> None:
    assert expected["all"]["windows"]["30d"]["created"] > 1_000, "an empty floor proves nothing"
    assert differences(json.loads(replayed["as in the file"]), expected) == []


@pytest.mark.parametrize("order", ["reversed", "shuffled with duplicates"])
def test_another_order_gives_the_same_bytes(order: str, replayed: dict[str, bytes]) -> None:
    assert replayed[order] == replayed["as in the file"]


def test_apache_kafka_gives_the_same_bytes(
    apache_kafka: str, lines: list[bytes], replayed: dict[str, bytes], tmp_path: Path
) -> None:
    file = tmp_path / "one-copy.toml"
    file.write_text("[broker]\nreplication = 1\n", encoding="utf-8")
    log = b"".join(ORDERS["shuffled with duplicates"](lines))
    done = run("replay", "-", "--now", AT, "--broker", f"kafka://{apache_kafka}", "--config", file, stdin=log)
    assert (done.code, done.err) == (0, "")
    assert done.out == replayed["as in the file"]
