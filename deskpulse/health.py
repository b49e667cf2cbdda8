"""`python -m deskpulse.health [PATH]`: asks the servers of this container, for its health check.

A worker and a board have different ports, and a worker without Redis has both: all that listen have to say 200, and one
has to listen. Imports nothing else of the project but addresses, since it runs every few seconds.

Ports are those of the environment, else the defaults: one that stands in a configuration file is not known here.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Final

from deskpulse.addresses import EVERYWHERE, LOOPBACK, PORT_BOARD, PORT_WORKER, reached

_PORTS: Final = {"DESKPULSE_WORKER_PORT": PORT_WORKER, "DESKPULSE_BOARD_PORT": PORT_BOARD}
_ASKED: Final = "/healthz"
_TIMEOUT_SECONDS: Final = 3.0
#: No proxy of the environment is between a container and itself.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def servers(environment: Mapping[str, str]) -> list[str]:
    """``host:port`` of a worker and of a board, whichever runs here."""
    bind = environment.get("DESKPULSE_BIND") or LOOPBACK
    host = LOOPBACK if bind in EVERYWHERE else bind
    return [reached(host, int(environment.get(name) or port), LOOPBACK) for name, port in _PORTS.items()]


def trouble(url: str) -> str | None:
    """What is wrong there: None where it says 200, an empty text where nobody listens."""
    try:
        with _OPENER.open(url, timeout=_TIMEOUT_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        return f"{url} says {error.code}: {error.read(500).decode(errors='replace').strip()}"
    except urllib.error.URLError as error:
        return "" if isinstance(error.reason, ConnectionRefusedError) else f"{url}: {error.reason}"
    except OSError as error:
        return f"{url}: {error}"


def main(path: str = _ASKED) -> int:
    """0 where all is well; else 1, and stderr says what is not."""
    urls = [f"http://{server}{path}" for server in servers(os.environ)]
    found = [trouble(url) for url in urls]
    if set(found) == {""}:
        sys.stderr.write(f"nobody listens: {', '.join(urls)}\n")
        return 1
    troubles = [told for told in found if told]
    sys.stderr.writelines(f"{told}\n" for told in troubles)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
