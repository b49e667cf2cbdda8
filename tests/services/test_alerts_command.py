"""`deskpulse alerts test` against a real Alertmanager, down to the webhook that is called."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from deskpulse.configuration.loading import load_configuration
from deskpulse.generated import files_of
from stream.rim.embedded import free_port
from tests.monitoring import Pager, alertmanager, pager
from tests.processes import Done, run


class Desk(NamedTuple):
    """A configuration with two receivers, the Alertmanager that runs it, and who is told."""

    config: Path
    url: str
    pager: Pager

    async def test(self, *words: object) -> Done:
        """The command, beside the webhook receiver that runs in this process."""
        return await asyncio.to_thread(run, "alerts", "test", *words, "--config", self.config)


def configured(folder: Path, alertmanager_url: str, pager_url: str) -> Path:
    config = folder / "floor.toml"
    config.write_text(f"""
[alerts]
alertmanager_url = "{alertmanager_url}"
[[receivers]]
name = "pager"
kind = "webhook"
url = "{pager_url}/pager"
[[receivers]]
name = "chat"
kind = "webhook"
url = "{pager_url}/chat"
""")
    return config


def routes(folder: Path, pager_url: str, *receivers: str) -> Path:
    """An Alertmanager's file that routes by the label `receiver`, quickly."""
    lines = ["route:", "  receiver: fallback", "  group_by: [alertname]", "  group_wait: 100ms",
             "  group_interval: 100ms", "  routes:"]  # fmt: skip
    lines += [f"    - {{receiver: {name}, matchers: ['receiver=\"{name}\"']}}" for name in receivers]
    lines += ["receivers:"]
    for name in ("fallback", *receivers):
        lines += [f"  - name: {name}", f"    webhook_configs: [{{url: '{pager_url}/{name}'}}]"]
    file = folder / "alertmanager.yml"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with pager() as told, alertmanager(routes(tmp_path, told.url, "pager", "chat"), tmp_path) as url:
        yield Desk(configured(tmp_path, url, told.url), url, told)


async def test_the_named_receiver_is_told_and_nobody_else(desk: Desk) -> None:
    done = await desk.test("pager")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(b"pager: accepted, goes to pager; it ends at ")
    arrival = await desk.pager.alert("firing", "SupportTestAlert", receiver="pager", severity="ticket")
    assert arrival.receiver == "pager"
    annotations = arrival.alert.annotations
    assert "This is a test for pager" in annotations["summary"]
    assert f"@{socket.gethostname()} with `deskpulse alerts test` at " in annotations["description"]
    assert "It ends by itself at " in annotations["description"]
    assert {each.receiver for each in desk.pager.arrivals} == {"pager"}


async def test_without_a_name_each_configured_receiver_is_told(desk: Desk) -> None:
    done = await desk.test()
    assert done.code == 0
    assert [line.partition(b":")[0] for line in done.out.splitlines()] == [b"pager", b"chat"]
    for receiver in ("pager", "chat"):
        arrival = await desk.pager.alert("firing", "SupportTestAlert", receiver=receiver)
        assert arrival.receiver == receiver


async def test_resolve_ends_it_at_once(desk: Desk) -> None:
    await desk.test("chat")
    await desk.pager.alert("firing", "SupportTestAlert", receiver="chat")
    done = await desk.test("chat", "--resolve")
    assert (done.code, done.out) == (0, b"chat: test alerts ended: 1\n")
    assert (await desk.test("pager", "--resolve")).out == b"pager: test alerts ended: 0\n"
    await desk.pager.alert("resolved", "SupportTestAlert", receiver="chat")


async def test_the_generated_routes_bring_it_to_the_receiver_each_time_it_is_sent(tmp_path: Path) -> None:
    async with pager() as told:
        config = configured(tmp_path, "http://127.0.0.1:9", told.url)
        file = tmp_path / "alertmanager.yml"
        file.write_text(files_of(load_configuration(config, {}))["prometheus/alertmanager.yml"])
        async with alertmanager(file, tmp_path) as url:
            for _ in range(2):
                sent = time.time_ns()
                done = await Desk(config, url, told).test("chat", "--alertmanager", url)
                assert done.out.startswith(b"chat: accepted, goes to chat; it ends at ")
                arrival = await told.alert("firing", "SupportTestAlert", since=sent, receiver="chat")
                assert arrival.receiver == "chat"
    assert {arrival.receiver for arrival in told.arrivals} == {"chat"}


async def test_it_ends_by_itself(desk: Desk) -> None:
    await desk.test("pager", "--for", "2s")
    await desk.pager.alert("firing", "SupportTestAlert")
    await desk.pager.alert("resolved", "SupportTestAlert")


async def test_an_alertmanager_that_routes_it_elsewhere_is_a_failure_that_says_so(tmp_path: Path) -> None:
    async with pager() as told, alertmanager(routes(tmp_path, told.url, "chat"), tmp_path) as url:
        config = configured(tmp_path, "http://127.0.0.1:9", told.url)
        done = await asyncio.to_thread(run, "alerts", "test", "--alertmanager", url, "--config", config)
    assert done.code == 1
    first, second = done.out.decode().splitlines()
    assert first.startswith("pager: it goes to fallback instead: does this Alertmanager run the generated")
    assert second.startswith("chat: accepted, goes to chat;")


async def test_a_silenced_alert_is_a_failure_that_names_the_silence(desk: Desk) -> None:
    silence = {
        "matchers": [{"name": "alertname", "value": "SupportTestAlert", "isRegex": False}],
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2100-01-01T00:00:00Z",
        "createdBy": "test",
        "comment": "test",
    }
    async with aiohttp.ClientSession() as http, http.post(f"{desk.url}/api/v2/silences", json=silence) as answer:
        made = (await answer.json())["silenceID"]
    done = await desk.test("pager")
    assert done.code == 1
    assert done.out.decode().startswith(f"pager: it is routed there but held back by {made}: a silence")


def test_an_unknown_receiver_is_wrong_usage_and_those_that_exist_are_named(tmp_path: Path) -> None:
    config = configured(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9")
    done = run("alerts", "test", "paegr", "--config", config)
    assert (done.code, done.out) == (2, b"")
    assert done.last_line == "Error: no receiver 'paegr' in the configuration: it has pager, chat"


def test_a_configuration_without_receivers_is_refused(tmp_path: Path) -> None:
    done = run("alerts", "test")
    assert (done.code, done.out) == (2, b"")
    assert "no [[receivers]] in the configuration" in done.err


def test_an_alertmanager_that_is_not_there_is_a_failure_with_what_to_check(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run("alerts", "test", "--config", configured(tmp_path, url, url))
    assert (done.code, done.out) == (1, b"")
    assert f"not reachable: {url}/api/v2/alerts" in done.err
    assert "Is Alertmanager running, and is alerts.alertmanager_url its address?" in done.err


async def test_something_else_at_that_address_is_a_failure(tmp_path: Path) -> None:
    async with pager() as told:
        config = configured(tmp_path, f"{told.url}", told.url)
        done = await asyncio.to_thread(run, "alerts", "test", "--config", config)
    assert done.code == 1
    assert "was refused: 400" in done.err
