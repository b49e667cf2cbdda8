"""Whatever the order, the repeats and the packing of a log: through the real pipeline it gives the oracle's numbers."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from aiokafka.admin import AIOKafkaAdminClient

from metrics.kpi import Kpi
from tests.bad_input import bad_surveys_and_facts
from tests.logs import CONFIGURATION_TOML, SPAN, START, Event, random_log, shuffled, to_json_line
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import slow
from tests.oracle.instants import HOUR, text_of
from tests.oracle.snapshot import snapshot
from tests.processes import Done, run
from tests.properties.test_catalogue_proof import IN_SCOPES, paths_of, says_something, values
from tests.reports import differences as differences_of_slow
from tests.reports import reports

MIDDLE = START + SPAN * 3 // 5 + 17
ONE_COPY = "[broker]\nreplication = 1\n"
#: The logs' own configuration, whose aliases lead to listed queues only, as `check-config` demands.
CONFIGURED = CONFIGURATION_TOML

BAD_LINES = {
    "not_json": [b"not json", b'{"specversion": "1.0", "id": ', b"\xff\xfe", b"[" * 100_000],
    "not_event": [b"[]", b'{"a": 1}'],
    "unknown_type": [b'{"specversion":"1.0","id":"1","source":"d","type":"support.ticket.cloned","subject":"T1"}'],
}


def packed(events: Iterable[Event]) -> bytes:
    return b"".join(map(to_json_line, events))


def good(done: Done) -> bytes:
    assert (done.code, done.err) == (0, "")
    return done.out


@pytest.fixture(params=["embedded", "apache"])
def where(request: pytest.FixtureRequest) -> list[str]:
    """What tells `replay` its broker: nothing starts the embedded one."""
    if request.param == "embedded":
        return []
    return ["--broker", f"kafka://{request.getfixturevalue('apache_kafka')}"]


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "floor.toml"
    file.write_text(CONFIGURED + ONE_COPY, encoding="utf-8")
    return file


@pytest.fixture
def one_copy(tmp_path: Path) -> Path:
    file = tmp_path / "one-copy.toml"
    file.write_text(ONE_COPY, encoding="utf-8")
    return file


def test_three_orders_with_duplicates_give_the_same_bytes_and_the_oracles_numbers(
    where: list[str], one_copy: Path, tmp_path: Path
) -> None:
    events = random_log(101 + len(where))
    printed = []
    for order, log in enumerate((events, [*events[::-1], *events[::3]], shuffled(events, seed=5))):
        file = tmp_path / f"order-{order}.jsonl"
        file.write_bytes(packed(log))
        printed.append(good(run("replay", file, *where, "--config", one_copy)))
    assert printed[1:] == printed[:1] * 2
    assert differences(json.loads(printed[0]), snapshot(events)) == []


@pytest.mark.parametrize("at", [None, MIDDLE], ids=["at the end", "in the middle"])
def test_an_operators_policies_aliases_and_labels_hold_as_of_any_instant(
    where: list[str], at: int | None, configuration: Path, tmp_path: Path
) -> None:
    seed = 202 + len(where)
    events = [*random_log(seed), *reports(seed, START + SPAN, 120, 40)]
    file = tmp_path / "log.jsonl"
    file.write_bytes(packed(shuffled(events, seed=6)))
    asked = [] if at is None else ["--now", text_of(at)]
    found = json.loads(good(run("replay", file, *where, *asked, "--config", configuration)))
    rules = configuration_of(tomllib.loads(CONFIGURED))
    expected = snapshot(events, at, rules)
    assert differences(found, expected) == []
    assert differences_of_slow(found["slow"], slow(events, START + SPAN if at is None else at, rules)) == []
    if at is None:
        silent = [kpi.name for kpi in IN_SCOPES if not all(map(says_something, numbers(found, kpi)))]
        assert silent == [], "the log exercises every KPI of the catalogue, with its sample and its bounds"


def numbers(found: dict[str, Any], kpi: Kpi) -> list[object]:
    """What stands under each path of a KPI: the first of the windows that says something."""
    return [next(filter(says_something, values(found, kpi, path)), None) for path in paths_of(kpi)]


def test_bad_lines_are_counted_by_reason_and_change_neither_numbers_nor_exit_code() -> None:
    events = random_log(303, tickets=40)
    lines = [to_json_line(event) for event in events]
    bad = [line + b"\n" for listed in BAD_LINES.values() for line in listed]
    wrong = mended_wrongly(events[0])
    bad += [to_json_line(event) for _reason, event in wrong]
    for place, line in enumerate(bad):
        lines.insert(place * len(lines) // len(bad), line)
    done = run("replay", "-", stdin=b"".join(lines))
    assert done.code == 0
    assert differences(json.loads(done.out), snapshot(events)) == []
    expected = {reason: len(listed) for reason, listed in BAD_LINES.items()}
    expected |= Counter(reason for reason, _event in wrong)
    assert done.err.splitlines() == [f"refused: {count} {reason}" for reason, count in sorted(expected.items())]


def mended_wrongly(event: Event) -> list[tuple[str, Event]]:
    """One event, each time with another fault, with the reason it must be refused for."""
    others = [
        ("missing_field", {**event, "type": "support.ticket.created", "id": "m", "data": {"queue": "billing"}}),
        ("bad_time", {**event, "id": "t", "time": "2026-01-05T06:30:00"}),
    ]
    bad = bad_surveys_and_facts()
    return others + [(reason, {**event, "id": f"b{n}", "type": t, "data": d}) for n, (reason, t, d) in enumerate(bad)]


def test_a_log_gives_the_same_bytes_however_it_is_packed(tmp_path: Path) -> None:
    events = random_log(404, tickets=40)
    content = packed(shuffled(events, seed=7))
    packings = {"log.jsonl.gz": gzip.compress(content), "log.jsonl.zst": zstandard.compress(content)}
    for name, packing in packings.items():
        (tmp_path / name).write_bytes(packing)
    zipped, compressed = [good(run("replay", tmp_path / name)) for name in packings]
    assert zipped == compressed
    assert differences(json.loads(zipped), snapshot(events)) == []


def test_an_event_later_than_now_is_left_out_even_an_hour_before_the_end() -> None:
    events = random_log(505, tickets=30)
    at = START + SPAN - HOUR
    done = run("replay", "-", "--now", text_of(at), stdin=packed(events))
    found = json.loads(good(done))
    assert differences(found, snapshot(events, at)) == []
    assert differences(found, snapshot(events)) != []


def test_a_log_without_events_is_a_floor_on_which_nothing_is_known() -> None:
    found = json.loads(good(run("replay", "-", "--now", "2026-03-01T00:00:00Z")))
    assert (found["as_of"], found["history_since"]) == ("2026-03-01T00:00:00Z", None)
    assert (found["all"]["open"], found["queues"]) == (0, {})


async def test_a_replay_leaves_no_topic_on_the_broker_it_was_given(own_apache: str, one_copy: Path) -> None:
    log = packed(random_log(606, tickets=3))
    before = await topics_of(own_apache)
    good(run("replay", "-", "--broker", f"kafka://{own_apache}", "--config", one_copy, stdin=log))
    assert await topics_of(own_apache) == before


async def topics_of(broker: str) -> set[str]:
    """All but Kafka's own; other tests leave theirs on the same broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        return {topic for topic in await admin.list_topics() if not topic.startswith("_")}
    finally:
        await admin.close()
