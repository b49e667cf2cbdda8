"""Key drivers: published figures to the digit, plain loops over random answers, and what is not said of few."""

import json
import math
import random
from itertools import product
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from deskpulse.__main__ import main
from metrics.drivers import Answered, cramers_v, drivers, spearman, spearman_interval
from metrics.intervals import newcombe
from tests.happenings import Happening, created, happening
from tests.logs import to_json_line
from tests.oracle.instants import DAY, HOUR, instant

START = instant("2026-03-02T09:00:00Z")


class TestPublishedFigures:
    @pytest.mark.parametrize(
        ("counts", "bounds"),
        [
            ((56, 70, 48, 80), (0.0524, 0.3339)),
            ((9, 10, 3, 10), (0.1705, 0.8090)),
            ((6, 7, 2, 7), (0.0582, 0.8062)),
            ((5, 56, 0, 29), (-0.0381, 0.1926)),
            ((0, 10, 0, 20), (-0.1611, 0.2775)),
            ((10, 10, 0, 20), (0.6791, 1.0)),
            ((10, 10, 0, 10), (0.6075, 1.0)),
        ],
    )
    def test_differences_are_those_of_newcombe_1998(
        self, counts: tuple[int, int, int, int], bounds: tuple[float, float]
    ) -> None:
        assert newcombe(*counts) == pytest.approx(bounds, abs=5e-5)

    def test_wings_and_tails_of_zar_have_ties(self) -> None:
        # Zar, Biostatistical Analysis, example 19.13, in tenths of centimetres
        wings = [104, 108, 111, 102, 103, 102, 107, 105, 108, 112, 106, 114]
        tails = [74, 76, 79, 72, 74, 71, 74, 72, 78, 77, 78, 83]
        assert spearman(wings, tails) == pytest.approx(0.851, abs=5e-4)

    def test_ranks_without_ties_are_the_textbooks_sum_of_squares(self) -> None:
        quotients = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
        hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
        assert spearman(quotients, hours) == pytest.approx(-29 / 165)

    @pytest.mark.parametrize(
        ("table", "association"),
        [
            ([[1198, 557], [1493, 1278]], 0.143),  # R's UCBAdmissions: chi squared 92.205, n 4526
            ([[68, 20, 15, 5], [119, 84, 54, 29], [26, 17, 14, 14], [7, 94, 10, 16]], 0.279),  # HairEyeColor
        ],
    )
    def test_associations_are_those_of_known_tables(self, table: list[list[int]], association: float) -> None:
        assert cramers_v(table) == pytest.approx(association, abs=5e-4)

    def test_the_interval_covers_the_truth_about_as_often_as_it_says(self) -> None:
        # Spearman's correlation of a bivariate normal is 6/pi asin(r/2)
        dice, truth, within = random.Random(4), 6 / math.pi * math.asin(0.6 / 2), 0
        for _ in range(600):
            first = [dice.gauss(0, 1) for _ in range(40)]
            second = [0.6 * one + 0.8 * dice.gauss(0, 1) for one in first]
            found = spearman([round(1e6 * one) for one in first], [round(1e6 * other) for other in second])
            assert found is not None
            low, high = spearman_interval(found, 40) or (0, 0)
            within += low <= truth <= high
        assert 0.925 <= within / 600 <= 0.975


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 5)), min_size=1, max_size=30)


@given(PAIRS)
def test_a_rank_correlation_is_pearsons_of_the_middle_ranks(pairs: list[tuple[int, int]]) -> None:
    def ranks(values: list[int]) -> list[float]:
        return [sum(o < v for o in values) + (sum(o == v for o in values) + 1) / 2 for v in values]

    first, second = (ranks([pair[place] for pair in pairs]) for place in (0, 1))
    found = spearman([one for one, _ in pairs], [other for _, other in pairs])
    middle = (len(pairs) + 1) / 2
    spreads = [sum((rank - middle) ** 2 for rank in ranked) for ranked in (first, second)]
    if 0 in spreads:
        assert found is None
    else:
        together = sum((a - middle) * (b - middle) for a, b in zip(first, second, strict=True))
        assert found == pytest.approx(together / math.sqrt(spreads[0] * spreads[1]))


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=5))
def test_an_association_is_the_textbooks_sum_over_cells(table: list[list[int]]) -> None:
    rows = [sum(row) for row in table]
    columns = [sum(row[place] for row in table) for place in range(3)]
    n, least = sum(rows), min(sum(map(bool, rows)), sum(map(bool, columns)))
    if least < 2:
        assert cramers_v(table) is None
        return
    chi_squared = 0.0
    for row, column in product(range(len(rows)), range(3)):
        if rows[row] and columns[column]:
            wanted = rows[row] * columns[column] / n
            chi_squared += (table[row][column] - wanted) ** 2 / wanted
    assert cramers_v(table) == pytest.approx(math.sqrt(chi_squared / (n * (least - 1))), abs=1e-7)


