"""`/api/why`: off by default, what it may be asked, and that nothing of a person is in what it says."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from deskpulse.configuration.loading import judged
from deskpulse.server import create_server
from deskpulse.why import LIMIT_MAX, WhyAsked, why_asked, window_of
from deskpulse.worker import Setting, Worker
from metrics.policies import DEFAULT_WINDOWS, Rules
from tests.happenings import created, feed, happening
from tests.oracle.instants import HOUR, instant

NOW = instant("2026-03-10T12:00:00Z")


def floor(document: dict[str, Any]) -> Worker:
    worker = Worker(judged(document, "test", {}), Setting(brokers=()))
    at = time.time_ns() - HOUR
    said = "call +90 212 555 00 00 or sara@mail.example, see https://shop.example/x"
    about: dict[str, Any] = {"survey": "csat", "score": 1, "reasons": ["slow", "slow"], "customer": "customer-1"}
    feed(
        worker.tickets.open(0),
        created(at, "ticket-1", customer="customer-1"),
        happening("survey.answered", at, "ticket-1", name="a", comment=said, **about),
        happening("survey.answered", at + 1, "T2", name="b", survey="nps", score=2, reasons=["slow", "rude"]),
        happening("survey.answered", at + 2, "T3", name="c", survey="nps", score=10, comment="all well"),
        now=time.time_ns(),
    )
    return worker


async def asked(worker: Worker, query: str = "") -> tuple[int, dict[str, Any]]:
    async with TestClient(TestServer(create_server(worker))) as client:
        answer = await client.get(f"/api/why{query}")
        return answer.status, await answer.json()


async def test_it_is_off_unless_the_configuration_says_so() -> None:
    status, body = await asked(floor({}))
    assert status == 404
    assert "[why] enabled = true" in body["error"]


async def test_it_tells_counts_and_comments_without_addresses_and_numbers() -> None:
    status, body = await asked(floor({"why": {"enabled": True}}))
    assert status == 200
    assert (body["window"], body["queues"], body["answers"], body["low"]) == ("7d", None, 3, 2)
    assert body["reasons"] == [{"reason": "slow", "count": 2}, {"reason": "rude", "count": 1}]
    (comment,) = body["comments"]
    assert comment["comment"] == "call [number] or [e-mail], see [link]"
    assert (comment["survey"], comment["scale"], comment["score"], comment["queue"]) == ("csat", [1, 5], 1, "billing")
    assert body["partitions"] == {"ready": 0, "catching_up": 1, "total": 0}
    text = str(body)
    assert not any(hidden in text for hidden in ("ticket-1", "customer-1", "sara", "212 555", "shop.example"))


async def test_it_is_asked_by_queue_and_window() -> None:
    worker = floor({"why": {"enabled": True}})
    status, body = await asked(worker, "?queue=other&window=15m")
    assert (status, body["answers"]) == (200, 0)
    status, body = await asked(worker, "?queue=billing&window=6h")
    assert (body["queues"], body["answers"], body["low"]) == (["billing"], 1, 1)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?window=3h", "window: expected 15m or 1h"),
        ("?limit=0", "limit: expected a whole number"),
        ("?limit=many", "limit: expected a whole number"),
        ("?ticket=T1", "ticket: no such parameter"),
    ],
)
async def test_what_cannot_be_asked_is_told(query: str, told: str) -> None:
    status, body = await asked(floor({"why": {"enabled": True}}), query)
    assert status == 400
    assert told in body["error"]


def test_values_that_are_empty_are_not_given() -> None:
    assert why_asked([("queue", ""), ("window", ""), ("limit", "")]) == WhyAsked()
    assert why_asked([("queue", "a,b"), ("limit", str(LIMIT_MAX))]) == WhyAsked(
        None, frozenset({"a,b", "a", "b"}), LIMIT_MAX
    )


def test_without_seven_days_the_longest_window_is_meant() -> None:
    assert window_of(Rules(), None, NOW)[0] == "7d"
    assert window_of(Rules(windows=DEFAULT_WINDOWS[:2]), None, NOW)[0] == "today"
    assert window_of(Rules(windows=DEFAULT_WINDOWS[:4]), None, NOW)[0] == "24h"
