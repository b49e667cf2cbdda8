"""SERVQUAL, brand, response, change and samples in the snapshot: by figures worked out by hand, and at their edges."""

from typing import Any

import pytest

from metrics.items import BRAND_NAME_MAX, DIMENSIONS
from metrics.measures import FIRST_ITEM, Vocabulary
from metrics.policies import Rules
from metrics.samples import Samples
from tests.happenings import Happening, created, floor_of, happening, snapshot_of
from tests.oracle.instants import DAY, HOUR, MINUTE, instant

NOON = instant("2026-03-10T12:00:00Z")


def answer(at: int, subject: str = "survey:1", survey: str = "csat", score: int = 5, **data: Any) -> Happening:
    name = f"{subject}-{at}-{data.get('item')}-{score}"
    return happening("survey.answered", at, subject, name=name, survey=survey, score=score, **data)


def sent(at: int, subject: str = "survey:1", survey: str = "csat", **data: Any) -> Happening:
    return happening("survey.sent", at, subject, name=f"{subject}-{at}-{data}", survey=survey, **data)


def window(log: list[Happening], name: str = "24h", rules: Rules | None = None, now: int = NOON) -> dict[str, Any]:
    found = snapshot_of(floor_of(log, rules), now)["all"]["windows"][name]
    assert isinstance(found, dict)
    return found


# ------------------------------------------------------------------------------------------------- SERVQUAL


def pairs(item: str, *given: tuple[int, int | None]) -> list[Happening]:
    """Answers of (perception, expectation), each by another customer."""
    return [
        answer(NOON - HOUR, f"survey:{item}-{n}", "servqual", got, item=item, expectation=hoped)
        for n, (got, hoped) in enumerate(given)
    ]


def test_servqual_is_perception_less_expectation_by_item_dimension_and_overall() -> None:
    log = [*pairs("reliability.1", (5, 7), (4, 6)), *pairs("reliability.10", (7, 6)), *pairs("empathy.2", (3, 7))]
    found = window(log)["servqual"]
    reliability, empathy = found["dimensions"]["reliability"], found["dimensions"]["empathy"]
    assert (reliability["pairs"], reliability["gap"]) == (3, -1.0)
    assert (reliability["perception"], reliability["expectation"]) == (16 / 3, 19 / 3)
    # gaps -2, -2, 1: standard deviation sqrt(3), Student's t with 2 degrees of freedom 4.302653
    assert (reliability["lower95"], reliability["upper95"]) == pytest.approx((-5.302653, 3.302653), abs=5e-7)
    assert (empathy["gap"], empathy["lower95"], empathy["upper95"]) == (-4.0, None, None)
    assert (found["pairs"], found["overall"]) == (4, -2.5)
    assert found["sample"] == "not_enough"
    gaps = {item: (one["pairs"], one["gap"]) for item, one in found["items"].items()}
    assert gaps == {"reliability.1": (2, -2.0), "reliability.10": (1, 1.0), "empathy.2": (1, -4.0)}
    assert list(found["items"]) == ["reliability.1", "reliability.10", "empathy.2"]


def test_a_pair_with_one_side_missing_is_left_out() -> None:
    found = window(pairs("assurance.1", (7, 7), (1, None)))["servqual"]
    assert (found["pairs"], found["dimensions"]["assurance"]["gap"]) == (1, 0.0)


def test_dimensions_without_a_pair_are_there_without_a_number() -> None:
    found = window(pairs("assurance.1", (1, None)))["servqual"]
    assert tuple(found["dimensions"]) == DIMENSIONS
    assert (found["pairs"], found["overall"], found["items"]) == (0, None, {})
    assert {one["gap"] for one in found["dimensions"].values()} == {None}


def test_every_dimension_weighs_the_same_in_the_overall_gap() -> None:
    log = [*pairs("tangibles.1", *[(7, 7)] * 9), *pairs("empathy.1", (1, 7))]
    assert window(log)["servqual"]["overall"] == -3.0


# ---------------------------------------------------------------------------------------------------- brand


