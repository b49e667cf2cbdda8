"""Mutes as Alertmanager knows them: a span of instants as intervals of days of the calendar, in UTC.

Alertmanager's times repeat, so each is bound to its days, month and year. Whole minutes: a mute begins with the minute
of its start and ends with that of its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from alerting.settings import Mute
from metrics.instants import MINUTE, SECOND, format_instant

_DAY: Final = timedelta(days=1)


def name(number: int) -> str:
    """What the mute at this place of the configuration is called."""
    return f"mute {number + 1}"


def intervals(number: int, mute: Mute) -> dict[str, Any]:
    """A mute as an item of ``time_intervals``."""
    return {"name": name(number), "time_intervals": list(_intervals(mute))}


def told(number: int, mute: Mute) -> str:
    """A mute in words, for the runbook."""
    queues = f" of {', '.join(mute.queues)}" if mute.queues is not None else ""
    reason = f": {mute.reason}" if mute.reason is not None else ""
    return f"{name(number)}, {format_instant(mute.starts_at)} to {format_instant(mute.ends_at)}{queues}{reason}"


def _intervals(mute: Mute) -> Iterator[dict[str, Any]]:
    start = datetime.fromtimestamp(mute.starts_at // MINUTE * MINUTE // SECOND, UTC)
    end = datetime.fromtimestamp(-(-mute.ends_at // MINUTE) * MINUTE // SECOND, UTC)
    whole_from, whole_to = _midnight(start + _DAY - timedelta(minutes=1)), _midnight(end)
    if whole_from > whole_to:  # within one day
        yield _on(start, start.day, (start, end))
        return
    if start < whole_from:
        yield _on(start, start.day, (start, None))
    while whole_from < whole_to:
        month_end = _midnight(whole_from.replace(day=1) + 32 * _DAY).replace(day=1)
        last = min(month_end, whole_to) - _DAY
        yield _on(whole_from, last.day)
        whole_from = last + _DAY
    if whole_to < end:
        yield _on(whole_to, whole_to.day, (None, end))


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _on(day: datetime, last_day: int, times: tuple[datetime | None, datetime | None] | None = None) -> dict[str, Any]:
    """From ``day`` to ``last_day`` of its month; ``times`` of these days, None: from or to midnight."""
    found: dict[str, Any] = {}
    if times is not None:
        begin, end = times
        found["times"] = [
            {
                "start_time": "00:00" if begin is None else f"{begin:%H:%M}",
                "end_time": "24:00" if end is None else f"{end:%H:%M}",
            }
        ]
    days = str(day.day) if last_day == day.day else f"{day.day}:{last_day}"
    return found | {"days_of_month": [days], "months": [str(day.month)], "years": [str(day.year)]}
