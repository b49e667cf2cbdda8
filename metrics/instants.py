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
_MINUTE: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):", re.ASCII)
_REST: Final = re.compile(r"(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_DURATION_PART: Final = re.compile(r"(\d+)([smhd])", re.ASCII)
_UNIT: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}

# What was parsed before, bounded: "2026-10-01T12:34:" and ".286+03:30" as nanoseconds. Most texts share both with
# others, since most clocks give milliseconds.
_minutes: dict[str, int] = {}
_rests: dict[str, int] = {}
_CACHED_MAX: Final = 4096
_CACHED_LENGTH_MAX: Final = len(".286+03:30")
_SECONDS: Final = {f"{second:02d}": second * SECOND for second in range(61)}


def parse_instant(text: str) -> int:
    """The instant that RFC 3339 ``text`` names.

    A leap second (``:60``) is the first instant of the next minute.

    Raises:
        ValueError: the text is no RFC 3339 date-time with an offset, or lies outside 1677 to 2262.
    """
    rest = _rests.get(text[19:])
    if rest is not None:
        try:
            return _minutes[text[:17]] + _SECONDS[text[17:19]] + rest
        except KeyError:
            pass
    return _parse_in_full(text)


def _parse_in_full(text: str) -> int:
    minute, second, rest = _minute_of(text), _SECONDS.get(text[17:19]), _rest_of(text)
    if second is None:
        raise ValueError(f"{text!r} is not an RFC 3339 date-time with an offset")
    instant = minute + second + rest
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"{text!r} is outside 1677 to 2262")
    return instant


def _minute_of(text: str) -> int:
    """Nanoseconds up to the minute; only what is well within the bounds is remembered."""
    known = _minutes.get(text[:17])
    if known is not None:
        return known
    match = _MINUTE.fullmatch(text[:17])
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 date-time with an offset")
    hours, minutes = int(match[2]), int(match[3])
    if hours > 23 or minutes > 59:
        raise ValueError(f"{text!r} has no such time of day")
    minute = (date.fromisoformat(match[1]).toordinal() - _EPOCH_ORDINAL) * DAY + (hours * 60 + minutes) * MINUTE
    if EARLIEST + 2 * DAY < minute < LATEST - 2 * DAY:
        _remember(_minutes, text[:17], minute)
    return minute


def _rest_of(text: str) -> int:
    """Nanoseconds of the fraction and the offset."""
    rest = text[19:]
    known = _rests.get(rest)
    if known is not None:
        return known
    match = _REST.fullmatch(rest)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 date-time with an offset")
    fraction, sign, offset_hours, offset_minutes = match.groups()
    found = int(fraction.ljust(9, "0")) if fraction else 0
    if sign is not None:
        hours, minutes = int(offset_hours), int(offset_minutes)
        if hours > 23 or minutes > 59:
            raise ValueError(f"{text!r} has no such offset")
        found -= (hours * 60 + minutes) * MINUTE * (1 if sign == "+" else -1)
    if len(rest) <= _CACHED_LENGTH_MAX:
        _remember(_rests, rest, found)
    return found


def _remember(cache: dict[str, int], text: str, value: int) -> None:
    if len(cache) >= _CACHED_MAX:
        cache.clear()
    cache[text] = value


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
