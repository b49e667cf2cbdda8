"""Business time against a walk, minute by minute, over the local wall-clock time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calendars import Calendar, Version

MINUTE = 60_000_000_000
DAY_MINUTES = 1440

#: Dates on which a zone's clocks go forward or back, and one on which they do neither.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Asia/Tehran", date(2022, 3, 22)),
    ("Asia/Tehran", date(2022, 9, 21)),
    ("Asia/Jerusalem", date(2026, 3, 27)),
    ("Asia/Jerusalem", date(2026, 10, 25)),
    ("Europe/Istanbul", date(2016, 3, 27)),
    ("Europe/Istanbul", date(2015, 11, 8)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Asia/Beirut", date(2022, 3, 27)),
    ("Asia/Tehran", date(2024, 2, 29)),
]

Hours = tuple[tuple[int, int], ...]


class Rules(NamedTuple):
    """One version, in plain values."""

    start_minute: int | None
    zone: str
    week: list[Hours]
    own: dict[date, Hours]
    public: dict[date, str]

    def opens(self, minute: int) -> bool:
        local = datetime.fromtimestamp(minute * 60, ZoneInfo(self.zone))
        if local.date() in self.own:
            hours = self.own[local.date()]
        elif local.date() in self.public:
            hours = ()
        else:
            hours = self.week[local.weekday()]
        return any(first <= local.hour * 60 + local.minute < last for first, last in hours)


class Walk:
    """Some days of UTC minutes, each open or closed as a whole."""

    def __init__(self, versions: list[Rules], first: int, minutes: int) -> None:
        self.first, self.minutes = first, range(first, first + minutes)
        self.open = [self._opens(versions, minute) for minute in self.minutes]

    @staticmethod
    def _opens(versions: list[Rules], minute: int) -> bool:
        held = [rules for rules in versions if rules.start_minute is None or rules.start_minute <= minute]
        return bool(held) and held[-1].opens(minute)

    def elapsed(self, start: int, end: int) -> int:
        return sum(
            max(0, min(end, (minute + 1) * MINUTE) - max(start, minute * MINUTE))
            for minute, is_open in zip(self.minutes, self.open, strict=True)
            if is_open
        )

    def reached(self, start: int, target: int) -> tuple[int | None, int | None]:
        """The earliest and the latest instant of the walk with ``target`` elapsed since ``start``; None: not in it."""
        left, earliest = target, start if target == 0 else None
        for minute, is_open in zip(self.minutes, self.open, strict=True):
            begins, ends = max(start, minute * MINUTE), (minute + 1) * MINUTE
            if begins >= ends or not is_open:
                continue
            if left < ends - begins:
                return begins + left if earliest is None else earliest, begins + left
            left -= ends - begins
            if left == 0:
                earliest = ends
        return earliest, None

    def since(self, end: int, target: int) -> int | None:
        """The earliest instant of the walk since which no more than ``target`` elapsed; None: before it, or never."""
        left, earliest = target, end
        for minute, is_open in reversed(list(zip(self.minutes, self.open, strict=True))):
            begins, ends = minute * MINUTE, min(end, (minute + 1) * MINUTE)
            if begins >= ends:
                continue
            if is_open and ends - begins > left:
                return ends - left
            left -= (ends - begins) * is_open
            earliest = begins
        return None if earliest == self.first * MINUTE else earliest


def product(versions: list[Rules]) -> Calendar:
    return Calendar(
        "tried",
        [
            Version(
                starts_at=None if rules.start_minute is None else rules.start_minute * MINUTE,
                time_zone=rules.zone,
                week=tuple(rules.week),
                dates=rules.own,
                public_holidays=lambda year, public=rules.public: {  # type: ignore[misc] # the loop's own value
                    day: name for day, name in public.items() if day.year == year
                },
            )
            for rules in versions
        ],
    )


#: Minutes at which clocks change, or that stand beside them, as often as any.
EDGES = st.sampled_from([0, 30, 60, 90, 119, 120, 121, 150, 180, 540, 1080, 1380, 1439, 1440]) | st.integers(0, 1440)


@st.composite
def day_hours(draw: st.DrawFn) -> Hours:
    edges = sorted(draw(st.lists(EDGES, max_size=6, unique=True)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def floors(draw: st.DrawFn) -> tuple[list[Rules], int]:
    """Versions of a calendar, and the UTC minute at which four days around a change begin."""
    zone, change = draw(st.sampled_from(CHANGES))
    first = int(datetime(change.year, change.month, change.day, tzinfo=UTC).timestamp()) // 60 - 2 * DAY_MINUTES
    days = st.integers(-2, 2).map(lambda by: change + timedelta(days=by))
    cuts = draw(st.lists(st.integers(first - 10, first + 4 * DAY_MINUTES), max_size=2, unique=True).map(sorted))
    starts = [draw(st.sampled_from([None, first - DAY_MINUTES, first + 700])) if not cuts else None, *cuts]
    other = st.sampled_from([zone, zone, "UTC", "America/New_York"])
    versions = [
        Rules(
            start,
            zone if start is None else draw(other),
            draw(st.lists(day_hours(), min_size=7, max_size=7)),
            draw(st.dictionaries(days, day_hours(), max_size=2)),
            draw(st.dictionaries(days, st.just("Tulip Day"), max_size=2)),
        )
        for start in starts
    ]
    return versions, first


@given(floors(), st.data())
def test_business_time_is_what_a_walk_over_the_minutes_counts(
    floor: tuple[list[Rules], int], data: st.DataObject
) -> None:
    versions, first = floor
    walk, calendar = Walk(versions, first, 4 * DAY_MINUTES), product(versions)
    instants = st.one_of(
        st.integers(first * MINUTE, (first + 4 * DAY_MINUTES) * MINUTE),
        st.integers(first, first + 4 * DAY_MINUTES).map(lambda minute: minute * MINUTE),
        st.sampled_from([first, *(at for at, (a, b) in enumerate(pairwise(walk.open), first + 1) if a != b)]).map(
            lambda minute: minute * MINUTE
        ),
    )
    for _ in range(5):
        start, end = sorted((data.draw(instants), data.draw(instants)))
        counted = walk.elapsed(start, end)
        assert calendar.elapsed(start, end) == counted
        earliest, latest = walk.reached(start, counted)
        assert calendar.reached(start, counted) == earliest
        if latest is not None:
            assert calendar.reached(start, counted, past=True) == latest
            assert calendar.next_opening(end) == max(end, latest)
        if end < (first + 4 * DAY_MINUTES) * MINUTE:
            assert calendar.is_open(end) == walk.open[end // MINUTE - first]
        since = walk.since(end, counted)
        if since is not None:
            assert calendar.since(end, counted) == since


@given(floors(), st.integers(0, 4 * DAY_MINUTES * MINUTE), st.integers(0, 4 * DAY_MINUTES * MINUTE))
def test_any_instant_before_has_more_open_time_and_none_from_then_on(
    floor: tuple[list[Rules], int], after: int, target: int
) -> None:
    versions, first = floor
    calendar, end = product(versions), first * MINUTE + after
    since = calendar.since(end, target)
    if since is None:
        assert calendar.elapsed(-(2**63), end) <= target
    else:
        assert calendar.elapsed(since, end) == target < calendar.elapsed(since - 1, end)


@given(floors())
def test_spans_cover_every_minute_and_are_open_as_the_walk_is(floor: tuple[list[Rules], int]) -> None:
    versions, first = floor
    walk = Walk(versions, first, 4 * DAY_MINUTES)
    spans = list(product(versions).spans(first * MINUTE + 7, (first + 4 * DAY_MINUTES) * MINUTE - 7))
    assert spans[0].start == first * MINUTE + 7
    assert spans[-1].end == (first + 4 * DAY_MINUTES) * MINUTE - 7
    assert all(earlier.end == later.start for earlier, later in pairwise(spans))
    assert all(span.start < span.end for span in spans)
    assert all((a.version, a.reason) != (b.version, b.reason) for a, b in pairwise(spans))
    minutes = [span.is_open for span in spans for _ in range(-(-span.end // MINUTE) - -(-span.start // MINUTE))]
    assert minutes == walk.open[1:]  # the first minute's start is before the first span
    for span in spans:
        in_force = [at for at, rules in enumerate(versions) if (rules.start_minute or 0) * MINUTE <= span.start]
        assert span.version == (in_force[-1] if in_force else -1)


@pytest.mark.parametrize("zone", sorted({zone for zone, _ in CHANGES}))
def test_years_of_business_time_are_what_a_walk_over_the_half_hours_counts(zone: str) -> None:
    halves = 2 * 24 * 365 * 4
    week: list[Hours] = [((540, 750), (810, 1080)), ((0, 180),), (), ((1320, 1440),), ((0, 120), (1410, 1440))]
    rules = Rules(None, zone, [*week, ((60, 180),), ((0, 1440),)], {}, {})
    begin = int(datetime(2013, 6, 1, tzinfo=UTC).timestamp()) // 60
    counted = [0, *accumulate(rules.opens(begin + 30 * half) for half in range(halves))]
    calendar, dice = product([rules]), Random(zone)
    for _ in range(300):
        first, last = sorted(dice.sample(range(halves + 1), 2))
        start, end = (begin + 30 * first) * MINUTE, (begin + 30 * last) * MINUTE
        run = (counted[last] - counted[first]) * 30 * MINUTE
        assert calendar.elapsed(start, end) == run
        reached = counted.index(counted[last], first)
        assert calendar.reached(start, run) == (begin + 30 * reached) * MINUTE
        since = counted.index(counted[first])
        assert since == 0 or calendar.since(end, run) == (begin + 30 * since) * MINUTE
