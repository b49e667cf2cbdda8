"""Which instants a window holds, as of T."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, duration


@dataclass(frozen=True)
class Window:
    """A window's first and last instant, both held."""

    name: str
    first: int
    last: int

    def holds(self, at: int | None) -> bool:
        """Whether an instant lies in it; no instant lies nowhere."""
        return at is not None and self.first <= at <= self.last


def windows_of(now: int, configuration: OracleConfiguration) -> list[Window]:
    """Every configured window and "today", as of `now`."""
    rolling = [Window(name, _first(now, duration(name)), now) for name in configuration.rolling]
    return [*rolling, Window("today", local_midnight(now, configuration.time_zone), now)]


def _first(now: int, length: int) -> int:
    # floor(t / pane) > floor((T - W) / pane) says: t is at or after the start of the pane that follows T - W.
    pane = MINUTE if length <= DAY else HOUR
    return ((now - length) // pane + 1) * pane


def local_midnight(now: int, time_zone: str) -> int:
    """The last whole minute at which the local date turned: midnight, or what stood for it."""
    zone = ZoneInfo(time_zone)
    minute = now // MINUTE * MINUTE
    today = _local_date(minute, zone)
    while _local_date(minute - MINUTE, zone) == today:
        minute -= MINUTE
    return minute


def _local_date(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at // SECOND, tz=UTC).astimezone(zone).date()
