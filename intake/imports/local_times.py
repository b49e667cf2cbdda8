"""The times of an export, in the formats and the zone that its map names, as instants.

It knows formats and zones, and nothing of rows or tickets. Every text has one meaning: of the formats the first that
fits counts; a local time that its zone has twice is the first of the two, one that it skips is moved on by the gap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from metrics.instants import EARLIEST, LATEST, SECOND, format_instant, from_datetime, parse_instant

RFC3339: Final = "rfc3339"
UNIX: Final = "unix"
UNIX_MS: Final = "unix_ms"

_UNIX: Final = re.compile(r"(-?)(\d+)(?:\.(\d{1,9}))?", re.ASCII)
_UNIX_MS: Final = re.compile(r"-?\d+", re.ASCII)
_YEAR: Final = re.compile(r"%[YyGcxsD]")
_SAMPLE: Final = datetime(2004, 11, 23, 13, 24, 35, tzinfo=UTC)  # no two of its parts are alike
_KNOWN_MAX: Final = 100_000  # a year of minutes is 525,600, but a busy desk's log has far fewer distinct ones


def format_problem(form: str) -> str | None:
    """Why ``form`` cannot be used as a time format, or None.

    A strptime format must give back the day it has written: one without a year would put every time into 1900.
    """
    if form in {RFC3339, UNIX, UNIX_MS}:
        return None
    if _YEAR.search(form) is None:
        return f'{form!r} has no year: "rfc3339", "unix", "unix_ms" or a format such as "%d/%m/%Y %H:%M" is expected'
    try:
        day = datetime.strptime(_SAMPLE.strftime(form), form).date()  # noqa: DTZ007, RUF100 (only the day is compared)
    except ValueError as error:
        return f"{form!r} is not a format that times can be read by: {error}"
    return None if day == _SAMPLE.date() else f"{form!r} does not tell the day: year, month and day are expected"


def has_zone(form: str) -> bool:
    """Whether a time of this format says its own zone."""
    return form in {RFC3339, UNIX, UNIX_MS} or "%z" in form


class LocalTimes:
    """Reads times of ``formats`` (checked by ``format_problem``); those without an offset are times of ``zone``."""

    def __init__(self, formats: Sequence[str], zone: str | None) -> None:
        self.formats = tuple(formats)
        self.used: set[str] = set()
        self._zone = ZoneInfo(zone or "UTC")
        self._known: dict[str, str] = {}

    def rfc3339(self, text: str) -> str:
        """The instant of ``text`` as RFC 3339 in UTC.

        Raises:
            ValueError: no format fits, or the instant lies outside 1677 to 2262.
        """
        known = self._known.get(text)
        if known is None:
            known = format_instant(self.instant(text))
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[text] = known
        return known

    def instant(self, text: str) -> int:
        """The instant of ``text`` in nanoseconds since the epoch; raises like ``rfc3339``."""
        for form in self.formats:
            try:
                instant = self._by(form, text)
            except (ValueError, OverflowError):
                continue
            if EARLIEST <= instant <= LATEST:
                self.used.add(form)
                return instant
        raise ValueError(f"a time as {' or '.join(map(repr, self.formats))} is expected")

    def _by(self, form: str, text: str) -> int:
        if form == RFC3339:
            return parse_instant(text)
        if form == UNIX:
            return _seconds(text)
        if form == UNIX_MS:
            return _milliseconds(text)
        moment = datetime.strptime(text, form)  # noqa: DTZ007 (the zone is the map's)
        # fold stays 0: a repeated local time is its first pass, a skipped one keeps the offset from before the gap.
        return from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone))


def _seconds(text: str) -> int:
    match = _UNIX.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a number of seconds")
    sign, seconds, fraction = match.groups()
    size = int(seconds) * SECOND + int((fraction or "").ljust(9, "0"))
    return -size if sign else size


def _milliseconds(text: str) -> int:
    if _UNIX_MS.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a whole number of milliseconds")
    return int(text) * 1_000_000
