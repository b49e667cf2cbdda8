"""What the panel of a KPI shows is what the oracle says of it, through two workers, their board and a real Prometheus.

That a query runs is not enough: one that sums what it must not, or takes the wrong half of a ratio, runs as well. Each
KPI has a panel named after it; what its first query is answered with is compared in several windows.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import pytest_asyncio

from alerting.panels import OPS, Seen
from metrics.catalogue import ALL, value_at
from metrics.facts import BENCHMARK
from metrics.kpi import Kpi, Place
from tests.floors import RETENTION
from tests.full_facts import everything_reported
from tests.grafana_dashboards import AsItStands, Value, dashboards, substituted
from tests.happenings import created, happening
from tests.logs import CONFIGURATION_TOML, SPAN, random_log
from tests.monitored_floors import Labels, Watched, watched_floor
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import slow
from tests.oracle.instants import DAY, MINUTE, SECOND, instant, text_of
from tests.oracle.snapshot import snapshot
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES: Final = configuration_of(tomllib.loads(CONFIGURATION_TOML) | {"retention": {"settled": RETENTION}})
#: Panels that are not compared, and why.
OTHERS: Final = {
    "first_response_business": "it shows what happened while the workers ran, by buckets of a counter",
    "benchmark.first_response_p50": "a small difference of two times, of which one is told to within 1 %",
}
COMPARED: Final = [kpi for kpi in ALL if kpi.metrics and kpi.name not in OTHERS]
WINDOWS: Final = ("15m", "1h", "24h", "30d", "today")
CHOSEN: Final[Mapping[str, Value]] = {"queue": AsItStands(".*"), "priority": AsItStands(".*")}

#: Percentiles are told to within 1 %; how late the worst is grows from a worker's look to the board's.
NEAR: Final = (0.0101, 1e-6)  # relative, absolute
SAME: Final = (1e-9, 1e-6)
GROWING: Final = (0.0, 0.01)
TO_A_MILLISECOND: Final = (0.0, 0.002)  # as Prometheus knows what time it is
COUNTS: Final = {"tickets", "clocks"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """A floor on which nothing happens any more, but that time goes by."""
    now = time.time_ns() // SECOND * SECOND
    log = [*random_log(808, tickets=60, start=now - SPAN), *facts(now)]
    async with watched_floor(tmp_path_factory.mktemp("floor"), CONFIGURATION_TOML, log) as found:
        yield found


def facts(now: int) -> Iterator[dict[str, Any]]:
    """Of yesterday every business fact of the whole floor, a ticket and two answers: every slow KPI has a value."""
    day = text_of(now - DAY)[:10]
    noon = instant(f"{day}T08:30:00Z")  # of the floor's zone
    yield created(noon, "of yesterday")
    yield happening("ticket.resolved", noon + MINUTE, "of yesterday")
    for survey in ("csat", "nps"):
        yield happening("survey.answered", noon + MINUTE, "of yesterday", name=survey, survey=survey, score=5)
    for number, one in enumerate(everything_reported((), now)):
        more = {name: text for name in ("unit", "definition") if (text := getattr(one, name))}
        period = {"start": day, "end": day}
        # A whole number less for each: at the end there are no more new ones than there are.
        value = one.value if one.fact.startswith(BENCHMARK) else 1_000 - one.value
        yield happening("business.reported", now - number, f"fact:{one.fact}:all:{day}", fact=one.fact, value=value,
                        period=period, **more)  # fmt: skip


class Shown(NamedTuple):
    """The first query of a KPI's own panel; ``is_by_queue``: each queue is a series."""

    text: str
    is_by_queue: bool


async def test_every_kpi_has_a_number_here(watched: Watched) -> None:
    """What is absent on both sides proves nothing."""
    as_of = await watched.as_of(time.time())
    there = {
        kpi.name
        for kpi in COMPARED
        for window in (WINDOWS if kpi.place is Place.WINDOW else ("24h",))
        if dict(expected(watched, kpi, window, Shown("", is_by_queue=False), as_of, time.time()))
    }
    assert {kpi.name for kpi in COMPARED} - there == set()


