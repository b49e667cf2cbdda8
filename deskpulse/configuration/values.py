"""The kinds of value that the configuration file knows: durations, instants, zones, opening hours, addresses.

Each is read from what TOML gives, and refused with a text that says what is expected. Durations and instants
become integer nanoseconds. Nothing here knows which table a value stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from deskpulse.configuration import public_holidays
from metrics import instants
from metrics.policies import pane_of

DURATION_MAX: Final = 3660 * instants.DAY
TEXT_LENGTH_MAX: Final = 200

_DURATION: Final = "a duration such as 90s, 15m, 4h, 2d or 1h30m, at most 3660d"
_INSTANT: Final = "a date-time with an offset, such as 2026-01-01T00:00:00Z, from 1678 to 2261"
_OPEN_HOURS: Final = 'opening hours such as "09:00-12:30", the end after the start and at most 24:00'
_KAFKA_URL: Final = "an address such as kafka://localhost:9092"
_REDIS_URL: Final = "an address such as redis://localhost:6379/0"
_WEB_URL: Final = "an address such as http://127.0.0.1:9093"
_ADDRESS: Final = "an address with a port, such as worker-1:6066"
_NAME: Final = "a name of letters, digits, _, . and -, at most 64 of them"
_VARIABLE: Final = "the name of an environment variable, such as PAGER_KEY (never the secret itself)"
_COUNTRY: Final = "a country such as TR, or a subdivision such as DE-BY"
_TIME_RANGE: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]{1,253}|[0-9A-Fa-f:.]{2,45}", re.ASCII)

_URL_TEXT: Final = re.compile(r"[!-~]+")  # printable, without spaces
_PORT: Final = re.compile(r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]", re.ASCII)


class Shown(msgspec.Struct, frozen=True):
    """How the reference names a kind of value."""

    kind: str


class Table(BaseModel):
    """A table of the file: nothing is converted silently, nothing changes later, no key is ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class OpenHours(NamedTuple):
    """Minutes of the local day in [``opens_minute``, ``closes_minute``); 1440 is midnight at its end."""

    opens_minute: int
    closes_minute: int


def _duration(value: object) -> int:
    try:
        duration = instants.parse_duration(value) if isinstance(value, str) else 0
    except ValueError:
        duration = 0
    if not 0 < duration <= DURATION_MAX:
        raise ValueError(_DURATION)
    return duration


def _instant(value: object) -> int:
    try:
        if isinstance(value, str):
            return instants.parse_instant(value)
        if isinstance(value, datetime) and value.tzinfo is not None and 1678 <= value.year <= 2261:
            return instants.from_datetime(value)
    except ValueError:
        pass
    raise ValueError(_INSTANT)


def _rolling_name(value: str) -> str:
    expected = (
        'a duration in whole minutes up to 24h, in whole hours beyond, such as 15m or 7d ("today" is always there)'
    )
    try:
        duration = _duration(value)
    except ValueError:
        raise ValueError(expected) from None
    if duration % pane_of(duration):
        raise ValueError(expected)
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _time_zone(value: str) -> str:
    if value not in _zones():
        hint = closest(value, _zones())
        raise ValueError(f"an IANA time zone such as Europe/Istanbul{hint}")
    return value


def closest(value: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the best match of ``value`` in ``known``, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed once something is wrong

    names = sorted(known)
    by_folded = {name.casefold(): name for name in reversed(names)}
    matches = get_close_matches(value.casefold(), by_folded, n=1)
    return f'; did you mean "{by_folded[matches[0]]}"?' if matches else ""


def _country(value: str) -> str:
    country, _, subdivision = value.partition("-")
    known = public_holidays.subdivisions(country)
    if known is None:
        raise ValueError(f"{_COUNTRY}, of those that the holidays library knows")
    if subdivision and subdivision not in known:
        listed = ", ".join(f"{country}-{one}" for one in known) or "none is known"
        raise ValueError(f"{country} alone, or one of its subdivisions: {listed}")
    return value


def _open_hours(value: object) -> OpenHours:
    match = _TIME_RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_OPEN_HOURS)
    start_hour, start_minute, *end = (int(group) for group in match.groups() if group is not None)
    hours = OpenHours(start_hour * 60 + start_minute, end[0] * 60 + end[1])
    if hours.opens_minute >= hours.closes_minute:
        raise ValueError(_OPEN_HOURS)
    return hours


def _apart(hours: tuple[OpenHours, ...]) -> tuple[OpenHours, ...]:
    ordered = sorted(hours)
    for earlier, later in pairwise(ordered):
        if later.opens_minute < earlier.closes_minute:
            raise ValueError("opening hours that do not overlap")
    return tuple(ordered)


def _day(value: object) -> date:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("a date such as 2026-01-31")


