"""The wall of a real worker, on its own board, in a real Chromium: right numbers, at the due second, live or stale."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import Pages, chromium, pages
from tests.happenings import created, happening
from tests.oracle.instants import HOUR, MINUTE, SECOND, instant
from tests.real_wall import RealWall
from tests.wall_look import texts

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["chromium", "pages"]

TOML = """
[board]
wall_token_env = "WALL_TOKEN"
api_token_env = "API_TOKEN"
[labels]
queues = ["billing", "returns", "vip"]
[[sla]]
name = "usual"
first_response = "1h"
[walls.money]
title = "Para"
queues = ["billing", "vip"]
numbers = ["breaching", "awaiting"]
language = "tr"
time_zone = "Asia/Tokyo"
theme = "light"
"""
WALL = {"Authorization": "Bearer for-walls"}
LATE, ON_TIME = "ticket-late", "ticket-on-time"

#: Remembers as of when the wall was, and how many breaches it showed then.
WATCH = """() => {
  window.watched = [];
  const wall = document.getElementById("wall");
  const shown = () => document.querySelector("#tile-breaching bdi").textContent;
  const note = () => window.watched.push([wall.dataset.asOf, shown()]);
  note();
  new MutationObserver(note).observe(wall, {attributes: true, attributeFilter: ["data-as-of"]});
}"""


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWall]:
    """A morning: one ticket is late, one waits, one was answered within its hour."""
    folder = tmp_path_factory.mktemp("floor")
    with RealWall.running(folder, TOML, WALL_TOKEN="for-walls", API_TOKEN="for-tickets") as running:
        now = time.time_ns()
        running.send(
            [
                created(now - 2 * HOUR, LATE, queue="billing"),
                created(now - 10 * MINUTE, ON_TIME, queue="returns"),
                created(now - 30 * MINUTE, "ticket-answered", queue="vip"),
                happening("ticket.replied", now - 20 * MINUTE, "ticket-answered", agent="agent-of-a-name"),
            ]
        )
        yield running


def opened(pages: Pages, wall: RealWall, query: str = "?lang=en", **options: Any) -> Page:
    page = pages.new(**options)
    page.goto(f"{wall.url}/{query}&token=for-walls")
    page.wait_for_selector("#wall[data-fresh=live]")
    return page


def shows(page: Page, tile: str, text: str) -> None:
    page.wait_for_selector(f"#tile-{tile} .number bdi:text-is('{text}')")


def test_it_shows_the_numbers_of_the_snapshot(pages: Pages, wall: RealWall) -> None:
    page = opened(pages, wall)
    shows(page, "open", "3")
    shown, found = texts(page), wall.snapshot(**WALL)["all"]
    assert shown["open"] == str(found["open"]) == "3"
    assert shown["awaiting"] == str(found["awaiting_first_response"]) == "2"
    assert shown["breaching"] == str(found["sla"]["first_response"]["live_breaches"]) == "1"
    assert shown["in_sla_today"] == "–"  # of so few it says nothing
    waits = instant(wall.snapshot(**WALL)["as_of"]) - instant(found["oldest_awaiting_first_response_at"])
    hours, minutes, _ = texts(page)["oldest"].split(":")
    assert abs(int(hours) * HOUR + int(minutes) * MINUTE - waits) <= 2 * MINUTE
    assert page.locator("#queues .card:visible .name bdi").all_inner_texts() == ["billing", "returns", "vip"]
    assert page.is_hidden("#shows")


def test_a_breach_is_there_from_its_due_instant_on_and_not_before(pages: Pages, wall: RealWall) -> None:
    page = opened(pages, wall)
    shows(page, "breaching", "1")
    page.evaluate(WATCH)
    due = time.time_ns() + 4 * SECOND
    wall.send([created(due - HOUR, "ticket-due", queue="vip")])
    shows(page, "awaiting", "3")
    shows(page, "breaching", "2")
    watched = [(instant(as_of), text) for as_of, text in page.evaluate("() => window.watched")]
    assert len(watched) > 2
    assert [text for as_of, text in watched] == ["2" if as_of >= due else "1" for as_of, _ in watched]
    assert page.get_attribute("#queues .card:nth-child(2)", "data-state") == "breaching"
    wall.send([happening("ticket.replied", time.time_ns(), "ticket-due", agent="agent-of-a-name")])
    shows(page, "breaching", "1")


def test_a_worker_that_stands_still_makes_it_stale_until_it_goes_on(pages: Pages, wall: RealWall) -> None:
    page = pages.new()
    page.clock.install()
    page.goto(f"{wall.url}/?lang=en&token=for-walls")
    page.wait_for_selector("#wall[data-fresh=live]")
    os.kill(wall.worker.pid, signal.SIGSTOP)
    try:
        page.clock.run_for(10_000)
        assert page.get_attribute("#wall", "data-fresh") == "live"
        page.clock.run_for(6_000)
        assert page.get_attribute("#wall", "data-fresh") == "stale"
        assert "NO DATA since" in page.inner_text("#notices")
    finally:
        os.kill(wall.worker.pid, signal.SIGCONT)
    page.wait_for_selector("#wall[data-fresh=live]")
    assert page.is_hidden("#notices")


def test_a_named_wall_has_its_own_queues_numbers_language_zone_and_theme(pages: Pages, wall: RealWall) -> None:
    page = opened(pages, wall, "?wall=money")
    page.wait_for_selector("html[lang=tr][data-theme=light]")
    assert page.inner_text("#title") == "Para"
    assert list(texts(page)) == ["breaching", "awaiting"]
    assert page.locator("#queues .card:visible .name bdi").all_inner_texts() == ["billing", "vip"]
    there = time.strftime("%H:%M", time.gmtime(page.evaluate("() => Date.now()") // 1000 + 9 * 3600))
    hour, minute = divmod(int(there[:2]) * 60 + int(there[3:]), 60)
    before = f"{(hour * 60 + minute - 1) // 60 % 24:02}:{(minute - 1) % 60:02}"
    assert page.inner_text("#clock") in {there, before}  # in Tokyo, perhaps a second before the minute


def test_persian_runs_from_right_to_left_and_an_unknown_language_is_english(pages: Pages, wall: RealWall) -> None:
    page = opened(pages, wall, "?lang=fa")
    page.wait_for_selector("html[lang=fa][dir=rtl]")
    shows(page, "open", "۴")
    lefts = page.evaluate("() => ['awaiting', 'open'].map((n) => document.getElementById(`tile-${n}`).offsetLeft)")
    assert lefts[0] > lefts[1]
    page = opened(pages, wall, "?lang=xx&theme=pink")
    page.wait_for_selector("html[lang=en][data-theme=dark]")


def test_a_wall_or_queue_that_is_not_there_is_told_with_those_that_are(pages: Pages, wall: RealWall) -> None:
    page = opened(pages, wall)
    for query, error in (
        ("wall=mony", "no wall 'mony'; known: default, money"),
        ("queue=biling", "no queue 'biling'; did you mean"),
    ):
        answer = page.request.get(f"{wall.url}/?{query}")
        assert answer.status == 404
        assert error in answer.json()["error"]


def test_the_token_leaves_the_address_and_no_script_can_read_it(pages: Pages, wall: RealWall) -> None:
    page = opened(pages, wall, "?lang=en&queue=billing")
    assert page.url == f"{wall.url}/?lang=en&queue=billing"
    assert page.evaluate("() => document.cookie") == ""
    assert page.request.get(f"{wall.url}/tickets").status == 401
    other = pages.new()
    assert other.request.get(wall.url).status == 401


def test_the_desk_lists_and_explains_with_the_token_of_the_api(pages: Pages, wall: RealWall) -> None:
    page = pages.new()
    page.goto(f"{wall.url}/tickets?lang=en&state=breaching&token=for-tickets")
    page.wait_for_selector(f"#rows th bdi:text-is('{LATE}')")
    assert "token" not in page.url
    assert page.locator("#rows tr").count() == 1
    page.click("#rows tr:first-child button")
    page.wait_for_selector(".of-clock")
    assert LATE in page.inner_text("#explanation-title")
    assert "usual" in page.inner_text("#explanation")
    page.goto(f"{wall.url}/?lang=en")
    page.wait_for_selector("#wall[data-fresh=live]")  # it opens totals, too


def test_after_a_restart_of_the_board_the_page_comes_back_by_itself(pages: Pages, wall: RealWall) -> None:
    page = opened(pages, wall)
    shows(page, "awaiting", "2")
    wall.stop()
    wall.start()
    wall.send([created(time.time_ns(), "ticket-of-later", queue="vip")])
    shows(page, "awaiting", "3")
    assert page.get_attribute("#wall", "data-fresh") == "live"
