"""Every query of every dashboard on a real Prometheus that watches two workers and their board: it has numbers.

Grafana is not here. Its part, the variables, is done as it does it; the rest is what it would have been answered.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import pytest_asyncio

from stream.rim.embedded import EmbeddedBroker
from tests.busy_floors import busy_floor
from tests.dashboard_rules import metric_of
from tests.grafana_dashboards import AsItStands, Dashboard, Query, Value, Variable, dashboards, substituted
from tests.mirrored_floors import BoardProcess
from tests.monitored_floors import INTERVAL_SECONDS, Prometheus, RefusedError, monitored
from tests.processes import until
from tests.programs import required
from tests.promql_trees import selectors
from tests.promtool import checked_rules

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(500)]

DASHBOARDS: Final = dashboards(Path(__file__).parents[2] / "grafana/dashboards")

#: Series that this floor lacks, each with the reason: every query that is empty names one of them.
EMPTY: Final[Mapping[str, str]] = {
    "support_tickets_without_policy": "the last policy of this floor matches every ticket",
    **dict.fromkeys(
        (
            "support_floor_tickets_open_week_ago",
            "support_floor_tickets_open_normal",
            "support_floor_tickets_created_week_ago",
            "support_floor_tickets_created_normal",
        ),
        "its history is of a day and a half, and this compares with weeks",
    ),
}

STEP_SECONDS: Final = 5
#: What Grafana takes where a point is ``STEP_SECONDS`` wide.
RATE_SECONDS: Final = max(4 * INTERVAL_SECONDS, STEP_SECONDS + INTERVAL_SECONDS)
RANGE_SECONDS: Final = 300
LENGTHS: Final[Mapping[str, Value]] = {
    "__rate_interval": f"{RATE_SECONDS}s",
    "__interval": f"{STEP_SECONDS}s",
    "__interval_ms": str(1_000 * STEP_SECONDS),
    "__range": f"{RANGE_SECONDS}s",
    "__range_s": str(RANGE_SECONDS),
}
#: Of a variable of one value: which one, where there is the choice.
PREFERRED: Final = {"queue": "billing", "priority": "high", "window": "24h"}
#: Within so long every number is there that ever will be.
PATIENCE_SECONDS: Final = 120


class Watched(NamedTuple):
    """A floor's Prometheus, and since when it has been there, in seconds since the epoch."""

    prometheus: Prometheus
    since: float


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """While it watches, a second worker joins, and a display comes and goes."""
    folder = tmp_path_factory.mktemp("floor")
    required("prometheus")
    async with (
        EmbeddedBroker() as broker,
        busy_floor(broker.address, folder) as floor,
        floor.board() as board,
        monitored(floor, board, folder) as prometheus,
    ):
        since = time.time()
        await floor.starts("two")
        await a_display_comes_and_goes(board)
        yield Watched(prometheus, since)


async def a_display_comes_and_goes(board: BoardProcess) -> None:
    async with board.events() as stream:
        await stream.next("wall")


class Asked(NamedTuple):
    """A query with its variables replaced."""

    query: Query
    text: str
    values: str  # what was chosen, for whoever reads that it failed

    def __str__(self) -> str:
        return f"{self.query.dashboard}: {self.query.where} ({self.values}): {self.text}"

    @property
    def metrics(self) -> set[str]:
        """The series that it names; of histograms the metric."""
        found = {selector.name for selector in selectors(self.text)}
        return found | {metric.name for name in found if (metric := metric_of(name)) is not None}


async def options_of(variable: Variable, prometheus: Prometheus) -> tuple[str, ...]:
    """The values that Grafana would list."""
    if variable.source is None:
        return variable.options
    selector, label = variable.source
    return await prometheus.values_of(label, selector)


async def asked(dashboard: Dashboard, prometheus: Prometheus, *, whole: bool, **chosen: str) -> list[Asked]:
    """Every query under *All* of each variable that has it, or under one value of each."""
    values: dict[str, Value] = dict(LENGTHS)
    regular = [variable.name for variable in dashboard.variables() if variable.has_all or variable.takes_several]
    for variable in dashboard.variables():
        options = await options_of(variable, prometheus)
        values[variable.name] = value_of(variable, options, whole=whole) if variable.kind != "datasource" else "x"
    values |= chosen
    told = ", ".join(f"{variable.name} {values[variable.name]}" for variable in dashboard.variables())
    return [Asked(query, substituted(query.text, values, regular), told) for query in dashboard.queries()]


