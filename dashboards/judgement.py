"""What is good, at risk and breached: words and colours, and from where on, by the objectives and targets configured.

A number is coloured by its point. The word beside it goes by the interval, as the alerts do: BREACH is said where even
the better end of the interval misses the target, with enough answers behind it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from alerting.judged import BY_KPI
from alerting.objectives import REPLIES_LEAST, by_queue
from alerting.promql import ALL_READY, decimal
from alerting.settings import Settings
from dashboards.measured import Measured
from dashboards.panel import Colour, Step, Word
from dashboards.queries import or_zero, summed
from metrics import names
from metrics.catalogue import BY_NAME
from metrics.kpi import RATIO, Better

STATES: Final = (
    Word(0, "OK", Colour.GOOD),
    Word(1, "AT RISK", Colour.AT_RISK),
    Word(2, "BREACH", Colour.BREACH),
    Word(3, "PARTIAL", Colour.UNKNOWN),
)

#: Of what must not be: blue where there is none, red from one on.
NONE_IS_GOOD: Final = (Step(None, Colour.GOOD), Step(1, Colour.BREACH))
NONE_IS_CALM: Final = (Step(None, Colour.GOOD), Step(1, Colour.AT_RISK))

_FIRST: Final = {"sla": "first_response"}


class Aim(msgspec.Struct, frozen=True):
    """What a KPI should reach, by whom it is said, and from how many answers on it is judged."""

    value: float
    source: str
    least: int
    better: Better


def aim_of(kpi: str, settings: Settings) -> Aim | None:
    """The target of the whole floor; of first responses without one the lowest objective; None: there is none."""
    better = BY_NAME[kpi].better
    for target in settings.targets:
        if target.kpi == kpi and target.queue is None:
            return Aim(target.target, f"`[kpis.{kpi}] target`", target.minimum_answers, better)
    objectives = [found.ratio for found in by_queue(settings)]
    if kpi == "first_response_in_sla" and objectives:
        return Aim(min(objectives), "the lowest objective of `[[sla]]`", REPLIES_LEAST, better)
    return None


def steps_of(kpi: str, settings: Settings) -> tuple[Step, ...]:
    """The colours of its points: blue where the target is met, orange where it is not."""
    aim = aim_of(kpi, settings)
    if aim is None:
        return ()
    below, above = (Colour.GOOD, Colour.AT_RISK) if aim.better is Better.LOWER else (Colour.AT_RISK, Colour.GOOD)
    return (Step(None, below), Step(aim.value, above))


def told(kpi: str, settings: Settings) -> str:
    """Which way is better and what is aimed at, in words."""
    way = {Better.HIGHER: "More is better.", Better.LOWER: "Less is better.", Better.NEITHER: "Neither way is better."}
    found = BY_NAME[kpi]
    is_instant = found.unit.startswith("instant")  # the later the better, and so the shorter ago
    text = "Shown as the time since then: less is better." if is_instant else way[found.better]
    aim = aim_of(kpi, settings)
    if aim is None:
        return f"{text} No target: set `[kpis.{kpi}] target`." if kpi in BY_KPI else text
    bound = "at most" if aim.better is Better.LOWER else "at least"
    own = [
        f"; {target.queue}: {_shown(kpi, target.target)}"
        for target in settings.targets
        if target.kpi == kpi and target.queue is not None
    ]
    return f"{text} Target: {bound} {_shown(kpi, aim.value)}, {aim.source}{''.join(own)}."


def _shown(kpi: str, value: float) -> str:
    return f"{decimal(round(100 * value, 4))} %" if BY_NAME[kpi].unit == RATIO else decimal(value)


def state_of(kpi: str, found: Measured, settings: Settings) -> str | None:
    """0 where the target is met, 1 where the point misses it, 2 where the whole interval does; None: no target."""
    aim = aim_of(kpi, settings)
    if aim is None:
        return None
    missed, bound = (">", found.lower) if aim.better is Better.LOWER else ("<", found.upper)
    value = decimal(aim.value)
    sure = f"({bound} {missed} bool {value}) * ({found.sample} >= bool {aim.least})"
    return f"({found.value} {missed} bool {value}) + {sure}"


def state_now() -> str:
    """How first responses stand: 2 with a breach, 1 with one at risk, else 0; 3 where partitions are missing."""
    breaching, at_risk = (or_zero(summed(metric, **_FIRST)) for metric in (names.LIVE_BREACHES, names.AT_RISK))
    known = f"(({at_risk} > bool 0) and on () {ALL_READY})"
    return f"(2 * ({breaching} > bool 0) == 2) or {known} or 3 * (max({names.PARTITIONS.name}) > bool 0)"


def state_by_queue() -> str:
    """The same of each queue with an open ticket."""
    breaching, at_risk = (summed(metric, "queue", **_FIRST) for metric in (names.LIVE_BREACHES, names.AT_RISK))
    return (
        f"(2 * ({breaching} > bool 0) == 2) or ({at_risk} > bool 0 == 1) "
        f"or (0 * {summed(names.TICKETS_OPEN, 'queue')} and on () {ALL_READY}) "
        f"or 3 * ({summed(names.TICKETS_OPEN, 'queue')} > bool 0)"
    )
