"""Calendar periods by what a wall calendar shows at an instant: no start or end is ever worked out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.oracle.instants import SECOND
from tests.oracle.windows import Window


@cache
def label(by: str, at: int, time_zone: str) -> str:
    """The name of the period that holds an instant."""
    return label_of(by, datetime.fromtimestamp(at // SECOND, tz=UTC).astimezone(ZoneInfo(time_zone)).date())


def label_of(by: str, local: date) -> str:
    """The name of the period that holds a local date."""
    if by == "day":
        return local.strftime("%Y-%m-%d")
    if by == "week":
        return local.strftime("%G-W%V")
    if by == "month":
        return local.strftime("%Y-%m")
    return f"{local.year}-Q{1 + (local.month - 1) // 3}"


def days_of(by: str, first: date, last: date) -> dict[str, list[date]]:
    """The dates from first to last under the name of their period; one that reaches beyond lacks some."""
    found: dict[str, list[date]] = {}
    day = first
    while day <= last:
        found.setdefault(label_of(by, day), []).append(day)
        day += timedelta(days=1)
    return found


@dataclass(frozen=True)
class Labelled(Window):
    """A window that holds what bears its name."""

    by: str
    time_zone: str

    @property
    def before(self) -> "Labelled":
        """The period whose last local date is the one before its own first."""
        year, _, rest = self.name.partition("-")
        first = {
            "day": lambda: date.fromisoformat(self.name),
            "week": lambda: date.fromisocalendar(int(year), int(rest.lstrip("W")), 1),
            "month": lambda: date(int(year), int(rest), 1),
            "quarter": lambda: date(int(year), 3 * int(rest.lstrip("Q")) - 2, 1),
        }[self.by]()
        return Labelled(label_of(self.by, first - timedelta(days=1)), 0, 0, self.by, self.time_zone)

    def is_later_than(self, at: int) -> bool:
        """Whether an instant lies in an earlier period: names sort as time does."""
        return label(self.by, at, self.time_zone) < self.name

    def holds(self, at: int | None) -> bool:
        """Whether the wall calendar shows this period at an instant; no instant lies nowhere."""
        return at is not None and label(self.by, at, self.time_zone) == self.name


def periods_of(by: str, instants: Iterable[int], time_zone: str) -> list[Window]:
    """The periods of some instants, in order."""
    names = dict.fromkeys(label(by, at, time_zone) for at in sorted(instants))
    return [Labelled(name, 0, 0, by, time_zone) for name in names]
