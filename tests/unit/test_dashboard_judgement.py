"""Colours, words and bands: by the objectives and targets configured, with the product's own formulas."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.settings import Settings
from dashboards.judgement import aim_of, state_of, steps_of
from dashboards.kpi_panels import unit_of
from dashboards.measured import Measured, measured
from dashboards.panel import Colour, Step
from dashboards.queries import net_promoter, wilson
from metrics import intervals
from metrics.catalogue import ALL
from tests.dashboards_made import documents, of_demo, of_text, shown


def value(expr: str) -> float:
    """An expression of numbers, with operators and functions as PromQL has them."""
    python = expr.replace("^", "**").replace(" > 0)", ")").replace("bool ", "")
    functions = {"sqrt": math.sqrt, "clamp_min": max, "clamp_max": min}
    return float(eval(python, {"__builtins__": {}}, functions))


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_bands_of_shares_are_wilsons_as_the_product_has_them(counts: tuple[int, int]) -> None:
    part, whole = counts
    expected = intervals.wilson(part, whole)
    assert expected is not None
    assert [value(bound) for bound in wilson(str(part), str(whole))] == pytest.approx(list(expected), abs=1e-9)


@given(st.lists(st.sampled_from(["promoter", "passive", "detractor"]), min_size=1, max_size=200))
def test_the_band_of_nps_is_the_adjusted_wald_one_as_the_product_has_it(answers: list[str]) -> None:
    promoters, detractors = answers.count("promoter"), answers.count("detractor")
    expected = intervals.net_promoter(promoters, detractors, len(answers))
    assert expected is not None
    found = net_promoter(str(promoters), str(detractors), str(len(answers)))
    assert [value(bound) for bound in found] == pytest.approx(list(expected), abs=1e-6)


TARGETS = """
[kpis.csat]
target = 0.85
minimum_answers = 40
queues = { billing = { target = 0.9 } }
[kpis.escalation]
target = 0.1
"""


def test_points_are_blue_from_the_target_on_and_orange_on_its_other_side(tmp_path: Path) -> None:
    settings = of_text(tmp_path, TARGETS)
    assert steps_of("csat", settings) == (Step(None, Colour.AT_RISK), Step(0.85, Colour.GOOD))
    assert steps_of("escalation", settings) == (Step(None, Colour.GOOD), Step(0.1, Colour.AT_RISK))
    assert steps_of("nps", settings) == ()


def test_first_responses_without_a_target_are_held_to_the_lowest_objective(tmp_path: Path) -> None:
    text = "".join(
        f'[[sla]]\nname = "{name}"\nmatch = {{ queue = ["{name}"] }}\nfirst_response = "5m"\nobjective = {objective}\n'
        for name, objective in (("a", 0.95), ("b", 0.8))
    )
    aim = aim_of("first_response_in_sla", of_text(tmp_path, text))
    assert aim is not None
    assert aim.value == 0.8
    aim = aim_of("first_response_in_sla", of_text(tmp_path, text + "[kpis.first_response_in_sla]\ntarget = 0.7\n"))
    assert aim is not None
    assert aim.value == 0.7
    assert aim_of("resolution_in_sla", of_text(tmp_path, text)) is None


@pytest.mark.parametrize(
    ("point", "lower", "upper", "n", "state"),
    [
        (0.85, 0.7, 0.95, 60, 0),
        (0.84, 0.7, 0.95, 60, 1),  # under the target, maybe by chance
        (0.6, 0.5, 0.84, 60, 2),  # the whole interval is
        (0.6, 0.5, 0.84, 39, 1),  # the same of too few answers
    ],
)
def test_a_breach_is_said_where_the_whole_interval_misses_the_target(
    tmp_path: Path, point: float, lower: float, upper: float, n: int, state: int
) -> None:
    found = Measured(str(point), str(n), str(lower), str(upper))
    expr = state_of("csat", found, of_text(tmp_path, TARGETS))
    assert expr is not None
    assert value(expr) == state


@pytest.mark.parametrize(("point", "lower", "state"), [(0.1, 0.05, 0), (0.12, 0.08, 1), (0.2, 0.11, 2)])
def test_where_less_is_better_the_lower_end_is_judged(tmp_path: Path, point: float, lower: float, state: int) -> None:
    found = Measured(str(point), "100", str(lower), "0.9")
    expr = state_of("escalation", found, of_text(tmp_path, TARGETS))
    assert expr is not None
    assert value(expr) == state


def test_without_a_target_there_is_no_word(tmp_path: Path) -> None:
    settings = of_text(tmp_path, "")
    assert state_of("nps", measured("nps"), settings) is None
    nps = panel(settings, "support-wall", "NPS, 7d")
    assert "target" not in [target["legendFormat"] for target in nps["targets"]]
    assert "target" in [t["legendFormat"] for t in panel(of_demo(), "support-wall", "NPS, 7d")["targets"]]


def panel(settings: Settings, uid: str, title: str) -> dict[str, Any]:
    (found,) = (one for one in shown(documents(settings)[uid]) if one["title"] == title)
    return found


def test_a_description_tells_the_target_whose_it_is_and_those_of_queues(tmp_path: Path) -> None:
    told = panel(of_text(tmp_path, TARGETS), "support-ops", "Overall satisfaction (top-2-box)")["description"]
    assert "Target: at least 85 %, `[kpis.csat] target`; billing: 90 %." in told
    assert "Answers of 4 or 5 / answers, on 1 to 5." in told
    untold = panel(of_text(tmp_path, ""), "support-ops", "Overall satisfaction (top-2-box)")["description"]
    assert "No target: set `[kpis.csat] target`." in untold


def test_the_late_share_is_red_from_the_threshold_of_the_alert_on(tmp_path: Path) -> None:
    steps = panel(of_text(tmp_path, ""), "support-ops", "Error budget: late first replies")["fieldConfig"]["defaults"]
    assert [step["value"] for step in steps["thresholds"]["steps"]] == [None, 0.5]


def test_every_unit_of_the_catalogue_has_one_of_grafana() -> None:
    assert all(unit_of(kpi) for kpi in ALL if kpi.metrics)
