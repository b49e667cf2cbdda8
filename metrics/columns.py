"""Integers in columns: how the numbers of many tickets are added up at once. Nothing of tickets or time is known here.

64-bit and exact; what does not fit (a duration of more than 292 years) counts as the nearest that does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.instants import EARLIEST, LATEST

Ints = NDArray[np.int64]

EMPTY: Final[Ints] = np.empty(0, dtype=np.int64)


def table(flat: list[int], width: int) -> Ints:
    """Rows of ``width`` integers, from all of them in one list; shape (len(flat) / width, width)."""
    return ints(flat).reshape(-1, width)


def ints(values: Sequence[int]) -> Ints:
    """A column."""
    try:
        return np.fromiter(values, dtype=np.int64, count=len(values))
    except OverflowError:
        return np.array([within(value) for value in values], dtype=np.int64)


def within(value: int) -> int:
    """The nearest of the integers that a column can hold."""
    return min(max(value, EARLIEST), LATEST)


def ordered(values: Ints) -> NDArray[np.intp]:
    """The order in which a column ascends, equal values in any order; fast where all lie within 2^16."""
    if not len(values):
        return np.empty(0, dtype=np.intp)
    least = values.min()
    if values.max() - least < 2**16:
        return np.argsort((values - least).astype(np.uint16), kind="stable")
    return np.argsort(values)


def summed(keys: Ints, amounts: Ints) -> tuple[Ints, Ints]:
    """Each key once, ascending, with the sum of its amounts, where that is not 0."""
    if not len(keys):
        return keys, amounts
    order = np.argsort(keys)
    keys = keys[order]
    starts = run_starts(keys)
    totals = np.add.reduceat(amounts[order], starts)
    left = totals != 0
    return keys[starts][left], totals[left]


def run_starts(ascending: Ints) -> NDArray[np.intp]:
    """Where in a sorted column each distinct value begins."""
    differs = np.empty(len(ascending), dtype=np.bool_)
    differs[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=differs[1:])
    return np.flatnonzero(differs)


def runs(ascending: Ints) -> Iterator[tuple[int, slice]]:
    """Each distinct value of a sorted column, with where it stands."""
    starts = run_starts(ascending)
    ends = np.append(starts[1:], len(ascending))[: len(starts)]
    for value, start, end in zip(ascending[starts].tolist(), starts.tolist(), ends.tolist(), strict=True):
        yield value, slice(start, end)