def value_of(variable: Variable, options: tuple[str, ...], *, whole: bool) -> Value:
    assert options, f"the variable {variable.name} has nothing to choose from"
    if whole and variable.has_all:
        return options if variable.all_value is None else AsItStands(variable.all_value)
    preferred = PREFERRED.get(variable.name, "")
    return preferred if preferred in options else options[0]


async def has_numbers(one: Asked, watched: Watched) -> bool:
    """Whether it is answered with any number, over the range or as of now, as the panel asks.

    Raises:
        AssertionError: Prometheus refuses it.
    """
    numbers: list[float] = []
    try:
        instant = list((await watched.prometheus.instant(one.text)).values())
        now = time.time()
        over = await watched.prometheus.over(one.text, watched.since, now, STEP_SECONDS)
    except RefusedError as error:
        raise AssertionError(f"{one}: {error}") from None
    if one.query.is_instant:
        numbers += instant
    if one.query.is_range:
        numbers += over
    return any(not math.isnan(number) for number in numbers)


async def empty_for_ever(queries: Iterable[Asked], watched: Watched) -> list[Asked]:
    """Those that have no number though they were asked again and again, until all others had one."""
    left = list(queries)

    async def none_is_left() -> bool:
        left[:] = [one for one in left if not await has_numbers(one, watched)]
        return all(one.metrics & EMPTY.keys() for one in left)

    try:
        await until(none_is_left, "every query has numbers", PATIENCE_SECONDS)
    except AssertionError:
        lacking = "\n".join(str(one) for one in left if not one.metrics & EMPTY.keys())
        raise AssertionError(f"no numbers, and no reason for it:\n{lacking}") from None
    return left


async def every_query(watched: Watched, *, whole: bool) -> list[Asked]:
    return [one for board in DASHBOARDS for one in await asked(board, watched.prometheus, whole=whole)]


async def test_every_query_of_all_queues_has_numbers_or_a_reason_that_holds(watched: Watched) -> None:
    queries = await every_query(watched, whole=True)
    empty = await empty_for_ever(queries, watched)
    lacking = set[str]().union(*(one.metrics for one in empty))
    assert EMPTY.keys() <= lacking, f"stale: {EMPTY.keys() - lacking} have numbers, or are asked for no more"


async def test_every_query_of_one_queue_has_numbers_or_a_reason(watched: Watched) -> None:
    await empty_for_ever(await every_query(watched, whole=False), watched)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
async def test_no_query_of_any_window_is_refused(watched: Watched, dashboard: Dashboard) -> None:
    for variable in dashboard.variables():
        if variable.name == "window":
            for window in await options_of(variable, watched.prometheus):
                for one in await asked(dashboard, watched.prometheus, whole=True, window=window):
                    await has_numbers(one, watched)


async def test_promtool_parses_every_query(watched: Watched, tmp_path: Path) -> None:
    """With the values that there are, as the expression of a recording rule each."""
    queries = [one for whole in (True, False) for one in await every_query(watched, whole=whole)]
    done = checked_rules(tmp_path, [one.text for one in queries])
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{dict(enumerate(map(str, queries)))}"
    assert f"SUCCESS: {len(queries)} rules found" in done.stdout


class TestItself:
    """A harness that passes everything would prove nothing."""

    @staticmethod
    def one(text: str, *, is_instant: bool = True) -> Asked:
        return Asked(Query("d", "panel 'p' A", text, is_instant=is_instant, is_range=not is_instant), text, "")

    async def test_a_query_that_prometheus_refuses_is_told_with_its_reason(self, watched: Watched) -> None:
        for wrong in ("sum by (", "up + on (job) group_left() (up or vector(1) or up)", "rate(up)"):
            with pytest.raises(AssertionError, match="panel 'p' A"):
                await has_numbers(self.one(wrong), watched)

    @pytest.mark.parametrize("is_instant", [True, False])
    async def test_what_is_absent_or_no_number_counts_as_empty(self, watched: Watched, is_instant: bool) -> None:
        for expr in ("support_tickets_opened", "0 * vector(NaN)", "up > 5"):
            assert not await has_numbers(self.one(expr, is_instant=is_instant), watched)
        assert await has_numbers(self.one("up", is_instant=is_instant), watched)
