"""One number of a window as a person is shown it: by its unit, with its interval, its size and how far to rely on it.

What there is to know of it is the catalogue's; of a path that is no KPI (another scale, one item, a bound) it is read
from what stands beside it. How far to rely on it is the snapshot's own word, never a limit of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from metrics.catalogue import ALL
from metrics.instants import DAY, HOUR, MINUTE, SECOND, format_duration
from metrics.kpi import RATIO, SECONDS, Better, Interval, Kpi, Place
from metrics.samples import Sample, word_path
from metrics.slow_periods import SLOW_OF_A_PERIOD

NONE: Final = "-"
CAUTION: Final = "~"
NOT_ENOUGH: Final = "not enough"
LEGEND: Final = f"{CAUTION} few answers, tickets or clocks: with caution      n=…, {NOT_ENOUGH}: too few to be shown"

Flat = Mapping[str, Any]  # a window without nesting: by path
_OF_WINDOWS: Final = (kpi for kpi in ALL if kpi.place is Place.WINDOW)
_BY_PATH: Final = {kpi.path: kpi for kpi in (*_OF_WINDOWS, *SLOW_OF_A_PERIOD.values())}
_SHOWN: Final = {DAY: HOUR, HOUR: MINUTE, MINUTE: SECOND}  # the smaller of the two units that are shown

#: Closer to 0 or 1 than this a share is that, but for rounding: Wilson's upper bound of 4 of 4 is 1 - 1e-16.
_ALL_OR_NOTHING: Final = 1e-6

#: Of what is no KPI: leaves that are of a sample, the sizes of samples, and the first leaf of an object has its bounds.
_SAMPLED: Final = ("mean", "p50", "p90", "ratio", "score", "index", "gap", "overall", "perception", "expectation", "95")
_SIZES: Final = ("responses", "pairs", "agreeing", "sent", "count", "created")
_HEADLINES: Final = ("satisfied_ratio", "agree_ratio", "gap", "score", "mean", "ratio")


class Number(msgspec.Struct, frozen=True):
    """A value with its bounds, the size of its sample and what that is good for; None where it has none of these."""

    unit: str
    value: Any
    low: float | None
    high: float | None
    n: int | None
    word: str | None

    @property
    def is_enough(self) -> bool:
        """Whether it is to be shown at all: there is a value, of no sample that is too small."""
        return self.value is not None and self.word != Sample.NOT_ENOUGH

    @property
    def is_of_few(self) -> bool:
        """Whether it is to be shown with caution."""
        return self.value is not None and self.word == Sample.CAUTION


def kpi_at(path: str, flat: Flat) -> Kpi:
    """The catalogue's KPI of a window at that path, else what is known of the path from what stands beside it."""
    return _BY_PATH.get(path) or Kpi(
        name=path, title=path, short=path, unit=_unit(path), better=Better.NEITHER, formula="", path=path,
        sample=_size(path, flat), interval=_interval(path, flat),
    )  # fmt: skip


def number(kpi: Kpi, flat: Flat) -> Number:
    """What a window has of it."""
    low, high = (None, None) if kpi.interval is None else (flat.get(kpi.interval.lower), flat.get(kpi.interval.upper))
    n, word = (None, None) if kpi.sample is None else (flat.get(kpi.sample), flat.get(word_path(kpi.sample)))
    return Number(kpi.unit, flat.get(kpi.path), low, high, n, word)


def cell(found: Number, *, with_size: bool = True) -> str:
    """``80% [38…96] n=50``; of few ``~80% …``, of too few ``n=3, not enough``."""
    if found.value is None:
        return NONE
    if not found.is_enough:
        return not_enough(found)
    size = f" n={_size_told(found.n)}" if with_size and found.n is not None else ""
    return f"{CAUTION if found.is_of_few else ''}{spelled(found.unit, found.value)}{_between(found)}{size}"


def _size_told(n: int) -> str:
    """In thousands where a hundred more or less say nothing of how sure the number is."""
    return f"{n:,}" if n < 10_000 else f"{n // 1_000:,}k"


