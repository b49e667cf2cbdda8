"""The tickets behind a number over HTTP: the oracle's rows, filters, CSV, errors, and what is said on the way."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from stream.rim.embedded import EmbeddedBroker
from tests.floors import LONG_AGO, floor_on, records_of, send
from tests.happenings import Happening, created, happening
from tests.logs import random_log, shuffled
from tests.oracle import listing as oracle
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import MINUTE, SECOND, instant
from tests.processes import WorkerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOML = """
[labels]
queues = ["billing", "returns", "vip"]
[helpdesk]
ticket_url = "https://desk.example/tickets/{id}"
[[calendars.office.versions]]
week = { mon = ["09:00-17:00"], thu = ["09:00-17:00"] }
[[sla]]
name = "in ten years"
match = { queue = ["returns"] }
resolution = "3650d"
at_risk = 0.999999
[[sla]]
name = "urgent"
match = { priority = ["urgent"] }
first_response = "15m"
next_response = "30m"
resolution = "8h"
[[sla]]
name = "office, others"
match = { priority = ["high", "normal"] }
first_response = "4h"
next_response = "9h"
resolution = "30d"
calendar = "office"
"""
RULES = configuration_of(tomllib.loads(TOML))
FORMULA = "=1+1"
EVENTS = [
    *random_log(707, tickets=120, start=LONG_AGO),
    created(LONG_AGO, FORMULA, queue="billing", priority="urgent"),
    created(LONG_AGO, "a/b ü", queue="unheard of", priority="low"),
]
STATES = ("breaching", "at_risk", "waiting", "awaiting_reply", "without_policy")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerProcess]:
    """A worker that is ready, of a floor with the events above."""
    async with EmbeddedBroker() as broker:
        floor = await floor_on(broker.address, tmp_path_factory.mktemp("floor"), TOML)
        await send(floor, records_of(shuffled(EVENTS, seed=1)))
        async with WorkerProcess("--config", floor.configuration) as running:
            await running.ready()
            yield running


async def asked(worker: WorkerProcess, query: str) -> dict[str, Any]:
    answer = await worker.ask(f"/api/tickets?{query}")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def shown(row: oracle.Row, now: int) -> dict[str, Any]:
    """A row of the oracle's as the worker has to tell it, instants still as nanoseconds."""
    link = {FORMULA: "%3D1%2B1", "a/b ü": "a%2Fb%20%C3%BC"}.get(row.id, row.id)
    return {
        "id": row.id,
        "queue": row.queue,
        "priority": row.priority,
        "policy": row.policy,
        "sla": row.sla,
        "state": row.state,
        "created": row.created,
        "since": row.since,
        "due": row.due,
        "overdue_seconds": None if row.overdue is None else row.overdue / SECOND,
        "link": f"https://desk.example/tickets/{link}",
    }


def told(row: dict[str, Any]) -> dict[str, Any]:
    """The same of an answer."""
    return row | {name: None if row[name] is None else instant(row[name]) for name in ("created", "since", "due")}


@pytest.mark.parametrize("state", STATES)
async def test_the_rows_are_the_oracles_soonest_due_first(worker: WorkerProcess, state: str) -> None:
    found = await asked(worker, f"state={state}&limit=10000")
    now = instant(found["as_of"])
    expected = [shown(row, now) for row in oracle.listing(EVENTS, state, now, RULES)]
    assert [told(row) for row in found["tickets"]] == expected
    assert expected
    assert {name: value for name, value in found.items() if name not in ("as_of", "tickets")} == {
        "state": state,
        "partitions": {"ready": 4, "catching_up": 0, "total": 4},
        "total": len(expected),
    }


async def test_as_many_are_listed_as_the_snapshot_counts(worker: WorkerProcess) -> None:
    snapshot = await worker.snapshot()
    for queue, scope in snapshot["queues"].items():
        for sla, clocks in scope["sla"].items():
            found = await asked(worker, f"state=breaching&queue={queue}&sla={sla}")
            assert found["total"] == clocks["live_breaches"]
        found = await asked(worker, f"state=waiting&queue={queue}")
        assert found["total"] == scope["awaiting_first_response"]


