"""Every KPI of the catalogue is in the snapshot, the exposition and the docs, and no metric is without a KPI."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from alerting import judged
from deskpulse import generated
from metrics import names
from metrics.catalogue import ALL, BY_NAME, value_at
from metrics.catalogue_page import render_page, render_summary
from metrics.exposition import View, render
from metrics.instants import DAY
from metrics.kpi import RATIO, TICKETS, Kpi, Place
from metrics.meanings import KPIS_OF, meaning_of
from metrics.metric import Kind, Metric, Section
from metrics.policies import DEFAULT_WINDOWS
from metrics.samples import Samples, word_path
from metrics.slow import KPIS as SLOW_KPIS
from tests.full_floors import full_floor
from tests.small_floor import NOW, small_floor

ROOT = Path(__file__).parents[2]
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
#: What is of no KPI: it tells of the product, not of the floor.
OF_NO_KPI = (Section.SETTINGS, Section.QUALITY, Section.PIPELINE, Section.FEEDS)
IN_SCOPES = [kpi for kpi in ALL if kpi.place in (Place.NOW, Place.WINDOW)]
OF_WINDOWS = [kpi for kpi in ALL if kpi.place is Place.WINDOW]
#: Names that customers' surveys give are no label values: in Prometheus stand the expected ones, together.
IN_THE_SNAPSHOT_ONLY = "brand"
#: Null where no policy names a calendar, as on the full floor; its histogram is there all the same.
NEEDS_A_CALENDAR = "first_response_business"
#: What a target may be, by the unit of its KPI.
LIMITS = {"ratio, 0 to 1": (0, 1), "points, -100 to 100": (-100, 100), "score, 1 to 7": (1, 7)}
TARGETS = {one.kpi: (one.least, one.most) for one in judged.ALL}

by_name = pytest.mark.parametrize("kpi", IN_SCOPES, ids=lambda kpi: kpi.name)


@cache
def full() -> View:
    return full_floor(2, 2, 2, 2)


@cache
def exposed() -> Mapping[str, list[Sample]]:
    """The samples of a full floor, by the metric they are of; a gauge histogram's count is a family of its own."""
    return {family.name: family.samples for family in parse_text(render(full())[0].decode())}


def samples_of(kpi: Kpi, metric: Metric) -> Iterator[Sample]:
    own = dict(kpi.labels)
    for sample in exposed().get(metric.name.removesuffix("_total"), []):
        if all(sample.labels[label] == own[label] for label in own.keys() & set(metric.labels)):
            yield sample


def full_scope() -> dict[str, Any]:
    windows = full().windows
    assert windows is not None
    return dict(windows["all"])


# ------------------------------------------------------------------------------------------- in the exposition


@pytest.mark.parametrize("kpi", [kpi for kpi in ALL if kpi.place is not Place.COMMAND], ids=lambda kpi: kpi.name)
def test_a_kpi_is_exposed_with_series_of_its_own_of_each_of_its_metrics(kpi: Kpi) -> None:
    assert bool(kpi.metrics) == (kpi.name != IN_THE_SNAPSHOT_ONLY)
    assert [metric.name for metric in kpi.exported if not any(samples_of(kpi, metric))] == []


def test_every_metric_is_of_some_kpi_or_tells_of_the_product_and_none_of_both() -> None:
    known = {metric for kpi in ALL for metric in kpi.exported}
    assert {metric.name for metric in names.ALL if metric.section not in OF_NO_KPI} == {one.name for one in known}
    assert not {metric.section for metric in known} & set(OF_NO_KPI)
    assert known <= set(names.ALL)


def test_nothing_is_exposed_that_the_catalogue_does_not_know() -> None:
    known = {metric.name.removesuffix("_total") for metric in names.ALL}
    known |= {
        f"{metric.name}_{part}"
        for metric in names.ALL
        if metric.kind is Kind.GAUGE_HISTOGRAM
        for part in ("gcount", "gsum")
    }
    assert exposed().keys() - known == set()


@pytest.mark.parametrize("metric", names.ALL, ids=lambda metric: metric.name)
def test_a_metric_means_what_it_says_or_is_the_value_of_a_kpi_that_says_it(metric: Metric) -> None:
    by_queue = {of_the_floor: metric for metric, of_the_floor in names.FLOOR.items()}
    if not metric.meaning:
        kpi = KPIS_OF[metric][0]
        assert by_queue.get(metric, metric) is kpi.metrics[0]
        assert kpi.formula in meaning_of(metric)
    helped = render(full(), OPENMETRICS)[0].decode()
    assert f" {meaning_of(metric)}\n# TYPE {metric.name.removesuffix('_total').removesuffix('_info')} " in helped


