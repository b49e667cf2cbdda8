"""Calendar periods by what a wall calendar shows at an instant: no start or end is ever worked out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from tests.oracle.instants import SECOND
from tests.oracle.windows import Window


@cache
def label(by: str, at: int, time_zone: str) -> str:
    """The name of the period that holds an instant."""
    local = datetime.fromtimestamp(at // SECOND, tz=UTC).astimezone(ZoneInfo(time_zone))
    if by == "day":
        return local.strftime("%Y-%m-%d")
    if by == "week":
        return local.strftime("%G-W%V")
    if by == "month":
        return local.strftime("%Y-%m")
    return f"{local.year}-Q{1 + (local.month - 1) // 3}"


@dataclass(frozen=True)
class Labelled(Window):
    """A window that holds what bears its name."""

    by: str
    time_zone: str

    def holds(self, at: int | None) -> bool:
        """Whether the wall calendar shows this period at an instant; no instant lies nowhere."""
        return at is not None and label(self.by, at, self.time_zone) == self.name


def periods_of(by: str, instants: Iterable[int], time_zone: str) -> list[Window]:
    """The periods of some instants, in order."""
    names = dict.fromkeys(label(by, at, time_zone) for at in sorted(instants))
    return [Labelled(name, 0, 0, by, time_zone) for name in names]
