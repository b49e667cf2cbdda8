"""Instants and durations as integer nanoseconds.

An instant is an ``int``: nanoseconds since 1970-01-01T00:00:00Z. It is read from RFC 3339 text with an
offset and up to nine fractional digits, and written back as UTC without loss. Nothing here reads a clock.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

#: What a signed 64-bit count of nanoseconds can hold: 1677-09-21 to 2262-04-11.
EARLIEST: Final = -(2**63)
LATEST: Final = 2**63 - 1

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_DURATION_PART: Final = re.compile(r"(\d+)([smhd])", re.ASCII)
_UNIT: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}

_midnights: dict[str, int] = {}  # "2026-10-01" -> its midnight UTC; bounded below
_MIDNIGHTS_MAX: Final = 4096


def parse_instant(text: str) -> int:
    """The instant that RFC 3339 ``text`` names.

    A leap second (``:60``) is the first instant of the next minute.

    Raises:
        ValueError: the text is no RFC 3339 date-time with an offset, or lies outside 1677 to 2262.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 date-time with an offset")
    day, hours, minutes, seconds, fraction, sign, offset_hours, offset_minutes = match.groups()
    midnight = _midnights.get(day)
    if midnight is None:
        midnight = _midnight(day)
    h, m, s = int(hours), int(minutes), int(seconds)
    if h > 23 or m > 59 or s > 60:
        raise ValueError(f"{text!r} has no such time of day")
    instant = midnight + (h * 3600 + m * 60 + s) * SECOND
    if fraction is not None:
        instant += int(fraction.ljust(9, "0"))
    if sign is not None:
        oh, om = int(offset_hours), int(offset_minutes)
        if oh > 23 or om > 59:
            raise ValueError(f"{text!r} has no such offset")
        offset = (oh * 3600 + om * 60) * SECOND
        instant += -offset if sign == "+" else offset
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"{text!r} is outside 1677 to 2262")
    return instant


def _midnight(day: str) -> int:
    midnight = (date.fromisoformat(day).toordinal() - _EPOCH_ORDINAL) * DAY
    if len(_midnights) >= _MIDNIGHTS_MAX:
        _midnights.clear()
    _midnights[day] = midnight
    return midnight


def format_instant(instant: int) -> str:
    """``instant`` as RFC 3339 in UTC, with the fewest fractional digits that lose nothing."""
    seconds, fraction = divmod(instant, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction:
        text += "." + f"{fraction:09d}".rstrip("0")
    return text + "Z"


def from_datetime(moment: datetime) -> int:
    """The instant of an aware ``moment``, exact to its microsecond."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1_000


def parse_duration(text: str) -> int:
    """Nanoseconds of a duration: ``90s``, ``15m``, ``4h``, ``2d`` (a day is 24 h), and sums like ``1h30m``.

    Raises:
        ValueError: the text is no such duration, or is zero.
    """
    total, end = 0, 0
    for part in _DURATION_PART.finditer(text):
        if part.start() != end:
            break
        total += int(part[1]) * _UNIT[part[2]]
        end = part.end()
    if end != len(text) or total <= 0:
        raise ValueError(f"{text!r} is not a duration such as 90s, 15m, 4h, 2d or 1h30m")
    return total


def format_duration(duration: int) -> str:
    """``duration`` nanoseconds in the same notation as ``parse_duration`` reads: ``1h30m``; whole seconds only."""
    seconds, text = duration // SECOND, ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            text += f"{count}{unit}"
    return text or "0s"
