"""Every worked figure of KPIS.md and of the field, to the printed digit, from events to the snapshot.

The events lie in three partitions, as with three workers, and are merged by the snapshot; core and oracle agree on all.
"""

import tomllib
from typing import Any

import pytest

from metrics.policies import Rules
from stream.tickets import Tickets
from tests.happenings import ALL_OF_IT, Happening, created, feed, floor_of, happening, rules_of, snapshot_of
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import HOUR, MINUTE, instant
from tests.oracle.snapshot import snapshot

NOON = instant("2026-03-10T12:00:00Z")
WILSON = [
    (80, 100, "71.12", "86.66"),
    (960, 1200, "77.64", "82.17"),
    (9, 10, "59.58", "98.21"),
    (3, 3, "43.85", "100.00"),
    (4, 5, "37.55", "96.38"),
    (0, 5, "0.00", "43.45"),
]
MEAN = [5, 5, 4, 4, 4, 3, 3, 2, 1, 1]


def day_of(log: list[Happening], document: dict[str, Any] | None = None, now: int = NOON) -> dict[str, Any]:
    """The last 24 hours of the whole floor, in which core and oracle agree."""
    given = document or {}
    found = snapshot_of(floor_of(log, rules_of(given), partitions=3), now)
    wrong = differences(found, snapshot(log, now, configuration_of(given)))
    assert not wrong, wrong[:10]
    whole: dict[str, Any] = found["all"]["windows"]["24h"]
    return whole


def answers(survey: str, scores: list[int], **data: Any) -> list[Happening]:
    return [
        happening("survey.answered", NOON - HOUR, f"survey:{n}", survey=survey, score=score, **data)
        for n, score in enumerate(scores)
    ]


