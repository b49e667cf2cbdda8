"""KPIs under their targets, by the upper bound of the interval and never by the point, over enough answers.

Without a window of its own a target is judged over the shortest window that has enough answers, queue by queue: soon
where many answer, and at all where few do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alerting.judged import ALL, Judged
from alerting.promql import any_of, believed, decimal, quoted
from alerting.rules import TICKET, Alert, Concern, Omission, Recording, Rule
from alerting.settings import KpiTarget, Settings
from metrics.instants import HOUR

#: A target without a window of its own is tried over windows of so much and more.
SHORTEST: Final = HOUR


def concern(settings: Settings) -> Concern:
    """The file ``targets.yml``."""
    windows = tuple(window.name for window in settings.windows if window.length >= SHORTEST)
    found: dict[str, list[tuple[KpiTarget, tuple[str, ...]]]] = {judged.kpi: [] for judged in ALL}
    for target in settings.targets:
        over = windows if target.window is None else (target.window,)
        if over:
            found[target.kpi].append((target, over))
    used = [judged for judged in ALL if found[judged.kpi]]
    return Concern(
        name="targets",
        title="KPIs and their targets",
        recordings=tuple(_recordings(used, found, settings.interval)),
        alerts=tuple(_alert(judged, found[judged.kpi]) for judged in used),
        omissions=tuple(Omission(judged.alert, _why(judged, settings)) for judged in ALL if not found[judged.kpi]),
    )


def _why(judged: Judged, settings: Settings) -> str:
    if any(target.kpi == judged.kpi for target in settings.targets):
        return "it needs a window of an hour or more in `windows.rolling`, or one of its own"
    return f"`[kpis.{judged.kpi}]` has no `target`"


def _recordings(
    used: list[Judged], found: dict[str, list[tuple[KpiTarget, tuple[str, ...]]]], interval: int
) -> Iterator[Recording]:
    """Each part once, over all windows that any target of a KPI with this part is judged over."""
    windows: dict[str, set[str]] = {}
    surveys: dict[str, set[str]] = {}
    for judged in used:
        for part, series in judged.parts.items():
            name, _, own = series.partition("{")
            windows.setdefault(name, set()).update(window for _, over in found[judged.kpi] for window in over)
            if own:
                surveys.setdefault(name, set()).add(judged.kpi)
            assert judged.record(part).startswith("queue_window:")
    for name, over in windows.items():
        matchers = f"window=~{any_of(sorted(over))}"
        if name in surveys:
            matchers = f"survey=~{any_of(sorted(surveys[name]))},{matchers}"
        record = f"queue_window:{name}:believed"
        yield Recording(record, believed(record, f"{name}{{{matchers}}}", interval), f"{name}, as last believed.")


def _alert(judged: Judged, found: list[tuple[KpiTarget, tuple[str, ...]]]) -> Alert:
    own = [target.queue for target, _ in found if target.queue is not None]
    return Alert(
        name=judged.alert,
        rules=tuple(_rule(judged, target, over, own) for target, over in found),
        means=f"The {judged.shown} of a queue is under its target, and not by chance: the upper bound of its 95 % "
        f"interval is, with at least `minimum_answers` {judged.of}. Over the window of the target, or else over the "
        "shortest one that has as many.",
        look=(*judged.look, (judged.of, judged.of_window(judged.sample, ""))),
        act="Nothing to do at night. Read the latest low answers with their comments, and compare with the first "
        "response and reopened tickets of the same queue.",
        wrong="Few customers answer, and those who do are not the average. A target above what the queue ever reached "
        "fires for ever: set it from your own baseline.",
    )


def _rule(judged: Judged, target: KpiTarget, over: tuple[str, ...], own: list[str]) -> Rule:
    queue = f"queue!~{any_of(own)}," if own else ""
    if target.queue is not None:
        queue = f"queue={quoted(target.queue)},"
    bounds = "\nor\n".join(_bound(judged, f"{queue}window={quoted(window)}", target.minimum_answers) for window in over)
    window = {"window": over[0]} if len(over) == 1 else {}
    span = f"Over {over[0]}" if window else f"Over the shortest window with {target.minimum_answers} {judged.of}"
    return Rule(
        expr=f"(\n{_indented(bounds)}\n) < {decimal(target.target)}",
        lasting="15m",
        severity=TICKET,
        labels={"target": decimal(target.target), **window},
        summary=f"{{{{ $labels.queue }}}}: {judged.title} is under its target of {decimal(target.target)}",
        description=f"{span} the {judged.shown} of queue {{{{ $labels.queue }}}} is at most {judged.value}"
        f" (upper bound, 95 % sure), under its target of {decimal(target.target)}, with at least"
        f" {target.minimum_answers} {judged.of}.",
    )


def _bound(judged: Judged, matcher: str, least: int) -> str:
    """The bound by queue in one window, where it has enough behind it."""
    bound, sample = (judged.of_window(template, matcher) for template in (judged.bound, judged.sample))
    return f"max by (queue) ({_flat(bound)})\nand on (queue)\nmax by (queue) ({_flat(sample)}) >= {least}"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
