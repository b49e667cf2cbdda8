"""The oracle's statistics, windows and survey answers held to published figures and small hand-made cases."""

import math
import random
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.durations import accepted, kaplan_meier, nearest_rank
from tests.oracle.instants import DAY, HOUR, MINUTE, instant, text_of
from tests.oracle.snapshot import snapshot
from tests.oracle.surveys import ces, csat, nps, t_quantile
from tests.oracle.voice import newcombe
from tests.oracle.windows import local_midnight, windows_of

NOON = instant("2026-03-10T12:00:00Z")
HALF, NINE_TENTHS = Fraction(1, 2), Fraction(9, 10)


def answer(at: int, subject: str, name: str = "a", **data: Any) -> dict[str, Any]:
    return {
        "id": name,
        "source": "survey",
        "type": "support.survey.answered",
        "time": text_of(at),
        "subject": subject,
        "data": data,
    }


@pytest.mark.parametrize(
    ("satisfied", "n", "low", "high"),
    [
        (80, 100, 71.12, 86.66),
        (960, 1200, 77.64, 82.17),
        (9, 10, 59.58, 98.21),
        (3, 3, 43.85, 100),
        (4, 5, 37.55, 96.38),
        (0, 5, 0, 43.45),
    ],
)
def test_wilson_bounds_are_the_published_ones(satisfied: int, n: int, low: float, high: float) -> None:
    figures = csat([5] * satisfied + [3] * (n - satisfied))
    assert (100 * figures["lower95"], 100 * figures["upper95"]) == pytest.approx((low, high), abs=0.005)


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "score", "low", "high"),
    [
        (50, 30, 20, 30, 14.05, 44.20),
        (5, 3, 2, 30, -19.05, 65.20),
        (3, 0, 0, 100, -6.58, 100),
        (500, 300, 200, 30, 25.08, 34.74),
        (70, 15, 15, 55, 40.0, 68.0),
    ],
)
def test_nps_and_its_adjusted_wald_bounds_are_the_published_ones(
    promoters: int, passives: int, detractors: int, score: float, low: float, high: float
) -> None:
    figures = nps([9] * promoters + [7] * passives + [6] * detractors)
    assert figures["score"] == score
    tolerance = 1.0 if promoters == 70 else 0.005  # 70/15/15 is published without its bounds
    assert (figures["lower95"], figures["upper95"]) == pytest.approx((low, high), abs=tolerance)


def test_nps_of_two_workers_is_that_of_all_their_answers() -> None:
    figures = nps([10] * 6 + [8] * 2 + [0] * 4)
    assert round(figures["score"], 2) == 16.67
    assert (figures["promoters"], figures["passives"], figures["detractors"]) == (6, 2, 4)


def test_student_bounds_of_a_mean_are_the_published_ones() -> None:
    figures = ces([5, 5, 4, 4, 4, 3, 3, 2, 1, 1])
    assert figures["mean"] == 3.2
    assert (figures["lower95"], figures["upper95"]) == pytest.approx((2.14, 4.26), abs=0.005)
    assert ces([7]) == {"responses": 1, "mean": 7.0, "lower95": None, "upper95": None}


@pytest.mark.parametrize(
    ("degrees", "t"),
    [(1, 12.7062047364), (2, 4.30265272991), (3, 3.18244630528), (9, 2.26215716280), (30, 2.04227245630)],
)
def test_quantiles_of_students_distribution_are_the_tables(degrees: int, t: float) -> None:
    assert t_quantile(degrees) == pytest.approx(t, rel=1e-9)


def test_the_expansion_of_students_quantile_joins_the_series() -> None:
    steps = [t_quantile(degrees) - t_quantile(degrees + 1) for degrees in (1_999, 2_000, 2_001)]
    assert steps == pytest.approx([steps[0]] * 3, rel=1e-2)


@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (5, 56, 0, 29, -0.0381, 0.1926)],
)
def test_the_bounds_of_a_difference_are_the_published_ones(
    a: int, m: int, b: int, n: int, low: float, high: float
) -> None:
    assert newcombe(a, m, b, n) == pytest.approx((low, high), abs=0.00005)


