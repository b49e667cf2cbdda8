"""What a display does over time: it counts, knows when it is not live, comes back by itself, and does not grow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests import walls
from tests.chromium import Pages, chromium, pages, server
from tests.wall_look import MISFITS, texts
from tests.wall_server import WallServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

__all__ = ["chromium", "pages", "server"]

STATUS_CHANGES = """() => {
  window.announced = 0;
  new MutationObserver(() => { window.announced += 1; })
    .observe(document.getElementById("status"), {childList: true, characterData: true, subtree: true});
}"""


def opened(pages: Pages, server: WallServer, query: str = "?lang=en", **options: Any) -> Page:
    """A page that shows the usual morning, by a browser's clock that stands at the server's."""
    server.greeting = [("wall", walls.of("ok"))]
    page = pages.new(**{"clock": walls.NOW, "paused": True, **options})
    page.goto(f"{server.url}/{query}")
    page.wait_for_selector("#wall[data-fresh=live]")
    return page


def heartbeat(page: Page, server: WallServer, seconds: float, **more: Any) -> None:
    """The server's pulse so long after ``NOW``, and until the page has heard of it."""
    server.send("heartbeat", {"now": walls.at(seconds), **more})
    page.wait_for_timeout(50)


def told(page: Page, server: WallServer, doc: dict[str, Any]) -> None:
    server.send("wall", doc)
    page.wait_for_selector(f"#wall[data-as-of='{doc['as_of']}']")


def told_again(page: Page, server: WallServer, doc: dict[str, Any]) -> None:
    """Where the stream seemed dead the page may be about to open the next one, which is greeted with it."""
    server.greeting = [("wall", doc)]
    told(page, server, doc)


