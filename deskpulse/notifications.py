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
    """What of a notification is new: Alertmanager repeats every alert of a group when one of them changes."""

    def __init__(self) -> None:
        self._firing: dict[tuple[str, str], str] = {}  # by receiver and alert, what was said of it

    def lines(self, notification: Notification) -> Iterator[str]:
        """A line for each alert that fires with a new text, and for each that was told of and has ended."""
        for alert in notification.alerts:
            key = (notification.receiver, alert.fingerprint)
            text = line(notification.receiver, alert)
            if alert.status == "resolved":
                if self._firing.pop(key, None) is not None:
                    yield text
            elif self._firing.get(key) != text:
                self._firing[key] = text
                yield text


def line(receiver: str, alert: Alert) -> str:
    """``ALERT firing SupportFirstResponseSLABreached billing: 3 past the target now → pager``."""
    about = " ".join(alert.labels[label] for label in _ABOUT if label in alert.labels)
    said = alert.annotations.get("summary") if alert.status == "firing" else None
    words = ("ALERT", alert.status, alert.name, said or about, "→", receiver)
    return printable(" ".join(filter(None, words)))


def printable(text: str) -> str:
    """One line, and nothing that would steer the terminal: labels come from events."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
