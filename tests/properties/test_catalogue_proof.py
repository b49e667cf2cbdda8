"""Every KPI of the catalogue is recomputed by the oracle, and the random logs exercise it: none goes unproven.

The comparison of two snapshots allows keys that only the product has, so that a KPI without an oracle would pass it.
"""

import tomllib
from functools import cache
from typing import Any

import pytest

from metrics.calendar_periods import By
from metrics.catalogue import ALL, value_at
from metrics.kpi import Kpi, Place
from tests.logs import CONFIGURATION_TOML, SPAN, START, random_log
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import AMOUNTS, FACTS_OF, slow, slow_by_period
from tests.oracle.instants import DAY, instant
from tests.oracle.periods import periods_of
from tests.oracle.snapshot import snapshot
from tests.reports import reports, reports_by_period

#: Logs of the size that the property tests draw, and of the size that goes through a broker.
SMALL, LARGE = (40, 22), (10, 150)
#: The least share of them in which each number says something.
SHARES = {SMALL: 0.15, LARGE: 0.8}
CONFIGURATION = configuration_of(tomllib.loads(CONFIGURATION_TOML))

IN_SCOPES = [kpi for kpi in ALL if kpi.place in (Place.NOW, Place.WINDOW)]
IN_WINDOWS = [kpi for kpi in ALL if kpi.place is Place.WINDOW]
SLOW = [kpi for kpi in ALL if kpi.place is Place.SLOW]


def paths_of(kpi: Kpi) -> list[str]:
    """Its value, its sample and its bounds."""
    bounds = () if kpi.interval is None else (kpi.interval.lower, kpi.interval.upper)
    return [path for path in (kpi.path, kpi.sample, *bounds) if path is not None]


def named(kpi: Kpi) -> str:
    return kpi.name


@cache
def expected(logs: int, tickets: int) -> list[dict[str, Any]]:
    """The oracle's snapshots."""
    return [snapshot(random_log(seed, tickets), None, CONFIGURATION) for seed in range(logs)]


def values(found: dict[str, Any], kpi: Kpi, path: str) -> list[object]:
    """What stands under a path of the whole floor, in each window."""
    windows = ("",) if kpi.place is Place.NOW else tuple(found["all"]["windows"])
    return [value_at(found["all"], kpi, window, path) for window in windows]


def says_something(value: object) -> bool:
    """Neither nothing, nor what an empty or a uniform floor has; a bound may lie at the end of its scale."""
    return value is not None and value not in (0, {}) and not (isinstance(value, float) and value == 1)


@pytest.mark.parametrize("kpi", IN_SCOPES, ids=named)
def test_the_oracle_has_every_kpi_with_its_sample_and_its_bounds_in_every_scope_and_window(kpi: Kpi) -> None:
    found = expected(*LARGE)[0]
    for scope in (found["all"], *found["queues"].values()):
        for window in scope["windows"]:
            for path in paths_of(kpi):
                value_at(scope, kpi, window, path)  # a KeyError otherwise


@pytest.mark.parametrize("logs", [SMALL, LARGE], ids=["22 tickets", "150 tickets"])
@pytest.mark.parametrize("kpi", IN_SCOPES, ids=named)
def test_the_random_logs_exercise_every_kpi_with_its_sample_and_its_bounds(kpi: Kpi, logs: tuple[int, int]) -> None:
    for path in paths_of(kpi):
        telling = sum(any(map(says_something, values(found, kpi, path))) for found in expected(*logs))
        assert telling >= SHARES[logs] * logs[0], f"{path}: {telling} of {logs[0]} logs"


def test_the_random_logs_exercise_every_verdict_on_a_change_and_on_a_sample() -> None:
    windows = [window for found in expected(*SMALL) for window in found["all"]["windows"].values()]
    changes = [window["csat_change"] for window in windows if window["csat_change"] is not None]
    for name, wanted in (("is_change", {True, False, None}), ("before_complete", {True, False})):
        assert {change[name] for change in changes} == wanted
    assert {window["csat"]["sample"] for window in windows} == {"none", "not_enough", "caution", "enough"}
    assert any(change["is_change"] and change["difference"] < 0 for change in changes)
    assert any(change["is_change"] and change["difference"] > 0 for change in changes)


