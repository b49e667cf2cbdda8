"""On-call of the demo: Alertmanager and Prometheus from the generated files, with every receiver a webhook of its own.

Both are optional: what is missing on the PATH is named, and the demo goes on without it.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from deskpulse import generated, monitoring
from deskpulse.configuration.loading import Configuration
from deskpulse.configuration.outputs import Receiver
from deskpulse.monitoring import MonitoringStartError
from deskpulse.notifications import News, Notification, receiving
from stream.rim.embedded import HOST, free_port

_RECEIVER: Final = "demo"  # where none is configured
_SECRETS: Final = "secrets"


class OnCall(msgspec.Struct, frozen=True):
    """Where they are; ``missing`` programs are not on the PATH, ``problem`` is why one did not start."""

    prometheus: str | None = None
    alertmanager: str | None = None
    missing: tuple[str, ...] = ()
    problem: str | None = None


class Places(msgspec.Struct, frozen=True):
    """Where worker and board serve, as URLs, and the board's token for totals."""

    worker: str
    board: str
    token: str | None = None


@asynccontextmanager
async def on_call(
    configuration: Configuration, places: Places, notified: Callable[[str], None]
) -> AsyncIterator[OnCall]:
    """On-call while inside, watching what is at ``places``; ``notified`` is called with each line of news.

    Temporary files are gone afterwards, whatever happens.
    """
    programs = {name: path for name in monitoring.NAMES if (path := monitoring.found(name)) is not None}
    missing = tuple(name for name in monitoring.NAMES if name not in programs)
    if missing:
        yield OnCall(missing=missing)
        return
    async with AsyncExitStack() as stack:
        hook = await stack.enter_async_context(receiving(_teller(notified)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskpulse-", ignore_cleanup_errors=True)))
        called = await _started(stack, programs, watching(configuration, places, hook), folder, places.token)
        yield called


async def _started(
    stack: AsyncExitStack, programs: dict[str, str], configuration: Configuration, folder: Path, token: str | None
) -> OnCall:
    for path, content in generated.files_of(configuration).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    _keep_token(folder / "prometheus", configuration, token)
    made, port = folder / "prometheus", urlsplit(configuration.alerts.alertmanager_url).port
    try:
        alertmanager = await stack.enter_async_context(
            monitoring.alertmanager(programs["alertmanager"], made / "alertmanager.yml", folder, port)
        )
        prometheus = await stack.enter_async_context(
            monitoring.prometheus(programs["prometheus"], made / "prometheus.yml", folder)
        )
    except MonitoringStartError as error:
        return OnCall(problem=str(error))
    return OnCall(prometheus, alertmanager)


def _keep_token(made: Path, configuration: Configuration, token: str | None) -> None:
    """Where prometheus.yml says that the board's token is; the folder is nobody else's, and gone afterwards."""
    if token is not None and configuration.board.wall_token_env is not None:
        path = made / _SECRETS / configuration.board.wall_token_env
        path.parent.mkdir()
        path.write_text(token, encoding="utf-8")


def watching(configuration: Configuration, places: Places, hook: str) -> Configuration:
    """The configuration with addresses of this run: Alertmanager on a free port, every receiver at ``hook``."""
    names = [receiver.name for receiver in configuration.receivers] or [_RECEIVER]
    receivers = tuple(Receiver(name=name, kind="webhook", url=f"{hook}/{name}") for name in names)
    alerts = configuration.alerts.model_copy(
        update={
            "alertmanager_url": f"http://{HOST}:{free_port()}",
            "scrape_targets": (urlsplit(places.worker).netloc,),
            "board_target": urlsplit(places.board).netloc,
            "base_url": places.board,
            "secrets_dir": _SECRETS,
        }
    )
    return configuration.model_copy(update={"receivers": receivers, "alerts": alerts})


def _teller(notified: Callable[[str], None]) -> Callable[[Notification], None]:
    news = News()

    def tell(notification: Notification) -> None:
        for line in news.lines(notification):
            notified(line)

    return tell
