"""Business time: when a calendar is open, and for how long it was open between two instants.

Open means that the local wall-clock time, in the zone of the version in force, lies in one of the day's hours: an
hour that the zone repeats counts twice, one that it skips not at all. Before the first version, where that says from
when it holds, the calendar is closed. Instants and durations are integer nanoseconds. Knows no ticket, no target and
no configuration, and reads no clock; public holidays are a function of the year that is handed in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.instants import DAY, EARLIEST, LATEST, MINUTE, SECOND

OPEN: Final = "open"

#: Local time in minutes of the day, each [opens, closes), ascending and apart; 1440 is midnight at the day's end.
Hours = tuple[tuple[int, int], ...]

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()

#: Time is cut into chunks of 2**53 ns, about 104 days: all instants lie in 2048 of them, so that each one's total can
#: be kept for good, and the openings of the latest used.
_CHUNK_BITS: Final = 53
_FIRST_CHUNK: Final = EARLIEST >> _CHUNK_BITS
_LAST_CHUNK: Final = LATEST >> _CHUNK_BITS
_CHUNKS_MAX: Final = 128


class Span(msgspec.Struct, frozen=True):
    """A stretch of time, [``start``, ``end``), that is open or closed for one reason.

    ``version`` is the place of the version in force, from 0; -1 before the first.
    """

    start: int
    end: int
    is_open: bool
    version: int
    reason: str


def _no_holidays(_year: int) -> Mapping[date, str]:
    return {}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Opening hours in force from ``starts_at`` on; None: ever since.

    ``week`` has the hours of seven days from Monday on, ``dates`` those of single dates (none: closed), which win over
    public holidays and over the week. ``public_holidays`` gives a year's dates, closed, with their names.
    """

    starts_at: int | None = None
    time_zone: str
    week: tuple[Hours, ...]
    dates: Mapping[date, Hours] = msgspec.field(default_factory=dict)
    public_holidays: Callable[[int], Mapping[date, str]] = _no_holidays

    def on(self, day: int) -> tuple[Hours, str]:
        """The hours of a local date, as days since 1970-01-01, and why it is closed at all others."""
        on = date.fromordinal(_EPOCH_ORDINAL + day)
        own = self.dates.get(on)
        if own is not None:
            return own, f"holiday {on}"
        public = self.public_holidays(on.year).get(on)
        if public is not None:
            return (), f"public holiday {on} ({public})"
        hours = self.week[on.weekday()]
        return hours, "closed hours" if hours else "closed weekday"


class _Chunk(msgspec.Struct, frozen=True, gc=False):
    """The openings of one chunk, ascending and apart; ``run`` is the open time of the chunk up to each one's end."""

    starts: list[int]
    ends: list[int]
    run: list[int]

    def before(self, at: int) -> int:
        """Open nanoseconds of the chunk before ``at``."""
        place = bisect_right(self.starts, at) - 1
        if place < 0:
            return 0
        left = self.ends[place] - at
        return self.run[place] - left if left > 0 else self.run[place]

    def earliest(self, run: int) -> int:
        """The earliest instant with ``run`` open nanoseconds of the chunk before it: at least 1, at most all."""
        place = bisect_left(self.run, run)
        return self.ends[place] - (self.run[place] - run)


