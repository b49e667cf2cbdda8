"""The wall's files: read once, served with what a browser needs to keep them and to ask whether they changed."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final

import msgspec
from aiohttp import web

from wall.files import FILES, content_type

#: Goes with every answer: nothing from elsewhere, nothing inline, nobody's frame.
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Server": "deskpulse",
}

#: More bytes than these are compressed in a thread.
_COMPRESSED_HERE: Final = 4096


class Asset(msgspec.Struct, frozen=True):
    """One file."""

    body: bytes
    kind: str
    tag: str


def assets() -> dict[str, Asset]:
    """The files by the paths of their addresses; those that are there."""
    package = files("wall")
    found = {path: file for path, file in FILES.items() if package.joinpath(file).is_file()}
    return {path: _asset(package.joinpath(file).read_bytes(), content_type(file)) for path, file in found.items()}


def _asset(body: bytes, kind: str) -> Asset:
    return Asset(body, kind, hashlib.sha256(body).hexdigest()[:32])


def served(request: web.Request, asset: Asset) -> web.Response:
    """The file, or that it has not changed."""
    return tagged(request, asset.body, asset.kind, asset.tag, "no-cache")


def compressed(answer: web.Response) -> web.Response:
    """The same, compressed for whoever accepts that; in a thread where it is large."""
    if answer.body is not None:
        answer.headers["Vary"] = "Accept-Encoding"
        answer.headers["ETag"] = f"W/{answer.headers['ETag']}"  # of what is said, and not of its bytes
        answer.enable_compression()
    return answer


def tagged(request: web.Request, body: bytes, kind: str, tag: str, cache: str) -> web.Response:
    """An answer with an entity tag; without its body where the request has it already."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": cache}
    if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = kind
    return web.Response(body=body, headers=headers, zlib_executor_size=_COMPRESSED_HERE)
