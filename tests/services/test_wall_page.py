"""Each state a display can be in, in each language and theme, in a real Chromium: as it is seen on a TV and on a phone.

The pictures are kept (``DESKPULSE_TEST_PICTURES``), to be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import walls
from tests.chromium import PHONE, Pages, chromium, pages, pictures, server
from tests.wall_look import LABEL_SIZES, LEFTS, MISFITS, NUMBER_SIZES, accessibility, texts
from tests.wall_server import WallServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["chromium", "pages", "pictures", "server"]

STATES = (*walls.STATES, "stale")
LOOKS = [(language, theme) for language in walls.LANGUAGES for theme in walls.THEMES]
RIGHT_TO_LEFT = {"fa", "he"}
#: States in which little stands in the way of the numbers: read from five metres.
ROOMY = {"ok", "at_risk", "breach", "quiet", "named", "closed"}


class Display:
    """One page that is shown one state after the other, as a display is."""

    def __init__(self, page: Page, server: WallServer, language: str, theme: str) -> None:
        self.page, self.language, self.theme = page, language, theme
        self._server, self._told = server, 0

    def show(self, state: str) -> dict[str, Any]:
        """The document of the state, once it is on the screen; ``stale``: a usual one whose messages stop."""
        self._told += 1
        doc = walls.of("ok" if state == "stale" else state, as_of=walls.at(-0.001 * self._told))
        self.page.clock.set_fixed_time(walls.NOW)
        self._server.send("wall", doc)
        self.page.wait_for_selector(f"#wall[data-as-of='{doc['as_of']}'][data-fresh=live]")
        if state == "stale":
            self.page.clock.set_fixed_time(walls.NOW + timedelta(seconds=20))
            self.page.wait_for_selector("#wall[data-fresh=stale]")
        return doc


@pytest.fixture(scope="module", params=LOOKS, ids="-".join)
def display(request: pytest.FixtureRequest, chromium: Browser, server: WallServer) -> Iterator[Display]:
    language, theme = request.param
    made = Pages(chromium)
    page = made.new(clock=walls.NOW)
    server.greeting = [("wall", walls.of("no_data"))]
    page.goto(f"{server.url}/?lang={language}&theme={theme}")
    page.wait_for_selector(f"html[lang={language}][data-theme={theme}] #wall[data-fresh=live]")
    yield Display(page, server, language, theme)
    made.close()
    assert made.errors == []


@pytest.mark.parametrize("state", STATES)
def test_all_fits_one_screen_and_can_be_read_by_everybody(display: Display, state: str, pictures: Path) -> None:
    doc = display.show(state)
    page = display.page
    page.screenshot(path=pictures / f"{state}-{display.language}-{display.theme}.png")
    assert page.evaluate("() => [document.documentElement.scrollHeight, document.documentElement.scrollWidth]") == [
        1080,
        1920,
    ]
    assert page.evaluate(MISFITS) == []
    assert accessibility(page) == []
    if not doc["state"]["no_data"]:
        assert min(page.evaluate(LABEL_SIZES)) >= 39
        smallest = 80 if state in {"days", "partial", "stale"} else 120
        assert min(page.evaluate(NUMBER_SIZES).values()) >= smallest


@pytest.mark.parametrize("state", ["ok", "breach", "partial"])
def test_the_page_runs_as_its_language_does_and_charts_always_left_to_right(display: Display, state: str) -> None:
    display.show(state)
    page = display.page
    is_rtl = display.language in RIGHT_TO_LEFT
    assert page.get_attribute("html", "dir") == ("rtl" if is_rtl else "ltr")
    for selector in ("#tiles .tile:nth-child(-n+3)", ".survey", "#queues .card", ".foot > p", ".head > *"):
        lefts = page.evaluate(LEFTS, selector)
        assert len(lefts) > 1
        assert lefts == sorted(lefts, reverse=is_rtl), selector
    charts = page.evaluate(
        """() => [...document.querySelectorAll(".spark:not(.empty)")].map((chart) => {
          const line = chart.lastElementChild;
          const [first, last] = [line.getPointAtLength(0), line.getPointAtLength(line.getTotalLength())];
          const onScreen = chart.getScreenCTM();
          return first.matrixTransform(onScreen).x < last.matrixTransform(onScreen).x;
        })"""
    )
    assert charts
    assert all(charts)
    fill, bar = (page.locator(f"#tile-oldest .{name}").bounding_box() for name in ("fill", "bar"))
    assert fill is not None
    assert bar is not None
    begins = (fill["x"] + fill["width"], bar["x"] + bar["width"]) if is_rtl else (fill["x"], bar["x"])
    assert abs(begins[0] - begins[1]) < 1  # the wait grows from where reading begins


def test_numbers_and_the_date_are_written_as_the_language_writes_them(display: Display) -> None:
    display.show("ok")
    expected = {
        "en": ["14", "18:27", "0", "94%", "1,204"],
        "fa": ["۱۴", "۱۸:۲۷", "۰", "۹۴٪", "۱٬۲۰۴"],
        "he": ["14", "18:27", "0", "94%", "1,204"],
        "tr": ["14", "18:27", "0", "%94", "1.204"],
    }[display.language]
    assert list(texts(display.page).values()) == expected
    date = display.page.inner_text("#date")
    assert {"en": "7 October", "fa": "۱۵ مهر", "he": "7 באוקטובר", "tr": "7 Ekim"}[display.language] in date
    clock = display.page.inner_text("#clock")
    assert clock == ("۱۳:۴۲" if display.language == "fa" else "13:42")  # in the wall's zone, not the browser's
    if display.language == "fa":
        shown = display.page.inner_text("#tiles") + display.page.inner_text(".foot")
        assert re.findall("[0-9]", shown) == []


def test_each_state_says_so_by_a_shape_and_a_word_beside_its_colour(display: Display) -> None:
    marks: dict[str, tuple[str, str, str]] = {}
    for state in ("ok", "at_risk", "breach", "partial", "catching_up", "stale"):
        display.show(state)
        mark = display.page.locator("#overall path").get_attribute("d") or ""
        colour = display.page.evaluate("() => getComputedStyle(document.getElementById('overall')).color")
        marks[state] = (mark, display.page.inner_text("#overall"), colour)
    assert len({word for _, word, _ in marks.values()}) == len(marks)
    shapes = [marks[state][0] for state in ("ok", "at_risk", "breach", "partial", "stale")]
    assert len(set(shapes)) == len(shapes)
    assert len({marks[state][2] for state in ("ok", "at_risk", "breach", "stale")}) == 4


@pytest.mark.parametrize("state", ["ok", "breach", "partial", "days", "stale", "no_data"])
def test_a_phone_shows_all_of_it_below_each_other(pages: Pages, server: WallServer, state: str, pictures: Path) -> None:
    for language, theme in (("en", "dark"), ("fa", "light")):
        page = pages.new(clock=walls.NOW, viewport=PHONE, has_touch=True, is_mobile=True)
        server.greeting = [("wall", walls.of("ok" if state == "stale" else state))]
        page.goto(f"{server.url}/?lang={language}&theme={theme}")
        page.wait_for_selector(f"html[lang={language}] #wall[data-fresh=live]")
        if state == "stale":
            page.clock.set_fixed_time(walls.NOW + timedelta(seconds=20))
            page.wait_for_selector("#wall[data-fresh=stale]")
        page.screenshot(path=pictures / f"phone-{state}-{language}-{theme}.png", full_page=True)
        assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
        assert page.evaluate(MISFITS) == []
        assert accessibility(page) == []
