"""Which of the configured windows an alert judges, where the one that it would like may not be there."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

from metrics.instants import DAY, HOUR, MINUTE
from metrics.policies import Window


def nearest(windows: Iterable[Window], wanted: int, least: int, most: int) -> Window | None:
    """The window whose length is nearest to ``wanted`` by ratio, of those from ``least`` to ``most`` long."""
    fit = [window for window in windows if least <= window.length <= most]
    return min(fit, key=lambda window: abs(log(window.length / wanted)), default=None)


def short_window(windows: Iterable[Window]) -> Window | None:
    """About an hour: what happens now, yet long enough to hold a few replies."""
    return nearest(windows, HOUR, 15 * MINUTE, 3 * HOUR)


def long_window(windows: Iterable[Window]) -> Window | None:
    """About six hours: that it goes on. Longer than any short window."""
    return nearest(windows, 6 * HOUR, 3 * HOUR + 1, 2 * DAY)
