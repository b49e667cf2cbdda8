"""Calendar periods of a time zone, and every window KPI in each of them, as known at one instant.

A period is [local midnight, local midnight): a day, an ISO week from Monday on, a month, or a quarter. Its numbers are
those of a window of the snapshot, from panes of a minute: every zone keeps whole minutes of UTC since 1972.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.components import Asked, Part, Span
from metrics.facts import Days
from metrics.instants import LATEST, MINUTE, SECOND, format_instant, from_datetime
from metrics.measures import Vocabulary
from metrics.policies import Rules
from metrics.slow_periods import SLOW_KPIS, slow_by_period
from metrics.snapshot import windows_of


class By(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


class Period(msgspec.Struct, frozen=True):
    """[start, end) in nanoseconds; ``name`` is ``2026-10-07``, ``2026-W41``, ``2026-10`` or ``2026-Q4``.

    ``days``: its first and its last day by the calendar, as business facts name them.
    """

    name: str
    start: int
    end: int
    days: Days

    @property
    def span(self) -> Span:
        """It as a window of the snapshot."""
        return Span(self.name, MINUTE, self.start // MINUTE - 1, self.end // MINUTE - 1)


def history_rules(rules: Rules) -> Rules:
    """The same rules for a floor that is asked about any minute of its whole history; it listens for no feeds."""
    return msgspec.structs.replace(rules, retention=LATEST, by_minute=True, feeds=())


def periods(by: By, first: int, last: int, time_zone: str) -> list[Period]:
    """Every period that holds an instant of first to last, ascending and without gaps."""
    zone = ZoneInfo(time_zone)
    # From a day before: where a clock is set back over midnight, a local date begins after its latest instant.
    day = _begin(by, _local_date(first, zone) - timedelta(days=1))
    found = []
    while (start := _midnight(day, zone)) <= last:
        following = _next(by, day)
        end = _midnight(following, zone)
        if max(first, start) < end:  # not gone by, and not a date that the zone left out
            days = day.isoformat(), (following - timedelta(days=1)).isoformat()
            found.append(Period(_NAMES[by](day), start, end, days))
        day = following
    return found


def report(
    parts: Sequence[Part],
    rules: Rules,
    vocabulary: Vocabulary,
    now: int,
    asked: Sequence[Period],
    queue: str | None = None,
    *,
    before: Period | None = None,
) -> list[dict[str, Any]]:
    """For each period its name, its bounds, whether it is partial, its window and slow KPIs: of one queue, or of all.

    Satisfaction is compared with the period that was asked for before it, of the first one with ``before``.

    Numbers are as known at ``now``, later corrections included: a ticket of the period that still waits has waited
    until ``now``, and a clock that was due in it and is not settled is a live breach of it. Partial: history begins
    in or after the period, or ``now`` is before its end.
    """
    spans = [period.span for period in asked]
    earlier = [None if before is None else before.span, *spans]
    compared = {one.name: (past.pane, past.after, past.last) for past, one in zip(earlier, spans, strict=False) if past}
    windows = windows_of(parts, rules, vocabulary, Asked(now, spans, compared), [queue])[queue]
    slow = slow_by_period(parts, rules, vocabulary, now, [period.days for period in asked], queue)
    return [
        {
            "period": period.name,
            "start": format_instant(period.start),
            "end": format_instant(period.end),
            "partial": not windows[period.name]["complete"] or now < period.end - 1,
            **windows[period.name],
            SLOW_KPIS: of_facts,
        }
        for period, of_facts in zip(asked, slow, strict=True)
    ]


def period_before(by: By, period: Period, time_zone: str) -> Period:
    """The one that ends where it begins."""
    return periods(by, period.start - 1, period.start - 1, time_zone)[-1]


def _local_date(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    """When a local date begins: the first midnight where the zone repeats it, the jump where it leaves it out."""
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))


def _begin(by: By, day: date) -> date:
    if by is By.WEEK:
        return day - timedelta(days=day.weekday())
    if by is By.DAY:
        return day
    return day.replace(day=1, month=day.month if by is By.MONTH else (day.month - 1) // 3 * 3 + 1)


def _next(by: By, day: date) -> date:
    days = {By.DAY: 1, By.WEEK: 7, By.MONTH: 31, By.QUARTER: 92}[by]
    return _begin(by, day + timedelta(days=days))


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


_NAMES: Final[dict[By, Callable[[date], str]]] = {
    By.DAY: date.isoformat,
    By.WEEK: _week,
    By.MONTH: lambda day: f"{day:%Y-%m}",
    By.QUARTER: lambda day: f"{day.year}-Q{(day.month + 2) // 3}",
}


def columns(row: dict[str, Any]) -> dict[str, Any]:
    """A row without nesting: ``{"csat": {"mean": 4.5}}`` becomes ``{"csat.mean": 4.5}``."""
    return dict(_flat(row, ""))


def _flat(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner
