"""Suggested targets of every KPI that can have one, of the floor and by queue, as lines of a configuration.

A line stands as it is where the file has no table of that KPI, and is a comment where it has: TOML opens a table once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from alerting.judged import ALL, Judged
from deskpulse.cells import percent_cell
from deskpulse.configuration.model import Configuration
from deskpulse.configuration.targets import KpiTarget
from deskpulse.configuration.values import TEXT_LENGTH_MAX
from deskpulse.toml_text import inline, key_of, plain, value_of
from metrics.catalogue import BY_NAME
from metrics.intervals import wilson
from metrics.policies import OTHER
from metrics.targets import MINIMUM, Baseline, Scale, further

Window = Mapping[str, Any]

_IN_SLA: Final = "_in_sla"
_DIGITS: Final = {"nps": 1, "ces": 2}  # of any other 3


class _Found(msgspec.Struct, frozen=True):
    """One queue that would have a target of its own, and why."""

    queue: str
    baseline: Baseline
    target: float


def kpi_lines(
    configuration: Configuration, window: Window, queues: Mapping[str, Window], moved: frozenset[str]
) -> Iterator[str]:
    """All KPIs; ``window`` is the baseline of all queues, ``moved`` are clocks whose targets ``[[sla]]`` moves."""
    known = {name: queues[name] for name in sorted(queues) if _can_be_named(configuration, name)}
    for judged in ALL:
        yield ""
        yield from _kpi(judged, configuration.kpis.get(judged.kpi), window, known, moved)


def _kpi(
    judged: Judged, given: KpiTarget | None, window: Window, queues: Mapping[str, Window], moved: frozenset[str]
) -> Iterator[str]:
    present, n = None if given is None else given.target, _sample(judged, window)
    baseline = _baseline(judged, window)
    if baseline is None:
        yield f"# {judged.kpi}: not enough {judged.of} (n={n:,})"
        return
    yield f"# {judged.kpi}: {_told(judged, baseline)} {judged.of}"
    if judged.kpi.removesuffix(_IN_SLA) in moved:
        yield "# no target while those of [[sla]] move: another time is another share of clocks in it"
        return
    step = further(baseline, present, _scale(judged))
    yield _change(present, step)
    floor = present if step is None else step
    own = list(_by_queue(judged, given, floor, queues)) if judged.is_by_queue else []
    yield from _lines(judged, step, own) if given is None else _comments(judged, given, step, own)
    few = [f"{plain(name)} (n={_sample(judged, queues[name]):,})" for name in queues if _is_few(judged, queues[name])]
    if few and judged.is_by_queue:
        yield f"# not enough {judged.of} for a target of their own: {', '.join(few)}"


def _change(present: float | None, step: float | None) -> str:
    if step is not None:
        return f"# the target now: {'none' if present is None else _number(present)}"
    if present is not None:
        return f"# the target stays at {_number(present)}"
    return "# no target: the value, or the bound to step to, is an end of the scale"


def _by_queue(
    judged: Judged, given: KpiTarget | None, floor: float | None, queues: Mapping[str, Window]
) -> Iterator[_Found]:
    """Queues whose own step, or whose present target, is not what the floor's would make of them."""
    for name, window in queues.items():
        baseline = _baseline(judged, window)
        if baseline is None:
            continue
        own = None if given is None or name not in given.queues else given.queues[name].target
        present = own if own is not None or given is None else given.target
        step = further(baseline, present, _scale(judged))
        target = present if step is None else step
        if target is not None and target != (floor if own is None else own):
            yield _Found(name, baseline, target)


def _lines(judged: Judged, step: float | None, own: list[_Found]) -> Iterator[str]:
    if step is not None:
        yield f"[kpis.{judged.kpi}]"
        yield f"target = {_number(step)}"
    for one in own:
        yield f"# {plain(one.queue)}: {_told(judged, one.baseline)}"
        yield f"[kpis.{judged.kpi}.queues.{key_of(one.queue)}]"
        yield f"target = {_number(one.target)}"


def _comments(judged: Judged, given: KpiTarget, step: float | None, own: list[_Found]) -> Iterator[str]:
    if step is None and not own:
        return
    for one in own:
        yield f"# {plain(one.queue)}: {_told(judged, one.baseline)}"
    yield f"# for [kpis.{judged.kpi}] of your file, in place of the same keys:"
    if step is not None:
        yield f"#: target = {_number(step)}"
    if own:
        tables = {name: one.model_dump(exclude_none=True) for name, one in given.queues.items()}
        for one in own:
            tables[one.queue] = {**tables.get(one.queue, {}), "target": one.target}
        yield f"#: queues = {inline(tables)}"


# ---------------------------------------------------------------------------------------------------- baselines


def _baseline(judged: Judged, window: Window) -> Baseline | None:
    """None where too few say anything."""
    n = _sample(judged, window)
    if n < MINIMUM:
        return None
    if judged.kpi.endswith(_IN_SLA):
        met = _clock(judged, window)["met"]
        return Baseline(met / n, *(wilson(met, n) or (0.0, 1.0)), n)
    value, low, high = (_at(window, path) for path in (_paths(judged)[0], *_paths(judged)[2:]))
    return None if value is None or low is None or high is None else Baseline(value, low, high, n)


def _sample(judged: Judged, window: Window) -> int:
    if judged.kpi.endswith(_IN_SLA):
        clock = _clock(judged, window)
        return int(clock["met"] + clock["breached"])
    return int(_at(window, _paths(judged)[1]) or 0)


def _is_few(judged: Judged, window: Window) -> bool:
    return 0 < _sample(judged, window) < MINIMUM


def _clock(judged: Judged, window: Window) -> Window:
    found: Window = window[judged.kpi.removesuffix(_IN_SLA)]
    return found


def _paths(judged: Judged) -> tuple[str, ...]:
    """Where value, sample, lower and upper bound stand in a window."""
    kpi = BY_NAME[judged.kpi]
    assert kpi.interval is not None
    assert kpi.sample is not None
    return kpi.path, kpi.sample, kpi.interval.lower, kpi.interval.upper


def _at(window: Window, path: str) -> Any:
    found: Any = window
    for key in path.split("."):
        found = None if found is None else found.get(key)
    return found


def _can_be_named(configuration: Configuration, queue: str) -> bool:
    """Whether ``[kpis.*] queues`` takes it."""
    known = configuration.labels.queues
    return len(queue) <= TEXT_LENGTH_MAX and (known is None or queue in (*known, OTHER))


def _scale(judged: Judged) -> Scale:
    return Scale(judged.least, judged.most, _DIGITS.get(judged.kpi, 3), judged.is_lower_better)


def _told(judged: Judged, found: Baseline) -> str:
    value, low, high = (_shown(judged, number) for number in (found.value, found.low, found.high))
    return f"{value}, 95 % interval {low} to {high}, n={found.n:,}"


def _shown(judged: Judged, number: float) -> str:
    digits = _DIGITS.get(judged.kpi)
    return percent_cell(number) if digits is None else f"{number:.{digits}f}"


def _number(target: float) -> str:
    return value_of(float(target))
