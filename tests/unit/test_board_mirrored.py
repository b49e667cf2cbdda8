"""What the merging board does without Redis and workers: counts added up, rows in order, trouble told once."""

from __future__ import annotations

import asyncio
from typing import Any

from deskpulse.board.latest import Latest
from deskpulse.board.mirrored import added_up
from deskpulse.board.source import NoSnapshotError
from deskpulse.board.workers import in_order
from metrics.clock_states import State
from stream.listing import Row
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
