"""What a target is judged by: the right end of the right interval, over windows in which the outcome could come."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import targets
from alerting.judged import ALL, BY_KPI, NOT_JUDGED, Judged
from deskpulse.configuration.alerting import alerting_settings
from metrics.catalogue import ALL as CATALOGUE
from metrics.catalogue import BY_NAME
from metrics.kpi import Better
from tests.configuration_files import loaded, problems
from tests.oracle.durations import wilson

SHARES = [judged for judged in ALL if judged.bound_record is not None]


def worked_out(judged: Judged, **values: float) -> float:
    """The bound as Prometheus works it out: its arithmetic is Python's but for the sign of the power."""
    text = " ".join(judged.bound.replace("^", "**").split())
    return float(eval(re.sub(r"\$(\w+)", r"\1", text), {"sqrt": math.sqrt}, values))


@given(data=st.data(), n=st.integers(1, 100_000))
@pytest.mark.parametrize("judged", SHARES, ids=lambda judged: judged.kpi)
def test_the_bound_of_a_share_is_wilsons(judged: Judged, data: st.DataObject, n: int) -> None:
    part = data.draw(st.sampled_from((0, n)) | st.integers(0, n))
    low, high = wilson(part, n)
    found = worked_out(judged, share=part / n, n=n)
    assert found == pytest.approx(low if judged.better is Better.LOWER else high, abs=1e-8)


@pytest.mark.parametrize("n", [1, 30, 31, 999, 123_456])
@pytest.mark.parametrize("judged", SHARES, ids=lambda judged: judged.kpi)
def test_none_and_all_have_the_end_of_the_scale_for_a_bound_exactly(judged: Judged, n: int) -> None:
    # a target at the end of the scale must not be missed by a rounding
    is_lower = judged.better is Better.LOWER
    assert worked_out(judged, share=0.0 if is_lower else 1.0, n=n) == (0.0 if is_lower else 1.0)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_bound_of_clocks_in_time_is_wilsons(met: int, breached: int) -> None:
    if met + breached:
        found = worked_out(BY_KPI["first_response_in_sla"], met=met, breached=breached)
        assert found == pytest.approx(wilson(met, met + breached)[1], abs=1e-8)


def test_every_kpi_with_an_interval_can_have_a_target_or_says_why_not() -> None:
    with_interval = {kpi.name for kpi in CATALOGUE if kpi.interval is not None}
    assert with_interval == with_interval & {*BY_KPI, *NOT_JUDGED}
    assert not BY_KPI.keys() & NOT_JUDGED.keys()


def test_better_is_what_the_catalogue_says() -> None:
    assert [judged.kpi for judged in ALL if judged.better is not BY_NAME[judged.kpi].better] == []


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("[kpis.escalation]\ntarget = 0.1", ["1h", "6h", "24h", "7d", "30d"]),
        ("[kpis.response_rate]\ntarget = 0.1", ["24h", "7d", "30d"]),
        ("[kpis.conversion]\ntarget = 0.1", ["7d", "30d"]),
        ('[kpis.conversion]\ntarget = 0.1\nwithin = "8d"', ["30d"]),
        ('[kpis.conversion]\ntarget = 0.1\nwindow = "1h"', ["1h"]),
        ('[kpis.conversion]\ntarget = 0.1\nwithin = "16d"', []),
    ],
)
def test_a_target_is_tried_over_windows_in_which_the_outcome_could_come(
    text: str, windows: list[str], tmp_path: Path
) -> None:
    concern = targets.concern(alerting_settings(loaded(tmp_path / "floor.toml", text)))
    tried = [re.findall(r'95\{window="(\w+)"\}', rule.expr) for alert in concern.alerts for rule in alert.rules]
    assert tried == ([windows] if windows else [])


def test_where_no_window_is_long_enough_the_runbook_says_how_long_one_had_to_be(tmp_path: Path) -> None:
    text = '[kpis.conversion]\ntarget = 0.1\nwithin = "16d"'
    concern = targets.concern(alerting_settings(loaded(tmp_path / "floor.toml", text)))
    (why,) = (omission.why for omission in concern.omissions if omission.name == "SupportConversionBelowTarget")
    assert why == "it needs a window of 32d or more in `windows.rolling`, or one of its own"


def test_a_part_that_two_kpis_share_is_recorded_once_over_the_windows_of_both(tmp_path: Path) -> None:
    text = '[kpis.conversion]\ntarget = 0.1\nwindow = "30d"\n[kpis.escalation]\ntarget = 0.1\nwindow = "1h"'
    concern = targets.concern(alerting_settings(loaded(tmp_path / "floor.toml", text)))
    (created,) = (one for one in concern.recordings if one.record == "window:support_tickets_window_created:believed")
    assert 'window=~"1h|30d"' in created.expr


@pytest.mark.parametrize("judged", [judged for judged in ALL if not judged.is_by_queue], ids=lambda judged: judged.kpi)
def test_a_target_by_queue_of_a_number_of_the_whole_floor_is_refused(judged: Judged, tmp_path: Path) -> None:
    text = f"[kpis.{judged.kpi}]\nqueues = {{ billing = {{ target = 0.5 }} }}"
    why = f"Prometheus has {judged.kpi} of the whole floor only, so no alert could be of a queue"
    assert problems(tmp_path / "floor.toml", text) == [
        f"floor.toml: kpis.{judged.kpi}.queues: expected no such key: {why}"
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("first_response", "has no interval to judge by"),
        ("csat_change", "is a change and no level: set one for csat"),
        ("brand_expected", "has no sample size in Prometheus"),
    ],
)
def test_a_target_of_what_can_have_none_is_refused_with_those_that_can(name: str, why: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path / "floor.toml", f"[kpis.{name}]\ntarget = 0.5")
    listed = ", ".join(BY_KPI)
    assert found.endswith(f"expected no target: {name} {why}; these can have one: {listed}")
