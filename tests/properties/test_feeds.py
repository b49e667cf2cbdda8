"""What is said of a source is what the oracle says of its records, in whatever order and batches they are read."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from metrics.policies import Rules, Source
from stream.records import Records
from stream.tickets import Admission, Tickets
from tests.happenings import created, rules_of
from tests.logs import to_json_line
from tests.oracle import feeds as oracle
from tests.oracle.calendars import calendar_of
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant

MILLISECOND = 1_000_000
OFFICE = {"versions": [{"week": {day: ["09:00-12:30", "13:30-18:00"] for day in ("mon", "tue", "wed")}}]}
CALENDAR, ORACLES = rules_of({"calendars": {"office": OFFICE}}).calendars["office"], calendar_of(OFFICE, "UTC")
SILENT_AFTER, LATE_AFTER = 20 * MINUTE, 2 * MINUTE
SOURCES = {"always": None, "office": ORACLES}
RULES = Rules(
    feeds=(
        Source("always", SILENT_AFTER, LATE_AFTER),
        Source("office", SILENT_AFTER, LATE_AFTER, CALENDAR),
    )
)
NOON = instant("2026-01-06T12:00:00Z")


class Sent(NamedTuple):
    """An event of a source, and the append time of its record."""

    source: str
    at: int
    appended: int


@st.composite
def floors(draw: st.DrawFn) -> tuple[int, list[Sent]]:
    """The clock, on a Tuesday, and records appended before it, or a little later by their producer's clock."""
    now = NOON + draw(st.integers(-6 * HOUR, 12 * HOUR))
    ago = st.integers(0, 4 * MINUTE) | st.integers(0, 20 * MINUTE) | st.integers(-5 * SECOND, 30 * HOUR)
    delay = st.integers(-MINUTE, 5 * MINUTE) | st.integers(DAY - SECOND, DAY + SECOND) | st.integers(0, 40 * DAY)
    sent = []
    for _ in range(draw(st.integers(0, 12))):
        appended = (now - draw(ago)) // MILLISECOND * MILLISECOND
        source = draw(st.sampled_from(["always", "office", "unheard-of"]))
        sent.append(Sent(source, min(appended - draw(delay), now), appended))
    return now, sent


def told(sent: Sequence[Sent], now: int, batch: int = 5) -> dict[str, Any]:
    """What the snapshot says of the feeds once these records are read, a ticket each."""
    tickets = Tickets(RULES, Admission())
    opened = tickets.open(0)
    for start in range(0, len(sent), batch):
        part = sent[start : start + batch]
        subjects = [f"T{number}" for number in range(start, start + len(part))]
        events = [created(one.at, subject, source=one.source) for one, subject in zip(part, subjects, strict=True)]
        records = Records(
            topic="t",
            partition=0,
            offsets=list(range(start, start + len(part))),
            timestamps_ms=[one.appended // MILLISECOND for one in part],
            keys=[subject.encode() for subject in subjects],
            values=[to_json_line(event) for event in events],
        )
        assert not opened.apply(records, now).refused
    return {source: read(feed) for source, feed in tickets.snapshot(now, [0], 1)["feeds"].items()}


def read(feed: dict[str, Any]) -> dict[str, Any]:
    """The same with instants for texts."""
    return {key: instant(value) if isinstance(value, str) else value for key, value in feed.items()}


def expected(sent: Sequence[Sent], now: int, source: str) -> dict[str, Any]:
    records = [(one.at, one.appended) for one in sent if one.source == source]
    return read(oracle.feed(records, now, SILENT_AFTER, LATE_AFTER, SOURCES[source]))


def is_about(got: float | None, wanted: float | None) -> bool:
    if got is None or wanted is None:
        return got is wanted
    return wanted * 0.99 - 1e-9 <= got <= wanted * 1.0102 + 1e-9


@given(floors())
def test_a_source_stands_as_the_oracle_says(floor: tuple[int, list[Sent]]) -> None:
    now, sent = floor
    found = told(sent, now)
    assert set(found) == set(SOURCES)
    for source in SOURCES:
        wanted = expected(sent, now, source)
        delay = wanted.pop("delay_seconds")
        got = found[source]
        assert is_about(got.pop("delay_seconds"), delay)
        if is_about(LATE_AFTER / SECOND, delay):  # within the 1 % that a median may be off
            del got["late"], wanted["late"]
        assert got == wanted


@given(floors(), st.integers(0, 2**32), st.integers(1, 12))
def test_the_order_and_the_batches_of_records_change_nothing(
    floor: tuple[int, list[Sent]], seed: int, batch: int
) -> None:
    now, sent = floor
    shuffled = Random(seed).sample(sent, len(sent))
    assert told(shuffled, now, batch) == told(sent, now)


@given(floors(), st.data())
def test_duplicates_do_not_change_when_a_source_was_heard_last(
    floor: tuple[int, list[Sent]], data: st.DataObject
) -> None:
    now, sent = floor
    again = [
        one._replace(appended=max(one.appended, min(now, one.appended + data.draw(st.integers(0, 3 * DAY)))))
        for one in (data.draw(st.lists(st.sampled_from(sent), max_size=5)) if sent else [])
    ]
    before, after = told(sent, now), told([*sent, *again], now)
    for source in SOURCES:
        found = {key: after[source][key] for key in ("last_event_at", "silent", "silent_since")}
        assert found == {key: before[source][key] for key in found}
