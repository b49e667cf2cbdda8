"""From a due instant to the page: worker, Prometheus and Alertmanager as generated, and a real webhook."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bench.brokers import broker
from bench.rows import Row
from deskpulse import monitoring
from metrics.instants import SECOND
from tests.desks import Desk, desk
from tests.floors import records_of, send
from tests.happenings import created

TARGET = 10 * SECOND
PAGES, APART = 8, 3 * SECOND
#: One each, since a group of alerts that is known already waits for longer.
POLICIES = "".join(
    f'[[sla]]\nname = "p{number}"\nmatch = {{ queue = ["q{number}"] }}\nfirst_response = "10s"\npage = {{}}\n'
    for number in range(PAGES)
)


def rows(which: str) -> list[Row]:
    """Tickets that nobody answers, one after the other."""
    what = f"from the due instant to the page, {PAGES} tickets"
    missing = [name for name in monitoring.NAMES if monitoring.found(name) is None]
    if missing:
        return [Row(what, "not measured", f"{' and '.join(missing)} is not on the PATH")]
    with broker(which) as address, tempfile.TemporaryDirectory() as folder:
        delays = asyncio.run(_paged(address, Path(folder)))
    figure = f"{min(delays):.1f} to {max(delays):.1f} s, mean {sum(delays) / len(delays):.1f} s"
    return [Row(what, figure, "goal 20 s; scrape, evaluation, group 5 s")]


async def _paged(address: str, folder: Path) -> list[float]:
    async with desk(address, folder, POLICIES) as found, found.worker() as worker:
        await worker.ready()
        await found.until_value('up{job="deskpulse"}', 1, "the worker scraped")
        return await asyncio.gather(*(_page(found, number) for number in range(PAGES)))


async def _page(found: Desk, number: int) -> float:
    await asyncio.sleep(number * APART / SECOND)
    at = time.time_ns()
    await send(found.floor, records_of([created(at, f"T{number}", queue=f"q{number}")]))
    page = await found.pager.alert("firing", "SupportFirstResponseSLABreached", policy=f"p{number}")
    return (page.at - at - TARGET) / SECOND