def opinions(item: str, *scores: int, **data: Any) -> list[Happening]:
    return [
        answer(NOON - HOUR, f"survey:{item}-{n}", "brand", score, item=item, **data) for n, score in enumerate(scores)
    ]


def test_a_brand_item_has_the_share_that_agrees_by_scale() -> None:
    log = [*opinions("preferred", *[1] * 9, 0), *opinions("fast", 5, 4, 3, 1, scale=[1, 5])]
    found = window(log)
    preferred, fast = found["brand"]["preferred"], found["brand_1_5"]["fast"]
    assert (preferred["responses"], preferred["agree_ratio"], preferred["sample"]) == (10, 0.9, "caution")
    assert (preferred["lower95"], preferred["upper95"]) == pytest.approx((0.5958, 0.9821), abs=5e-5)
    assert (fast["responses"], fast["agree_ratio"], fast["sample"]) == (4, 0.5, "not_enough")
    assert (list(found["brand"]), list(found["brand_1_5"])) == (["preferred"], ["fast"])


def test_one_item_on_two_scales_is_two_instruments() -> None:
    found = window([*opinions("fast", 1), *opinions("fast", 1, scale=[1, 5])])
    assert (found["brand"]["fast"]["agree_ratio"], found["brand_1_5"]["fast"]["agree_ratio"]) == (1.0, 0.0)


def test_the_items_with_the_most_answers_are_shown_and_preferred_always_and_the_rest_together() -> None:
    log = [*opinions("preferred", 1)]
    for number in range(25):
        log += opinions(f"word {number:02}", *[1, 0] * (1 + (number < 10)))
    found = window(log)["brand"]
    assert len(found) == 22
    assert {f"word {number:02}" for number in range(20)} < set(found)
    assert (found["other"]["responses"], found["other"]["agree_ratio"]) == (10, 0.5)
    assert found["preferred"]["responses"] == 1


def test_a_process_knows_a_bounded_number_of_items_and_counts_any_other() -> None:
    vocabulary = Vocabulary()
    numbers = {vocabulary.brand_measure(f"word {n}", 0, 1) for n in range(5_000)}
    other = vocabulary.brand_measure("other", 0, 1)
    assert len(numbers) == 1_001
    assert vocabulary.brand_measure("word 7", 0, 1) != other == vocabulary.brand_measure("word 4999", 0, 1)
    assert vocabulary.items[other - FIRST_ITEM] == ("brand", "other", 0, 1)
    assert vocabulary.brand_measure("word 4999", 1, 5) != other


def test_a_name_that_is_too_long_to_show_counts_as_other() -> None:
    found = window([*opinions("x" * BRAND_NAME_MAX, 1), *opinions("y" * (BRAND_NAME_MAX + 1), 0)])["brand"]
    assert {item: one["agree_ratio"] for item, one in found.items()} == {
        "preferred": None,
        "x" * BRAND_NAME_MAX: 1,
        "other": 0,
    }


def test_the_overlap_with_the_expected_words_is_their_share_of_all_that_answers_agree_with() -> None:
    log = [*opinions("fast", 1, 1, 0), *opinions("dear", 1), *opinions("kind", 4, 5, 2, scale=[1, 5])]
    rules = Rules(brand_expected=frozenset({"fast", "kind", "never named"}))
    found = window([*log, *opinions("preferred", 1, 1)], rules=rules)["brand_expected"]
    assert (found["agreeing"], found["expected"], found["ratio"]) == (5, 4, 0.8)
    assert (found["lower95"], found["upper95"]) == pytest.approx((0.3755, 0.9638), abs=5e-5)
    assert window(log)["brand_expected"] is None


# ------------------------------------------------------------------------------------------------- response


def rate(log: list[Happening], survey: str = "csat", name: str = "24h") -> tuple[int, int]:
    found = window(log, name)["response_rate"][survey]
    return found["sent"], found["answered"]


