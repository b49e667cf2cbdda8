"""The list behind a number at the desk, and why a ticket counts, in a real Chromium."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aiohttp import web

from stream.explain import explain
from tests import walls
from tests.chromium import PHONE, Pages, chromium, pages, pictures, server
from tests.small_floor import NOW, RULES, small_floor
from tests.wall_look import accessibility
from tests.wall_server import WallServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["chromium", "pages", "pictures", "server"]

ROW: dict[str, Any] = {
    "id": "ticket-late",
    "queue": "billing",
    "priority": "high",
    "policy": "usual",
    "sla": "first_response",
    "state": "breaching",
    "created": "2026-10-07T10:30:00Z",
    "since": "2026-10-07T10:30:00Z",
    "due": "2026-10-07T11:30:00Z",
    "overdue_seconds": 1800.0,
    "link": "https://desk.example/tickets/late",
}
LIST: dict[str, Any] = {
    "as_of": "2026-10-07T12:00:00Z",
    "state": "breaching",
    "partitions": {"ready": 1, "catching_up": 1, "total": 2},
    "total": 412,
    "tickets": [
        ROW,
        ROW | {"id": "<b>x</b>", "link": "javascript:alert(1)", "sla": "resolution", "queue": "پشتیبانی"},
        ROW | {"id": "a/b?c", "link": None, "sla": None, "state": None, "policy": None, "due": None}
        | {"overdue_seconds": None},
    ],
}  # fmt: skip


def explanation() -> dict[str, Any]:
    """The real explanation of a ticket that is late."""
    ticket = small_floor().opened[0].ticket("ticket-late")
    assert ticket is not None
    made: dict[str, Any] = json.loads(msgspec.json.encode(explain("ticket-late", ticket, RULES, NOW)))
    return made


class Api:
    """Answers as a board does, and remembers what it was asked."""

    def __init__(self, server: WallServer) -> None:
        self.asked: list[str] = []
        self.list: Any = LIST
        self.status = 200
        server.api = self.answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if request.path.endswith("/explain"):
            return web.json_response(explanation())
        return web.json_response(self.list, status=self.status)


def opened(pages: Pages, server: WallServer, query: str = "?lang=en", **options: Any) -> Page:
    page = pages.new(timezone_id="Europe/Istanbul", **options)
    page.goto(f"{server.url}/tickets{query}")
    page.wait_for_selector("#said:not(:empty)")
    return page


@pytest.mark.parametrize("language", walls.LANGUAGES)
@pytest.mark.parametrize("theme", walls.THEMES)
def test_the_list_and_an_explanation_can_be_read_by_everybody(
    pages: Pages, server: WallServer, language: str, theme: str, pictures: Path
) -> None:
    Api(server)
    page = opened(pages, server, f"?lang={language}&theme={theme}&state=breaching")
    page.screenshot(path=pictures / f"tickets-{language}-{theme}.png")
    assert accessibility(page) == []
    page.click("#rows tr:first-child button")
    page.wait_for_selector(".of-clock")
    page.screenshot(path=pictures / f"explain-{language}-{theme}.png")
    assert accessibility(page) == []
    assert page.locator(".of-clock").count() == 3
    assert "ticket-late" in page.inner_text("#explanation-title")
    page.keyboard.press("Escape")
    assert page.is_hidden("#explanation")


def test_it_tells_of_all_rows_of_partitions_that_are_missing_and_of_when(pages: Pages, server: WallServer) -> None:
    Api(server)
    page = opened(pages, server)
    said = page.inner_text("#said")
    assert "412" in said
    assert "first \u20683\u2069" in said
    assert "15:00:00" in said  # in the zone of the desk
    assert page.inner_text("#partial") == "Partial: \u20681\u2069 of \u20682\u2069 partitions answered"
    assert "30 min" in page.inner_text("#rows tr:first-child")


def test_the_form_asks_the_api_and_the_address_keeps_it(pages: Pages, server: WallServer) -> None:
    api = Api(server)
    page = opened(pages, server, "?lang=en&state=waiting&queue=billing")
    assert api.asked[-1] == "/api/tickets?state=waiting&queue=billing&limit=200"
    page.fill("#priority", "high, urgent")
    page.select_option("#state", "at_risk")
    page.wait_for_function("() => location.search.includes('state=at_risk')")
    page.click("#refresh")
    page.wait_for_function("() => location.search.includes('priority=high')")
    assert "state=at_risk&queue=billing&priority=high%2C+urgent" in page.url
    assert page.get_attribute("#csv", "href") == (
        "/api/tickets?state=at_risk&queue=billing&priority=high%2C+urgent&limit=10000&format=csv"
    )


def test_the_address_may_say_all_that_the_api_knows_and_keeps_it(pages: Pages, server: WallServer) -> None:
    api = Api(server)
    query = "state=breaching&queue=a%2C+b&queue=c&priority=high&policy=on+the+line&sla=next_response"
    page = opened(pages, server, f"?lang=fa&{query}")
    assert api.asked[-1] == f"/api/tickets?{query}&limit=200"  # a name that has a comma itself stays one name
    assert query in page.url
    assert page.get_attribute("#csv", "href") == f"/api/tickets?{query}&limit=10000&format=csv"
    assert [page.input_value(f"#{name}") for name in ("policy", "sla")] == ["on the line", "next_response"]
    page.fill("#policy", "")
    page.select_option("#sla", "resolution")
    page.wait_for_function("() => location.search.includes('sla=resolution')")
    assert api.asked[-1] == "/api/tickets?state=breaching&queue=a%2C+b&queue=c&priority=high&sla=resolution&limit=200"


def test_clocks_are_asked_for_only_of_states_that_have_them(pages: Pages, server: WallServer) -> None:
    api = Api(server)
    page = opened(pages, server, "?lang=en&state=waiting&sla=resolution")
    assert api.asked[-1] == "/api/tickets?state=waiting&limit=200"
    assert page.is_disabled("#sla")
    page.select_option("#state", "at_risk")
    page.wait_for_function("() => location.search.includes('sla=resolution')")
    assert api.asked[-1] == "/api/tickets?state=at_risk&sla=resolution&limit=200"


@pytest.mark.parametrize(
    ("slas", "said"),
    [("first_response,resolution", "First reply · Resolution"), ("first_response,none", "First reply · none")],
)
def test_clocks_that_the_form_has_no_choice_for_reach_the_api_as_they_are(
    pages: Pages, server: WallServer, slas: str, said: str
) -> None:
    api = Api(server)
    page = opened(pages, server, f"?lang=en&sla={slas}")
    assert api.asked[-1] == f"/api/tickets?state=breaching&sla={slas.replace(',', '%2C')}&limit=200"
    assert page.inner_text("#sla option:checked").replace("\u00a0", " ") == said


def test_what_the_program_says_in_english_is_marked_as_such_in_any_language(pages: Pages, server: WallServer) -> None:
    Api(server)
    page = opened(pages, server, "?lang=fa")
    page.click("#rows tr:first-child button")
    page.wait_for_selector(".of-clock")
    said = page.locator(".quoted > bdi")
    assert said.count() > 3
    assert all(node.get_attribute("lang") == "en" for node in said.all())
    assert all(node.get_attribute("dir") == "ltr" for node in said.all())
    assert {node.get_attribute("title") for node in page.locator(".quoted").all()} == {"به بیان برنامه"}
    assert page.locator("[lang=en][title]").count() == 0  # a tooltip is Persian, and read as such


def test_ids_are_texts_and_no_link_leaves_the_web(pages: Pages, server: WallServer) -> None:
    api = Api(server)
    page = opened(pages, server)
    assert page.locator("#rows a").count() == 1
    assert page.get_attribute("#rows a", "href") == "https://desk.example/tickets/late"
    assert page.inner_text("#rows tr:nth-child(2) th") == "<b>x</b>"
    page.click("#rows tr:nth-child(3) button")
    page.wait_for_selector(".of-clock")
    assert api.asked[-1] == "/api/tickets/a%2Fb%3Fc/explain"


def test_a_refusal_is_told_in_the_words_of_the_api(pages: Pages, server: WallServer) -> None:
    api = Api(server)
    api.status, api.list = 503, {"error": "no partition is ready yet"}
    page = opened(pages, server)
    assert "no partition is ready yet" in page.inner_text("#said")
    assert page.is_hidden("#scroll")
    api.status, api.list = 200, LIST | {"total": 0, "tickets": []}
    page.click("#refresh")
    page.wait_for_selector("#said:has-text('No ticket')")


def test_a_phone_scrolls_the_table_and_not_the_page(pages: Pages, server: WallServer, pictures: Path) -> None:
    Api(server)
    page = opened(pages, server, "?lang=fa", viewport=PHONE)
    page.screenshot(path=pictures / "phone-tickets-fa-light.png", full_page=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    assert accessibility(page) == []
