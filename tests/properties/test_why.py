"""The why over random logs: as many answers, low ones and comments as plain loops over the events find."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deskpulse.why import window_of
from stream.why import WhyScan
from tests.happenings import floor_of, rules_of
from tests.logs import QUEUES, Event, shuffled
from tests.oracle.configuration import OracleConfiguration, configuration_of
from tests.oracle.instants import instant, text_of
from tests.oracle.surveys import Answer, answers_of
from tests.oracle.tickets import distinct, is_discarded, ticket_of
from tests.oracle.windows import windows_of
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of

#: Scores that are low, by survey and scale.
LOW = {
    ("csat", 1, 5): {1, 2},
    ("csat", 1, 3): {1},
    ("csat", 0, 1): {0},
    ("csat", 1, 10): {1, 2, 3, 4},
    ("nps", 0, 10): set(range(7)),
    ("nps", 1, 10): set(range(1, 7)),
    ("ces", 1, 7): {1, 2, 3},
}


def with_reasons(log: Sequence[Event]) -> list[Event]:
    """Each answer says who it is: nothing that is redacted."""
    changed = []
    for number, event in enumerate(log):
        if event["type"] != "support.survey.answered":
            changed.append(event)
            continue
        letters = "".join(chr(97 + int(digit)) for digit in str(number))
        own = {"reasons": [f"reason {letters[-1]}"], "comment": f"comment {letters}"}
        changed.append(event | {"data": event["data"] | own})
    return changed


def expected(
    log: Sequence[Event], configuration: OracleConfiguration, after: int, now: int, queue: str | None
) -> tuple[int, list[tuple[int, Answer]]]:
    """How many answers, and the low ones with their instants."""
    count, low = 0, []
    for happenings in distinct(log, None).values():
        if is_discarded(happenings):
            continue
        ticket = ticket_of(happenings, configuration)
        for answer in answers_of(happenings):
            own = configuration.shown_queue(answer.queue if ticket is None else ticket.value("queue", now))
            scores = LOW.get((answer.survey, *answer.scale))
            if scores is None or not after < answer.at <= now or queue not in (None, own):
                continue
            count += 1
            if answer.score in scores:
                low.append((answer.at, answer))
    return count, low


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, st.integers(0, 10_000), st.sampled_from((None, *QUEUES)))
def test_what_low_answers_say_is_what_plain_loops_find(
    weeks: Weeks, document: dict[str, Any], seed: int, queue: str | None
) -> None:
    log, configuration, rules = with_reasons(weeks.log), configuration_of(document), rules_of(document)
    now = instants_of(log)[-1]
    tickets = floor_of(shuffled(log, seed), rules, partitions=1 + seed % 3)
    for window in windows_of(now, configuration):
        name, after = window_of(rules, window.name, now)
        assert (name, after) == (window.name, window.first - 1)
        scan = WhyScan(tickets, after, now, None if queue is None else frozenset({queue}), 10_000)
        while scan.go_on():
            pass
        count, low = expected(log, configuration, after, now, queue)
        assert (scan.answers, scan.low) == (count, len(low))
        assert sum(reason.count for reason in scan.reasons()) == len(low)
        found = scan.comments()
        assert Counter((one.at, one.survey, one.score) for one in found) == Counter(
            (text_at(at), answer.survey, answer.score) for at, answer in low
        )
        assert [instant(one.at) for one in found] == sorted((at for at, _ in low), reverse=True)
        written = {event["data"].get("comment") for event in log}
        assert {one.comment for one in found} <= written


def text_at(at: int) -> str:
    """An instant as the product writes it: without digits that say nothing."""
    text = text_of(at).removesuffix("Z").rstrip("0").removesuffix(".")
    return (text if "." in text_of(at, digits=9).removesuffix("Z").rstrip("0") else text_of(at, digits=0)[:-1]) + "Z"


def test_any_order_gives_the_same_bytes() -> None:
    log = with_reasons(Weeks(5, "2026-02-14T13:43:17.123456789Z", 9).log)
    now = instants_of(log)[-1]
    texts = set()
    for seed in range(4):
        scan = WhyScan(floor_of(shuffled(log, seed), partitions=2), 0, now, None, 2)
        while scan.go_on():
            pass
        texts.add(json.dumps([[str(one) for one in scan.comments()], [str(one) for one in scan.reasons()]]))
        assert len(scan.comments()) == 2
    assert len(texts) == 1
