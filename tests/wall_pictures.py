"""Pictures of the wall for the README: ``python -m tests.wall_pictures FOLDER`` (``make screenshots``)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

from tests import walls
from tests.programs import NAMES_ON_PATH
from tests.wall_server import WallServer

#: State, language, theme, and what the file is called.
PICTURES = (
    ("ok", "en", "dark", "wall"),
    ("breach", "en", "dark", "wall-breach"),
    ("breach", "fa", "dark", "wall-breach-fa"),
)
SIZE = ViewportSize(width=1440, height=810)


def main(folder: Path) -> None:
    """Writes all pictures into the folder."""
    path = next((found for name in NAMES_ON_PATH["chromium"] if (found := shutil.which(name))), None)
    if path is None:
        sys.exit("chromium is not on PATH; `make services` installs it on Debian")
    folder.mkdir(parents=True, exist_ok=True)
    server = WallServer()
    server.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for state, language, theme, name in PICTURES:
            server.greeting = [("wall", walls.of(state))]
            page = browser.new_page(viewport=SIZE)
            page.clock.set_fixed_time(walls.NOW)
            page.goto(f"{server.url}/?lang={language}&theme={theme}")
            page.wait_for_selector(f"html[lang={language}] #wall[data-fresh=live]")
            page.screenshot(path=folder / f"{name}.png")
            page.close()
        browser.close()
    server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