def _broker_address(value: str) -> str:
    """``host:port`` of a Kafka address; the port is 9092 when absent."""
    try:
        parts = urlsplit(value if "://" in value else f"kafka://{value}")
        host, port = parts.hostname or "", parts.port or 9092
    except ValueError:
        raise ValueError(_KAFKA_URL) from None
    if parts.scheme != "kafka" or parts.path.strip("/") or parts.query or parts.fragment or not _HOST.fullmatch(host):
        raise ValueError(_KAFKA_URL)
    if "@" in parts.netloc:
        raise ValueError(f"{_KAFKA_URL}, without user or password")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _redis_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = bool(parts.hostname or parts.scheme == "unix") and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ValueError(_REDIS_URL) from None
    if not sound or parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(_REDIS_URL)
    return value


def _web_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:
        sound = None
    if not sound or not _URL_TEXT.fullmatch(value):
        raise ValueError(_WEB_URL)
    if "@" in parts.netloc:
        raise ValueError(f"{_WEB_URL}, without user or password")
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not _HOST.fullmatch(bare) or (":" in host and bare == host) or not _PORT.fullmatch(port):
        raise ValueError(_ADDRESS)
    return value


def _scrape_interval(value: int) -> int:
    # Prometheus forgets a series after five minutes: two scrapes have to fit, and one may fail.
    if not instants.SECOND <= value <= 2 * instants.MINUTE or value % instants.SECOND:
        raise ValueError("whole seconds, from 1s to 2m")
    return value


def _share(value: float) -> float:
    if not 0.000_001 <= value <= 0.999_999:
        raise ValueError("a number strictly between 0 and 1, to six decimals")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("an address or host name to listen on, such as 127.0.0.1 or 0.0.0.0")
    return value


def _once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    repeated = next((value for i, value in enumerate(values) if value in values[:i]), None)
    if repeated is not None:
        raise ValueError(f"each value once, but {str(repeated)!r} is repeated")
    return values


def matching(pattern: str, expected: str) -> AfterValidator:
    """A validator of texts that match ``pattern`` whole."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(expected)
        return value

    return AfterValidator(check)


def _some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    # Not pydantic's min_length: that counts the sound items only, and calls a list with one bad item empty.
    if not values:
        raise ValueError("a list that is not empty")
    return values


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


FROM_LIST: Final = Strict(strict=False)  # TOML's lists become tuples; their items stay strict

NOT_EMPTY: Final = AfterValidator(_some)

Duration = Annotated[int, BeforeValidator(_duration), Shown("duration")]
Instant = Annotated[int, BeforeValidator(_instant), Shown("date-time with offset")]
Text = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX), Shown("text")]
Name = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", _NAME), Shown("name")]
TimeZone = Annotated[str, AfterValidator(_time_zone), Shown("time zone")]
Host = Annotated[str, AfterValidator(_host), Shown("address")]
Port = Annotated[int, Field(ge=0, le=65535), Shown("port")]
Share = Annotated[float, AfterValidator(_share), Shown("number between 0 and 1")]
Count = Annotated[int, Field(ge=1, le=2**31 - 1), Shown("integer from 1")]
Variable = Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", _VARIABLE), Shown("environment variable")]
RollingName = Annotated[str, AfterValidator(_rolling_name), Shown("duration")]
RedisUrl = Annotated[str, AfterValidator(_redis_url), Shown("URL")]
BrokerAddress = Annotated[str, AfterValidator(_broker_address), Shown("URL")]
WebUrl = Annotated[str, Field(max_length=TEXT_LENGTH_MAX), AfterValidator(_web_url), Shown("URL")]
Address = Annotated[str, AfterValidator(_address), Shown("host and port")]
ScrapeInterval = Annotated[int, BeforeValidator(_duration), AfterValidator(_scrape_interval), Shown("duration")]
Country = Annotated[
    str,
    matching(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", _COUNTRY),
    AfterValidator(_country),
    Shown("country or subdivision code"),
]
Day = Annotated[date, BeforeValidator(_day), Shown("date")]
Hours = Annotated[OpenHours, BeforeValidator(_open_hours), Shown("opening hours")]

BrokerAddresses = Annotated[tuple[BrokerAddress, ...], FROM_LIST, BeforeValidator(_as_list), NOT_EMPTY]
Addresses = Annotated[tuple[Address, ...], FROM_LIST, AfterValidator(_once), NOT_EMPTY, Field(max_length=1000)]
Texts = Annotated[tuple[Text, ...], FROM_LIST, AfterValidator(_once), Field(max_length=1000)]
SomeTexts = Annotated[tuple[Text, ...], FROM_LIST, AfterValidator(_once), NOT_EMPTY, Field(max_length=1000)]
DayHours = Annotated[tuple[Hours, ...], FROM_LIST, AfterValidator(_apart)]
