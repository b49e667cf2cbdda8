"""Debian's Chromium, driven by Playwright: one browser for a module of tests, whose every page must end without errors.

Playwright's own loop lives while its fixture does, so a module that asks for ``chromium`` has no asynchronous tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.programs import missing, required
from tests.wall_server import WallServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TV = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; skipped, or failed under CI, where it is missing."""
    path = required("chromium")
    if find_spec("playwright") is None:
        missing("playwright", "not installed beside the tests")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where it is installed

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server() -> Iterator[WallServer]:
    """The wall's files and a stream; a test says what it sends."""
    server = WallServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept: ``DESKPULSE_TEST_PICTURES``, or the tests' own folder."""
    folder = os.environ.get("DESKPULSE_TEST_PICTURES")
    path = Path(folder) if folder else tmp_path_factory.mktemp("pictures")
    path.mkdir(parents=True, exist_ok=True)
    return path


class Pages:
    """Makes pages, and remembers what went wrong in them: errors, and what the policy refused."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.errors: list[str] = []

    def new(self, *, clock: datetime | None = None, paused: bool = False, **options: Any) -> Page:
        """A page of its own context; ``clock``: what its browser believes the time to be, standing where ``paused``."""
        context = self._browser.new_context(**{"viewport": TV, "locale": "en-GB", **options})
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        if clock is not None and paused:
            page.clock.install(time=clock - timedelta(hours=1))
            page.clock.pause_at(clock)
        elif clock is not None:
            page.clock.set_fixed_time(clock)
        return page

    def _note(self, kind: str, said: str) -> None:
        # A board that is away is not the page's fault; the browser tells of it nevertheless.
        if kind in {"error", "warning"} and "ERR_" not in said and "status of 503" not in said:
            self.errors.append(said)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def pages(chromium: Browser) -> Iterator[Pages]:
    """Pages of one test; at its end none of them may have told of an error."""
    made = Pages(chromium)
    yield made
    made.close()
    assert made.errors == []
