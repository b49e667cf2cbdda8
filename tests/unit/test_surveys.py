"""What answers of one instrument amount to: the figures of KPIS, scale by scale, and merged from parts."""

from collections import Counter
from typing import Any

import pytest

from metrics.policies import Rules
from metrics.samples import Samples
from metrics.surveys import instrument_name, summary
from stream.tickets import Tickets
from tests.happenings import ALL_OF_IT, feed, floor_of, happening, snapshot_of
from tests.oracle.instants import HOUR, instant

NOON = instant("2026-03-10T12:00:00Z")


def counted(survey: str, lowest: int, highest: int, scores: list[int]) -> dict[str, Any]:
    return summary(survey, lowest, highest, Counter(score - lowest for score in scores), Samples())


def promotion(promoters: int, passives: int, detractors: int) -> dict[str, Any]:
    return counted("nps", 0, 10, [9, 10] * promoters + [7, 8] * passives + [0, 6] * detractors)


def answers(survey: str, scores: list[int], prefix: str = "", **data: Any) -> list[dict[str, Any]]:
    return [
        happening("survey.answered", NOON - HOUR, f"survey:{prefix}{n}", survey=survey, score=score, **data)
        for n, score in enumerate(scores)
    ]


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "score"),
    [(70, 15, 15, 55), (50, 30, 20, 30), (5, 3, 2, 30), (3, 0, 0, 100), (500, 300, 200, 30), (0, 0, 4, -100)],
)
def test_nps_is_the_share_of_promoters_minus_that_of_detractors(
    promoters: int, passives: int, detractors: int, score: float
) -> None:
    found = counted("nps", 0, 10, [10] * promoters + [7] * passives + [3] * detractors)
    assert (found["promoters"], found["passives"], found["detractors"]) == (promoters, passives, detractors)
    assert found["score"] == pytest.approx(score)
    assert found["lower95"] <= found["score"] <= found["upper95"]


def test_nps_cuts_at_nine_and_seven() -> None:
    found = counted("nps", 0, 10, list(range(11)))
    assert (found["responses"], found["promoters"], found["passives"], found["detractors"]) == (11, 2, 2, 7)


def test_nps_from_one_to_ten_has_the_same_cuts_and_a_name_of_its_own() -> None:
    found = counted("nps", 1, 10, list(range(1, 11)))
    assert (found["promoters"], found["passives"], found["detractors"]) == (2, 2, 6)
    assert instrument_name("nps", 1, 10) == "nps_1_10"


def test_merged_nps_is_that_of_all_answers_not_the_average_of_two_workers() -> None:
    # two workers, 5/2/1 and 1/0/3: 100 · (6 - 4) / 12; the average of their scores, 50 and -50, would be 0
    one = answers("nps", [9] * 5 + [7] * 2 + [6] * 1, "a")
    two = answers("nps", [10] * 1 + [0] * 3, "b")
    tickets = Tickets(Rules(), ALL_OF_IT)
    feed(tickets.open(0), *one)
    feed(tickets.open(1), *two)
    found = snapshot_of(tickets, NOON)["all"]["windows"]["24h"]["nps"]
    assert found["score"] == pytest.approx(16.67, abs=0.005)
    assert (found["promoters"], found["passives"], found["detractors"]) == (6, 2, 4)


def test_csat_has_the_mean_and_the_share_of_fours_and_fives() -> None:
    found = counted("csat", 1, 5, [5, 5, 4, 4, 4, 3, 3, 2, 1, 1])
    assert (found["responses"], found["mean"], found["satisfied_ratio"]) == (10, 3.2, 0.5)
    nine_of_ten = counted("csat", 1, 5, [4] * 9 + [3])
    assert (nine_of_ten["lower95"], nine_of_ten["upper95"]) == pytest.approx((0.5958, 0.9821), abs=5e-5)


@pytest.mark.parametrize(
    ("lowest", "highest", "satisfied"), [(1, 3, {3}), (0, 1, {1}), (1, 10, {9, 10}), (1, 5, {4, 5})]
)
def test_each_csat_scale_has_its_own_satisfied_answers_and_a_mean_on_one_to_five_only(
    lowest: int, highest: int, satisfied: set[int]
) -> None:
    scores = list(range(lowest, highest + 1))
    found = counted("csat", lowest, highest, scores)
    assert found["satisfied_ratio"] == len(satisfied) / len(scores)
    assert (found["mean"] is None) == ((lowest, highest) != (1, 5))
    for score in scores:
        alone = counted("csat", lowest, highest, [score])
        assert alone["satisfied_ratio"] == (1 if score in satisfied else 0)


def test_ces_is_a_mean_with_students_bounds_and_the_easy_minus_the_hard() -> None:
    found = counted("ces", 1, 7, [7, 6, 6, 5, 4, 3, 1, 2])
    assert (found["responses"], found["mean"]) == (8, 4.25)
    assert found["index"] == 100 * (3 - 3) / 8
    assert counted("ces", 1, 7, [6, 7, 5, 3])["index"] == 25
    assert found["lower95"] < 4.25 < found["upper95"]
    alone = counted("ces", 1, 7, [6])
    assert (alone["mean"], alone["lower95"], alone["upper95"]) == (6, None, None)


@pytest.mark.parametrize(("survey", "lowest", "highest"), [("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)])
def test_without_answers_every_value_but_the_counts_is_missing(survey: str, lowest: int, highest: int) -> None:
    found = counted(survey, lowest, highest, [])
    counts = {"responses", "promoters", "passives", "detractors"}
    assert found["responses"] == 0
    assert found.pop("sample") == "none"
    assert all((value == 0) if name in counts else (value is None) for name, value in found.items())


@pytest.mark.parametrize(("survey", "scale"), [("csat", (1, 7)), ("nps", (0, 5)), ("nps", (1, 5))])
def test_on_a_scale_without_a_rule_only_the_number_of_answers_is_known(survey: str, scale: tuple[int, int]) -> None:
    # the cuts of NPS on 0 to 5 would make every customer a detractor
    found = counted(survey, *scale, [scale[1]] * 40)
    assert {name: value for name, value in found.items() if value is not None} == {"responses": 40, "sample": "enough"}


def test_instruments_are_named_by_their_survey_on_its_usual_scale_and_with_the_scale_on_others() -> None:
    usual = [instrument_name(*instrument) for instrument in (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7))]
    assert usual == ["csat", "nps", "ces"]
    assert instrument_name("csat", 0, 1) == "csat_0_1"


def test_scales_are_never_pooled() -> None:
    log = [*answers("csat", [5, 1], "a"), *answers("csat", [3, 3], "b", scale=[1, 3]), *answers("nps", [9], "c")]
    log += answers("nps", [1, 1, 1], "d", scale=[1, 10])
    found = snapshot_of(floor_of(log), NOON)["queues"]["other"]["windows"]["24h"]
    assert (found["csat"]["responses"], found["csat"]["satisfied_ratio"]) == (2, 0.5)
    assert (found["csat_1_3"]["responses"], found["csat_1_3"]["satisfied_ratio"]) == (2, 1)
    assert (found["nps"]["responses"], found["nps"]["score"]) == (1, 100)
    assert (found["nps_1_10"]["responses"], found["nps_1_10"]["score"]) == (3, -100)
    assert found["ces"]["responses"] == 0
