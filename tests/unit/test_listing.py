"""A scan: of the states of one instant, beside batches and event loop, past partitions that have none of it."""

from __future__ import annotations

import asyncio
import threading
from typing import cast

import pytest

from deskpulse.configuration.model import Configuration
from deskpulse.worker import Setting, Worker
from metrics.calendars import Calendar, Version
from metrics.clock_states import State
from metrics.policies import Policies, Policy, Rules
from stream.listing import Listed, Scan, Wanted
from stream.rim.worker import Rim
from stream.tickets import TicketPartition, Tickets
from tests.happenings import ALL_OF_IT, created, feed, happening
from tests.oracle.instants import HOUR, MINUTE, instant
from tests.unit.test_looking import StandingRim

START = instant("2026-03-10T06:00:00Z")
HOUR_FOR_URGENT = Rules(
    policies=Policies([Policy(name="an hour", match={"priority": frozenset({"urgent"})}, first_response=HOUR)])
)


def floor(rules: Rules = HOUR_FOR_URGENT) -> Tickets:
    """An urgent ticket in partition 0, one of no policy in partition 1."""
    tickets = Tickets(rules, ALL_OF_IT)
    feed(tickets.open(0), created(START, "urgent", queue="billing", priority="urgent"))
    feed(tickets.open(1), created(START, "low", queue="returns", priority="low"))
    return tickets


def ids(scan: Scan) -> list[str]:
    while scan.go_on():
        pass
    return [row.id for row in scan.rows(None)]


def test_a_scan_is_of_the_instant_at_which_it_began_whatever_changes_meanwhile() -> None:
    tickets = floor()
    scan = Scan(tickets, Wanted(state=Listed.WAITING), 100, START + 2 * HOUR, [0, 1])
    feed(tickets.partitions[0], happening("ticket.replied", START + HOUR, "urgent", agent="sara"))
    feed(tickets.partitions[1], created(START, "new"))
    tickets.drop(1)
    assert ids(scan) == ["urgent", "low"]
    assert ids(Scan(tickets, Wanted(state=Listed.WAITING), 100, START + 2 * HOUR, [0])) == []


def test_a_reply_that_waits_to_be_settled_is_known_to_a_scan() -> None:
    tickets = floor()
    assert tickets.partitions[0].floor.live
    feed(tickets.partitions[0], happening("ticket.replied", START + HOUR, "urgent", agent="sara"))
    assert ids(Scan(tickets, Wanted(state=Listed.BREACHING), 100, START + 2 * HOUR, [0, 1])) == []


