"""Where what listens somewhere is reached by others."""

from __future__ import annotations

from typing import Final

LOOPBACK: Final = "127.0.0.1"
PORT_BOARD: Final = 8080
PORT_WORKER: Final = 6066
#: A server may be told to listen on every address; nobody can reach it by such a name.
EVERYWHERE: Final = {"0.0.0.0", "::", "[::]"}  # noqa: S104 - not listened on


def reached(host: str, port: int | None, everywhere: str) -> str:
    """``host:port`` for an address or a configuration; ``everywhere``: the host where it listens on every address."""
    host = everywhere if host in EVERYWHERE else host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
