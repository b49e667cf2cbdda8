"""Prometheus's and Alertmanager's own tools on everything that is generated for them, and on the rules' own tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import quote_plus

import pytest
import yaml

from alerting.files import files
from alerting.panels import SEEN
from alerting.settings import Settings
from deskpulse.configuration.alerting import alerting_settings
from deskpulse.generated import files_of
from tests.alerting_configurations import CONFIGURATIONS
from tests.configuration_files import loaded
from tests.programs import required

PROMETHEUS = Path(__file__).parents[2] / "prometheus"
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))


def told(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [required(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def good(program: str, *arguments: object) -> str:
    done = told(program, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def written(folder: Path, made: dict[str, str]) -> Path:
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder / "prometheus"


@pytest.mark.parametrize("test", TESTS, ids=[path.stem for path in TESTS])
def test_the_rules_do_what_their_tests_say(test: Path) -> None:
    good("promtool", "test", "rules", test)


def test_every_file_of_rules_is_tested() -> None:
    named = "".join(path.read_text(encoding="utf-8") for path in TESTS)
    assert all(f"../rules/{path.name}" in named for path in (PROMETHEUS / "rules").glob("*.yml"))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_any_configuration_generates_is_accepted_without_a_remark(name: str, tmp_path: Path) -> None:
    folder = written(tmp_path, files_of(loaded(tmp_path / "floor.toml", CONFIGURATIONS[name])))
    rules = sorted((folder / "rules").glob("*.yml"))
    assert "duplicate" not in good("promtool", "check", "rules", "--lint-fatal", *rules)
    assert f"{len(rules)} rule files found" in good("promtool", "check", "config", folder / "prometheus.yml")
    assert "SUCCESS" in good("amtool", "check-config", folder / "alertmanager.yml")


def test_what_is_checked_in_is_accepted() -> None:
    good("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    good("amtool", "check-config", PROMETHEUS / "alertmanager.yml")


ODD = CONFIGURATIONS["odd names"]


def test_odd_names_come_back_whole_in_labels_texts_and_links(tmp_path: Path) -> None:
    """Queue and policy have the same name here; a name may be a template, a pattern, quotes or two lines."""
    configuration = loaded(tmp_path / "floor.toml", ODD)
    folder = written(tmp_path, files_of(configuration))
    names = [policy.name for policy in configuration.sla]
    assert len(names) == 4
    series = [
        f"support_sla_policy_live_breaches{{policy={quoted(name)},queue={quoted(name)},"
        'partition="0",sla="first_response",instance="a",job="d"}'
        for name in names
    ]
    test = {
        "interval": "5s",
        "input_series": [
            {"series": 'support_pipeline_partition_ready{partition="0",instance="a",job="d"}', "values": "1 1"},
            *({"series": one, "values": "1 1"} for one in series),
        ],
        "alert_rule_test": [
            {
                "eval_time": "5s",
                "alertname": "SupportFirstResponseSLABreached",
                "exp_alerts": [
                    {
                        "exp_labels": {"severity": "page", "receiver": "nobody", "policy": name, "queue": name},
                        "exp_annotations": texts(name),
                    }
                    for name in names
                ],
            }
        ],
    }
    document = {"rule_files": ["rules/breaches.yml"], "evaluation_interval": "5s", "tests": [test]}
    (folder / "odd.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    good("promtool", "test", "rules", folder / "odd.yml")


def quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def texts(name: str) -> dict[str, str]:
    value = quote_plus(name, safe="")
    panel = SEEN["SupportFirstResponseSLABreached"].id
    return {
        "summary": f"{name}: 1 past the first-response target now ({name})",
        "description": f"Queue {name} has 1 without a reply past the first-response target of 15m (objective 90 %) of"
        f" policy {name}.",
        "tickets_url": "http://127.0.0.1:6066/api/tickets?state=breaching&sla=first_response"
        f"&policy={value}&queue={value}",
        "dashboard_url": f"http://127.0.0.1:3000/d/support-ops?viewPanel={panel}&var-queue={value}",
        "runbook_url": "docs/alerts.md#supportfirstresponseslabreached",
    }


class TestRoutes:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        made = files_of(loaded(tmp_path / "floor.toml", CONFIGURATIONS["everything of alertmanager"]))
        return written(tmp_path, made) / "alertmanager.yml"

    @pytest.mark.parametrize(
        ("labels", "receiver"),
        [
            *((("alertname=X", f"receiver={name}"), name) for name in ("hook", "chat", "pager.duty-1", "post", "open")),
            (("alertname=X", "receiver=chat", "severity=page", "queue=billing"), "chat"),
            (("alertname=X", "receiver=post", "severity=ticket", "queue=billing"), "post"),
            (("alertname=X", "severity=page"), "hook"),
            (("alertname=X", "receiver=gone", "queue=billing"), "hook"),
            (("alertname=Watchdog", "severity=none"), "hook"),
        ],
    )
    def test_an_alert_goes_where_it_should(self, file: Path, labels: tuple[str, ...], receiver: str) -> None:
        assert good("amtool", "config", "routes", "test", f"--config.file={file}", *labels).split() == [receiver]

    def test_the_watchdog_goes_to_nobody_where_nobody_expects_it(self, tmp_path: Path) -> None:
        file = written(tmp_path, files(Settings())) / "alertmanager.yml"
        found = good("amtool", "config", "routes", "test", f"--config.file={file}", "alertname=Watchdog")
        assert found.split() == ["nobody"]

    def test_mutes_stand_at_the_routes_that_they_mute(self, file: Path) -> None:
        shown = good("amtool", "config", "routes", "show", f"--config.file={file}")
        assert shown.count('{queue="billing",severity="page"}') == 6  # five receivers and the default one


def test_the_tools_would_say_so(tmp_path: Path) -> None:
    folder = written(tmp_path, files(alerting_settings(loaded(tmp_path / "floor.toml", ""))))
    rules = folder / "rules" / "breaches.yml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("sum by", "sum bye"), encoding="utf-8")
    assert told("promtool", "check", "rules", rules).returncode != 0
    alertmanager = folder / "alertmanager.yml"
    alertmanager.write_text(alertmanager.read_text(encoding="utf-8").replace("nobody", "somebody", 1), encoding="utf-8")
    assert told("amtool", "check-config", alertmanager).returncode != 0
