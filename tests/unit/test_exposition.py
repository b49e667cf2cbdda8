"""The exposition shows the view, all of it, once, and nothing else; what is gone is gone.

The golden text is renewed by running these tests with DESKPULSE_TEST_RENEW_GOLDEN=1, and reading the difference.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from metrics import names, names_page
from metrics.board_series import board_families
from metrics.exposition import View, render
from metrics.instants import HOUR, MINUTE
from metrics.policies import Labels, Policies, Policy, Rules
from tests.full_floors import full_floor
from tests.small_floor import NOW, SmallFloor, small_floor

GOLDEN = Path(__file__).parent.parent / "golden"
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
OF_THE_PIPELINE = (
    "support_pipeline_", "support_events_", "support_tickets_orphaned", "support_tickets_full", "support_label_over",
)  # fmt: skip
NOT_WHILE_CATCHING_UP = ("support_sla_live", "support_sla_at_risk", "support_sla_policy", "support_oldest")
#: Without a partition: the worst of those that are ready.
OVERDUE = {"support_sla_most_overdue_due_timestamp_seconds", "support_sla_overdue_ratio"}


def text(view: View) -> str:
    return render(view)[0].decode()


def parse_openmetrics(view: View) -> list[Metric]:
    """By a parser that refuses duplicates and disorder itself."""
    body = render(view, OPENMETRICS)[0].decode()
    return list(openmetrics.text_string_to_metric_families(body))  # type: ignore[no-untyped-call]


def samples(view: View) -> list[Sample]:
    return [sample for family in parse_text(text(view)) for sample in family.samples]


def number(view: View, name: str, **labels: str) -> float:
    (found,) = (sample.value for sample in samples(view) if sample.name == name and sample.labels == labels)
    return found


def names_with(view: View, **labels: str) -> set[str]:
    return {sample.name for sample in samples(view) if labels.items() <= sample.labels.items()}


def of_partition_1(view: View) -> set[str]:
    return {name for name in names_with(view, partition="1") if name.startswith(NOT_WHILE_CATCHING_UP)}


def test_small_floor_is_exposed_as_in_the_golden_text() -> None:
    golden = GOLDEN / "exposition.txt"
    if os.environ.get("DESKPULSE_TEST_RENEW_GOLDEN"):
        golden.write_text(text(small_floor().view(0)), encoding="utf-8")
    assert text(small_floor().view(0)).splitlines() == golden.read_text(encoding="utf-8").splitlines()


# -------------------------------------------------------------------------------------------------- live sets


def test_partition_that_is_catching_up_exposes_its_tickets_but_nothing_late() -> None:
    view = small_floor().view(0)
    assert number(view, "support_tickets_open", queue="returns", priority="normal", partition="1") == 1
    assert number(view, "support_pipeline_partition_ready", partition="1") == 0
    assert of_partition_1(view) == set()
    assert names_with(view, queue="returns", sla="first_response") & OVERDUE == set()


def test_same_partition_exposes_what_is_late_once_it_is_ready() -> None:
    view = small_floor().view(0, 1)
    assert number(view, "support_pipeline_partition_ready", partition="1") == 1
    assert names_with(view, queue="returns", sla="first_response") >= OVERDUE
    assert of_partition_1(view) == {
        "support_sla_live_breaches",
        "support_sla_policy_live_breaches",
        "support_oldest_awaiting_first_response_timestamp_seconds",
    }


def test_versions_of_a_policy_count_together_and_policies_apart() -> None:
    versions = [
        Policy(
            name="usual", starts_at=NOW - 30 * MINUTE, match={"channel": frozenset({"email"})}, first_response=MINUTE
        ),
        Policy(name="usual", match={"channel": frozenset({"email"})}, first_response=2 * MINUTE),
        Policy(name="chats", first_response=60 * MINUTE),
    ]
    floor = SmallFloor(Rules(policies=Policies(versions)))
    for ticket, (time, channel) in enumerate(
        [("11:00", "email"), ("11:45", "email"), ("11:50", "email"), ("11:10", "chat")]
    ):
        floor.create(f"{ticket}", time, "billing", "high", channel)
    labels = {"queue": "billing", "partition": "0", "sla": "first_response"}
    assert number(floor.view(0), "support_sla_policy_live_breaches", policy="usual", **labels) == 3
    assert number(floor.view(0), "support_sla_policy_at_risk", policy="chats", **labels) == 1
    assert (
        number(floor.view(0), "support_sla_overdue_ratio", queue="billing", priority="high", sla="first_response") == 29
    )


def test_instants_are_seconds_since_1970() -> None:
    labels = {"queue": "billing", "priority": "high", "partition": "0"}
    view = small_floor().view(0)
    created = NOW / 1e9 - 90 * 60
    assert number(view, "support_oldest_awaiting_first_response_timestamp_seconds", **labels) == created
    labels = {"queue": "billing", "priority": "high", "sla": "first_response"}
    assert number(view, "support_sla_most_overdue_due_timestamp_seconds", **labels) == created + 3_600
    assert number(view, "support_sla_overdue_ratio", **labels) == 0.5


def test_queue_vanishes_with_its_last_ticket() -> None:
    floor = small_floor()
    assert names_with(floor.view(0), queue="returns", partition="0")
    for ticket in ("at-risk", "no-policy"):
        floor.tell("discarded", ticket, "12:00", reason="spam")
    floor.tickets.drop(1)
    assert names_with(floor.view(0), queue="returns") == {"support_ces_responses_total"}  # a counter stays
    assert names_with(floor.view(0), queue="billing", window="1h")


def test_dropped_partition_vanishes() -> None:
    floor = small_floor()
    floor.tickets.drop(0)
    assert names_with(floor.view(0), partition="0") == {"support_pipeline_consumer_lag"}


def test_values_beyond_fifty_are_merged_into_other() -> None:
    floor = SmallFloor()
    for ticket in range(53):
        floor.create(f"{ticket}", f"09:{59 - ticket:02}", f"queue-{ticket:02}", "high")
    view = floor.view(0)
    labels = {"queue": "other", "priority": "high", "partition": "0"}
    assert number(view, "support_tickets_open", **labels) == 3
    assert number(view, "support_sla_live_breaches", **labels, sla="first_response") == 3
    oldest = number(view, "support_oldest_awaiting_first_response_timestamp_seconds", **labels)
    assert oldest == NOW / 1e9 - 3 * 3_600 + 7 * 60
    queues = {sample.labels["queue"] for sample in samples(view) if sample.labels.get("queue")}
    assert len(queues) == 51
    assert not names_with(view, queue="other", window="today")


# ---------------------------------------------------------------------------------------------------- windows


def test_window_values_are_exposed_only_where_a_snapshot_is_given() -> None:
    assert not any("window" in sample.labels for sample in samples(small_floor().view(0, windows=False)))
    assert names_with(small_floor().view(0), window="1h")


def test_window_without_data_is_absent_and_not_zero() -> None:
    floor = SmallFloor()
    floor.create("old", "09:00", "billing", "high")
    view = floor.view(0)
    assert names_with(view, queue="billing", window="1h") == set()
    assert number(view, "support_tickets_window_created", queue="billing", window="today") == 1
    assert number(view, "support_tickets_window_resolved", queue="billing", window="today") == 0
    assert "support_nps_score" not in text(view)


def test_floor_has_metrics_of_its_own_and_no_queue_for_all() -> None:
    view = small_floor().view(0, 1)
    assert view.windows is not None
    expected = view.windows["all"]["windows"]["1h"]
    assert number(view, "support_floor_csat_mean_score", window="1h") == expected["csat"]["mean"] == 4
    p50 = expected["first_response"]["p50"]
    assert number(view, "support_floor_first_response_p50_seconds", window="1h") == p50
    assert not names_with(view, queue="all")


def test_components_of_a_mean_are_exact() -> None:
    view = small_floor().view(0, 1)
    labels = {"queue": "billing", "window": "1h"}
    assert number(view, "support_csat_window_points", **labels) == 8
    assert number(view, "support_csat_window_satisfied", **labels) == 1
    assert number(view, "support_first_response_window_duration_seconds", **labels) == 7 * 60
    assert number(view, "support_nps_window_responses", **labels, category="detractor") == 0


# --------------------------------------------------------------------------------------------- all partitions


def test_what_has_no_partition_is_of_all_partitions_of_the_worker() -> None:
    floor = small_floor()
    floor.tell("replied", "orphan too", "09:00", agent="a")
    floor.create("no-policy either", "09:30", "returns", "low", at=1)
    floor.tell("replied", "no-policy either", "09:40", 1, agent="a")
    floor.tell("customer-replied", "no-policy either", "09:50", 1)
    view = floor.view(0, 1)
    assert view.windows is not None
    assert number(view, "support_tickets_orphaned") == view.windows["data_quality"]["orphans"] == 2
    assert number(view, "support_tickets_without_policy", queue="returns") == 2
    oldest = number(view, "support_oldest_awaiting_reply_timestamp_seconds", queue="returns", priority="low")
    assert oldest == NOW / 1e9 - 130 * 60
    ready = number(floor.view(0), "support_oldest_awaiting_reply_timestamp_seconds", queue="returns", priority="low")
    assert ready == NOW / 1e9 - 54 * 60  # the other partition is catching up: nothing of it counts as late


# -------------------------------------------------------------------------------------------------- settings


def test_target_is_that_of_the_version_in_force() -> None:
    versions = [
        Policy(name="p", starts_at=NOW + 1, first_response=MINUTE),
        Policy(name="p", starts_at=NOW, first_response=2 * MINUTE, objective=0.8),
        Policy(name="p", first_response=HOUR),
    ]
    view = SmallFloor(Rules(policies=Policies(versions))).view(0)
    labels = {"policy": "p", "queue": "", "priority": "", "sla": "first_response"}
    assert number(view, "support_sla_target_seconds", **labels) == 120
    assert number(view, "support_sla_objective_ratio", **labels) == 0.8


# ------------------------------------------------------------------------------------------------- the whole


def test_every_metric_of_the_catalogue_is_exposed_and_no_other() -> None:
    expected = {metric.name: (metric.kind, set(metric.labels)) for metric in names.ALL}
    found: dict[str, tuple[str, set[str]]] = {}
    for family in parse_openmetrics(full_floor(2, 2, 2, 2)):
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = set(family.samples[0].labels) - {"le"}
        found[family.name + suffix] = family.type, labels
    assert found == expected


@pytest.mark.parametrize(
    "built", [lambda: small_floor().view(0), lambda: full_floor(5, 4, 3, 8)], ids=["small", "full"]
)
def test_exposition_parses_and_no_label_set_occurs_twice(built: Callable[[], View]) -> None:
    view = built()
    found = Counter((sample.name, *sorted(sample.labels.items())) for sample in samples(view))
    assert max(found.values()) == 1
    assert sum(len(family.samples) for family in parse_openmetrics(view)) == len(found)


@pytest.mark.parametrize(("limits", "series"), [((20, 4, 6, 16), 35_000), ((5, 4, 3, 8), 6_000)])
def test_series_stay_within_their_budget_with_everything_above_zero(
    limits: tuple[int, int, int, int], series: int
) -> None:
    view = full_floor(*limits)
    assert view.windows is not None
    inside = board_families(view.windows, 50, {"closed": 1, "slow": 1})
    found = samples(view)
    assert len(found) + sum(len(family.rows) for family in inside) <= series
    zeros = {sample.name for sample in found if not sample.value}
    assert not {name for name in zeros if not name.startswith(OF_THE_PIPELINE) and not name.endswith("_bucket")}


def test_configured_target_is_a_bucket_bound() -> None:
    view = small_floor().view(0)
    labels = {"queue": "billing", "priority": "urgent"}
    assert number(view, "support_first_response_seconds_bucket", **labels, le="420.0") == 1
    assert number(view, "support_first_response_seconds_bucket", **labels, le="300.0") == 0


def test_label_values_are_escaped() -> None:
    floor = SmallFloor(Rules(labels=Labels(aliases={})))
    queue = 'a "quoted"\\ queue\nof two lines, пошта'
    floor.create("1", "11:00", queue, "high")
    labels = {"queue": queue, "priority": "high", "partition": "0"}
    assert number(floor.view(0), "support_tickets_open", **labels) == 1


def test_view_is_not_changed_by_what_happens_afterwards() -> None:
    floor = small_floor()
    view = floor.view(0)
    before = text(view)
    floor.create("new", "11:59", "billing", "high")
    floor.tell("resolved", "late", "12:00")
    assert text(view) == before != text(floor.view(0))


def test_no_sample_has_a_timestamp_or_a_creation_series() -> None:
    found = samples(small_floor().view(0))
    assert {sample.timestamp for sample in found} == {None}
    assert not any(
        sample.name.endswith("_created") for sample in found if sample.name != "support_tickets_window_created"
    )


# ------------------------------------------------------------------------------------------------ negotiation


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "text/plain;version=0.0.4", "application/openmetrics-text;version=x"]
)
def test_plain_text_is_given_to_who_does_not_ask_for_more(accept: str | None) -> None:
    body, content_type = render(small_floor().view(0), accept)
    assert content_type.startswith("text/plain; version=0.0.4")
    assert b"# EOF" not in body


def test_openmetrics_is_given_to_who_asks_for_it() -> None:
    body, content_type = render(small_floor().view(0), OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")


def test_only_the_named_samples_are_given() -> None:
    body, _ = render(small_floor().view(0), names=["support_tickets_open", "support_sla_settled_total"])
    found = {line.split("{")[0] for line in body.decode().splitlines() if not line.startswith("#")}
    assert found == {"support_tickets_open", "support_sla_settled_total"}


def test_reference_page_is_what_the_definitions_give() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "metrics.md"
    assert page.read_text(encoding="utf-8") == names_page.render_reference()
