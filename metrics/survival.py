"""First response with the waiting ones: Kaplan-Meier over log buckets, answers before censorings at ties."""

from __future__ import annotations

from collections.abc import Mapping

from metrics.instants import SECOND
from metrics.measures import duration_of

#: Floats that should be equal may differ by this after some thousand multiplications.
_TINY = 1e-9


def quantiles(
    answered: Mapping[int, int], censored: Mapping[int, int], levels: tuple[float, ...]
) -> list[float | None]:
    """The smallest duration with S <= level, in seconds, for each level (descending); None where S stays above.

    ``answered`` and ``censored`` count tickets by bucket of their duration. Kaplan and Meier (1958).
    """
    at_risk = sum(answered.values()) + sum(censored.values())
    survival = 1.0
    found: list[float | None] = []
    for bucket in sorted(answered.keys() | censored.keys()):
        answers = answered.get(bucket, 0)
        if answers:
            survival *= (at_risk - answers) / at_risk
            while len(found) < len(levels) and survival <= levels[len(found)] + _TINY:
                found.append(duration_of(bucket) / SECOND)
        at_risk -= answers + censored.get(bucket, 0)
    return found + [None] * (len(levels) - len(found))


def nearest_rank(counts: Mapping[int, int], percents: tuple[int, ...]) -> list[float | None]:
    """Nearest-rank percentiles in seconds of durations counted by bucket, for ascending percents; None without any."""
    n = sum(counts.values())
    if not n:
        return [None] * len(percents)
    ranks = [(percent * n + 99) // 100 for percent in percents]
    found: list[float | None] = []
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        while len(found) < len(ranks) and seen >= ranks[len(found)]:
            found.append(duration_of(bucket) / SECOND)
    return found
