"""From a snapshot's windows to series: by queue, and for what cannot be summed also of the whole floor.

A pure function of the snapshot. A value of None is absent; a group of numbers that are all 0 is absent as a whole,
in any other its zeros are exported, so that ratios of them can be taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from metrics import names
from metrics.floor_series import now_rows, window_rows
from metrics.metric import Metric

#: Metric, label values after queue and window, number.
_Value = tuple[Metric, tuple[str, ...], float | None]
Rows = list[tuple[tuple[str, ...], float]]

_TICKETS: Final = {
    "created": names.WINDOW_CREATED,
    "resolved": names.WINDOW_RESOLVED,
    "reopened": names.WINDOW_REOPENED,
    "escalated": names.WINDOW_ESCALATED,
    "closed_unanswered": names.WINDOW_CLOSED_UNANSWERED,
}
#: Of each clock: how many, their sum, met, breached, p50, p90.
_CLOCKS: Final = {
    "first_response": (
        names.FIRST_RESPONSE_REPLIES,
        names.FIRST_RESPONSE_DURATION,
        names.FIRST_RESPONSE_MET,
        names.FIRST_RESPONSE_BREACHED,
        names.FIRST_RESPONSE_P50,
        names.FIRST_RESPONSE_P90,
    ),
    "resolution": (
        names.RESOLUTION_TICKETS,
        names.RESOLUTION_DURATION,
        names.RESOLUTION_MET,
        names.RESOLUTION_BREACHED,
        names.RESOLUTION_P50,
        names.RESOLUTION_P90,
    ),
}


def window_families(snapshot: Mapping[str, Any], queues: Iterable[str]) -> Iterator[tuple[Metric, Rows]]:
    """Every window value of ``queues`` and of the floor, metric by metric."""
    rows: dict[str, Rows] = {}
    found: dict[str, Metric] = {}

    def add(metric: Metric, labels: tuple[str, ...], number: float | None) -> None:
        if number is not None:
            found[metric.name] = metric
            rows.setdefault(metric.name, []).append((labels, number))

    for window, numbers in snapshot["all"]["windows"].items():
        add(names.WINDOW_COMPLETE, (window,), int(numbers["complete"]))
        for metric, more, number in window_rows(numbers):
            add(metric, (window, *more), number)
        for metric, more, number in _values(numbers):
            if metric in names.FLOOR:
                add(names.FLOOR[metric], (window, *more), number)
    for metric, labels, number in now_rows(snapshot["all"]):
        add(metric, labels, number)
    for queue in queues:
        for window, numbers in snapshot["queues"][queue]["windows"].items():
            for metric, more, number in _values(numbers):
                add(metric, (queue, window, *more), number)
    return ((metric, rows[name]) for name, metric in found.items())


def _values(window: Mapping[str, Any]) -> Iterator[_Value]:
    yield from _group((metric, (), window[name]) for name, metric in _TICKETS.items())
    for sla in _CLOCKS:
        yield from _clock(sla, window[sla])
    cohort = window["first_response_cohort"]
    yield names.COHORT_P50, (), cohort["p50"]
    yield names.COHORT_P90, (), cohort["p90"]
    for survey in ("csat", "nps", "ces"):
        if window[survey]["responses"]:
            yield names.SURVEY_RESPONSES, (survey,), window[survey]["responses"]
            yield from _SURVEYS[survey](window[survey])


def _group(values: Iterable[_Value]) -> list[_Value]:
    found = list(values)
    return found if any(number for _, _, number in found) else []


def _clock(sla: str, numbers: Mapping[str, Any]) -> Iterator[_Value]:
    count, duration, met, breached, p50, p90 = _CLOCKS[sla]
    total = numbers["count"] * (numbers["mean"] or 0.0)
    yield from _group(
        (
            (count, (), numbers["count"]),
            (duration, (), total),
            (met, (), numbers["met"]),
            (breached, (), numbers["breached"]),
        )
    )
    yield p50, (), numbers["p50"]
    yield p90, (), numbers["p90"]
    yield names.ATTAINMENT, (sla,), numbers["in_sla_ratio"]
    yield names.ATTAINMENT_NOW, (sla,), numbers["in_sla_ratio_now"]


# --------------------------------------------------------------------------------------- surveys with answers


def _csat(numbers: Mapping[str, Any]) -> Iterator[_Value]:
    n = numbers["responses"]
    yield names.CSAT_WINDOW_RESPONSES, (), n
    yield names.CSAT_WINDOW_POINTS, (), round(n * numbers["mean"])
    yield names.CSAT_WINDOW_SATISFIED, (), round(n * numbers["satisfied_ratio"])
    yield names.CSAT_MEAN, (), numbers["mean"]
    yield names.CSAT_SATISFIED, (), numbers["satisfied_ratio"]
    yield names.CSAT_LOWER, (), numbers["lower95"]
    yield names.CSAT_UPPER, (), numbers["upper95"]


def _nps(numbers: Mapping[str, Any]) -> Iterator[_Value]:
    for category in ("promoter", "passive", "detractor"):
        yield names.NPS_WINDOW_RESPONSES, (category,), numbers[f"{category}s"]
    yield names.NPS_SCORE, (), numbers["score"]
    yield names.NPS_LOWER, (), numbers["lower95"]
    yield names.NPS_UPPER, (), numbers["upper95"]


def _ces(numbers: Mapping[str, Any]) -> Iterator[_Value]:
    n, lower, upper = numbers["responses"], numbers["lower95"], numbers["upper95"]
    yield names.CES_WINDOW_RESPONSES, (), n
    yield names.CES_WINDOW_POINTS, (), round(n * numbers["mean"])
    yield names.CES_MEAN, (), numbers["mean"]
    yield names.CES_HALFWIDTH, (), None if upper is None else (upper - lower) / 2


_SURVEYS: Final = {"csat": _csat, "nps": _nps, "ces": _ces}