def test_of_the_surveys_sent_the_share_answered_by_now_is_one_cohort() -> None:
    asked = [sent(NOON - HOUR, f"survey:{n}") for n in range(10)]
    late = [answer(NOON - MINUTE, f"survey:{n}") for n in range(9)]
    never_asked = [answer(NOON - MINUTE, f"survey:x{n}") for n in range(30)]
    found = window([*asked, *late, *never_asked])["response_rate"]["csat"]
    assert (found["sent"], found["answered"], found["ratio"], found["sample"]) == (10, 9, 0.9, "caution")
    assert (found["lower95"], found["upper95"]) == pytest.approx((0.5958, 0.9821), abs=5e-5)


def test_an_answer_counts_for_the_window_in_which_its_survey_was_sent() -> None:
    log = [sent(NOON - 2 * HOUR), answer(NOON - MINUTE)]
    assert (rate(log, name="15m"), rate(log, name="6h")) == ((0, 0), (1, 1))
    assert window(log, "15m")["csat"]["responses"] == 1
    assert window(log, "15m")["response_rate"]["csat"]["ratio"] is None


@pytest.mark.parametrize(
    ("asked", "answered", "is_answered"),
    [("r", "r", True), ("r", "s", False), ("r", None, True), (None, "s", True), (None, None, True), ("", "s", True)],
)
def test_a_survey_and_its_answer_match_by_their_response_where_both_name_one(
    asked: str | None, answered: str | None, is_answered: bool
) -> None:
    log = [sent(NOON - HOUR, response=asked), answer(NOON - MINUTE, response=answered)]
    assert rate(log) == (1, int(is_answered))


def test_an_answer_to_another_survey_or_of_another_subject_is_none() -> None:
    assert rate([sent(NOON - HOUR), answer(NOON - MINUTE, survey="nps"), answer(NOON, "survey:2")]) == (1, 0)


def test_a_survey_that_is_sent_again_is_one_survey_sent_at_its_first_time() -> None:
    log = [sent(NOON - 2 * DAY, response="r"), sent(NOON - HOUR, response="r"), sent(NOON - HOUR, response="s")]
    assert (rate(log), rate(log, name="7d")) == ((1, 0), (2, 0))


def test_a_survey_of_many_items_is_answered_once() -> None:
    answers = [answer(NOON, survey="brand", score=1, item=item, response="r") for item in ("fast", "kind")]
    assert rate([sent(NOON - HOUR, survey="brand", response="r"), *answers], "brand") == (1, 1)


def test_a_survey_counts_in_its_tickets_queue_else_in_its_own() -> None:
    log = [created(NOON - HOUR, "T1"), sent(NOON, "T1", queue="returns"), sent(NOON, queue="returns")]
    queues = snapshot_of(floor_of(log), NOON)["queues"]
    found = {name: scope["windows"]["24h"]["response_rate"]["csat"]["sent"] for name, scope in queues.items()}
    assert found == {"billing": 1, "returns": 1}


def test_surveys_of_a_discarded_ticket_count_nowhere() -> None:
    log = [created(NOON - HOUR, "T1"), sent(NOON - MINUTE, "T1"), answer(NOON, "T1"), sent(NOON, "T2")]
    assert rate(log) == (2, 1)
    discards = [happening("ticket.discarded", NOON, subject, reason="spam") for subject in ("T1", "T2")]
    assert rate([*log, *discards]) == (0, 0)


# --------------------------------------------------------------------------------------------------- change


def scores(at: int, satisfied: int, n: int) -> list[Happening]:
    """Answers at an instant."""
    return [answer(at, f"survey:{at}-{number}", score=5 if number < satisfied else 3) for number in range(n)]


