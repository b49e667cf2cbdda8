"""`deskpulse demo --scene`: breaches, the page at on-call's webhook, the answer, the end, with real programs."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.processes import Serving, run
from tests.programs import required
from tests.services.test_commands import files_in, processes_of_session

#: So little is promised that a scene is over in a minute.
QUICK = """
[worker]
port = 0
[alerts]
interval = "2s"
[[sla]]
name = "on the line"
match = { channel = ["chat", "phone"] }
first_response = "6s"
page = { breaching = 1, receiver = "pager" }
[[receivers]]
name = "pager"
kind = "pagerduty"
secret_env = "PAGER_KEY"
"""
BREACHED = "SupportFirstResponseSLABreached"


@pytest.mark.parametrize("scene", ["outage"])
async def test_a_scene_breaches_pages_is_answered_and_ends(tmp_path: Path, scene: str) -> None:
    required("prometheus")
    required("alertmanager")
    config, temporary = tmp_path / "quick.toml", tmp_path / "temporary"
    config.write_text(QUICK)
    temporary.mkdir()
    async with Serving("demo", "--scene", scene, "--config", config, TMPDIR=str(temporary)) as demo:
        await demo.line("Ctrl-C ends all of it")
        assert await demo.line(r"http://127\.0\.0\.1:\d+/alerts +Prometheus")
        assert await demo.line(r"http://127\.0\.0\.1:\d+ +Alertmanager")
        assert len(processes_of_session(demo.pid)) == 4, "the demo, its broker, Prometheus and Alertmanager"
        await demo.line(r"deskpulse demo: scene outage: in 15s, nobody can reply for 36s; promised is 6s$")
        await demo.line(r"scene outage: nobody can reply from now on$")
        await demo.until_total("support_sla_policy_live_breaches", 2)  # of a dozen that come in time to be late
        fired = await demo.line(rf"ALERT firing {BREACHED} (\w+): \d+ past .* → pager$")
        await demo.line(r"scene outage: replies are back; all hands answer what waits within 10s$")
        await demo.line(rf"ALERT resolved {BREACHED} {fired[1]} on the line → pager$")
        done = await demo.ended(signal.SIGINT)
        assert (done.code, done.last_line) == (0, "deskpulse demo: ended")
        assert processes_of_session(demo.pid) == []
    assert files_in(temporary) == [], "it left temporary files behind"


def test_an_unknown_scene_is_wrong_usage_and_those_that_exist_are_named() -> None:
    done = run("demo", "--scene", "fire")
    assert done.code == 2
    assert "'normal', 'outage', 'flood'" in done.err
