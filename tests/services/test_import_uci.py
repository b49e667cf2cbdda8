import csv
import io
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from intake.imports.events import Note, events
from intake.imports.files import BadRow, read_rows
from intake.imports.maps import load_map

ROOT = Path(__file__).parents[2]
LOG = ROOT.parent / "shared" / "data" / "incident_event_log.zip"

pytestmark = pytest.mark.skipif(not LOG.exists(), reason=f"the real log is not here: {LOG.name} in ../shared/data")

Event = dict[str, Any]


@contextmanager
def log_lines() -> Iterator[io.TextIOWrapper]:
    with zipfile.ZipFile(LOG) as archive, archive.open("incident_event_log/incident_event_log.csv") as content:
        yield io.TextIOWrapper(content, encoding="utf-8", newline="")


@pytest.fixture(scope="module")
def found() -> list[Event | BadRow | Note]:
    plan = load_map(ROOT / "maps" / "uci-incidents.toml")
    with log_lines() as lines:
        return list(events(read_rows(lines, plan.format), plan))


@pytest.fixture(scope="module")
def by_type(found: list[Event | BadRow | Note]) -> dict[str, list[Event]]:
    kinds: dict[str, list[Event]] = defaultdict(list)
    for event in found:
        if isinstance(event, dict):
            kinds[event["type"].removeprefix("support.ticket.")].append(event)
    return kinds


@pytest.fixture(scope="module")
def incidents() -> dict[str, list[dict[str, str]]]:
    """The rows of each incident in the order of the file, read without any of the product's code."""
    grouped: dict[str, list[dict[str, str]]] = {}
    with log_lines() as lines:
        for number, row in enumerate(csv.DictReader(lines), 2):
            grouped.setdefault(row["number"], []).append({**row, "row": str(number)})
    return grouped


def minute(text: str) -> datetime:
    """D/M/Y HH:MM, as the log has it."""
    day, clock = text.split(" ")
    d, m, y = (int(part) for part in day.split("/"))
    hours, minutes = (int(part) for part in clock.split(":"))
    return datetime(y, m, d, hours, minutes, tzinfo=UTC)


def nearest_rank(values: list[float], percent: int) -> float:
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def times_of(listed: list[Event]) -> Counter[tuple[str, datetime]]:
    return Counter((event["subject"], datetime.fromisoformat(event["time"])) for event in listed)


def moves(rows: list[dict[str, str]], states: set[str]) -> tuple[list[datetime], list[datetime]]:
    """When the incident came into one of ``states``, and when it left them."""
    entered = [minute(rows[0]["sys_updated_at"])] if rows[0]["ident_state"] in states else []
    left = []
    for before, after in pairwise(rows):
        was, now = before["ident_state"] in states, after["ident_state"] in states
        if now and not was:
            entered.append(minute(after["sys_updated_at"]))
        if was and not now:
            left.append(minute(after["sys_updated_at"]))
    return entered, left


def test_no_row_is_bad_and_the_map_mentions_all_that_the_log_holds(found: list[Event | BadRow | Note]) -> None:
    assert [str(each) for each in found if not isinstance(each, dict)] == []


def test_every_incident_is_created_once_when_it_was_opened(
    by_type: dict[str, list[Event]], incidents: dict[str, list[dict[str, str]]]
) -> None:
    assert len(incidents) == 24_918
    assert times_of(by_type["created"]) == Counter(
        (number, minute(rows[0]["opened_at"])) for number, rows in incidents.items()
    )


def test_the_first_update_that_is_not_new_is_the_reply_with_the_known_median_and_p90(
    by_type: dict[str, list[Event]], incidents: dict[str, list[dict[str, str]]]
) -> None:
    expected: Counter[tuple[str, datetime]] = Counter()
    for number, rows in incidents.items():
        first = next(row for row in rows if row["ident_state"] != "New")
        expected[number, minute(first["sys_updated_at"])] += 1
    assert times_of(by_type["replied"]) == expected
    created = {event["subject"]: datetime.fromisoformat(event["time"]) for event in by_type["created"]}
    waits = [
        (datetime.fromisoformat(event["time"]) - created[event["subject"]]).total_seconds() / 60
        for event in by_type["replied"]
    ]
    assert (nearest_rank(waits, 50), nearest_rank(waits, 90)) == (21, 5605)
    assert sum(wait < 0 for wait in waits) == 2


