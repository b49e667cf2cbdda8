"""Targets out of own data: the baseline of today with its interval, and one stated step from it. Pure.

The step is to the better bound of the baseline's 95 % interval: what today's floor might already be at, for all that
so many answers can tell. With few it is large and sure of little, so under a minimum there is none. A target is never
moved to the worse.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.instants import DAY, HOUR, MINUTE, SECOND
from metrics.intervals import Z

MINIMUM: Final = 30
HOURS_OF_WEEK: Final = 7 * 24
_QUARTER: Final = 15 * MINUTE

#: A target is told in whole units: below so much, of so much.
_UNITS: Final = ((2 * MINUTE, SECOND), (10 * MINUTE, 10 * SECOND), (2 * HOUR, MINUTE), (DAY, 5 * MINUTE))


class Quantile(msgspec.Struct, frozen=True):
    """The nearest-rank quantile of durations with its 95 % bounds; None where too few lie beyond."""

    value: int
    low: int | None
    high: int | None


def quantile(ascending: Sequence[int], share: float) -> Quantile:
    """Of one or more durations; bounds by order statistics, whatever their distribution.

    Ranks n p -+ z sqrt(n p (1 - p)), rounded up: Conover (1999), Practical Nonparametric Statistics, 3.2.
    """
    n = len(ascending)
    half = Z * math.sqrt(n * share * (1 - share))
    low, high = math.ceil(n * share - half), math.ceil(n * share + half)
    rank = max(1, math.ceil(n * share - 1e-9))
    return Quantile(
        ascending[rank - 1], ascending[low - 1] if low >= 1 else None, ascending[high - 1] if high <= n else None
    )


def shorter(found: Quantile, present: int | None) -> int | None:
    """The time that a target would be: the lower bound in whole units; None where the present one is as short."""
    if found.low is None:
        return None
    step = in_units(found.low)
    return step if step > 0 and (present is None or step < present) else None


def in_units(duration: int) -> int:
    """A duration rounded up to what people say: seconds, then 10 seconds, minutes, 5 minutes, hours."""
    unit = next((unit for below, unit in _UNITS if duration < below), HOUR)
    return -(-duration // unit) * unit


class Scale(msgspec.Struct, frozen=True):
    """What a score is told on: from ``least`` to ``most`` with so many decimals, and which way is better."""

    least: float
    most: float
    digits: int
    is_lower_better: bool = False


class Baseline(msgspec.Struct, frozen=True):
    """A score over the baseline: its value and the 95 % interval of ``n`` answers, tickets or clocks."""

    value: float
    low: float
    high: float
    n: int


def further(found: Baseline, present: float | None, scale: Scale) -> float | None:
    """The score that a target would be: the better bound, rounded to the easier side.

    None where the present target is as good; where the bound is the end of the scale, since what nothing may ever miss
    is no target; and where the value is the other end, since what never happened may not even be measured. Too few for
    an interval are the caller's to leave out.
    """
    unit = 10**scale.digits
    if scale.is_lower_better:
        step = math.ceil(found.low * unit - 1e-9) / unit
        is_within, is_better = found.value < scale.most and step > scale.least, present is None or step < present
    else:
        step = math.floor(found.high * unit + 1e-9) / unit
        is_within, is_better = found.value > scale.least and step < scale.most, present is None or step > present
    return step if is_within and is_better else None


class HourOfWeek(msgspec.Struct, frozen=True):
    """What an hour of the local week brings: tickets an hour, and the median first response of those, if any."""

    created: float | None
    p50: int | None


def hours_of_week(waits: Iterable[tuple[int, int | None]], start: int, end: int, time_zone: str) -> list[HourOfWeek]:
    """Monday's first hour first, of tickets (created, first response) created in [start, end).

    Occurrences of an hour are counted by quarters of it, so that a clock change makes one shorter or longer.
    """
    zone = ZoneInfo(time_zone)
    quarters = [0] * HOURS_OF_WEEK
    for at in range(start, end, _QUARTER):
        quarters[_hour_of_week(at, zone)] += 1
    found: list[list[int | None]] = [[] for _ in range(HOURS_OF_WEEK)]
    for created, took in waits:
        found[_hour_of_week(created, zone)].append(took)
    return [_hour(some, count) for some, count in zip(found, quarters, strict=True)]


def _hour(some: Sequence[int | None], quarters: int) -> HourOfWeek:
    known = sorted(took for took in some if took is not None)
    median = quantile(known, 0.5).value if known else None
    return HourOfWeek(len(some) * 4 / quarters if quarters else None, median)


def _hour_of_week(at: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone)
    return local.weekday() * 24 + local.hour
