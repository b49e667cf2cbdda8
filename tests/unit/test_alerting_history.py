"""What is kept for years: names that say level, metric and operation, and what a configuration without days keeps."""

from __future__ import annotations

import re

import msgspec

from alerting.history import INTERVAL, concern
from alerting.settings import Settings
from metrics.instants import DAY, MINUTE

NAME = re.compile(r"(queue|floor):support_[a-z0-9_]+:(1d|sum|avg_1d|max_1d)")


def records(settings: Settings) -> list[str]:
    return [recording.record for recording in concern(settings).recordings]


def test_each_name_is_level_metric_and_operation_and_no_other_has_it() -> None:
    found = records(Settings())
    assert all(NAME.fullmatch(name) for name in found)
    assert len(set(found)) == len(found)
    assert not any("window" in name or "floor_" in name for name in found)


def test_the_window_of_a_day_is_found_by_its_length_whatever_it_is_called() -> None:
    [day] = [window for window in Settings().windows if window.length == DAY]
    renamed = Settings(windows=(day._replace(name="1d"),))
    assert any('{window="1d"}' in recording.expr for recording in concern(renamed).recordings)
    assert records(renamed) == records(Settings())


def test_without_such_a_window_only_what_is_so_now_is_kept() -> None:
    shorter = msgspec.structs.replace(Settings(), windows=Settings().windows[:2])
    assert {name.rpartition(":")[2] for name in records(shorter)} == {"sum", "avg_1d", "max_1d"}


def test_a_recording_stands_until_the_next() -> None:
    assert INTERVAL < 5 * MINUTE  # Prometheus's own look back
