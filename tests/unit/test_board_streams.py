"""The board's event streams: what is sent, when, to how many, and what becomes of a display that does not read."""

from __future__ import annotations

import asyncio
import socket

import pytest

from deskpulse.board import displays, latest, streams
from metrics.instants import parse_instant
from tests.boards import Asked, StandingSource


@pytest.fixture
def source() -> StandingSource:
    return StandingSource()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds and heartbeats without pauses that a test would have to wait for."""
    monkeypatch.setattr(latest, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(latest, "QUIET_SECONDS", 0.02)
    monkeypatch.setattr(displays, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(displays, "HEARTBEAT_SECONDS", 0.05)


async def test_a_stream_is_not_kept_by_anybody_on_the_way(source: StandingSource) -> None:
    async with Asked.serving(source) as board, board.events() as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Accel-Buffering"] == "no"
        await stream.next("wall")
        assert [int(text) >= 1_000 for text in stream.retries] == [True]


async def test_a_message_is_numbered_by_its_instant(source: StandingSource) -> None:
    async with Asked.serving(source) as board, board.events() as stream:
        message = await stream.next("wall")
        assert message.id == message.data["as_of"]


async def test_a_change_is_sent_and_what_is_unchanged_is_not(
    source: StandingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(displays, "AGAIN_SECONDS", 1_000.0)
    async with Asked.serving(source) as board, board.events("/events?queue=sales") as stream:
        before = await stream.next("wall")
        rounds = source.taken + 5
        while source.taken < rounds:
            await stream.next("heartbeat")
        source.change("new")
        after = await stream.next("wall")
        assert after.data["awaiting"]["n"] == before.data["awaiting"]["n"] + 1, "an unchanged wall was sent"


async def test_an_unchanged_wall_is_sent_again_after_a_while_as_of_a_later_instant(
    source: StandingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(displays, "AGAIN_SECONDS", 0.05)
    async with Asked.serving(source) as board, board.events() as stream:
        one, other = await stream.next("wall"), await stream.next("wall")
    assert parse_instant(one.data["as_of"]) < parse_instant(other.data["as_of"])
    assert one.data["awaiting"] == other.data["awaiting"]


async def test_a_heartbeat_says_how_old_the_numbers_are_and_not_only_that_the_board_is_there(
    source: StandingSource,
) -> None:
    source.trouble = "Redis does not answer"
    async with Asked.serving(source) as board, board.events() as stream:
        assert (await stream.next("heartbeat")).data["as_of"] is None
        source.trouble = None
        shown = (await stream.next("wall")).data["as_of"]
        moving = (await stream.first("heartbeat", lambda beat: bool(beat.data["as_of"] > shown))).data["as_of"]
        source.trouble = "Redis does not answer"
        while (standing := (await stream.next("heartbeat")).data["as_of"]) != moving:
            moving = standing
        one, other = (await stream.next("heartbeat")).data, (await stream.next("heartbeat")).data
        assert one["as_of"] == other["as_of"] == standing
        assert one["now"] < other["now"]


async def test_heartbeats_come_with_the_boards_clock_while_there_is_no_snapshot(source: StandingSource) -> None:
    source.trouble = "Redis does not answer"
    async with Asked.serving(source) as board, board.events() as stream:
        one, other = await stream.next("heartbeat"), await stream.next("heartbeat")
        assert parse_instant(one.data["now"]) < parse_instant(other.data["now"])
        answer = await board.get("/api/snapshot")
        assert (answer.status, answer.body) == (503, {"error": "Redis does not answer"})
        assert await board.sample("support_board_sse_clients") == 1
        assert await board.sample("support_board_partitions_missing") is None
        source.trouble = None
        await stream.next("wall")


async def test_who_comes_back_is_sent_the_latest_at_once_and_whole(source: StandingSource) -> None:
    async with Asked.serving(source) as board:
        async with board.events() as stream:
            last = await stream.next("wall")
        source.change("meanwhile")
        async with board.events(**{"Last-Event-ID": last.id or ""}) as stream:
            now = await stream.next("wall")
    assert now.data["awaiting"]["n"] == last.data["awaiting"]["n"] + 1
    assert now.data.keys() == last.data.keys()


async def test_two_hundred_displays_of_a_wall_are_sent_one_rendering(source: StandingSource) -> None:
    async def seen(board: Asked, begun: asyncio.Barrier) -> tuple[str | None, str | None]:
        async with board.events() as stream:
            one = await stream.next("wall")
            await begun.wait()
            other = await stream.first("wall", lambda shown: bool(shown.data["awaiting"] != one.data["awaiting"]))
            return one.id, other.id

    begun = asyncio.Barrier(201)
    async with Asked.serving(source) as board, asyncio.TaskGroup() as tasks:
        watching = [tasks.create_task(seen(board, begun)) for _ in range(200)]
        await begun.wait()
        assert await board.sample("support_board_sse_clients") == 200
        source.change("new")
    assert len({task.result()[1] for task in watching}) == 1


async def test_with_no_display_nothing_is_taken(source: StandingSource) -> None:
    async with Asked.serving(source) as board:
        async with board.events() as stream:
            await stream.next("heartbeat")
        await board.until_sample("support_board_sse_clients", 0)
        taken, beaten = source.taken, asyncio.get_running_loop().time() + 5 * displays.HEARTBEAT_SECONDS
        while asyncio.get_running_loop().time() < beaten:
            assert (await board.get("/healthz")).status == 200
        assert source.taken <= taken + 2, "more than the round in work, and a minute's"


async def test_more_displays_than_are_taken_are_told_to_come_later(
    source: StandingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(displays, "DISPLAYS_MAX", 1)
    async with Asked.serving(source) as board, board.events() as stream:
        await stream.next("wall")
        answer = await board.get("/events")
        assert (answer.status, set(answer.body)) == (503, {"error"})
        assert int(answer.headers["Retry-After"]) >= 5


async def test_more_different_walls_than_are_rendered_are_told_to_come_later(
    source: StandingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(displays, "WALLS_MAX", 1)
    async with Asked.serving(source) as board, board.events() as stream:
        await stream.next("wall")
        assert (await board.get("/events?queue=billing")).status == 503
        async with board.events() as same:
            await same.next("wall")


async def test_a_display_that_does_not_read_is_dropped_and_counted(
    source: StandingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "WRITE_SECONDS", 0.2)
    monkeypatch.setattr(displays, "AGAIN_SECONDS", 0.0)
    for number in range(200):  # long names, so that documents are large
        source.floor.create(f"t{number}", "11:00", f"{number}{'x' * 5_000}", "high")
    async with Asked.serving(source) as board:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.connect(board.address)
            deaf.sendall(b"GET /events HTTP/1.1\r\nHost: board\r\n\r\n")
            async with board.events() as reading:
                while not await board.sample('support_board_sse_disconnects_total{reason="slow"}'):
                    await reading.next("wall")
                assert await board.sample("support_board_sse_clients") == 1
                await reading.next("wall")


async def test_a_display_that_goes_is_counted(source: StandingSource) -> None:
    async with Asked.serving(source) as board:
        async with board.events() as stream:
            await stream.next("wall")
        await board.until_sample('support_board_sse_disconnects_total{reason="closed"}', 1)
        assert await board.sample("support_board_sse_clients") == 0


async def test_a_document_that_cannot_be_made_costs_the_wall_and_not_the_board(
    source: StandingSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("deskpulse.board.server.document", lambda *_: 1 // 0)
    async with Asked.serving(source) as board, board.events() as stream:
        for _ in range(3):
            await stream.next("heartbeat")
        assert (await board.get("/healthz")).status == 200
    assert [record.message.partition(":")[0] for record in caplog.records] == ["no wall is shown"]
