"""Prometheus on the alert of each KPI that can have a target and that the project's own rules have none for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from alerting.files import files
from alerting.judged import ALL
from deskpulse.configuration.alerting import alerting_settings
from deskpulse.configuration.loading import load_configuration
from deskpulse.generated import DEMO
from tests.programs import required

HERE = Path(__file__).parent
RULES = "prometheus/rules/targets.yml"


def test_each_target_fires_by_its_bound_and_by_nothing_else(tmp_path: Path) -> None:
    made = files(alerting_settings(load_configuration(HERE / "every_target.toml", {})))
    for path, text in {RULES: made[RULES], "tests.yml": (HERE / "every_target.yml").read_text("utf-8")}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    command = [required("promtool"), "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_kpi_that_can_have_a_target_has_one_here_or_in_the_demo() -> None:
    found = {name for file in (DEMO, HERE / "every_target.toml") for name in targets_of(file)}
    assert found == {judged.kpi for judged in ALL}
    fired = re.findall(
        r"^ +alertname: (\w+)\n +exp_alerts:", (HERE / "every_target.yml").read_text("utf-8"), re.MULTILINE
    )
    assert set(fired) == {judged.alert for judged in ALL if judged.kpi in targets_of(HERE / "every_target.toml")}


def targets_of(file: Path) -> set[str]:
    return {target.kpi for target in alerting_settings(load_configuration(file, {})).targets}