def test_no_answer_is_null_and_never_zero() -> None:
    nothing = ("mean", "mean_lower95", "mean_upper95", "satisfied_ratio", "lower95", "upper95")
    assert csat([]) == {"responses": 0} | dict.fromkeys(nothing)
    assert (nps([])["score"], nps([])["lower95"], ces([])["mean"]) == (None, None, None)


def test_nearest_rank_takes_a_value_that_is_there() -> None:
    values = [7, 1, 9, 3, 5, 8, 2, 10, 4, 6]
    assert (nearest_rank(values, HALF), nearest_rank(values, NINE_TENTHS)) == (5, 9)
    assert (nearest_rank([4, 2], HALF), nearest_rank([4, 2], NINE_TENTHS), nearest_rank([], HALF)) == (2, 4, None)


def test_kaplan_meier_counts_the_waiting_up_to_their_age() -> None:
    # answers at 1, 3, 5; waiting at 2, 4:   S = 4/5, then 4/5 * 2/3 = 8/15, then 8/15 * 0 = 0
    assert kaplan_meier([1, 3, 5], [2, 4], HALF) == 5
    # answered before censored at a tie:     S = 4/5, then 4/5 * 2/4 = 2/5
    assert kaplan_meier([1, 3, 3], [3, 4], HALF) == 3
    # and so still at risk:                 S = 2/3
    assert kaplan_meier([2], [2, 2], HALF) is None
    # exactly a half is enough:              S = 3/4, 2/4
    assert kaplan_meier([1, 2], [9, 9], HALF) == 2
    assert kaplan_meier([1, 2], [9, 9], NINE_TENTHS) is None
    assert kaplan_meier([], [1], HALF) is None


def bucketed(value: int, growth: float, offset: float) -> int:
    bucket = math.floor(math.log(value, growth) + offset)
    return round(math.exp((bucket + 0.5 - offset) * math.log(growth)))


@pytest.mark.parametrize("seed", range(40))
def test_a_curve_kept_in_buckets_of_one_percent_is_accepted_wherever_their_edges_lie(seed: int) -> None:
    dice = random.Random(seed)
    answers = [dice.randrange(10_000, 16_000) for _ in range(dice.randrange(1, 60))]
    waiting = [dice.randrange(10_000, 16_000) for _ in range(dice.randrange(60))]
    offset = dice.random()
    growth = 1.01 / 0.99
    in_buckets = [bucketed(value, growth, offset) for value in answers]
    for quantile in (HALF, NINE_TENTHS):
        rule = accepted(answers, waiting, quantile)
        for censored in (waiting, [bucketed(value, growth, offset) for value in waiting]):
            got = kaplan_meier(in_buckets, censored, quantile)
            if got is None:
                assert rule["null"]
            else:
                assert any(abs(got / (value * 1e9) - 1) < 0.0101 for value in rule["values"])


def test_a_curve_without_a_censoring_near_an_answer_has_one_accepted_value() -> None:
    assert accepted([10**9, 2 * 10**9, 4 * 10**9], [3 * 10**9], HALF) == {"values": [2.0], "null": False}
    near = accepted([10**9, 2 * 10**9, 4 * 10**9], [199 * 10**7], HALF)  # S(2 s) = 3/8, or 2/4 after the censoring
    assert near == {"values": [2.0], "null": False}
    assert accepted([10**9], [10**9 - 1, 10**9 - 1], Fraction(1, 3)) == {"values": [1.0], "null": False}
    assert accepted([10**9], [10**9 - 1, 10**9 - 1], HALF) == {"values": [1.0], "null": True}


