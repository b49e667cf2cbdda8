"""What words and marks of the dashboards say in each situation, by Prometheus' own evaluation of their queries."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from dashboards.annotations import marks
from dashboards.judgement import state_by_queue, state_now
from tests.programs import required

_OF_WORKER = 'instance="a",job="deskpulse"'
_CLOCK = f'queue="billing",priority="high",partition="0",sla="first_response",{_OF_WORKER}'


def hold(folder: Path, series: dict[str, str], expected: dict[str, list[tuple[str, dict[str, float]]]]) -> None:
    """Hold each query's values, by the labels of its series, at the times given."""
    checks = [
        {
            "expr": filled(expr),
            "eval_time": at,
            "exp_samples": [{"labels": labels, "value": value} for labels, value in values.items()],
        }
        for expr, moments in expected.items()
        for at, values in moments
    ]
    inputs = [{"series": one, "values": values} for one, values in series.items()]
    test = {"interval": "15s", "input_series": inputs, "promql_expr_test": checks}
    document = {"rule_files": [], "evaluation_interval": "15s", "tests": [test]}
    (folder / "test.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [required("promtool"), "test", "rules", str(folder / "test.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def filled(expr: str) -> str:
    """The query as Grafana asks it, with every queue and priority."""
    values = {"$queue": ".*", "$priority": ".*", "$__interval": "15s", "$__rate_interval": "1m"}
    for name, value in values.items():
        expr = expr.replace(name, value)
    return expr


def worker(ready: str) -> dict[str, str]:
    """A worker with both partitions of the topics, of which the second is ready or not."""
    return {
        f"support_pipeline_partitions{{{_OF_WORKER}}}": "2x40",
        f'support_pipeline_partition_ready{{partition="0",{_OF_WORKER}}}': "1x40",
        f'support_pipeline_partition_ready{{partition="1",{_OF_WORKER}}}': ready,
        f'support_tickets_open{{queue="billing",priority="high",partition="0",{_OF_WORKER}}}': "3x40",
        f'support_tickets_open{{queue="sales",priority="high",partition="0",{_OF_WORKER}}}': "3x40",
    }


def test_first_responses_are_ok_at_risk_or_breached_as_the_worst_clock_is(tmp_path: Path) -> None:
    series = worker("1x40") | {
        f"support_sla_at_risk{{{_CLOCK}}}": "_x3 1x7 stale",
        f"support_sla_live_breaches{{{_CLOCK}}}": "_x7 2x3 stale",
    }
    floor = [("30s", {"{}": 0.0}), ("1m", {"{}": 1.0}), ("2m15s", {"{}": 2.0}), ("4m", {"{}": 0.0})]
    by_queue = [(at, {'{queue="billing"}': values["{}"], '{queue="sales"}': 0.0}) for at, values in floor]
    hold(tmp_path, series, {state_now(): floor, state_by_queue(): by_queue})


def test_with_a_partition_missing_nothing_is_ok_and_a_breach_is_a_breach(tmp_path: Path) -> None:
    series = worker("0x40") | {f"support_sla_live_breaches{{{_CLOCK}}}": "_x7 2x3 stale"}
    floor = [("30s", {"{}": 3.0}), ("2m15s", {"{}": 2.0}), ("4m", {"{}": 3.0})]
    by_queue = [(at, {'{queue="billing"}': values["{}"], '{queue="sales"}': 3.0}) for at, values in floor]
    hold(tmp_path, series, {state_now(): floor, state_by_queue(): by_queue})


def test_without_a_worker_there_is_no_word(tmp_path: Path) -> None:
    series = {f"up{{{_OF_WORKER}}}": "0x40"}
    hold(tmp_path, series, {state_now(): [("1m", {})], state_by_queue(): [("1m", {})]})


def test_a_new_release_is_a_mark_and_a_scrape_that_fails_or_a_restart_is_none(tmp_path: Path) -> None:
    (deploys,) = (mark.expr for mark in marks() if mark.name == "Deploys")
    assert deploys is not None
    new, old = (f'{{revision="{revision}",version="1"}}' for revision in ("new", "old"))
    series = {
        f'support_build_info{{version="1",revision="old",python="3",{_OF_WORKER}}}': "1x20 stale _x3 1x30 stale",
        f'support_build_info{{version="1",revision="new",python="3",{_OF_WORKER}}}': "_x56 1x40",
    }
    at = {"0s": {old: 1.0}, "15s": {}, "6m15s": {}, "14m": {new: 1.0}, "14m15s": {}}
    hold(tmp_path, series, {deploys: list(at.items())})
