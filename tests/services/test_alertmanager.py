"""A real Alertmanager with the generated configuration: who is told over a real webhook, and who is not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import web

from deskpulse.generated import files_of
from metrics.instants import DAY, format_instant
from stream.rim.embedded import free_port
from tests.configuration_files import loaded
from tests.processes import environment, until
from tests.programs import required


class Told(NamedTuple):
    """One alert of one notification."""

    receiver: str
    status: str
    labels: dict[str, str]
    authorization: str | None


class Desk:
    """Somebody with a webhook for each receiver, and all that was told there."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    async def hear(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        authorization = request.headers.get("Authorization")
        for alert in body["alerts"]:
            self.told.append(Told(request.path, alert["status"], alert["labels"], authorization))
        return web.Response()

    def heard(self, receiver: str, status: str = "firing") -> set[tuple[str, str]]:
        """(alertname, queue) of what was told there."""
        return {
            (one.labels["alertname"], one.labels.get("queue", ""))
            for one in self.told
            if (one.receiver, one.status) == (receiver, status)
        }


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, int]]:
    heard = Desk()
    application = web.Application()
    application.router.add_post("/{receiver}", heard.hear)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield heard, port
    await runner.cleanup()


def configured(desk_port: int) -> str:
    yesterday, tomorrow = (format_instant(time.time_ns() + days * DAY) for days in (-1, 1))
    return f"""
[[sla]]
name = "p"
first_response = "1m"
page = {{ receiver = "pager" }}
[[receivers]]
name = "desk"
kind = "webhook"
url = "http://127.0.0.1:{desk_port}/desk"
[[receivers]]
name = "pager"
kind = "webhook"
url = "http://127.0.0.1:{desk_port}/pager"
secret_env = "PAGER_TOKEN"
[[mutes]]
from = {yesterday}
to = {tomorrow}
queues = ["muted"]
[alerts]
watchdog = "desk"
"""


@pytest.fixture
async def alertmanager(desk: tuple[Desk, int], tmp_path: Path) -> AsyncIterator[str]:
    program = required("alertmanager")
    folder = tmp_path / "prometheus"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "PAGER_TOKEN").write_text("hunter2\n", encoding="utf-8")
    made = files_of(loaded(tmp_path / "floor.toml", configured(desk[1])))["prometheus/alertmanager.yml"]
    assert "hunter2" not in made
    (folder / "alertmanager.yml").write_text(made, encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        program,
        "--config.file=alertmanager.yml",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
        f"--storage.path={tmp_path / 'storage'}",
        cwd=folder,
        env=environment(),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: is_ready(url), "Alertmanager is ready")
        yield url
    finally:
        process.kill()
        await process.wait()


async def is_ready(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}/-/ready") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


def alert(name: str, severity: str = "page", **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, "severity": severity, **labels}, "annotations": {"summary": name}}


async def raised(url: str, *alerts: dict[str, Any]) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{url}/api/v2/alerts", json=alerts) as response:
        assert response.status == 200, await response.text()


BREACHED = "SupportFirstResponseSLABreached"
AT_RISK = "SupportFirstResponseSLAAtRisk"


async def test_pages_arrive_at_their_receiver_and_only_what_should_is_silenced(
    desk: tuple[Desk, int], alertmanager: str
) -> None:
    heard = desk[0]
    common = {"policy": "p", "receiver": "pager"}
    # Before the others, so that it would have been told before them.
    await raised(alertmanager, alert(BREACHED, queue="muted", **common), alert("SupportWorkerDown", queue="muted"))
    await raised(
        alertmanager,
        alert("SupportKPIDataIncomplete"),
        alert("SupportKPIPipelineDown"),
        alert(BREACHED, queue="billing", **common),
        alert(AT_RISK, "ticket", queue="billing", **common),
        alert(AT_RISK, "ticket", queue="returns", **common),
        alert("Watchdog", "none"),
    )
    expected = {
        "/pager": {(BREACHED, "billing"), (AT_RISK, "returns")},
        "/desk": {("SupportKPIDataIncomplete", ""), ("SupportKPIPipelineDown", ""), ("Watchdog", "")},
    }

    async def all_told() -> bool:
        return all(alerts <= heard.heard(receiver) for receiver, alerts in expected.items())

    await until(all_told, "all that is to be told is told")
    assert {receiver: heard.heard(receiver) for receiver in expected} == expected
    assert {one.authorization for one in heard.told if one.receiver == "/pager"} == {"Bearer hunter2"}
    assert {one.authorization for one in heard.told if one.receiver == "/desk"} == {None}


async def test_the_end_of_a_breach_is_told_too(desk: tuple[Desk, int], alertmanager: str) -> None:
    heard = desk[0]
    breach = alert(BREACHED, policy="p", receiver="pager", queue="billing")
    await raised(alertmanager, breach)

    async def told() -> bool:
        return bool(heard.heard("/pager"))

    await until(told, "the breach is told")
    await raised(alertmanager, breach | {"endsAt": format_instant(time.time_ns())})

    async def ended() -> bool:
        return heard.heard("/pager", "resolved") == {(BREACHED, "billing")}

    await until(ended, "its end is told")
