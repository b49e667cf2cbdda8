"""Own values beside what others report to have reached, only where both mean the same by definition and unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from metrics.cell_tables import Tables, counts_of
from metrics.facts import Report
from metrics.measures import CSAT, NPS, Measure
from metrics.samples import Samples
from metrics.surveys import summary
from metrics.survival import nearest_rank

Own = dict[str, Any]


class Compared(NamedTuple):
    """A KPI that can be compared. ``unit`` is that of the own value, ``units`` the factor to it of those allowed."""

    definition: str
    unit: str
    measure: int
    own: Callable[[Mapping[int, int]], Own]
    units: Mapping[str, float]
    lowest: float
    highest: float


def _own(n: int, value: float | None, lower: float | None, upper: float | None) -> Own:
    return {"n": n, "value": value, "lower95": lower, "upper95": upper}


def _satisfied(counts: Mapping[int, int]) -> Own:
    found = summary("csat", 1, 5, counts, Samples())
    return _own(found["responses"], found["satisfied_ratio"], found["lower95"], found["upper95"])


def _promoted(counts: Mapping[int, int]) -> Own:
    found = summary("nps", 0, 10, counts, Samples())
    return _own(found["responses"], found["score"], found["lower95"], found["upper95"])


def _median(counts: Mapping[int, int]) -> Own:
    (p50,) = nearest_rank(counts, (50,))
    return _own(sum(counts.values()), p50, None, None)


#: By the name after ``benchmark.``; a fact's definition has to be the very same words.
COMPARED: Final = {
    "csat_satisfied": Compared(
        "top-2-box of 1-5", "ratio", CSAT, _satisfied, {"": 1, "ratio": 1, "%": 0.01, "percent": 0.01}, 0, 1
    ),
    "nps": Compared(
        "promoters 9-10, detractors 0-6 of 0-10", "points", NPS, _promoted, {"": 1, "points": 1}, -100, 100
    ),
    "first_response_p50": Compared(
        "median, creation to first human reply, calendar time",
        "s",
        Measure.FIRST_RESPONSE,
        _median,
        {"s": 1, "seconds": 1, "min": 60, "minutes": 60, "h": 3600, "hours": 3600},
        0,
        1e15,
    ),
}


def compared(kpi: str, report: Report, tables: Tables | None, queue: int | None) -> dict[str, Any]:
    """The fields of one comparison: ``value`` is own less benchmark, all in ``unit``; or why it is refused."""
    refused = _refusal(kpi, report)
    if refused is not None:
        return {"refused": refused}
    if tables is None:
        return {}
    of = COMPARED[kpi]
    own, benchmark = of.own(counts_of(tables, of.measure, queue)), _in_own_unit(of, report)
    made = {"own": own, "benchmark": benchmark, "unit": of.unit}
    if own["value"] is None:
        return made | {"reason": "no own value"}
    return made | {"value": own["value"] - benchmark}


def _in_own_unit(of: Compared, report: Report) -> float:
    return report.value * of.units[report.unit.lower()]


def _refusal(kpi: str, report: Report) -> str | None:
    of = COMPARED.get(kpi)
    if of is None:
        return f"{kpi} is not compared; these are: {', '.join(COMPARED)}"
    definition = report.definition.strip().removeprefix(f"{kpi}: ")
    if definition != of.definition:
        return f"definitions differ: {definition!r} is not {of.definition!r}"
    if report.unit.lower() not in of.units:
        return f"units differ: {report.unit!r} is none of {', '.join(unit for unit in of.units if unit)}"
    if not of.lowest <= _in_own_unit(of, report) <= of.highest:
        return f"{report.value:g} {report.unit}".strip() + f" is not within {of.lowest:g} to {of.highest:g}"
    return None
