"""What holds for the simulated floor whatever its options: the same facts, however they are delivered."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.simulator.desk import DeskOptions, simulate
from metrics.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from stream.events import decode

START = parse_instant("2026-03-27T06:00:00Z")  # two days before Europe's clocks go forward

floors = st.builds(
    DeskOptions,
    start=st.integers(START, START + 7 * DAY),
    seed=st.integers(0, 2**64),
    duration=st.integers(0, 10 * HOUR),
    tickets_per_day=st.floats(1, 400),
    queues=st.sampled_from([("billing",), ("billing", "returns"), ("a", "b", "c", "d", "e", "f")]),
    time_zone=st.sampled_from(["UTC", "Asia/Tehran", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    weekend=st.sampled_from([(5, 6), (3, 4), (4,), ()]),
    agents_factor=st.floats(0.2, 3),
    incidents=st.booleans(),
    scene=st.sampled_from(["normal", "outage", "flood"]),
    scene_start=st.integers(0, 5 * HOUR),
    scene_duration=st.sampled_from([MINUTE, HOUR]),
    scene_relief=st.sampled_from([0, 1, 30 * SECOND, 10 * MINUTE]),
    scene_factor=st.sampled_from([None, 0.0, 8.0, 100.0]),
    pace=st.sampled_from([0.02, 0.1, 1.0, 2.0]),
    disorder_seconds=st.sampled_from([0.0, 0.5, 60.0, 7200.0]),
    duplicates=st.sampled_from([0.0, 0.1, 1.0]),
    late=st.sampled_from([0.0, 0.1, 1.0]),
)
few = settings(max_examples=40, deadline=None)


def in_order_of_events(options: DeskOptions) -> DeskOptions:
    return msgspec.structs.replace(options, disorder_seconds=0.0, duplicates=0.0, late=0.0)


@few
@given(floors)
def test_the_same_options_give_the_same_deliveries(options: DeskOptions) -> None:
    first, second = ([(d.at, d.topic, d.key, d.encode()) for d in simulate(options)] for _ in range(2))
    assert first == second


@few
@given(floors)
def test_deliveries_come_in_order_and_never_before_their_event(options: DeskOptions) -> None:
    deliveries = list(simulate(options))
    assert all(before.at <= after.at for before, after in pairwise(deliveries))
    delay_max = int(options.disorder_seconds * SECOND)
    if options.late:
        delay_max += 6 * HOUR
    if options.duplicates:
        delay_max += max(int(options.disorder_seconds * SECOND), MINUTE) + SECOND
    for delivery in deliveries:
        decoded = decode(delivery.encode())
        assert isinstance(decoded, tuple), decoded
        assert 0 <= delivery.at - decoded[1] <= delay_max


@few
@given(floors)
def test_disorder_duplicates_and_lateness_change_no_event(options: DeskOptions) -> None:
    plain = [delivery.encode() for delivery in simulate(in_order_of_events(options))]
    disturbed = Counter(delivery.encode() for delivery in simulate(options))
    assert disturbed.keys() == set(plain)
    assert len(plain) == len(disturbed)
    assert max(disturbed.values(), default=1) <= 2
    if options.duplicates == 1:
        assert set(disturbed.values()) <= {2}
    if options.duplicates == 0:
        assert set(disturbed.values()) <= {1}


@few
@given(floors)
def test_without_disorder_the_deliveries_are_in_order_of_their_events(options: DeskOptions) -> None:
    instants = []
    for delivery in simulate(in_order_of_events(options)):
        decoded = decode(delivery.encode())
        assert isinstance(decoded, tuple), decoded
        assert decoded[1] == delivery.at
        instants.append(delivery.at)
    assert instants == sorted(instants)


@few
@given(floors)
def test_no_ticket_has_an_event_long_before_its_creation(options: DeskOptions) -> None:
    deliveries = [d for d in simulate(in_order_of_events(options)) if d.key.startswith("T-")]
    creation = {d.key: d.at for d in deliveries if d.topic == "ticket-created"}
    for delivery in deliveries:
        assert delivery.at >= creation[delivery.key] - 90 * SECOND