async def test_filters_choose_by_labels_policy_and_clock(worker: WorkerProcess) -> None:
    whole = (await asked(worker, "state=breaching&limit=10000"))["tickets"]
    queries: dict[str, Callable[[dict[str, Any]], bool]] = {
        "queue=billing,other": lambda row: row["queue"] in ("billing", "other"),
        "queue=vip&queue=billing&priority=urgent": lambda row: (
            row["queue"] in ("vip", "billing") and row["priority"] == "urgent"
        ),
        "policy=office,+others": lambda row: row["policy"] == "office, others",
        "sla=resolution": lambda row: row["sla"] == "resolution",
    }
    for query, is_meant in queries.items():
        found = (await asked(worker, f"state=breaching&limit=10000&{query}"))["tickets"]
        ids = [(row["id"], row["sla"]) for row in whole if is_meant(row)]
        assert [(row["id"], row["sla"]) for row in found] == ids
        assert 0 < len(ids) < len(whole)
    assert (await asked(worker, "state=breaching&queue=nobody"))["tickets"] == []


async def test_the_total_counts_beyond_the_limit(worker: WorkerProcess) -> None:
    whole = await asked(worker, "state=breaching&limit=10000")
    first = await asked(worker, "state=breaching&limit=3")
    assert [row["id"] for row in first["tickets"]] == [row["id"] for row in whole["tickets"][:3]]
    assert first["total"] == whole["total"] == len(whole["tickets"]) > 3


async def test_as_csv_it_is_a_file_of_the_same_rows_without_a_formula(worker: WorkerProcess) -> None:
    whole = await asked(worker, "state=breaching&limit=10000")
    answer = await worker.ask("/api/tickets?state=breaching&limit=10000&format=csv")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="tickets-breaching-20')
    assert answer.headers["X-Total-Count"] == str(whole["total"])
    header, *rows = csv.reader(io.StringIO(answer.body, newline=""))
    assert header == list(whole["tickets"][0])
    plain = [name for name in header if name != "overdue_seconds"]
    told = [{name: dict(zip(header, row, strict=True))[name] for name in plain} for row in rows]
    assert told == [
        {name: row[name] or "" for name in plain} | {"id": "'=1+1" if row["id"] == FORMULA else row["id"]}
        for row in whole["tickets"]
    ]
    assert f"'{FORMULA}" in {row["id"] for row in told}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "state: expected breaching or at_risk or waiting or awaiting_reply or without_policy, got ''"),
        (
            "state=late",
            "state: expected breaching or at_risk or waiting or awaiting_reply or without_policy, got 'late'",
        ),
        ("state=breaching&sla=x", "sla: expected first_response or next_response or resolution, got 'x'"),
        ("state=waiting&format=xml", "format: expected json or csv, got 'xml'"),
        ("state=waiting&limit=0", "limit: expected a whole number from 1 to 10000, got '0'"),
        (
            "state=waiting&at=now",
            "at: no such parameter; expected any of state, queue, priority, policy, sla, limit, format",
        ),
    ],
)
async def test_a_mistake_is_a_400_in_json_that_says_what_is_expected(
    worker: WorkerProcess, query: str, error: str
) -> None:
    answer = await worker.ask(f"/api/tickets?{query}")
    assert (answer.status, answer.body) == (400, {"error": error})


TICKETS = 3_000
BOT_REPLIES_A_TICKET = 40  # they stand before the human ones, so that it takes a while until those are read


def answered_in_time() -> list[Happening]:
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


async def test_while_replies_are_still_to_be_read_nothing_is_late_and_the_lists_say_that_they_are_partial(
    own_embedded: str, tmp_path: Path
) -> None:
    floor = await floor_on(own_embedded, tmp_path, '[[sla]]\nname = "first"\nfirst_response = "1h"\n')
    await send(floor, records_of(answered_in_time()))
    waiting = 0
    async with WorkerProcess("--config", floor.configuration) as worker:
        while (await worker.ask("/readyz")).status == 503:
            listed = await asked(worker, "state=waiting")
            if listed["partitions"]["ready"] == 0 < listed["total"]:
                waiting += 1
                assert {row["state"] for row in listed["tickets"]} == {None}
                assert {row["overdue_seconds"] for row in listed["tickets"]} == {None}
            assert (await asked(worker, "state=breaching"))["tickets"] == []
            file = await worker.ask("/api/tickets?state=waiting&format=csv")
            if file.headers["X-Partitions-Ready"] != "4 of 4":
                assert file.headers["Content-Disposition"].endswith('-partial.csv"')
        assert waiting, "nobody looked on the way"
        await worker.ready()
        found = await asked(worker, "state=waiting")
        assert (found["total"], found["partitions"]["ready"]) == (0, 4)
        await send(floor, records_of([created(LONG_AGO, "late")]))
        await worker.until_total("support_sla_live_breaches", 1)
        found = await asked(worker, "state=breaching")
        assert [(row["id"], row["state"], row["link"]) for row in found["tickets"]] == [("late", "breaching", None)]