def not_enough(found: Number) -> str:
    """What stands instead of a number that is of too few."""
    return f"n={found.n:,}, {NOT_ENOUGH}"


def heading(kpi: Kpi) -> str:
    """A KPI's title where it stands alone: one that only goes on from the row above is not understood."""
    return kpi.title if kpi.short.startswith("…") else kpi.short


def spelled(unit: str, value: Any) -> str:
    """A value in words, by its unit: 1h30m, 63%, 4.25, 1,200."""
    if value is None:
        return NONE
    if isinstance(value, (bool, str, list, dict)):
        return printable(str(value))
    if unit in _SPELLED:
        return _SPELLED[unit](value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def seconds_cell(value: float | None) -> str:
    """A duration in its two largest units."""
    if value is None:
        return NONE
    if value < 0:
        return f"-{seconds_cell(-value)}"
    if value < MINUTE // SECOND:
        return f"{value:.1f}s"
    precision = _SHOWN[next((size for size in (DAY, HOUR) if value * SECOND >= size), MINUTE)]
    return format_duration(round(value * SECOND / precision) * precision)


def percent_cell(value: float | None) -> str:
    """A share from 0 to 1, to a tenth of a percent."""
    return NONE if value is None else f"{value:.1%}"


def printable(text: str) -> str:
    """A text from outside as it is, but for what would steer the terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _percent(share: float) -> str:
    """To whole percents; with decimals where it would else be told as all or nothing, and is not."""
    if min(share, 1 - share) < _ALL_OR_NOTHING:
        return f"{share:.0%}"
    shown = (f"{share:.{decimals}%}" for decimals in range(5))
    return next(one for one in shown if float(one[:-1]) not in {0, 100})


_SPELLED: Final[dict[str, Callable[[float], str]]] = {
    SECONDS: seconds_cell,
    RATIO: _percent,
    "difference of ratios": lambda value: f"{100 * value:+.1f} points",
    "points, -100 to 100": lambda value: f"{round(value)}",  # none is -0
    "%": lambda value: f"{value:,.1f}%",
}


def _between(found: Number) -> str:
    if found.low is None or found.high is None:
        return ""
    low, high = (_bound(found.unit, bound) for bound in (found.low, found.high))
    return f" [{low.removesuffix('%')}…{high.removesuffix('%')}]"


def _bound(unit: str, value: float) -> str:
    """As the value, and a score to a tenth: it is as far as an interval can be read."""
    return f"{value:.1f}" if unit.startswith("score") else spelled(unit, value)


# --------------------------------------------------------------------------------- of paths that are no KPI


def _unit(path: str) -> str:
    parent, _, leaf = path.rpartition(".")
    if leaf in {"mean", "p50", "p90"} and ("response" in parent or "resolution" in parent):
        return SECONDS
    return RATIO if "ratio" in leaf or leaf.startswith("in_sla_") else ""


def _size(path: str, flat: Flat) -> str | None:
    parent, dot, leaf = path.rpartition(".")
    is_of_clocks = leaf.startswith("in_sla_")
    if not dot or not (is_of_clocks or leaf.endswith(_SAMPLED)):
        return None
    sizes = ("settled_or_late" if "now" in leaf else "settled",) if is_of_clocks else _SIZES
    return next((f"{parent}.{size}" for size in sizes if f"{parent}.{size}" in flat), None)


def _interval(path: str, flat: Flat) -> Interval | None:
    parent, dot, leaf = path.rpartition(".")
    share = {"in_sla_ratio": "in_sla_", "in_sla_ratio_now": "in_sla_now_"}.get(leaf)
    headline = next((name for name in _HEADLINES if f"{parent}{dot}{name}" in flat), None)
    if share is None and leaf != headline:
        return None
    lower, upper = (f"{parent}{dot}{share or ''}{end}95" for end in ("lower", "upper"))
    return Interval(lower, upper, "") if lower in flat else None
