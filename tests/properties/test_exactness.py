"""Random logs under random configurations: the core's snapshot is the oracle's, in any order and after any stop.

Both sides are built from one document, as a configuration file would give it.
"""

import json
import tomllib
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.policies import Rules
from tests.happenings import Happening, created, floor_of, rules_of, snapshot_of, when
from tests.logs import CONFIGURATION_TOML, QUEUES, random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, HOUR, MINUTE, instant, text_of
from tests.oracle.snapshot import snapshot as expected_snapshot

#: Ends of logs: two in ordinary weeks, four on the day of a clock change of one of the zones, one at a new year.
ENDS = (
    "2026-02-14T13:43:17.123456789Z",
    "2026-07-01T20:30:00Z",
    "2026-03-08T23:59:59.999999999Z",
    "2026-11-01T12:00:00Z",
    "2026-10-25T01:30:00Z",
    "2026-04-05T00:10:00Z",
    "2025-12-31T20:30:00Z",
)
ZONES = (
    *("UTC", "Asia/Tehran", "Asia/Kathmandu", "America/New_York", "Atlantic/Azores"),
    *("Australia/Lord_Howe", "Pacific/Kiritimati", "America/Havana"),
)
TARGETS = st.sampled_from(("1m", "15m", "30m", "1h", "90m", "8h", "1d", "3d"))
KEYS = {
    "queue": ("billing", "returns", "vip", "workshop", "пошта", "other", "payments"),
    "priority": ("urgent", "high", "normal", "low"),
    "channel": ("email", "chat", "phone", "web"),
    "kind": ("question", "incident", "complaint"),
}
#: Two to choose from: one of office hours with a night shift, one with two versions, zones of their own and holidays.
CALENDARS: dict[str, Any] = {
    "office": {
        "versions": [
            {
                "week": {
                    "mon": ["09:00-12:30", "13:30-18:00"],
                    "wed": ["09:00-18:00"],
                    "thu": ["22:00-24:00"],
                    "fri": ["00:00-06:00"],
                },
                "holidays": ["2026-02-11", {"date": "2026-02-14", "open": ["10:00-16:00"]}],
            }
        ]
    },
    "moved": {
        "versions": [
            {"from": "2026-01-20T00:00:00Z", "time_zone": "America/New_York", "week": {"sun": ["00:00-24:00"]}},
            {
                "from": "2026-02-10T10:20:30.5Z",
                "time_zone": "Europe/Istanbul",
                "week": {key: ["01:00-03:30", "08:00-20:00"] for key in ("mon", "tue", "sat")},
                "public_holidays": "TR",
            },
        ]
    },
}
MATCH = st.fixed_dictionaries(
    {}, optional={key: st.lists(st.sampled_from(values), min_size=1, max_size=3) for key, values in KEYS.items()}
)
POLICY = st.fixed_dictionaries(
    {"name": st.just("a policy")},
    optional={
        "match": MATCH,
        "first_response": TARGETS,
        "next_response": TARGETS,
        "resolution": TARGETS,
        "at_risk": st.sampled_from((0.2, 0.3, 0.333333, 0.000001, 0.999999)),
        "calendar": st.sampled_from(tuple(CALENDARS)),
        "from": st.integers(0, 40).map(lambda days: text_of(instant("2026-01-10T00:00:00Z") + days * DAY)),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "floor": st.fixed_dictionaries({"time_zone": st.sampled_from(ZONES)}),
        "calendars": st.just(CALENDARS),
        "time": st.fixed_dictionaries(
            {"skew": st.sampled_from(("1s", "2m", "1h"))},
            optional={"live_since": st.sampled_from(("2026-01-20T00:00:00Z", "2026-02-14T12:43:17.123456789Z"))},
        ),
    },
    optional={
        "labels": st.fixed_dictionaries(
            {},
            optional={
                "queues": st.lists(st.sampled_from(QUEUES), min_size=1, max_size=3, unique=True),
                "priorities": st.lists(st.sampled_from(KEYS["priority"]), min_size=1, max_size=3, unique=True),
                "aliases": st.sampled_from(({"payments": "billing", "tech": "workshop"}, {"vip": "other"})),
            },
        ),
        "windows": st.sampled_from(({"rolling": ["1m", "45m", "2d"]}, {"rolling": ["90s", "24h", "25h", "30d"]})),
        "sla": st.lists(POLICY, max_size=4),
        "samples": st.sampled_from(({"caution": 1, "enough": 2}, {"caution": 2, "enough": 2}, {"enough": 9})),
        "kpis": st.fixed_dictionaries(
            {},
            optional={
                "conversion": st.sampled_from(({"within": "1h"}, {"within": "30d"})),
                "brand": st.sampled_from(({"expected": ["friendly"]}, {"expected": ["слово", "x"]})),
            },
        ),
    },
)


@dataclass(frozen=True)
class Weeks:
    """A random log by what it is made from, so that a failure can be read."""

    seed: int
    end: str
    days: int

    @property
    def log(self) -> list[Happening]:
        return random_log(self.seed, 22, instant(self.end) - self.days * DAY, self.days * DAY)


WEEKS = st.builds(Weeks, st.integers(0, 10_000), st.sampled_from(ENDS), st.sampled_from((2, 9, 40, 75)))


def instants_of(log: list[Happening]) -> list[int]:
    return sorted({when(event) for event in log})


