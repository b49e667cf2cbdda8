"""On-call of the demo: its own addresses, everybody's webhook, and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deskpulse.configuration.loading import Configuration
from deskpulse.generated import files_of
from deskpulse.on_call import OnCall, Places, on_call, watching
from tests.configuration_files import CONTRACT, loaded

PLACES = Places("http://127.0.0.1:6066", "http://127.0.0.1:8081", "for-walls")
HOOK = "http://127.0.0.1:7001"


def test_every_receiver_becomes_a_webhook_of_this_run_without_its_secret(tmp_path: Path) -> None:
    found = watching(loaded(tmp_path / "a.toml", CONTRACT), PLACES, HOOK)
    assert [(r.name, r.kind, r.url, r.secret_env) for r in found.receivers] == [
        ("pager", "webhook", f"{HOOK}/pager", None)
    ]
    alertmanager = files_of(found)["prometheus/alertmanager.yml"]
    assert f"{HOOK}/pager" in alertmanager
    assert "PAGER_KEY" not in alertmanager


def test_prometheus_scrapes_this_runs_worker_and_board_and_hands_alerts_to_this_runs_alertmanager() -> None:
    found = watching(Configuration(), PLACES, HOOK)
    prometheus = files_of(found)["prometheus/prometheus.yml"]
    jobs = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in yaml.safe_load(prometheus)["scrape_configs"]
    }
    assert jobs == {"deskpulse": ["127.0.0.1:6066"], "deskpulse-board": ["127.0.0.1:8081"]}
    assert "http://127.0.0.1:8081/api/tickets" in files_of(found)["prometheus/rules/breaches.yml"]
    assert found.alerts.alertmanager_url.removeprefix("http://") in prometheus
    assert found.alerts.alertmanager_url != Configuration().alerts.alertmanager_url


def test_without_receivers_the_demo_is_told_itself() -> None:
    assert [receiver.url for receiver in watching(Configuration(), PLACES, HOOK).receivers] == [f"{HOOK}/demo"]


async def test_what_is_not_on_the_path_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with on_call(Configuration(), PLACES, print) as found:
        assert found == OnCall(missing=("prometheus", "alertmanager"))
