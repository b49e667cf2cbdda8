"""The comparison and the random logs: that the proof would notice what it is for."""

import copy
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.happenings import happening
from tests.logs import CONFIGURATION_TOML, SPAN, START, random_log, shuffled, to_json_line, topic_of
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import HOUR, MINUTE, duration, instant, text_of
from tests.oracle.snapshot import snapshot

CONFIGURATION = configuration_of(tomllib.loads(CONFIGURATION_TOML))


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return snapshot(random_log(1), configuration=CONFIGURATION)


def leaves(value: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every number, flag, instant and null, as (its object, its key)."""
    for key, inner in value.items():
        if isinstance(inner, dict) and not key.endswith("_accepted"):
            yield from leaves(inner)
        elif not key.endswith("_accepted"):
            yield value, key


def other(value: Any) -> Any:
    """Something near that is not the same."""
    match value:
        case bool():
            return not value
        case None:
            return 0
        case "none" | "not_enough" | "caution" | "enough":
            return "enough" if value == "none" else "none"
        case str():
            return text_of(instant(value) + 1)
        case int():
            return value + 1
        case _:
            return value * 1.03 if value else 1e-3


def test_any_order_and_duplicates_give_the_same_snapshot(expected: dict[str, Any]) -> None:
    again = snapshot(shuffled(random_log(1), seed=7), configuration=CONFIGURATION)
    assert again == expected
    assert differences(again, expected) == []


def test_every_single_number_that_differs_is_found(expected: dict[str, Any]) -> None:
    expected = copy.deepcopy(expected)
    expected["queues"] = {"billing": expected["queues"]["billing"]}
    for scope in (expected["all"], expected["queues"]["billing"]):
        scope["windows"] = {name: scope["windows"][name] for name in ("24h", "today")}  # the others are alike
    product = copy.deepcopy(expected)
    missed = []
    for place, key in leaves(product):
        right = place[key]
        place[key] = other(right)
        if len(differences(product, expected)) != 1:
            missed.append((key, right))
        place[key] = right
    assert missed == []


def test_every_single_number_that_is_missing_is_found(expected: dict[str, Any]) -> None:
    product = copy.deepcopy(expected)
    window = product["all"]["windows"]["24h"]
    del window["csat"]["upper95"], window["nps"], product["all"]["sla"]["resolution"]["at_risk"]
    found = [line.split(":")[0] for line in differences(product, expected)]
    assert found == ["all.sla.resolution.at_risk", "all.windows.24h.csat.upper95", "all.windows.24h.nps"]


def test_an_item_that_only_the_product_knows_is_found(expected: dict[str, Any]) -> None:
    product = copy.deepcopy(expected)
    product["all"]["windows"]["30d"]["brand"]["invented"] = {"responses": 0}
    assert differences(product, expected) == ["all.windows.30d.brand.invented: got it, wanted none"]


@pytest.mark.parametrize(
    ("key", "wanted", "got", "agrees"),
    [
        ("p50", 100.0, 101.0, True),
        ("p50", 100.0, 99.0, True),
        ("p50", 100.0, 101.1, False),
        ("p90", 0.0, 0.0, True),
        ("p90", 0.0, 1e-9, False),
        ("p90", 1e-9, 0.0, False),
        ("p90", None, 0.0, False),
        ("mean", 100.0, 100.00000001, True),
        ("mean", 100.0, 100.000001, False),
        ("mean", 0.0, 1e-12, False),
        ("mean", 1.0, float("nan"), False),
        ("mean", 3.0, 3, True),
        ("lower95", 0.5, 0.5000009, True),
        ("lower95", 0.5, 0.500002, False),
        ("open", 1, 1.0, False),
        ("open", 1, True, False),
        ("open", 0, None, False),
        ("complete", True, 1, False),
        ("sample", "caution", "caution", True),
        ("sample", "caution", "enough", False),
        ("is_change", None, False, False),
        ("as_of", "2026-01-01T00:00:00.000000000Z", "2026-01-01T03:30:00+03:30", True),
        ("as_of", "2026-01-01T00:00:00.000000000Z", "2026-01-01T00:00:00.000000001Z", False),
        ("as_of", "2026-01-01T00:00:00.000000000Z", 1767225600, False),
    ],
)
def test_each_kind_of_number_has_its_tolerance(key: str, wanted: Any, got: Any, agrees: bool) -> None:
    found = differences({"all": {key: got, "more": 1}}, {"all": {key: wanted}, "queues": {}})
    assert (found == []) is agrees


def test_a_cohorts_percentile_may_be_any_accepted_one() -> None:
    wanted = {"p50": 20.0, "p50_accepted": {"values": [20.0, 24.0], "null": True}}
    answers = {
        got: differences({"all": {"p50": got}}, {"all": wanted, "queues": {}}) == [] for got in (20.1, 22.0, 24.1)
    }
    assert answers == {20.1: True, 22.0: False, 24.1: True}
    assert differences({"all": {"p50": None}}, {"all": wanted, "queues": {}}) == []


def test_a_queue_may_be_missing_only_where_it_holds_nothing(expected: dict[str, Any]) -> None:
    product, of_all = copy.deepcopy(expected), expected["all"]["windows"]
    gone = product["queues"].pop("billing")
    assert differences(product, expected) == ["queues.billing: got nothing, wanted a queue with numbers"]
    product["queues"]["billing"] = gone
    orphan = happening("ticket.escalated", instant(expected["history_since"]), "orphan")
    product["queues"]["vip"] = snapshot([orphan], instant(expected["as_of"]), CONFIGURATION)["all"]
    for name, window in product["queues"]["vip"]["windows"].items():
        if window["csat_change"]:
            window["csat_change"]["before_complete"] = of_all[name]["csat_change"]["before_complete"]
    assert differences(product, expected) == []
    assert differences(expected, product) == []
    product["queues"]["vip"]["open"] = 1
    assert differences(product, expected) == ["queues.vip.open: got 1, wanted 0"]


def test_a_log_is_a_function_of_its_seed_and_ends_at_its_end() -> None:
    log = random_log(3, tickets=40)
    assert log == random_log(3, tickets=40)
    assert log != random_log(4, tickets=40)
    assert max(instant(event["time"]) for event in log) == START + SPAN
    assert [json.loads(to_json_line(event)) for event in log] == log


def test_shuffled_logs_hold_the_same_events_some_of_them_twice() -> None:
    log = random_log(5, tickets=40)
    lines = Counter(map(to_json_line, shuffled(log, seed=1, duplicates=0.5)))
    assert set(lines) == {to_json_line(event) for event in log}
    assert sum(lines.values()) == len(log) + round(len(log) / 2)


def test_the_logs_hold_every_topic_zone_and_odd_case() -> None:
    log = [event for seed in range(3) for event in random_log(seed)]
    assert {topic_of(event) for event in log} == {
        "ticket-created",
        "ticket-first-reply",
        "ticket-resolved",
        "ticket-changed",
        "survey-responses",
        "business-facts",
    }
    assert len({event["type"] for event in log}) == 15
    assert {"+05:45", "-03:30", "+14:00", "-12:00"} <= {event["time"][-6:] for event in log}
    assert {event["data"].get("author") for event in log} >= {"bot", "auto", "human", "", None}
    assert any(len(event["time"].split(".")[-1]) > 9 for event in log)


def test_the_logs_hit_due_instants_and_window_edges_to_the_nanosecond() -> None:
    end = START + SPAN
    instants = {instant(event["time"]) - end for seed in range(6) for event in random_log(seed)}
    assert {-HOUR - 1, -HOUR, -HOUR + 1} <= instants
    edge = (end - duration("6h")) // MINUTE * MINUTE + MINUTE - end
    assert {edge - 1, edge, edge + 1} <= instants


def test_the_logs_leave_few_numbers_at_zero() -> None:
    scopes = [snapshot(random_log(seed), configuration=CONFIGURATION)["all"] for seed in range(12)]
    numbers = [(of_any_priority(path), value) for scope in scopes for path, value in paths("", scope)]
    always_empty = {path for path, _ in numbers} - {path for path, value in numbers if value not in (0, None)}
    hardly_ever = ("first_response_business.p50", "first_response_cohort.p90")
    of_weeks = ("1h.normal", "6h.normal", "open.normal")  # tests/properties/test_normal.py has logs that aim at them
    left = {path for path in always_empty if not path.endswith((*hardly_ever, *of_weeks)) and not NEVER.search(path)}
    assert left == set()


#: What has no value by its definition: a mean of CSAT on other scales, anything on a scale without a rule, a change of
#: a short window; and what a dozen logs need not bring about.
NEVER = re.compile(
    r"(csat_\d+_\d+\.mean(_lower95|_upper95)?|(nps_0_5|csat_1_7)\..*|(15m|1h|6h|today)\.csat_change"
    r"|csat_change\.(is_change|before_complete)|15m\.servqual\..*95)$"
)


def of_any_priority(path: str) -> str:
    return re.sub(r"(\.priorities)\.[^.]+", r"\1", path)


def paths(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not key.endswith("_accepted"):
                yield from paths(f"{path}.{key}", inner)
    else:
        yield path, value
