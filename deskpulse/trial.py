"""The test alert: what it says, and whether it went where it should.

Its labels are the same each time, so that a second one prolongs the first and ``--resolve`` finds it.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from typing import Final

from deskpulse.alertmanager import Alertmanager, Fate
from metrics.instants import format_instant

ALERT: Final = "SupportTestAlert"
SEVERITY: Final = "ticket"  # somebody should see it, nobody should be woken


def labels(receiver: str) -> dict[str, str]:
    """The labels of the receiver's test alert."""
    return {"alertname": ALERT, "receiver": receiver, "severity": SEVERITY, "test": "true"}


def told(receiver: str, now: int, end: int) -> dict[str, str]:
    """What its reader is told."""
    return {
        "summary": f"This is a test for {receiver}: nothing is wrong on the floor.",
        "description": f"Sent by {sender()} with `deskpulse alerts test` at {format_instant(now)}. "
        f"It ends by itself at {format_instant(end)}, or at once with --resolve.",
    }


def sender() -> str:
    """Who sends it, as user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without the user's name
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


async def sent(to: Alertmanager, receiver: str, now: int, end: int) -> Fate | None:
    """Send the receiver's test alert and see what becomes of it; None where Alertmanager does not show it."""
    await to.post(labels(receiver), told(receiver, now, end), format_instant(end))
    return await to.fate(labels(receiver))


async def resolved(to: Alertmanager, receiver: str, now: int) -> bool:
    """End the receiver's test alert; whether it is over."""
    await to.post(labels(receiver), told(receiver, now, now), format_instant(now))
    return await to.is_over(labels(receiver))


def problem(receiver: str, fate: Fate | None) -> str | None:
    """Why the receiver is not told, with what to look at; None where it is."""
    if fate is None:
        return "Alertmanager took it but does not show it: look at its log"
    if receiver not in fate.receivers:
        others = ", ".join(fate.receivers) or "nobody"
        return (
            f"it goes to {others} instead: does this Alertmanager run the generated alertmanager.yml? "
            "`deskpulse generate --config FILE --output DIR` writes it, and a reload of Alertmanager reads it"
        )
    if fate.suppressed_by:
        return f"it is routed there but held back by {', '.join(fate.suppressed_by)}: a silence, or an inhibiting alert"
    return None


def unknown(receiver: str, known: Mapping[str, object]) -> str:
    """What is said of a receiver that the configuration lacks."""
    names = ", ".join(known)
    return f"no receiver {receiver!r} in the configuration: it has {names or 'none; [[receivers]] adds them'}"
