"""NPS, CSAT and CES out of components, by PromQL: what two workers count adds up to what the board and the oracle say.

Each worker knows its own answers only, and a mean of two scores is no score. So components are summed over all workers
first and divided last, in a real Prometheus.
"""

from __future__ import annotations

import random
import time
import tomllib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.floors import RETENTION
from tests.happenings import happening
from tests.logs import CONFIGURATION_TOML
from tests.mirrored_floors import recent_log
from tests.monitored_floors import Watched, watched_floor
from tests.oracle.configuration import configuration_of
from tests.oracle.snapshot import snapshot
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A queue of which every answer is given while the workers run, so that their counters have all of them.
FRESH = "fresh"
TOML = CONFIGURATION_TOML.replace('"пошта"]', f'"пошта", "{FRESH}"]')
RULES = configuration_of(tomllib.loads(TOML) | {"retention": {"settled": RETENTION}})
ANSWERS = 60
SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}

#: Of both workers together, by what they counted since they started; $ is the selector of the queue.
BY_COUNTERS = {
    "support_nps_score": """
        100 * (sum(support_nps_responses_total{$, category="promoter"})
             - sum(support_nps_responses_total{$, category="detractor"})) / sum(support_nps_responses_total{$})""",
    "support_csat_satisfied_ratio": """
        sum(support_csat_responses_total{$, score=~"4|5"}) / sum(support_csat_responses_total{$})""",
    "support_csat_mean_score": "("
    + " + ".join(f'{n} * sum(support_csat_responses_total{{$, score="{n}"}})' for n in range(1, 6))
    + ") / sum(support_csat_responses_total{$})",
    "support_ces_mean_score": "("
    + " + ".join(f'{n} * sum(support_ces_responses_total{{$, score="{n}"}})' for n in range(1, 8))
    + ") / sum(support_ces_responses_total{$})",
}
#: The mean of the workers' own scores: what it must not be.
MEAN_OF_SCORES = """
    avg(100 * (sum by (instance) (support_nps_responses_total{$, category="promoter"})
             - sum by (instance) (support_nps_responses_total{$, category="detractor"}))
        / sum by (instance) (support_nps_responses_total{$}))"""

#: By the board's components of a window, queue by queue.
BY_COMPONENTS = {
    "support_nps_score": """
        100 * (max by (queue, window) (support_nps_window_responses{category="promoter"})
             - max by (queue, window) (support_nps_window_responses{category="detractor"}))
        / sum by (queue, window) (max by (queue, window, category) (support_nps_window_responses))""",
    "support_csat_satisfied_ratio": """
        max by (queue, window) (support_csat_window_satisfied)
        / max by (queue, window) (support_csat_window_responses)""",
    "support_csat_mean_score": """
        max by (queue, window) (support_csat_window_points)
        / max by (queue, window) (support_csat_window_responses)""",
    "support_ces_mean_score": """
        max by (queue, window) (support_ces_window_points)
        / max by (queue, window) (support_ces_window_responses)""",
}
#: And of the whole floor, summed over its queues.
OF_THE_FLOOR = {
    name.replace("support_", "support_floor_"): expr.replace("max by (queue, window) (", "sum by (window) (")
    .replace("sum by (queue, window) (max by (queue, window, category) (", "sum by (window) ((")
    for name, expr in BY_COMPONENTS.items()
}  # fmt: skip
#: Where the oracle has it, below a window.
IN_A_WINDOW = {
    "nps_score": ("nps", "score"),
    "csat_satisfied_ratio": ("csat", "satisfied_ratio"),
    "csat_mean_score": ("csat", "mean"),
    "ces_mean_score": ("ces", "mean"),
}


async def scores(watched: Watched, query: str, at: float | None = None) -> dict[tuple[str, str], float]:
    """(queue, window) -> number; the queue is empty for the whole floor."""
    found = await watched.prometheus.instant(query, at)
    named = ((dict(labels), number) for labels, number in found.items())
    return {(labels.get("queue", ""), labels["window"]): number for labels, number in named}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """A floor with weeks of answers behind it, on which sixty customers answer now."""
    async with watched_floor(tmp_path_factory.mktemp("floor"), TOML, recent_log(808)) as found:
        await found.floor.send(answers(time.time_ns()))
        await until(lambda: all_are_counted(found), "all fresh answers are counted")
        yield found


