"""Exact figures of durations: mean, nearest-rank percentiles, Kaplan-Meier percentiles."""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.instants import SECOND
from tests.oracle.samples import sample

Z = 1.959964
QUANTILES = {"p50": Fraction(1, 2), "p90": Fraction(9, 10)}

# A bucket that stands for all its durations within 1 % is at most this wide: 1.01 / 0.99, and a little for rounding.
BUCKET_GROWTH = Fraction(10203, 10000)


def seconds(nanoseconds: int | Fraction | None) -> float | None:
    """Nanoseconds as the nearest float of seconds."""
    return None if nanoseconds is None else float(Fraction(nanoseconds) / SECOND)


def ratio(part: int, whole: int) -> float | None:
    """part / whole; None for 0 / 0."""
    return None if whole == 0 else part / whole


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % bounds of a proportion, 0 to 1."""
    share, square = successes / n, Z * Z
    centre = share + square / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, (centre - half) / (1 + square / n)), min(1.0, (centre + half) / (1 + square / n))


def nearest_rank(values: Sequence[int], quantile: Fraction) -> int | None:
    """The smallest value that at least this share of the values does not exceed."""
    if not values:
        return None
    rank = -(-quantile.numerator * len(values) // quantile.denominator)
    return sorted(values)[rank - 1]


def summary(durations: Sequence[int], configuration: OracleConfiguration) -> dict[str, Any]:
    """count, mean, p50, p90 of durations in nanoseconds, given in seconds, and what so many are good for."""
    n = len(durations)
    mean = seconds(Fraction(sum(durations), n)) if durations else None
    percentiles = {name: seconds(nearest_rank(durations, quantile)) for name, quantile in QUANTILES.items()}
    return {"count": n, "mean": mean} | percentiles | {"sample": sample(n, configuration)}


def kaplan_meier(answers: Sequence[int], censorings: Sequence[int | Fraction], quantile: Fraction) -> int | None:
    """The smallest duration with S <= 1 - quantile, answers before censorings at ties; None where S stays above.

    S is held as a quotient of two integers, so that `S <= 1/2` is decided exactly.
    """
    left_at_most = 1 - quantile
    at_risk, numerator, denominator = len(answers) + len(censorings), 1, 1
    censored, departed = sorted(censorings), 0
    for value, count in sorted(Counter(answers).items()):
        while departed < len(censored) and censored[departed] < value:
            departed += 1
            at_risk -= 1
        numerator, denominator = numerator * (at_risk - count), denominator * at_risk
        at_risk -= count
        if numerator * left_at_most.denominator <= left_at_most.numerator * denominator:
            return value
    return None


def accepted(answers: Sequence[int], censorings: Sequence[int], quantile: Fraction) -> dict[str, Any]:
    """What a curve kept in buckets may say: which answers' durations (seconds), and whether it may say null.

    In a bucket the order of an answer and a censoring is lost: the censoring may look up to one bucket earlier or
    later than it was, and S falls as it does. So the percentile lies between those of the two extreme curves, in
    which all censorings are one bucket early, or all late; and it is (within 1 %) an answer's duration. With no
    censoring within a bucket of an answer, both are the exact curve, and one value is accepted.
    """
    lowest = kaplan_meier(answers, [value / BUCKET_GROWTH for value in censorings], quantile)
    highest = kaplan_meier(answers, [value * BUCKET_GROWTH for value in censorings], quantile)
    if lowest is None:
        return {"values": [], "null": True}
    between = sorted(value for value in set(answers) if lowest <= value and (highest is None or value <= highest))
    return {"values": [seconds(value) for value in between], "null": highest is None}


def cohort(
    answers: Sequence[int], censorings: Sequence[int], waiting: int, configuration: OracleConfiguration
) -> dict[str, Any]:
    """The figures of `first_response_cohort`; `p50_accepted` and `p90_accepted` are for the comparison only."""
    figures: dict[str, Any] = {"created": len(answers) + len(censorings), "waiting": waiting}
    figures["sample"] = sample(len(answers) + len(censorings), configuration)
    for name, quantile in QUANTILES.items():
        figures[name] = seconds(kaplan_meier(answers, censorings, quantile))
        figures[f"{name}_accepted"] = accepted(answers, censorings, quantile)
    return figures
