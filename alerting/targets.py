"""KPIs beyond their targets, by the bound of the interval and never by the point, over enough answers.

Without a window of its own a target is judged over the shortest window that has enough answers, queue by queue where
the number is exported so: soon where many answer, and at all where few do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alerting.judged import ALL, BY_KPI, Judged, Part
from alerting.promql import any_of, believed, believed_sum, decimal, quoted
from alerting.rules import TICKET, Alert, Concern, Omission, Recording, Rule
from alerting.settings import KpiTarget, Settings
from metrics.instants import format_duration

#: A target with the windows that it is tried over, the shortest first.
_Tried = tuple[KpiTarget, tuple[str, ...]]

_FLOOR: Final = "the whole floor"

#: A window is tried where it is this many times as long as its cohort takes to come to its outcome.
_LONGER: Final = 2


def concern(settings: Settings) -> Concern:
    """The file ``targets.yml``."""
    found: dict[str, list[_Tried]] = {judged.kpi: [] for judged in ALL}
    for target in settings.targets:
        over = _windows(target, settings)
        if over:
            found[target.kpi].append((target, over))
    used = [judged for judged in ALL if found[judged.kpi]]
    return Concern(
        name="targets",
        title="KPIs and their targets",
        recordings=(*_recordings(used, found, settings.interval), *_bounds(used)),
        alerts=tuple(_alert(judged, found[judged.kpi]) for judged in used),
        omissions=tuple(Omission(judged.alert, _why(judged, settings)) for judged in ALL if not found[judged.kpi]),
    )


def _windows(target: KpiTarget, settings: Settings) -> tuple[str, ...]:
    if target.window is not None:
        return (target.window,)
    return tuple(window.name for window in settings.windows if window.length >= _shortest(target))


def _shortest(target: KpiTarget) -> int:
    return max(BY_KPI[target.kpi].shortest, _LONGER * target.matures)


def _why(judged: Judged, settings: Settings) -> str:
    shortest = [_shortest(target) for target in settings.targets if target.kpi == judged.kpi]
    if shortest:
        return f"it needs a window of {format_duration(min(shortest))} or more in `windows.rolling`, or one of its own"
    return f"`[kpis.{judged.kpi}]` has no `target`"


def _recordings(used: list[Judged], found: dict[str, list[_Tried]], interval: int) -> Iterator[Recording]:
    """Each part once, over all windows that any target of a KPI with this part is judged over."""
    windows: dict[str, set[str]] = {}
    surveys: dict[str, set[str]] = {}
    parts: dict[str, Part] = {}
    for judged in used:
        for name, part in judged.parts.items():
            record = judged.record(name)
            parts[record] = part
            windows.setdefault(record, set()).update(window for _, over in found[judged.kpi] for window in over)
            if part.survey is not None:
                surveys.setdefault(record, set()).add(part.survey)
    for record, part in parts.items():
        matchers = f"window=~{any_of(sorted(windows[record]))}"
        if record in surveys:
            matchers = f"survey=~{any_of(sorted(surveys[record]))},{matchers}"
        recorded, what = (believed_sum, "of all queues, ") if part.is_summed else (believed, "")
        expr = recorded(record, f"{part.series}{{{matchers}}}", interval)
        yield Recording(record, expr, f"{part.series}, {what}as last believed.")


def _bounds(used: list[Judged]) -> Iterator[Recording]:
    """The bounds that are too long to stand in a rule for each window."""
    for judged in used:
        if judged.bound_record is not None:
            expr = judged.of_window(judged.bound, "")
            yield Recording(judged.bound_record, expr, f"Wilson's {judged.end} bound of the {judged.shown}, 95 % sure.")


def _alert(judged: Judged, found: list[_Tried]) -> Alert:
    own = [target.queue for target, _ in found if target.queue is not None]
    scope = "a queue" if judged.is_by_queue else _FLOOR
    return Alert(
        name=judged.alert,
        rules=tuple(_rule(judged, target, over, own) for target, over in found),
        means=f"The {judged.shown} of {scope} is {_beyond(judged)} its target, and not by chance: the {judged.end} "
        f"bound of its 95 % interval is, with at least `minimum_answers` {judged.of}. Over the window of the target, "
        "or else over the shortest one that has as many.",
        look=(*judged.look, *_bounds_at(judged), (judged.of, judged.of_window(judged.sample, ""))),
        act=judged.act,
        wrong=judged.wrong,
    )


def _bounds_at(judged: Judged) -> tuple[tuple[str, str], ...]:
    record = judged.bound_record
    return () if record is None else ((f"its {judged.end} bound, by window", record),)


def _beyond(judged: Judged) -> str:
    return "over" if judged.is_lower_better else "under"


def _rule(judged: Judged, target: KpiTarget, over: tuple[str, ...], own: list[str]) -> Rule:
    queue = f"queue!~{any_of(own)}," if own else ""
    if target.queue is not None:
        queue = f"queue={quoted(target.queue)},"
    bounds = "\nor\n".join(_bound(judged, f"{queue}window={quoted(window)}", target.minimum_answers) for window in over)
    window = {"window": over[0]} if len(over) == 1 else {}
    span = f"Over {over[0]}" if window else f"Over the shortest window with {target.minimum_answers} {judged.of}"
    whose, scope = ("{{ $labels.queue }}: ", "queue {{ $labels.queue }}") if judged.is_by_queue else ("", _FLOOR)
    most, compared = ("at least", ">") if judged.is_lower_better else ("at most", "<")
    number, beyond = decimal(target.target), f"{_beyond(judged)} its target of {decimal(target.target)}"
    return Rule(
        expr=f"(\n{_indented(bounds)}\n) {compared} {number}",
        lasting="15m",
        severity=TICKET,
        labels={"target": number, **window},
        summary=f"{whose}{judged.title} is {beyond}",
        description=f"{span} the {judged.shown} of {scope} is {most} {judged.value} ({judged.end} bound, 95 % sure), "
        f"{beyond}, with at least {target.minimum_answers} {judged.of}.",
    )


def _bound(judged: Judged, matcher: str, least: int) -> str:
    """The bound in one window, by queue or of the floor, where it has enough behind it."""
    bound, sample = judged.bound_of_window(matcher), judged.of_window(judged.sample, matcher)
    most, of_same = ("max by (queue)", "on (queue)") if judged.is_by_queue else ("max", "on ()")
    return f"{most} ({_flat(bound)})\nand {of_same}\n{most} ({_flat(sample)}) >= {least}"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