def answers(now: int) -> list[dict[str, Any]]:
    """Of each customer one to each survey, each score among them."""
    dice = random.Random(7)
    made = []
    for survey, (low, high) in SCALES.items():
        scores = [*range(low, high + 1), *(dice.randint(low, high) for _ in range(ANSWERS))][:ANSWERS]
        made += [
            happening("survey.answered", now - number, f"survey:{number}", name=f"{survey}{number}",
                      survey=survey, score=score, response=str(number), queue=FRESH)
            for number, score in enumerate(scores)
        ]  # fmt: skip
    return made


async def all_are_counted(watched: Watched) -> bool:
    """By the workers, and by the board."""
    for survey in SCALES:
        counted = await watched.prometheus.instant(f'sum(support_{survey}_responses_total{{queue="{FRESH}"}})')
        shown = await watched.prometheus.instant(
            f'support_survey_responses{{queue="{FRESH}", survey="{survey}", window="1h"}}'
        )
        if list(counted.values()) != [ANSWERS] or list(shown.values()) != [ANSWERS]:
            return False
    return True


def by_oracle(watched: Watched, name: str, as_of: int) -> dict[tuple[str, str], float]:
    """(queue, window) -> what the oracle says a series is; without those that have none."""
    found = snapshot(watched.floor.sent, as_of, RULES)
    is_of_floor = name.startswith("support_floor_")
    survey, value = IN_A_WINDOW[name.removeprefix("support_").removeprefix("floor_")]
    scopes = {"": found["all"]} if is_of_floor else found["queues"]
    numbers = {
        (queue, window): numbers[survey][value]
        for queue, scope in scopes.items()
        for window, numbers in scope["windows"].items()
    }
    return {place: number for place, number in numbers.items() if number is not None}


async def test_the_counters_of_both_workers_give_the_boards_score_and_the_oracles(watched: Watched) -> None:
    at = time.time()
    as_of = await watched.as_of(at)
    for name, expr in BY_COUNTERS.items():
        by_promql = await watched.prometheus.instant(expr.replace("$", f'queue="{FRESH}"'), at)
        by_board = await scores(watched, f'{name}{{queue="{FRESH}", window="1h"}}', at)
        assert by_promql == {frozenset(): pytest.approx(by_board[FRESH, "1h"])}, name
        assert by_board[FRESH, "1h"] == pytest.approx(by_oracle(watched, name, as_of)[FRESH, "1h"]), name


async def test_the_mean_of_the_workers_own_scores_is_another_number(watched: Watched) -> None:
    at = time.time()
    selected = f'queue="{FRESH}"'
    counts = await watched.prometheus.instant(f"sum by (instance) (support_nps_responses_total{{{selected}}}) > 0", at)
    assert len(counts) == 2, "each worker has answers of its own"
    (mean,) = (await watched.prometheus.instant(MEAN_OF_SCORES.replace("$", selected), at)).values()
    (score,) = (await watched.prometheus.instant(BY_COUNTERS["support_nps_score"].replace("$", selected), at)).values()
    assert mean != pytest.approx(score)


@pytest.mark.parametrize("name", [*BY_COMPONENTS, *OF_THE_FLOOR])
async def test_the_components_of_every_window_give_the_boards_score_and_the_oracles(
    watched: Watched, name: str
) -> None:
    at = time.time()
    by_components = await scores(watched, {**BY_COMPONENTS, **OF_THE_FLOOR}[name], at)
    by_board = await scores(watched, f"max without (instance, job) ({name})", at)
    of_oracle = by_oracle(watched, name, await watched.as_of(at))
    assert len(by_board) > 3, "of some queues and windows"
    assert by_components == pytest.approx(by_board)
    assert by_board == pytest.approx(of_oracle)
