"""A ticket that nobody answers pages on-call: worker, Prometheus and Alertmanager for real, from generated files.

A scrape and an evaluation every 2 s or, as by default, 5 s; a group wait of 5 s. `make bench` says how soon it pages.
"""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.desks import desk
from tests.exports import HEADER, LOG
from tests.floors import records_of, send
from tests.happenings import created, happening
from tests.monitoring import Watched
from tests.oracle.instants import DAY, MINUTE, SECOND, text_of
from tests.processes import run, until

BREACHED = "SupportFirstResponseSLABreached"
FIRING = f'ALERTS{{alertname="{BREACHED}",alertstate="firing"}}'
UP = 'up{job="deskpulse"}'
TARGET = 10 * SECOND
INTERVAL = "2s"
POLICY = '[[sla]]\nname = "urgent"\nfirst_response = "10s"\npage = { severity = "page", receiver = "pager" }\n'


async def test_an_unanswered_ticket_pages_until_it_is_answered_also_over_a_workers_death(
    own_embedded: str, tmp_path: Path
) -> None:
    async with desk(own_embedded, tmp_path, POLICY, INTERVAL) as found:
        async with found.worker() as worker:
            await worker.ready()
            await found.until_value('up{job="deskpulse-board"}', 1, "the board scraped")
            at = time.time_ns()
            late = [
                created(at + number, f"L{number}", queue=("billing", "billing", "returns")[number])
                for number in range(3)
            ]
            answered = created(at, "A"), happening("ticket.replied", at + SECOND, "A", agent="sara")
            await send(found.floor, records_of([*late, *answered]))

            page = await found.pager.alert("firing", BREACHED, queue="billing", policy="urgent")
            other = await found.pager.alert("firing", BREACHED, queue="returns", policy="urgent")
            assert page.at > at + TARGET
            assert (page.receiver, page.alert.labels["severity"]) == ("pager", "page")
            assert "2 past the first-response target" in page.alert.annotations["summary"]
            assert "1 past the first-response target" in other.alert.annotations["summary"]
            assert page.alert.annotations["runbook_url"].endswith(f"docs/alerts.md#{BREACHED.lower()}")
            assert await behind(page.alert.annotations["tickets_url"]) == {"L0", "L1"}

            replies = [happening("ticket.replied", time.time_ns(), f"L{number}", agent="sara") for number in range(2)]
            await send(found.floor, records_of(replies))
            await found.pager.alert("resolved", BREACHED, queue="billing", policy="urgent")
            assert await found.watched.value(f"sum({FIRING})") == 1  # returns has not been answered

            await worker.ended(signal.SIGKILL)

        await found.until_value(UP, 0, "the dead worker noticed")
        incomplete = 'ALERTS{alertname="SupportKPIDataIncomplete"}'
        await found.until_value(f"count({incomplete})", 1, "the pipeline behind, for five minutes before it pages")
        await found.until_value("count(support_sla_policy_live_breaches)", None, "nothing exported")
        await until(partial(is_last_known, found.watched), "the page says that its number is the last known")
        assert await found.watched.value(f"sum({FIRING})") == 1

        await send(found.floor, records_of([happening("ticket.replied", time.time_ns(), "L2", agent="sara")]))
        since = time.time_ns()
        async with found.worker() as worker:
            await worker.ready()
            await found.pager.alert("resolved", BREACHED, queue="returns", policy="urgent", since=since)
            await found.until_value(f"count({incomplete})", None, "everything ready again")
        assert {arrival.alert.name for arrival in found.pager.arrivals} <= {BREACHED, "SupportOldestTicketWaiting"}


async def behind(url: str) -> set[str]:
    """The ids of the tickets that a page links to."""
    assert parse_qs(urlsplit(url).query)["state"] == ["breaching"]
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return {ticket["id"] for ticket in (await answer.json())["tickets"]}


async def is_last_known(watched: Watched) -> bool:
    """What the only page that fires says now."""
    async with aiohttp.ClientSession() as http, http.get(f"{watched.prometheus}/api/v1/alerts") as answer:
        alerts = (await answer.json())["data"]["alerts"]
    (found,) = [alert for alert in alerts if alert["labels"]["alertname"] == BREACHED]
    return "Last known: of partitions" in found["annotations"]["description"]


YEARS = 730 * DAY
ROWS = 3_000


def export(until_instant: int) -> str:
    """Two years of tickets, row by row: each answered and solved, but for the first hundred, which are still open."""
    lines = [HEADER]
    for number in range(ROWS):
        begun = until_instant - YEARS + number * (YEARS - DAY) // ROWS
        steps = ((0, "New"), (600, "Open"), (900, "Solved"))[: 1 if number < 100 else 3]
        for minutes, state in steps:
            at = text_of(begun + minutes * MINUTE)[:16].replace("T", " ")
            lines.append(f"T{number},{at},{state},billing,sara")
    return "\n".join(lines) + "\n"


@pytest.mark.timeout(600)
async def test_two_years_of_history_on_the_live_topics_page_nobody(own_embedded: str, tmp_path: Path) -> None:
    now = time.time_ns()
    (tmp_path / "map.toml").write_text(LOG, encoding="utf-8")
    (tmp_path / "export.csv").write_text(export(now), encoding="utf-8")
    toml = f"[time]\nlive_since = {text_of(now)[:19]}Z\n{POLICY}"
    async with desk(own_embedded, tmp_path, toml) as found, found.worker() as worker:
        await worker.ready()
        await found.until_value(UP, 1, "the worker scraped")
        words = "import", "--map", tmp_path / "map.toml", tmp_path / "export.csv", "--broker", found.floor.url
        done = run(*words)
        assert done.code == 0, done.err
        await found.until_value("sum(support_pipeline_table_keys)", ROWS, "every ticket known to Prometheus")
        scrapes = await found.watched.value(f"count_over_time({UP}[1h])")
        assert scrapes is not None

        async def scraped_on() -> bool:
            return (await found.watched.value(f"count_over_time({UP}[1h])") or 0) >= scrapes + 3

        await until(scraped_on, "three more scrapes")
        # What is of the pipeline may wait a moment for the import to be read; nothing of the floor may even begin to.
        fired = 'count(count_over_time(ALERTS{alertname!="Watchdog",severity="page",alertstate="firing"}[1h]))'
        begun = 'count(count_over_time(ALERTS{alertname=~"Support(.*SLA.*|Oldest.*)",severity="page"}[1h]))'
        assert (await found.watched.value(fired), await found.watched.value(begun)) == (None, None)
        assert await found.watched.value("count(last_over_time(support_sla_policy_live_breaches[1h]))") is None
        assert await found.watched.value('increase(support_pipeline_events_total{topic="ticket-created"}[1h])') != 0
        assert found.pager.arrivals == []