# --------------------------------------------------------------------------------------------- in the snapshot


@by_name
def test_a_kpi_stands_in_the_snapshot_with_its_sample_and_its_bounds(kpi: Kpi) -> None:
    snapshot = small_floor().tickets.snapshot(NOW, (0,), 2)
    bounds = () if kpi.interval is None else (kpi.interval.lower, kpi.interval.upper)
    for scope in (snapshot["all"], *snapshot["queues"].values()):
        for path in (kpi.path, kpi.sample, *bounds):
            if path is not None:
                value_at(scope, kpi, "1h", path)
        if kpi.sample is not None:
            size, word = (value_at(scope, kpi, "1h", path) for path in (kpi.sample, word_path(kpi.sample)))
            assert word == (None if size is None else Samples().of(int(str(size))))


def test_a_share_of_a_window_has_an_interval_and_every_mean_and_percentile_a_sample() -> None:
    asked = [kpi for kpi in ALL if kpi.place is Place.WINDOW and kpi.name != "brand"]  # it is one by item
    assert [kpi.name for kpi in asked if kpi.unit == RATIO and kpi.interval is None] == []
    assert [kpi.name for kpi in asked if kpi.unit != TICKETS and kpi.sample is None] == []


@pytest.mark.parametrize("kpi", OF_WINDOWS, ids=lambda kpi: kpi.name)
def test_a_kpi_has_a_value_in_the_windows_that_it_says_and_in_no_other(kpi: Kpi) -> None:
    scope = full_scope()
    found = {window for window in scope["windows"] if value_at(scope, kpi, window) is not None}
    long = {window.name for window in DEFAULT_WINDOWS if window.length >= DAY}
    expected = long if kpi.is_from_a_day else set(scope["windows"])
    assert found == (set() if kpi.name == NEEDS_A_CALENDAR else expected)


def test_the_slow_kpis_are_those_of_the_catalogue_and_all_are_in_the_snapshot() -> None:
    windows = full().windows
    assert windows is not None
    assert {kpi.name for kpi in ALL if kpi.place is Place.SLOW} == set(SLOW_KPIS) == windows["slow"].keys()


def test_every_number_of_a_window_is_told_by_some_kpi() -> None:
    window = small_floor().tickets.snapshot(NOW, (0,), 2)["all"]["windows"]["1h"]
    told = {kpi.path.partition(".")[0] for kpi in OF_WINDOWS}
    assert set(window) - told == {"complete", "retargeted_late", "discarded_late"}


def test_a_path_that_is_not_there_is_told() -> None:
    with pytest.raises(KeyError):
        value_at({"windows": {}}, OF_WINDOWS[0], "1h")


# ------------------------------------------------------------------------------------- in the docs, and targets


@pytest.mark.parametrize("target", judged.ALL, ids=lambda target: target.kpi)
def test_a_target_may_be_set_for_a_kpi_of_a_window_within_what_its_unit_allows(target: judged.Judged) -> None:
    kpi = BY_NAME[target.kpi]
    assert kpi.place is Place.WINDOW
    assert (target.least, target.most) == LIMITS[kpi.unit]


def test_names_and_titles_are_given_once() -> None:
    for given in ("name", "path", "title"):
        assert len({getattr(kpi, given) for kpi in ALL}) == len(ALL), given


def test_the_page_tells_of_each() -> None:
    page = (ROOT / "docs/kpis.md").read_text(encoding="utf-8")
    assert page == render_page(TARGETS)
    for kpi in ALL:
        assert f"### {kpi.name}\n\n{kpi.title}: {kpi.formula}.\n" in page
        (row,) = (
            line for line in page.splitlines() if line.startswith(f"| [{kpi.title}](#{kpi.anchor}) | `{kpi.path}` |")
        )
        limits = TARGETS.get(kpi.name)
        assert any(f"| {low:g} to {high:g} |" in row for low, high in LIMITS.values()) == (limits is not None)
    may_have_one = [
        line
        for line in page.splitlines()
        if line.startswith("| [") and any(f"| {low:g} to {high:g} |" in line for low, high in LIMITS.values())
    ]
    assert len(may_have_one) == len(judged.ALL)


def test_the_readme_has_the_table_of_each_and_nothing_else_is_changed_by_writing_it(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert render_summary() in readme
    assert generated.readme(ROOT) == {"README.md": readme}
    assert all(f"(docs/kpis.md#{kpi.anchor})" in render_summary() for kpi in ALL if kpi.place is not Place.COMMAND)
    (tmp_path / "README.md").write_text("another project's\n", encoding="utf-8")
    assert generated.readme(tmp_path) == {}
