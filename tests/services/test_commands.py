"""Every command as its users type it: results on stdout, the rest on stderr, and the exit code that it should be."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner

from deskpulse.__main__ import main
from stream.rim.embedded import free_port
from stream.rim.settings import EVENT_TOPICS
from tests.contracts.rim_drivers import ends, read_all
from tests.exports import HEADER, LOG
from tests.floors import LONG_AGO, PARTITIONS, Floor, described_floor, floor_on, records_of, send
from tests.happenings import created, happening
from tests.logs import random_log, to_json_line
from tests.oracle.instants import instant
from tests.processes import Serving, run

ROOT = Path(__file__).parents[2]
COMMANDS = [
    *("worker", "board", "demo", "simulate", "import", "facts", "replay", "explain", "report", "drivers", "targets"),
    *("alerts", "topics", "dead-letters", "doctor", "check-config", "generate"),
]
SIMULATED = ("simulate", "--seed", "7", "--start", "2026-03-02T08:00:00Z", "--duration", "6h")


class TestUsage:
    @pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS), ["topics", "create"], ["topics", "check"]])
    def test_every_command_explains_itself(self, words: list[str]) -> None:
        done = CliRunner().invoke(main, [*words, "--help"], prog_name="deskpulse")
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.startswith(f"Usage: {' '.join(['deskpulse', *words])} ")

    def test_the_list_of_commands_is_complete(self) -> None:
        done = run("--help")
        assert (done.code, done.err) == (0, "")
        listed = re.findall(r"^  ([a-z-]+) {2,}", done.out.decode().partition("Commands:")[2], re.MULTILINE)
        assert listed == COMMANDS

    def test_the_version_is_the_distributions(self) -> None:
        assert run("--version").out.decode().strip() == f"deskpulse, version {metadata.version('deskpulse')}"

    @pytest.mark.parametrize(
        "words",
        [
            ["board-games"],
            ["replay"],
            ["replay", "absent.jsonl"],
            ["replay", "-", "--now", "yesterday"],
            ["replay", "-", "--format", "xml"],
            ["replay", "-", "--broker", "localhost"],
            ["replay", "-", "--broker", "http://localhost:9092"],
            ["import", "--map", "absent.toml", "absent.csv"],
            ["simulate", "--duration", "long"],
            ["simulate", "--duplicates", "2"],
            ["simulate", "--time-zone", "Mars/Olympus"],
            ["topics", "create", "--partitions", "0"],
        ],
    )
    def test_wrong_usage_is_2_with_a_reason_and_no_result(self, words: list[str]) -> None:
        done = CliRunner().invoke(main, words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "Error: " in done.stderr

    @pytest.mark.parametrize(
        "words", [["board-games"], ["check-config", "absent.toml"], ["worker", "--config", "absent.toml"]]
    )
    def test_the_process_ends_with_2_where_usage_or_configuration_is_wrong(self, words: list[str]) -> None:
        done = run(*words)
        assert (done.code, done.out) == (2, b"")
        assert words[-1] in done.last_line

    @pytest.mark.parametrize("words", [["topics", "check"], ["topics", "create"], ["simulate"]])
    def test_a_broker_that_is_not_there_is_named(self, words: list[str]) -> None:
        absent = f"127.0.0.1:{free_port()}"
        done = run(*words, "--broker", f"kafka://{absent}")
        assert (done.code, done.out) == (1, b"")
        assert done.err == f"Error: broker not reachable: {absent}\n"

    @pytest.mark.parametrize("words", [["worker"], ["topics", "check"], ["simulate"], ["replay", "-"], ["import"]])
    def test_a_server_that_is_no_kafka_is_told_in_one_line(self, words: list[str], tmp_path: Path) -> None:
        (tmp_path / "map.toml").write_text(LOG, encoding="utf-8")
        (tmp_path / "export.csv").write_text(f"{HEADER}\n", encoding="utf-8")
        given = ["--map", tmp_path / "map.toml", tmp_path / "export.csv"] if words == ["import"] else []
        with deaf_server() as port:
            done = run(*words, *given, "--broker", f"kafka://127.0.0.1:{port}", DESKPULSE_WORKER_PORT="0")
        assert (done.code, done.out) == (1, b"")
        assert "Traceback" not in done.err
        assert f"broker 127.0.0.1:{port} takes connections, but does not answer: is [broker] security" in done.last_line


@contextmanager
def deaf_server() -> Iterator[int]:
    """The port of a server that takes every connection and closes it without a word."""

    def take(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        taking = threading.Thread(target=take, args=(server,))
        taking.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            taking.join()


class TestCheckConfig:
    def test_a_good_file_has_no_problems(self, tmp_path: Path) -> None:
        floor = described_floor("127.0.0.1:9092", tmp_path)
        done = run("check-config", floor.configuration)
        assert (done.code, done.err) == (0, "")
        assert done.out.decode() == f"{floor.configuration}: no problems\n"

    def test_a_bad_file_has_all_its_problems_told_at_once(self, tmp_path: Path) -> None:
        file = tmp_path / "floor.toml"
        file.write_text('[floor]\ntime_zone = "Mars"\n[[sla]]\nname = "a"\nfirst_response = "soon"\n', encoding="utf-8")
        done = run("check-config", file)
        assert (done.code, done.out) == (2, b"")
        told = [line.partition(": ")[2].partition(" = ")[0] for line in done.err.splitlines()]
        assert told == ["floor.time_zone", "sla[0].first_response"]

    def test_the_environment_does_not_change_the_verdict_on_a_file(self, tmp_path: Path) -> None:
        floor = described_floor("127.0.0.1:9092", tmp_path)
        assert run("check-config", floor.configuration, DESKPULSE_WORKER_PORT="many").code == 0


class TestGenerate:
    def test_what_is_checked_in_is_what_would_be_generated(self) -> None:
        done = run("generate", "--check", "--output", ROOT)
        assert (done.code, done.err) == (0, "")

    def test_it_writes_every_file_into_a_folder_of_choice_and_then_finds_them_good(self, tmp_path: Path) -> None:
        missing = run("generate", "--check", "--output", tmp_path)
        assert missing.code == 1
        written = run("generate", "--output", tmp_path).out.decode().split()
        assert [line.split()[0] for line in missing.err.splitlines()] == written
        assert {"docs/configuration.md", "schemas/support.ticket.created.schema.json"} <= set(written)
        assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")) == sorted(written)
        assert run("generate", "--check", "--output", tmp_path).code == 0
        (tmp_path / written[0]).write_text("{}", encoding="utf-8")
        assert run("generate", "--check", "--output", tmp_path).err.startswith(written[0])

    def test_of_a_configuration_it_writes_what_follows_from_it_and_nothing_else(self, tmp_path: Path) -> None:
        file = tmp_path / "floor.toml"
        file.write_text('[[sla]]\nname = "gold"\nfirst_response = "3m"\npage = {}\n', encoding="utf-8")
        written = run("generate", "--config", file, "--output", tmp_path / "made").out.decode().split()
        assert {path.partition("/")[0] for path in written} == {"prometheus", "grafana", "docs"}
        assert 'policy="gold"' in (tmp_path / "made/prometheus/rules/breaches.yml").read_text(encoding="utf-8")
        assert run("generate", "--check", "--config", file, "--output", tmp_path / "made").code == 0
        refused = run("generate", "--config", file)
        assert (refused.code, refused.out) == (2, b"")


class TestTopics:
    async def test_they_are_created_once_and_found_good(self, own_embedded: str, tmp_path: Path) -> None:
        floor = described_floor(own_embedded, tmp_path)
        before = run("topics", "check", "--config", floor.configuration)
        assert (before.code, before.last_line) == (1, "Run: deskpulse topics create")
        created = run("topics", "create", "--config", floor.configuration).out.decode().splitlines()
        assert created == [*(f"created {topic}" for topic in floor.settings.all_topics), "all topics are there"]
        again = run("topics", "create", "--config", floor.configuration)
        assert (again.code, again.out) == (0, b"all topics are there\n")
        after = run("topics", "check", DESKPULSE_BROKER=floor.url)
        assert (after.code, after.err) == (0, "")
        assert all(topic in after.out.decode() for topic in floor.settings.all_topics)

    async def test_flags_win_over_the_configuration(self, own_embedded: str) -> None:
        where = ("--broker", f"kafka://{own_embedded}")
        assert run("topics", "create", *where, "--partitions", "3", "--replication", "1").code == 0
        admin = AIOKafkaAdminClient(bootstrap_servers=own_embedded)
        await admin.start()
        try:
            counts = {len(topic["partitions"]) for topic in await admin.describe_topics()}
        finally:
            await admin.close()
        assert counts == {3}


class TestSimulate:
    def test_one_seed_is_one_log_and_another_is_another(self) -> None:
        once = run(*SIMULATED)
        assert (once.code, once.err) == (0, "")
        assert once.out.count(b"\n") > 100
        assert run(*SIMULATED, DESKPULSE_BROKER="kafka://127.0.0.1:9").out == once.out
        assert run(*SIMULATED, "--seed", "8").out != once.out

    def test_nobody_replies_in_the_span_of_a_scene(self) -> None:
        scene = ("--scene", "outage", "--scene-start", "2h", "--scene-duration", "30m", "--scene-relief", "1m")
        times = [
            event["time"]
            for event in map(json.loads, run(*SIMULATED, *scene).out.splitlines())
            if event["type"] == "support.ticket.replied"
        ]
        assert not [time for time in times if "2026-03-02T10:00" <= time < "2026-03-02T10:30"]
        assert [time for time in times if "2026-03-02T10:30" <= time < "2026-03-02T10:31"]

    async def test_it_sends_all_that_is_due_and_its_own_topics_may_be_used_again(
        self, own_embedded: str, tmp_path: Path
    ) -> None:
        floor = await floor_on(own_embedded, tmp_path)
        past = ("simulate", "--broker", floor.url, "--duration", "1h", "--start")
        first = run(*past, "2026-03-02T08:00:00Z")
        assert first.code == 0
        assert first.last_line == f"{await count(floor)} events sent"
        assert run(*past, "2026-03-03T08:00:00Z").code == 0
        events = [json.loads(record.value) for record in await everything(floor)]
        assert len({(event["source"], event["id"]) for event in events}) == len(events) > 100

    async def test_it_refuses_topics_that_hold_the_events_of_another_source(
        self, own_broker: str, tmp_path: Path
    ) -> None:
        floor = await floor_on(own_broker, tmp_path)
        foreign = random_log(12, tickets=3, start=LONG_AGO)
        await send(floor, records_of(foreign))
        done = run("simulate", "--broker", floor.url, "--duration", "1h", "--start", "2026-03-02T08:00:00Z")
        assert done.code == 2
        assert re.search(r"topic \S+ holds events of '(desk|zendesk)/.*': simulated events would mix", done.err)
        assert await count(floor) == len(foreign)

    async def test_it_makes_no_topics(self, own_embedded: str) -> None:
        done = run("simulate", "--broker", f"kafka://{own_embedded}", "--duration", "1h")
        assert done.code == 1
        assert "deskpulse topics create" in done.last_line


async def count(floor: Floor) -> int:
    return sum((await ends(floor.settings, EVENT_TOPICS)).values())


async def everything(floor: Floor) -> list[ConsumerRecord[bytes, bytes]]:
    topics = {topic for topic, _partition in await ends(floor.settings, EVENT_TOPICS)}
    return [record for topic in topics for record in await read_all(floor.settings, topic)]


class TestImport:
    ROWS = "\n".join(
        [
            HEADER,
            *(
                f"T{n},2026-03-02 10:{n:02},{state},billing,sara"
                for n in range(20)
                for state in ("New", "Open", "Solved")
            ),
            "T99,not a time,New,billing,sara",
        ]
    )

    @pytest.fixture
    def words(self, tmp_path: Path) -> list[object]:
        (tmp_path / "map.toml").write_text(LOG, encoding="utf-8")
        (tmp_path / "export.csv").write_text(self.ROWS, encoding="utf-8")
        return ["import", "--map", tmp_path / "map.toml", tmp_path / "export.csv"]

    def test_events_go_to_stdout_and_counts_and_bad_rows_to_stderr(self, words: list[object]) -> None:
        done = run(*words)
        assert done.code == 0
        events = [json.loads(line) for line in done.out.splitlines()]
        assert {event["source"] for event in events} == {"desk/test"}
        assert "not a time" in done.err
        assert done.last_line.strip() == f"{len(events)} events, 1 rows skipped"

    def test_another_source_may_be_given(self, words: list[object]) -> None:
        done = run(*words, "--source", "acme/2")
        assert {json.loads(line)["source"] for line in done.out.splitlines()} == {"acme/2"}

    async def test_every_created_is_taken_by_the_broker_after_all_other_events(
        self, own_apache: str, tmp_path: Path, words: list[object]
    ) -> None:
        """By the time at which the broker appended each record."""
        floor = described_floor(own_apache, tmp_path)
        admin = AIOKafkaAdminClient(bootstrap_servers=own_apache)
        await admin.start()
        timed = {"message.timestamp.type": "LogAppendTime"}
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=timed) for topic in EVENT_TOPICS])
        await admin.close()
        done = run(*words, "--broker", floor.url)
        assert (done.code, done.out) == (0, b"")
        appended = [(record.topic == "ticket-created", record.timestamp) for record in await everything(floor)]
        assert sum(is_creation for is_creation, _ in appended) == 20
        assert len(appended) > 40
        others = max(at for is_creation, at in appended if not is_creation)
        assert min(at for is_creation, at in appended if is_creation) >= others


class TestDemo:
    async def test_it_shows_live_numbers_within_a_minute_and_ctrl_c_ends_all_of_it(self, tmp_path: Path) -> None:
        """Also where neither Prometheus nor Alertmanager is there, which it says."""
        own = {"DESKPULSE_BROKER": "kafka://127.0.0.1:9", "TMPDIR": str(tmp_path), "PATH": str(tmp_path)}
        async with Serving("demo", **own) as demo:
            await demo.line("Ctrl-C ends all of it")
            assert await demo.line(r"^ +prometheus and alertmanager: not on the PATH; with both, alerts would fire")
            assert await demo.line(r"kafka://127\.0\.0\.1:\d+ ")
            assert (await demo.ask("/readyz")).status == 200
            floor = (await demo.snapshot())["all"]
            assert floor["windows"]["24h"]["created"] > 1_000
            assert floor["open"] > 0
            read = await demo.total("support_pipeline_events_total")
            await demo.until_total("support_pipeline_events_total", read + 1)
            assert len(processes_of_session(demo.pid)) == 2, "the demo and its broker"
            done = await demo.ended(signal.SIGINT)
            assert (done.code, done.last_line) == (0, "deskpulse demo: ended")
            assert processes_of_session(demo.pid) == []
        assert files_in(tmp_path) == [], "it left temporary files behind"


def files_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def processes_of_session(session: int) -> list[str]:
    """The commands of all processes that descend from the one which began the session, unless they left it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")
        except OSError:  # it has ended since the listing
            continue
        if words[2].split()[3] == str(session):
            found.append(words[0])
    return found


