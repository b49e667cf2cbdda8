"""`deskpulse facts` as its users type it: a spreadsheet becomes events, and the events become slow KPIs."""

import json
import tomllib
from pathlib import Path

import pytest

from stream.rim.settings import EVENT_TOPICS
from tests.contracts.rim_drivers import ends, read_all
from tests.floors import floor_on
from tests.logs import CONFIGURATION_TOML, random_log, shuffled, to_json_line
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import slow
from tests.oracle.instants import DAY, instant
from tests.processes import run
from tests.reports import differences, reports


class TestFacts:
    ROWS = (
        "fact;queue;start;end;value;unit\ncost;;2026-10-01;2026-10-31;1234,5;EUR\ninflow;;2026-10-01;2026-10-31;9;EUR\n"
    )

    def test_the_template_is_what_the_command_takes(self, tmp_path: Path) -> None:
        file = tmp_path / "facts.csv"
        file.write_bytes(run("facts", "--template").out)
        done = run("facts", file, "--reported-at", "2026-11-03T09:00:00Z")
        assert done.code == 0
        events = [json.loads(line) for line in done.out.splitlines()]
        assert {event["time"] for event in events} == {"2026-11-03T09:00:00Z"}
        assert done.last_line.strip() == f"{len(events)} facts"

    def test_where_a_row_is_bad_nothing_is_sent(self, tmp_path: Path) -> None:
        file = tmp_path / "facts.csv"
        file.write_text(self.ROWS + "cost;;2026-10-01;2026-13-31;1;EUR\ncosts;;2026-10-01;2026-10-31;1;EUR\n")
        done = run("facts", file)
        assert (done.code, done.out) == (1, b"")
        assert "row 4, column end: '2026-13-31': a day is expected, as in 2026-10-31" in done.err
        assert "row 5, column fact: 'costs'" in done.err
        assert "2 of 4 rows are bad; nothing was sent" in done.last_line

    async def test_facts_reach_the_slow_kpis_of_a_floor(self, own_embedded: str, tmp_path: Path) -> None:
        file = tmp_path / "facts.csv"
        file.write_text(self.ROWS + "outflow;;2026-10-01;2026-10-31;10,5;EUR\n")
        missing = run("facts", file, "--broker", f"kafka://{own_embedded}")
        assert missing.code == 1
        assert "deskpulse topics create" in missing.err
        floor = await floor_on(own_embedded, tmp_path)
        done = run("facts", file, "--broker", floor.url, "--reported-at", "2026-11-03T09:00:00Z")
        assert (done.code, done.out) == (0, b"")
        topics = {topic for topic, _partition in await ends(floor.settings, EVENT_TOPICS)}
        sent = [record for topic in topics for record in await read_all(floor.settings, topic)]
        assert {record.topic for record in sent} == {"business-facts"}
        assert {record.key for record in sent} == {
            f"fact:{fact}:all:2026-10-01".encode() for fact in ("cost", "inflow", "outflow")
        }
        log = tmp_path / "log.jsonl"
        log.write_bytes(b"".join((record.value or b"") + b"\n" for record in sent))
        slow = json.loads(run("replay", log).out)["slow"]
        assert [(row["value"], row["unit"]) for row in slow["cash_flow"]] == [(-1.5, "EUR")]

    @pytest.mark.parametrize("seed", [1, 2])
    def test_slow_kpis_through_kafka_are_the_oracles(self, tmp_path: Path, seed: int) -> None:
        end = instant("2026-02-14T13:43:17.123456789Z")
        log = [*random_log(seed, 60, end - 40 * DAY, 40 * DAY), *reports(seed, end, 120, 40)]
        config, file = tmp_path / "floor.toml", tmp_path / "log.jsonl"
        config.write_text(CONFIGURATION_TOML)
        file.write_bytes(b"".join(map(to_json_line, shuffled(log, seed))))
        done = run("replay", file, "--config", config)
        assert done.code == 0, done.err
        expected = slow(log, end, configuration_of(tomllib.loads(CONFIGURATION_TOML)))
        wrong = differences(json.loads(done.out)["slow"], expected)
        assert not wrong, "\n".join(wrong[:20])
