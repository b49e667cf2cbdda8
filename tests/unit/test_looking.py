"""A look at the tickets: beside the event loop while no batch can begin, on it where that cannot be had."""

import asyncio
import threading
from typing import cast

import pytest

from deskpulse import looking
from deskpulse.looking import unchanged
from stream.rim.worker import Rim


class StandingRim:
    """What a look asks of a rim."""

    def __init__(self, *, accepting: bool) -> None:
        self.agent = self.offsets = self
        self.busy, self.looked_at = asyncio.Lock(), asyncio.Lock()
        self.accepting = accepting


def standing(*, accepting: bool = True) -> Rim:
    return cast("Rim", StandingRim(accepting=accepting))


async def thread_of_a_look(rim: Rim | None) -> threading.Thread:
    async with unchanged(rim) as look:
        return await look(threading.current_thread)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "BATCH_SECONDS", 0.0)


async def test_look_leaves_the_event_loop_free() -> None:
    rim, began, may_end = standing(), threading.Event(), threading.Event()

    def numbers() -> bool:
        began.set()
        return may_end.wait(timeout=30)

    async with unchanged(rim) as look:
        looked = asyncio.create_task(look(numbers))
        await asyncio.to_thread(began.wait, 30)
        may_end.set()  # only a free loop comes here
        assert await looked


async def test_no_batch_begins_during_a_look() -> None:
    rim = standing()
    async with unchanged(rim):
        assert rim.agent.busy.locked()
    assert not rim.agent.busy.locked()


async def test_look_that_nobody_waits_for_any_more_keeps_batches_out_until_its_end() -> None:
    # it settles numbers: a batch beside it would change them twice
    rim, began, may_end, has_ended = standing(), threading.Event(), threading.Event(), threading.Event()

    def numbers() -> None:
        began.set()
        assert may_end.wait(timeout=30)
        has_ended.set()

    async def look_at_them() -> None:
        async with unchanged(rim) as look:
            await look(numbers)

    looking = asyncio.create_task(look_at_them())
    await asyncio.to_thread(began.wait, 30)
    for _ in range(3):
        looking.cancel()
        await asyncio.sleep(0)
        assert rim.agent.busy.locked()
    may_end.set()
    async with rim.agent.busy:
        assert has_ended.is_set()
    with pytest.raises(asyncio.CancelledError):
        await looking


async def test_look_waits_for_the_one_before_it_however_long_that_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    # both settle numbers: side by side they would count a ticket twice, or lose it
    rim, began, may_end = standing(), threading.Event(), threading.Event()

    def numbers() -> bool:
        began.set()
        return may_end.wait(timeout=30)

    async with unchanged(rim) as look:
        first = asyncio.create_task(look(numbers))
        await asyncio.to_thread(began.wait, 30)
        monkeypatch.setattr(looking, "BATCH_SECONDS", 0.0)
        second = asyncio.create_task(thread_of_a_look(rim))
        await asyncio.wait([second], timeout=0.05)
        assert not second.done()
        may_end.set()
        assert await first
    await second


async def test_look_that_fails_lets_batches_begin_again() -> None:
    rim = standing()
    with pytest.raises(ZeroDivisionError):
        async with unchanged(rim) as look:
            await look(lambda: 1 // 0)
    assert not rim.agent.busy.locked()


async def test_look_waits_for_the_batch_in_work() -> None:
    rim = standing()
    await rim.agent.busy.acquire()
    looked = asyncio.create_task(thread_of_a_look(rim))
    await asyncio.sleep(0)
    assert not looked.done()
    rim.agent.busy.release()
    assert await looked is not threading.current_thread()


@pytest.mark.usefixtures("no_patience")
async def test_look_is_on_the_loop_where_the_batch_in_work_waits_for_kafka() -> None:
    rim = standing()
    async with rim.agent.busy:
        assert await thread_of_a_look(rim) is threading.current_thread()
        assert rim.agent.busy.locked()


async def test_look_is_on_the_loop_where_a_recovery_may_change_the_tickets() -> None:
    assert await thread_of_a_look(standing(accepting=False)) is threading.current_thread()


async def test_look_before_there_is_a_rim_is_on_the_loop() -> None:
    assert await thread_of_a_look(None) is threading.current_thread()
