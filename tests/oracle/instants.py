"""Instants as integer nanoseconds since the epoch, read and written without the product's own parser."""

import re
from datetime import UTC, date, datetime

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.IGNORECASE
)
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def instant(text: str) -> int:
    """An RFC 3339 time with offset, as nanoseconds; anything else raises ValueError."""
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise ValueError(f"not an RFC 3339 time with offset: {text!r}")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    nanoseconds = int((found[7] or "").ljust(9, "0"))
    offset = (
        0 if found[8] is None else (int(found[9]) * HOUR + int(found[10]) * MINUTE) * (-1 if found[8] == "-" else 1)
    )
    days = date(year, month, day).toordinal() - _EPOCH_DAY
    return days * DAY + hour * HOUR + minute * MINUTE + second * SECOND + nanoseconds - offset


def instant_of_datetime(moment: datetime) -> int:
    """A zoned datetime (as TOML gives it), exact to its microsecond."""
    passed = moment - _EPOCH
    return passed.days * DAY + passed.seconds * SECOND + passed.microseconds * 1_000


def optional_instant(value: object) -> int | None:
    """An instant as a configuration gives it, RFC 3339 text or a zoned datetime; None stays None."""
    if value is None:
        return None
    return instant_of_datetime(value) if isinstance(value, datetime) else instant(str(value))


def text_of(at: int, offset_minutes: int = 0, digits: int = 9) -> str:
    """An instant as RFC 3339 at an offset, with `digits` digits of fraction (9 loses nothing)."""
    local = at + offset_minutes * MINUTE
    moment = datetime.fromtimestamp(local // SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{local % SECOND:09d}"[: digits + 1] if digits else ""
    sign, distance = ("-" if offset_minutes < 0 else "+"), abs(offset_minutes)
    zone = "Z" if offset_minutes == 0 else f"{sign}{distance // 60:02d}:{distance % 60:02d}"
    return moment + fraction + zone


def duration(text: str) -> int:
    """`90s`, `15m`, `1h30m`, `2d` as nanoseconds; anything else raises ValueError."""
    if not re.fullmatch(r"(\d+[smhd])+", text):
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(amount) * _UNITS[unit] for amount, unit in re.findall(r"(\d+)([smhd])", text))
