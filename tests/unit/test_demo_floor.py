"""The floor of `deskpulse demo`, through the pure core: every KPI of the catalogue is shown, each stream KPI moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from itertools import takewhile
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from rich.live import Live

from deskpulse import demo
from deskpulse.commands.demo import Screen
from deskpulse.configuration.loading import load_configuration
from deskpulse.generated import DEMO
from deskpulse.scenes import Scene
from deskpulse.worker import Worker
from intake.simulator.deliveries import Delivery
from intake.simulator.desk import simulate
from metrics.activity import Activity
from metrics.catalogue import ALL, BY_NAME, value_at
from metrics.exposition import render, view
from metrics.instants import HOUR, MINUTE, SECOND, parse_instant
from metrics.kpi import Kpi, Place
from stream.records import Records
from stream.tickets import Admission, Tickets
from tests.demo_kpis import ALWAYS_NOTHING, MOSTLY_KEPT, NULL_WHERE_NOBODY_WAITS, STREAM, still, untold, without_sample
from tests.small_floor import PIPELINE

START = parse_instant("2026-10-07T12:00:00Z")
INSTANTS = range(START, START + HOUR + 1, 5 * MINUTE)
BATCH = 1_000


class Shown(NamedTuple):
    """What the demo shows in its first hour, every five minutes."""

    snapshots: list[dict[str, Any]]
    expositions: list[str]


@pytest.fixture(scope="module")
def shown() -> Shown:
    configuration = demo.in_its_zone(load_configuration(DEMO, {}), START)
    rules = configuration.rules()
    clock = START
    activity = Activity(rules, lambda: clock)
    tickets = Tickets(rules, Admission(), activity.observe)
    opened = tickets.open(0)
    deliveries = simulate(demo.options(START, configuration, Scene.NORMAL))
    shown, left = Shown([], []), next(deliveries)
    for clock in INSTANTS:
        due, left = _due(deliveries, left, clock)
        for begin in range(0, len(due), BATCH):
            assert not opened.apply(_records(due[begin : begin + BATCH]), clock).refused
        shown.snapshots.append(tickets.snapshot(clock, (0,), 1))
        text, _ = render(view(tickets, (0,), activity, PIPELINE, clock, shown.snapshots[-1]))
        shown.expositions.append(text.decode())
    return shown


def _due(deliveries: Iterator[Delivery], first: Delivery, now: int) -> tuple[list[Delivery], Delivery]:
    """What is delivered before ``now``, and the one after it."""
    found, following = [], first
    while following.at < now:
        found.append(following)
        following = next(deliveries)
    return found, following


def _records(part: list[Delivery]) -> Records:
    keys: list[bytes | None] = [delivery.key.encode() for delivery in part]
    values: list[bytes | None] = [delivery.encode() for delivery in part]
    return Records("log", 0, list(range(len(part))), [delivery.at // 1_000_000 for delivery in part], keys, values)


def test_every_stream_kpi_has_a_number_at_any_instant_of_the_hour(shown: Shown) -> None:
    for snapshot in shown.snapshots:
        assert untold(snapshot) <= NULL_WHERE_NOBODY_WAITS
    assert set.intersection(*map(untold, shown.snapshots)) == set(), "somebody waits too long at some instant"


def test_every_stream_kpi_moves_within_the_hour(shown: Shown) -> None:
    assert still(shown.snapshots) - MOSTLY_KEPT == ALWAYS_NOTHING
    for name in ALWAYS_NOTHING:
        assert value_at(shown.snapshots[0]["all"], BY_NAME[name], "") == 0


def test_it_is_a_usual_morning_on_which_next_to_nothing_is_past_due(shown: Shown) -> None:
    late = [[clock["live_breaches"] for clock in one["all"]["sla"].values()] for one in shown.snapshots]
    assert late[0] == [0, 0, 0], "the first impression"
    assert max(resolution for *_, resolution in late) <= 1, "what stands, stands for hours"
    assert sum(map(any, late)) <= len(late) / 3


@pytest.mark.parametrize("kpi", [kpi for kpi in ALL if kpi.place is Place.SLOW], ids=lambda kpi: kpi.name)
def test_every_slow_kpi_has_a_value(shown: Shown, kpi: Kpi) -> None:
    assert any(row["value"] is not None for row in shown.snapshots[0]["slow"][kpi.path])


def test_a_benchmark_by_another_definition_is_refused(shown: Shown) -> None:
    rows = [row for rows in shown.snapshots[0]["slow"].values() for row in rows if row.get("refused")]
    assert {(row["reported_by"], row["refused"].partition(":")[0]) for row in rows} == {
        ("trade association", "definitions differ")
    }


def test_every_instrument_item_and_survey_has_answers(shown: Shown) -> None:
    window = shown.snapshots[0]["all"]["windows"]["24h"]
    for instrument in ("csat", "csat_1_3", "csat_0_1", "csat_1_10", "nps", "nps_1_10", "ces"):
        assert window[instrument]["responses"] > 0, instrument
    assert all(one["gap"] is not None for one in window["servqual"]["dimensions"].values())
    assert window["brand"]["preferred"]["responses"] > 0
    assert all(0.15 < window["response_rate"][survey]["ratio"] < 0.4 for survey in ("csat", "nps", "ces"))


def test_every_metric_of_a_kpi_has_a_sample(shown: Shown) -> None:
    assert set.intersection(*map(without_sample, shown.expositions)) == set()


def test_its_feed_is_neither_late_nor_silent_where_history_has_the_times_of_its_deliveries(shown: Shown) -> None:
    for snapshot in shown.snapshots:
        feed = snapshot["feeds"][demo.SOURCE]
        assert (feed["late"], feed["silent"]) == (False, False)


def test_a_clock_that_is_behind_is_seen(shown: Shown) -> None:
    assert shown.snapshots[0]["data_quality"]["clock_skew"] > 0


async def test_the_table_is_made_of_a_look_so_that_it_never_settles_numbers_beside_another(shown: Shown) -> None:
    class OneLook:
        async def snapshot_as_of(self, at: int | None) -> dict[str, Any]:
            assert at is None
            return shown.snapshots[0]

    written = StringIO()
    console = Console(file=written, force_terminal=True, color_system=None, width=150, height=60)
    with Live(console=console, auto_refresh=False) as live:
        await Screen(console, live).watch(cast("Worker", OneLook()))
    assert "as of 2026-10-07T12:00:00Z" in written.getvalue()


@pytest.mark.parametrize("hour", range(24))
def test_whenever_it_starts_it_is_a_working_morning_in_the_zone_of_floor_and_calendars(hour: int) -> None:
    now = START + hour * HOUR + 7 * SECOND
    configuration = demo.in_its_zone(load_configuration(DEMO, {}), now)
    floor = demo.options(now, configuration, Scene.NORMAL)
    local = datetime.fromtimestamp(now // SECOND, ZoneInfo(configuration.floor.time_zone))
    assert floor.time_zone == configuration.floor.time_zone
    assert local.hour == demo.LOCAL_HOUR
    assert local.weekday() not in floor.weekend
    assert all(calendar.is_open(now) for calendar in configuration.rules().calendars.values())


def test_the_walk_tells_what_has_no_number_does_not_move_or_has_no_sample(shown: Shown) -> None:
    first = shown.snapshots[0]
    assert still([first, first]) == {kpi.name for kpi in STREAM}
    emptied = first | {"all": first["all"] | {"open": None, "windows": {}}}
    assert "open" in untold(emptied)
    assert "csat" in untold(emptied)
    one = "support_tickets_open"
    lines = takewhile(lambda line: not line.startswith(one), shown.expositions[0].splitlines())
    assert one in without_sample("\n".join(lines))


def test_most_of_the_mornings_first_replies_are_within_their_promise(shown: Shown) -> None:
    today = shown.snapshots[0]["all"]["windows"]["today"]["first_response"]
    assert today["settled"] > 1_000
    assert 0.85 < today["in_sla_ratio_now"] < 1