def answer(score: int, wait: int | None = HOUR, channel: str = "email") -> Answered:
    return Answered(score, score >= 4, wait, 0, channel, queue="billing", is_escalated=False)


def driver(answers: list[Answered], name: str, **how: int) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in drivers(answers, **how)["drivers"] if one["driver"] == name)
    return found


def test_under_the_minimum_there_is_no_number_but_how_many_there_are() -> None:
    some = [answer(1 + number % 5, number * HOUR) for number in range(29)]
    assert {one["note"] for one in drivers(some)["drivers"]} == {"not enough answers (n=29)"}
    assert driver(some, "first_response")["correlation"] is driver(some, "channel")["cramers_v"] is None
    some.append(answer(3, None))
    assert driver(some, "first_response")["note"] == "not enough answers (n=29)"  # one had no reply
    assert driver(some, "reopens")["note"] == "it is the same for all answers, or all scores are"
    assert driver(some, "first_response", minimum=29)["correlation"] is not None


def test_a_value_that_few_have_is_named_and_not_judged() -> None:
    some = [answer(1 + number % 5) for number in range(40)] + [answer(1, channel="chat")] * 4
    chat, email = sorted(driver(some, "channel")["values"], key=lambda one: str(one["value"]))
    assert (chat["n"], chat["difference"], chat["note"]) == (4, None, "not enough answers (n=4)")
    assert (email["n"], email["difference"]) == (40, None)


def test_the_worst_value_stands_first_with_its_difference_from_all_others() -> None:
    some = [answer(5)] * 30 + [answer(1)] * 10 + [answer(5, channel="chat")] * 5 + [answer(2, channel="chat")] * 15
    first, second = driver(some, "channel")["values"]
    assert (first["value"], first["satisfied_ratio"], first["difference"]) == ("chat", 0.25, -0.5)
    assert (first["difference_lower95"], first["difference_upper95"]) == newcombe(5, 20, 30, 40)
    assert second["difference"] == 0.5


def test_without_any_answer_all_is_null() -> None:
    found = drivers([])
    assert (found["answers"], found["satisfied_ratio"], found["lower95"]) == (0, None, None)


def floor(tickets: int) -> list[Happening]:
    """The longer a ticket waits the lower its score, but for the first; every other one is by chat."""
    log = []
    for number in range(tickets):
        name, at, wait = f"T{number:03d}", START + number * HOUR, (1 + number % 10) * HOUR
        log.append(created(at, name, channel="chat" if number % 2 else "email"))
        log.append(happening("ticket.replied", at + wait, name, agent="sara"))
        score = 5 - number % 10 // 2 if number else 1
        log.append(happening("survey.answered", at + wait + HOUR, name, survey="csat", score=score))
    return log


class TestCommand:
    def told(self, log: list[Happening], *words: str) -> Result:
        text = b"".join(map(to_json_line, log))
        return CliRunner().invoke(main, ["drivers", "-", *words], input=text)

    def test_json_has_the_period_and_each_driver(self) -> None:
        found = json.loads(self.told(floor(40)).stdout)
        assert (found["answers"], found["from"]) == (40, "2026-03-02T09:00:00Z")
        assert [one["driver"] for one in found["drivers"]] == [
            *("first_response", "reopens", "channel", "queue", "escalated"),
        ]
        assert found["drivers"][0]["upper95"] < -0.7

    def test_answers_are_those_of_the_period(self) -> None:
        found = json.loads(
            self.told(floor(40), "--from", "2026-03-03T09:00:00Z", "--to", "2026-03-04T00:00:00Z").stdout
        )
        wanted = [e for e in floor(40) if e["type"].endswith("answered")]
        inside = [e for e in wanted if START + DAY <= instant(e["time"]) < START + DAY + 15 * HOUR]
        assert found["answers"] == len(inside) > 0

    def test_a_table_reads_them_in_words(self) -> None:
        done = self.told(floor(40), "--format", "table")
        assert done.exit_code == 0
        assert "more of it goes with lower scores" in done.stdout
        assert "it is the same for all answers" in done.stdout
        assert "need not be cause and effect" in done.stdout

    def test_a_period_that_is_none_is_wrong_usage(self) -> None:
        done = self.told(floor(2), "--from", "2027-01-01T00:00:00Z")
        assert (done.exit_code, "--from is expected to be before --to" in done.stderr) == (2, True)
