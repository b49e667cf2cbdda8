"""Every query of every dashboard against the list of what is exported, and the rules of asking for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deskpulse.configuration.loading import load_configuration
from deskpulse.generated import DEMO, files_of
from tests.alerting_configurations import CONFIGURATIONS
from tests.configuration_files import loaded
from tests.dashboard_rules import complaints
from tests.grafana_dashboards import AsItStands, Dashboard, Value, dashboards, dashboards_of, names_in, substituted

FOLDER = Path(__file__).parents[2] / "grafana/dashboards"
CHECKED_IN = dashboards(FOLDER)


def recorded(made: Mapping[str, str]) -> set[str]:
    """The series that the rules among generated files record."""
    rules = [yaml.safe_load(text) for path, text in made.items() if path.startswith("prometheus/rules/")]
    groups = [group for file in rules for group in file["groups"]]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def test_there_are_three_dashboards() -> None:
    assert [dashboard.name for dashboard in CHECKED_IN] == ["support-ops", "support-pipeline", "support-wall"]


@pytest.mark.parametrize("dashboard", CHECKED_IN, ids=lambda dashboard: dashboard.name)
def test_no_query_breaks_a_rule(dashboard: Dashboard) -> None:
    assert complaints(dashboard, recorded(files_of(load_configuration(DEMO, {})))) == []


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_query_of_any_configuration_breaks_a_rule(name: str, tmp_path: Path) -> None:
    made = files_of(loaded(tmp_path / "floor.toml", CONFIGURATIONS[name]))
    found = dashboards_of(made)
    assert len(found) == 3
    assert [one for dashboard in found for one in complaints(dashboard, recorded(made))] == []


def variable(name: str, **more: Any) -> dict[str, Any]:
    label = {"query": {"query": f"label_values(support_tickets_open, {name})", "refId": name}}
    return {"type": "query", "name": name, "includeAll": True, "multi": True, **label, **more}


def made(expr: str, *variables: dict[str, Any], **target: Any) -> Dashboard:
    """A dashboard of one panel."""
    panel = {"type": "timeseries", "title": "One", "targets": [{"refId": "A", "expr": expr, **target}]}
    return Dashboard("hand-made", {"panels": [panel], "templating": {"list": list(variables)}})


@pytest.mark.parametrize(
    "expr",
    [
        "sum by (queue) (max by (queue, priority, partition) (support_tickets_open))",
        "sum by (queue) (max without (instance, job) (support_tickets_open))",
        "sum by (queue) (rate(support_tickets_created_total[$__rate_interval]))",
        "sum(increase(support_tickets_created_total[$__range]))",
        "histogram_quantile(0.9, sum by (le) (rate(support_first_response_seconds_bucket[$__rate_interval])))",
        "histogram_quantile(0.5, max by (le, queue) (support_awaiting_first_response_age_seconds_bucket))",
        'max by (queue) (support_csat_satisfied_ratio{window="24h"})',
        "max by (queue, window) (support_csat_satisfied_ratio)",
        "time() - min by (queue) (support_oldest_awaiting_first_response_timestamp_seconds)",
        "count(max by (partition) (support_pipeline_partition_ready) == 1)",
        "max by (topic) (support_pipeline_consumer_lag)",
        "max by (queue) (support_sla_overdue_ratio)",
        "sum by (window) (max by (queue, window) (support_csat_window_points)) / 2",
        'sum(max by (queue) (support_csat_mean_score{window="1h"}) * max(support_floor_csat_mean_score{window="1h"}))',
        'ALERTS{alertname=~"Support.*", alertstate="firing"}',
        'up{job="deskpulse"} == 0',
        'label_replace(max by (queue) (support_board_tickets_open), "name", "$1", "queue", "(.*)")',
        'max by (name) (label_replace(support_board_tickets_open, "name", "a", "", ""))',
        "changes(support_pipeline_rebalances_total[1h])",
        "sum(increase(support_pipeline_rebalances_total[10m]))",
        "sum(support_board_sse_clients)",
        'count({__name__=~"support_tickets_(open|paused)"})',
    ],
)
def test_what_is_asked_rightly_is_let_pass(expr: str) -> None:
    assert complaints(made(expr)) == []


@pytest.mark.parametrize(
    ("expr", "complaint"),
    [
        ("sum(", "it cannot be parsed"),
        ("$what", "there is no variable what"),
        ("support_tickets_opened", "support_tickets_opened is no series"),
        ("support_first_response_seconds", "is a histogram"),
        ('support_tickets_open{colour="red"}', "support_tickets_open has no label colour"),
        ("max by (queue, partition, colour) (support_tickets_open)", "nothing in it has a label colour"),
        ("up / on (colour) up", "nothing in it has a label colour"),
        ("sum(support_tickets_created_total)", "is a counter: only under"),
        ("sum(support_first_response_seconds_count)", "is a counter: only under"),
        ("rate(support_pipeline_table_keys[$__rate_interval])", "is no counter: it has no rate"),
        ("sum(rate(support_tickets_created_total[5m]))", "rate over 5m: over $__rate_interval"),
        ("sum(increase(support_tickets_created_total[30s]))", "increase over 30s"),
        ('count({__name__=~"support_ticket_.*"})', "is no series"),
        ("rate(sum(support_tickets_created_total)[1h:1m])", "comes first, then the sum"),
        ("max by (queue) (support_csat_satisfied_ratio)", "is of one window, or of each"),
        ('max by (queue) (support_csat_satisfied_ratio{window=~"1h|24h"})', "is of one window, or of each"),
        ("support_csat_satisfied_ratio", "is of one window, or of each"),
        ("sum by (queue) (support_tickets_open)", "by max with its partition first"),
        ("max by (queue) (support_tickets_open)", "by max with its partition first"),
        ("max without (instance, partition) (support_tickets_open)", "by max with its partition first"),
        ("sum(support_board_tickets_open)", "max first"),
        ("support_board_tickets_open", "max first"),
        ('sum(support_tickets_window_created{window="1h"})', "max first"),
        ('avg(max by (queue) (support_csat_satisfied_ratio{window="1h"}))', "neither added up nor averaged"),
        ('sum(max by (queue) (support_first_response_p50_seconds{window="1h"}))', "neither added up nor averaged"),
    ],
)
def test_what_is_asked_wrongly_is_told(expr: str, complaint: str) -> None:
    found = complaints(made(expr))
    assert complaint in "\n".join(found)
    assert all(one.startswith(f"hand-made: panel 'One' A: {expr}: ") for one in found)


class TestVariables:
    def test_a_label_that_a_variable_chooses_is_chosen_by_it(self) -> None:
        queue = variable("queue")
        assert complaints(made('sum(max by (queue, partition) (support_tickets_open{queue=~"$queue"}))', queue)) == []
        found = complaints(made("sum(max by (queue, partition) (support_tickets_open))", queue))
        assert [one.rpartition(": ")[2] for one in found] == [
            "support_tickets_open is not limited to $queue",
            "no query uses the variable queue",
        ]

    def test_a_variable_of_no_use_here_may_be_of_use_where_it_is_passed_on_to(self) -> None:
        dashboard = made("up", variable("queue"))
        assert complaints(dashboard) == ["hand-made: no query uses the variable queue"]
        dashboard.json["links"] = [{"type": "dashboards", "includeVars": True}]
        assert complaints(dashboard) == []

    def test_what_stands_beside_a_number_of_the_whole_floor_is_of_all_queues(self) -> None:
        queue = variable("queue")
        whole = made('max(support_floor_ces_index{window="1h"})', queue)
        sample = 'sum(max by (queue) (support_ces_window_responses{window="1h"}))'
        whole.json["panels"][0]["targets"].append({"refId": "B", "expr": sample})
        assert complaints(whole) == ["hand-made: no query uses the variable queue"]

    def test_what_a_variable_asks_is_judged_too(self) -> None:
        wrong = variable("queue", query="label_values(support_tickets_opened, queue)")
        (found,) = complaints(made('ALERTS{queue=~"$queue"}', wrong))
        assert "variable 'queue': support_tickets_opened: support_tickets_opened is no series" in found

    def test_panels_of_a_collapsed_row_and_annotations_are_judged_too(self) -> None:
        dashboard = made("up")
        row = {"type": "row", "title": "Row", "panels": [{"type": "stat", "title": "Two", "targets": [{"expr": "a"}]}]}
        dashboard.json["panels"].append(row)
        dashboard.json["annotations"] = {
            "list": [{"name": "Old", "expr": "b"}, {"name": "New", "target": {"expr": "c"}}]
        }
        assert [one.rpartition(": ")[2] for one in complaints(dashboard)] == [
            "a is no series", "b is no series", "c is no series",
        ]  # fmt: skip


class TestSubstitution:
    @pytest.mark.parametrize(
        ("text", "value", "wanted"),
        [
            ('{queue=~"$queue"}', "billing", '{queue=~"billing"}'),
            ('{queue=~"${queue}"}', ("billing", "sales"), '{queue=~"(billing|sales)"}'),
            ('{queue=~"[[queue]]"}', ("billing",), '{queue=~"billing"}'),
            ('{queue=~"$queue"}', ("a.b", 'c"d', r"e\f"), r'{queue=~"(a\\.b|c\"d|e\\\\f)"}'),
            ('{queue="$queue"}', 'say "a.b"', r'{queue="say \"a.b\""}'),
            ('{queue=~"$queue"}', AsItStands(".*"), '{queue=~".*"}'),
            ("${queue:pipe}", ("a", "b"), "a|b"),
            ("${queue:raw}", "a.b", "a.b"),
            ("${queue:regex}", ("a.b", "c"), r"(a\.b|c)"),
        ],
    )
    def test_it_is_grafanas(self, text: str, value: Value, wanted: str) -> None:
        assert substituted(text, {"queue": value}) == wanted

    def test_one_value_of_a_variable_with_several_is_escaped_as_an_expression(self) -> None:
        assert substituted('{queue=~"$queue"}', {"queue": "a+b"}, regular=["queue"]) == r'{queue=~"a\\+b"}'

    def test_a_variable_that_is_not_there_is_no_text(self) -> None:
        with pytest.raises(AssertionError, match="no variable gone"):
            substituted("$gone", {})

    def test_dollars_of_expressions_are_no_variables(self) -> None:
        assert names_in("rate(a[$__rate_interval]) and $queue or ${window:raw}") == {
            "__rate_interval", "queue", "window",
        }  # fmt: skip