class TestExplain:
    FRIDAY = (
        created(instant("2026-11-20T14:40:00Z"), "fri"),
        happening("ticket.replied", instant("2026-11-23T06:50:00Z"), "fri", agent="sara"),
        created(instant("2026-11-20T14:40:00Z"), "other"),
    )
    OFFICE = """
[calendars.office]
[[calendars.office.versions]]
time_zone = "Europe/Istanbul"
[calendars.office.versions.week]
mon = ["09:00-18:00"]
fri = ["09:00-18:00"]
[[sla]]
name = "urgent"
match = { priority = ["urgent"] }
first_response = "5m"
[[sla]]
name = "all"
first_response = "1h"
calendar = "office"
"""

    def words(self, folder: Path, *more: str) -> list[str]:
        log, config = folder / "log.jsonl", folder / "floor.toml"
        log.write_bytes(b"".join(map(to_json_line, self.FRIDAY)))
        config.write_text(self.OFFICE)
        return ["explain", str(log), *more, "--config", str(config)]

    def test_a_ticket_of_friday_evening_is_due_on_monday_and_every_stretch_says_why(self, tmp_path: Path) -> None:
        done = CliRunner().invoke(
            main, self.words(tmp_path, "fri", "--format", "json", "--now", "2026-11-23T06:45:00Z")
        )
        assert (done.exit_code, done.stderr) == (0, "")
        found = json.loads(done.stdout)
        first, *_ = found["clocks"]
        assert (first["state"], first["due"], first["policy"]) == ("breaching", "2026-11-23T06:40:00Z", "all")
        assert first["counted_seconds"] == 65 * 60
        assert [(one["start"], one["why"]) for one in first["stretches"]] == [
            ("2026-11-20T14:40:00Z", "open"),
            ("2026-11-20T15:00:00Z", "closed hours"),
            ("2026-11-20T21:00:00Z", "closed weekday"),
            ("2026-11-22T21:00:00Z", "closed hours"),
            ("2026-11-23T06:00:00Z", "open"),
        ]
        assert [tried["why"] for tried in first["tried"]] == [
            "priority is 'high', not 'urgent'",
            "matches every ticket",
        ]

    def test_the_table_says_the_same_in_words(self, tmp_path: Path) -> None:
        done = CliRunner().invoke(main, self.words(tmp_path, "fri"))
        assert done.exit_code == 0
        assert "first response: breached (settled 2026-11-23T06:50:00Z, due 2026-11-23T06:40:00Z)" in done.stdout
        assert "policy 'urgent' does not hold: priority is 'high', not 'urgent'" in done.stdout
        assert "target 1h of open hours of 'office'" in done.stdout
        assert re.search(r"2026-11-23T06:50:00Z +replied +yes +the first reply", done.stdout)

    def test_a_ticket_that_is_not_in_the_log_is_named_with_the_nearest(self, tmp_path: Path) -> None:
        done = CliRunner().invoke(main, self.words(tmp_path, "fry"))
        assert (done.exit_code, done.stdout) == (1, "")
        assert "has no event of ticket 'fry' that counts by then; did you mean \"fri\"?" in done.stderr
