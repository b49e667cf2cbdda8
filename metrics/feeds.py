"""How the sources of events are doing: when each was heard last, and how late its events are delivered.

Trouble of a feed is not trouble of the floor: behind a webhook that stands still, a floor looks as if it had no
customers. Told of every event with the time at which its record was appended; knows no Kafka and reads no clock.
Configured sources only, each within a fixed size; in memory only, so that a restart forgets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from metrics.activity import RECENT
from metrics.instants import DAY, EARLIEST, MINUTE, SECOND, format_instant
from metrics.measures import bucket_of
from metrics.policies import Source
from metrics.survival import nearest_rank

#: The delay is the median over so much time of records, up to the one appended last, in whole seconds.
DELAY_SPAN: Final = 2 * MINUTE
_SPAN_SECONDS: Final = DELAY_SPAN // SECOND

#: Appended later than this after it happened, an event is history that is brought in, and not its source speaking.
HISTORY: Final = DAY
_MILLISECOND: Final = 1_000_000

#: An event: the place of its record in the batch, its source, its instant.
Heard = tuple[int, str, int]


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """How one source stands as of an instant, as far as this process has read it; instants in nanoseconds.

    ``last_event`` is None where it was not heard yet, ``delay_seconds`` without recent records, and
    ``silent_before`` while nothing is expected of it.
    """

    source: str
    last_event: int | None
    delay_seconds: float | None
    silent_before: int | None
    late_after: int

    @property
    def is_silent(self) -> bool:
        """More than the bound of open time has passed since it was heard, and it is expected now."""
        last, before = self.last_event, self.silent_before
        return last is not None and before is not None and last < before

    @property
    def is_late(self) -> bool:
        """Its events take longer than the bound from happening to the topic."""
        return self.delay_seconds is not None and self.delay_seconds * SECOND > self.late_after


class Told(msgspec.Struct, frozen=True):
    """What one process has heard of one source; adds up with what others have heard."""

    newest: int  # event
    latest: int  # second in which a record was appended
    delays: dict[int, dict[int, int]]  # second of appending -> log bucket of the delay -> records


class _Ear:
    """What is kept of one source: its newest event, and the latest delays."""

    __slots__ = ("_delays", "_latest", "newest")

    def __init__(self) -> None:
        self.newest = EARLIEST  # of events; this where none was heard
        self._latest = 0  # the second in which the latest record was appended
        #: Second of appending -> log bucket of the delay -> records; no second is out of the span.
        self._delays: dict[int, dict[int, int]] = {}

    def hear(self, instant: int, appended: int, *, is_recent: bool) -> None:
        """An event and when its record was appended; told in any order, the same ones leave the same behind."""
        delay = appended - instant
        if delay > HISTORY:
            return
        self.newest = max(self.newest, instant)
        if is_recent:
            counts = self._delays.get(appended // SECOND)
            if counts is None:
                counts = self._begun(appended // SECOND)
            bucket = bucket_of(delay)
            counts[bucket] = counts.get(bucket, 0) + 1

    def _begun(self, second: int) -> dict[int, int]:
        """The counts of a second that has none yet: kept, unless it is out of the span."""
        self._latest = max(self._latest, second)
        after = self._latest - _SPAN_SECONDS
        self._delays = {kept: counts for kept, counts in self._delays.items() if kept > after}
        return self._delays.setdefault(second, {}) if second > after else {}

    def told(self) -> Told:
        """The same for others to read; it stays as it is."""
        return Told(self.newest, self._latest, {second: dict(counts) for second, counts in self._delays.items()})


class Feeds:
    """What this process has heard of its sources. Told by a batch, and asked while none is at work."""

    __slots__ = ("_ears", "_sources")

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._sources: Final = tuple(sources)
        self._ears: Final = {source.name: _Ear() for source in self._sources}

    def __len__(self) -> int:
        return len(self._sources)

    def note(self, heard: Iterable[Heard], timestamps_ms: Sequence[int], now: int) -> None:
        """Events of one batch, with the times of its records, as read at ``now``.

        A record that was read was appended before: what its producer says beyond that is its clock.
        """
        ears = self._ears
        oldest_ms = (now - RECENT - DELAY_SPAN) // _MILLISECOND  # older ones are in no delay asked for from now on
        for index, source, instant in heard:
            ear = ears.get(source)
            if ear is None:
                continue
            is_recent = timestamps_ms[index] >= oldest_ms
            if is_recent or instant > ear.newest:
                ear.hear(instant, min(timestamps_ms[index] * _MILLISECOND, now), is_recent=is_recent)

    def told(self) -> dict[str, Told]:
        """What was heard of every configured source."""
        return {name: ear.told() for name, ear in self._ears.items()}

    def as_of(self, now: int) -> tuple[Feed, ...]:
        """Every configured source, heard or not, in the order of the configuration."""
        return feeds_of(self._sources, [self.told()], now)


def feeds_of(sources: Iterable[Source], told: Sequence[Mapping[str, Told]], now: int) -> tuple[Feed, ...]:
    """How each source stands by what some processes have heard of it together."""
    return tuple(_feed(source, [one[source.name] for one in told if source.name in one], now) for source in sources)


def _feed(source: Source, told: Sequence[Told], now: int) -> Feed:
    newest = max((one.newest for one in told), default=EARLIEST)
    return Feed(
        source=source.name,
        last_event=None if newest == EARLIEST else newest,
        delay_seconds=_delay_seconds(told, now),
        silent_before=silent_before(source, now),
        late_after=source.late_after,
    )


def _delay_seconds(told: Sequence[Told], now: int) -> float | None:
    """The median, at most 1 % off; None where the latest record was appended longer ago than what is recent."""
    latest = max((one.latest for one in told), default=0)
    if now // SECOND - latest > RECENT // SECOND:
        return None  # it is being caught up with: late here, but not late in its topic now
    counts: Counter[int] = Counter()
    for one in told:
        for second, found in one.delays.items():
            if second > latest - _SPAN_SECONDS:
                counts.update(found)
    return nearest_rank(counts, (50,))[0]


def silent_before(source: Source, now: int) -> int | None:
    """The instant since when the source's calendar was open for ``silent_after``; None while it is closed."""
    calendar = source.calendar
    if calendar is None:
        return now - source.silent_after
    return calendar.since(now, source.silent_after) if calendar.is_open(now) else None


def as_json(feeds: Iterable[Feed], *, is_read: bool) -> dict[str, Any]:
    """By source, for the snapshot. Nobody is called silent before all is read that he may have said (``is_read``)."""
    return {feed.source: _as_json(feed, is_silent=is_read and feed.is_silent) for feed in feeds}


def _as_json(feed: Feed, *, is_silent: bool) -> dict[str, Any]:
    last = None if feed.last_event is None else format_instant(feed.last_event)
    return {
        "last_event_at": last,
        "silent": is_silent,
        "silent_since": last if is_silent else None,
        "delay_seconds": feed.delay_seconds,
        "late": feed.is_late,
    }