@pytest.mark.parametrize("name", ["orphans", "clock_skew", "before_creation"])
def test_the_random_logs_exercise_the_quality_of_data(name: str) -> None:
    assert all(found["data_quality"][name] > 0 for found in expected(*LARGE))


@pytest.mark.parametrize("name", ["retargeted_late", "discarded_late"])
def test_the_random_logs_exercise_clocks_that_were_moved_away(name: str) -> None:
    assert sum(found["all"]["windows"]["30d"][name] > 0 for found in expected(*LARGE)) >= SHARES[LARGE] * LARGE[0]


# ----------------------------------------------------------------------------------------------------- slow KPIs


@cache
def slow_rows(logs: int = 20) -> dict[str, list[dict[str, Any]]]:
    """The oracle's rows of many floors, by KPI."""
    found: dict[str, list[dict[str, Any]]] = {kpi: [] for kpi in FACTS_OF}
    for seed in range(logs):
        log = [*random_log(seed, 25), *reports(seed, START + SPAN, 90, 40)]
        for kpi, rows in slow(log, START + SPAN, CONFIGURATION).items():
            found[kpi] += rows
    return found


def test_the_oracle_has_every_slow_kpi_and_no_other() -> None:
    assert set(FACTS_OF) == {kpi.path for kpi in SLOW}


@pytest.mark.parametrize("kpi", SLOW, ids=named)
def test_the_random_reports_give_every_slow_kpi_values_and_refuse_some(kpi: Kpi) -> None:
    given = [row["value"] for row in slow_rows()[kpi.path]]
    assert sum(says_something(value) for value in given) >= 10
    assert given.count(None) >= 10


# ------------------------------------------------------------------------------------------------------ reports

#: A new year and each clock change of Havana lie in these weeks.
SEASONS = ("2025-12-20T00:00:00Z", "2026-02-25T00:00:00Z", "2026-10-20T00:00:00Z")


@cache
def rows_of(by: By) -> list[dict[str, Any]]:
    """The oracle's periods, over the new year and every clock change, by one length of period."""
    found = []
    for seed, season in enumerate(SEASONS * 2):
        log = random_log(seed, 200, instant(season), 20 * DAY)
        windows = periods_of(by, [instant(event["time"]) for event in log], "America/Havana")
        found += list(snapshot(log, None, CONFIGURATION, windows)["all"]["windows"].values())
    return found


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("kpi", IN_WINDOWS, ids=named)
def test_the_oracle_has_every_kpi_of_a_period_and_some_period_says_something(kpi: Kpi, by: By) -> None:
    for path in paths_of(kpi):
        found = [value_at({"windows": {"": row}}, kpi, "", path) for row in rows_of(by)]
        assert any(map(says_something, found)), path


@cache
def slow_rows_by(by: By) -> list[dict[str, Any]]:
    """The oracle's slow KPIs of many periods of the floor, by one length of period: by KPI."""
    found = []
    for seed in range(16):
        log = [*random_log(seed, 40, START, 230 * DAY), *reports_by_period(seed, START + 230 * DAY, 230, by)]
        found += list(slow_by_period(log, START + 230 * DAY, CONFIGURATION, by, None).values())
    return found


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("kpi", SLOW, ids=named)
def test_the_random_reports_give_every_slow_kpi_of_a_period_and_refuse_some(kpi: Kpi, by: By) -> None:
    given = [row[kpi.path]["value"] for row in slow_rows_by(by) if kpi.path in row]
    assert any(map(says_something, given))
    assert None in given


@pytest.mark.parametrize("by", [By.WEEK, By.MONTH, By.QUARTER])
@pytest.mark.parametrize("fact", AMOUNTS)
def test_the_random_reports_of_parts_of_a_period_add_up_to_every_amount(fact: str, by: By) -> None:
    rows = [row for found in slow_rows_by(by) for row in found.values()]
    assert sum(row["summed"].get(fact, 0) > 1 and row["value"] is not None for row in rows) >= 2
