"""Key drivers: what goes with low satisfaction, from answers beside what their tickets went through. Pure statistics.

Rank correlations for what is ordered (waiting, reopens), Cramer's V and differences of the satisfied ratio for what is
a name (channel, queue, escalated or not). Each has its n and its interval; under a minimum there is no number.
What goes together need not be cause and effect.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

import msgspec

from metrics.intervals import Bounds, Z, newcombe, wilson

#: With fewer answers nothing is said of a driver; with fewer of one value, nothing of that value.
MINIMUM: Final = 30
VALUE_MINIMUM: Final = 5


class Answered(msgspec.Struct, frozen=True):
    """One answer of an instrument beside its ticket as it was by then; a wait in nanoseconds."""

    score: int
    is_satisfied: bool
    first_response: int | None  # None: nobody had replied
    reopens: int
    channel: str
    queue: str
    is_escalated: bool


def drivers(answers: Sequence[Answered], minimum: int = MINIMUM) -> dict[str, Any]:
    """All drivers of these answers; ready for JSON."""
    satisfied = sum(answer.is_satisfied for answer in answers)
    replied = [answer for answer in answers if answer.first_response is not None]
    return {
        "answers": len(answers),
        "satisfied_ratio": satisfied / len(answers) if answers else None,
        **_bounded("", wilson(satisfied, len(answers))),
        "minimum": minimum,
        "drivers": [
            _ranked("first_response", [(answer.first_response or 0, answer.score) for answer in replied], minimum),
            _ranked("reopens", [(answer.reopens, answer.score) for answer in answers], minimum),
            _named("channel", answers, lambda answer: answer.channel, minimum),
            _named("queue", answers, lambda answer: answer.queue, minimum),
            _named("escalated", answers, lambda answer: "yes" if answer.is_escalated else "no", minimum),
        ],
    }


# ------------------------------------------------------------------------------------------------ one driver


def _ranked(name: str, pairs: Sequence[tuple[int, int]], minimum: int) -> dict[str, Any]:
    made = {"driver": name, "method": "spearman", "n": len(pairs)}
    if len(pairs) < minimum:
        return made | {"correlation": None, "lower95": None, "upper95": None, "note": _too_few(len(pairs))}
    correlation = spearman([wait for wait, _ in pairs], [score for _, score in pairs])
    note = "it is the same for all answers, or all scores are" if correlation is None else None
    bounds = None if correlation is None else spearman_interval(correlation, len(pairs))
    return made | {"correlation": correlation, **_bounded("", bounds), "note": note}


def _named(name: str, answers: Sequence[Answered], value_of: Callable[[Answered], str], minimum: int) -> dict[str, Any]:
    made = {"driver": name, "method": "cramers_v", "n": len(answers)}
    if len(answers) < minimum:
        return made | {"cramers_v": None, "values": [], "note": _too_few(len(answers))}
    counts = Counter((value_of(answer), answer.is_satisfied) for answer in answers)
    happy = sum(answer.is_satisfied for answer in answers)
    values = sorted({value for value, _ in counts})
    of_each = [_value(value, counts[value, True], counts[value, False], happy, len(answers)) for value in values]
    of_each.sort(key=lambda one: (one["difference"] is None, one["difference"] or 0, one["value"]))
    association = cramers_v([[counts[value, True], counts[value, False]] for value in values])
    note = "all answers have the same, or all are satisfied, or none" if association is None else None
    return made | {"cramers_v": association, "values": of_each, "note": note}


def _value(value: str, happy: int, unhappy: int, all_happy: int, everyone: int) -> dict[str, Any]:
    """The satisfied ratio of answers with a value, and how it differs from that of all answers without it."""
    n = happy + unhappy
    others, others_happy = everyone - n, all_happy - happy
    is_told = n >= VALUE_MINIMUM and others >= VALUE_MINIMUM
    bounds = newcombe(happy, n, others_happy, others) if is_told else None
    return {
        "value": value,
        "n": n,
        "satisfied_ratio": happy / n if n >= VALUE_MINIMUM else None,
        **_bounded("", wilson(happy, n) if n >= VALUE_MINIMUM else None),
        "difference": happy / n - others_happy / others if is_told else None,
        **_bounded("difference_", bounds),
        "note": None if is_told else _too_few(min(n, others)),
    }


def _too_few(n: int) -> str:
    return f"not enough answers (n={n})"


def _bounded(prefix: str, bounds: Bounds | None) -> Mapping[str, float | None]:
    low, high = bounds or (None, None)
    return {f"{prefix}lower95": low, f"{prefix}upper95": high}


# -------------------------------------------------------------------------------------------------- formulas


def spearman(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Spearman's rank correlation: Pearson's of the mid-ranks, exact with ties; None where either does not vary.

    Spearman (1904), American Journal of Psychology 15, 72-101. Ranks are doubled, so that sums are integers.
    """
    ones, others, n = _doubled_ranks(first), _doubled_ranks(second), len(first)
    mean = n + 1  # of doubled ranks
    spread = sum((rank - mean) ** 2 for rank in ones) * sum((rank - mean) ** 2 for rank in others)
    if not spread:
        return None
    together = sum((one - mean) * (other - mean) for one, other in zip(ones, others, strict=True))
    return max(-1.0, min(1.0, together / math.sqrt(spread)))


def _doubled_ranks(values: Sequence[int]) -> list[int]:
    """Twice the rank of each value from 1 on; equal ones share the middle of theirs."""
    rank_of: dict[Hashable, int] = {}
    before = 0
    for value, count in sorted(Counter(values).items()):
        rank_of[value] = 2 * before + count + 1
        before += count
    return [rank_of[value] for value in values]


def spearman_interval(correlation: float, n: int) -> Bounds | None:
    """95 % bounds by Fisher's z with the variance (1 + r^2/2)/(n - 3); None where |r| is 1 or n is under 4.

    Bonett and Wright (2000), Psychometrika 65, 23-28.
    """
    if n < 4 or abs(correlation) >= 1:
        return None
    half = Z * math.sqrt((1 + correlation**2 / 2) / (n - 3))
    z = math.atanh(correlation)
    return math.tanh(z - half), math.tanh(z + half)


def cramers_v(table: Sequence[Sequence[int]]) -> float | None:
    """Cramer's V of a table of counts, 0 to 1, uncorrected; None where all stand in one row or one column.

    Cramer (1946), Mathematical Methods of Statistics, 282: the root of chi^2/(n (min(rows, columns) - 1)).
    """
    rows = [row for row in table if sum(row)]
    columns = [column for column in zip(*rows, strict=True) if sum(column)]
    least = min(len(rows), len(columns))
    if least < 2:
        return None
    n = sum(map(sum, rows))
    shares = sum(cell * cell / (sum(row) * sum(column)) for row in rows for cell, column in _cells(row, rows))
    return math.sqrt(max(0.0, shares - 1) / (least - 1)) if n else None


def _cells(row: Sequence[int], rows: Sequence[Sequence[int]]) -> list[tuple[int, tuple[int, ...]]]:
    """Each cell of a row that is not empty, with its column."""
    return [(cell, tuple(other[place] for other in rows)) for place, cell in enumerate(row) if cell]
