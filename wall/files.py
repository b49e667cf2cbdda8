"""The files of the pages: which path is which file of this package, of what type, and the headers they go with.

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

#: Nothing from elsewhere, nothing inline, in no frame of another site; asked for again each time.
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def content_type(file: str) -> str:
    """The content type of one of ``FILES``, by how its name ends."""
    return _TYPES[file.rpartition(".")[2]]
