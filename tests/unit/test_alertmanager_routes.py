"""Who is told of which alert, and when not, by a walk of the generated routes as Alertmanager walks them."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerting.files import files
from deskpulse.configuration.alerting import alerting_settings
from tests.alerting_configurations import CONFIGURATIONS
from tests.configuration_files import loaded

MATCHER = re.compile(r'(\w+)(=|!=)"((?:[^"\\]|\\.)*)"', re.DOTALL)
ODD_QUEUE = 'a, "b" \\ {x} = ü\n'


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Any]:
    text = CONFIGURATIONS["everything of alertmanager"]
    settings = alerting_settings(loaded(tmp_path / "floor.toml", text))
    return dict(yaml.safe_load(files(settings)["prometheus/alertmanager.yml"]))


def matches(route: dict[str, Any], labels: dict[str, str]) -> bool:
    for matcher in route.get("matchers", ()):
        found = MATCHER.fullmatch(matcher)
        assert found is not None, matcher
        value = found[3].replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
        if (labels.get(found[1], "") == value) != (found[2] == "="):
            return False
    return True


def walked(route: dict[str, Any], labels: dict[str, str]) -> list[dict[str, Any]]:
    """The routes that an alert passes, the one that holds for it last."""
    inner = next((child for child in route.get("routes", ()) if matches(child, labels)), None)
    return [route] if inner is None else [route, *walked(inner, labels)]


def told(made: dict[str, Any], **labels: str) -> tuple[str, str, list[str]]:
    """Receiver, repeat interval, mutes. Mutes are not handed down, the others are."""
    path = walked(made["route"], labels)
    inherited: dict[str, Any] = {}
    for route in path:
        inherited |= route
    return inherited["receiver"], inherited["repeat_interval"], path[-1].get("mute_time_intervals", [])


def test_an_alert_goes_to_the_receiver_that_it_names_else_to_the_first(made: dict[str, Any]) -> None:
    assert told(made, alertname="X", receiver="chat", severity="page")[:2] == ("chat", "1h")
    assert told(made, alertname="X", receiver="post", severity="ticket")[:2] == ("post", "12h")
    assert told(made, alertname="X", severity="page")[:2] == ("hook", "1h")
    assert told(made, alertname="X", receiver="gone", severity="ticket")[:2] == ("hook", "12h")


def test_mutes_of_a_queue_add_to_those_of_all_and_hold_for_no_other_queue(made: dict[str, Any]) -> None:
    for severity in ("page", "ticket"):
        for receiver in ("chat", "gone"):
            common = {"alertname": "X", "receiver": receiver, "severity": severity}
            assert told(made, **common, queue="billing")[2] == ["mute 1", "mute 2", "mute 3"]
            assert told(made, **common, queue=ODD_QUEUE)[2] == ["mute 1", "mute 2"]
            assert told(made, **common, queue="sales")[2] == ["mute 1"]
            assert told(made, **common)[2] == ["mute 1"]


def test_the_watchdog_is_never_muted_and_comes_every_five_minutes(made: dict[str, Any]) -> None:
    assert told(made, alertname="Watchdog", severity="none") == ("hook", "5m", [])


def test_only_at_risk_is_silenced_by_another_alert(made: dict[str, Any]) -> None:
    (rule,) = made["inhibit_rules"]
    assert rule["equal"] == ["policy", "queue"]
    assert rule["source_matchers"][0] == 'alertname="SupportFirstResponseSLABreached"'
    assert rule["target_matchers"][0] == 'alertname="SupportFirstResponseSLAAtRisk"'
    # Alerts that lack a label count as equal in it: they must have it.
    assert all(
        f'{label}!=""' in rule[side] for label in rule["equal"] for side in ("source_matchers", "target_matchers")
    )


def test_secrets_are_named_by_file(made: dict[str, Any]) -> None:
    receivers = {receiver["name"]: receiver for receiver in made["receivers"]}
    folder = "/etc/it's secret"
    authorization = receivers["hook"]["webhook_configs"][0]["http_config"]["authorization"]
    assert authorization == {"credentials_file": f"{folder}/HOOK_TOKEN"}
    assert receivers["chat"]["slack_configs"][0]["api_url_file"] == "/run/secrets/slack"
    assert receivers["pager.duty-1"]["pagerduty_configs"][0]["routing_key_file"] == f"{folder}/PAGER_KEY"
    assert receivers["post"]["email_configs"][0]["auth_password_file"] == "/run/secrets/mail"
    assert "auth_password_file" not in receivers["open"]["email_configs"][0]
    assert receivers["nobody"] == {"name": "nobody"}


def test_without_receivers_and_mutes_everything_goes_to_nobody(tmp_path: Path) -> None:
    settings = alerting_settings(loaded(tmp_path / "floor.toml", ""))
    made = dict(yaml.safe_load(files(settings)["prometheus/alertmanager.yml"]))
    assert told(made, alertname="X", receiver="nobody", severity="page") == ("nobody", "1h", [])
    assert "time_intervals" not in made
    assert made["receivers"] == [{"name": "nobody"}]


def test_the_root_route_has_what_alertmanager_demands_of_it(made: dict[str, Any]) -> None:
    root = made["route"]
    assert not {"matchers", "mute_time_intervals"} & root.keys()
    assert root["group_by"] == ["alertname", "policy"]
    # Only the last child matches everything: nothing stays with the root, which cannot be muted.
    assert "matchers" not in root["routes"][-1]
    assert all("matchers" in earlier for earlier, _ in pairwise(root["routes"]))
