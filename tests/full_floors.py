"""Floors on which every metric has every series that its labels allow: what the series budget is measured on."""

from collections.abc import Iterable, Iterator
from itertools import product

from metrics.activity import Activity
from metrics.contribution import FIRST_CLOCK, Mark
from metrics.exposition import View, view
from metrics.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from metrics.items import DIMENSIONS, PREFERRED, SURVEYS, pair_value, sent_value
from metrics.measures import Measure, Moment, Vocabulary
from metrics.normal import WEEKS
from metrics.pipeline import Build, Pipeline
from metrics.policies import Labels, Policies, Policy, Rules, Source
from stream.tickets import Admission, TicketPartition, Tickets
from tests.contributions import given
from tests.full_facts import everything_reported

NOW = parse_instant("2026-10-07T12:00:00Z")
TOPICS = (
    "ticket-created",
    "ticket-first-reply",
    "ticket-resolved",
    "ticket-changed",
    "survey-responses",
    "business-facts",
)
REASONS = ("not_json", "not_event", "unknown_type", "missing_field", "bad_field", "bad_time", "future", "key")
EXPECTED = "fast"
BUILD = Build(version="0.1.0", revision="abc1234", python="3.11.7", config_sha256="e3b0c442")


#: Closed unanswered sooner than the answers came, so that the cohort's curve falls to 0.
_durations = dict.fromkeys((8, 9, 10, 11, 12), 90 * SECOND) | {Measure.COHORT_CLOSED: SECOND}


def full_floor(queues: int, priorities: int, channels: int, partitions: int) -> View:
    """The view of a worker that owns all partitions, with the board inside."""
    rules = full_rules(queues, priorities, channels)
    activity = Activity(rules, lambda: NOW)
    tickets = Tickets(rules, Admission(), activity.observe)
    for number in range(partitions):
        fill_live(tickets.open(number), rules, tickets.vocabulary)
    fill_windows(tickets, activity)
    tickets.feeds.note([(0, "desk", NOW - SECOND)], [NOW // 1_000_000], NOW)
    snapshot = tickets.snapshot(NOW, range(partitions), partitions)
    return view(tickets, range(partitions), activity, full_pipeline(partitions), NOW, snapshot)


def full_rules(queues: int, priorities: int, channels: int) -> Rules:
    """Lists of that many values; each priority has targets of its own, none of them a usual bucket."""
    names = [f"priority-{number}" for number in range(priorities)]
    policies = [
        Policy(
            name=name,
            match={"priority": frozenset({name})},
            first_response=(7 + number) * MINUTE,
            next_response=(17 + number) * MINUTE,
            resolution=(7 + number) * HOUR,
        )
        for number, name in enumerate(names)
    ]
    labels = Labels([f"queue-{q}" for q in range(queues)], names, [f"channel-{c}" for c in range(channels)])
    return Rules(
        labels=labels, policies=Policies(policies), feeds=(Source("desk"),), brand_expected=frozenset({EXPECTED})
    )


def fill_live(partition: TicketPartition, rules: Rules, vocabulary: Vocabulary) -> None:
    """Of each queue and priority: a ticket that is late on all clocks, and one that is at risk on all."""
    partition.history_since = partition.newest_event = NOW - 61 * DAY
    numbers = enumerate(rules.labels.priorities or ())
    for queue, (policy, priority) in product(rules.labels.queues or (), numbers):
        for due in (NOW - MINUTE, NOW + MINUTE):
            marks = dict.fromkeys((Mark.OPEN, Mark.PAUSED, Mark.ESCALATED, Mark.WITHOUT_POLICY), 0)
            marks[Mark.AWAITING_FIRST_RESPONSE] = NOW - 35 * DAY  # in no window, so that its cohort has percentiles
            marks[Mark.AWAITING_REPLY] = NOW - HOUR
            marks |= {Mark(number): (due, NOW - 2 * MINUTE)[number % 2] for number in range(FIRST_CLOCK, len(Mark))}
            added = given(vocabulary, marks=((queue, priority, mark, at) for mark, at in marks.items()), policy=policy)
            partition.floor.add(added, 1)


def fill_windows(tickets: Tickets, activity: Activity) -> None:
    """Of each queue, priority and channel: one of everything that can happen, a minute ago."""
    labels = tickets.rules.labels
    tickets.partitions[0].floor.facts.add(everything_reported(labels.queues or (), NOW - HOUR), 1)
    for queue, priority, channel in product(labels.queues or (), labels.priorities or (), labels.channels or ()):
        moments = everything(queue, tickets.vocabulary)
        tickets.partitions[0].floor.add(given(tickets.vocabulary, moments), 1)
        tickets.partitions[0].floor.add(given(tickets.vocabulary, [*earlier(queue, moments, tickets.vocabulary)]), 1)
        activity.observe(priority, channel, list(moments))


def everything(queue: str, vocabulary: Vocabulary) -> tuple[Moment, ...]:
    """Every measure once, and every score of the three surveys."""
    at = NOW - MINUTE
    moments = [(queue, at, int(measure), _durations.get(measure, 0)) for measure in Measure]
    for survey, lowest, highest in (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)):
        measure = vocabulary.survey_measure(survey, lowest, highest)
        assert measure is not None
        moments += [(queue, at, measure, above) for above in range(highest - lowest + 1)]
    return (*moments, *answers(queue, at, vocabulary))


def answers(queue: str, at: int, vocabulary: Vocabulary) -> Iterator[Moment]:
    """An answer to an item of each dimension of SERVQUAL and to brand items; of each survey one sent and answered."""
    for dimension in DIMENSIONS:
        yield queue, at, vocabulary.servqual_measure(f"{dimension}.1"), pair_value(3, 5)
    for item in (PREFERRED, EXPECTED):
        yield queue, at, vocabulary.brand_measure(item, 0, 1), 1
    yield from ((queue, at, int(Measure.SURVEY_SENT), sent_value(survey, is_answered=True)) for survey in SURVEYS)


def earlier(queue: str, moments: Iterable[Moment], vocabulary: Vocabulary) -> Iterator[Moment]:
    """The same a day earlier; in each window of a day and more before the present one a customer who was satisfied.

    And in each of the four weeks before as many tickets created as resolved.
    """
    yield from ((queue, instant - DAY, measure, value) for queue, instant, measure, value in moments)
    csat = vocabulary.survey_measure("csat", 1, 5)
    assert csat is not None
    yield from ((queue, NOW - hours * HOUR, csat, 4) for hours in (36, 240, 960))
    for week in range(1, WEEKS + 1):
        yield from (
            (queue, NOW - 7 * week * DAY - MINUTE, int(measure), 0) for measure in (Measure.CREATED, Measure.RESOLVED)
        )


def full_pipeline(partitions: int) -> Pipeline:
    return Pipeline(
        topics=TOPICS,
        partitions=partitions,
        records=dict.fromkeys(TOPICS, 1_000),
        dead_letters=dict.fromkeys(product(TOPICS, REASONS), 1),
        lag=dict.fromkeys(product(TOPICS, range(partitions)), 1),
        recovery_seconds=1.5,
        collect_seconds=0.012,
        publishes=1,
        publish_failures=1,
        build=BUILD,
    )
