"""Sums kept as they come equal sums taken anew: panes, multisets of instants, and a floor's numbers as a whole."""

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.columns import ints, table
from metrics.live import Instants
from metrics.measures import (
    BUCKET_MASK,
    MEASURE_MASK,
    MEASURE_SHIFT,
    QUEUE_SHIFT,
    SUM_HIGH,
    SUM_LOW,
    Measure,
    Moment,
    Vocabulary,
    buckets_of,
    duration_of,
)
from metrics.panes import Panes
from metrics.policies import Rules
from stream.tickets import Tickets
from tests.contributions import given as contributed
from tests.happenings import ALL_OF_IT, feed, floor_of, snapshot_of, when
from tests.logs import random_log, shuffled
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant

START = instant("2026-03-10T06:00:00Z")
HORIZON = 62 * DAY
WINDOWS = (
    (MINUTE, MINUTE),
    (15 * MINUTE, MINUTE),
    (6 * HOUR, MINUTE),
    (25 * HOUR, MINUTE),
    (7 * DAY, HOUR),
    (30 * DAY, HOUR),
)
QUEUES = ("billing", "returns")
COUNTS = (Measure.CREATED, Measure.RESOLVED)
TIMED = (Measure.FIRST_RESPONSE, Measure.COHORT_CLOSED)

#: Steps of a long life of panes: (how far the newest instant moves on, how long ago the moments were, what they are).
AGES = st.sampled_from(
    (0, 1, SECOND, MINUTE, HOUR, 24 * HOUR, 26 * HOUR, 27 * HOUR, 29 * HOUR, 29 * DAY, 61 * DAY, 90 * DAY)
)
MOMENTS = st.lists(
    st.tuples(st.sampled_from(QUEUES), AGES, st.sampled_from((*COUNTS, *TIMED)), st.integers(0, 10**16)), max_size=6
)
GAPS = st.sampled_from((0, 1, MINUTE - 1, MINUTE, HOUR, 20 * HOUR, 27 * HOUR, 5 * DAY, 30 * DAY, 70 * DAY))
LIVES = st.lists(st.tuples(GAPS, MOMENTS, st.integers(0, 9)), min_size=1, max_size=12)


