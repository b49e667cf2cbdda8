"""Feeds from the topics to `/metrics` and `/snapshot`: late and silent sources, a restart, and a replay's silence."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.floors import Floor, floor_on, records_of, send
from tests.happenings import Happening, created
from tests.logs import to_json_line
from tests.oracle.instants import DAY, MINUTE, SECOND, instant, text_of
from tests.processes import WorkerProcess, run

LATE = 400 * SECOND
SOURCES = {"desk": "", "phone": "", "shop": 'calendar = "closed"', "archive": ""}
FEEDS = "".join(f'[[feeds]]\nsource = "{name}"\nsilent_after = "10m"\n{more}\n' for name, more in SOURCES.items())


def floor_toml() -> str:
    """Four sources; the calendar of one opens the day after tomorrow."""
    day = (datetime.now(tz=UTC) + timedelta(days=2)).strftime("%a").lower()
    return f'[calendars.closed]\nversions = [{{ week = {{ {day} = ["12:00-13:00"] }} }}]\n{FEEDS}'


def events_of(source: str, at: int, count: int, name: str = "") -> list[Happening]:
    return [created(at, f"{source}-{name}{number}", source=source) for number in range(count)]


async def sent(floor: Floor, *events: Happening) -> tuple[int, int]:
    """Between which instants their records were made."""
    began = time.time_ns()
    await send(floor, records_of(events))
    return began, time.time_ns()


async def series(worker: WorkerProcess, metric: str) -> dict[str, float]:
    """A metric's numbers by source."""
    found = {source: await worker.sample(f'support_feed_{metric}{{source="{source}"}}') for source in SOURCES}
    assert await worker.sample(f'support_feed_{metric}{{source="unheard-of"}}') is None
    return {source: number for source, number in found.items() if number is not None}


async def feeds(worker: WorkerProcess) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = (await worker.snapshot())["feeds"]
    return found


async def test_late_and_silent_sources_are_told_from_a_slow_floor(own_embedded: str, tmp_path: Path) -> None:
    floor = await floor_on(own_embedded, tmp_path, floor_toml())
    late = time.time_ns() - LATE
    quiet, old = late - 5 * MINUTE, late - 2 * DAY
    began, ended = await sent(
        floor,
        *events_of("desk", late, 5),
        *events_of("phone", quiet, 1),
        *events_of("archive", old, 3),
        *events_of("unheard-of", late, 1),
    )
    async with WorkerProcess("--config", floor.configuration) as worker:
        await worker.ready()
        await worker.until_total("support_feed_delivery_delay_seconds", 1)

        assert await series(worker, "last_event_timestamp_seconds") == {"desk": late / SECOND, "phone": quiet / SECOND}
        assert await series(worker, "late_after_seconds") == dict.fromkeys(SOURCES, 300)
        delays = await series(worker, "delivery_delay_seconds")
        assert set(delays) == {"desk", "phone"}
        assert 0.99 * (began - late) <= delays["desk"] * SECOND <= 1.01 * (ended - late)

        asked = time.time_ns()
        before = await series(worker, "silent_before_timestamp_seconds")
        assert set(before) == {"desk", "phone", "archive"}
        assert all(asked - 1_000 <= at * SECOND + 600 * SECOND <= time.time_ns() + 1_000 for at in before.values())

        found = await feeds(worker)
        assert [(name, feed["silent"], feed["late"]) for name, feed in found.items()] == [
            ("desk", False, True),
            ("phone", True, True),
            ("shop", False, False),
            ("archive", False, False),
        ]
        assert instant(found["phone"]["silent_since"]) == instant(found["phone"]["last_event_at"]) == quiet

        now = time.time_ns()
        await sent(floor, *events_of("desk", now, 6, "soon-"), *events_of("phone", now, 1, "soon-"))
        await worker.until_total("support_feed_last_event_timestamp_seconds", 2 * now / SECOND - 1e-3)
        found = await feeds(worker)
        assert (found["desk"]["late"], found["phone"]["silent"]) == (False, False)
        assert await worker.total("support_pipeline_events_total") == 17
        assert (await worker.ended(signal.SIGTERM)).code == 0

    async with WorkerProcess("--config", floor.configuration) as again:
        await again.ready()
        assert await series(again, "last_event_timestamp_seconds") == {}
        assert (await feeds(again))["desk"] == {
            "last_event_at": None,
            "silent": False,
            "silent_since": None,
            "delay_seconds": None,
            "late": False,
        }
        later = time.time_ns()
        await sent(floor, *events_of("desk", later, 1, "again-"))
        await again.until_total("support_feed_last_event_timestamp_seconds", 1)
        assert await series(again, "last_event_timestamp_seconds") == {"desk": later / SECOND}


def test_a_replay_prints_the_same_with_feeds_and_without(tmp_path: Path) -> None:
    at = time.time_ns() - LATE
    log = b"".join(map(to_json_line, events_of("desk", at, 3)))
    file = tmp_path / "feeds.toml"
    file.write_text(FEEDS.replace('calendar = "closed"', ""), encoding="utf-8")
    printed = [run("replay", "-", *also, "--now", text_of(at + LATE), stdin=log) for also in ([], ["--config", file])]
    assert [done.code for done in printed] == [0, 0]
    assert printed[0].out == printed[1].out
    assert json.loads(printed[1].out)["all"]["open"] == 3
