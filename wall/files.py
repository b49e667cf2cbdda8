"""The files of the pages: which path is which file of this package, and of what type.

A fixed list, so that no path of an address ever becomes a path of a disk. Opens nothing.
"""

from __future__ import annotations

from typing import Final

from wall.settings import LANGUAGES

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "svg": "image/svg+xml",
}
_STATIC: Final = (
    "clock.js",
    "dom.js",
    "explain.js",
    "feed.js",
    "icon.svg",
    "notices.js",
    "page.css",
    "queues.js",
    "states.js",
    "tickets.css",
    "tickets.js",
    "tiles.js",
    "wall.css",
    "wall.js",
    "words.js",
)

#: Path of an address -> path in this package.
FILES: Final[dict[str, str]] = {
    "/": "static/wall.html",
    "/tickets": "static/tickets.html",
    **{f"/static/{name}": f"static/{name}" for name in _STATIC},
    **{f"/static/words/{language}.json": f"words/{language}.json" for language in LANGUAGES},
}


def content_type(file: str) -> str:
    """The content type of one of ``FILES``, by how its name ends."""
    return _TYPES[file.rpartition(".")[2]]
