"""What could not be counted as it stands: each kind by a number, in the snapshot, in Prometheus and in the docs."""

from pathlib import Path
from typing import Any

import pytest

from metrics.data_quality import since_start
from metrics.exposition import render
from metrics.names import ALL
from metrics.pipeline import Pipeline
from tests.full_floors import full_floor
from tests.happenings import Happening, created, feed, floor_of, happening, rules_of, snapshot_of
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant
from tests.oracle.snapshot import snapshot

NOON = instant("2026-03-10T12:00:00Z")
START = NOON - 10 * HOUR
SKEW = 2 * MINUTE
NOTHING = {"orphans": 0, "clock_skew": 0, "before_creation": 0, "full_histories": 0}
REPLY, MESSAGE, RESOLVE = "ticket.replied", "ticket.customer-replied", "ticket.resolved"


def quality(*log: Happening) -> dict[str, Any]:
    """Of the snapshot, in which core and oracle agree; two partitions, read in both orders."""
    expected = snapshot(log, NOON)["data_quality"]
    for events in (log, log[::-1]):
        found = snapshot_of(floor_of(events, partitions=2), NOON)["data_quality"]
        assert found == expected
    assert isinstance(expected, dict)
    return expected


# ----------------------------------------------------------------------------------------- of the tickets kept


@pytest.mark.parametrize(
    ("kind", "data", "counts"),
    [
        (REPLY, {"agent": "sara"}, 1),
        (REPLY, {"agent": "bot", "author": "bot"}, 0),
        (REPLY, {"agent": "sara", "public": False}, 0),
        (RESOLVE, {}, 1),
        ("ticket.reopened", {}, 1),
        ("ticket.paused", {}, 1),
        ("ticket.resumed", {}, 1),
        (MESSAGE, {}, 1),
        ("ticket.escalated", {}, 1),
        ("ticket.converted", {}, 1),
        ("ticket.updated", {"queue": "billing"}, 1),
        ("ticket.updated", {"agent": "sara"}, 1),
        ("ticket.updated", {}, 0),
        ("ticket.restored", {}, 0),
        ("ticket.discarded", {"reason": "spam"}, 0),
        ("survey.sent", {"survey": "csat"}, 0),
        ("survey.answered", {"survey": "csat", "score": 5}, 0),
    ],
)
def test_an_orphan_is_a_ticket_of_which_something_but_no_creation_is_known(
    kind: str, data: dict[str, Any], counts: int
) -> None:
    orphan = happening(kind, START, "O", **data)
    assert quality(orphan) == NOTHING | {"orphans": counts}
    assert quality(orphan, happening(kind, START + HOUR, "O", **data)) == NOTHING | {"orphans": counts}
    assert quality(orphan, created(START, "O")) == NOTHING


def test_a_discarded_orphan_is_none_until_it_is_restored() -> None:
    log = [happening(REPLY, START, "O", agent="sara"), happening("ticket.discarded", START, "O", reason="spam")]
    assert quality(*log)["orphans"] == 0
    assert quality(*log, happening("ticket.restored", START + 1, "O"))["orphans"] == 1


@pytest.mark.parametrize(
    ("before", "skewed", "left_out"), [(-1, 0, 0), (0, 0, 0), (1, 1, 0), (SKEW, 1, 0), (SKEW + 1, 0, 1), (DAY, 0, 1)]
)
@pytest.mark.parametrize("kind", [REPLY, RESOLVE, "ticket.paused", "ticket.escalated", MESSAGE, "ticket.converted"])
def test_an_event_before_its_creation_is_clock_skew_up_to_two_minutes_and_takes_no_part_beyond(
    kind: str, before: int, skewed: int, left_out: int
) -> None:
    early = happening(kind, START - before, **({"agent": "sara"} if kind == REPLY else {}))
    assert quality(created(START), early) == NOTHING | {"clock_skew": skewed, "before_creation": left_out}


def test_each_early_event_is_counted_and_those_of_two_partitions_together() -> None:
    log = [created(START, subject) for subject in ("A", "B", "C")]
    log += [happening(RESOLVE, START - SECOND * n, "A") for n in (1, 2, 3)]
    log += [happening("ticket.reopened", START - HOUR * n, "B") for n in (1, 2)]
    log += [happening(REPLY, START - SECOND, "C", agent="sara")]
    assert quality(*log) == NOTHING | {"clock_skew": 4, "before_creation": 2}


