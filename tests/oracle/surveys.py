"""Survey answers and the intervals of small samples, each formula written out again from its definition."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import Any

from tests.oracle.durations import Z, ratio, wilson
from tests.oracle.tickets import Happening

DEFAULT_SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7), "servqual": (1, 7), "brand": (0, 1)}


@dataclass(frozen=True)
class Answer:
    """One answer that counts; `queue` is its own, as it was sent."""

    at: int
    survey: str
    scale: tuple[int, int]
    score: int
    queue: str | None
    item: str | None = None
    expectation: int | None = None


def answers_of(happenings: Sequence[Happening]) -> list[Answer]:
    """The latest answer of each identity within one subject."""
    latest: dict[tuple[object, ...], tuple[tuple[object, ...], Answer]] = {}
    for happening in happenings:
        if happening.kind != "survey.answered":
            continue
        data = happening.data
        scale = tuple(data.get("scale") or DEFAULT_SCALES[data["survey"]])
        given = data["score"], data.get("queue"), data.get("item"), data.get("expectation")
        answer = Answer(happening.at, data["survey"], (scale[0], scale[1]), *given)
        identity = (data.get("response"), answer.survey, answer.scale, data.get("item"))
        rank = (*happening.rank, answer.score)
        if identity not in latest or rank > latest[identity][0]:
            latest[identity] = (rank, answer)
    return [answer for _, answer in latest.values()]


def csat(given: Sequence[int]) -> dict[str, Any]:
    """Mean and satisfied ratio (4 and 5) of scores 1-5, with Wilson's bounds of the ratio."""
    satisfied = sum(1 for score in given if score >= 4)
    low, high = wilson(satisfied, len(given)) if given else (None, None)
    mean_low, mean_high = student(given) if len(given) >= 2 else (None, None)
    return {
        "responses": len(given),
        "mean": ratio(sum(given), len(given)),
        "mean_lower95": mean_low,
        "mean_upper95": mean_high,
        "satisfied_ratio": ratio(satisfied, len(given)),
        "lower95": low,
        "upper95": high,
    }


def nps(given: Sequence[int]) -> dict[str, Any]:
    """Promoters 9-10, passives 7-8, detractors 0-6, and the score with adjusted Wald bounds."""
    promoters = sum(1 for score in given if score >= 9)
    detractors = sum(1 for score in given if score <= 6)
    low, high = adjusted_wald(promoters, detractors, len(given)) if given else (None, None)
    return {
        "responses": len(given),
        "promoters": promoters,
        "passives": len(given) - promoters - detractors,
        "detractors": detractors,
        "score": ratio(100 * (promoters - detractors), len(given)),
        "lower95": low,
        "upper95": high,
    }


def ces(given: Sequence[int]) -> dict[str, Any]:
    """Mean of scores 1-7 with Student's bounds; no bounds under two answers."""
    low, high = student(given) if len(given) >= 2 else (None, None)
    return {"responses": len(given), "mean": ratio(sum(given), len(given)), "lower95": low, "upper95": high}


def adjusted_wald(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """NPS bounds with three answers added, three quarters to each end, clipped to -100 and 100."""
    total = n + 3
    p, d = (promoters + 0.75) / total, (detractors + 0.75) / total
    half = Z * math.sqrt((p + d - (p - d) ** 2) / total)
    return max(-100.0, 100 * (p - d - half)), min(100.0, 100 * (p - d + half))


def student(values: Sequence[int]) -> tuple[float, float]:
    """Student's 95 % bounds of the mean of two or more values."""
    n = len(values)
    mean = Fraction(sum(values), n)
    variance = sum((value - mean) ** 2 for value in values) / (n - 1)
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return float(mean) - half, float(mean) + half


@cache
def t_quantile(degrees: int) -> float:
    """The t with 95 % of Student's distribution between -t and t, by halving; an expansion beyond 2,000 degrees."""
    if degrees > 2_000:
        z = NormalDist().inv_cdf(0.975)
        return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    low, high = 0.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, degrees) < 0.95 else (low, middle)
    return (low + high) / 2


def _between(t: float, degrees: int) -> float:
    """The share of Student's distribution between -t and t: the finite series of Abramowitz and Stegun 26.7.3-4."""
    angle = math.atan2(t, math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    if degrees % 2 == 0:
        term, total = 1.0, 1.0
        for k in range(2, degrees, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        return sine * total
    term, total = cosine, cosine if degrees > 1 else 0.0
    for k in range(3, degrees, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + sine * total)
