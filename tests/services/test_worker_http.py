"""What a worker answers over HTTP: metrics that parse, readiness with its reason, snapshots, errors as JSON."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_format

from stream.rim.embedded import EmbeddedBroker
from tests.floors import LONG_AGO, RETENTION, floor_on, records_of, send
from tests.happenings import created, happening
from tests.logs import random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import MINUTE, SECOND, instant, text_of
from tests.oracle.snapshot import snapshot
from tests.processes import WorkerProcess
from tests.programs import required

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = random_log(707, tickets=80, start=LONG_AGO)


@pytest.fixture(scope="module")
def newest() -> int:
    """The instant of the newest event: a moment ago, so that it counts as live activity."""
    return time.time_ns() // SECOND * SECOND - MINUTE + 5


def recent(newest: int) -> list[dict[str, Any]]:
    rated = happening("survey.answered", newest, "now-1", survey="csat", score=5)
    return [created(newest, "now-1", queue="billing", channel="chat", priority="urgent"), rated]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(newest: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerProcess]:
    """A worker that is ready, of a floor with the events above and a recent one."""
    async with EmbeddedBroker() as broker:
        floor = await floor_on(broker.address, tmp_path_factory.mktemp("floor"))
        await send(floor, records_of([*shuffled(EVENTS, seed=1), *recent(newest)]))
        async with WorkerProcess("--config", floor.configuration) as running:
            await running.ready()
            yield running


def checked(promtool: str, exposition: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [promtool, "check", "metrics"]
    return subprocess.run(command, input=exposition, capture_output=True, check=False, timeout=60)


class TestMetrics:
    async def test_the_text_format_parses_and_no_series_comes_twice(self, worker: WorkerProcess) -> None:
        answer = await worker.ask("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        samples = [sample for family in text_format(answer.body) for sample in family.samples]
        series = Counter((sample.name, tuple(sorted(sample.labels.items()))) for sample in samples)
        assert len(series) > 300
        assert [one for one, times in series.items() if times > 1] == []

    async def test_openmetrics_is_given_to_who_accepts_it(self, worker: WorkerProcess) -> None:
        answer = await worker.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        families = openmetrics(answer.body)  # type: ignore[no-untyped-call]
        assert {family.name for family in families} >= {"support_tickets_open", "support_build"}

    async def test_promtool_has_nothing_to_say_about_a_scrape(self, worker: WorkerProcess) -> None:
        done = checked(required("promtool"), (await worker.ask("/metrics")).body.encode())
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")

    async def test_names_choose_what_is_scraped(self, worker: WorkerProcess) -> None:
        answer = await worker.ask("/metrics?name[]=support_pipeline_partitions")
        lines = [line for line in answer.body.splitlines() if not line.startswith("#")]
        assert lines == ["support_pipeline_partitions 4.0"]

    async def test_only_events_of_the_last_minutes_are_activity(self, worker: WorkerProcess) -> None:
        lines = (await worker.ask("/metrics")).body.splitlines()
        found = [line for line in lines if line.startswith("support_tickets_created_total{")]
        assert found == ['support_tickets_created_total{channel="chat",priority="urgent",queue="billing"} 1.0']

    async def test_a_lone_worker_exports_the_windows_of_its_snapshot(self, worker: WorkerProcess) -> None:
        exported = await worker.sample('support_tickets_window_created{queue="billing",window="1h"}')
        shown = (await worker.snapshot())["queues"]["billing"]["windows"]["1h"]["created"]
        assert exported == shown == 1

    async def test_live_sets_add_up_to_the_snapshot(self, worker: WorkerProcess) -> None:
        assert await worker.total("support_tickets_open") == (await worker.snapshot())["all"]["open"] > 1


class TestSnapshot:
    async def test_as_of_an_instant_it_is_the_oracles(self, worker: WorkerProcess, newest: int) -> None:
        at = newest + 2 * MINUTE
        rules = configuration_of({"retention": {"settled": RETENTION}})
        assert differences(await worker.snapshot(text_of(at)), snapshot([*EVENTS, *recent(newest)], at, rules)) == []

    async def test_without_an_instant_it_is_of_now(self, worker: WorkerProcess) -> None:
        before = time.time_ns()
        as_of = instant((await worker.snapshot())["as_of"])
        assert before <= as_of <= time.time_ns()

    async def test_the_newest_events_own_instant_is_allowed(self, worker: WorkerProcess, newest: int) -> None:
        assert instant((await worker.snapshot(text_of(newest)))["as_of"]) == newest

    async def test_it_says_what_became_of_the_records_that_count_nowhere(self, worker: WorkerProcess) -> None:
        quality = (await worker.snapshot())["data_quality"]
        found = quality["since_start"]
        assert found["records"] == await worker.total("support_pipeline_events_total")
        assert found["duplicates"] == await worker.total("support_pipeline_events_duplicate_total") > 0
        assert (found["misrouted"], found["dead_lettered"], found["too_old"]) == (0, {}, 0)
        assert found["label_overflow"] == {}
        assert quality["orphans"] == await worker.total("support_tickets_orphaned") > 0

    async def test_an_instant_before_the_newest_event_is_refused_naming_it(
        self, worker: WorkerProcess, newest: int
    ) -> None:
        answer = await worker.ask(f"/snapshot?at={text_of(newest - 1)}")
        assert answer.status == 400
        assert set(answer.body) == {"error"}
        assert text_of(newest).rstrip("Z") in answer.body["error"]

    async def test_an_offset_may_be_given_with_an_unescaped_plus(self, worker: WorkerProcess) -> None:
        found = await worker.snapshot("2035-01-01T02:00:00+02:00")
        assert instant(found["as_of"]) == instant("2035-01-01T00:00:00Z")

    @pytest.mark.parametrize("at", ["yesterday", "", "2035-01-01", "2035-01-01T00:00:00", "2035-13-01T00:00:00Z"])
    async def test_an_instant_that_is_none_is_refused(self, worker: WorkerProcess, at: str) -> None:
        answer = await worker.ask(f"/snapshot?at={at}")
        assert answer.status == 400
        assert answer.body["error"].startswith("at: ")


class TestHealth:
    async def test_a_worker_that_runs_is_healthy(self, worker: WorkerProcess) -> None:
        answer = await worker.ask("/healthz")
        assert (answer.status, answer.body) == (200, {"healthy": True})

    async def test_a_worker_that_has_caught_up_is_ready_with_all_its_partitions(self, worker: WorkerProcess) -> None:
        answer = await worker.ask("/readyz")
        counts = {"total": 4, "assigned": 4, "ready": 4, "catching_up": 0, "recovering": 0}
        assert (answer.status, answer.body) == (200, {"ready": True, "reason": None, "partitions": counts})


class TestErrors:
    async def test_a_tickets_clocks_are_explained_as_the_snapshot_counts_them(self, worker: WorkerProcess) -> None:
        found = (await worker.ask("/api/tickets/now-1/explain")).body
        assert (found["ticket"], found["is_open"]) == ("now-1", True)
        clocks = {clock["sla"]: clock for clock in found["clocks"]}
        snapshot = await worker.snapshot()
        due = snapshot["all"]["sla"]["first_response"]["next_due_at"]
        assert (clocks["first_response"]["due"], clocks["first_response"]["state"]) == (due, "pending")
        assert found["events"][0]["what"] == "created"

    async def test_a_ticket_that_is_not_here_is_a_404_in_json(self, worker: WorkerProcess) -> None:
        answer = await worker.ask("/api/tickets/a%2Fb/explain")
        assert (answer.status, answer.body) == (404, {"error": "no ticket 'a/b' among those of this worker"})

    async def test_an_unknown_path_is_a_404_in_json(self, worker: WorkerProcess) -> None:
        answer = await worker.ask("/tickets")
        assert (answer.status, set(answer.body)) == (404, {"error"})

    @pytest.mark.parametrize("path", ["/metrics", "/snapshot", "/readyz", "/healthz"])
    async def test_another_method_is_a_405_in_json_that_says_which_are_allowed(
        self, worker: WorkerProcess, path: str
    ) -> None:
        answer = await worker.ask(path, method="POST")
        assert (answer.status, set(answer.body)) == (405, {"error"})
        assert "GET" in answer.headers["Allow"]


TICKETS = 3_000
BOT_REPLIES_A_TICKET = 20  # they stand before the human ones, so that it takes a while until those are read
SHOWN_WHEN_READY = ("support_sla_live_breaches{", "support_sla_at_risk{", "support_oldest_awaiting_first_response_")


def answered_in_time() -> list[dict[str, Any]]:
    """Old tickets, each answered by bots at once and by a person ten minutes after its creation."""
    subjects = [f"old-{number}" for number in range(TICKETS)]
    opened = [created(LONG_AGO, subject) for subject in subjects]
    bots = [
        happening("ticket.replied", LONG_AGO + turn, subject, agent="bot", author="bot")
        for turn in range(BOT_REPLIES_A_TICKET)
        for subject in subjects
    ]
    people = [happening("ticket.replied", LONG_AGO + 10 * MINUTE, subject, agent="sara") for subject in subjects]
    return [*opened, *bots, *people]


def breaches(scope: dict[str, Any]) -> int:
    return sum(int(clock["live_breaches"]) + int(clock["at_risk"]) for clock in scope["sla"].values())


async def test_nothing_looks_late_while_the_replies_are_still_to_be_read(own_embedded: str, tmp_path: Path) -> None:
    policy = '[[sla]]\nname = "first"\nfirst_response = "1h"\n'
    floor = await floor_on(own_embedded, tmp_path, policy)
    await send(floor, records_of(answered_in_time()))
    unready: list[tuple[str, dict[str, Any]]] = []
    async with WorkerProcess("--config", floor.configuration) as worker:
        while (readiness := await worker.ask("/readyz")).status == 503:
            scrape, found = (await worker.ask("/metrics")).body, await worker.snapshot()
            late = [line for line in scrape.splitlines() if line.startswith(SHOWN_WHEN_READY)]
            assert late == []
            assert [breaches(scope) for scope in (found["all"], *found["queues"].values()) if breaches(scope)] == []
            unready.append((str(readiness.body["reason"]), found))
        assert any(reason.startswith("catching up partition ") for reason, _ in unready)
        assert any(found["all"]["awaiting_first_response"] > 0 for _, found in unready), "nobody looked on the way"
        ready = (await worker.snapshot())["all"]
        assert (ready["open"], ready["awaiting_first_response"], breaches(ready)) == (TICKETS, 0, 0)
        await send(floor, records_of([created(LONG_AGO, "late")]))
        await worker.until_total("support_sla_live_breaches", 1)
