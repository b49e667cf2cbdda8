"""State holds facts, never verdicts: a configuration changed between two starts holds for all that is kept.

So a corrected policy corrects the past, and one with `from` leaves earlier tickets alone.
"""

from typing import Any

import pytest
from hypothesis import given, settings

from stream.tickets import Tickets
from tests.happenings import ALL_OF_IT, Happening, created, floor_of, happening, rules_of, snapshot_of
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import HOUR, MINUTE, instant, text_of
from tests.oracle.snapshot import snapshot as expected_snapshot
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of

NOON = instant("2026-03-10T12:00:00Z")


def started_anew(before: Tickets, document: dict[str, Any]) -> Tickets:
    """A worker under another configuration that recovers what the one before had kept."""
    after = Tickets(rules_of(document), ALL_OF_IT)
    for number, partition in before.partitions.items():
        opened = after.open(number)
        opened.restore(list(partition._states), list(partition._states.values()))
        opened.history_since, opened.newest_event = partition.history_since, partition.newest_event
    return after


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, DOCUMENTS)
def test_after_a_restart_every_number_is_what_it_would_have_been(
    weeks: Weeks, old: dict[str, Any], new: dict[str, Any]
) -> None:
    now = max(instants_of(weeks.log))
    found = snapshot_of(started_anew(floor_of(weeks.log, rules_of(old), partitions=2), new), now)
    wrong = differences(found, expected_snapshot(weeks.log, now, configuration_of(new)))
    assert not wrong, "\n".join(wrong[:20])


def answered_after(minutes: int, at: int, subject: str) -> list[Happening]:
    return [created(at, subject), happening("ticket.replied", at + minutes * MINUTE, subject, agent="sara")]


LOG = [*answered_after(20, NOON - 5 * HOUR, "early"), *answered_after(20, NOON - HOUR, "late")]
STRICT = {"name": "all", "first_response": "15m"}
EASY = {"name": "all", "first_response": "30m"}


@pytest.mark.parametrize(
    ("policies", "met", "breached"),
    [
        ([STRICT], 0, 2),
        ([EASY], 2, 0),  # a correction: it holds for what was, too
        ([EASY | {"from": text_of(NOON - 2 * HOUR)}, STRICT], 1, 1),  # a change: what was stays judged as it was
    ],
)
def test_a_corrected_policy_corrects_the_past_and_a_new_version_leaves_it_alone(
    policies: list[dict[str, Any]], met: int, breached: int
) -> None:
    kept = floor_of(LOG, rules_of({"sla": [STRICT]}))
    window = snapshot_of(started_anew(kept, {"sla": policies}), NOON)["all"]["windows"]["6h"]["first_response"]
    assert (window["met"], window["breached"]) == (met, breached)
