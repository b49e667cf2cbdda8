"""The wall over Redis in a real Chromium: a board that has a pulse and no news says so, and comes back by itself."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.chromium import Pages, chromium, pages
from tests.happenings import created
from tests.oracle.instants import MINUTE
from tests.programs import required
from tests.real_wall import MirroredWall

__all__ = ["chromium", "pages"]

#: Remembers the board's pulse, on a stream of its own: when it beat, and as of when the numbers were then.
LISTEN = """() => {
  window.pulse = [];
  const beat = (event) => window.pulse.push(JSON.parse(event.data));
  new EventSource("/events").addEventListener("heartbeat", beat);
}"""
BEATS_WITHOUT_NEWS = """() => {
  const [before, last] = window.pulse.slice(-2);
  return window.pulse.length > 1 && before.as_of === last.as_of && before.now < last.now;
}"""
STALE_MS = 45_000


@pytest.mark.usefixtures("chromium")  # before Redis is asked for: what is missing is named
def test_without_redis_and_with_a_worker_that_stands_still_the_board_pulses_and_the_wall_is_stale(
    pages: Pages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with MirroredWall.running(tmp_path_factory.mktemp("floor"), required("redis-server")) as wall:
        wall.send([created(time.time_ns() - MINUTE, "one")])
        page = pages.new()
        page.goto(f"{wall.url}/?lang=en")
        page.wait_for_selector("#tile-open .number bdi:text-is('1')")
        assert page.is_hidden("#shows")
        page.evaluate(LISTEN)
        wall.stop_redis()
        page.wait_for_selector("#wall[data-fresh=stale]", timeout=STALE_MS)
        assert page.evaluate(BEATS_WITHOUT_NEWS), "the board itself was gone: that is another test"
        assert "NO DATA since" in page.inner_text("#notices")

        wall.start_redis()
        wall.send([created(time.time_ns() - MINUTE, "two")])
        page.wait_for_selector("#tile-open .number bdi:text-is('2')", timeout=STALE_MS)
        page.wait_for_selector("#wall[data-fresh=live]")
        page.evaluate("() => { window.pulse = []; }")
        os.kill(wall.worker.pid, signal.SIGSTOP)
        page.wait_for_function(BEATS_WITHOUT_NEWS, timeout=STALE_MS)
