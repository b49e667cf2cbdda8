"""What answers of one instrument amount to: mean, share or score, each with its sample size and interval.

An instrument is a survey on one scale. Scores arrive as counts by (score - lowest).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from metrics.intervals import mean_of, net_promoter, wilson

_USUAL: Final = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}

#: The satisfied answers of each CSAT scale; of other scales only the number of answers is known.
_SATISFIED: Final = {(1, 5): (4, 5), (1, 3): (3,), (0, 1): (1,), (1, 10): (9, 10)}


def instrument_name(survey: str, lowest: int, highest: int) -> str:
    """``csat`` on its usual scale, else with the scale: ``nps_1_10``."""
    return survey if _USUAL.get(survey) == (lowest, highest) else f"{survey}_{lowest}_{highest}"


def satisfied_scores(lowest: int, highest: int) -> tuple[int, ...]:
    """The answers of a CSAT scale that are satisfied ones; none where that is not known."""
    return _SATISFIED.get((lowest, highest), ())


def summary(survey: str, lowest: int, highest: int, counts: Mapping[int, int]) -> dict[str, Any]:
    """The numbers of one instrument in one window."""
    scores = {lowest + above: count for above, count in counts.items()}
    if survey == "nps":
        return _promotion(scores)
    if survey == "csat":
        return _satisfaction(scores, _SATISFIED.get((lowest, highest), ()), has_mean=(lowest, highest) == (1, 5))
    return _effort(scores, has_index=(survey, lowest, highest) == ("ces", 1, 7))


def _satisfaction(scores: dict[int, int], satisfied: tuple[int, ...], *, has_mean: bool) -> dict[str, Any]:
    n = sum(scores.values())
    happy = sum(scores.get(score, 0) for score in satisfied)
    bounds = wilson(happy, n) if satisfied else None
    return {
        "responses": n,
        "mean": _mean(scores) if has_mean else None,
        "satisfied_ratio": happy / n if n and satisfied else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
    }


def _promotion(scores: dict[int, int]) -> dict[str, Any]:
    n = sum(scores.values())
    promoters = sum(count for score, count in scores.items() if score >= 9)
    detractors = sum(count for score, count in scores.items() if score <= 6)
    bounds = net_promoter(promoters, detractors, n)
    return {
        "responses": n,
        "promoters": promoters,
        "passives": n - promoters - detractors,
        "detractors": detractors,
        "score": 100 * (promoters - detractors) / n if n else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
    }


def _effort(scores: dict[int, int], *, has_index: bool) -> dict[str, Any]:
    n = sum(scores.values())
    bounds = mean_of(scores)
    made: dict[str, Any] = {
        "responses": n,
        "mean": _mean(scores),
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
    }
    if has_index:
        easy = sum(count for score, count in scores.items() if score >= 6)
        hard = sum(count for score, count in scores.items() if score <= 3)
        made["index"] = 100 * (easy - hard) / n if n else None
    return made


def _mean(scores: dict[int, int]) -> float | None:
    n = sum(scores.values())
    return sum(score * count for score, count in scores.items()) / n if n else None