def check(log: list[Happening], document: dict[str, Any], at: int | None, **how: int) -> dict[str, Any]:
    """The core's snapshot, after holding it against the oracle's."""
    expected = expected_snapshot(log, at, configuration_of(document))
    now = max(instants_of(log)) if at is None else at
    found = snapshot_of(floor_of(log, rules_of(document), not_after=at, **how), now)
    wrong = differences(found, expected)
    assert not wrong, "\n".join([f"as of {text_of(now)}", *wrong[:20]])
    return found


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS)
def test_the_snapshot_is_the_oracles_under_any_configuration(weeks: Weeks, document: dict[str, Any]) -> None:
    check(weeks.log, document, None)


@settings(max_examples=50)
@given(WEEKS, DOCUMENTS, st.integers(0, 10_000), st.sampled_from((-1, 0, 1, MINUTE, 9 * HOUR)))
def test_the_snapshot_as_of_any_instant_of_the_log_is_the_oracles(
    weeks: Weeks, document: dict[str, Any], place: int, off: int
) -> None:
    instants = instants_of(weeks.log)
    check(weeks.log, document, max(instants[0], instants[place % len(instants)] + off))


@settings(max_examples=40)
@given(
    WEEKS,
    DOCUMENTS,
    st.integers(0, 10_000),
    st.fixed_dictionaries(
        {"partitions": st.integers(1, 5), "batch": st.sampled_from((1, 7, 50)), "stop_every": st.integers(0, 4)}
    ),
)
def test_any_order_repeats_partitions_batches_and_stops_give_the_same_snapshot(
    weeks: Weeks, document: dict[str, Any], seed: int, how: dict[str, int]
) -> None:
    plain = check(weeks.log, document, None)
    other = check(shuffled(weeks.log, seed, 0.5), document, None, **how)
    assert without_partitions(other) == without_partitions(plain)


def without_partitions(snapshot: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in snapshot.items() if name != "partitions"}


@settings(max_examples=25)
@given(WEEKS, st.integers(0, 10_000))
def test_any_order_gives_the_same_bytes(weeks: Weeks, seed: int) -> None:
    now = max(instants_of(weeks.log))
    texts = {json.dumps(snapshot_of(floor_of(events), now)) for events in (weeks.log, shuffled(weeks.log, seed))}
    assert len(texts) == 1


@settings(max_examples=20)
@given(WEEKS, st.integers(1, 5), st.integers(0, 10_000))
def test_stopping_after_every_batch_changes_nothing(weeks: Weeks, batch: int, seed: int) -> None:
    document = tomllib.loads(CONFIGURATION_TOML)
    document["time"]["live_since"] = "2026-01-20T00:00:00Z"
    for policy in document["sla"]:
        policy.pop("from", None)
    check(shuffled(weeks.log, seed), document, None, batch=batch, stop_every=1)


@settings(max_examples=25)
@given(WEEKS, st.integers(0, 10_000), st.integers(0, 90 * DAY))
def test_a_snapshot_of_a_later_instant_needs_no_further_event(weeks: Weeks, seed: int, later: int) -> None:
    # no timer has to fire: breaches, risks and windows are functions of the state and of now
    now = max(instants_of(weeks.log)) + later
    wrong = differences(snapshot_of(floor_of(shuffled(weeks.log, seed)), now), expected_snapshot(weeks.log, now))
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("seed", range(6))
def test_how_many_changed_tickets_wait_for_a_look_shows_in_no_number(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("UNSETTLED_MAX", "UNSETTLED_BEHIND_MAX"):
        monkeypatch.setattr(f"stream.tickets.{limit}", seed)
    monkeypatch.setattr("stream.tickets.SETTLED_AT_ONCE", 1 + seed % 3)
    monkeypatch.setattr("metrics.floor.WAITING_MAX", seed * 5)
    check(shuffled(random_log(seed, 22), seed), {}, None, batch=3)


@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize("edge", ["2026-03-09T14:00:00Z", "2026-03-10T00:00:00Z", "2026-03-03T14:00:00Z"])
def test_a_window_is_complete_only_if_history_began_before_its_first_instant(edge: str, late: int) -> None:
    # as of 13:59:59: 24h begins a pane after the day before's 13:59, 7d an hour after that of the week before
    now = instant("2026-03-10T13:59:59Z")
    found = check([created(instant(edge) + late)], {}, now)["all"]["windows"]
    expected = expected_snapshot([created(instant(edge) + late)], now)["all"]["windows"]
    assert {name: window["complete"] for name, window in found.items()} == {
        name: window["complete"] for name, window in expected.items()
    }
    assert found["30d"]["complete"] is False


def test_the_document_reaches_both_sides_whole() -> None:
    document = tomllib.loads(CONFIGURATION_TOML) | {"windows": {"rolling": ["15m", "25h"]}}
    document["time"]["live_since"] = "2026-01-20T00:00:00Z"
    document["sla"][0]["from"] = "2026-02-01T00:00:00Z"
    rules, oracles = rules_of(document), configuration_of(document)
    assert [window.pane for window in rules.windows] == [MINUTE, HOUR]
    assert (rules.live_since, rules.skew, rules.time_zone) == (oracles.live_since, oracles.skew, oracles.time_zone)
    assert [policy.starts_at for policy in rules.policies.all] == [p.created_from for p in oracles.policies]
    assert [policy.first_response for policy in rules.policies.all] == [p.first_response for p in oracles.policies]
    assert rules.labels.queue("payments") == oracles.shown_queue("payments") == "billing"
    assert rules_of({}).policies.all == Rules().policies.all
