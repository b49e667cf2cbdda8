"""The tickets behind a number are the oracle's, and as many as the snapshot counts, at and around every due instant."""

from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.contribution import SLAS
from metrics.instants import parse_instant
from stream.listing import CLOCK_STATES, Listed, Row, Scan, Wanted
from stream.tickets import Tickets
from tests.happenings import Happening, floor_of, rules_of, snapshot_of, when
from tests.oracle import listing as oracle
from tests.oracle.clocks import is_live, live_clocks
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import MINUTE, SECOND
from tests.oracle.tickets import distinct, is_discarded, ticket_of
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, check

LIMIT_MAX = 10_000
PARTITIONS = 3
COUNTED = {
    Listed.WAITING: "awaiting_first_response",
    Listed.AWAITING_REPLY: "awaiting_reply",
    Listed.WITHOUT_POLICY: "without_policy",
}
#: Which of the due instants of a log is looked at, and how far from it.
PLACES = st.tuples(st.integers(0, 10_000), st.sampled_from((-1, 0, 1, MINUTE)))
PRIORITIES = st.none() | st.lists(st.sampled_from(("urgent", "high", "normal", "low")), min_size=1, unique=True)


def named(document: dict[str, Any], priorities: list[str] | None) -> dict[str, Any]:
    """Each policy with a name of its own, and some priorities unknown."""
    made = dict(document)
    if "sla" in document:
        made["sla"] = [policy | {"name": f"policy {number}"} for number, policy in enumerate(document["sla"])]
    if priorities is not None:
        made["labels"] = document.get("labels", {}) | {"priorities": priorities}
    return made


def instant_at(log: list[Happening], document: dict[str, Any], place: tuple[int, int]) -> int:
    """Around a due instant of the whole log's clocks, or around its end where there is none."""
    configuration, end = configuration_of(document), max(map(when, log))
    dues = {end}
    for happenings in distinct(log, end).values():
        ticket = None if is_discarded(happenings) else ticket_of(happenings, configuration)
        if ticket is not None and is_live(ticket, configuration):
            dues |= {clock.due for clock in live_clocks(ticket, end, configuration).values() if clock.due is not None}
    return max(sorted(dues)[place[0] % len(dues)] + place[1], min(map(when, log)))


def listed(tickets: Tickets, wanted: Wanted, now: int, limit: int = LIMIT_MAX, ready: int = PARTITIONS) -> list[Row]:
    return list(scanned(tickets, wanted, now, limit, ready).rows(None))


def scanned(tickets: Tickets, wanted: Wanted, now: int, limit: int = LIMIT_MAX, ready: int = PARTITIONS) -> Scan:
    scan = Scan(tickets, wanted, limit, now, range(ready))
    while scan.go_on():
        pass
    return scan


def told(row: Row) -> tuple[Any, ...]:
    """A row as the oracle has it."""
    texts = (row.created, row.since, row.due)
    instants = (None if text is None else parse_instant(text) for text in texts)
    state = None if row.state is None else str(row.state)
    return (row.id, row.queue, row.priority, row.policy, row.sla, state, *instants, row.overdue_seconds)


def expected(row: oracle.Row) -> tuple[Any, ...]:
    return (*astuple(row)[:-1], None if row.overdue is None else row.overdue / SECOND)


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, PRIORITIES, PLACES)
def test_every_row_is_the_oracles_in_its_order(
    weeks: Weeks, document: dict[str, Any], priorities: list[str] | None, place: tuple[int, int]
) -> None:
    log, document = weeks.log, named(document, priorities)
    now, configuration = instant_at(log, document, place), configuration_of(document)
    tickets = floor_of(log, rules_of(document), not_after=now, partitions=PARTITIONS)
    for state in Listed:
        found = listed(tickets, Wanted(state=state), now)
        assert [told(row) for row in found] == [
            expected(row) for row in oracle.listing(log, str(state), now, configuration)
        ]


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, PLACES)
def test_as_many_are_listed_as_the_snapshot_counts(
    weeks: Weeks, document: dict[str, Any], place: tuple[int, int]
) -> None:
    now = instant_at(weeks.log, document, place)
    snapshot = check(weeks.log, document, now, partitions=PARTITIONS)
    tickets = floor_of(weeks.log, rules_of(document), not_after=now, partitions=PARTITIONS)
    for queue, scope in {None: snapshot["all"], **snapshot["queues"]}.items():
        queues = None if queue is None else frozenset({queue})
        for state, name in COUNTED.items():
            assert scanned(tickets, Wanted(state=state, queues=queues), now, limit=1).total == scope[name]
        for sla, clocks in scope["sla"].items():
            only = frozenset({SLAS.index(sla)})
            for state, name in ((Listed.BREACHING, "live_breaches"), (Listed.AT_RISK, "at_risk")):
                wanted = Wanted(state=state, queues=queues, slas=only)
                assert scanned(tickets, wanted, now, limit=1).total == clocks[name]


