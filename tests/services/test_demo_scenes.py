"""`deskpulse demo --scene`: breaches, the page at on-call's webhook, the answer, the end, with real programs.

While somebody breaches, every KPI has its number.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.demo_kpis import untold, without_sample
from tests.processes import Serving, run, until
from tests.programs import required
from tests.services.test_commands import files_in, processes_of_session

#: So little is promised that a scene is over in a minute; with a calendar and a brand, so that every KPI is there.
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
[[calendars.open.versions]]
[calendars.open.versions.week]
mon = ["00:00-24:00"]
tue = ["00:00-24:00"]
wed = ["00:00-24:00"]
thu = ["00:00-24:00"]
fri = ["00:00-24:00"]
sat = ["00:00-24:00"]
sun = ["00:00-24:00"]
[[sla]]
name = "letters"
calendar = "open"
first_response = "10m"
next_response = "10m"
resolution = "24h"
[kpis.brand]
expected = ["friendly"]
[[feeds]]
source = "simulator/demo"
silent_after = "5m"
late_after = "5m"
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
        assert not (await demo.snapshot())["feeds"]["simulator/demo"]["late"], "history is no delay"
        assert len(processes_of_session(demo.pid)) == 4, "the demo, its broker, Prometheus and Alertmanager"
        await demo.line(r"deskpulse demo: scene outage: in 15s, nobody can reply for 36s; promised is 6s$")
        await demo.line(r"scene outage: nobody can reply from now on$")
        await demo.until_total("support_sla_policy_live_breaches", 2)  # of a dozen that come in time to be late
        await every_kpi_has_its_number(demo)
        fired = await demo.line(rf"ALERT firing {BREACHED} (\w+): \d+ past .* → pager$")
        await demo.line(r"scene outage: replies are back; all hands answer what waits within 10s$")
        await demo.line(rf"ALERT resolved {BREACHED} {fired[1]} on the line → pager$")
        done = await demo.ended(signal.SIGINT)
        assert (done.code, done.last_line) == (0, "deskpulse demo: ended")
        assert processes_of_session(demo.pid) == []
    assert files_in(temporary) == [], "it left temporary files behind"


async def every_kpi_has_its_number(demo: Serving) -> None:
    """In two snapshots that differ, and a sample of each of its metrics: what was seen once is no longer waited for."""
    first = await demo.snapshot()
    untold_in, unsampled = [untold(first), untold(first)], without_sample(await demo.exposition())

    async def all_seen() -> bool:
        later = await demo.snapshot()
        if later["all"] != first["all"]:
            untold_in[1] &= untold(later)
        unsampled.intersection_update(without_sample(await demo.exposition()))
        return not (untold_in[0] or untold_in[1] or unsampled)

    try:
        await until(all_seen, "every KPI")
    except AssertionError:
        raise AssertionError(f"without a number: {untold_in}; without a sample: {unsampled}") from None


def test_an_unknown_scene_is_wrong_usage_and_those_that_exist_are_named() -> None:
    done = run("demo", "--scene", "fire")
    assert done.code == 2
    assert "'normal', 'outage', 'flood'" in done.err
