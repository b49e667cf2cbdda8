"""From an alert to its panel, from the panel to the runbook and to the tickets: every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from alerting.files import concerns, files
from alerting.panels import SEEN
from alerting.settings import Settings
from tests.alerting_configurations import CONFIGURATIONS
from tests.dashboards_made import documents, of_demo, of_text, panel_of, shown

BOARDED = '[redis]\nurl = "redis://127.0.0.1:6379/0"\n[alerts]\nbase_url = "https://board.example/desk/"\n'
WIKI = '[alerts]\nrunbook_url = "https://wiki.example/alerts"\n'


@pytest.fixture(params=CONFIGURATIONS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return of_text(tmp_path, CONFIGURATIONS[request.param])


def test_every_alert_that_any_configuration_has_or_leaves_out_has_a_panel_and_no_other() -> None:
    found = concerns(of_demo())
    alerts = {alert.name for concern in found for alert in concern.alerts}
    omitted = {omission.name for concern in found for omission in concern.omissions}
    assert alerts | omitted == SEEN.keys()


def test_the_panel_of_every_alert_is_there_with_the_id_of_its_link(settings: Settings) -> None:
    titles = {
        uid: {panel["id"]: panel["title"] for panel in shown(found)} for uid, found in documents(settings).items()
    }
    for seen in SEEN.values():
        assert titles[seen.dashboard][seen.id] == panel_of(settings, seen.dashboard, seen.panel).title


def dashboard_links(settings: Settings) -> dict[str, str]:
    """Of each alert its link as it stands in the rules."""
    found = {}
    for path, text in files(settings).items():
        if path.startswith("prometheus/rules/"):
            for group in yaml.safe_load(text)["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        found[rule["alert"]] = rule["annotations"]["dashboard_url"]
    return found


def test_every_alert_links_to_its_panel_and_to_its_queue_where_it_has_one() -> None:
    found = dashboard_links(of_demo())
    assert len(found) > 15
    for alert, link in found.items():
        address, _, queue = link.partition("{{")
        parts = urlsplit(address)
        assert (parts.netloc, parts.path) == ("127.0.0.1:3000", f"/d/{SEEN[alert].dashboard}")
        assert parse_qs(parts.query)["viewPanel"] == [str(SEEN[alert].id)]
        assert queue == " with $labels.queue }}&var-queue={{ . | urlquery }}{{ end }}"


def test_an_alert_of_one_window_links_to_its_panel_in_that_window(tmp_path: Path) -> None:
    text = '[kpis.nps]\ntarget = 10\nwindow = "7d"\n[kpis.csat]\ntarget = 0.8\n'
    found = dashboard_links(of_text(tmp_path, text))
    assert "&var-window=7d{{" in found["SupportNPSBelowTarget"]
    assert "window" not in found["SupportCSATBelowTarget"]  # over the shortest with enough answers


def test_grafana_is_where_the_configuration_says(tmp_path: Path) -> None:
    text = '[alerts]\ngrafana_url = "https://grafana.example/sub/"\n'
    links = dashboard_links(of_text(tmp_path, text)).values()
    assert all(link.startswith("https://grafana.example/sub/d/support-") for link in links)


def test_a_panel_names_the_alerts_that_lead_to_it_with_their_entries_of_the_runbook(settings: Settings) -> None:
    present = {alert.name for concern in concerns(settings) for alert in concern.alerts}
    for uid, document in documents(settings).items():
        for panel in shown(document):
            named = set(re.findall(r"(Support\w+|Watchdog) \(", panel["description"].partition("Alerts: ")[2]))
            leading = {alert for alert, seen in SEEN.items() if (seen.dashboard, seen.id) == (uid, panel["id"])}
            assert named == leading & present, panel["title"]


def test_a_panel_links_to_the_runbook_where_that_has_an_address(tmp_path: Path) -> None:
    def links(settings: Settings) -> set[str]:
        found = (panel.get("links", []) for document in documents(settings).values() for panel in shown(document))
        return {link["url"] for some in found for link in some if "Runbook" in link["title"]}

    assert links(of_demo()) == set()  # docs/alerts.md is a file, and no address
    settings = of_text(tmp_path, WIKI)
    alerts = {alert.name for concern in concerns(settings) for alert in concern.alerts}
    assert links(settings) == {f"https://wiki.example/alerts#{alert.lower()}" for alert in alerts}


@pytest.mark.parametrize(
    ("text", "place"),
    [("", "http://127.0.0.1:6066/api/tickets?"), (BOARDED, "https://board.example/desk/tickets?")],
)
def test_numbers_of_tickets_lead_to_the_list_of_them(tmp_path: Path, text: str, place: str) -> None:
    settings = of_text(tmp_path, text)
    found = set()
    for document in documents(settings).values():
        for panel in shown(document):
            for link in panel["fieldConfig"]["defaults"].get("links", []):
                assert link["url"].startswith(place)
                asked = parse_qs(link["url"].partition("?")[2])
                assert asked.keys() <= {"state", "sla", "queue"}
                assert asked.get("queue", ["${__field.labels.queue:percentencode}"])[0].startswith("${__")
                found |= {*asked["state"]}
    assert found == {"breaching", "at_risk", "waiting", "awaiting_reply", "without_policy"}


def test_links_between_dashboards_lead_to_panels_that_are_there() -> None:
    found = documents(of_demo())
    ids = {uid: {panel["id"] for panel in document["panels"]} for uid, document in found.items()}
    links = [link["url"] for document in found.values() for panel in shown(document) for link in panel.get("links", [])]
    inner = [urlsplit(link) for link in links if link.startswith("/d/")]
    assert inner
    for parts in inner:
        (number,) = parse_qs(parts.query)["viewPanel"]
        assert int(number) in ids[parts.path.removeprefix("/d/")]


def test_every_panel_of_the_wall_leads_to_one_that_tells_more() -> None:
    for panel in shown(documents(of_demo())["support-wall"]):
        assert [link["title"] for link in panel["links"]].count("Details") == 1, panel["title"]
