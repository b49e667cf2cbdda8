"""Prometheus on the rules of a board over Redis, which the project's own files, of a lone worker, do not have."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from alerting.wall import DISAGREES
from deskpulse.configuration.loading import load_configuration
from deskpulse.generated import files_of
from tests.programs import required

HERE = Path(__file__).parent


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder of all that is generated for a board over Redis."""
    for path, text in files_of(load_configuration(HERE / "mirrored.toml", {})).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def promtool(folder: Path, *arguments: str) -> str:
    command = [required("promtool"), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_disagrees_where_no_worker_had_the_number_and_nowhere_else(made: Path) -> None:
    (made / "tests.yml").write_text((HERE / "mirrored.yml").read_text("utf-8"), encoding="utf-8")
    promtool(made, "test", "rules", "tests.yml")
    rules = yaml.safe_load((made / "prometheus/rules/wall.yml").read_text("utf-8"))["groups"][0]["rules"]
    assert sum(rule.get("alert") == DISAGREES for rule in rules) == 2


def test_prometheus_asks_the_board_for_the_workers_and_has_its_token_from_a_file(made: Path) -> None:
    secret = made / "prometheus/secrets/WALL_TOKEN"
    secret.parent.mkdir()
    secret.write_text("for-walls")
    promtool(made, "check", "config", "prometheus/prometheus.yml")
    workers, board = yaml.safe_load((made / "prometheus/prometheus.yml").read_text("utf-8"))["scrape_configs"]
    token = {"authorization": {"credentials_file": "secrets/WALL_TOKEN"}}
    found = {"url": "http://board:8080/sd/prometheus", "refresh_interval": "15s"}
    assert workers["http_sd_configs"] == [found | token]
    assert "static_configs" not in workers
    assert board["static_configs"] == [{"targets": ["board:8080"]}]
    assert {"authorization": board["authorization"]} == token


def test_links_of_alerts_lead_to_the_board_and_the_runbook_tells_of_its_token(made: Path) -> None:
    rules = (made / "prometheus/rules/breaches.yml").read_text("utf-8")
    assert set(re.findall(r"_url: (http://[^/]*/)", rules)) == {"http://board:8080/", "http://127.0.0.1:3000/"}
    page = (made / "docs/alerts.md").read_text("utf-8")
    assert "mkdir -p 'secrets' && (umask 077 && printenv WALL_TOKEN > 'secrets/WALL_TOKEN')" in page
