"""95 % intervals of small samples, from counts alone: proportions, Net Promoter Scores, means."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

#: The 0.975 quantile of the standard normal distribution.
Z: Final = 1.959964

Bounds = tuple[float, float]


def wilson(successes: int, n: int) -> Bounds | None:
    """Wilson score interval of a proportion, 0 to 1; None without answers. Wilson (1927)."""
    if n == 0:
        return None
    share, z2 = successes / n, Z * Z
    middle = share + z2 / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def newcombe(successes: int, n: int, former: int, former_n: int) -> Bounds | None:
    """Hybrid score interval of a difference of two proportions, -1 to 1; None where either has no answers.

    Of successes/n less former/former_n. Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    now, then = wilson(successes, n), wilson(former, former_n)
    if now is None or then is None:
        return None
    share, before = successes / n, former / former_n
    down = math.hypot(share - now[0], then[1] - before)
    up = math.hypot(now[1] - share, before - then[0])
    return max(-1.0, share - before - down), min(1.0, share - before + up)


def net_promoter(promoters: int, detractors: int, n: int) -> Bounds | None:
    """Adjusted-Wald interval of an NPS, -100 to 100: three answers more, 3/4 to either end. Rocks (2016)."""
    if n == 0:
        return None
    total = n + 3
    p, d = (promoters + 0.75) / total, (detractors + 0.75) / total
    half = Z * math.sqrt((p + d - (p - d) ** 2) / total)
    return max(-100.0, 100 * (p - d - half)), min(100.0, 100 * (p - d + half))


def mean_of(counts: dict[int, int]) -> Bounds | None:
    """Student's t interval of the mean of scores, given how often each occurs; None under two answers."""
    n = sum(counts.values())
    if n < 2:
        return None
    total = sum(score * count for score, count in counts.items())
    squares = sum(score * score * count for score, count in counts.items())
    variance = (squares * n - total * total) / (n * (n - 1))
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return total / n - half, total / n + half


@lru_cache(maxsize=4096)
def t_quantile(freedom: int) -> float:
    """The 0.975 quantile of Student's t with ``freedom`` degrees of freedom (>= 1), by bisection of its CDF."""
    low, high = 1.9, 12.8
    for _ in range(60):
        middle = (low + high) / 2
        if _t_two_tails(middle, freedom) > 0.05:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_two_tails(t: float, freedom: int) -> float:
    """P(|T| > t) = I_x(freedom/2, 1/2) with x = freedom/(freedom + t^2). Abramowitz and Stegun 26.7.1."""
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function by its continued fraction (modified Lentz). DLMF 8.17.22."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction
