"""Several workers on one floor, the log that flows to them, and every scrape of all of them.

Beside a random log there are tickets that nobody ever answers, in queues of their own and sent before all else: at any
scrape whatsoever the sum over all workers must not pass their number.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp

from tests.contracts.rim_drivers import committed, ends
from tests.floors import LONG_AGO, PARTITIONS, records_of
from tests.happenings import created
from tests.logs import SPAN, Event, random_log, shuffled
from tests.oracle.instants import SECOND, text_of
from tests.oracle.snapshot import snapshot
from tests.processes import until
from tests.soak.merging import merged_differences, sum_by_queue
from tests.soak.runs import flow, is_ready
from tests.soak.workers import Ground, SoakWorker, ground_on

NOW = LONG_AGO + SPAN
TICKETS = 300
WAITING = [created(LONG_AGO + n * SECOND, f"W{n}", queue=f"waiting {n % 2}", priority="low") for n in range(200)]
SCRAPE_SECONDS = 0.1
ANSWER_SECONDS = 2.0
#: What the waiting tickets are in each of their queues, as long as nobody counts one twice; both clocks are overdue.
TRUE = {"support_tickets_open": 100, "support_tickets_awaiting_first_response": 100, "support_sla_live_breaches": 200}


class Team:
    """The workers that run, the log that flows to them, and every scrape of all of them."""

    def __init__(self, ground: Ground, events: Sequence[Event]) -> None:
        self.ground = ground
        self.workers: list[SoakWorker] = []
        self.highest = {metric: {f"waiting {number}": 0.0 for number in range(2)} for metric in TRUE}
        self._log = shuffled(events, seed=3)
        self._sent: list[Event] = []
        self._left = contextlib.AsyncExitStack()

    async def joins(self, name: str, failpoint: str = "") -> SoakWorker:
        """One more worker, which is at least listening."""
        worker = await self._left.enter_async_context(self.ground.worker(name, failpoint))
        await worker.url()
        self.workers.append(worker)
        return worker

    async def goes(self, worker: SoakWorker, number: signal.Signals) -> int:
        """Its exit code after this signal; nobody asks it any more."""
        self.workers.remove(worker)
        return (await worker.ended(number)).code

    async def waiting_tickets_come(self) -> None:
        """First of all, and from then on constant."""
        self._sent += WAITING
        await self.ground.send(records_of(shuffled(WAITING, seed=4)))

    async def log_flows(self, count: int) -> None:
        """The next so many events of the log, and some of the waiting tickets once more."""
        part, self._log = self._log[:count], self._log[count:]
        self._sent += part
        await flow(self.ground, records_of([*part, *WAITING[::5]]))

    async def quiet(self) -> list[str]:
        """Waits until all is read and each partition has one owner; what is wrong with the numbers then."""
        await until(self._is_quiet, f"quiet: {[(worker.name, worker.err) for worker in self.workers]}")
        expected = snapshot(self._sent, NOW)
        found = [await worker.snapshot(at=text_of(NOW)) for worker in self.workers]
        assert sum(one["partitions"]["ready"] for one in found) == PARTITIONS
        shown = sum_by_queue(await self._expositions(), "support_tickets_open")
        wanted = {queue: float(scope["open"]) for queue, scope in expected["queues"].items() if scope["open"]}
        return merged_differences(found, expected) + [f"{shown} shown, wanted {wanted}"] * (shown != wanted)

    async def _is_quiet(self) -> bool:
        if not all([await is_ready(worker) for worker in self.workers]):
            return False
        owned = [(await worker.ask("/readyz")).body["partitions"]["ready"] for worker in self.workers]
        settings = self.ground.floor.settings
        shared = sum(owned) == PARTITIONS and all(owned)
        return shared and await committed(settings) == await ends(settings, settings.event_topics)

    async def _expositions(self) -> list[str]:
        texts = await asyncio.gather(*(exposition(worker) for worker in self.workers))
        return [text for text in texts if text is not None]

    async def is_scraped(self) -> None:
        """Asks all workers again and again, and keeps the highest numbers of waiting tickets that were ever shown."""
        while True:
            expositions = await self._expositions()
            for metric, highest in self.highest.items():
                found = sum_by_queue(expositions, metric)
                highest.update({queue: max(found.get(queue, 0), highest[queue]) for queue in highest})
            await asyncio.sleep(SCRAPE_SECONDS)

    def counted_nothing_twice(self) -> bool:
        """No scrape showed more than there was; that of a quiet point showed all of it."""
        return self.highest == {metric: dict.fromkeys(self.highest[metric], true) for metric, true in TRUE.items()}

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """While inside, everybody is scraped; at the end everybody is gone."""
        async with self._left:
            scraping = asyncio.create_task(self.is_scraped())
            try:
                yield
                assert not scraping.done(), scraping
            finally:
                scraping.cancel()
                await asyncio.gather(scraping, return_exceptions=True)


async def exposition(worker: SoakWorker) -> str | None:
    """What a scrape gets; None of one that is gone or stands still."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return str((await worker.ask("/metrics")).body)
    except (aiohttp.ClientError, TimeoutError):
        return None


async def team_on(broker: str, address: str, folder: Path) -> Team:
    ground = await ground_on(broker, address, folder)
    return Team(ground, random_log(500, tickets=TICKETS, start=LONG_AGO))