FILTERS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    queues=st.none() | st.frozensets(st.sampled_from(("billing", "returns", "vip", "other", "nowhere")), min_size=1),
    priorities=st.none() | st.frozensets(st.sampled_from(("urgent", "high", "low", "other")), min_size=1),
    policies=st.none() | st.frozensets(st.sampled_from(("policy 0", "policy 1", "default")), min_size=1),
    slas=st.frozensets(st.integers(0, 2), min_size=1),
)


@settings(max_examples=40)
@given(WEEKS, DOCUMENTS, PLACES, FILTERS, st.integers(1, 12))
def test_filters_and_the_limit_take_away_from_the_whole_list_and_change_no_row(
    weeks: Weeks, document: dict[str, Any], place: tuple[int, int], filters: dict[str, Any], limit: int
) -> None:
    document = named(document, None)
    now = instant_at(weeks.log, document, place)
    tickets = floor_of(weeks.log, rules_of(document), not_after=now, partitions=PARTITIONS)
    for state in Listed:
        whole = listed(tickets, Wanted(state=state), now)
        left = [
            row
            for row in whole
            if (filters["queues"] is None or row.queue in filters["queues"])
            and (filters["priorities"] is None or row.priority in filters["priorities"])
            and (filters["policies"] is None or row.policy in filters["policies"])
            and (state not in CLOCK_STATES or (row.sla and SLAS.index(row.sla) in filters["slas"]))
        ]
        scan = scanned(tickets, Wanted(state=state, **filters), now, limit)
        assert (scan.total, list(scan.rows(None))) == (len(left), left[:limit])


@settings(max_examples=30)
@given(WEEKS, DOCUMENTS, PLACES)
def test_nothing_of_a_partition_that_is_not_ready_is_judged(
    weeks: Weeks, document: dict[str, Any], place: tuple[int, int]
) -> None:
    now = instant_at(weeks.log, document, place)
    tickets = floor_of(weeks.log, rules_of(document), not_after=now, partitions=PARTITIONS)
    snapshot = tickets.snapshot(now, [0], PARTITIONS)["all"]
    for state, name in ((Listed.BREACHING, "live_breaches"), (Listed.AT_RISK, "at_risk")):
        found = listed(tickets, Wanted(state=state), now, ready=1)
        assert len(found) == sum(clocks[name] for clocks in snapshot["sla"].values())
    for state, name in COUNTED.items():
        found = listed(tickets, Wanted(state=state), now, ready=1)
        assert len(found) == snapshot[name]
        judged = {row.id for row in found if row.state is not None or row.overdue_seconds is not None}
        assert judged <= {row.id for row in found if sum(row.id.encode()) % PARTITIONS == 0}


@pytest.mark.parametrize(("slice_", "spare"), [(1, 0), (3, 1), (7, 2)])
def test_neither_slices_nor_what_is_dropped_on_the_way_change_the_list(
    slice_: int, spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = Weeks(1, "2026-02-14T13:43:17.123456789Z", 9)
    now = max(map(when, weeks.log))
    tickets = floor_of(weeks.log, partitions=PARTITIONS)
    plain = {state: listed(tickets, Wanted(state=state), now) for state in Listed}
    assert len(plain[Listed.BREACHING]) > 4
    monkeypatch.setattr("stream.listing.SPARE", spare)
    monkeypatch.setattr("stream.tickets.COPIED_TOGETHER", slice_)
    for state, whole in plain.items():
        for limit in (1, 2, 4):
            scan = scanned(tickets, Wanted(state=state), now, limit)
            assert (scan.total, list(scan.rows(None))) == (len(whole), whole[:limit])


def test_the_logs_bring_about_every_list() -> None:
    found: dict[Listed, list[Row]] = {state: [] for state in Listed}
    for seed in range(12):
        log = Weeks(seed, "2026-02-14T13:43:17.123456789Z", 9).log
        now = max(map(when, log))
        tickets = floor_of(log, rules_of({"sla": [POLICY]}), partitions=PARTITIONS)
        assert snapshot_of(tickets, now)["all"]["open"]
        for state in Listed:
            found[state] += listed(tickets, Wanted(state=state), now)
    assert {state for state, rows in found.items() if rows} == set(Listed)
    assert {row.sla for row in found[Listed.BREACHING]} == set(SLAS)
    assert {row.sla for row in found[Listed.AT_RISK]} >= {"resolution"}
    assert any(row.due is None for row in found[Listed.AT_RISK] + found[Listed.WAITING])


POLICY = {
    "name": "some",
    "match": {"priority": ["urgent", "high"]},
    "first_response": "1h",
    "next_response": "8h",
    "resolution": "3d",
    "at_risk": 0.9,
}
