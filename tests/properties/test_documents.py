"""Partitions of several workers, each of which numbers queues and surveys for itself, merge to the oracle's snapshot.

Each worker writes its documents, a board that has none of their tickets reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.components import asked_now
from metrics.document import About, DocumentError
from metrics.documents import components, decode, encode
from metrics.facts import Days
from metrics.measures import Vocabulary
from metrics.policies import Rules, Window
from metrics.slow import periods_asked
from metrics.snapshot import compose
from stream.tickets import Tickets
from tests.happenings import Happening, created, floor_of, happening, rules_of
from tests.logs import shuffled
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import HOUR, MINUTE, instant
from tests.oracle.snapshot import snapshot as expected_snapshot
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of

NOW = instant("2026-03-10T13:59:59Z")


def shares_of(log: list[Happening], workers: int) -> list[list[Happening]]:
    shares: list[list[Happening]] = [[] for _ in range(workers)]
    for event in log:
        shares[sum(event["subject"].encode()) % workers].append(event)
    return shares


def written(shares: list[list[Happening]], rules: Rules, now: int, periods: list[tuple[str, str]]) -> list[bytes]:
    """The documents of workers with two partitions each."""
    documents: list[bytes] = []
    for number, share in enumerate(shares):
        tickets = floor_of(shuffled(share, number), rules, partitions=2)
        documents += documents_of(tickets, now, periods)
    return documents


def documents_of(tickets: Tickets, now: int, periods: Sequence[Days] = ()) -> list[bytes]:
    asked = asked_now(tickets.rules, now)
    found = tickets.gathered(asked, range(len(tickets.partitions)), periods)
    return [encode(one, tickets.vocabulary, asked, periods, About(1, {}, {})) for one in found.values()]


def merged(documents: list[bytes], rules: Rules, now: int) -> dict[str, Any]:
    vocabulary, asked = Vocabulary(), asked_now(rules, now)
    found = [components(decode(document), vocabulary, asked) for document in documents]
    return compose(found, rules, vocabulary, asked, total=len(documents))


@settings(max_examples=30)
@given(WEEKS, DOCUMENTS, st.integers(1, 3))
def test_documents_of_several_workers_merge_to_the_oracles_snapshot(
    weeks: Weeks, document: dict[str, Any], workers: int
) -> None:
    rules, now = rules_of(document), max(instants_of(weeks.log))
    shares = shares_of(weeks.log, workers)
    first = written(shares, rules, now, [])
    asked = asked_now(rules, now)
    known = [components(decode(one), Vocabulary(), asked) for one in first]
    wanted = periods_asked(tuple(latest for one in known for latest in one.reports))
    found = merged(written(shares, rules, now, wanted), rules, now)
    wrong = differences(found, expected_snapshot(weeks.log, None, configuration_of(document)))
    assert not wrong, "\n".join(wrong[:20])


def test_until_workers_were_asked_for_the_days_of_a_fact_its_kpi_says_so() -> None:
    fact = {
        "specversion": "1.0", "id": "f", "source": "hr", "type": "support.business.reported",
        "time": "2026-03-09T08:00:00Z", "subject": "fact:staffed_hours:all:2026-03-08",
        "data": {"fact": "staffed_hours", "value": 8, "period": {"start": "2026-03-08", "end": "2026-03-08"}},
    }  # fmt: skip
    log = [created(instant("2026-03-01T00:00:00Z")), fact]
    before, after = (
        merged(written([log], Rules(), NOW, periods), Rules(), NOW)["slow"]["resolved_per_staffed_hour"][0]
        for periods in ([], [("2026-03-08", "2026-03-08")])
    )
    assert (before["value"], before["reason"]) == (None, "its days were not asked of all workers yet")
    assert (after["value"], after["reason"]) == (0.0, None)


def test_until_then_a_benchmark_is_compared_with_no_other_days() -> None:
    fact = {
        "specversion": "1.0", "id": "f", "source": "books", "type": "support.business.reported",
        "time": "2026-03-09T08:00:00Z", "subject": "fact:benchmark.nps:all:2026-03-08",
        "data": {"fact": "benchmark.nps", "value": 31, "period": {"start": "2026-03-08", "end": "2026-03-08"}},
    }  # fmt: skip
    rated = happening("survey.answered", instant("2026-03-01T10:00:00Z"), "T1", survey="nps", score=10)
    log = [created(instant("2026-01-01T00:00:00Z"), "T1"), rated, fact]
    before, after = (
        merged(written([log], Rules(), NOW, periods), Rules(), NOW)["slow"]["benchmark.nps"][0]
        for periods in ([], [("2026-03-08", "2026-03-08")])
    )
    assert (before["own"], before["reason"]) == (None, "its days were not asked of all workers yet")
    assert after["window"] == "period"


def test_windows_that_begin_at_one_instant_in_one_document_only_are_told_apart() -> None:
    # as of 06:00:30 `6h` and `today` begin with the same pane, half a minute later they do not
    first, later = (instant(f"2026-03-10T06:0{text}Z") for text in ("0:30", "1:00"))
    log = [created(instant("2026-03-09T23:59:00Z"), "A"), created(first - HOUR // 2, "B")]
    tickets = [floor_of([event]) for event in log]
    documents = [documents_of(one, at)[0] for one, at in zip(tickets, (first, later), strict=True)]
    waiting = {
        name: window["first_response_cohort"]["waiting"]
        for name, window in merged(documents, Rules(), first)["all"]["windows"].items()
    }
    assert waiting == {"15m": 0, "1h": 1, "6h": 1, "24h": 2, "today": 1, "7d": 2, "30d": 2}


def test_a_document_of_other_windows_is_refused() -> None:
    (document,) = documents_of(floor_of([created(NOW)]), NOW)
    other = Rules(windows=(Window("45m", 45 * MINUTE, MINUTE),))
    with pytest.raises(DocumentError, match="other windows: 15m"):
        components(decode(document), Vocabulary(), asked_now(other, NOW))


@pytest.mark.parametrize("what", [b"", b"\xc0", b"\x81\xa5as_of\x01", b"not MessagePack"])
def test_what_is_no_document_is_refused(what: bytes) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        decode(what)
