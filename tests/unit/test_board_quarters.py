"""A board takes what workers write in a quarter of a second within it, as soon as all of them have written."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from deskpulse.board.latest import until_next_quarter
from deskpulse.board.mirrored import Mirrored
from deskpulse.board.source import NoSnapshotError
from deskpulse.board.workers import Workers
from deskpulse.configuration.loading import Configuration
from metrics.document import VERSION
from mirror.store import Entry, Held, Store


@pytest.mark.parametrize(("now", "seconds"), [(10.0, 0.25), (10.125, 0.125), (10.25, 0.0), (9.0, 0.0), (20.0, 0.0)])
def test_a_quarter_of_a_second_that_was_used_is_waited_for_and_no_other(now: float, seconds: float) -> None:
    assert until_next_quarter(now, 40) == seconds


def test_what_is_late_once_is_not_late_ever_after() -> None:
    # as if it were written 10 ms after each quarter, and once 200 ms after it
    taken, quarter = [], 0
    for written in (10.01, 10.45, 10.51, 10.76):
        at = written + until_next_quarter(written, quarter)
        quarter = int(at / 0.25)
        taken.append(round(at - written, 3))
    assert taken == [0, 0, 0, 0]


class ToldStore:
    """Workers whose documents cannot be read, and their messages, which a test sends."""

    def __init__(self, workers: int) -> None:
        self.messages: asyncio.Queue[None] = asyncio.Queue()
        entries = [Entry(number, 1, 0, b"") for number in range(workers)]
        self._held = {entry.partition: Held(entry, f"w{entry.partition}", VERSION, 0) for entry in entries}

    async def changes(self) -> AsyncIterator[None]:
        while True:
            await self.messages.get()
            yield

    async def read(self, _partitions: int) -> dict[int, Held]:
        return self._held


async def waited_after(workers: int, messages: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a board that has read from so many workers waits for others after so many messages."""
    monkeypatch.setattr("deskpulse.board.mirrored.TOGETHER_SECONDS", 3600.0)
    store = ToldStore(workers)
    source = Mirrored(cast("Store", store), Configuration(), Workers())
    with pytest.raises(NoSnapshotError):
        await source.snapshot()
    listening = asyncio.create_task(source.run())
    changed = asyncio.create_task(source.changed(3600.0))
    for _ in range(messages):
        store.messages.put_nowait(None)
    for _ in range(50):  # turns of the loop, more than the messages need
        await asyncio.sleep(0)
    is_waiting = not changed.done()
    for task in (listening, changed):
        task.cancel()
    await asyncio.gather(listening, changed, return_exceptions=True)
    return is_waiting


@pytest.mark.parametrize(("workers", "messages"), [(1, 1), (2, 2), (3, 3)])
async def test_news_of_all_workers_are_taken_at_once(
    workers: int, messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await waited_after(workers, messages, monkeypatch)


@pytest.mark.parametrize(("workers", "messages"), [(1, 0), (2, 1), (3, 2)])
async def test_news_of_the_others_are_waited_for(workers: int, messages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await waited_after(workers, messages, monkeypatch)
