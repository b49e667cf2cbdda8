"""Who may see what: one token for walls and totals, another for single tickets.

A page's `?token=` becomes a cookie, since a browser's event stream sends no headers. The cookie is made from the token
and is not the token. Comparisons take the same time wherever they differ.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec
from aiohttp import web

from deskpulse.configuration.tables import Board

COOKIE: Final = "deskpulse"
_COOKIE_SECONDS: Final = 400 * 24 * 3600  # as long as browsers keep one: a wall has no keyboard
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="deskpulse"'}
_HOW: Final = "as Authorization: Bearer, or once as ?token= in the page's address"


class Guarded(StrEnum):
    """What a token is asked for."""

    TOTALS = "walls and totals"
    TICKETS = "single tickets"


class TokenMissingError(Exception):
    """The configuration names a variable that holds no token."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a board; None: none is asked."""

    wall: str | None = None
    api: str | None = None

    def accepted(self, guarded: Guarded) -> tuple[str, ...]:
        """The tokens that open it; who may see tickets may see totals."""
        known = (self.api,) if guarded is Guarded.TICKETS else (self.wall, self.api)
        return tuple(token for token in known if token is not None)

    def is_open(self, guarded: Guarded) -> bool:
        """Whether everybody may see it: tickets too only where nothing is guarded."""
        return self.wall is None and (guarded is Guarded.TOTALS or self.api is None)


def tokens_of(board: Board, environment: Mapping[str, str]) -> Tokens:
    """The tokens that the configuration names.

    Raises:
        TokenMissingError: a variable is not set, or empty: nothing is open by mistake.
    """
    return Tokens(
        wall=_token("wall_token_env", board.wall_token_env, environment),
        api=_token("api_token_env", board.api_token_env, environment),
    )


def _token(key: str, variable: str | None, environment: Mapping[str, str]) -> str | None:
    if variable is None:
        return None
    token = environment.get(variable, "").strip()
    if not token:
        raise TokenMissingError(f"[board] {key} names {variable}, and that variable is not set")
    return token


def check(request: web.Request, tokens: Tokens, guarded: Guarded) -> None:
    """Returns where the request may see it.

    Raises:
        web.HTTPException: 401 without the right token; 403 where no token opens it.
    """
    if tokens.is_open(guarded):
        return
    accepted = tokens.accepted(guarded)
    if not accepted:
        raise web.HTTPForbidden(
            text="single tickets are closed: [board] has a wall_token_env, but no api_token_env for them"
        )
    if not _is_known(request, accepted):
        raise web.HTTPUnauthorized(text=f"a token for {guarded} is needed: {_HOW}", headers=_CHALLENGE)


def _is_known(request: web.Request, accepted: tuple[str, ...]) -> bool:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else ""
    cookie = request.cookies.get(COOKIE, "")
    found = [_equal(given, token) for token in accepted] + [_equal(cookie, _cookie_of(token)) for token in accepted]
    return any(found)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(_digest(one), _digest(other))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()


def _cookie_of(token: str) -> str:
    return hmac.new(token.encode(errors="surrogateescape"), b"the cookie of a deskpulse board", "sha256").hexdigest()


def without_token(request: web.Request, tokens: Tokens, guarded: Guarded) -> web.Response | None:
    """The answer to a page's address that has a token in it: the same address without, and a cookie. None: it has none.

    Raises:
        web.HTTPUnauthorized: the token is none that opens this page.
    """
    given = request.query.get("token")
    if given is None:
        return None
    matching = [token for token in tokens.accepted(guarded) if _equal(given, token)]
    if not matching and not tokens.is_open(guarded):
        raise web.HTTPUnauthorized(text=f"this token is not one for {guarded}", headers=_CHALLENGE)
    location = str(request.rel_url.without_query_params("token"))
    answer = web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
    if matching:
        is_secure = request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"
        answer.set_cookie(
            COOKIE,
            _cookie_of(matching[0]),
            max_age=_COOKIE_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=is_secure,
        )
    return answer
