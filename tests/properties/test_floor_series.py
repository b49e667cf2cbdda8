"""What the exposition says of the whole floor is what plain loops find, by window and now; no data is absent."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import names
from metrics.series import Family
from tests.happenings import Happening
from tests.logs import random_log
from tests.oracle.configuration import configuration_of
from tests.oracle.instants import DAY, SECOND, instant
from tests.oracle.snapshot import snapshot as expected_snapshot
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of
from tests.properties.test_live_series import PLACES, shown

Series = dict[tuple[str, ...], float]

#: Metric -> where the value stands in a window of the snapshot.
VALUES = {
    "support_floor_escalation_ratio": "escalation.ratio",
    "support_floor_complaint_escalation_ratio": "complaint_escalation.ratio",
    "support_floor_conversion_ratio": "conversion.ratio",
    "support_floor_first_resolution_mean_seconds": "first_resolution.mean",
    "support_floor_ces_index": "ces.index",
    "support_floor_csat_satisfied_ratio_change": "csat_change.difference",
    "support_floor_csat_satisfied_ratio_change_lower95": "csat_change.lower95",
    "support_floor_csat_satisfied_ratio_change_upper95": "csat_change.upper95",
    "support_floor_servqual_overall_gap": "servqual.overall",
    "support_floor_brand_preferred_ratio": "brand.preferred.agree_ratio",
    "support_floor_brand_expected_ratio": "brand_expected.ratio",
}
#: Metric -> where its values stand in a window, each with the label that the * becomes.
VALUES_BY = {
    "support_floor_servqual_gap": (
        "servqual.dimensions.*.gap",
        ("tangibles", "reliability", "responsiveness", "assurance", "empathy"),
    ),
    "support_floor_survey_response_ratio": ("response_rate.*.ratio", ("csat", "nps", "ces")),
}
NOW = {
    "support_floor_tickets_resolved_now": "resolved_now",
    "support_floor_tickets_open_week_ago": "normal.open.week_ago",
    "support_floor_tickets_open_normal": "normal.open.normal",
}


def at(scope: Any, path: str) -> Any:
    for key in path.split("."):
        scope = None if scope is None else scope.get(key)
    return scope


def there(found: Iterator[tuple[tuple[str, ...], float | None]]) -> Series:
    return {labels: value for labels, value in found if value is not None}


def expected_of_floor(scope: Mapping[str, Any]) -> dict[str, Series]:
    windows = scope["windows"]
    made = {metric: there(((name,), at(windows[name], path)) for name in windows) for metric, path in VALUES.items()}
    for metric, (path, labels) in VALUES_BY.items():
        made[metric] = there(
            ((name, label), at(windows[name], path.replace("*", label))) for name in windows for label in labels
        )
    made |= {metric: there(iter([((), at(scope, path))])) for metric, path in NOW.items()}
    surveys = [(name, survey) for name in windows for survey in ("csat", "nps", "ces")]
    sent = {(name, survey): windows[name]["response_rate"][survey]["sent"] for name, survey in surveys}
    made["support_floor_surveys_sent"] = {labels: count for labels, count in sent.items() if count}
    preferred = {(name,): window["brand"]["preferred"]["responses"] for name, window in windows.items()}
    made["support_floor_brand_preferred_answers"] = {labels: count for labels, count in preferred.items() if count}
    complaints = {(name,): window["complaints"]["created"] for name, window in windows.items()}
    made["support_floor_window_complaints"] = {labels: count for labels, count in complaints.items() if count}
    made["support_floor_window_messages_unanswered"] = {
        (name,): window["messages_unanswered"] for name, window in windows.items() if window["resolved"]
    }
    created = {name: numbers for name, numbers in scope["normal"]["created"].items() if any(numbers.values())}
    for metric, key in (("recently", "now"), ("week_ago", "week_ago"), ("normal", "normal")):
        made[f"support_floor_tickets_created_{metric}"] = there(((name,), created[name][key]) for name in created)
    return made


def expected_of_queues(queues: Mapping[str, Any]) -> dict[str, Series]:
    waits = {
        (queue, priority): numbers["oldest_awaiting_reply_at"]
        for queue, scope in queues.items()
        for priority, numbers in scope["priorities"].items()
    }
    return {
        "support_tickets_without_policy": {
            (queue,): scope["without_policy"] for queue, scope in queues.items() if scope["without_policy"]
        },
        "support_oldest_awaiting_reply_timestamp_seconds": {
            labels: instant(text) / SECOND for labels, text in waits.items() if text is not None
        },
    }


def held(log: list[Happening], document: dict[str, Any], now: int, partitions: int) -> dict[str, Series]:
    """The series that plain loops find, after holding the exposition against them."""
    expected = expected_snapshot(log, now, configuration_of(document))
    families = shown(log, document, now, partitions)
    found = {one.metric.name: dict(one.rows) for one in families if isinstance(one, Family)}
    wanted = expected_of_floor(expected["all"]) | expected_of_queues(expected["queues"])
    for metric, series in wanted.items():
        got = found.get(metric, {})
        assert got.keys() == series.keys(), metric
        assert got == pytest.approx(series, rel=1e-6, abs=1e-9), metric
    return wanted


@settings(max_examples=30)
@given(WEEKS, DOCUMENTS, PLACES, st.integers(1, 3))
def test_what_is_shown_of_the_whole_floor_is_what_plain_loops_find(
    weeks: Weeks, document: dict[str, Any], place: int, partitions: int
) -> None:
    instants = instants_of(weeks.log)
    held(weeks.log, document, instants[place % len(instants)], partitions)


def test_a_busy_floor_shows_something_of_each() -> None:
    log = random_log(11, 400, instant("2026-01-01T00:00:00Z"), 75 * DAY)
    document = {
        "sla": [{"name": "urgent", "match": {"priority": ["urgent"]}, "first_response": "1h"}],
        "kpis": {"brand": {"expected": ["friendly"]}},
    }
    found = held(log, document, instants_of(log)[-1], 3)
    assert {metric for metric, series in found.items() if not any(series.values())} == set()


def test_each_metric_of_the_floor_that_is_none_by_queue_is_held_above() -> None:
    own = {metric.name for metric in names.ALL if metric.name.startswith("support_floor_")}
    own -= {metric.name for metric in names.FLOOR.values()}
    blank: dict[str, Any] = {"windows": {}, "normal": {"created": {}}}
    assert own == set(expected_of_floor(blank))