def asked(panes: Iterable[Panes], now: int, length: int, pane: int) -> dict[int, int]:
    found: Counter[int] = Counter()
    for part in panes:
        for cells, amounts in part.total((now - length) // pane, now // pane, pane):
            for cell, amount in zip(cells.tolist(), amounts.tolist(), strict=True):
                found[cell] += amount
    return {cell: amount for cell, amount in found.items() if amount}


def bucket_of(duration: int) -> int:
    return int(buckets_of(ints([duration]))[0])


def add(panes: Panes, vocabulary: Vocabulary, moments: Iterable[Moment], sign: int) -> None:
    rows = table(contributed(vocabulary, moments).moments, 3)
    panes.add(rows, ints([sign] * len(rows)))


def named(cells: dict[int, int], vocabulary: Vocabulary) -> dict[tuple[str, int, int], int]:
    """Amounts by (queue, measure, bucket)."""
    return {
        (vocabulary.queues[cell >> QUEUE_SHIFT], cell >> MEASURE_SHIFT & MEASURE_MASK, cell & BUCKET_MASK): amount
        for cell, amount in cells.items()
    }


def recomputed(held: Iterable[Moment], now: int, length: int, pane: int) -> dict[tuple[str, int, int], int]:
    """The same totals from the moments that are there in the end."""
    found: Counter[tuple[str, int, int]] = Counter()
    for queue, at, measure, value in held:
        if at // pane > (now - length) // pane and at <= now:
            found[queue, measure, bucket_of(value) if measure in TIMED else value] += 1
            if measure == Measure.FIRST_RESPONSE:  # no mean of the cohort is ever asked for
                found[queue, measure + SUM_HIGH, 0] += value >> 30
                found[queue, measure + SUM_LOW, 0] += value % 2**30
    return {place: amount for place, amount in found.items() if amount}


def lived(life: Any, panes: list[Panes], vocabulary: Vocabulary) -> Iterator[tuple[list[Moment], int]]:
    """Moments added to parts in turn and taken back later; after each step: what is held, and the newest instant."""
    held: list[tuple[int, Moment]] = []
    newest = START
    for gap, moments, taken in life:
        newest += gap
        for number, (queue, age, measure, value) in enumerate(moments):
            moment = (queue, newest - age, measure, value if measure in TIMED else 0)
            add(panes[number % len(panes)], vocabulary, [moment], 1)
            held.append((number % len(panes), moment))
        if held and taken < 6:
            part, moment = held.pop(taken * len(held) // 6)
            add(panes[part], vocabulary, [moment], -1)
        yield [moment for _, moment in held], newest


@given(LIVES)
def test_panes_folded_and_forgotten_have_every_total_that_can_be_asked_for(life: Any) -> None:
    vocabulary = Vocabulary()
    panes = Panes(HORIZON)
    for held, newest in lived(life, [panes], vocabulary):
        for length, pane in WINDOWS:
            found = named(asked([panes], newest, length, pane), vocabulary)
            assert found == recomputed(held, newest, length, pane)


@given(LIVES, st.integers(2, 4), st.randoms(use_true_random=False))
def test_totals_of_parts_add_up_to_the_whole_in_any_order(life: Any, parts: int, dice: random.Random) -> None:
    vocabulary = Vocabulary()
    split, whole = [Panes(HORIZON) for _ in range(parts)], Panes(HORIZON)
    *_, ((_, newest), _) = zip(lived(life, split, vocabulary), lived(life, [whole], vocabulary), strict=True)
    for length, pane in WINDOWS:
        in_order = asked(split, newest, length, pane)
        dice.shuffle(split)
        assert asked(split, newest, length, pane) == in_order
        assert in_order == asked([whole], newest, length, pane)


def test_panes_keep_no_more_than_their_horizon_however_long_they_live() -> None:
    panes, vocabulary, steps = Panes(HORIZON), Vocabulary(), range(0, 24 * HOUR, 10 * MINUTE)
    for day in range(400):
        add(panes, vocabulary, [("billing", START + day * DAY + step, Measure.CREATED, 0) for step in steps], 1)
    assert len(panes) <= 63 * 24
    assert sum(len(cells) for cells, _ in panes.total(0, 2**20, HOUR)) <= 63 * 24 + 5 * 52
    assert sum(asked([panes], START + 400 * DAY, 30 * DAY, HOUR).values()) == (30 * 24 - 1) * 6


@given(st.integers(0, 2**63 - 1))
def test_a_bucket_stands_for_each_of_its_durations_within_one_percent(duration: int) -> None:
    found = duration_of(bucket_of(duration))
    assert abs(found - duration) <= duration / 100
    assert 0 <= bucket_of(duration) <= BUCKET_MASK


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_a_longer_duration_is_in_no_lower_bucket(one: int, other: int) -> None:
    assert bucket_of(min(one, other)) <= bucket_of(max(one, other))


#: Far apart, close together, equal, and on both sides of a bucket's edge.
PLACES = st.one_of(
    st.integers(-5, 5), st.integers(2**38 - 2, 2**38 + 2), st.integers(0, 2**63 - 1), st.integers(START, START + HOUR)
)


@given(
    st.lists(st.lists(st.tuples(PLACES, st.booleans()), max_size=12), max_size=6),
    st.lists(PLACES | st.sampled_from((-(2**70), 2**70)), min_size=1, max_size=6),
)
def test_a_multiset_of_instants_answers_as_a_sorted_list_does(
    batches: list[list[tuple[int, bool]]], nows: list[int]
) -> None:
    instants, expected = Instants(), list[int]()
    for some in batches:
        added = sorted(at for at, _ in some)
        expected += added
        removed = sorted(expected.pop(len(expected) // 2) for _, stays in some if not stays)
        instants.change(ints(added), ints(removed))
    expected.sort()
    assert instants.earliest() == (expected[0] if expected else None)
    assert instants.values.tolist() == expected
    for now in nows:
        later = expected[bisect_right(expected, now) :]
        assert instants.before(now) == bisect_left(expected, now)
        assert instants.next_after(now) == (later[0] if later else None)


@pytest.mark.parametrize("seed", range(12))
def test_a_floor_kept_by_differences_is_the_floor_of_the_final_contributions(seed: int) -> None:
    log = shuffled(random_log(seed, 25), seed)
    now = max(when(event) for event in log)
    kept = floor_of(log, batch=1)
    states = {
        number: {key: partition._states[key] for key in partition._states}
        for number, partition in kept.partitions.items()
    }
    anew = Tickets(Rules(), ALL_OF_IT)
    for number, entries in states.items():
        partition = anew.open(number)
        partition.restore(list(entries), list(entries.values()))
        partition.history_since = kept.partitions[number].history_since
    assert snapshot_of(anew, now) == snapshot_of(kept, now)
    assert anew.partitions[0].floor.entries_by_queue == kept.partitions[0].floor.entries_by_queue


@settings(max_examples=15)
@given(st.integers(0, 999), st.integers(2, 6))
def test_the_snapshot_of_split_partitions_is_that_of_one_in_any_order_of_theirs(seed: int, partitions: int) -> None:
    log = random_log(seed, 20)
    now = max(when(event) for event in log)
    split = floor_of(log, partitions=partitions)
    one = snapshot_of(floor_of(log), now)
    split.partitions = dict(reversed(split.partitions.items()))
    found = snapshot_of(split, now)
    assert {name: value for name, value in found.items() if name != "partitions"} == {
        name: value for name, value in one.items() if name != "partitions"
    }


@pytest.mark.parametrize("seed", range(4))
def test_when_every_ticket_is_taken_back_nothing_is_left(seed: int) -> None:
    log = random_log(seed, 25)
    tickets = floor_of(log)
    partition = tickets.partitions[0]
    keys = list(partition._states)
    partition.restore(keys, [None] * len(keys))
    floor = partition.floor
    assert (len(partition), floor.live, floor.entries_by_queue) == (0, {}, {})
    assert (floor.orphans, floor.clock_skew, floor.before_creation) == (0, 0, 0)
    now = max(when(event) for event in log)
    assert asked([floor.panes], now, 30 * DAY, HOUR) == {}
    assert feed(partition, *log).refused == []
    assert snapshot_of(tickets, now) == snapshot_of(floor_of(log), now)