def test_the_longest_wait_counts_up_each_second_without_a_message(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    read = []
    left = []
    for _ in range(4):
        read.append(texts(page)["oldest"])
        left.append(page.inner_text("#tile-oldest .details")[1:6])
        page.clock.run_for(1_005)  # it looks just after each second
    assert read == ["18:27", "18:28", "18:29", "18:30"]
    assert left == ["41:33", "41:31", "41:30", "41:29"]


def test_a_wait_turns_at_risk_and_breaching_at_its_instants_without_a_message(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    for waited, before, after in ((48 * 60, "ok", "at_risk"), (60 * 60, "at_risk", "breaching")):
        doc = walls.of("ok", as_of=walls.at(-0.001 * waited))
        doc["oldest"] |= {"at": walls.at(-waited + 2), "counted_from": walls.at(-waited + 2)}
        told(page, server, doc)
        assert page.get_attribute("#tile-oldest", "data-state") == before
        page.clock.run_for(4_000)
        assert page.get_attribute("#tile-oldest", "data-state") == after


def test_where_its_own_policy_is_not_known_a_wait_is_at_risk_with_the_clocks_of_its_place(
    pages: Pages, server: WallServer
) -> None:
    page = opened(pages, server)
    for step, (is_at_risk, state) in enumerate(((False, "ok"), (True, "at_risk"))):
        doc = walls.of("ok", as_of=walls.at(-1 - step))
        doc["oldest"] |= {"target_seconds": None, "at_risk_seconds": None, "is_at_risk": is_at_risk}
        told(page, server, doc)
        assert page.get_attribute("#tile-oldest", "data-state") == state
        assert "left to reply" in page.inner_text("#tile-oldest .details")


@pytest.mark.parametrize("skew", [timedelta(minutes=7), timedelta(hours=-3), timedelta(days=400)])
def test_a_browser_whose_clock_is_wrong_shows_the_servers_time(
    pages: Pages, server: WallServer, skew: timedelta
) -> None:
    page = opened(pages, server, clock=walls.NOW + skew)
    assert texts(page)["oldest"] == "18:27"
    assert page.inner_text("#clock") == "13:42"
    assert page.get_attribute("#wall", "data-fresh") == "live"
    page.clock.run_for(2_010)
    assert texts(page)["oldest"] == "18:29"


def test_a_closed_floor_opens_by_itself_and_goes_on_counting(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    doc = walls.of("closed", now=walls.at(69_475), as_of=walls.at(69_475))  # five seconds before nine
    told(page, server, doc)
    assert texts(page)["oldest"] == "Closed"
    waited = "#queues .card:first-child .wait"
    assert page.inner_text(waited) == "18:27"
    page.clock.run_for(3_000)
    assert page.inner_text(waited) == "18:27"
    page.clock.run_for(4_010)
    assert texts(page)["oldest"] == page.inner_text(waited) == "18:29"


def test_after_15_seconds_without_a_message_it_says_since_when_there_is_no_data(
    pages: Pages, server: WallServer
) -> None:
    page = opened(pages, server)
    server.greeting = []  # it opens the stream again when that seems dead, and hears nothing
    page.clock.run_for(14_000)
    assert page.get_attribute("#wall", "data-fresh") == "live"
    page.clock.run_for(2_500)
    assert page.get_attribute("#wall", "data-fresh") == "stale"
    assert "NO DATA since" in page.inner_text("#notices")
    assert "13:42" in page.inner_text("#notices")
    assert "NO DATA" in page.inner_text("#status")
    stood = texts(page)["oldest"]
    page.clock.run_for(60_000)
    assert texts(page)["oldest"] == stood  # whether it still waits is not known
    grey = page.evaluate(
        """() => [...document.querySelectorAll(".number bdi, .value, .figures, .badge")]
          .filter((node) => node.getClientRects().length).map((node) => getComputedStyle(node).color)"""
    )
    assert len(set(grey)) == 1
    told_again(page, server, walls.of("ok", now=walls.at(77), as_of=walls.at(77)))
    assert page.get_attribute("#wall", "data-fresh") == "live"
    assert page.is_hidden("#notices")
    assert "live again" in page.inner_text("#status")
    assert texts(page)["oldest"] == "19:44"


def test_heartbeats_keep_it_live_while_nothing_changes(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    for beat in range(1, 7):
        page.clock.run_for(5_000)
        heartbeat(page, server, beat * 5)
    assert page.get_attribute("#wall", "data-fresh") == "live"
    assert texts(page)["oldest"] == "18:57"


def test_a_board_with_a_pulse_but_old_numbers_is_stale(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    for beat in range(1, 5):
        page.clock.run_for(5_000)
        heartbeat(page, server, beat * 5, as_of=walls.at(0))
    assert page.get_attribute("#wall", "data-fresh") == "stale"
    assert "13:42" in page.inner_text("#notices")


def test_a_snapshot_from_the_future_is_no_fresher_than_now(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    told(page, server, walls.of("ok", as_of=walls.at(3_600)))
    assert page.inner_text("#updated") == "updated \u2068now\u2069"
    page.clock.run_for(16_500)
    assert page.get_attribute("#wall", "data-fresh") == "stale"


def test_a_laptop_that_slept_is_stale_when_it_wakes_and_live_with_the_next_message(
    pages: Pages, server: WallServer
) -> None:
    page = opened(pages, server)
    server.greeting = []
    page.clock.fast_forward(9 * 3_600_000)  # timers fire once, late, as after a sleep
    assert page.get_attribute("#wall", "data-fresh") == "stale"
    assert "13:42" in page.inner_text("#notices")
    told_again(page, server, walls.of("ok", now=walls.at(9 * 3600), as_of=walls.at(9 * 3600)))
    assert page.get_attribute("#wall", "data-fresh") == "live"
    assert page.inner_text("#clock") == "22:42"


def test_it_comes_back_by_itself_when_the_board_was_restarted(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server, clock=None)
    server.stop()
    server.greeting = [("wall", walls.of("breach", as_of=walls.at(1)))]
    server.start()
    page.wait_for_selector(f"#wall[data-as-of='{walls.at(1)}']")
    assert page.get_attribute("#overall", "data-state") == "breaching"
    assert server.displays == 1


def test_a_stream_that_says_nothing_for_half_a_minute_is_opened_again(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    before = len(server.asked)
    server.greeting = [("wall", walls.of("ok", now=walls.at(33), as_of=walls.at(33)))]
    page.clock.run_for(33_000)  # the other end is gone, and nobody told the browser
    page.wait_for_selector(f"#wall[data-as-of='{walls.at(33)}'][data-fresh=live]")
    assert len(server.asked) == before + 1


def test_it_comes_back_after_a_proxy_refused_it(pages: Pages, server: WallServer) -> None:
    server.refuses = True
    page = pages.new()
    page.goto(f"{server.url}/?lang=en")
    page.wait_for_selector("#empty-title:has-text('Connecting')")
    server.refuses = False
    server.greeting = [("wall", walls.of("ok", as_of=walls.at(2)))]
    page.wait_for_selector(f"#wall[data-as-of='{walls.at(2)}']")


def test_a_message_that_was_cut_changes_nothing(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    server.send("wall", walls.of("breach"), cut=400)
    told(page, server, walls.of("ok", as_of=walls.at(-1)))
    assert page.get_attribute("#overall", "data-state") == "ok"


def test_a_document_that_cannot_be_shown_is_none_and_the_page_grows_stale(
    server: WallServer, chromium: Browser
) -> None:
    made = Pages(chromium)  # it tells of what it could not show
    page = opened(made, server)
    server.greeting = []
    for seconds in (5, 10, 15):
        page.clock.run_for(5_000)
        at = walls.at(seconds)
        with page.expect_console_message():
            server.send("wall", {"v": 1, "now": at, "as_of": at, "wall": {"numbers": ["open"]}})
    page.clock.run_for(3_000)
    assert page.get_attribute("#wall", "data-fresh") == "stale"
    assert texts(page)["awaiting"] == "14"
    made.close()
    assert all("cannot be shown" in error for error in made.errors)


def test_it_announces_changes_of_state_and_nothing_else(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    page.evaluate(STATUS_CHANGES)
    for step in range(1, 6):
        told(page, server, walls.of("ok", as_of=walls.at(-0.01 * step), awaiting={"n": 20 + step}))
    assert page.evaluate("() => window.announced") == 0
    told(page, server, walls.of("breach", as_of=walls.at(-1)))
    assert page.evaluate("() => window.announced") == 1
    assert page.inner_text("#status") == "SLA breached: \u206857\u2069 clocks are past due"
    assert page.locator("[role=status], [aria-live]").count() == 1


def test_a_day_of_messages_leaves_no_node_and_no_listener_behind(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server, clock=None)
    devtools = page.context.new_cdp_session(page)

    def measured() -> dict[str, float]:
        devtools.send("HeapProfiler.collectGarbage")
        found = devtools.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in found}

    def run(first: int, count: int) -> None:
        states = list(walls.STATES)
        for step in range(first, first + count):
            server.send("wall", walls.of(states[step % len(states)], as_of=walls.at(-step * 0.001)))
        told(page, server, walls.of("breach", as_of=walls.at(-(first + count) * 0.001)))

    devtools.send("Performance.enable")
    run(0, 200)
    before, nodes = measured(), page.evaluate("() => document.querySelectorAll('*').length")
    run(200, 1_200)
    after = measured()
    assert page.evaluate("() => document.querySelectorAll('*').length") == nodes
    assert after["Nodes"] <= before["Nodes"] + 10
    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + 1_000_000


def test_nothing_moves_and_the_layout_shifts_by_some_pixels_a_minute(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server, reduced_motion="reduce")
    places = []
    for _ in range(12):
        page.clock.run_for(60_000)
        box = page.locator("#wall").bounding_box()
        assert box is not None
        places.append((box["x"], box["y"]))
    assert len(set(places)) > 6
    assert all(0 <= x <= 8 and 0 <= y <= 8 for x, y in places)
    assert page.evaluate("() => document.getAnimations().length") == 0
    assert page.evaluate("() => document.documentElement.scrollHeight") == 1080


@pytest.mark.parametrize(
    ("asked", "of_the_wall", "of_the_browser", "shown"),
    [
        ("?lang=he", "fa", "tr-TR", "he"),
        ("?lang=xx", "fa", "tr-TR", "en"),
        ("", "fa", "tr-TR", "fa"),
        ("", None, "tr-TR", "tr"),
        ("", None, "fa", "fa"),
        ("", None, "ja-JP", "en"),
        ("", "xx", "he-IL", "he"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_walls_else_the_browsers_else_english(
    pages: Pages, server: WallServer, asked: str, of_the_wall: str | None, of_the_browser: str, shown: str
) -> None:
    doc = walls.of("ok")
    doc["wall"]["language"] = of_the_wall
    server.greeting = [("wall", doc)]
    page = pages.new(clock=walls.NOW, paused=True, locale=of_the_browser)
    page.goto(f"{server.url}/{asked}")
    page.wait_for_selector(f"html[lang={shown}] #tiles .tile")
    words = page.evaluate(f"async () => (await fetch('/static/words/{shown}.json')).json()")
    page.wait_for_selector(f"h2:has-text('{words['oldest.label']}')")


@pytest.mark.parametrize("order", [("tr", "fa"), ("fa", "tr")])
def test_words_of_a_language_that_is_no_longer_wanted_change_nothing_whenever_they_come(
    pages: Pages, server: WallServer, order: tuple[str, str]
) -> None:
    doc = walls.of("ok")
    doc["wall"]["language"] = "fa"
    server.greeting = [("wall", doc)]
    page = pages.new(clock=walls.NOW, locale="tr-TR")  # asks for Turkish words, before it hears of the wall
    held: dict[str, Route] = {}

    def hold(route: Route) -> None:
        held[route.request.url[-7:-5]] = route

    page.route("**/words/*.json", hold)
    page.goto(server.url)
    while len(held) < 2:
        page.evaluate("() => 0")  # each answer brings what else has happened
    for language in order:
        with page.expect_response(f"**/words/{language}.json"):
            held[language].continue_()
    server.send("wall", doc | {"as_of": walls.at(-1)})
    page.wait_for_selector(f"html[lang=fa] #wall[data-as-of='{walls.at(-1)}']")


def test_plural_rules_of_the_browser_find_a_text_for_each_category(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    for language in walls.LANGUAGES:
        words = page.evaluate(f"async () => (await fetch('/static/words/{language}.json')).json()")
        wanted = page.evaluate(f"() => new Intl.PluralRules('{language}').resolvedOptions().pluralCategories")
        for key, text in words.items():
            assert isinstance(text, str) or set(text) == set(wanted), (language, key)


@pytest.mark.parametrize(
    ("shows", "partitions", "told"),
    [
        ("worker-1", {"ready": 2, "catching_up": 1, "total": 8}, "only of worker \u2068worker-1\u2069"),
        ("worker-1", {"ready": 7, "catching_up": 1, "total": 8}, None),  # it has all, and reads some of them still
        ("worker-1", {"ready": 8, "catching_up": 0, "total": 8}, None),
        (None, {"ready": 2, "catching_up": 0, "total": 8}, None),
    ],
)
def test_the_foot_says_whose_numbers_these_are_where_one_worker_of_several_shows_its_own(
    pages: Pages, server: WallServer, shows: str | None, partitions: dict[str, int], told: str | None
) -> None:
    page = opened(pages, server)
    doc = walls.of("ok", as_of=walls.at(-1))
    doc["state"] |= {"shows": shows, "partitions": partitions}
    server.send("wall", doc)
    page.wait_for_selector(f"#wall[data-as-of='{walls.at(-1)}']")
    assert (page.inner_text("#shows") if page.is_visible("#shows") else None) == told
    assert page.evaluate(MISFITS) == []


def test_the_stream_is_asked_for_the_wall_and_queues_of_the_address(pages: Pages, server: WallServer) -> None:
    opened(pages, server, "?lang=tr&wall=finance&queue=billing,returns&theme=light")
    assert server.asked[-1] == "/events?lang=tr&wall=finance&queue=billing,returns&theme=light"


def test_names_are_texts_whatever_is_written_in_them(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    doc = walls.of("breach", as_of=walls.at(-1))
    doc["queues"][0]["name"] = name = "<img src=x onerror=alert(1)> \u202etxt"
    doc["wall"]["title"] = title = "<b>Floor</b> & co"
    doc["state"]["mutes"] = [{"until": walls.at(600), "queues": ["<i>q</i>"], "reason": "{n} <u>why</u>"}]
    told(page, server, doc)
    assert page.text_content("#queues .card:first-child .name bdi") == name
    assert page.inner_text("#title") == title
    assert "{n} <u>why</u>" in page.inner_text("#notices")
    assert page.locator("#wall img, #wall b, #wall i, #wall u").count() == 0


def test_a_zone_that_the_browser_does_not_know_is_shown_as_utc(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    doc = walls.of("ok", as_of=walls.at(-1))
    doc["wall"]["time_zone"] = "Mars/Olympus"
    told(page, server, doc)
    assert page.inner_text("#clock") == "10:42"


def test_a_queue_that_nobody_knows_says_that_there_is_no_data(pages: Pages, server: WallServer) -> None:
    page = opened(pages, server)
    doc = walls.of("ok", as_of=walls.at(-1))
    doc["queues"] = [walls.card("nope", 0, None) | {"state": "unknown"}]
    told(page, server, doc)
    assert page.inner_text("#queues .card:first-child").split() == ["nope", "–", "No", "data"]
