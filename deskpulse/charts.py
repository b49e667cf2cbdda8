"""KPIs over periods as one SVG: a panel for each, with its interval as a band and its sample size at each point.

Plain shapes and text, no script: any browser shows it, any document takes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final, NamedTuple

from deskpulse.reports import is_duration, shown_value
from metrics.calendar_periods import columns

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
_HEADLINES: Final = ("satisfied_ratio", "score", "mean", "ratio")
_STYLE: Final = (
    "text{font:11px sans-serif;fill:#444}.t{font-size:13px;font-weight:bold;fill:#111}.g{stroke:#ddd}"
    ".l{fill:none;stroke:#1f5fa8;stroke-width:1.6}.b{fill:#1f5fa8;opacity:.16}.p{fill:#1f5fa8}"
    ".o{fill:#fff;stroke:#1f5fa8}"
)


class Point(NamedTuple):
    """One period of one KPI."""

    place: int
    name: str
    value: float
    low: float | None
    high: float | None
    n: int | None
    is_partial: bool


def chart(report: Mapping[str, Any], paths: Sequence[str]) -> str:
    """The SVG of these KPIs of a report; a period without a value is a gap."""
    rows = report["periods"]
    queue = "all queues" if report["queue"] is None else report["queue"]
    title = f"{queue}, by {report['by']} of {report['time_zone']}, as known at {report['as_of']}"
    height = 30 + _PANEL * len(paths)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/><text x="12" y="20">{_text(title)}</text>',
    ]
    for number, path in enumerate(paths):
        lines.append(f'<g transform="translate(0 {30 + number * _PANEL})">')
        lines += _panel(path, rows)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def points(path: str, rows: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The periods in which a KPI has a value, with its interval and its sample size where it has them."""
    found = []
    for place, row in enumerate(rows):
        flat = columns(dict(row))
        value = flat.get(path)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = _bounds(path, flat)
            found.append(Point(place, row["period"], value, low, high, _sample(path, flat), row["partial"]))
    return found


def _bounds(path: str, flat: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """An object's bounds are those of its first number that can have any."""
    parent, dot, leaf = path.rpartition(".")
    headline = next((name for name in _HEADLINES if f"{parent}{dot}{name}" in flat), None)
    if leaf != headline:
        return None, None
    return flat.get(f"{parent}{dot}lower95"), flat.get(f"{parent}{dot}upper95")


def _sample(path: str, flat: Mapping[str, Any]) -> int | None:
    parent, dot, leaf = path.rpartition(".")
    beside = {name: flat.get(f"{parent}{dot}{name}") for name in ("responses", "met", "breached", "count", "created")}
    if not dot:
        return None
    if leaf == "in_sla_ratio" and beside["met"] is not None and beside["breached"] is not None:
        return int(beside["met"] + beside["breached"])
    return next((beside[name] for name in ("responses", "count", "created") if beside[name] is not None), None)


def _panel(path: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f'<text class="t" x="{_LEFT}" y="22">{_text(path)}</text>'
    found = points(path, rows)
    if not found:
        yield f'<text x="{_LEFT}" y="{_PANEL // 2}">no data</text>'
        return
    ticks = _ticks(found, _DURATIONS if is_duration(path) else ())
    step = (_WIDTH - _LEFT - _RIGHT) / len(rows)

    def x(place: int) -> float:
        return round(_LEFT + step * (place + 0.5), 1)

    def y(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return round(_PANEL - _BOTTOM - share * (_PANEL - _BOTTOM - _TOP), 1)

    for tick in ticks:
        yield f'<line class="g" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y(tick) + 4}" text-anchor="end">{shown_value(path, _whole(tick))}</text>'
    every = math.ceil(len(rows) / _LABELS_MAX)
    for place in range(0, len(rows), every):
        name = rows[place]["period"]
        yield f'<text x="{x(place)}" y="{_PANEL - 8}" text-anchor="middle">{_text(name)}</text>'
    for run in _runs(found):
        banded = [point for point in run if point.low is not None and point.high is not None]
        if len(banded) > 1:
            above = [f"{x(point.place)},{y(point.high or 0)}" for point in banded]
            below = [f"{x(point.place)},{y(point.low or 0)}" for point in reversed(banded)]
            yield f'<polygon class="b" points="{" ".join(above + below)}"/>'
        elif banded:
            left, top = x(banded[0].place) - 4, y(banded[0].high or 0)
            yield f'<rect class="b" x="{left}" y="{top}" width="8" height="{y(banded[0].low or 0) - top:.1f}"/>'
        yield f'<polyline class="l" points="{" ".join(f"{x(point.place)},{y(point.value)}" for point in run)}"/>'
    for point in found:
        look = "o" if point.is_partial else "p"
        yield (
            f'<circle class="{look}" cx="{x(point.place)}" cy="{y(point.value)}" r="3.5">'
            f"<title>{_text(_told(path, point))}</title></circle>"
        )


def _told(path: str, point: Point) -> str:
    text = f"{point.name}{' (part)' if point.is_partial else ''}: {shown_value(path, point.value)}"
    if point.low is not None and point.high is not None:
        text += f", 95 % interval {shown_value(path, point.low)} to {shown_value(path, point.high)}"
    return text if point.n is None else f"{text}, n={point.n:,}"


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
    values = [each for one in found for each in (one.value, one.low, one.high) if each is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    rough = ((high - low) or 1) / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    wanted = (*steps, *(size * factor for factor in (1, 2, 5, 10)))
    step = next(step for step in wanted if step >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), max(math.ceil(high / step - 1e-9), math.floor(low / step) + 1)
    return [step * number for number in range(first, last + 1)]


def _whole(value: float) -> float:
    """A round number as an integer, so that counts have no fractions."""
    return round(value) if value == round(value) else value


def _text(text: str) -> str:
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))
