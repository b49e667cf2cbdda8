"""Feeds: when a source counts as silent or late, and what is never held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deskpulse.worker import Setting, Worker
from metrics.activity import Activity
from metrics.calendars import Calendar, Version
from metrics.exposition import render, view
from metrics.feeds import Feed, Feeds
from metrics.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from metrics.pipeline import Pipeline
from metrics.policies import Rules, Source
from stream import tickets as stream_tickets
from stream.records import Records
from stream.tickets import Admission, Tickets
from tests.configuration_files import loaded
from tests.happenings import Happening, created
from tests.logs import to_json_line

NOW = parse_instant("2026-01-06T12:00:00Z")
OFFICE = Calendar("office", [Version(time_zone="UTC", week=(((9 * 60, 18 * 60),),) * 7)])
MILLISECOND = 1_000_000


class Ear:
    """The feeds of one source, `desk`, told record by record."""

    def __init__(self, calendar: Calendar | None = None) -> None:
        self.feeds = Feeds([Source("desk", 20 * MINUTE, 5 * MINUTE, calendar)])

    def hear(self, appended: int, *delays: int, now: int | None = None, source: str = "desk") -> Ear:
        heard = [(index, source, appended - delay) for index, delay in enumerate(delays)]
        self.feeds.note(heard, [appended // MILLISECOND] * len(heard), appended if now is None else now)
        return self

    def feed(self, now: int = NOW) -> Feed:
        (feed,) = self.feeds.as_of(now)
        return feed

    def delay(self, now: int = NOW) -> float | None:
        return self.feed(now).delay_seconds


def about(seconds: float) -> Any:
    return pytest.approx(seconds, rel=0.0101)


class TestDelay:
    def test_it_is_the_median_and_so_not_moved_by_a_few(self) -> None:
        assert Ear().hear(NOW, SECOND, 2 * SECOND, 3 * SECOND, HOUR, HOUR, SECOND, SECOND).delay() == about(2)

    def test_it_is_that_of_the_last_two_minutes_up_to_the_latest_record(self) -> None:
        ear = Ear().hear(NOW - 2 * MINUTE, *[HOUR] * 9).hear(NOW - 2 * MINUTE + SECOND, *[MINUTE] * 3).hear(NOW, SECOND)
        assert ear.delay() == about(60)
        assert ear.hear(NOW - 2 * MINUTE, *[HOUR] * 9).delay() == about(60)
        assert ear.hear(NOW + SECOND, 2 * SECOND).delay(NOW + SECOND) == about(1)

    def test_it_stands_while_nothing_new_comes_and_is_gone_after_fifteen_minutes(self) -> None:
        ear = Ear().hear(NOW, MINUTE)
        assert ear.delay(NOW + 15 * MINUTE) == about(60)
        assert ear.delay(NOW + 15 * MINUTE + SECOND) is None

    def test_it_comes_back_with_the_next_record(self) -> None:
        ear = Ear()
        assert ear.delay() is None
        ear.hear(NOW, MINUTE)
        assert ear.delay(NOW + HOUR) is None
        assert ear.hear(NOW + HOUR, 2 * SECOND).delay(NOW + HOUR) == about(2)

    def test_records_read_fifteen_minutes_after_they_were_appended_still_have_one(self) -> None:
        ear = Ear().hear(NOW - 15 * MINUTE, SECOND, now=NOW).hear(NOW - 17 * MINUTE + SECOND, *[MINUTE] * 3, now=NOW)
        assert ear.delay() == about(60)

    def test_what_is_being_caught_up_with_was_not_late_in_its_topic(self) -> None:
        ear = Ear().hear(NOW - HOUR, HOUR, now=NOW)
        assert (ear.delay(), ear.feed().last_event) == (None, NOW - 2 * HOUR)

    def test_history_has_no_delay_and_is_not_its_source_speaking(self) -> None:
        ear = Ear().hear(NOW, DAY + 1, 400 * DAY)
        assert (ear.delay(), ear.feed().last_event) == (None, None)
        assert ear.hear(NOW, DAY).delay() == about(86_400)

    def test_a_clock_that_is_ahead_gives_no_negative_delay(self) -> None:
        assert Ear().hear(NOW, -5 * MINUTE).delay() == 0

    def test_a_record_from_the_future_hides_no_later_one(self) -> None:
        ear = Ear().hear(NOW + 100 * DAY, 100 * DAY + SECOND, now=NOW)
        assert ear.hear(NOW, 9 * SECOND, 9 * SECOND).delay() == about(9)

    def test_a_record_without_a_time_tells_that_its_source_spoke_and_no_more(self) -> None:
        ear = Ear()
        ear.feeds.note([(0, "desk", NOW)], [-1], NOW)
        assert (ear.delay(), ear.feed().last_event) == (None, NOW)

    def test_it_is_late_beyond_the_bound_only(self) -> None:
        assert not Ear().hear(NOW, 4 * MINUTE).feed().is_late
        assert Ear().hear(NOW, 6 * MINUTE).feed().is_late
        assert not Ear().feed().is_late


class TestSilence:
    def test_it_begins_after_the_bound(self) -> None:
        ear = Ear().hear(NOW, 0)
        assert not ear.feed(NOW + 20 * MINUTE).is_silent
        assert ear.feed(NOW + 20 * MINUTE + 1).is_silent

    def test_it_ends_with_the_next_event(self) -> None:
        ear = Ear().hear(NOW - HOUR, 0)
        assert ear.feed().is_silent
        assert not ear.hear(NOW, 0).feed().is_silent

    def test_an_older_event_that_comes_later_does_not_end_it(self) -> None:
        assert Ear().hear(NOW - HOUR, 0).hear(NOW, 2 * HOUR).feed().is_silent

    def test_a_source_that_was_never_heard_is_not_called_silent(self) -> None:
        feed = Ear().feed()
        assert (feed.is_silent, feed.silent_before) == (False, NOW - 20 * MINUTE)

    def test_nothing_is_expected_at_night_and_the_night_is_not_counted_in_the_morning(self) -> None:
        closing, opening = NOW + 6 * HOUR, NOW + 21 * HOUR
        ear = Ear(OFFICE).hear(closing - 10 * MINUTE, 0)
        assert not ear.feed(closing - 1).is_silent
        assert [ear.feed(at).silent_before for at in (closing, closing + 8 * HOUR, opening - 1)] == [None] * 3
        assert ear.feed(opening).silent_before == closing - 20 * MINUTE
        assert not ear.feed(opening + 10 * MINUTE).is_silent
        assert ear.feed(opening + 10 * MINUTE + 1).is_silent

    def test_a_source_that_was_silent_before_closing_is_so_again_at_the_opening(self) -> None:
        closing, opening = NOW + 6 * HOUR, NOW + 21 * HOUR
        ear = Ear(OFFICE).hear(NOW, 0)
        assert [ear.feed(at).is_silent for at in (closing - 1, closing, opening - 1, opening)] == [1, 0, 0, 1]

    def test_a_calendar_that_was_not_open_for_so_long_yet_says_nothing(self) -> None:
        new = Calendar("new", [Version(starts_at=NOW, time_zone="UTC", week=(((9 * 60, 18 * 60),),) * 7)])
        assert Ear(new).feed(NOW + 20 * MINUTE).silent_before is None
        assert Ear(new).feed(NOW + 21 * MINUTE).silent_before == NOW + MINUTE


# ------------------------------------------------------------------------------------------- through the tickets

RULES = Rules(feeds=(Source("desk", 20 * MINUTE, 5 * MINUTE), Source("phone", 20 * MINUTE, 5 * MINUTE)))


def applied(tickets: Tickets, events: list[Happening], now: int = NOW, keys: list[bytes] | None = None) -> int:
    """Read at ``now``, appended a second before; returns how many were refused."""
    partition = tickets.partitions.get(0) or tickets.open(0)
    records = Records(
        topic="t",
        partition=0,
        offsets=list(range(len(events))),
        timestamps_ms=[(now - SECOND) // MILLISECOND] * len(events),
        keys=[event["subject"].encode() for event in events] if keys is None else list(keys),
        values=[to_json_line(event) for event in events],
    )
    return len(partition.apply(records, now).refused)


def feeds_of(tickets: Tickets, now: int = NOW, *ready: int) -> dict[str, Any]:
    found: dict[str, Any] = tickets.snapshot(now, ready or [0], 1)["feeds"]
    return found


def test_the_snapshot_says_how_each_configured_source_stands() -> None:
    tickets = Tickets(RULES, Admission())
    applied(tickets, [created(NOW - 21 * MINUTE), created(NOW, "T2", source="another")])
    found = feeds_of(tickets)
    delay = found["desk"].pop("delay_seconds")
    assert delay == about(21 * 60 - 1)
    assert found == {
        "desk": {
            "last_event_at": "2026-01-06T11:39:00Z",
            "silent": True,
            "silent_since": "2026-01-06T11:39:00Z",
            "late": True,
        },
        "phone": {
            "last_event_at": None,
            "silent": False,
            "silent_since": None,
            "delay_seconds": None,
            "late": False,
        },
    }


def test_nobody_is_called_silent_before_all_is_read() -> None:
    tickets = Tickets(RULES, Admission())
    applied(tickets, [created(NOW - HOUR)])
    tickets.open(1)
    desk = feeds_of(tickets, NOW, 0)["desk"]
    assert (desk["silent"], desk["silent_since"], desk["last_event_at"]) == (False, None, "2026-01-06T11:00:00Z")
    assert feeds_of(tickets, NOW, 0, 1)["desk"]["silent"]


def test_a_partition_that_leaves_takes_nothing_with_it() -> None:
    tickets = Tickets(RULES, Admission())
    applied(tickets, [created(NOW - MINUTE)])
    before = tickets.feeds.as_of(NOW)
    tickets.drop(0)
    tickets.open(0)
    assert tickets.feeds.as_of(NOW) == before


def test_a_floor_without_feeds_says_nothing_of_them() -> None:
    tickets = Tickets(Rules(), Admission())
    applied(tickets, [created(NOW)])
    assert "feeds" not in tickets.snapshot(NOW, [0], 1)
    assert "support_feed_" not in exposition(tickets)


def test_events_that_are_refused_or_left_out_do_not_count() -> None:
    tickets = Tickets(RULES, Admission(not_after=NOW + MINUTE))
    assert applied(tickets, [created(NOW + 11 * MINUTE)]) == 1
    assert applied(tickets, [created(NOW)], keys=[b"another"]) == 1
    assert applied(tickets, [created(NOW + 2 * MINUTE)]) == 0
    assert applied(tickets, [created(NOW - 63 * DAY)]) == 0
    assert feeds_of(tickets)["desk"]["last_event_at"] is None


def test_an_event_that_makes_a_state_too_large_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_tickets, "STATE_BYTES_MAX", 200)
    tickets = Tickets(RULES, Admission())
    events = [created(NOW - MINUTE), created(NOW, source="phone", queue="q" * 300)]
    assert applied(tickets, events) == 1
    found = feeds_of(tickets)
    assert (found["desk"]["last_event_at"], found["phone"]["last_event_at"]) == ("2026-01-06T11:59:00Z", None)


def exposition(tickets: Tickets, now: int = NOW) -> str:
    made = view(tickets, [0], Activity(tickets.rules, lambda: now), Pipeline(), now)
    return render(made)[0].decode()


def test_each_configured_source_has_its_series_and_no_other_has_any() -> None:
    tickets = Tickets(RULES, Admission())
    applied(tickets, [created(NOW - SECOND), created(NOW, "T2", source="another")])
    lines = [line for line in exposition(tickets).splitlines() if line.startswith("support_feed_")]
    seconds = NOW // SECOND
    assert {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines} == {
        'support_feed_last_event_timestamp_seconds{source="desk"}': seconds - 1,
        'support_feed_delivery_delay_seconds{source="desk"}': 0,
        'support_feed_silent_before_timestamp_seconds{source="desk"}': seconds - 1_200,
        'support_feed_silent_before_timestamp_seconds{source="phone"}': seconds - 1_200,
        'support_feed_late_after_seconds{source="desk"}': 300,
        'support_feed_late_after_seconds{source="phone"}': 300,
    }


# ------------------------------------------------------------------------------------------------ configuration

FILE = """
[calendars.office]
versions = [{ week = { mon = ["09:00-18:00"] } }]
[[feeds]]
source = "desk"
silent_after = "20m"
late_after = "90s"
calendar = "office"
[[feeds]]
source = "phone"
"""


def test_the_core_is_given_what_the_file_says(tmp_path: Path) -> None:
    rules = loaded(tmp_path / "floor.toml", FILE).rules()
    assert rules.feeds == (
        Source("desk", 20 * MINUTE, 90 * SECOND, rules.calendars["office"]),
        Source("phone", 15 * MINUTE, 5 * MINUTE, None),
    )


def test_a_replay_has_no_feeds(tmp_path: Path) -> None:
    configuration = loaded(tmp_path / "floor.toml", FILE)
    assert len(Worker(configuration, Setting(brokers=("b:1",))).tickets.feeds) == 2
    assert len(Worker(configuration, Setting(brokers=("b:1",), has_feeds=False)).tickets.feeds) == 0
