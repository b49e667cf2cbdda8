"""A mute as Alertmanager reads it, against every minute around it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.mutes import intervals
from alerting.settings import Mute
from metrics.instants import MINUTE, SECOND, parse_instant

LEAST = parse_instant("2026-01-01T00:00:00Z") // MINUTE
EDGES = ["2026-02-28T23:59:00Z", "2026-12-31T23:59:00Z", "2027-01-01T00:00:00Z", "2028-02-29T00:00:00Z"]
MINUTES = st.one_of(
    st.integers(LEAST, LEAST + 3 * 525_600), st.sampled_from([parse_instant(edge) // MINUTE for edge in EDGES])
)


def within(value: int, ranges: list[str]) -> bool:
    bounds = [(part.split(":")[0], part.split(":")[-1]) for part in ranges]
    return any(int(first) <= value <= int(last) for first, last in bounds)


def minutes_of(time: str) -> int:
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)


def contains(interval: dict[str, Any], at: datetime) -> bool:
    """As Alertmanager 0.25 does: each given field has to hold, the end of a time is not in it."""
    of_day = at.hour * 60 + at.minute
    times = interval.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
    return (
        any(minutes_of(time["start_time"]) <= of_day < minutes_of(time["end_time"]) for time in times)
        and within(at.day, interval["days_of_month"])
        and within(at.month, interval["months"])
        and within(at.year, interval["years"])
    )


def is_muted(mute: Mute, minute: int) -> bool:
    at = datetime.fromtimestamp(minute * MINUTE // SECOND, UTC)
    return any(contains(interval, at) for interval in intervals(0, mute)["time_intervals"])


@given(MINUTES, st.one_of(st.integers(1, 5_000), st.integers(1, 800_000)), st.data())
def test_exactly_the_minutes_of_the_mute_are_muted(start: int, length: int, data: st.DataObject) -> None:
    mute = Mute(starts_at=start * MINUTE, ends_at=(start + length) * MINUTE)
    anywhere = data.draw(st.lists(st.integers(start - 100_000, start + length + 100_000), max_size=20))
    year = 525_600
    for minute in (start - 1, start, start + length - 1, start + length, start + year, start - year, *anywhere):
        assert is_muted(mute, minute) == (start <= minute < start + length), minute


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2026-12-05T06:00:00Z", "2026-12-05T12:00:00Z", 1),
        ("2026-12-05T00:00:00Z", "2026-12-06T00:00:00Z", 1),
        ("2026-12-05T06:00:00Z", "2026-12-06T00:00:00Z", 1),
        ("2026-12-05T22:00:00Z", "2026-12-06T02:00:00Z", 2),
        ("2026-12-05T22:00:00Z", "2027-01-02T02:00:00Z", 4),
    ],
)
def test_a_mute_takes_no_more_intervals_than_it_needs(start: str, end: str, count: int) -> None:
    made = intervals(0, Mute(starts_at=parse_instant(start), ends_at=parse_instant(end)))
    assert len(made["time_intervals"]) == count


def test_seconds_are_rounded_outward() -> None:
    start, end = parse_instant("2026-12-05T06:00:59.5Z"), parse_instant("2026-12-05T06:02:00.1Z")
    (interval,) = intervals(0, Mute(starts_at=start, ends_at=end))["time_intervals"]
    assert interval["times"] == [{"start_time": "06:00", "end_time": "06:03"}]
