"""The test alert: what it says, and whether it went where it should."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from typing import Final

from deskpulse.alertmanager import Alertmanager, Fate
from metrics.instants import format_instant

ALERT: Final = "SupportTestAlert"
SEVERITY: Final = "ticket"  # somebody should see it, nobody should be woken


def marks(receiver: str) -> dict[str, str]:
    """What every test alert of the receiver has."""
    return {"alertname": ALERT, "receiver": receiver, "severity": SEVERITY}


def labels(receiver: str, now: int) -> dict[str, str]:
    """The labels of one test alert.

    The generated routes group by ``policy``: each test is a group of its own, and so is sent within seconds, also
    while an earlier one fires.
    """
    return marks(receiver) | {"policy": f"test of {format_instant(now)}"}


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
    """Send the receiver a test alert and see what becomes of it; None where Alertmanager does not show it."""
    made = labels(receiver, now)
    await to.post(made, told(receiver, now, end), format_instant(end))
    return await to.fate(made)


async def resolved(to: Alertmanager, receiver: str, now: int) -> int | None:
    """End all test alerts of the receiver; how many there were, None where some still fire."""
    firing = await to.firing(marks(receiver))
    for made in firing:
        await to.post(made, told(receiver, now, now), format_instant(now))
    return len(firing) if await to.are_over(marks(receiver)) else None


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
