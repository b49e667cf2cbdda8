"""Prometheus and Alertmanager as the demo starts them: ready at entry, gone at exit; a start that fails says why."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import pytest

from deskpulse.monitoring import MonitoringStartError
from tests import monitoring
from tests.conftest import child_processes

GOOD = {
    "prometheus": "global: {scrape_interval: 1s}\n",
    "alertmanager": "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n",
}
PROGRAMS = pytest.mark.parametrize("program", sorted(GOOD))


def started(program: str, folder: Path, text: str, port: int | None = None) -> AbstractAsyncContextManager[str]:
    config = folder / f"{program}.yml"
    config.write_text(text)
    return {"prometheus": monitoring.prometheus, "alertmanager": monitoring.alertmanager}[program](config, folder, port)


@PROGRAMS
async def test_it_is_ready_at_entry_on_loopback_and_gone_at_exit(program: str, tmp_path: Path) -> None:
    before = child_processes()
    async with started(program, tmp_path, GOOD[program]) as url, aiohttp.ClientSession() as http:
        assert url.startswith("http://127.0.0.1:")
        assert len(child_processes() - before) == 1
        async with http.get(f"{url}/-/ready") as answer:
            assert answer.status == 200
    assert child_processes() == before
    assert (tmp_path / f"{program}.log").stat().st_size > 0


@PROGRAMS
async def test_a_file_that_it_refuses_is_told_with_the_end_of_its_log(program: str, tmp_path: Path) -> None:
    before = child_processes()
    with pytest.raises(MonitoringStartError, match=rf"^{program} did not start on 127\.0\.0\.1:\d+: .*no_such_key"):
        async with started(program, tmp_path, "no_such_key: 1\n"):
            pytest.fail("it started")
    assert child_processes() == before


@PROGRAMS
async def test_a_port_that_somebody_has_is_not_taken_for_its_own(program: str, tmp_path: Path) -> None:
    async def never_ready(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(never_ready, "127.0.0.1", 0) as somebody:
        port = somebody.sockets[0].getsockname()[1]
        with pytest.raises(
            MonitoringStartError, match=rf"^{program} did not start: port {port} of 127.0.0.1 is taken$"
        ):
            async with started(program, tmp_path, GOOD[program], port):
                pytest.fail("it started")


@PROGRAMS
async def test_whoever_is_cancelled_while_it_starts_leaves_no_process(program: str, tmp_path: Path) -> None:
    before = child_processes()

    async def start() -> None:
        async with started(program, tmp_path, GOOD[program]):
            pytest.fail("it was not cancelled in time")

    starting = asyncio.create_task(start())
    while child_processes() == before:  # noqa: ASYNC110 - another process sets no asyncio.Event
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert child_processes() == before
