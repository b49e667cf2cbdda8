"""What answers of one instrument amount to: mean, share or score, each with its sample size and interval.

An instrument is a survey on one scale. Scores arrive as counts by (score - lowest).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from metrics.intervals import mean_of, net_promoter, newcombe, wilson
from metrics.samples import Samples

_USUAL: Final = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7), "brand": (0, 1)}

#: The satisfied answers of each CSAT scale; of other scales only the number of answers is known.
_SATISFIED: Final = {(1, 5): (4, 5), (1, 3): (3,), (0, 1): (1,), (1, 10): (9, 10)}

#: Scales on which promoters, passives and detractors are defined; on others only the number of answers is known.
_PROMOTER_SCALES: Final = ((0, 10), (1, 10))


def instrument_name(survey: str, lowest: int, highest: int) -> str:
    """``csat`` on its usual scale, else with the scale: ``nps_1_10``."""
    return survey if _USUAL.get(survey) == (lowest, highest) else f"{survey}_{lowest}_{highest}"


def satisfied_scores(lowest: int, highest: int) -> tuple[int, ...]:
    """The answers of a CSAT scale that are satisfied ones; none where that is not known."""
    return _SATISFIED.get((lowest, highest), ())


def summary(survey: str, lowest: int, highest: int, counts: Mapping[int, int], samples: Samples) -> dict[str, Any]:
    """The numbers of one instrument in one window."""
    scores = {lowest + above: count for above, count in counts.items()}
    return _numbers(survey, (lowest, highest), scores) | {"sample": samples.of(sum(counts.values()))}


def _numbers(survey: str, scale: tuple[int, int], scores: dict[int, int]) -> dict[str, Any]:
    if survey == "nps":
        return _promotion(scores, has_cuts=scale in _PROMOTER_SCALES)
    if survey == "csat":
        return _satisfaction(scores, _SATISFIED.get(scale, ()), has_mean=scale == (1, 5))
    return _effort(scores, has_index=(survey, scale) == ("ces", (1, 7)))


def satisfied_of(counts: Mapping[int, int]) -> tuple[int, int]:
    """The satisfied answers and all answers of CSAT on 1 to 5, counted by (score - 1)."""
    return sum(count for above, count in counts.items() if 1 + above in _SATISFIED[1, 5]), sum(counts.values())


def change(now: tuple[int, int], before: tuple[int, int], samples: Samples) -> dict[str, Any]:
    """The satisfied share less that of the window before; each is given as (satisfied, answers).

    It is a change where Newcombe's interval of the difference leaves 0 out; where it does not, it may be chance.
    """
    bounds = newcombe(*now, *before)
    return {
        "difference": float(Fraction(*now) - Fraction(*before)) if bounds else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
        "before_responses": before[1],
        "is_change": not bounds[0] <= 0 <= bounds[1] if bounds else None,
        "sample": samples.of(min(now[1], before[1])),
    }


def _satisfaction(scores: dict[int, int], satisfied: tuple[int, ...], *, has_mean: bool) -> dict[str, Any]:
    n = sum(scores.values())
    happy = sum(scores.get(score, 0) for score in satisfied)
    bounds = wilson(happy, n) if satisfied else None
    around = mean_of(scores) if has_mean else None
    return {
        "responses": n,
        "mean": _mean(scores) if has_mean else None,
        "mean_lower95": around[0] if around else None,
        "mean_upper95": around[1] if around else None,
        "satisfied_ratio": happy / n if n and satisfied else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
    }


def _promotion(scores: dict[int, int], *, has_cuts: bool) -> dict[str, Any]:
    n = sum(scores.values())
    if not has_cuts:
        unknown = ("promoters", "passives", "detractors", "score", "lower95", "upper95")
        return {"responses": n} | dict.fromkeys(unknown)
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
