"""Grafana's provisioning files, read by its documented schema and by its rules for dollars."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from dashboards import provisioning
from deskpulse.configuration.grafana import grafana_settings
from deskpulse.generated import files_of
from tests import grafana_schema as schema
from tests.alerting_configurations import CONFIGURATIONS
from tests.configuration_files import loaded, problems
from tests.grafana_expansion import expanded

FOLDER = Path(__file__).parents[2] / "grafana/provisioning"
DATA_SOURCES, PROVIDER, CONTACT_POINTS = (
    f"grafana/provisioning/{kind}/deskpulse.yaml" for kind in ("datasources", "dashboards", "alerting")
)
RECEIVERS = CONFIGURATIONS["everything of alertmanager"]
WANTED = "[grafana]\ncontact_points = true\n"


def made(folder: Path, text: str) -> dict[str, str]:
    return files_of(loaded(folder / "floor.toml", text))


def integration(folder: Path, text: str) -> schema.Webhook | schema.Slack | schema.Pagerduty | schema.Email:
    """Of the only contact point."""
    (point,) = schema.contact_points(made(folder, WANTED + text)[CONTACT_POINTS]).values()
    (one,) = point.receivers
    return one.own


class TestDataSources:
    def test_prometheus_is_asked_as_often_as_it_scrapes_and_by_post(self, tmp_path: Path) -> None:
        text = '[alerts]\ninterval = "15s"\n[grafana]\nprometheus_url = "https://prometheus.example/desk/"\n'
        found = schema.data_sources(made(tmp_path, text)[DATA_SOURCES])
        assert found["prometheus"].url == "https://prometheus.example/desk"
        assert found["prometheus"].settings == schema.PrometheusJson(
            time_interval="15s", http_method="POST", manage_alerts=True, alertmanager_uid=found["alertmanager"].uid
        )

    def test_alertmanager_is_where_prometheus_reaches_it_and_gets_no_alerts_of_grafanas_own(
        self, tmp_path: Path
    ) -> None:
        text = '[alerts]\nalertmanager_url = "http://alertmanager:9093"\n'
        found = schema.data_sources(made(tmp_path, text)[DATA_SOURCES])["alertmanager"]
        assert found.url == "http://alertmanager:9093"
        assert found.settings == schema.AlertmanagerJson("prometheus", handle_grafana_managed_alerts=False)

    @pytest.mark.parametrize("name", CONFIGURATIONS)
    def test_uids_are_the_same_whatever_is_configured_nobody_edits_them_and_none_is_the_default(
        self, tmp_path: Path, name: str
    ) -> None:
        found = schema.data_sources(made(tmp_path, CONFIGURATIONS[name])[DATA_SOURCES])
        assert {kind: one.uid for kind, one in found.items()} == {
            "prometheus": provisioning.PROMETHEUS_UID,
            "alertmanager": provisioning.ALERTMANAGER_UID,
        }
        assert not any(one.editable or one.is_default for one in found.values())


class TestProvider:
    def test_dashboards_are_in_one_folder_with_a_uid_and_are_neither_edited_nor_deleted(self, tmp_path: Path) -> None:
        text = '[grafana]\nfolder = "The desk"\ndashboards_dir = "/srv/dashboards"\n'
        found = schema.provider(made(tmp_path, text)[PROVIDER])
        assert (found.folder, found.folder_uid) == ("The desk", "deskpulse")
        assert found.options == schema.ProviderOptions("/srv/dashboards", folders_from_files_structure=False)
        assert (found.allow_ui_updates, found.disable_deletion) == (False, True)

    def test_a_dollar_is_written_so_that_grafana_reads_one(self, tmp_path: Path) -> None:
        text = '[grafana]\nfolder = "Cost in $USD ${x}"\ndashboards_dir = "/srv/$__env{HOME}"\n'
        found = schema.provider(made(tmp_path, text)[PROVIDER])
        given = {"USD": "gone", "x": "gone", "HOME": "/root"}
        assert expanded(found.folder, given) == "Cost in $USD ${x}"
        assert expanded(found.options.path, given) == "/srv/$__env{HOME}"


class TestContactPoints:
    def test_there_is_none_unless_it_is_asked_for(self, tmp_path: Path) -> None:
        assert schema.contact_points(made(tmp_path, RECEIVERS)[CONTACT_POINTS]) == {}

    def test_each_receiver_is_one_of_its_kind(self, tmp_path: Path) -> None:
        found = schema.contact_points(made(tmp_path, WANTED + RECEIVERS)[CONTACT_POINTS])
        assert {name: [one.type for one in point.receivers] for name, point in found.items()} == {
            "deskpulse hook": ["webhook"],
            "deskpulse chat": ["slack"],
            "deskpulse pager.duty-1": ["pagerduty"],
            "deskpulse post": ["email"],
            "deskpulse open": ["email"],
        }
        assert all(one.own is not None for point in found.values() for one in point.receivers)
        assert found["deskpulse post"].receivers[0].own == schema.Email("floor@desk.example", single_email=True)

    @pytest.mark.parametrize("secret", ["plain", "with $HOME and ${HOME} in it", "a$$b", "$__file{/etc/passwd}"])
    def test_a_secret_of_the_environment_arrives_whole_and_is_not_in_the_file(
        self, tmp_path: Path, secret: str
    ) -> None:
        text = '[[receivers]]\nname = "a"\nkind = "pagerduty"\nsecret_env = "PAGER_KEY"\n'
        found = integration(tmp_path, text)
        assert isinstance(found, schema.Pagerduty)
        assert found.integration_key == "$PAGER_KEY"
        assert expanded(found.integration_key, {"PAGER_KEY": secret, "HOME": "/root"}) == secret

    def test_a_secret_of_a_file_is_read_from_there(self, tmp_path: Path) -> None:
        path = "/run/secrets/the team's chat"
        found = integration(tmp_path, f'[[receivers]]\nname = "a"\nkind = "slack"\nsecret_file = "{path}"\n')
        assert isinstance(found, schema.Slack)
        assert expanded(found.url, {}, {path: "https://chat.example/hook\n"}) == "https://chat.example/hook"

    def test_a_webhook_has_its_bearer_token_where_it_has_a_secret(self, tmp_path: Path) -> None:
        text = '[[receivers]]\nname = "a"\nkind = "webhook"\nurl = "http://on-call:8000/page?to=$team"\n'
        bare = integration(tmp_path, text)
        assert bare == schema.Webhook("http://on-call:8000/page?to=$$team", "POST")
        assert integration(tmp_path, f'{text}secret_env = "TOKEN"\n') == msgspec.structs.replace(
            bare, authorization_scheme="Bearer", authorization_credentials="$TOKEN"
        )

    @pytest.mark.parametrize("path", ["/run/$secrets/chat", "/run/secrets/{chat}"])
    def test_a_file_that_grafana_cannot_be_told_of_is_refused_where_it_has_to_be(
        self, tmp_path: Path, path: str
    ) -> None:
        text = f'[[receivers]]\nname = "a"\nkind = "slack"\nsecret_file = "{path}"\n'
        assert made(tmp_path, text)
        (problem,) = problems(tmp_path / "floor.toml", WANTED + text)
        assert "receivers[0].secret_file" in problem
        assert "expected a path without $ and }" in problem

    def test_uids_are_such_that_grafana_takes_them_and_no_two_names_share_one(self) -> None:
        names = ["a.b", "a-b", "a b", "a" * 80, "a" * 81, "日本", "", "pager"]
        uids = [provisioning.uid_of(name) for name in names]
        assert len(set(uids)) == len(names)
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid) for uid in uids)
        assert uids == [provisioning.uid_of(name) for name in names]
        assert uids[-1].startswith("deskpulse-pager-")


def test_every_configuration_is_read_by_the_schema(tmp_path: Path) -> None:
    for text in CONFIGURATIONS.values():
        files = provisioning.files(grafana_settings(loaded(tmp_path / "floor.toml", text)))
        schema.data_sources(files[DATA_SOURCES])
        schema.provider(files[PROVIDER])
        schema.contact_points(files[CONTACT_POINTS])


def test_a_misspelled_key_would_be_noticed() -> None:
    text = (FOLDER / "dashboards/deskpulse.yaml").read_text(encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match="allowUiUpdate"):
        schema.provider(text.replace("allowUiUpdates", "allowUiUpdate"))


def test_what_is_checked_in_lies_where_grafana_looks_for_it() -> None:
    """One folder for each kind, and nothing else in them: Grafana reads all that ends in yaml there."""
    found = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert found == {f"{kind}/deskpulse.yaml" for kind in ("datasources", "dashboards", "alerting")}


class TestPage:
    """docs/grafana.md says what the files say."""

    page = (Path(__file__).parents[2] / "docs/grafana.md").read_text(encoding="utf-8")

    def test_it_names_each_file_each_uid_and_where_the_dashboards_lie(self) -> None:
        defaults = provisioning.Grafana()
        assert all(f"`{path}`" in self.page for path in provisioning.files(defaults))
        assert f"`{defaults.dashboards_dir}/`" in self.page
        for uid in (provisioning.PROMETHEUS_UID, provisioning.ALERTMANAGER_UID, provisioning.FOLDER_UID):
            assert f"`{uid}`" in self.page

    def test_permissions_are_said_of_the_folder_that_is_provisioned(self) -> None:
        assert f"/api/folders/{provisioning.FOLDER_UID}/permissions" in self.page
        (body,) = re.findall(r"--data '(.*)'", self.page)
        items = json.loads(body)["items"]
        assert {item["role"]: item["permission"] for item in items} == {"Viewer": 1, "Editor": 1}
