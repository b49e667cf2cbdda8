"""What the merging board does without Redis and workers: counts added up, rows in order, trouble told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deskpulse.board.latest import Latest
from deskpulse.board.mirrored import added_up
from deskpulse.board.source import NoSnapshotError
from deskpulse.board.workers import Workers, in_order
from deskpulse.pacing import AHEAD
from deskpulse.server import Handler
from metrics.clock_states import State
from metrics.instants import SECOND
from mirror.store import Seen
from stream.listing import Listed, Row, Wanted
from tests.boards import StandingSource


def test_counts_of_the_same_names_are_added_up_at_any_depth() -> None:
    parts = [
        {"too_old": 1, "dead_letters": {"key": {"ticket-created": 2}}},
        {"too_old": 4, "dead_letters": {"key": {"ticket-created": 3, "ticket-changed": 1}, "future": {}}},
    ]
    assert added_up(parts) == {
        "too_old": 5,
        "dead_letters": {"key": {"ticket-created": 5, "ticket-changed": 1}, "future": {}},
    }
    assert added_up(parts[:1]) == parts[0]


def row(name: str, due: str | None, since: str = "2026-10-07T09:00:00Z", sla: str | None = "resolution") -> Row:
    return Row(
        id=name,
        queue="billing",
        priority="high",
        policy="usual",
        sla=sla,
        state=State.BREACHING,
        created="2026-10-07T09:00:00Z",
        since=since,
        due=due,
        overdue_seconds=None,
        link=None,
    )


ROWS = [
    row("late", "2026-10-07T10:00:00Z"),
    row("B", "2026-10-07T10:00:00.5Z", "2026-10-07T08:00:00Z"),  # as text it would come before the one above
    row("A", "2026-10-07T11:00:00Z", sla="first_response"),
    row("A", "2026-10-07T11:00:00Z", sla="resolution"),
    row("C", "2026-10-07T11:00:00Z"),
    row("A", "2026-10-07T11:00:00Z", "2026-10-07T09:00:01Z"),
    row("none", None, "2026-10-07T08:00:00Z", None),
    row("none as well", None, "2026-10-07T08:00:01Z", None),
]


def test_rows_of_several_workers_are_in_the_order_of_each() -> None:
    for place in range(len(ROWS)):
        assert sorted(ROWS[place:] + ROWS[:place][::-1], key=in_order) == ROWS


WANTED = Wanted(state=Listed.WAITING)


def answering(text: str, status: int = 200) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type="application/json")

    return handler


@asynccontextmanager
async def workers_that(*answer: Handler) -> AsyncIterator[list[Seen]]:
    """Workers that answer everything with this, and one that is gone."""
    async with AsyncExitStack() as stack:
        seen = [Seen("gone", "http://127.0.0.1:1", 0.1)]
        for number, handler in enumerate(answer):
            app = web.Application()
            app.router.add_get("/{path:.*}", handler)
            server = await stack.enter_async_context(TestServer(app))
            seen.append(Seen(f"worker-{number}", str(server.make_url("")).rstrip("/"), 0.1))
        yield seen


LISTED = """{"as_of": "2026-10-07T12:00:%sZ", "state": "waiting", "total": 1, "tickets": [],
 "partitions": {"ready": 2, "catching_up": 0, "total": 4}}"""


async def test_of_workers_that_do_not_answer_or_cannot_be_understood_the_list_is_partial() -> None:
    workers = Workers()
    late, early = answering(LISTED % "00.5"), answering(LISTED % "00")
    strange, busy = answering('{"of": "another version"}'), answering('{"error": "no"}', 503)
    async with workers_that(late, early, strange, busy) as seen:
        found = await workers.listed(seen, WANTED, 10, 8)
    assert found is not None
    assert (found.as_of, found.total) == ("2026-10-07T12:00:00Z", 2)
    assert found.partitions == {"ready": 4, "catching_up": 0, "total": 8}
    assert await workers.listed(seen[:1], WANTED, 10, 8) is None
    await workers.close()


async def test_a_worker_that_may_have_a_ticket_and_does_not_say_so_is_named() -> None:
    workers = Workers()
    unknown = answering('{"error": "no ticket"}', 404)
    async with workers_that(unknown) as (gone, alive):
        assert await workers.explained([alive], "a/b ü") is None
        found = await workers.explained([gone, alive], "T1")
        assert isinstance(found, str)
        assert found.startswith("worker gone: does not answer: ")
    async with workers_that(unknown, answering('{"error": "partition 1, which has it, is not ready"}', 503)) as seen:
        found = await workers.explained(seen[1:], "T1")
        assert found == "worker worker-1: partition 1, which has it, is not ready"
    async with workers_that(answering("{}")) as seen:
        found = await workers.explained(seen[1:], "T1")
        assert found == "worker worker-0: an answer that cannot be read"
    await workers.close()


async def test_a_source_is_told_shortly_before_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskpulse.board.latest.until_next_quarter", lambda _now, _quarter: 2 * max(AHEAD) / SECOND)
    source = StandingSource()
    latest = Latest(source)
    told = []
    for _ in range(3):
        await latest.snapshot()
        told.append(source.told_ahead)
        source.changes += 1
    assert told == [0, len(AHEAD), 2 * len(AHEAD)]


class _SlowToFail(StandingSource):
    """A source that takes its time to say that there is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.goes_on = asyncio.Event()

    async def snapshot(self) -> dict[str, Any]:
        self.asked += 1
        await self.goes_on.wait()
        return await super().snapshot()


async def test_those_who_wait_for_a_snapshot_together_learn_together_that_there_is_none() -> None:
    source = _SlowToFail()
    source.trouble = "Redis cannot be asked"
    latest = Latest(source)
    asking = [asyncio.ensure_future(latest.snapshot()) for _ in range(20)]
    await asyncio.sleep(0)
    source.goes_on.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert {(type(one), str(one)) for one in found} == {(NoSnapshotError, "Redis cannot be asked")}
    assert source.asked == 1
    source.trouble = None
    await latest.snapshot()
    assert source.asked == 2, "whoever comes later asks anew"
