"""What tickets did in whole days of the floor, out of the panes of all partitions; or why that is not known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from metrics.cell_tables import Tables, tables_of
from metrics.components import Components
from metrics.days import PERIODS_KEPT, PeriodSums, begin_of
from metrics.facts import Days
from metrics.instants import DAY, format_duration, format_instant
from metrics.measures import Vocabulary
from metrics.policies import Rules

#: Panes forget by the newest moment, which may be ahead of the clock, and by whole hours.
_SLACK: Final = DAY


@lru_cache(maxsize=PERIODS_KEPT)
def _tables(parts: tuple[PeriodSums, ...]) -> Tables:
    """The cells of one period in all partitions; made again only where the sums of one are others."""
    return tables_of([part.sums for part in parts])


#: Why there are no cells of a period that a process without the tickets was not sent.
NOT_ASKED: Final = "its days were not asked of all workers yet"


class Periods:
    """Tables by period as of one instant, each made once."""

    def __init__(
        self, found: Sequence[Components], rules: Rules, vocabulary: Vocabulary, now: int, since: int | None
    ) -> None:
        self._found = found
        self._rules = rules
        self._vocabulary = vocabulary
        self._now = now
        self._since = since
        self._made: dict[Days, Tables] = {}

    def is_known(self, queue: str) -> bool:
        """Whether tickets are counted by this queue; the empty one is the whole floor."""
        return not queue or self._rules.labels.queue(queue) == queue

    def number(self, queue: str) -> int | None:
        """The queue's number in tables; None for the whole floor."""
        return self._vocabulary.queue_id(queue) if queue else None

    def of(self, queue: str, days: Days) -> Tables | str:
        """The cells of the period, or why there are none that are exact."""
        if not self.is_known(queue):
            return "tickets of this queue are counted with others"
        first, last = (date.fromisoformat(day) for day in days)
        reason = self._unknown(first, last)
        if reason is not None:
            return reason
        if days not in self._made:
            sums = [one.period(first, last) for one in self._found]
            if None in sums:
                return NOT_ASKED
            self._made[days] = _tables(tuple(part for parts in sums if parts for part in parts))
        return self._made[days]

    def _unknown(self, first: date, last: date) -> str | None:
        zone = self._rules.time_zone
        begin = begin_of(first, zone)
        if begin_of(last + timedelta(days=1), zone) > self._now:
            return "the period is not over"
        if self._since is None or begin < self._since:
            known = "" if self._since is None else f", {format_instant(self._since)}"
            return f"the period begins before the events known{known}"
        if begin < self._now - self._rules.retention + _SLACK:
            kept = format_duration(self._rules.retention - _SLACK)
            return f"the period begins more than {kept} ago: tickets settled then may be gone"
        return None
