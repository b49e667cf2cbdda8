"""KPIs over periods as one SVG: a panel for each, with its interval as a band and its sample size at each point.

A period of too few has no point but a cross at the bottom, and its value nowhere. Plain shapes and text, no
script: any browser shows it, any document takes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final, NamedTuple

from deskpulse.cells import Number, heading, kpi_at, not_enough, number, spelled
from metrics.calendar_periods import columns
from metrics.kpi import RATIO, SECONDS, Kpi

#: Shown where no KPI is asked for, as far as there is any value of it.
USUAL: Final = ("created", "resolved", "first_response.p50", "first_response.in_sla_ratio", "csat.satisfied_ratio")

_WIDTH: Final = 960
_PANEL: Final = 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 24, 34, 26
_LABELS_MAX: Final = 8
_TICKS: Final = 4
#: Seconds between lines of durations: what clocks and calendars are divided by.
_DURATIONS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3_600 * hours for hours in (1, 2, 4, 6, 12)),
    *(86_400 * days for days in (1, 2, 5, 10, 20, 50)),
)
_STYLE: Final = (
    "text{font:11px sans-serif;fill:#444}.t{font-size:13px;font-weight:bold;fill:#111}.g{stroke:#ddd}"
    ".l{fill:none;stroke:#1f5fa8;stroke-width:1.6}.b{fill:#1f5fa8;opacity:.16}.p{fill:#1f5fa8}"
    ".o{fill:#fff;stroke:#1f5fa8}.c{fill:#e08a00}.oc{fill:#fff;stroke:#e08a00}.n{stroke:#999;stroke-width:1.6}"
)


#: What the looks of points mean, by class; one that is in part and of few is both.
_LEGEND: Final = {
    "o": "in part: not the whole period",
    "c": "few answers, tickets or clocks: with caution",
    "n": "too few to be shown",
}


class Point(NamedTuple):
    """One period of one KPI that has a value."""

    place: int
    name: str
    of: Number
    is_partial: bool

    @property
    def value(self) -> float:
        """The number."""
        return float(self.of.value)

    @property
    def look(self) -> str:
        """Its class: a cross where it is of too few, hollow where it is in part, of another colour where of few."""
        if not self.of.is_enough:
            return "n"
        return ("o" if self.is_partial else "") + ("c" if self.of.is_of_few else "") or "p"


def chart(report: Mapping[str, Any], paths: Sequence[str]) -> str:
    """The SVG of these KPIs of a report; a period without a value is a gap."""
    rows = report["periods"]
    queue = "all queues" if report["queue"] is None else report["queue"]
    title = f"{queue}, by {report['by']} of {report['time_zone']}, as known at {report['as_of']}"
    panels = [(kpi_at(path, _known(rows)), points(path, rows)) for path in paths]
    marks = list(_marks([point for _, found in panels for point in found]))
    top = 48 if marks else 30
    height = top + _PANEL * len(paths)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/><text x="12" y="20">{_text(title)}</text>',
        *marks,
    ]
    for number_of, (kpi, found) in enumerate(panels):
        lines.append(f'<g transform="translate(0 {top + number_of * _PANEL})">')
        lines += _panel(kpi, found, rows)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _known(rows: Sequence[Mapping[str, Any]]) -> dict[str, None]:
    return dict.fromkeys(path for row in rows for path in columns(dict(row)))


def _marks(found: Sequence[Point]) -> Iterator[str]:
    """The legend: of the marks that some point has, a line below the title."""
    looks = {point.look for point in found}
    x = 18
    for mark, told in _LEGEND.items():
        if any(mark in look for look in looks):
            yield _cross(x, 36, "") if mark == "n" else f'<circle class="{mark}" cx="{x}" cy="36" r="3.5"/>'
            yield f'<text class="k" x="{x + 9}" y="40">{told}</text>'
            x += 24 + 6 * len(told)


def points(path: str, rows: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The periods in which a KPI has a value, with its interval and its sample where it has them."""
    flats = [columns(dict(row)) for row in rows]
    kpi = kpi_at(path, _known(rows))
    found = []
    for place, (row, flat) in enumerate(zip(rows, flats, strict=True)):
        of = number(kpi, flat)
        if isinstance(of.value, (int, float)) and not isinstance(of.value, bool):
            found.append(Point(place, row["period"], of, row["partial"]))
    return found


