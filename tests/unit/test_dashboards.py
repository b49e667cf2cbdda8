"""The dashboards' form: complete, stable, without overlaps, and with nothing of one Grafana written into them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as grafana

from alerting.settings import Settings
from dashboards.drawing import reference
from dashboards.files import dashboards, files, text
from dashboards.judgement import STATES
from dashboards.panel import COLUMNS, Dashboard, Panel, Query, Role, Row, Shape
from metrics.catalogue import BY_NAME
from metrics.kpi import RATIO
from tests.alerting_configurations import CONFIGURATIONS
from tests.dashboards_made import documents, of_demo, of_text, panels, shown


@pytest.fixture(params=CONFIGURATIONS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return of_text(tmp_path, CONFIGURATIONS[request.param])


def within(found: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield key, value
            yield from within(value)
    elif isinstance(found, list):
        for value in found:
            yield from within(value)


def test_the_paths_and_uids_are_the_same_whatever_the_configuration_says(settings: Settings) -> None:
    assert list(documents(settings)) == ["support-wall", "support-ops", "support-pipeline"]
    assert files(settings).keys() == files(of_demo()).keys()


def test_every_panel_says_what_it_is_what_to_do_and_in_which_unit(settings: Settings) -> None:
    for document in documents(settings).values():
        for panel in shown(document):
            assert panel["title"], panel
            means, act = panel["description"].split("\n\n")[:2]
            assert len(means) > 20, panel["title"]
            assert act.startswith("**Do.** "), panel["title"]
            assert act.endswith((".", "?")), panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_what_is_not_known_is_said_to_be_no_data_and_gaps_stay_gaps(settings: Settings) -> None:
    for document in documents(settings).values():
        for panel in shown(document):
            defaults = panel["fieldConfig"]["defaults"]
            assert defaults["noValue"] == "no data"
            assert not defaults.get("custom", {}).get("spanNulls")


def test_every_series_has_a_legend_and_no_letter_stands_for_two_queries(settings: Settings) -> None:
    for document in documents(settings).values():
        for panel in shown(document):
            assert all(target["legendFormat"] for target in panel["targets"])
            letters = [target["refId"] for target in panel["targets"]]
            assert len(letters) == len(set(letters))
            if panel["type"] in {"timeseries", "state-timeline"}:
                assert panel["options"]["legend"]["showLegend"]


def test_no_data_source_is_written_down(settings: Settings) -> None:
    for document in documents(settings).values():
        named = [value for key, value in within(document) if key == "datasource"]
        assert len(named) > len(document["panels"])
        assert {json.dumps(value, sort_keys=True) for value in named} == {
            '{"type": "prometheus", "uid": "${datasource}"}'
        }
        assert all(panel.get("datasource") and panel["targets"] for panel in shown(document))


def test_nobody_edits_what_is_generated_and_nothing_of_one_grafana_is_in_it(settings: Settings) -> None:
    for document in documents(settings).values():
        assert document["editable"] is False
        assert document["schemaVersion"] == 42
        assert not {"id", "version", "iteration"} & document.keys()


def test_variables_are_the_source_queue_priority_and_one_configured_window(settings: Settings) -> None:
    windows = [*(window.name for window in settings.windows), "today"]
    for document in documents(settings).values():
        source, queue, priority, window = document["templating"]["list"]
        assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
        for variable in (queue, priority):
            assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".*")
            assert variable["definition"] == variable["query"]["query"]
        assert (queue["name"], priority["name"], window["name"]) == ("queue", "priority", "window")
        assert [option["value"] for option in window["options"]] == windows
        assert [option["value"] for option in window["options"] if option["selected"]] == [window["current"]["value"]]
        assert not window["multi"]
        assert not window["includeAll"]


def test_every_variable_is_used_by_a_query_of_each_dashboard_that_has_what_it_selects() -> None:
    for uid, document in documents(of_demo()).items():
        queries = "\n".join(target["expr"] for panel in shown(document) for target in panel["targets"])
        selected = {name for name in ("$queue", "$priority", "$window") if name in queries}
        assert selected >= {"$queue"}, uid
        if uid != "support-pipeline":  # of workers, most of which have neither
            assert selected == {"$queue", "$priority", "$window"}, uid


def test_panels_neither_overlap_nor_leave_the_grid(settings: Settings) -> None:
    for document in documents(settings).values():
        places = [panel["gridPos"] for panel in document["panels"]]
        for place in places:
            assert 0 <= place["x"] <= place["x"] + place["w"] <= COLUMNS
            assert place["h"] > 0
        for one, other in combinations(places, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)


def test_ids_and_keys_are_of_one_panel_each_and_titles_too(settings: Settings) -> None:
    for document in documents(settings).values():
        ids = [panel["id"] for panel in document["panels"]]
        assert len(ids) == len(set(ids))
        assert min(ids) > 0
        titles = [panel["title"] for panel in document["panels"]]
        assert len(titles) == len(set(titles))
    keys = [(dashboard.uid, panel.key) for dashboard, panel in panels(settings)]
    assert len(keys) == len(set(keys))


def test_the_sdk_reads_what_it_wrote_and_writes_the_same_again(settings: Settings) -> None:
    register_default_plugins()
    for written in files(settings).values():
        read = grafana.Dashboard.from_json(json.loads(written))
        again = json.dumps(read, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        assert again == written


def test_generated_again_the_bytes_are_the_same(settings: Settings) -> None:
    assert files(settings) == files(settings)


def one_more(dashboard: Dashboard, row: int) -> Dashboard:
    """The dashboard with a panel more at the front of a row."""
    more = Panel(
        key="one more", title="One more", says="For a test.", act="Nothing.", unit="short", width=8,
        queries=(Query(expr="up", legend="up"),),
    )  # fmt: skip
    rows = list(dashboard.rows)
    rows[row] = Row(rows[row].title, (more, *rows[row].panels))
    return msgspec.structs.replace(dashboard, rows=tuple(rows))


@pytest.mark.parametrize("row", [0, 1, -1])
def test_a_panel_more_adds_its_own_lines_and_moves_what_follows_and_changes_nothing_else(row: int) -> None:
    settings = of_demo()
    for dashboard in dashboards(settings):
        before, after = (json.loads(text(one, settings)) for one in (dashboard, one_more(dashboard, row)))
        old = {panel["id"]: panel for panel in before.pop("panels")}
        new = {panel["id"]: panel for panel in after.pop("panels")}
        assert before == after
        (added,) = new.keys() - old.keys()
        assert new.pop(added)["title"] == "One more"
        assert list(new) == list(old)
        for number, panel in old.items():
            assert {**new[number], "gridPos": None} == {**panel, "gridPos": None}


def test_beside_each_ratio_stands_of_how_many_it_is() -> None:
    for _, panel in panels(of_demo()):
        ratios = [name for name in panel.kpis if BY_NAME[name].unit == RATIO and BY_NAME[name].sample]
        if ratios and panel.unit == "percentunit" and ratios != ["brand_expected"]:  # its sample is not exported
            assert any(query.role is Role.SAMPLE or query.legend == "n" for query in panel.queries), panel.title


def test_a_band_lies_between_the_ends_of_an_interval_that_are_both_there() -> None:
    bands = 0
    for document in documents(of_demo()).values():
        for panel in shown(document):
            for override in panel["fieldConfig"]["overrides"]:
                below = {one["id"]: one["value"] for one in override["properties"]}.get("custom.fillBelowTo")
                if below is not None:
                    bands += 1
                    assert [target["legendFormat"] for target in panel["targets"]].count(below) == 1
                    assert override["matcher"]["id"] == "byFrameRefID"
    with_interval = {name for _, panel in panels(of_demo()) for name in panel.kpis if has_band(panel)}
    assert bands == len(with_interval) == 11
    assert all(BY_NAME[name].interval for name in with_interval)


def has_band(panel: Panel) -> bool:
    return {Role.LOWER, Role.UPPER} <= {query.role for query in panel.queries}


def test_colour_never_speaks_alone_where_a_number_stands_for_a_state() -> None:
    states = 0
    for _, panel in panels(of_demo()):
        for words in (panel.words, *(query.words or () for query in panel.queries)):
            if words:
                states += 1
                assert len({word.text for word in words}) == len(words) == len({word.value for word in words})
                assert all(word.text.isupper() for word in words)
        if panel.shape is Shape.STATES:
            assert panel.words, panel.title
    assert states > 8
    fields = [panel["fieldConfig"] for document in documents(of_demo()).values() for panel in shown(document)]
    colours = {value for key, value in within(fields) if key == "color" and isinstance(value, str)}
    assert colours == {"blue", "orange", "red", "purple", "text"}


def test_numbers_and_tables_ask_for_now_so_that_an_old_value_is_no_value() -> None:
    for document in documents(of_demo()).values():
        for panel in shown(document):
            is_now = panel["type"] in {"stat", "table"}
            assert {(target["instant"], target["range"]) for target in panel["targets"]} == {(is_now, not is_now)}


def test_the_page_on_reading_them_names_every_dashboard_row_and_word() -> None:
    page = (Path(__file__).parents[2] / "docs" / "dashboards.md").read_text(encoding="utf-8")
    for dashboard in dashboards(of_demo()):
        part = page.partition(f"\n## `{dashboard.uid}`\n")[2].partition("\n## ")[0]
        assert re.findall(r"^\| ([^|]+) \|", part, re.MULTILINE)[1:] == [row.title for row in dashboard.rows]
    assert all(f"| {word.text} |" in page for word in STATES)
    named = ("Alerts that fire", "Windows that are whole", "Walls against workers", "What the walls show")
    assert {panel.title for _, panel in panels(of_demo())} >= set(named)
    assert all(f"*{title}*" in page for title in named)


def test_n_has_an_axis_of_its_own_without_the_ends_or_the_target_of_the_value() -> None:
    found = 0
    for _, panel in panels(of_demo()):
        drawn = next(one for document in documents(of_demo()).values() for one in shown(document)
                     if one["title"] == panel.title and one["type"] == panel.shape)  # fmt: skip
        if panel.shape is Shape.LINES and any(query.role is Role.SAMPLE for query in panel.queries):
            found += 1
            assert not {"min", "max"} & drawn["fieldConfig"]["defaults"].keys(), panel.title
            for query, override in zip(panel.queries, overridden(panel, drawn), strict=True):
                if query.role is Role.SAMPLE:
                    assert override["custom.axisPlacement"] == "right"
                    assert override["custom.thresholdsStyle"] == {"mode": "off"}
                    assert override.get("max") is None
                else:
                    assert override.get("max") == panel.most
    assert found > 20


def overridden(panel: Panel, drawn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties of each query's series."""
    found = {one["matcher"]["options"]: one["properties"] for one in drawn["fieldConfig"]["overrides"]}
    for query in panel.queries:
        yield {one["id"]: one["value"] for one in found.get(reference(panel, query), [])}


def test_a_column_with_words_or_steps_is_coloured() -> None:
    wall = documents(of_demo())["support-wall"]
    (queues,) = (one for one in shown(wall) if one["type"] == "table")
    found = {
        override["matcher"]["options"]: property_["value"]["type"]
        for override in queues["fieldConfig"]["overrides"]
        for property_ in override["properties"]
        if property_["id"] == "custom.cellOptions"
    }
    assert found == {"State": "color-background", "Breached now": "color-text", "At risk": "color-text"}
