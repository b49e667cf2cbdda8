"""One number as a person is shown it: by its unit, with its interval and n, and by the word of its sample."""

from typing import Any

import pytest

from deskpulse.cells import NONE, cell, heading, kpi_at, number, spelled
from metrics.calendar_periods import columns
from metrics.catalogue import ALL, BY_NAME
from metrics.kpi import RATIO, SECONDS, Place
from tests.happenings import Happening, created, floor_of, happening, snapshot_of
from tests.oracle.instants import HOUR, MINUTE, instant

NOON = instant("2026-03-10T12:00:00Z")


def flat_of(*log: Happening) -> dict[str, Any]:
    return columns(snapshot_of(floor_of(log), NOON)["all"]["windows"]["24h"])


def answers(n: int, **data: Any) -> list[Happening]:
    return [happening("survey.answered", NOON - HOUR, f"survey:{number}", **data) for number in range(n)]


def shown(path: str, flat: dict[str, Any]) -> str:
    return cell(number(kpi_at(path, flat), flat))


@pytest.mark.parametrize(
    ("unit", "value", "words"),
    [
        (RATIO, 0.0, "0%"),
        (RATIO, 1.0, "100%"),
        (RATIO, 0.625, "62%"),
        (RATIO, 0.996, "99.6%"),
        (RATIO, 0.9996, "99.96%"),
        (RATIO, 0.004, "0.4%"),
        (RATIO, 0.000002, "0.0002%"),
        (RATIO, 1 - 1e-12, "100%"),
        (SECONDS, 5_400, "1h30m"),
        (SECONDS, -90, "-1m30s"),
        ("%", 84.96, "85.0%"),
        ("points, -100 to 100", -0.4, "0"),
        ("points, -100 to 100", -58.3, "-58"),
        ("points, -6 to 6", -1.25, "-1.25"),
        ("score, 1 to 5", 4.256, "4.26"),
        ("difference of ratios", 0.031, "+3.1 points"),
        ("tickets", 1_234, "1,234"),
        ("tickets", None, NONE),
        ("", True, "True"),
        ("", "a\x1bb", "a\ufffdb"),
    ],
)
def test_a_value_is_spelled_by_its_unit(unit: str, value: Any, words: str) -> None:
    assert spelled(unit, value) == words


def test_what_is_no_kpi_has_its_interval_and_sample_from_what_stands_beside_it() -> None:
    flat = flat_of(*answers(5, survey="csat", scale=[1, 3], score=3), *answers(4, survey="brand", item="fast", score=1))
    assert shown("csat_1_3.satisfied_ratio", flat) == "~100% [57…100] n=5"
    assert shown("csat_1_3.lower95", flat) == "~0.57 n=5"
    assert shown("brand.fast.agree_ratio", flat) == "n=4, not enough"
    assert shown("brand.fast.upper95", flat) == "n=4, not enough"


def test_counts_and_words_are_of_no_sample() -> None:
    flat = flat_of(*answers(2, survey="nps", score=10))
    assert shown("nps.responses", flat) == shown("nps.promoters", flat) == "2"
    assert shown("nps.sample", flat) == "not_enough"
    assert shown("complete", flat) == "False"


def test_bounds_in_sla_are_of_the_clocks() -> None:
    log = [created(NOON - HOUR - MINUTE, f"T{number}") for number in range(5)]
    log += [happening("ticket.replied", NOON - HOUR, f"T{number}", agent="sara") for number in range(4)]
    flat = flat_of(*log)  # the fifth is late
    assert (
        shown("first_response.in_sla_ratio", flat) == shown("first_response.in_sla_lower95", flat) == "n=4, not enough"
    )
    assert shown("first_response.in_sla_ratio_now", flat) == "~80% [38…96] n=5"
    assert shown("first_response.in_sla_now_lower95", flat) == "~38% n=5"


def test_of_a_sample_without_a_word_the_number_is_shown() -> None:
    assert shown("csat.satisfied_ratio", {"csat.satisfied_ratio": 0.5, "csat.responses": 1}) == "50% n=1"


@pytest.mark.parametrize(("n", "told"), [(999, "999"), (9_999, "9,999"), (10_000, "10k"), (1_234_567, "1,234k")])
def test_a_large_sample_is_told_in_thousands(n: int, told: str) -> None:
    flat = {"csat.satisfied_ratio": 0.5, "csat.responses": n, "csat.sample": "enough"}
    assert shown("csat.satisfied_ratio", flat) == f"50% n={told}"


def test_a_title_that_goes_on_from_the_one_above_does_not_stand_alone() -> None:
    assert heading(BY_NAME["first_response_in_sla_now"]) == "First response in SLA, with live breaches"
    assert heading(BY_NAME["nps"]) == "NPS"
    assert len({heading(kpi) for kpi in ALL if kpi.place is Place.WINDOW}) == len(
        [kpi for kpi in ALL if kpi.place is Place.WINDOW]
    )