def shown(made: Path, kpi: Kpi) -> Shown:
    (ops,) = (one for one in dashboards(made / "grafana/dashboards") if one.name == OPS)
    (panel,) = (panel for panel in ops.panels() if panel["id"] == Seen(OPS, kpi.name).id)
    first = panel["targets"][0]
    assert "{{" not in first["legendFormat"] or first["legendFormat"] == "{{queue}}"
    return Shown(first["expr"], first["legendFormat"] == "{{queue}}")


@pytest.mark.parametrize("kpi", COMPARED, ids=lambda kpi: kpi.name)
async def test_a_panel_shows_what_the_oracle_says(watched: Watched, kpi: Kpi) -> None:
    query = shown(watched.made, kpi)
    for window in WINDOWS if "$window" in query.text else ("",):
        text = substituted(query.text, {**CHOSEN, "window": window}, ["queue", "priority"])
        differences: list[str] = []

        async def agrees(text: str = text, window: str = window, differences: list[str] = differences) -> bool:
            at = time.time()
            found = await watched.prometheus.instant(text, at)
            as_of = await watched.as_of(at)
            wanted = dict(expected(watched, kpi, window, query, as_of, at))
            differences[:] = [f"got {found}", f"wanted {wanted}"]
            relative, absolute = tolerance(kpi)
            return without_zeros(kpi, found) == pytest.approx(without_zeros(kpi, wanted), rel=relative, abs=absolute)

        try:
            await until(agrees, "it agrees", 20)
        except AssertionError:
            raise AssertionError("\n".join([f"{kpi.name} of {window or 'now'}: {text}", *differences])) from None


def tolerance(kpi: Kpi) -> tuple[float, float]:
    if kpi.unit == "multiples of its target":
        return GROWING
    if kpi.unit == "instant of its creation":
        return TO_A_MILLISECOND
    return NEAR if kpi.path.endswith(("p50", "p90")) else SAME


def without_zeros(kpi: Kpi, numbers: Mapping[Labels, float]) -> dict[Labels, float]:
    """Of counts by queue 0 is absent, or it is there: a panel draws what there is."""
    return {labels: number for labels, number in numbers.items() if number or kpi.unit not in COUNTS}


# --------------------------------------------------------------------------------------------- what is expected


def expected(
    watched: Watched, kpi: Kpi, window: str, query: Shown, as_of: int, at: float
) -> Iterator[tuple[Labels, float]]:
    """By queue, or of the whole floor; nothing where there is no value."""
    if kpi.place is Place.SLOW:
        numbers = {"": latest(watched, kpi, as_of)}
    else:
        made = oracle(watched, as_of)
        scopes = made["queues"] if query.is_by_queue else {"": made["all"]}
        numbers = {queue: number_of(value_at(scope, kpi, window), window, at) for queue, scope in scopes.items()}
    for queue, number in numbers.items():
        if number is not None:
            yield frozenset({("queue", queue)} if queue else ()), number


def number_of(value: Any, window: str, at: float) -> float | None:
    """As a panel shows it: an instant as how long ago that is, what is by window in this one."""
    if isinstance(value, str):
        return at - instant(value) / SECOND
    if isinstance(value, dict):
        value = value[window]["now"] if window in value else None
    return None if value is None else float(value)


def latest(watched: Watched, kpi: Kpi, as_of: int) -> float | None:
    """Of the whole floor, of its latest period that has a value."""
    rows = slow(watched.floor.sent, as_of, RULES).get(kpi.path, ())
    return next((row["value"] for row in rows if row["queue"] is None and row["value"] is not None), None)


def oracle(watched: Watched, as_of: int) -> dict[str, Any]:
    """Kept, since all KPIs are asked of it as of few instants."""
    if as_of not in _SNAPSHOTS:
        _SNAPSHOTS[as_of] = snapshot(watched.floor.sent, as_of, RULES)
    return _SNAPSHOTS[as_of]


_SNAPSHOTS: Final[dict[int, dict[str, Any]]] = {}
