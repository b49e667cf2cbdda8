"""A chart is well-formed, has a point for each value, a band for each interval, and a gap where there is none."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from deskpulse.charts import chart, points

SVG = "{http://www.w3.org/2000/svg}"


def row(period: str, ratio: float | None, *, partial: bool = False) -> dict[str, Any]:
    bounds = (None, None) if ratio is None else (ratio - 0.1, ratio + 0.1)
    csat = {"responses": 20, "mean": 4.0, "satisfied_ratio": ratio, "lower95": bounds[0], "upper95": bounds[1]}
    return {"period": period, "start": "s", "end": "e", "partial": partial, "created": 5, "csat": csat}


def report(*rows: dict[str, Any], queue: str | None = None) -> dict[str, Any]:
    return {"as_of": "2026-03-31T00:00:00Z", "by": "month", "time_zone": "UTC", "queue": queue, "periods": rows}


ROWS = (row("2026-01", 0.5, partial=True), row("2026-02", 0.6), row("2026-03", None), row("2026-04", 0.7))


def test_each_value_is_a_point_that_says_its_interval_and_sample_size() -> None:
    drawn = ET.fromstring(chart(report(*ROWS), ["csat.satisfied_ratio"]))
    told = [title.text for title in drawn.iterfind(f".//{SVG}circle/{SVG}title")]
    assert told == [
        "2026-01 (part): 50.0%, 95 % interval 40.0% to 60.0%, n=20",
        "2026-02: 60.0%, 95 % interval 50.0% to 70.0%, n=20",
        "2026-04: 70.0%, 95 % interval 60.0% to 80.0%, n=20",
    ]
    assert [circle.get("class") for circle in drawn.iterfind(f".//{SVG}circle")] == ["o", "p", "p"]


def test_a_line_does_not_bridge_a_period_without_data() -> None:
    drawn = ET.fromstring(chart(report(*ROWS), ["csat.satisfied_ratio"]))
    lines = [line.get("points", "").split() for line in drawn.iterfind(f".//{SVG}polyline")]
    assert [len(line) for line in lines] == [2, 1]
    assert len(list(drawn.iterfind(f".//{SVG}polygon"))) == 1  # the band of the first two
    assert len(list(drawn.iterfind(f".//{SVG}rect[@class='b']"))) == 1  # the interval of the lone one


def test_what_is_higher_stands_higher_and_all_of_it_is_within_the_panel() -> None:
    drawn = ET.fromstring(chart(report(*ROWS), ["csat.satisfied_ratio", "created"]))
    heights = [float(circle.get("cy", "")) for circle in drawn.iterfind(f".//{SVG}circle")][:3]
    assert heights == sorted(heights, reverse=True)
    assert all(34 <= height <= 144 for height in heights)


def test_bounds_are_those_of_the_number_that_they_belong_to() -> None:
    assert [(point.low, point.n) for point in points("csat.mean", ROWS[:1])] == [(None, 20)]
    assert points("csat.satisfied_ratio", ROWS[:1])[0].low == pytest.approx(0.4)
    assert [point.n for point in points("created", ROWS[:1])] == [None]


def test_names_from_outside_are_text_and_no_markup() -> None:
    hostile = '<script>&"\x07'
    text = chart(report(row("2026-01", 0.5) | {hostile: 1}, queue=hostile), [hostile])
    drawn = ET.fromstring(text)
    assert not re.search("<script", text)
    assert '<script>&"\ufffd' in [element.text for element in drawn.iterfind(f".//{SVG}text[@class='t']")]


@pytest.mark.parametrize("value", [0, 1, -17.5, 1e-9, 3.2e11])
def test_one_value_of_any_size_has_an_axis(value: float) -> None:
    drawn = ET.fromstring(chart(report(row("2026-01", None) | {"x": value}), ["x"]))
    ticks = list(drawn.iterfind(f".//{SVG}line"))
    assert 2 <= len(ticks) <= 8
    assert all("nan" not in str(tick.attrib) for tick in ticks)


def test_a_kpi_without_any_value_says_so() -> None:
    assert ">no data</text>" in chart(report(row("2026-01", None)), ["csat.satisfied_ratio"])
