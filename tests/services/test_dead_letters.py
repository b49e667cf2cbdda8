"""`deskpulse dead-letters` as its users type it, on both brokers: a worker refuses, and takes what is put back."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stream.rim.embedded import free_port
from tests.contracts.rim_drivers import read_all
from tests.floors import Floor, floor_on, send
from tests.happenings import created
from tests.logs import to_json_line
from tests.oracle.instants import MINUTE, instant
from tests.processes import Done, WorkerProcess, run
from tests.services.test_commands import deaf_server

DEAD = "support_pipeline_events_dead_lettered_total"
AHEAD = 30 * MINUTE


class Refusing:
    """A floor whose worker has refused four records: ahead of the clock, another key, no JSON, no value."""

    def __init__(self, floor: Floor, worker: WorkerProcess, ahead: bytes) -> None:
        self.floor = floor
        self.worker = worker
        self.ahead = ahead

    def run(self, *words: object, stdin: bytes = b"") -> Done:
        return run("dead-letters", *words, "--config", self.floor.configuration, stdin=stdin)

    def listed(self, *words: object) -> list[dict[str, Any]]:
        done = self.run("list", "--format", "json", "--whole", *words)
        assert done.code == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    def of(self, reason: str) -> dict[str, Any]:
        (found,) = self.listed("--reason", reason, "--open")
        return found

    def allow(self, future: str) -> None:
        text = self.floor.configuration.read_text()
        self.floor.configuration.write_text(f'{text}\n[time]\nfuture = "{future}"\n')


@pytest.fixture
async def refusing(own_broker: str, tmp_path: Path) -> AsyncIterator[Refusing]:
    floor = await floor_on(own_broker, tmp_path)
    now = time.time_ns()
    ahead = to_json_line(created(now + AHEAD, "ahead")).rstrip()
    async with WorkerProcess("--config", floor.configuration) as worker:
        await worker.ready()
        await send(
            floor,
            [
                ("ticket-created", b"T1", to_json_line(created(now - MINUTE, "T1")).rstrip()),
                ("ticket-created", b"ahead", ahead),
                ("ticket-created", b"wrong", to_json_line(created(now - MINUTE, "right")).rstrip()),
                ("ticket-changed", b"text", b"no JSON [bold]"),
                ("ticket-changed", b"none", None),  # type: ignore[list-item]
            ],
        )
        await worker.until_total(DEAD, 4)
        yield Refusing(floor, worker, ahead)


async def test_what_was_refused_is_listed_with_why_and_counted(refusing: Refusing) -> None:
    rows = refusing.listed()
    assert sorted(row["reason"] for row in rows) == ["future", "key", "not_json", "not_json"]
    assert [instant(row["time"]) for row in rows] == sorted(instant(row["time"]) for row in rows)
    ahead = refusing.of("future")
    assert (ahead["topic"], ahead["key"], ahead["payload"]) == ("ticket-created", "ahead", refusing.ahead.decode())
    assert (ahead["requeued"], ahead["is_exact"]) == (None, True)
    (read,) = [
        record
        for record in await read_all(refusing.floor.settings, "ticket-created")
        if (record.partition, record.offset) == (ahead["partition"], ahead["offset"])
    ]
    assert read.value == refusing.ahead
    done = refusing.run("list")
    assert b"no JSON [bold]" in done.out, "a payload is no markup"
    assert done.err.splitlines() == [
        "        1 future",
        "        1 key",
        "        2 not_json",
        "        4 dead letters",
    ]


async def test_filters_select_and_the_newest_are_shown(refusing: Refusing) -> None:
    assert {row["topic"] for row in refusing.listed("--topic", "ticket-changed")} == {"ticket-changed"}
    assert len(refusing.listed("--since", "1h")) == 4
    assert refusing.listed("--since", "2100-01-01T00:00:00Z") == []
    done = refusing.run("list", "--format", "json", "--limit", "1")
    assert json.loads(done.out)["id"] == refusing.listed()[-1]["id"]
    assert done.err.splitlines()[-1] == "        4 dead letters, the newest 1 are shown"


async def test_what_would_be_refused_again_is_named_and_not_sent(refusing: Refusing) -> None:
    done = refusing.run("requeue", "--all")
    assert (done.code, done.out.decode().strip()) == (1, "0 requeued, 4 held back")
    assert done.err.count("would be refused again: ") == 4
    assert f"{refusing.of('future')['id']} (ticket-created " in done.err
    assert len(refusing.listed("--open")) == 4


async def test_after_a_change_of_configuration_it_goes_back_as_it_was_and_is_open_no_more(refusing: Refusing) -> None:
    refusing.allow("1h")
    dry = refusing.run("requeue", "--reason", "future", "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert dry.out.decode().split("\n")[0] == "        1 would go back to ticket-created"
    assert len(refusing.listed("--reason", "future", "--open")) == 1, "nothing was sent"

    done = refusing.run("requeue", "--reason", "future")
    assert (done.code, done.err) == (0, "")
    assert done.out.decode().splitlines()[-1] == "        1 requeued, 0 held back"
    values = [record.value for record in await read_all(refusing.floor.settings, "ticket-created")]
    assert values.count(refusing.ahead) == 2
    first = refusing.listed("--reason", "future")[0]
    assert first["requeued"] is not None
    # the worker that runs has the old configuration: it refuses it again, as another letter
    await refusing.worker.until_total(DEAD, 5)
    assert refusing.of("future")["id"] != first["id"]

    again = refusing.run("requeue", first["id"])
    assert (again.code, again.out.decode().strip()) == (0, "0 requeued, 1 held back")
    assert "requeued already, at " in again.err


async def test_a_mended_record_is_counted_and_twice_is_once(refusing: Refusing) -> None:
    row = refusing.of("key")
    await refusing.worker.until_total("support_tickets_open", 1)
    line = json.dumps({"id": row["id"], "payload": json.loads(row["payload"])}).encode()
    done = refusing.run("requeue", "--from", "-", stdin=line)
    assert (done.code, done.err) == (0, "")
    await refusing.worker.until_total("support_tickets_open", 2)
    again = refusing.run("requeue", "--from", "-", stdin=line)
    assert (again.code, again.out.decode().strip()) == (0, "0 requeued, 1 held back")
    assert refusing.listed("--reason", "key", "--open") == []


async def test_what_is_forced_is_sent_and_refused_again(refusing: Refusing) -> None:
    done = refusing.run("requeue", "--all", "--force")
    assert (done.code, done.out.decode().splitlines()[-1]) == (0, "        4 requeued, 0 held back")
    await refusing.worker.until_total(DEAD, 8)
    assert (len(refusing.listed()), len(refusing.listed("--open"))) == (8, 4)


async def test_a_letter_that_is_not_there_and_a_line_that_cannot_be_used_are_named(refusing: Refusing) -> None:
    done = refusing.run("requeue", "99:1")
    assert (done.code, done.err) == (1, "99:1: no such dead letter, or not one that is selected\n")
    done = refusing.run("requeue", "--from", "-", stdin=b'{"id": "0:0"}\n')
    assert (done.code, done.out) == (1, b"")
    assert done.err.startswith('-: line 1: {"id": "3:17", "payload": …} is expected: ')
    assert done.last_line == "Error: -: 1 of 1 lines cannot be used; nothing was sent"


class TestUsage:
    @pytest.mark.parametrize(
        "words",
        [
            ["requeue"],
            ["requeue", "--all", "--reason", "key"],
            ["requeue", "--all", "--from", "-"],
            ["requeue", "three"],
            ["requeue", "--from", "absent.jsonl"],
            ["list", "--reason", "unknown"],
            ["list", "--since", "yesterday"],
            ["list", "--limit", "0"],
            ["list", "--whole"],
        ],
    )
    def test_wrong_usage_is_2_with_a_reason(self, words: list[str]) -> None:
        done = run("dead-letters", *words)
        assert (done.code, done.out) == (2, b"")
        assert "Error: " in done.err

    @pytest.mark.parametrize("words", [["list"], ["requeue", "--all"]])
    def test_a_broker_that_is_not_there_is_named(self, words: list[str]) -> None:
        absent = f"127.0.0.1:{free_port()}"
        done = run("dead-letters", *words, "--broker", f"kafka://{absent}")
        assert (done.code, done.out, done.err) == (1, b"", f"Error: broker not reachable: {absent}\n")

    def test_a_server_that_is_no_kafka_is_told_in_one_line(self) -> None:
        with deaf_server() as port:
            done = run("dead-letters", "list", "--broker", f"kafka://127.0.0.1:{port}")
        assert (done.code, done.out, done.err.count("\n")) == (1, b"", 1)

    def test_a_broker_without_the_topic_is_told(self, own_embedded: str) -> None:
        done = run("dead-letters", "list", "--broker", f"kafka://{own_embedded}")
        assert (done.code, done.out) == (1, b"")
        assert done.last_line == "Error: support-dead-letters: no such topic. Run: deskpulse topics create"