@pytest.mark.parametrize(
    ("now", "name", "first"),
    [
        ("2026-03-10T12:00:30Z", "15m", "2026-03-10T11:46:00Z"),
        ("2026-03-10T12:00:00Z", "15m", "2026-03-10T11:46:00Z"),
        ("2026-03-10T12:00:30Z", "24h", "2026-03-09T12:01:00Z"),
        ("2026-03-10T12:59:59.999999999Z", "7d", "2026-03-03T13:00:00Z"),
        ("2026-03-10T13:00:00Z", "30d", "2026-02-08T14:00:00Z"),
    ],
)
def test_a_window_holds_whole_panes_up_to_now(now: str, name: str, first: str) -> None:
    (window,) = [w for w in windows_of(instant(now), OracleConfiguration()) if w.name == name]
    assert (window.first, window.last) == (instant(first), instant(now))
    assert [window.holds(window.first - 1), window.holds(window.first), window.holds(window.last)] == [
        False,
        True,
        True,
    ]
    assert not window.holds(window.last + 1)


@pytest.mark.parametrize(
    ("now", "zone", "midnight"),
    [
        ("2026-03-10T12:00:00Z", "UTC", "2026-03-10T00:00:00Z"),
        ("2026-03-10T20:29:59Z", "Asia/Tehran", "2026-03-09T20:30:00Z"),
        ("2026-03-10T20:30:00Z", "Asia/Tehran", "2026-03-10T20:30:00Z"),
        ("2026-03-29T12:00:00Z", "Europe/Berlin", "2026-03-28T23:00:00Z"),
        ("2018-11-04T12:00:00Z", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),  # that day began at 01:00
    ],
)
def test_today_begins_where_the_local_date_turned(now: str, zone: str, midnight: str) -> None:
    assert local_midnight(instant(now), zone) == instant(midnight)


def test_a_window_is_complete_where_the_history_begins_before_it() -> None:
    edge = NOON - 15 * MINUTE + MINUTE
    windows = snapshot([answer(edge, "survey:1", survey="csat", score=4)], NOON)["all"]["windows"]
    assert not windows["15m"]["complete"]
    windows = snapshot([answer(edge - 1, "survey:1", survey="csat", score=4)], NOON)["all"]["windows"]
    assert [windows[name]["complete"] for name in ("15m", "1h", "today")] == [True, False, False]


def test_the_latest_answer_of_one_identity_counts_by_its_own_time() -> None:
    scope = snapshot(
        [
            answer(NOON - 2 * HOUR, "T1", "1", survey="csat", score=1, response="r"),
            answer(NOON - HOUR, "T1", "2", survey="csat", score=5, response="r", scale=[1, 5]),
            answer(NOON - 3 * HOUR, "T1", "3", survey="csat", score=4, response=""),
            answer(NOON - 3 * HOUR, "T1", "4", survey="csat", score=3, scale=[1, 10]),
            answer(NOON - 2 * DAY, "T2", "5", survey="csat", score=2),
        ],
        NOON,
    )["all"]["windows"]
    assert (scope["24h"]["csat"]["responses"], scope["24h"]["csat"]["mean"]) == (2, 4.5)
    assert (scope["6h"]["csat"]["responses"], scope["7d"]["csat"]["responses"]) == (2, 3)


def test_an_answer_has_its_tickets_queue_else_its_own_else_other() -> None:
    configuration = OracleConfiguration(queues=("billing", "returns"), aliases={"payments": "billing"})
    created = {"queue": "returns", "channel": "email", "priority": "low"}
    ticket = answer(NOON - HOUR, "T1", "0") | {"type": "support.ticket.created", "data": created}
    queues = snapshot(
        [
            ticket,
            answer(NOON - 2 * HOUR, "T1", "1", survey="nps", score=9, queue="billing"),
            answer(NOON, "T2", "2", survey="nps", score=9, queue="payments"),
            answer(NOON, "survey:3", "3", survey="nps", score=9, queue=""),
            answer(NOON, "survey:4", "4", survey="nps", score=9, queue="vip"),
        ],
        NOON,
        configuration,
    )["queues"]
    responses = {queue: scope["windows"]["24h"]["nps"]["responses"] for queue, scope in queues.items()}
    assert responses == {"returns": 1, "billing": 1, "other": 2}
