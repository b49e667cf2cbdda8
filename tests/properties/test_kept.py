"""What is kept between looks is what a floor that was never looked at before makes: after any change to any of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.columns import ints
from metrics.floor import PartitionFloor
from metrics.hours import Hours, Sums
from metrics.measures import Measure, Vocabulary
from metrics.panes import CHANGED_MAX
from metrics.policies import Rules
from stream.tickets import Tickets
from tests.contributions import given as contributed
from tests.happenings import ALL_OF_IT, Happening, feed, rules_of, snapshot_of, when
from tests.logs import random_log, shuffled
from tests.oracle.instants import DAY, HOUR, instant
from tests.reports import reports

END = instant("2026-04-06T00:10:00Z")  # shortly after midnight in UTC, hours after or before it elsewhere
DOCUMENTS = st.fixed_dictionaries(
    {"floor": st.fixed_dictionaries({"time_zone": st.sampled_from(("UTC", "Asia/Tehran", "Australia/Lord_Howe"))})},
    optional={"windows": st.sampled_from(({"rolling": ["1h", "7d"]}, {"rolling": ["15m", "24h", "30d"]}))},
)


class Life:
    """Partitions that are fed, lost, taken over again and looked at, in any order; an event may be told twice."""

    def __init__(self, rules: Rules, seed: int, partitions: int) -> None:
        self.rules = rules
        self.tickets = Tickets(rules, ALL_OF_IT)
        self._dice = random.Random(seed)
        self._changelogs: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
        for number in range(partitions):
            self.tickets.open(number)

    def feed(self, log: list[Happening]) -> None:
        """To the partitions that are here; whoever is not is told when he is back."""
        for number, partition in list(self.tickets.partitions.items()):
            share = [event for event in log if sum(event["subject"].encode()) % len(self._changelogs) == number]
            self._changelogs[number].update(feed(partition, *share).changed)

    def lose_or_gain(self) -> None:
        number = self._dice.randrange(len(self._changelogs))
        if number in self.tickets.partitions:
            self.tickets.drop(number)
        else:
            restore(self.tickets, number, self._changelogs[number])

    def anew(self) -> Tickets:
        """The same partitions in a process that never looked."""
        fresh = Tickets(self.rules, ALL_OF_IT)
        for number in self.tickets.partitions:
            restore(fresh, number, self._changelogs[number])
        return fresh


def restore(tickets: Tickets, number: int, changelog: Mapping[bytes, bytes]) -> None:
    tickets.open(number).restore(list(changelog), list(changelog.values()))


@settings(max_examples=40)
@given(
    st.integers(0, 10_000),
    DOCUMENTS,
    st.integers(1, 4),
    st.lists(st.sampled_from(("feed", "feed", "feed", "move", "look", "hour", "day")), min_size=3, max_size=16),
)
def test_every_look_shows_what_a_first_look_would(
    seed: int, document: dict[str, Any], partitions: int, steps: list[str]
) -> None:
    log = [*random_log(seed, 30, END - 75 * DAY, 75 * DAY), *reports(seed, END, 60, 40)]
    log = shuffled(log, seed)
    now = max(when(event) for event in log)
    life, dice = Life(rules_of(document), seed, partitions), random.Random(seed)
    for step in steps:
        if step == "feed":
            life.feed(dice.sample(log, len(log) // 3))  # early and late, new and known, corrections and retractions
        elif step == "move":
            life.lose_or_gain()
        now += {"hour": HOUR, "day": DAY}.get(step, 1)
        assert snapshot_of(life.tickets, now) == snapshot_of(life.anew(), now)


# ------------------------------------------------------------------------------------------------------- hours

PUTS = st.lists(
    st.tuples(st.integers(-60, 60), st.integers(0, 2), st.integers(-70, 70), st.integers(-70, 70)), max_size=40
)


def sums_of(cells: int, amount: int) -> Sums:
    return ints(list(range(cells))), np.full(cells, amount, dtype=np.int64)


def listed(hours: Mapping[int, Sums]) -> list[tuple[int, list[int]]]:
    return [(hour, amounts.tolist()) for hour, (_, amounts) in hours.items()]


@given(PUTS)
def test_what_is_made_of_hours_is_made_of_those_that_are_there(
    puts: list[tuple[int, int, int, int]],
) -> None:
    hours = Hours()
    plain: dict[int, list[int]] = {}
    for turn, (hour, cells, after, last) in enumerate(puts):
        hours.put(hour, sums_of(cells, turn) if turn % 5 else None)
        plain.pop(hour, None)
        if cells and turn % 5:
            plain[hour] = [turn] * cells
        found = [one for day in hours.made(after, last, listed) for one in day]
        assert sorted(found) == sorted((at, sums) for at, sums in plain.items() if after < at <= last)
        assert (sorted(hours), len(hours)) == (sorted(plain), len(plain))
        assert all((hours.get(at) is not None) == (at in plain) for at in range(-61, 62))


def test_what_was_made_of_a_day_is_made_again_only_after_one_of_its_hours_changed() -> None:
    hours, made = Hours(), []

    def noted(of: Mapping[int, Sums]) -> int:
        made.append(sorted(of))
        return len(of)

    for hour in (0, 1, 24, 25, 48):
        hours.put(hour, sums_of(1, hour))
    assert sum(hours.made(-1, 48, noted)) == sum(hours.made(-1, 100, noted)) == 5
    assert made == [[0, 1], [24, 25], [48]]
    made.clear()
    hours.put(25, sums_of(1, 7))
    assert sum(hours.made(-1, 48, noted)) == 5
    assert made == [[24, 25]]
    made.clear()
    assert sum(hours.made(0, 24, noted)) == sum(hours.made(0, 24, noted)) == 2
    assert made == [[1], [24]] * 2, "parts of days are not kept"


def test_a_period_is_summed_anew_after_more_changes_than_are_remembered() -> None:
    vocabulary = Vocabulary()
    floor = PartitionFloor(vocabulary, 80 * DAY)
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    start = instant("2026-03-01T00:30:00Z")
    for number in (1, 2):
        moments = [("billing", start + hour * HOUR, Measure.RESOLVED, 0) for hour in range(CHANGED_MAX + 9)]
        floor.add(contributed(vocabulary, moments), 1)
        assert floor.days.total(first, last).sums[1].sum() == number * len(moments)
