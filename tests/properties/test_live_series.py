"""What the exposition shows of who is late now, by policy, by age and by how far, is what plain loops find."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import names
from metrics.activity import Activity
from metrics.columns import ints
from metrics.live import Instants
from metrics.measures import Vocabulary
from metrics.pipeline import Pipeline
from metrics.series import Family, Histogram, families
from metrics.view import view
from metrics.waiting import distribution
from tests.happenings import Happening, floor_of, rules_of
from tests.oracle.clocks import is_live, live_clocks, policy_of
from tests.oracle.configuration import OracleConfiguration, configuration_of
from tests.oracle.instants import DAY
from tests.oracle.tickets import Ticket, distinct, is_discarded, ticket_of
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of

PLACES = st.integers(0, 10_000)


def opened(log: list[Happening], now: int, configuration: OracleConfiguration) -> list[Ticket]:
    subjects = [events for events in distinct(log, now).values() if not is_discarded(events)]
    tickets = [ticket for events in subjects if (ticket := ticket_of(events, configuration)) is not None]
    return [ticket for ticket in tickets if ticket.is_open and is_live(ticket, configuration)]


def shown(log: list[Happening], document: dict[str, Any], now: int, partitions: int) -> list[Family | Histogram]:
    tickets = floor_of(log, rules_of(document), not_after=now, partitions=partitions)
    activity = Activity(tickets.rules, lambda: now)
    everything = tickets.snapshot(now, range(partitions), partitions)
    return list(families(view(tickets, range(partitions), activity, Pipeline(), now, everything)))


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, PLACES, st.integers(1, 3))
def test_who_is_late_now_is_shown_as_plain_loops_count_it(
    weeks: Weeks, document: dict[str, Any], place: int, partitions: int
) -> None:
    for number, policy in enumerate(document.get("sla", ())):
        policy["name"] = f"policy {number // 2}"  # two versions each
    instants, configuration = instants_of(weeks.log), configuration_of(document)
    now = instants[place % len(instants)] + 1
    breaches: Counter[tuple[str, str]] = Counter()
    at_risk: Counter[tuple[str, str]] = Counter()
    waiting: Counter[str] = Counter()
    worst: dict[tuple[str, str, str], float] = {}
    for ticket in opened(weeks.log, now, configuration):
        queue = configuration.shown_queue(ticket.value("queue", now))
        priority = configuration.shown_priority(ticket.value("priority", now))
        waiting[queue] += ticket.is_waiting
        policy_now = policy_of(ticket, now, configuration)
        for sla, clock in live_clocks(ticket, now, configuration).items():
            assert policy_now is not None
            if clock.overdue_ratio is not None:
                worst[queue, priority, sla] = max(clock.overdue_ratio, worst.get((queue, priority, sla), 0.0))
            if sla == "first_response":
                breaches[policy_now.name, queue] += clock.is_breaching
                at_risk[policy_now.name, queue] += clock.is_at_risk
    found = {family.metric: family for family in shown(weeks.log, document, now, partitions)}
    assert by_policy(found.get(names.POLICY_LIVE_BREACHES)) == +breaches
    assert by_policy(found.get(names.POLICY_AT_RISK)) == +at_risk
    assert dict(rows(found.get(names.OVERDUE_RATIO))) == worst
    ages = found.get(names.AWAITING_AGE)
    counted = ages.rows if isinstance(ages, Histogram) else {}
    assert {queue: sum(one.counts) for (queue,), one in counted.items()} == +waiting


def rows(family: Family | Histogram | None) -> list[tuple[tuple[str, ...], float]]:
    assert not isinstance(family, Histogram)
    return [] if family is None else family.rows


def by_policy(family: Family | Histogram | None) -> Counter[tuple[str, str]]:
    summed: Counter[tuple[str, str]] = Counter()
    for (policy, queue, _partition, sla), count in rows(family):
        assert sla == "first_response"
        summed[policy, queue] += int(count)
    return summed


NOW = 60 * DAY
#: Before, at and after each bound, later than now, and longer ago than a sum of nanoseconds holds many of.
SINCE = st.one_of(
    st.integers(NOW - 200, NOW + 5), st.sampled_from([NOW - 100, NOW - 101, NOW - 99]), st.integers(-(2**62), NOW)
)


@given(st.lists(st.lists(SINCE, max_size=20), max_size=3))
def test_ages_are_spread_over_buckets_with_exact_bounds_and_sum(multisets: list[list[int]]) -> None:
    bounds = (50, 100, 40 * DAY)
    given_instants = []
    for values in multisets:
        instants = Instants()
        instants.change(ints(sorted(values)), ints([]))
        given_instants.append(instants)
    found = distribution(given_instants, bounds, NOW)
    ages = [max(0, NOW - since) for values in multisets for since in values]
    assert [sum(found.counts[: place + 1]) for place in range(4)] == [
        *(sum(age <= bound for age in ages) for bound in bounds),
        len(ages),
    ]
    assert found.total == sum(ages)


def test_places_are_told_apart_by_their_policy() -> None:
    vocabulary = Vocabulary()
    numbers = [vocabulary.place_id("billing", "high", policy) for policy in (0, 1, -1, 0)]
    assert numbers == [0, 1, 2, 0]
