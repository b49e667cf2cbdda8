"""A chart is well-formed, has a point for each value, a band for each interval, and a gap where there is none."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from deskpulse.charts import chart, points

SVG = "{http://www.w3.org/2000/svg}"


def row(
    period: str, ratio: float | None, *, partial: bool = False, n: int = 40, sample: str = "enough"
) -> dict[str, Any]:
    low, high = (None, None) if ratio is None else (ratio - 0.1, ratio + 0.1)
    csat = {"responses": n, "mean": 4.0, "satisfied_ratio": ratio, "lower95": low, "upper95": high, "sample": sample}
    return {"period": period, "start": "s", "end": "e", "partial": partial, "created": 5, "csat": csat}


def report(*rows: dict[str, Any], queue: str | None = None) -> dict[str, Any]:
    return {"as_of": "2026-03-31T00:00:00Z", "by": "month", "time_zone": "UTC", "queue": queue, "periods": rows}


ROWS = (row("2026-01", 0.5, partial=True), row("2026-02", 0.6), row("2026-03", None), row("2026-04", 0.7))


def test_each_value_is_a_point_that_says_its_interval_and_sample_size() -> None:
    drawn = ET.fromstring(chart(report(*ROWS), ["csat.satisfied_ratio"]))
    told = [title.text for title in drawn.iterfind(f".//{SVG}circle/{SVG}title")]
    assert told == [
        "2026-01 (part): 50%, 95 % interval 40% to 60%, n=40",
        "2026-02: 60%, 95 % interval 50% to 70%, n=40",
        "2026-04: 70%, 95 % interval 60% to 80%, n=40",
    ]
    assert looks(drawn) == ["o", "p", "p"]


def looks(drawn: ET.Element) -> list[str | None]:
    """The classes of the points, those of the legend left out."""
    return [circle.get("class") for circle in drawn.iterfind(f"{SVG}g/{SVG}circle")]


FEW = (
    row("2026-01", 0.5),
    row("2026-02", 1.0, n=4, sample="not_enough"),
    row("2026-03", 0.6, n=29, sample="caution"),
    row("2026-04", 0.7, n=5, sample="caution", partial=True),
)


def test_a_period_of_too_few_has_a_cross_at_the_bottom_and_its_value_nowhere() -> None:
    drawn = ET.fromstring(chart(report(*FEW), ["csat.satisfied_ratio"]))
    crosses = list(drawn.iterfind(f"{SVG}g/{SVG}path"))
    assert [cross.findtext(f"{SVG}title") for cross in crosses] == ["2026-02: n=4, not enough"]
    assert looks(drawn) == ["p", "c", "oc"]
    lines = [line.get("points", "").split() for line in drawn.iterfind(f".//{SVG}polyline")]
    assert [len(line) for line in lines] == [1, 2]
    assert not any("100%" in (text.text or "") for text in drawn.iter() if text.tag != f"{SVG}text")


def test_the_legend_tells_of_the_looks_that_there_are() -> None:
    def legend(*rows: dict[str, Any]) -> list[str | None]:
        drawn = ET.fromstring(chart(report(*rows), ["csat.satisfied_ratio"]))
        return [text.text for text in drawn.iterfind(f"{SVG}text[@class='k']")]

    part, few, none = (
        "in part: not the whole period",
        "few answers, tickets or clocks: with caution",
        "too few to be shown",
    )
    assert legend(FEW[0]) == []
    assert legend(FEW[1]) == [none]
    assert legend(FEW[2]) == [few]
    assert legend(FEW[3]) == [part, few]
    assert legend(*FEW) == [part, few, none]


def test_a_kpi_of_too_few_in_every_period_says_so() -> None:
    text = chart(report(FEW[1]), ["csat.satisfied_ratio"])
    assert ">no data</text>" not in text
    assert text.count(">too few to be shown</text>") == 2  # the legend's, and in place of the curve


def test_a_line_does_not_bridge_a_period_without_data() -> None:
    drawn = ET.fromstring(chart(report(*ROWS), ["csat.satisfied_ratio"]))
    lines = [line.get("points", "").split() for line in drawn.iterfind(f".//{SVG}polyline")]
    assert [len(line) for line in lines] == [2, 1]
    assert len(list(drawn.iterfind(f".//{SVG}polygon"))) == 1  # the band of the first two
    assert len(list(drawn.iterfind(f".//{SVG}rect[@class='b']"))) == 1  # the interval of the lone one


def test_what_is_higher_stands_higher_and_all_of_it_is_within_the_panel() -> None:
    drawn = ET.fromstring(chart(report(*ROWS), ["csat.satisfied_ratio", "created"]))
    heights = [float(circle.get("cy", "")) for circle in drawn.iterfind(f"{SVG}g/{SVG}circle")][:3]
    assert heights == sorted(heights, reverse=True)
    assert all(34 <= height <= 144 for height in heights)


def test_bounds_are_those_of_the_number_that_they_belong_to() -> None:
    assert [(point.of.low, point.of.n) for point in points("csat.mean", ROWS[:1])] == [(None, 40)]
    assert points("csat.satisfied_ratio", ROWS[:1])[0].of.low == pytest.approx(0.4)
    assert [point.of.n for point in points("created", ROWS[:1])] == [None]


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