def test_resolves_and_reopens_are_the_ways_into_and_out_of_resolved_and_closed(
    by_type: dict[str, list[Event]], incidents: dict[str, list[dict[str, str]]]
) -> None:
    resolved: Counter[tuple[str, datetime]] = Counter()
    reopened: Counter[tuple[str, datetime]] = Counter()
    for number, rows in incidents.items():
        entered, left = moves(rows, {"Resolved", "Closed"})
        resolved.update((number, when) for when in entered)
        reopened.update((number, when) for when in left)
    assert times_of(by_type["resolved"]) == resolved
    assert times_of(by_type["reopened"]) == reopened
    counted = {number for number, rows in incidents.items() if int(rows[-1]["reopen_count"]) > 0}
    assert {event["subject"] for event in by_type["reopened"]} == counted
    assert len(counted) == 275


def test_pauses_are_the_waits_for_the_customer_and_for_a_vendor(
    by_type: dict[str, list[Event]], incidents: dict[str, list[dict[str, str]]]
) -> None:
    paused: Counter[tuple[str, datetime]] = Counter()
    resumed: Counter[tuple[str, datetime]] = Counter()
    for number, rows in incidents.items():
        for states in ({"Awaiting User Info", "Awaiting Evidence"}, {"Awaiting Vendor"}):
            entered, left = moves(rows, states)
            paused.update((number, when) for when in entered)
            resumed.update((number, when) for when in left)
    assert times_of(by_type["paused"]) == paused
    assert times_of(by_type["resumed"]) == resumed


def test_the_attributes_after_all_events_are_the_last_that_the_rows_name(
    by_type: dict[str, list[Event]], incidents: dict[str, list[dict[str, str]]]
) -> None:
    latest: dict[str, dict[str, str]] = {}
    for event in sorted(by_type["created"] + by_type["updated"], key=lambda event: event["id"]):
        latest.setdefault(event["subject"], {}).update(event["data"])
    channels = {"Phone": "phone", "IVR": "phone", "Email": "email", "Self service": "web", "Direct opening": "direct"}
    priorities = {"1": "urgent", "2": "high", "3": "normal", "4": "low"}
    for number, rows in incidents.items():
        groups = [row["assignment_group"] for row in rows if row["assignment_group"] != "?"]
        agents = [row["assigned_to"] for row in rows if row["assigned_to"] != "?"]
        assert latest[number]["queue"] == (groups[-1] if groups else "unknown")
        assert latest[number].get("agent") == (agents[-1] if agents else None)
        assert latest[number]["channel"] == channels[rows[-1]["contact_type"]]
        assert latest[number]["priority"] == priorities[rows[-1]["priority"]]


def test_updates_before_the_opening_are_sent_as_the_log_has_them(
    by_type: dict[str, list[Event]], incidents: dict[str, list[dict[str, str]]]
) -> None:
    early = {
        number
        for number, rows in incidents.items()
        if any(minute(row["sys_updated_at"]) < minute(row["opened_at"]) for row in rows)
    }
    assert len(early) == 5
    created = {event["subject"]: event["time"] for event in by_type["created"]}
    sent = {e["subject"] for kind in ("replied", "updated") for e in by_type[kind] if e["time"] < created[e["subject"]]}
    assert sent
    assert sent <= early


def test_ids_are_unique_in_the_order_of_the_file_and_name_the_row(
    found: list[Event | BadRow | Note], incidents: dict[str, list[dict[str, str]]]
) -> None:
    listed = [event for event in found if isinstance(event, dict)]
    ids = [event["id"] for event in listed]
    assert ids == sorted(set(ids))
    incident_of = {int(row["row"]): number for number, rows in incidents.items() for row in rows}
    assert all(incident_of[int(event["id"].split("-")[0])] == event["subject"] for event in listed)
