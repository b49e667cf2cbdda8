"""Every KPI of the catalogue is in the snapshot, the exposition and the docs, and no metric is without a KPI."""

from pathlib import Path

import pytest

from metrics import names
from metrics.catalogue import ALL, value_at
from metrics.catalogue_page import render_page
from metrics.exposition import render
from metrics.kpi import RATIO, TICKETS, Kpi, Place
from metrics.names import Section
from metrics.samples import Samples, word_path
from metrics.slow import KPIS as SLOW_KPIS
from tests.full_floors import full_floor
from tests.small_floor import NOW, small_floor

#: What is of no KPI: how good the data is.
OF_THE_DATA = {names.LABEL_OVERFLOW, names.RETARGETED_LATE, names.DISCARDED_LATE}
OF_KPIS = (Section.ACTIVITY, Section.LIVE, Section.WINDOWS)


IN_SCOPES = [kpi for kpi in ALL if kpi.place in (Place.NOW, Place.WINDOW)]


@pytest.mark.parametrize("kpi", IN_SCOPES, ids=lambda kpi: kpi.name)
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


def test_the_slow_kpis_are_those_of_the_catalogue() -> None:
    assert {kpi.name for kpi in ALL if kpi.place is Place.SLOW} == set(SLOW_KPIS)


def test_every_number_of_a_window_is_told_by_some_kpi() -> None:
    window = small_floor().tickets.snapshot(NOW, (0,), 2)["all"]["windows"]["1h"]
    told = {kpi.path.partition(".")[0] for kpi in ALL if kpi.place is Place.WINDOW}
    assert set(window) - told == {"complete", "retargeted_late", "discarded_late"}


def test_a_path_that_is_not_there_is_told() -> None:
    kpi = next(kpi for kpi in ALL if kpi.place is Place.WINDOW)
    with pytest.raises(KeyError):
        value_at({"windows": {}}, kpi, "1h")


def test_every_metric_of_tickets_and_surveys_is_of_some_kpi_and_every_metric_of_a_kpi_is_exported() -> None:
    known = {metric for kpi in ALL for metric in kpi.metrics}
    assert {metric for metric in names.ALL if metric.section in OF_KPIS} - known == OF_THE_DATA
    text = render(full_floor(2, 2, 2, 2))[0].decode()
    assert [metric.name for metric in known if f"# TYPE {metric.name} " not in text] == []


def test_names_are_given_once() -> None:
    assert len({kpi.name for kpi in ALL}) == len(ALL)
    assert len({kpi.path for kpi in ALL}) == len(ALL)


def test_the_page_tells_of_each() -> None:
    page = Path(__file__).parents[2].joinpath("docs/kpis.md").read_text(encoding="utf-8")
    assert page == render_page()
    assert all(f"### {kpi.name}\n" in page for kpi in ALL)
