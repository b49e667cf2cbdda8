"""Seeded chance, equal to the last bit on every machine.

Only ``Random.random()`` is drawn from, since its sequence is the one that Python promises to keep, and only
``+ - * /`` are used on it, which IEEE 754 fixes: ``log`` and ``exp`` of two C libraries may differ in the last bit,
and so may ``sum`` of two Pythons (``math.fsum`` may not).
Each part of the floor has dice of its own, so that what one part draws never shifts another.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from hashlib import sha256
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from metrics.instants import SECOND

T = TypeVar("T")


class Choices(Generic[T]):
    """Values with weights, in a fixed order; the weights need not sum to 1."""

    __slots__ = ("cumulative", "total", "values")

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = tuple(weights)
        self.cumulative = tuple(accumulate(weights.values()))
        self.total = self.cumulative[-1]


class Dice:
    """The dice of the part called ``name`` in the simulation of ``seed``."""

    __slots__ = ("uniform",)

    def __init__(self, seed: int, name: str) -> None:
        digest = sha256(f"{seed}/{name}".encode()).digest()
        self.uniform = Random(int.from_bytes(digest, "big")).random

    def chance(self, probability: float) -> bool:
        """True with ``probability``, 0 to 1."""
        return self.uniform() < probability

    def below(self, limit: int) -> int:
        """An integer of [0, limit), each as likely."""
        return int(self.uniform() * limit)

    def between(self, low: int, high: int) -> int:
        """An integer of [low, high], each as likely."""
        return low + int(self.uniform() * (high - low + 1))

    def pick(self, choices: Choices[T]) -> T:
        """One of the values, as likely as its weight says."""
        return choices.values[min(bisect(choices.cumulative, self.uniform() * choices.total), len(choices.values) - 1)]

    def exponential(self) -> float:
        """A waiting time of mean 1, by von Neumann's comparisons (1951), which need no logarithm."""
        whole = 0
        while True:
            first = smallest = self.uniform()
            odd = True
            while (draw := self.uniform()) < smallest:
                smallest, odd = draw, not odd
            if odd:
                return whole + first
            whole += 1

    def normal(self) -> float:
        """Mean 0, deviation 1, never beyond ±6: twelve uniforms less six (Irwin and Hall)."""
        draw, total = self.uniform, -6.0
        for _ in range(12):
            total += draw()
        return total

    def log_normal(self, median: float, sigma: float) -> float:
        """A positive duration in the unit of its ``median``; ``sigma`` is the deviation of its logarithm."""
        return median * _exp(sigma * self.normal())

    def span(self, median: int, sigma: float) -> int:
        """A log-normal duration in nanoseconds around ``median`` nanoseconds."""
        return int(self.log_normal(median / SECOND, sigma) * SECOND)


def _exp(x: float) -> float:
    """Near e**x for |x| below about 10, by (1 + x/1024)**1024."""
    y = 1.0 + x / 1024
    for _ in range(10):
        y *= y
    return y
