"""What Alertmanager sends to a webhook: received on loopback, read, and told as lines for a person.

The format is version 4 of Alertmanager's webhook message; only the fields that are told are read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final, Literal

import msgspec
from aiohttp import web

from deskpulse.server import serving
from stream.rim.embedded import HOST

#: Labels that say what an alert is about, most telling first.
_ABOUT: Final = ("queue", "policy", "source", "partition")


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of a notification. Instants are RFC 3339, as Alertmanager writes them."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    starts_at: str = ""
    ends_at: str = ""
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """The alert's rule."""
        return self.labels.get("alertname", "(no name)")


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """One message to one receiver."""

    receiver: str
    status: Literal["firing", "resolved"]
    alerts: tuple[Alert, ...] = ()
    group_labels: dict[str, str] = msgspec.field(default_factory=dict)


_decoder: Final = msgspec.json.Decoder(Notification)


@asynccontextmanager
async def receiving(tell: Callable[[Notification], None]) -> AsyncIterator[str]:
    """A webhook receiver while inside: POST to any path of the URL that is yielded calls ``tell``."""

    async def take(request: web.Request) -> web.Response:
        try:
            notification = _decoder.decode(await request.read())
        except msgspec.MsgspecError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        tell(notification)
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    async with serving(app, HOST, 0, "any free port") as url:
        yield url


class News:
    """What of a notification was not told before: Alertmanager repeats every alert of a group when one changes."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str, str, str]] = set()

    def lines(self, notification: Notification) -> Iterator[str]:
        """A line for each alert that is new in its state."""
        for alert in notification.alerts:
            key = (notification.receiver, alert.fingerprint or str(alert.labels), alert.starts_at, alert.status)
            if key not in self._told:
                self._told.add(key)
                yield line(notification.receiver, alert)


def line(receiver: str, alert: Alert) -> str:
    """``ALERT firing SupportFirstResponseSLABreached billing: 3 tickets … (to pager)``."""
    about = " ".join(alert.labels[label] for label in _ABOUT if label in alert.labels)
    said = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    head = " ".join(filter(None, ("ALERT", alert.status, alert.name, about)))
    text = f"{head}: {said}" if said and alert.status == "firing" else head
    return f"{printable(text)} (to {printable(receiver)})"


def printable(text: str) -> str:
    """One line, and nothing that would steer the terminal: labels come from events."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
