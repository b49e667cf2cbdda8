"""What is compared with the weeks before, on logs that aim at the same hours of those weeks, to the nanosecond."""

from statistics import median
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.happenings import Happening, created, floor_of, happening, rules_of, snapshot_of
from tests.logs import shuffled
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, HOUR, instant, text_of
from tests.oracle.snapshot import snapshot

NOW = instant("2026-03-10T12:34:56.789Z")
UNTIL = instant("2026-03-10T12:00:00Z")
#: Near the beginning or the end of the last hour, six hours and week, of one of the weeks, or of what is kept.
EDGES = st.one_of(
    st.builds(
        lambda week, length, off: UNTIL - week * 7 * DAY - length + off,
        st.integers(0, 4),
        st.sampled_from((0, HOUR, 6 * HOUR, 7 * DAY)),
        st.sampled_from((-1, 0, 1)),
    ),
    st.builds(lambda off: UNTIL - 62 * DAY + HOUR + off, st.sampled_from((-HOUR, -1, 0, 1))),
    st.integers(NOW - 70 * DAY, NOW),
)
STEPS = st.lists(st.tuples(st.sampled_from(("ticket.resolved", "ticket.reopened")), EDGES), max_size=4)
TICKETS = st.lists(st.tuples(EDGES, st.sampled_from(("billing", "returns")), STEPS), min_size=1, max_size=12)
LIVE_SINCE = st.sampled_from((None, NOW - 80 * DAY, UNTIL - 28 * DAY, UNTIL - 28 * DAY - 1, UNTIL - 7 * DAY, NOW))


def log_of(tickets: list[tuple[int, str, list[tuple[str, int]]]], since: int) -> list[Happening]:
    log = [happening("ticket.escalated", since, "orphan")]
    for number, (at, queue, steps) in enumerate(tickets):
        log.append(created(at, f"T{number}", queue=queue))
        log += [happening(kind, when, f"T{number}") for kind, when in steps]
    return [event for event in log if instant(event["time"]) <= NOW]


def document_of(live_since: int | None) -> dict[str, Any]:
    return {"time": {} if live_since is None else {"live_since": text_of(live_since)}}


@settings(max_examples=150)
@given(TICKETS, EDGES, LIVE_SINCE, st.integers(1, 3), st.integers(0, 1_000))
def test_what_was_created_and_open_in_the_weeks_before_is_the_oracles(
    tickets: list[tuple[int, str, list[tuple[str, int]]]],
    since: int,
    live_since: int | None,
    partitions: int,
    seed: int,
) -> None:
    log, document = log_of(tickets, min(since, NOW)), document_of(live_since)
    found = snapshot_of(floor_of(shuffled(log, seed), rules_of(document), partitions=partitions, batch=7), NOW)
    wrong = differences(found, snapshot(log, NOW, configuration_of(document)))
    assert not wrong, "\n".join(wrong[:20])


@settings(max_examples=60)
@given(TICKETS)
def test_open_in_the_weeks_before_is_what_a_look_showed_then(
    tickets: list[tuple[int, str, list[tuple[str, int]]]],
) -> None:
    log = log_of(tickets, NOW - 69 * DAY)  # nothing is discarded or moved: that would hold for the past, too
    instants = [UNTIL - week * 7 * DAY - 1 for week in (1, 2, 3, 4)]
    shown = [snapshot_of(floor_of(log, not_after=at), at)["all"]["open"] for at in instants]
    found = snapshot_of(floor_of(log), NOW)["all"]
    assert found["normal"]["open"] == {"now": found["open"], "week_ago": shown[0], "normal": median(shown)}