@pytest.mark.parametrize(
    ("wanted", "later", "partitions"),
    [
        (Wanted(state=Listed.BREACHING), HOUR, []),
        (Wanted(state=Listed.BREACHING), HOUR + 1, [0]),
        (Wanted(state=Listed.BREACHING, queues=frozenset({"returns"})), 2 * HOUR, []),
        (Wanted(state=Listed.BREACHING, priorities=frozenset({"low"})), 2 * HOUR, []),
        (Wanted(state=Listed.BREACHING, slas=frozenset({1, 2})), 2 * HOUR, []),
        (Wanted(state=Listed.BREACHING, policies=frozenset({"an hour"})), 2 * HOUR, [0]),
        (Wanted(state=Listed.WAITING, policies=frozenset({"another"})), 2 * HOUR, []),
        (Wanted(state=Listed.AT_RISK), 48 * MINUTE, []),
        (Wanted(state=Listed.AT_RISK), 48 * MINUTE + 1, [0]),
        (Wanted(state=Listed.AT_RISK), HOUR + 1, []),
        (Wanted(state=Listed.WAITING), 0, [0, 1]),
        (Wanted(state=Listed.WAITING, queues=frozenset({"billing"})), 0, [0]),
        (Wanted(state=Listed.AWAITING_REPLY), 0, []),
        (Wanted(state=Listed.WITHOUT_POLICY), 0, [1]),
    ],
)
def test_only_partitions_whose_live_sets_know_of_any_are_walked(
    wanted: Wanted, later: int, partitions: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets, walked = floor(), []
    entries = TicketPartition.entries

    def noted(partition: TicketPartition) -> list[tuple[bytes, ...]]:
        walked.append(next(number for number, one in tickets.partitions.items() if one is partition))
        return entries(partition)

    monkeypatch.setattr(TicketPartition, "entries", noted)
    found = ids(Scan(tickets, wanted, 100, START + later, [0, 1]))
    assert walked == partitions
    assert len(found) == len(partitions)


def test_what_is_left_at_closing_is_at_risk_only_from_the_next_opening_on() -> None:
    # at 16:12 an hour's target has 48 minutes before closing: then its last fifth is left, and none of it runs
    week = (((9 * 60, 17 * 60),),) * 7
    calendar = Calendar("office", [Version(time_zone="UTC", week=week)])
    policy = Policy(name="an hour", first_response=HOUR, calendar="office")
    rules = Rules(policies=Policies([policy]), calendars={"office": calendar})
    tickets, closing = Tickets(rules, ALL_OF_IT), instant("2026-03-10T17:00:00Z")
    feed(tickets.open(0), created(closing - 48 * MINUTE))
    wanted, opening = Wanted(state=Listed.AT_RISK), closing + 16 * HOUR
    assert ids(Scan(tickets, wanted, 100, opening, [0])) == []
    assert ids(Scan(tickets, wanted, 100, opening + 1, [0])) == ["T1"]
    scan = Scan(tickets, Wanted(state=Listed.WAITING), 100, opening, [0])
    scan.go_on()
    assert [row.state for row in scan.rows(None)] == [State.PENDING]


def test_tickets_are_listed_from_the_very_instant_of_live_since_on() -> None:
    tickets = Tickets(Rules(live_since=START), ALL_OF_IT)
    feed(tickets.open(0), created(START, "at"), created(START - 1, "before"), created(START + 1, "after"))
    assert ids(Scan(tickets, Wanted(state=Listed.WAITING), 100, START + HOUR, [0])) == ["at", "after"]


def test_all_tickets_of_a_partition_are_copied_in_parts_of_equal_size_but_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stream.tickets.COPIED_TOGETHER", 3)
    partition = Tickets(Rules(), ALL_OF_IT).open(0)
    assert partition.entries() == []
    subjects = [f"T{number}" for number in range(7)]
    feed(partition, *(created(START, subject) for subject in subjects))
    parts = partition.entries()
    assert [len(part) for part in parts] == [6, 6, 2]
    assert [key.decode() for part in parts for key in part[: len(part) // 2]] == subjects


async def test_while_a_worker_scans_batches_may_begin_and_the_event_loop_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Worker(Configuration(), Setting(brokers=("nowhere",), admission=ALL_OF_IT))
    rim = StandingRim(accepting=True)
    worker._rim = cast("Rim", rim)
    feed(worker.tickets.open(0), created(START, "waits"))
    began, may_go_on, go_on = threading.Event(), threading.Event(), Scan.go_on

    def slowly(scan: Scan) -> bool:
        began.set()
        assert may_go_on.wait(timeout=30)
        return go_on(scan)

    monkeypatch.setattr(Scan, "go_on", slowly)
    listing = asyncio.create_task(worker.listed(Wanted(state=Listed.WAITING), 100))
    await asyncio.to_thread(began.wait, 30)
    async with rim.busy:  # as a batch does
        feed(worker.tickets.partitions[0], happening("ticket.replied", START + HOUR, "waits", agent="sara"))
    may_go_on.set()  # only a free loop comes here
    found = await listing
    assert [(row.id, row.state) for row in found.tickets] == [("waits", None)]  # of a partition that is not ready
    assert (found.total, found.partitions["ready"], found.partitions["catching_up"]) == (1, 0, 1)