def test_attributes_and_answers_hold_at_any_instant_and_are_never_early() -> None:
    early = [happening("ticket.updated", START - DAY, queue="vip")]
    early += [happening("survey.answered", START - DAY, survey="csat", score=5)]
    assert quality(created(START), *early) == NOTHING


@pytest.mark.parametrize(("elements", "full"), [(255, 0), (256, 1), (300, 1)])
@pytest.mark.parametrize("kind", [RESOLVE, "ticket.paused", "ticket.escalated", MESSAGE, "ticket.updated"])
def test_a_history_is_full_with_256_elements(kind: str, elements: int, full: int) -> None:
    many = elements - (kind == "ticket.updated")  # the creation gives attributes too
    data = {"priority": "low"} if kind == "ticket.updated" else {}
    log = [happening(kind, START + SECOND * n, **data) for n in range(many)]
    assert quality(created(START), *log) == NOTHING | {"full_histories": full}


# ------------------------------------------------------------------------------------------------- in windows


@pytest.mark.parametrize(("late", "counts"), [(0, 0), (1, 1)])
@pytest.mark.parametrize("name", ["retargeted_late", "discarded_late"])
def test_clocks_past_due_that_were_moved_away_are_counted_when_it_happened(name: str, late: int, counts: int) -> None:
    document: dict[str, Any] = {"sla": [{"name": "high", "match": {"priority": ["high"]}, "first_response": "1h"}]}
    moved = {"retargeted_late": ("ticket.updated", {"priority": "low"}), "discarded_late": ("ticket.discarded", {})}
    kind, data = moved[name]
    log = [created(START), happening(kind, START + HOUR + late, **data)]
    found = snapshot_of(floor_of(log, rules_of(document)), NOON)["all"]["windows"]
    expected = snapshot(log, NOON, configuration_of(document))["all"]["windows"]
    assert [found[window][name] for window in expected] == [expected[window][name] for window in expected]
    assert (found["24h"][name], found["6h"][name]) == (counts, 0)


# ----------------------------------------------------------------------------------------------- of deliveries


def test_what_was_delivered_before_or_says_nothing_new_is_a_duplicate() -> None:
    tickets = floor_of([])
    log = [created(START), happening(REPLY, START + HOUR, agent="sara"), happening(RESOLVE, START + 2 * HOUR)]
    partition = tickets.partitions[0]
    for turn in range(3):
        assert not feed(partition, *log).refused
        assert partition.duplicates == turn * len(log)
    assert not feed(partition, *log, *log[:2]).refused
    assert partition.duplicates == 11


def test_counts_of_this_process_are_told_by_reason() -> None:
    pipeline = Pipeline(
        records={"a": 5, "b": 7},
        dead_letters={("a", "bad_score"): 2, ("b", "bad_score"): 1, ("b", "key"): 4, ("a", "future"): 0},
        misrouted=6,
    )
    assert since_start(pipeline, {"queue": 3}, 8, 9) == {
        "records": 12,
        "duplicates": 8,
        "too_old": 9,
        "misrouted": 6,
        "dead_lettered": {"bad_score": 3, "key": 4},
        "label_overflow": {"queue": 3},
    }


# --------------------------------------------------------------------------------------------------- the page


def test_every_kind_is_on_the_page_with_a_metric_that_is_exposed() -> None:
    page = (Path(__file__).parents[2] / "docs/data-quality.md").read_text(encoding="utf-8")
    rows = [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in page.splitlines() if "| `" in line]
    told = {name: (metric, meaning) for name, metric, meaning, _ in rows}
    windows = {"retargeted_late", "discarded_late"}
    assert set(told) == {*NOTHING, *windows, *since_start(Pipeline(), {}, 0, 0)}
    exposed = render(full_floor(2, 2, 2, 2))[0].decode()
    known = {metric.name for metric in ALL}
    for metric, meaning in told.values():
        assert meaning
        assert metric in known or metric.removesuffix("_total") in known
        assert f"# TYPE {metric} " in exposed