def _panel(kpi: Kpi, found: Sequence[Point], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f'<text class="t" x="{_LEFT}" y="22">{_text(heading(kpi))}</text>'
    drawn = [point for point in found if point.of.is_enough]
    if not drawn:
        yield f'<text x="{_LEFT}" y="{_PANEL // 2}">{_LEGEND["n"] if found else "no data"}</text>'
    if not found:
        return
    step = (_WIDTH - _LEFT - _RIGHT) / len(rows)

    def x(place: int) -> float:
        return round(_LEFT + step * (place + 0.5), 1)

    every = math.ceil(len(rows) / _LABELS_MAX)
    for place in range(0, len(rows), every):
        name = rows[place]["period"]
        yield f'<text x="{x(place)}" y="{_PANEL - 8}" text-anchor="middle">{_text(name)}</text>'
    for point in found:
        if not point.of.is_enough:
            yield _cross(x(point.place), _PANEL - _BOTTOM - 6, _told(point))
    if drawn:
        yield from _curve(kpi, drawn, x)


def _curve(kpi: Kpi, drawn: Sequence[Point], x: Callable[[int], float]) -> Iterator[str]:
    """The axis, the bands, the lines and the points."""
    ticks = _ticks(drawn, _DURATIONS if kpi.unit == SECONDS else ())

    def y(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return round(_PANEL - _BOTTOM - share * (_PANEL - _BOTTOM - _TOP), 1)

    for tick in ticks:
        yield f'<line class="g" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y(tick) + 4}" text-anchor="end">{_axis(kpi.unit, tick, ticks)}</text>'
    for run in _runs(drawn):
        yield from _band([(x(point.place), *map(y, bounds)) for point in run if (bounds := _bounds(point.of))])
        yield f'<polyline class="l" points="{" ".join(f"{x(point.place)},{y(point.value)}" for point in run)}"/>'
    for point in drawn:
        yield (
            f'<circle class="{point.look}" cx="{x(point.place)}" cy="{y(point.value)}" r="3.5">'
            f"<title>{_text(_told(point))}</title></circle>"
        )


def _band(bounds: Sequence[tuple[float, ...]]) -> Iterator[str]:
    """Between (x, bottom, top) of each; of a lone one a narrow bar."""
    if len(bounds) > 1:
        around = [(x, top) for x, _, top in bounds] + [(x, bottom) for x, bottom, _ in reversed(bounds)]
        yield f'<polygon class="b" points="{" ".join(f"{x},{y}" for x, y in around)}"/>'
    elif bounds:
        ((x, bottom, top),) = bounds
        yield f'<rect class="b" x="{x - 4}" y="{top}" width="8" height="{bottom - top:.1f}"/>'


def _bounds(of: Number) -> tuple[float, float] | None:
    return None if of.low is None or of.high is None else (of.low, of.high)


def _cross(x: float, y: float, told: str) -> str:
    title = f"<title>{_text(told)}</title>" if told else ""
    lines = f"M{x - 3} {y - 3}l6 6m0 -6l-6 6"
    return f'<path class="n" d="{lines}">{title}</path>'


def _axis(unit: str, tick: float, ticks: Sequence[float]) -> str:
    """A line's value; of the values of a scale all or none have fractions of a percent."""
    if unit == RATIO:
        return f"{tick:.0%}" if all(abs(100 * each - round(100 * each)) < 1e-6 for each in ticks) else f"{tick:.2%}"
    return spelled(unit if unit == SECONDS else "", round(tick) if tick == round(tick) else tick)


def _told(point: Point) -> str:
    of, name = point.of, f"{point.name}{' (part)' if point.is_partial else ''}"
    if not of.is_enough:
        return f"{name}: {not_enough(of)}"
    text = f"{name}: {spelled(of.unit, of.value)}"
    if _bounds(of):
        text += f", 95 % interval {spelled(of.unit, of.low)} to {spelled(of.unit, of.high)}"
    return text if of.n is None else f"{text}, n={of.n:,}"


def _runs(found: Sequence[Point]) -> list[list[Point]]:
    """Points of periods that follow on each other: a line does not bridge a gap."""
    runs: list[list[Point]] = []
    for point in found:
        if runs and runs[-1][-1].place == point.place - 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _ticks(found: Sequence[Point], steps: Sequence[int]) -> list[float]:
    """Round values, ascending, between whose ends all values and bounds lie; 0 is among them unless all are below.

    Apart by one of ``steps`` where one is large enough, else by 1, 2 or 5 times a power of ten.
    """
    values = [each for one in found for each in (one.value, one.of.low, one.of.high) if each is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    rough = ((high - low) or 1) / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    wanted = (*steps, *(size * factor for factor in (1, 2, 5, 10)))
    step = next(step for step in wanted if step >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), max(math.ceil(high / step - 1e-9), math.floor(low / step) + 1)
    return [step * number for number in range(first, last + 1)]


def _text(text: str) -> str:
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))
