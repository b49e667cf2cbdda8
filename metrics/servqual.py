"""SERVQUAL: how far what customers got stays behind what they expected, by item, dimension and overall.

The gap of a pair is its perception less its expectation, -6 to 6; under 0 the service fails. Parasuraman, Zeithaml and
Berry (1988). Pairs with one side missing never come here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from metrics.intervals import mean_of
from metrics.items import DIMENSIONS, pair_of
from metrics.samples import Samples

Counts = Mapping[int, int]


def summary(items: Mapping[str, Counts], samples: Samples) -> dict[str, Any]:
    """The numbers of one window from counts of pairs (``metrics.items.pair_value``) by item.

    A dimension is the mean of all its pairs, overall the mean of the dimensions that have any: each weighs the same,
    so it can be relied upon no more than the dimension with the fewest pairs.
    """
    by_dimension: dict[str, list[Counts]] = {dimension: [] for dimension in DIMENSIONS}
    for item, counts in items.items():
        by_dimension[item.partition(".")[0]].append(counts)
    pairs = {dimension: _added(counts) for dimension, counts in by_dimension.items()}
    sizes = [n for n in map(_size, pairs.values()) if n]
    gaps = [gap for gap in map(_gap, pairs.values()) if gap is not None]
    return {
        "pairs": sum(sizes),
        "overall": float(sum(gaps, Fraction()) / len(gaps)) if gaps else None,
        "sample": samples.of(min(sizes, default=0)),
        "dimensions": {dimension: _dimension(counts, samples) for dimension, counts in pairs.items()},
        "items": {item: _item(items[item], samples) for item in sorted(items, key=_place) if items[item]},
    }


def _place(item: str) -> tuple[int, int]:
    dimension, _, number = item.partition(".")
    return DIMENSIONS.index(dimension), int(number)


def _added(tables: Iterable[Counts]) -> dict[int, int]:
    added: dict[int, int] = {}
    for counts in tables:
        for value, count in counts.items():
            added[value] = added.get(value, 0) + count
    return added


def _size(counts: Counts) -> int:
    return sum(counts.values())


def _gaps(counts: Counts) -> dict[int, int]:
    """How often each gap occurs."""
    gaps: dict[int, int] = {}
    for value, count in counts.items():
        perception, expectation = pair_of(value)
        gaps[perception - expectation] = gaps.get(perception - expectation, 0) + count
    return gaps


def _gap(counts: Counts) -> Fraction | None:
    n = _size(counts)
    return Fraction(sum(gap * count for gap, count in _gaps(counts).items()), n) if n else None


def _dimension(counts: Counts, samples: Samples) -> dict[str, Any]:
    n, gap = _size(counts), _gap(counts)
    bounds = mean_of(_gaps(counts))
    sides = [sum(pair_of(value)[side] * count for value, count in counts.items()) for side in (0, 1)]
    return {
        "pairs": n,
        "gap": None if gap is None else float(gap),
        "perception": sides[0] / n if n else None,
        "expectation": sides[1] / n if n else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
        "sample": samples.of(n),
    }


def _item(counts: Counts, samples: Samples) -> dict[str, Any]:
    n, gap = _size(counts), _gap(counts)
    return {"pairs": n, "gap": None if gap is None else float(gap), "sample": samples.of(n)}
