"""The floor's wall-clock: instants to local hours, days and text, and back.

Reads no clock. The zone's rules come from the machine's zone data, or from the package tzdata.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from metrics.instants import DAY, HOUR, MINUTE, SECOND, from_datetime

QUARTER: Final = 15 * MINUTE  # zones change their offset at whole quarters of an hour only

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_MONDAY: Final = 4 * DAY  # 1970-01-05
_CACHED_MAX: Final = 4096


class LocalTime:
    """Local time in the IANA zone ``name``.

    Raises:
        ValueError: there is no such zone.
    """

    def __init__(self, name: str) -> None:
        try:
            self._zone = ZoneInfo(name)
        except (KeyError, OSError) as error:
            raise ValueError(f"{name!r} is not an IANA time zone") from error
        self._offsets: dict[int, tuple[int, str]] = {}
        self._dates: dict[int, str] = {}

    def hour_of_week(self, instant: int) -> int:
        """0 for Monday 00:00 to 01:00 local, to 167."""
        return (instant + self._offset(instant)[0] - _MONDAY) // HOUR % 168

    def day(self, instant: int) -> date:
        """The local date at ``instant``."""
        return date.fromordinal(_EPOCH_ORDINAL + (instant + self._offset(instant)[0]) // DAY)

    def at(self, day: date, minute: int) -> int:
        """The instant of the local ``day`` at ``minute`` of it (the earlier one where an hour repeats)."""
        hours, minutes = divmod(minute, 60)
        return from_datetime(datetime(day.year, day.month, day.day, hours, minutes, tzinfo=self._zone))

    def next_midnight(self, day: date) -> int:
        """The instant at which the local day after ``day`` begins."""
        return self.at(day + timedelta(days=1), 0)

    def text(self, instant: int, *, digits: int, utc: bool) -> str:
        """RFC 3339 with exactly ``digits`` fractional digits (the rest cut), in UTC as ``Z`` or with the offset."""
        offset, suffix = (0, "Z") if utc else self._offset(instant)
        seconds, fraction = divmod(instant + offset, SECOND)
        day, second = divmod(seconds, 86_400)
        minute, second = divmod(second, 60)
        hour, minute = divmod(minute, 60)
        tail = f".{fraction // 10 ** (9 - digits):0{digits}d}" if digits else ""
        return f"{self._date(day)}T{hour:02d}:{minute:02d}:{second:02d}{tail}{suffix}"

    def _offset(self, instant: int) -> tuple[int, str]:
        """The offset from UTC in whole minutes: nanoseconds, and as ``+03:30``."""
        quarter = instant // QUARTER
        found = self._offsets.get(quarter)
        if found is None:
            if len(self._offsets) >= _CACHED_MAX:
                self._offsets.clear()
            found = self._offsets[quarter] = self._look_up(quarter * QUARTER)
        return found

    def _look_up(self, instant: int) -> tuple[int, str]:
        moment = datetime.fromtimestamp(instant // SECOND, UTC).astimezone(self._zone)
        minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
        hours, rest = divmod(abs(minutes), 60)
        return minutes * MINUTE, f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"

    def _date(self, day: int) -> str:
        text = self._dates.get(day)
        if text is None:
            if len(self._dates) >= _CACHED_MAX:
                self._dates.clear()
            text = self._dates[day] = date.fromordinal(_EPOCH_ORDINAL + day).isoformat()
        return text
