"""How long the unanswered have waited, out of the documents of several workers: as plain loops spread them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.activity import Distribution, age_bounds
from metrics.components import asked_now
from metrics.documents import components, decode
from metrics.instants import DAY, MINUTE
from metrics.measures import Vocabulary
from metrics.policies import Rules
from metrics.waiting import Ages, ages_together
from tests.happenings import rules_of
from tests.oracle.configuration import configuration_of
from tests.properties.test_documents import shares_of, written
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of
from tests.properties.test_live_series import opened


def ages_of(documents: list[bytes], rules: Rules, now: int) -> list[Ages]:
    asked = asked_now(rules, now)
    return [components(decode(one), Vocabulary(), asked).ages() for one in documents]


@settings(max_examples=40)
@given(WEEKS, DOCUMENTS, st.integers(1, 3))
def test_waits_of_several_workers_are_spread_over_the_buckets_as_plain_loops_do(
    weeks: Weeks, document: dict[str, Any], workers: int
) -> None:
    rules, configuration, now = rules_of(document), configuration_of(document), max(instants_of(weeks.log))
    bounds = age_bounds(rules)
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(bounds) + 1))
    totals: defaultdict[str, int] = defaultdict(int)
    for ticket in opened(weeks.log, now, configuration):
        if ticket.is_waiting:
            queue, age = configuration.shown_queue(ticket.value("queue", now)), now - ticket.creation
            counts[queue][bisect_left(bounds, age)] += 1
            totals[queue] += age
    found = ages_together(ages_of(written(shares_of(weeks.log, workers), rules, now, []), rules, now), bounds, str)
    assert {queue: list(one.counts) for queue, one in found.queues.items()} == counts
    assert {queue: one.total for queue, one in found.queues.items()} == totals


def test_queues_of_one_label_are_added_up() -> None:
    ages = Ages((MINUTE,), {"a": one_of(3, 1, 10), "b": one_of(0, 2, 5)})
    found = ages_together([ages, ages], (MINUTE,), lambda _: "other")
    assert found == Ages((MINUTE,), {"other": one_of(6, 6, 30)})


def test_a_worker_with_other_targets_leaves_nobody_to_be_counted_too_few() -> None:
    mine, theirs = Ages((MINUTE,), {"a": one_of(3, 1, 10)}), Ages((MINUTE, DAY), {"a": one_of(3, 1, 0, 10)})
    assert ages_together([mine, theirs], (MINUTE,), str) == Ages((MINUTE,), {})


def one_of(*counts_and_total: int) -> Distribution:
    *counts, total = counts_and_total
    return Distribution(tuple(counts), total)
