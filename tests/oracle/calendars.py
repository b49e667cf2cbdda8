"""Business time by walking minutes: each minute of a UTC day is open or closed by what a wall clock shows in it.

Openings and closings are whole minutes of local time, and every zone keeps whole minutes of UTC since 1972, so a
minute is open or closed as a whole. An hour that a zone repeats is walked twice, one that it skips never. The
instants of versions and those asked about are exact to the nanosecond.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from tests.oracle.instants import DAY, MINUTE, instant, optional_instant

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH = date(1970, 1, 1)
END_OF_TIME = instant("2262-01-01T00:00:00Z")

Hours = tuple[tuple[int, int], ...]  # (opens, closes) in minutes of the local day, 1440 at its end
Piece = tuple[int, int]  # [start, end) in nanoseconds


@dataclass(frozen=True, eq=False)
class Version:
    """Opening hours of one zone, in force from `first` on; None: ever before too."""

    first: int | None
    zone: ZoneInfo
    week: tuple[Hours, ...]  # Monday first
    own: Mapping[date, Hours]  # dates with hours of their own; with none of them, closed
    public_holidays: str | None

    def may_open(self, day: int) -> bool:
        """Whether a local date that shares time with this UTC day has opening hours: with none, nobody need walk."""
        return any(hours(self, EPOCH + timedelta(day + off)) for off in (-1, 0, 1))

    def is_open(self, minute: int) -> bool:
        """Whether the wall clock shows an open minute in this minute since the epoch."""
        wall = datetime.fromtimestamp(minute * 60, tz=self.zone)
        if wall.second:
            raise ValueError(f"expected a time since 1972: {self.zone} shows {wall.isoformat()}, no whole minute")
        shown = wall.hour * 60 + wall.minute
        return any(opens <= shown < closes for opens, closes in hours(self, wall.date()))


@dataclass(frozen=True, eq=False)
class Calendar:
    """Versions in the order of their instants; closed before the first where that has an instant."""

    versions: tuple[Version, ...]
    walked: dict[int, list[Piece]] = field(default_factory=dict)  # what is open of each UTC day, once walked

    def pieces(self, start: int, end: int) -> Iterator[Piece]:
        """What is open of [start, end), in order."""
        for day in range(start // DAY, -(-end // DAY)):
            if day not in self.walked:
                self.walked[day] = joined(self._open_minutes(day))
            for opens, closes in self.walked[day]:
                if max(opens, start) < min(closes, end):
                    yield max(opens, start), min(closes, end)

    def _open_minutes(self, day: int) -> Iterator[Piece]:
        nexts = [version.first for version in self.versions[1:]]
        for version, until in zip(self.versions, [*nexts, None], strict=True):
            first = day * DAY if version.first is None else max(version.first, day * DAY)
            last = (day + 1) * DAY if until is None else min(until, (day + 1) * DAY)
            for minute in range(first // MINUTE, -(-last // MINUTE)) if version.may_open(day) else ():
                if version.is_open(minute):
                    yield max(first, minute * MINUTE), min(last, (minute + 1) * MINUTE)


def joined(minutes: Iterator[Piece]) -> list[Piece]:
    """The same time in as few pieces as it has."""
    found: list[Piece] = []
    for opens, closes in minutes:
        if found and found[-1][1] == opens:
            opens = found.pop()[0]  # noqa: PLW2901 - the piece goes on
        found.append((opens, closes))
    return found


@cache
def hours(version: Version, day: date) -> Hours:
    """The opening hours of a local date: its own, else none on a public holiday, else those of its weekday."""
    if day in version.own:
        return version.own[day]
    if version.public_holidays is not None and day in public_days(version.public_holidays):
        return ()
    return version.week[day.weekday()]


@cache
def public_days(place: str) -> holidays.HolidayBase:
    """The public holidays of a country, or of a part of one such as DE-BY."""
    country, _, part = place.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


def elapsed(calendar: Calendar | None, start: int, end: int) -> int:
    """Open nanoseconds of [start, end); without a calendar all of them."""
    if calendar is None:
        return max(0, end - start)
    return sum(closes - opens for opens, closes in calendar.pieces(start, end))


def reached(calendar: Calendar | None, start: int, target: int) -> int | None:
    """The earliest instant from `start` on by which the target has elapsed; None where it never has."""
    if calendar is None or target == 0:
        return start + target
    left = target
    for opens, closes in calendar.pieces(start, END_OF_TIME):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return None


def calendar_of(entry: Mapping[str, Any], floor_zone: str) -> Calendar:
    """One table of `[calendars]`, given as `tomllib.loads` returns it; a version without a zone has the floor's."""
    return Calendar(tuple(_version(version, floor_zone) for version in entry["versions"]))


def _version(entry: Mapping[str, Any], floor_zone: str) -> Version:
    own = [day if isinstance(day, Mapping) else {"date": day} for day in entry.get("holidays", [])]
    week = entry.get("week", {})
    return Version(
        first=optional_instant(entry.get("from")),
        zone=ZoneInfo(entry.get("time_zone", floor_zone)),
        week=tuple(_hours(week.get(weekday, [])) for weekday in WEEKDAYS),
        own={date.fromisoformat(str(day["date"])): _hours(day.get("open", [])) for day in own},
        public_holidays=entry.get("public_holidays"),
    )


def _hours(texts: list[str]) -> Hours:
    """`["09:00-12:30", "13:30-24:00"]` in minutes."""
    clocks = [[clock.split(":") for clock in text.split("-")] for text in texts]
    return tuple((int(opens[0]) * 60 + int(opens[1]), int(closes[0]) * 60 + int(closes[1])) for opens, closes in clocks)
