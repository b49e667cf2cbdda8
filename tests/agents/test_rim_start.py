"""Before and around a worker: waiting for a broker, judging topics, logging, the hard stop."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stream.rim import preflight
from stream.rim.log import LINE, OneLine
from stream.rim.preflight import judge, topic_configs, wait_for_broker
from stream.rim.readiness import Readiness
from stream.rim.settings import RimSettings


class ToldReadiness(Readiness):
    """Lets a test wait for the reason it is given."""

    def __init__(self) -> None:
        super().__init__(["created"])
        self.held = asyncio.Event()

    def hold(self, obstacle: str) -> None:
        super().hold(obstacle)
        self.held.set()


async def test_an_unreachable_broker_is_named_once_and_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "RETRY_SECONDS_MIN", 0.01)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    settings, readiness = RimSettings(brokers=(f"127.0.0.1:{port}",)), ToldReadiness()
    waiting = asyncio.create_task(wait_for_broker(settings, readiness))
    await readiness.held.wait()
    assert readiness.summary().reason == f"broker not reachable: 127.0.0.1:{port}"
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port):
        await waiting
    assert caplog.messages == [f"broker not reachable: 127.0.0.1:{port}; trying again until it is"]


def test_a_topic_is_judged_by_the_count_that_all_must_share() -> None:
    assert judge("created", 8, 8).problem is None
    assert judge("created", 4, 8).problem == "has 4 partitions, the first event topic has 8"
    assert judge("created", None, 8).problem == "does not exist"
    assert judge("support-dead-letters", 1, None).problem is None


def test_the_changelog_is_compacted_and_events_are_kept_for_62_days(tmp_path: Path) -> None:
    settings = RimSettings(replication=3)
    assert topic_configs(settings, settings.changelog) == {
        "min.insync.replicas": "2",
        "cleanup.policy": "compact",
        "message.timestamp.before.max.ms": "5000",
    }
    assert topic_configs(settings, settings.event_topics[0])["retention.ms"] == str(62 * 24 * 3_600 * 1_000)


def test_a_replica_of_one_needs_no_second_in_sync(tmp_path: Path) -> None:
    settings = RimSettings(replication=1)
    assert "min.insync.replicas" not in topic_configs(settings, settings.changelog)


def test_a_librarys_table_and_traceback_are_folded_into_one_line() -> None:
    error = ValueError("no")
    found = logging.LogRecord("faust.app", logging.ERROR, "", 0, "a\n+--+\n| table", None, (ValueError, error, None))
    assert OneLine(LINE).format(found) == "deskpulse: ERROR: faust.app: a +--+ | table: ValueError('no')"


def test_the_hard_stop_is_one_line_and_code_1() -> None:
    code = "from stream.rim.settings import stop_hard; stop_hard('the changelog took no append')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "deskpulse worker: stopped: the changelog took no append\n")
