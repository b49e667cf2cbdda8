"""How a source stands, from all records that carry its events: when it spoke last, how late they came."""

from collections.abc import Iterable
from typing import Any

from tests.oracle.calendars import Calendar, elapsed
from tests.oracle.instants import DAY, MINUTE, SECOND, text_of

Delivery = tuple[int, int]  # when an event happened, when its record was appended


def feed(
    records: Iterable[Delivery], now: int, silent_after: int, late_after: int, calendar: Calendar | None = None
) -> dict[str, Any]:
    """Its object in the snapshot; all records were read at `now`, so none was appended later than that.

    `delay_seconds` is the exact median, of which a product may be 1 % off; `late` goes by it.
    """
    read = [(at, min(appended, now)) for at, appended in records]
    live = [(at, appended) for at, appended in read if appended - at <= DAY]
    last = max((at for at, _ in live), default=None)
    is_open = calendar is None or bool(list(calendar.pieces(now, now + 1)))
    is_silent = last is not None and is_open and elapsed(calendar, last, now) > silent_after
    delay = median_delay(live, now)
    return {
        "last_event_at": None if last is None else text_of(last),
        "silent": is_silent,
        "silent_since": text_of(last) if last is not None and is_silent else None,
        "delay_seconds": delay,
        "late": delay is not None and delay > late_after / SECOND,
    }


def median_delay(live: list[Delivery], now: int) -> float | None:
    """Over 120 whole seconds of appending, the lower of two in the middle; a clock that is ahead has no delay."""
    latest = max((appended // SECOND for _, appended in live), default=None)
    if latest is None or latest < now // SECOND - 15 * MINUTE // SECOND:
        return None
    delays = sorted(max(0, appended - at) for at, appended in live if appended // SECOND > latest - 120)
    return delays[(len(delays) - 1) // 2] / SECOND
