"""Do wall, workers and Prometheus say the same? The workers, who have the tables, are what the others are held against.

Read several times, since numbers move: one that lies within what the workers said over these reads agrees. One that
never did, while the workers' stood still, is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from deskpulse.doctor.findings import Failed, Finding, ok, some, unchecked, warning, wrong
from metrics.contribution import SLAS

NUMBERS = "numbers"

Values = Mapping[str, float]
_ALIKE: Final = "max without (instance, job)"
_CATEGORIES: Final = ("promoter", "passive", "detractor")


class Source(msgspec.Struct, frozen=True):
    """Who is asked, and what to do where it does not say what the workers say."""

    name: str
    next_step: str


WALL: Final = Source("wall", "Are board and workers of one release and one file? Else restart the board: docs/board.md")
PROMETHEUS: Final = Source("Prometheus", "Does it scrape every worker and the board once? See targets, and relabelling")


class Reading(msgspec.Struct, frozen=True):
    """What each said at about one time. A number that does not exist is in none of them."""

    workers: Values | Failed
    wall: Values | Failed
    prometheus: Values | Failed


def values_of(snapshot: Mapping[str, Any], window: str | None) -> dict[str, float]:
    """The numbers of one snapshot that can be added up over workers; ``window``: that of surveys."""
    scope = snapshot["all"]
    found = {"open": scope["open"], "awaiting a first reply": scope["awaiting_first_response"]}
    for sla in SLAS:
        found[_breaches(sla)] = scope["sla"][sla]["live_breaches"]
    if window in scope["windows"]:
        csat, nps = scope["windows"][window]["csat"], scope["windows"][window]["nps"]
        answers = csat["responses"]
        found[f"CSAT answers {window}"] = answers
        found[f"CSAT points {window}"] = round(answers * (csat["mean"] or 0))
        found[f"CSAT satisfied {window}"] = round(answers * (csat["satisfied_ratio"] or 0))
        for category in _CATEGORIES:
            found[f"NPS {category}s {window}"] = nps[f"{category}s"]
    return found


def queries(window: str | None) -> dict[str, str]:
    """The same numbers in PromQL; no series is 0, since those of 0 are not exported."""
    live = {"open": "support_tickets_open", "awaiting a first reply": "support_tickets_awaiting_first_response"}
    for sla in SLAS:
        live[_breaches(sla)] = f'support_sla_live_breaches{{sla="{sla}"}}'
    if window is not None:
        of = f'window="{window}"'
        for name in ("responses", "points", "satisfied"):
            told = "answers" if name == "responses" else name
            live[f"CSAT {told} {window}"] = f"support_csat_window_{name}{{{of}}}"
        for category in _CATEGORIES:
            live[f"NPS {category}s {window}"] = f'support_nps_window_responses{{{of},category="{category}"}}'
    return {name: f"sum({_ALIKE} ({series})) or vector(0)" for name, series in live.items()}


def _breaches(sla: str) -> str:
    return f"live breaches of {sla}"


def total(parts: Sequence[Values]) -> dict[str, float]:
    """Numbers of several workers added up."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum(part.get(name, 0) for part in parts) for name in names}


def agree(readings: Sequence[Reading]) -> bool:
    """Whether nothing is left to be read again."""
    return bool(readings) and not any(
        _apart(readings, which) for which in (_wall, _prometheus) if isinstance(which(readings[-1]), Mapping)
    )


def judge_numbers(readings: Sequence[Reading] | Failed, seconds: float) -> list[Finding]:
    """One finding for each number that does not agree; one for each source that does. ``seconds``: of all reads."""
    if isinstance(readings, Failed):
        return [unchecked(NUMBERS, readings.why)]
    found = []
    for source, which in ((WALL, _wall), (PROMETHEUS, _prometheus)):
        last = which(readings[-1])
        if isinstance(readings[-1].workers, Failed) or isinstance(last, Failed):
            why = readings[-1].workers if isinstance(readings[-1].workers, Failed) else last
            found.append(unchecked(NUMBERS, f"{source.name}: {why.why}" if isinstance(why, Failed) else source.name))
            continue
        apart = _apart(readings, which)
        found += [_finding(name, source, readings, which, seconds) for name in apart]
        if not apart:
            found.append(ok(NUMBERS, f"{source.name} and workers agree on {some(last, 3)}"))
    return found


def _wall(reading: Reading) -> Values | Failed:
    return reading.wall


def _prometheus(reading: Reading) -> Values | Failed:
    return reading.prometheus


_Which = Callable[[Reading], Values | Failed]


def _pairs(readings: Sequence[Reading], which: _Which, name: str) -> Iterator[tuple[float, float]]:
    """(what the workers said, what the other said) of one number in each reading in which both are."""
    for reading in readings:
        workers, other = reading.workers, which(reading)
        if isinstance(workers, Mapping) and isinstance(other, Mapping) and name in workers and name in other:
            yield workers[name], other[name]


def _apart(readings: Sequence[Reading], which: _Which) -> list[str]:
    """The numbers in which the other never was within what the workers said."""
    names = dict.fromkeys(name for one in readings if isinstance(one.workers, Mapping) for name in one.workers)
    return [name for name in names if (pairs := [*_pairs(readings, which, name)]) and not _meets(pairs)]


def _meets(pairs: Sequence[tuple[float, float]]) -> bool:
    workers = [said for said, _ in pairs]
    return any(min(workers) <= other <= max(workers) for _, other in pairs)


def _finding(name: str, source: Source, readings: Sequence[Reading], which: _Which, seconds: float) -> Finding:
    pairs = [*_pairs(readings, which, name)]
    workers, others = [said for said, _ in pairs], [other for _, other in pairs]
    told = f"{name}: {_span(workers)} on the workers, {_span(others)} in {source.name}, {len(pairs)} times"
    if min(workers) == max(workers):
        return wrong(NUMBERS, f"{told} within {seconds:g} s", source.next_step)
    return warning(NUMBERS, f"{told}; it moves", "Look again when less is going on")


def _span(values: Sequence[float]) -> str:
    least, most = min(values), max(values)
    return f"{least:,g}" if least == most else f"{least:,g} to {most:,g}"
