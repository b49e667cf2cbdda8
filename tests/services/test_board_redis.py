"""Two workers, one board, one Redis: the merged numbers are the oracle's, and every fault has its look and its end."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from deskpulse.board.mirrored import WANT_SECONDS, Mirrored
from deskpulse.board.source import NoSnapshotError
from deskpulse.board.workers import Workers
from deskpulse.configuration.model import Configuration
from deskpulse.mirroring import periods_of
from metrics.components import Span
from metrics.document import VERSION, Document
from metrics.documents import decode
from mirror.store import Entry, Held, MirrorError, Store
from stream.rim.embedded import EmbeddedBroker
from tests.floors import PARTITIONS
from tests.happenings import created, floor_of, happening
from tests.mirrored_floors import RULES, BoardProcess, MirroredFloor, mirrored_floor
from tests.oracle import listing as oracle
from tests.oracle.instants import DAY, SECOND, instant, text_of
from tests.oracle.snapshot import snapshot
from tests.processes import WorkerProcess, until
from tests.properties.test_documents import documents_of
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Numbers that were gone are back within so long, on a machine that has other things to do.
BACK_SECONDS = 15
#: How long a document that does not fit is there; the owner's own are refused meanwhile.
ODD_MS = 1_500
FAILURES = "support_snapshot_publish_failures_total"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MirroredFloor]:
    """Two workers that are ready."""
    folder = tmp_path_factory.mktemp("floor")
    async with EmbeddedBroker() as broker, mirrored_floor(broker.address, folder, "one", "two") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(floor: MirroredFloor) -> AsyncIterator[BoardProcess]:
    """The board of both."""
    async with floor.board() as running:
        yield running


async def tickets_come(floor: MirroredFloor, name: str, count: int = 40) -> None:
    now = time.time_ns() // SECOND * SECOND
    await floor.send([created(now, f"{name} {number}") for number in range(count)])


async def all_are_read(floor: MirroredFloor) -> None:
    """Returns once the workers themselves know as many tickets as were sent."""

    async def is_so() -> bool:
        return sum([int((await one.snapshot())["all"]["open"]) for one in floor.workers.values()]) == expected

    expected = int(snapshot(floor.sent, time.time_ns(), RULES)["all"]["open"])
    await until(is_so, "the workers have read all of it")


class TestMerged:
    async def test_the_snapshot_is_the_oracles_with_windows_and_slow_kpis(
        self, floor: MirroredFloor, board: BoardProcess
    ) -> None:
        found = await floor.is_right(board)
        assert found["partitions"] == {"ready": PARTITIONS, "catching_up": 0, "total": PARTITIONS}
        assert found["all"]["windows"]["30d"]["created"] > 0
        assert any(row.get("value") is not None for rows in found["slow"].values() for row in rows)
        assert (await board.ask("/readyz")).body == {
            "ready": True, "reason": None, "partitions": found["partitions"], "shows": "all workers",
        }  # fmt: skip

    async def test_what_a_display_is_sent_is_of_all_partitions(self, floor: MirroredFloor, board: BoardProcess) -> None:
        found = await floor.is_right(board)
        async with board.events() as stream:
            shown = (await stream.next("wall")).data
        assert shown["state"]["shows"] is None
        assert shown["state"]["partitions"]["ready"] == PARTITIONS
        assert shown["open"]["n"] == found["all"]["open"]

    async def test_window_values_have_one_exporter(self, floor: MirroredFloor, board: BoardProcess) -> None:
        found = await floor.is_right(board)
        expositions = [await worker.exposition() for worker in floor.workers.values()]
        assert not any('window="' in exposition for exposition in expositions)
        assert await board.sample('support_floor_escalation_ratio{window="30d"}') == pytest.approx(
            found["all"]["windows"]["30d"]["escalation"]["ratio"]
        )
        merged = await board.exposition()
        own, others = ({line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
                       for text in (merged, "\n".join(expositions)))  # fmt: skip
        assert own & others == set(), "no metric is on both"
        assert await board.total("support_board_tickets_open") == found["all"]["open"]
        assert await board.sample("support_board_partitions_missing") == 0

    @pytest.mark.parametrize("state", oracle.STATES)
    async def test_the_tickets_of_both_workers_are_the_oracles_soonest_due_first(
        self, floor: MirroredFloor, board: BoardProcess, state: str
    ) -> None:
        await floor.is_right(board)
        for limit in (10_000, 7):
            found = (await board.ask(f"/api/tickets?state={state}&limit={limit}")).body
            rows = oracle.listing(floor.sent, state, instant(found["as_of"]), RULES)
            assert [(row["id"], row["sla"]) for row in found["tickets"]] == [(row.id, row.sla) for row in rows][:limit]
            assert (found["total"], found["state"]) == (len(rows) or "some", state)
            assert found["partitions"] == {"ready": PARTITIONS, "catching_up": 0, "total": PARTITIONS}

    async def test_filters_reach_both_workers(self, floor: MirroredFloor, board: BoardProcess) -> None:
        await floor.is_right(board)
        late = oracle.listing(floor.sent, "breaching", time.time_ns(), RULES)
        queue = Counter(row.queue for row in late if row.sla == "first_response").most_common(1)[0][0]
        query = f"state=breaching&queue={queue}&priority=high,normal,low&sla=first_response&limit=10000"
        found = (await board.ask(f"/api/tickets?{query}")).body
        late = oracle.listing(floor.sent, "breaching", instant(found["as_of"]), RULES)
        late = [row for row in late if (row.queue, row.sla) == (queue, "first_response")]
        rows = [row.id for row in late if row.priority in ("high", "normal", "low")]
        assert rows == [row["id"] for row in found["tickets"]] != []

    async def test_a_ticket_of_either_worker_is_explained_and_an_unknown_one_is_not(
        self, floor: MirroredFloor, board: BoardProcess
    ) -> None:
        await floor.is_right(board)
        for worker in floor.workers.values():
            ticket = await one_of(worker)
            assert (await board.ask(f"/api/tickets/{ticket}/explain")).body["ticket"] == ticket
        unknown = await board.ask("/api/tickets/unknown/explain")
        assert (unknown.status, unknown.body) == (404, {"error": "no ticket 'unknown' here"})

    async def test_prometheus_is_told_of_both(self, floor: MirroredFloor, board: BoardProcess) -> None:
        urls = {name: await worker.url() for name, worker in floor.workers.items()}
        assert await targets(board) == {name: url.removeprefix("http://") for name, url in urls.items()}


async def one_of(worker: WorkerProcess) -> str:
    """The id of a ticket that waits at this worker."""
    return str((await worker.ask("/api/tickets?state=waiting&limit=1")).body["tickets"][0]["id"])


async def targets(board: BoardProcess) -> dict[str, str]:
    found = (await board.ask("/sd/prometheus")).body
    return {one["labels"]["__meta_deskpulse_worker"]: one["targets"][0] for one in found}


class TestRedis:
    async def test_without_redis_the_wall_says_why_and_the_workers_go_on(
        self, floor: MirroredFloor, board: BoardProcess
    ) -> None:
        await floor.is_right(board)
        failures = {name: await worker.total(FAILURES) for name, worker in floor.workers.items()}
        async with board.events() as stream:
            last = await stream.next("wall")
            with floor.redis.stopped():
                found = await board.until_answers("/api/snapshot", 503, BACK_SECONDS)
                assert found["error"].startswith("Redis cannot be asked: ")
                for path in ("/api/tickets?state=waiting", "/api/tickets/T1/explain", "/sd/prometheus"):
                    answer = await board.ask(path)
                    assert (answer.status, answer.body["error"][:22]) == (503, "Redis cannot be asked:"), path
                ready = await board.ask("/readyz")
                assert (ready.status, ready.body["ready"], ready.body["partitions"]["ready"]) == (503, False, 0)
                assert ready.body["reason"].startswith("Redis cannot be asked: ")
                assert (await board.ask("/healthz")).status == 200
                assert await board.sample("support_board_snapshot_timestamp_seconds") is None
                now = time.time_ns()
                await stream.first("heartbeat", lambda beat: instant(beat.data["now"]) >= now)
                await tickets_come(floor, "without Redis")
                await all_are_read(floor)
                for name, worker in floor.workers.items():
                    await worker.until_total(FAILURES, failures[name] + 1)
                    assert (await worker.ask("/readyz")).status == 200
            await stream.first("wall", lambda shown: instant(shown.id or "") > instant(last.id or ""))
        await floor.is_right(board, BACK_SECONDS)
        for worker in floor.workers.values():
            await worker.line("the mirror in Redis is not written, the walls will say so: ")
            await worker.line("the mirror in Redis is written again")

    async def test_a_flushed_redis_is_filled_again(self, floor: MirroredFloor, board: BoardProcess) -> None:
        await floor.is_right(board)
        floor.redis.ask("FLUSHALL")
        await floor.is_right(board, BACK_SECONDS, after=time.time_ns())
        assert set(await targets(board)) == {"one", "two"}

    async def test_a_slow_redis_holds_no_worker_up(self, floor: MirroredFloor, board: BoardProcess) -> None:
        await floor.is_right(board)
        failures = {name: await worker.total(FAILURES) for name, worker in floor.workers.items()}
        with floor.redis.standing_still():
            await tickets_come(floor, "slow")
            await all_are_read(floor)
            found = await board.until_answers("/api/snapshot", 503, BACK_SECONDS)
            assert found["error"].startswith("Redis cannot be asked: ")
            answers = await asyncio.wait_for(asyncio.gather(*(board.ask("/metrics") for _ in range(20))), BACK_SECONDS)
            assert {answer.status for answer in answers} == {200}, "those who wait together fail together"
            for name, worker in floor.workers.items():
                await worker.until_total(FAILURES, failures[name] + 2)
        await floor.is_right(board, BACK_SECONDS)


def of_another_version(held: Held) -> tuple[str, Entry]:
    return "0", msgspec.structs.replace(held.entry, document=b"of another time")


def of_other_windows(held: Held) -> tuple[str, Entry]:
    document: Document = decode(held.entry.document)
    windows = [Span("45m", one.pane, one.after, one.last) if one.name == "1h" else one for one in document.windows]
    cells = {"45m" if name == "1h" else name: columns for name, columns in document.cells.items()}
    other = msgspec.msgpack.encode(msgspec.structs.replace(document, windows=windows, cells=cells))
    return VERSION, msgspec.structs.replace(held.entry, document=other)


def of_the_future(held: Held) -> tuple[str, Entry]:
    return VERSION, msgspec.structs.replace(held.entry, as_of=held.entry.as_of + DAY)


def of_no_sense(held: Held) -> tuple[str, Entry]:
    return VERSION, msgspec.structs.replace(held.entry, document=held.entry.document[:-9])


class TestLeftOut:
    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            (of_another_version, f"worker odd writes documents of version 0, not {VERSION}"),
            (of_other_windows, "a worker has other windows: 15m, 45m, 6h"),
            (of_the_future, "the clock of worker odd is ahead of Redis's by more than a minute"),
            (of_no_sense, "a partition's document cannot be read: "),
        ],
    )
    async def test_a_document_that_does_not_fit_is_left_out_and_told_once(
        self, floor: MirroredFloor, board: BoardProcess, changed: Callable[[Held], tuple[str, Entry]], why: str
    ) -> None:
        before = await floor.is_right(board)
        told = refusals(floor)
        reader = Store(floor.redis.url, VERSION)
        version, entry = changed((await reader.read(PARTITIONS))[2])
        await reader.close()
        odd = Store(floor.redis.url, version)
        newer = msgspec.structs.replace(
            entry, generation=entry.generation + 1
        )  # the worker's own are refused meanwhile
        assert await odd.publish("odd", "http://127.0.0.1:1", ODD_MS, [newer]) == set()
        floor.redis.ask("HDEL", "{deskpulse}:workers", "odd")
        await odd.close()
        found = await board.until_partitions(PARTITIONS - 1)
        assert found["partitions"]["catching_up"] == 0
        assert 0 < found["all"]["open"] < before["all"]["open"]
        assert (await board.ask("/readyz")).body["reason"] == "3 of 4 partitions are ready"
        await floor.is_right(board, BACK_SECONDS)
        assert len([line for line in board.err if why in line]) == 1, board.err
        assert refusals(floor) == told + 1, "its owner says once that it was refused"


def refusals(floor: MirroredFloor) -> int:
    lines = [line for worker in floor.workers.values() for line in worker.err]
    return sum(line.endswith("other workers have partitions 2 by now") for line in lines)


class TestWithoutWorkers:
    async def test_days_that_documents_lack_are_asked_for_again_once_redis_has_forgotten_them(self) -> None:
        now = time.time_ns() // SECOND * SECOND
        day = text_of(now - 3 * DAY)[:10]
        period = {"start": day, "end": day}
        hours = happening(
            "business.reported", now, f"fact:staffed_hours:all:{day}", fact="staffed_hours", value=8, period=period
        )
        tickets = floor_of([created(now - 9 * DAY), hours])
        (lacking,), (whole,) = documents_of(tickets, now), documents_of(tickets, now, [(day, day)])
        with RedisServer.running() as redis:
            store = Store(redis.url, VERSION)
            source = Mirrored(store, Configuration(), Workers())

            async def rows_of(document: bytes) -> dict[str, Any]:
                await store.publish("one", "http://127.0.0.1:1", 60_000, [Entry(0, 1, now, document)])
                return dict((await source.snapshot())["slow"]["resolved_per_staffed_hour"][0])

            async def is_asked_again() -> bool:
                await rows_of(lacking)
                return periods_of(await store.wanted()) == ((day, day),)

            assert (await rows_of(lacking))["reason"] == "its days were not asked of all workers yet"
            assert await is_asked_again()
            redis.ask("FLUSHALL")
            await until(is_asked_again, "the days are asked for again", WANT_SECONDS / 2)
            assert (await rows_of(whole))["value"] == 0.0
            await store.close()

    async def test_a_board_hears_of_changes_again_after_redis_was_away(self) -> None:
        with RedisServer.running() as redis:
            store = Store(redis.url, VERSION)
            source = Mirrored(store, Configuration(), Workers())
            listening = asyncio.create_task(source.run())

            async def hears() -> None:
                async def has_news() -> bool:
                    with suppress(MirrorError):  # the first after Redis went may find its connection gone
                        await store.publish("one", "http://127.0.0.1:1", 1_000, [Entry(0, 1, 0, b"")])
                    return source.revision() != before

                before = source.revision()
                await until(has_news, "news are heard")

            await hears()
            with redis.stopped(), pytest.raises(NoSnapshotError, match="Redis cannot be asked"):
                await source.snapshot()
            await hears()
            listening.cancel()
            await asyncio.gather(listening, store.close(), return_exceptions=True)


class TestBoards:
    async def test_displays_come_back_to_a_board_that_was_started_again(self, floor: MirroredFloor) -> None:
        async with floor.board() as first, first.events() as stream:
            port = (await first.url()).rpartition(":")[2]
            last = await stream.next("wall")
            assert (await first.ended(signal.SIGTERM)).code == 0
            await stream.end()
        async with floor.board(port) as second:
            await second.url()
            async with second.events(**{"Last-Event-ID": last.id or ""}) as stream:
                shown = await stream.next("wall")
        assert instant(shown.id or "") >= instant(last.id or "")
        assert shown.data["state"]["partitions"]["ready"] == PARTITIONS

    async def test_two_boards_say_the_same(self, floor: MirroredFloor, board: BoardProcess) -> None:
        async with floor.board() as other:
            await floor.is_right(other)
        await floor.is_right(board)

    async def test_a_board_that_finds_no_redis_says_so_and_goes_on(self, floor: MirroredFloor) -> None:
        async with BoardProcess(
            "--config", floor.floor.configuration, DESKPULSE_REDIS="redis://127.0.0.1:1/0"
        ) as board:
            assert (await board.ask("/readyz")).body["reason"].startswith("Redis cannot be asked: ")
            async with board.events() as stream:
                await stream.next("heartbeat")
            assert (await board.ended(signal.SIGTERM)).code == 0


class TestWorkersThatGo:
    async def test_killed_and_stopped_workers_leave_all_to_the_other(self, own_apache: str, tmp_path: Path) -> None:
        async with mirrored_floor(own_apache, tmp_path, "one", "two") as floor, floor.board() as board:
            await floor.is_right(board)
            two = floor.workers.pop("two")
            ticket = await one_of(two)
            assert (await two.ended(signal.SIGKILL)).code == -signal.SIGKILL
            found = await until_partial(board)
            assert found["partitions"]["total"] == PARTITIONS
            gone = await board.ask(f"/api/tickets/{ticket}/explain")
            assert (gone.status, gone.body["error"]) in [
                (503, f"{missing} of 4 partitions are on no worker now: it may be in one of them")
                for missing in (1, 2, 3)
            ]
            assert (await board.ask("/api/tickets?state=waiting")).body["partitions"]["ready"] < PARTITIONS
            assert set(await targets(board)) == {"one", "two"}, "so that `up` tells of it"
            await floor.is_right(board)
            assert (await board.ask(f"/api/tickets/{ticket}/explain")).status == 200
            assert set(await targets(board)) == {"one", "two"}

            await floor.starts("zombie")
            await floor.is_right(board)
            zombie = floor.workers.pop("zombie")
            zombie.process.send_signal(signal.SIGSTOP)
            await until_partial(board)
            await tickets_come(floor, "while it stood still")
            await floor.is_right(board)
            zombie.process.send_signal(signal.SIGCONT)
            store = Store(floor.redis.url, VERSION)
            owners: set[str] = set()
            while zombie.process.returncode is None:
                owners |= {held.worker for held in (await store.read(PARTITIONS)).values()}
            await store.close()
            assert owners == {"one"}
            assert (await zombie.ended()).code == 1
            await floor.is_right(board)


async def until_partial(board: BoardProcess) -> dict[str, Any]:
    """The snapshot, once partitions are missing."""
    found: dict[str, Any] = {}

    async def is_partial() -> bool:
        found.update((await board.ask("/api/snapshot")).body)
        ready, behind, total = (found["partitions"][name] for name in ("ready", "catching_up", "total"))
        return bool(ready + behind < total)

    await until(is_partial, "partitions are missing", BACK_SECONDS)
    return found