class Calendar:
    """Opening hours by versions, and arithmetic in open time.

    What is worked out is remembered, within bounds; asking from several threads is safe.
    """

    __slots__ = ("_chunks", "_eras", "_totals", "name", "versions")

    def __init__(self, name: str, versions: Iterable[Version]) -> None:
        """``versions`` ascend by ``starts_at``, which only the first may leave out; there is at least one."""
        self.name: Final = name
        self.versions: Final = tuple(versions)
        starts = [EARLIEST if version.starts_at is None else version.starts_at for version in self.versions]
        self._eras: Final = tuple(zip([EARLIEST, *starts], [*starts, LATEST], strict=True))
        self._chunks: dict[int, _Chunk] = {}
        self._totals: dict[int, int] = {}

    def elapsed(self, start: int, end: int) -> int:
        """Open nanoseconds in [``start``, ``end``); 0 where ``end`` is not later than ``start``."""
        if end <= start:
            return 0
        first, last = start >> _CHUNK_BITS, end >> _CHUNK_BITS
        run = self._chunk(last).before(end) - self._chunk(first).before(start)
        for index in range(first, last):
            run += self._total(index)
        return run

    def reached(self, start: int, target: int, *, past: bool = False) -> int | None:
        """The earliest instant from ``start`` on at which ``target`` open nanoseconds have elapsed since ``start``.

        With ``past`` the latest such instant, after which more than ``target`` has: where closing is reached, the
        next opening. None where it never is, before the year 2262 ends the count.
        """
        earliest = self._earliest(start, target)
        return self.next_opening(earliest) if past and earliest is not None else earliest

    def _earliest(self, start: int, target: int) -> int | None:
        if target <= 0:
            return start if target == 0 else None
        index = start >> _CHUNK_BITS
        wanted = self._chunk(index).before(start) + target
        while wanted > (total := self._total(index)):
            wanted -= total
            index += 1
            if index > _LAST_CHUNK:
                return None
        return self._chunk(index).earliest(wanted)

    def since(self, end: int, target: int) -> int | None:
        """The earliest instant with at most ``target`` open nanoseconds between it and ``end``; any earlier has more.

        None where that much was never open before ``end``.
        """
        index = end >> _CHUNK_BITS
        wanted = self._chunk(index).before(end) - target
        while wanted <= 0:
            index -= 1
            if index < _FIRST_CHUNK:
                return None
            wanted += self._total(index)
        return self._chunk(index).earliest(wanted)

    def is_open(self, at: int) -> bool:
        """Whether the calendar is open at ``at``."""
        return self.next_opening(at) == at

    def next_opening(self, at: int) -> int | None:
        """The earliest open instant from ``at`` on: ``at`` itself where it is open; None where there is none."""
        index = at >> _CHUNK_BITS
        chunk = self._chunk(index)
        place = bisect_right(chunk.ends, at)
        if place < len(chunk.ends):
            return max(at, chunk.starts[place])
        following = (later for later in range(index + 1, _LAST_CHUNK + 1) if self._total(later))
        found = next(following, None)
        return None if found is None else self._chunk(found).starts[0]

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """All of [``start``, ``end``), open and closed, in consecutive spans; neighbours differ by more than time."""
        held: Span | None = None
        for span in self._pieces(start, end):
            if held is None:
                held = span
            elif (held.version, held.reason) == (span.version, span.reason):
                held = msgspec.structs.replace(held, end=span.end)
            else:
                yield held
                held = span
        if held is not None:
            yield held

    def _pieces(self, start: int, end: int) -> Iterator[Span]:
        for version, (begins, ends) in enumerate(self._eras, start=-1):
            first, last = max(start, begins), min(end, ends)
            if first >= last:
                continue
            if version < 0:
                yield Span(first, last, is_open=False, version=version, reason="before the first version")
                continue
            for opens, closes, reason in _days(self.versions[version], first, last):
                yield Span(opens, closes, is_open=reason == OPEN, version=version, reason=reason)

    def _chunk(self, index: int) -> _Chunk:
        chunk = self._chunks.get(index)
        if chunk is None:
            chunk = self._worked_out(index)
            if len(self._chunks) >= _CHUNKS_MAX:
                self._chunks.clear()
            self._chunks[index] = chunk
            self._totals[index] = chunk.run[-1] if chunk.run else 0
        return chunk

    def _total(self, index: int) -> int:
        """Open nanoseconds of a whole chunk."""
        total = self._totals.get(index)
        if total is None:
            run = self._chunk(index).run
            return run[-1] if run else 0
        return total

    def _worked_out(self, index: int) -> _Chunk:
        start = index << _CHUNK_BITS
        starts: list[int] = []
        ends: list[int] = []
        run: list[int] = []
        total = 0
        for span in self.spans(start, start + (1 << _CHUNK_BITS)):
            if span.is_open:
                total += span.end - span.start
                starts.append(span.start)
                ends.append(span.end)
                run.append(total)
        return _Chunk(starts, ends, run)


def elapsed(start: int, end: int, calendar: Calendar | None) -> int:
    """Nanoseconds of [``start``, ``end``), only open ones where there is a calendar; 0 where ``end`` is not later."""
    return max(0, end - start) if calendar is None else calendar.elapsed(start, end)


def _days(version: Version, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """All of [``start``, ``end``) by what one version says of it: from, to, and why it is open or closed."""
    for begins, ends, offset in _offsets(ZoneInfo(version.time_zone), start, end):
        for day in range((begins + offset) // DAY, (ends - 1 + offset) // DAY + 1):
            midnight = day * DAY - offset
            at, last = max(begins, midnight), min(ends, midnight + DAY)
            hours, closed = version.on(day)
            for opens_minute, closes_minute in hours:
                opens = min(max(midnight + opens_minute * MINUTE, at), last)
                closes = min(max(midnight + closes_minute * MINUTE, at), last)
                if at < opens:
                    yield at, opens, closed
                if opens < closes:
                    yield opens, closes, OPEN
                at = closes
            if at < last:
                yield at, last, closed


def _offsets(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """[``start``, ``end``) cut where the zone's offset from UTC changes: from, to, offset.

    Looks once a day, and closer where the offset differs: no zone changes it and back within a day.
    """
    begins, offset = start, _offset(zone, start)
    at = start
    while at < end:
        later = min(at + DAY, end)
        if _offset(zone, later) == offset:
            at = later
            continue
        at = _change(zone, at, later)
        yield begins, at, offset
        begins, offset = at, _offset(zone, at)
    if begins < end:
        yield begins, end, offset


def _change(zone: ZoneInfo, same: int, other: int) -> int:
    """The first instant, a whole second, after ``same`` and up to ``other`` at which the offset is another."""
    offset = _offset(zone, same)
    first, last = same // SECOND, other // SECOND
    while first + 1 < last:
        middle = (first + last) // 2
        if _offset(zone, middle * SECOND) == offset:
            first = middle
        else:
            last = middle
    return last * SECOND


def _offset(zone: ZoneInfo, at: int) -> int:
    """Local time minus UTC at ``at``, in nanoseconds."""
    offset = datetime.fromtimestamp(at // SECOND, zone).utcoffset()
    assert offset is not None  # of an aware time
    return (offset.days * 86_400 + offset.seconds) * SECOND