def percent(found: dict[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(f"{100 * found[name]:.2f}" for name in names)


def printed(found: dict[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(f"{found[name]:.2f}" for name in names)


BOUNDS = ("lower95", "upper95")


@pytest.mark.parametrize(("part", "whole", "low", "high"), WILSON)
def test_wilson_of_the_satisfied(part: int, whole: int, low: str, high: str) -> None:
    found = day_of(answers("csat", [4, 5] * (part // 2) + [5] * (part % 2) + [3] * (whole - part)))["csat"]
    assert found["responses"] == whole
    assert percent(found, "satisfied_ratio", *BOUNDS) == (f"{100 * part / whole:.2f}", low, high)


@pytest.mark.parametrize(("part", "whole", "low", "high"), WILSON)
def test_wilson_of_a_brand_item_and_of_the_surveys_sent(part: int, whole: int, low: str, high: str) -> None:
    sent = [happening("survey.sent", NOON - HOUR, f"survey:{n}", survey="brand") for n in range(whole)]
    agreeing = answers("brand", [1] * part + [0] * (whole - part), item="preferred")
    asked = answers("brand", [0] * part, item="fast")
    assert percent(day_of(agreeing)["brand"]["preferred"], *BOUNDS) == (low, high)
    assert percent(day_of([*sent, *asked])["response_rate"]["brand"], *BOUNDS) == (low, high)


@pytest.mark.parametrize(("part", "whole", "low", "high"), WILSON)
def test_wilson_of_the_escalated_the_converted_and_those_in_sla(part: int, whole: int, low: str, high: str) -> None:
    start = NOON - 10 * HOUR
    log = [created(start, f"T{n}", kind="complaint") for n in range(whole)]
    for n in range(whole):
        wait = HOUR if n < part else HOUR + 1  # the target is an hour: met at its due instant, breached after it
        log.append(happening("ticket.replied", start + wait, f"T{n}", agent="sara"))
        log.append(happening("ticket.resolved", start + 2 * HOUR + (n >= part), f"T{n}"))
    for n in range(part):
        log.append(happening("ticket.escalated", start + HOUR, f"T{n}"))
        log.append(happening("ticket.converted", start + 3 * HOUR, f"T{n}"))
    policy = {"name": "all", "first_response": "1h", "resolution": "2h"}
    found = day_of(log, {"sla": [policy]})
    for name in ("escalation", "complaint_escalation", "conversion"):
        assert percent(found[name], *BOUNDS) == (low, high)
    for name in ("first_response", "resolution"):
        assert (found[name]["met"], found[name]["breached"]) == (part, whole - part)
        assert percent(found[name], "in_sla_lower95", "in_sla_upper95") == (low, high)


@pytest.mark.parametrize(
    ("mix", "figures"),
    [
        ((50, 30, 20), ("30.00", "14.05", "44.20")),
        ((5, 3, 2), ("30.00", "-19.05", "65.20")),
        ((3, 0, 0), ("100.00", "-6.58", "100.00")),
        ((500, 300, 200), ("30.00", "25.08", "34.74")),
        ((70, 15, 15), ("55.00",)),  # published without its bounds
    ],
)
@pytest.mark.parametrize(("lowest", "name"), [(0, "nps"), (1, "nps_1_10")])
def test_nps_and_its_adjusted_wald_bounds(
    mix: tuple[int, int, int], figures: tuple[str, ...], lowest: int, name: str
) -> None:
    kinds = zip(((9, 10), (7, 8), (lowest, 6)), mix, strict=True)
    given = [scores[n % 2] for scores, count in kinds for n in range(count)]
    found = day_of(answers("nps", given, scale=[lowest, 10]))[name]
    assert (found["promoters"], found["passives"], found["detractors"]) == mix
    assert printed(found, "score", *BOUNDS)[: len(figures)] == figures


def test_nps_of_two_workers_is_that_of_all_their_answers() -> None:
    mixes = ([9] * 5 + [7] * 2 + [6], [10] + [0] * 3)  # 50 and -50, whose average, 0, is wrong
    shares = [[one | {"subject": f"{n}{one['subject']}"} for one in answers("nps", mix)] for n, mix in enumerate(mixes)]
    tickets = Tickets(Rules(), ALL_OF_IT)
    for number, share in enumerate(shares):
        assert not feed(tickets.open(number), *share).refused
    found = snapshot_of(tickets, NOON)
    assert not differences(found, snapshot([*shares[0], *shares[1]], NOON))
    assert printed(found["all"]["windows"]["24h"]["nps"], "score") == ("16.67",)
    alone = [snapshot_of(floor_of(share), NOON)["all"]["windows"]["24h"]["nps"]["score"] for share in shares]
    assert alone == [50, -50]


def test_students_bounds_of_a_mean_on_one_to_five_and_on_one_to_seven() -> None:
    found = day_of(answers("csat", MEAN))["csat"]
    assert printed(found, "mean", "mean_lower95", "mean_upper95") == ("3.20", "2.14", "4.26")
    assert printed(day_of(answers("ces", MEAN))["ces"], "mean", *BOUNDS) == ("3.20", "2.14", "4.26")


def test_students_bounds_of_the_gap_of_a_dimension() -> None:
    # 3.20 and its bounds once more, less one
    log = [
        happening(
            "survey.answered", NOON, f"survey:{n}", survey="servqual", score=score + 1, expectation=2, item="empathy.1"
        )
        for n, score in enumerate(MEAN)
    ]
    found = day_of(log)["servqual"]
    assert printed(found["dimensions"]["empathy"], "gap", *BOUNDS) == ("2.20", "1.14", "3.26")
    assert found["overall"] == found["dimensions"]["empathy"]["gap"]


def test_three_of_csat_is_neutral_and_five_of_nps_a_detractor() -> None:
    assert day_of(answers("csat", [3]))["csat"]["satisfied_ratio"] == 0
    assert day_of(answers("nps", [5]))["nps"]["score"] == -100


def test_effort_is_the_share_of_six_and_seven_less_that_of_one_to_three() -> None:
    found = day_of(answers("ces", [7] * 4 + [6] * 2 + [5] * 5 + [4] * 3 + [3] + [2] * 2 + [1] * 3))["ces"]
    assert (found["responses"], found["index"]) == (20, 0)
    assert day_of(answers("ces", [7, 6, 6, 5, 4, 4, 3, 5]))["ces"]["index"] == 25


# ------------------------------------------------------------------------------------------------ business time

#: Minutes of a week from Sunday 00:00 UTC, as KPIS.md has them: 3600-4440 is Tuesday 12:00 to Wednesday 02:00.
SCHEDULE_A = 'tue = ["12:00-24:00"]\nwed = ["00:00-02:00", "12:00-24:00"]\nthu = ["00:00-02:00"]\n'
SCHEDULE_B = 'tue = ["15:00-24:00"]\nwed = ["00:00-00:30", "15:00-24:00"]\nthu = ["00:00-00:30"]\n'
VERSION = "[[calendars.desk.versions]]\n{}[calendars.desk.versions.week]\n{}"
BOTH = VERSION.format("", SCHEDULE_A) + VERSION.format("from = 2020-09-30T19:01:25Z\n", SCHEDULE_B)
LAST = VERSION.format("", SCHEDULE_B)
POLICY = '[calendars.desk]\n{}\n[[sla]]\nname = "all"\nfirst_response = "{}"\ncalendar = "desk"\n'


@pytest.mark.parametrize(("versions", "seconds"), [(BOTH, 960 * 60 + 8), (LAST, 690 * 60 + 8)])
def test_business_minutes_are_those_of_each_schedule_while_it_is_in_force(versions: str, seconds: int) -> None:
    asked, replied = instant("2020-09-29T17:01:38Z"), instant("2020-09-30T19:01:46Z")
    log = [created(asked), happening("ticket.replied", replied, agent="sara")]
    document = tomllib.loads(POLICY.format(versions, f"{seconds}s"))
    found = day_of(log, document, replied + MINUTE)
    assert found["first_response_business"]["mean"] == seconds
    assert f"{found['first_response_business']['mean'] / 60:.4f}" == ("960.1333" if versions == BOTH else "690.1333")
    assert found["first_response"]["mean"] == 26 * 3600 + 8  # calendar time stands beside it
    assert (found["first_response"]["met"], found["first_response"]["breached"]) == (1, 0)
    late = day_of(log, tomllib.loads(POLICY.format(versions, f"{seconds - 1}s")), replied + MINUTE)
    assert (late["first_response"]["met"], late["first_response"]["breached"]) == (0, 1)