def test_satisfaction_changes_where_the_interval_of_the_difference_leaves_zero_out() -> None:
    found = window([*scores(NOON - HOUR, 56, 70), *scores(NOON - 30 * HOUR, 48, 80)])["csat_change"]
    assert found["difference"] == pytest.approx(0.2, abs=1e-15)
    assert (found["lower95"], found["upper95"]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert (found["before_responses"], found["is_change"], found["sample"]) == (80, True, "enough")


def test_a_difference_that_may_be_chance_is_no_change() -> None:
    found = window([*scores(NOON - HOUR, 6, 10), *scores(NOON - 30 * HOUR, 5, 10)])["csat_change"]
    assert (found["is_change"], found["sample"]) == (False, "caution")
    assert found["lower95"] < 0 < found["difference"] < found["upper95"]


@pytest.mark.parametrize("log", [[], scores(NOON - HOUR, 5, 5), scores(NOON - 30 * HOUR, 5, 5)])
def test_without_answers_in_both_windows_there_is_no_difference(log: list[Happening]) -> None:
    found = window(log)["csat_change"]
    assert (found["difference"], found["is_change"], found["sample"]) == (None, None, "none")


def test_only_windows_of_a_day_and_more_are_compared() -> None:
    windows = snapshot_of(floor_of([]), NOON)["all"]["windows"]
    assert {name for name, one in windows.items() if one["csat_change"] is not None} == {"24h", "7d", "30d"}


@pytest.mark.parametrize(
    ("name", "first", "pane"),
    [("24h", NOON - 48 * HOUR, MINUTE), ("7d", NOON - 14 * DAY, HOUR), ("30d", NOON - 60 * DAY, HOUR)],
)
def test_the_window_before_ends_where_the_window_begins(name: str, first: int, pane: int) -> None:
    # as of half a pane past noon, so that whole panes and lengths differ
    now, length = NOON + pane // 2, (NOON - first) // 2
    edges = [first + pane, first + length + pane - 1]
    outside = [first + pane - 1, first + length + pane]
    log = [one for at in (*edges, *outside) for one in scores(at, 1, 1)]
    found = window([*log, *scores(now, 1, 1)], name, now=now)
    assert (found["csat_change"]["before_responses"], found["csat"]["responses"]) == (2, 2)


def test_every_minute_of_the_day_before_is_told_from_its_neighbours() -> None:
    for minutes in range(0, 24 * 60, 97):
        log = [*scores(NOON - 2 * DAY + MINUTE + minutes * MINUTE, 1, 1), *scores(NOON, 1, 1)]
        found = [window(log, now=NOON + later)["csat_change"]["before_responses"] for later in (0, minutes * MINUTE)]
        assert found == [1, 1]
        assert window(log, now=NOON + (minutes + 1) * MINUTE)["csat_change"]["before_responses"] == 0


@pytest.mark.parametrize(("since", "is_complete"), [(-1, True), (0, False)])
def test_the_window_before_is_complete_where_history_began_before_it(since: int, is_complete: bool) -> None:
    log = scores(NOON - 48 * HOUR + MINUTE + since, 1, 1)
    assert window(log)["csat_change"]["before_complete"] is is_complete


# -------------------------------------------------------------------------------------------------- samples


@pytest.mark.parametrize(
    ("n", "word"), [(0, "none"), (1, "not_enough"), (4, "not_enough"), (5, "caution"), (29, "caution"), (30, "enough")]
)
def test_under_five_answers_are_not_enough_and_under_thirty_ask_for_caution(n: int, word: str) -> None:
    assert Samples().of(n) == word
    found = window(scores(NOON, n, n))
    assert found["csat"]["sample"] == word


def test_how_many_answers_are_enough_is_configured() -> None:
    rules = Rules(samples=Samples(caution=2, enough=3))
    found = [window(scores(NOON, n, n), rules=rules)["csat"]["sample"] for n in range(4)]
    assert found == ["none", "not_enough", "caution", "enough"]


def test_each_number_of_a_survey_has_its_sample() -> None:
    rules = Rules(brand_expected=frozenset({"fast"}))
    log = [*pairs("empathy.1", (1, 7)), *opinions("fast", 1), *scores(NOON, 1, 1), sent(NOON)]
    found = window(log, rules=rules)
    assert found["response_rate"]["csat"]["sample"] == "not_enough"
    for name in ("csat", "nps", "ces", "csat_change", "servqual", "brand_expected"):
        assert found[name]["sample"] in {"none", "not_enough"}
    named = [*found["servqual"]["dimensions"].values(), *found["servqual"]["items"].values(), *found["brand"].values()]
    assert {one["sample"] for one in named} == {"none", "not_enough"}
