"""Random reports about random floors: every slow KPI is the oracle's, in any zone, order and after any stop."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.facts import Facts, Report, merged
from tests.happenings import Happening, feed, floor_of, rules_of, snapshot_of, when
from tests.logs import random_log, shuffled
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import slow
from tests.oracle.instants import DAY, instant
from tests.reports import differences, reports

#: Half an hour and quarters off, days of 23.5 and 25 hours, midnights that are skipped and repeated.
ZONES = (
    *("UTC", "Asia/Tehran", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham"),
    *("America/Havana", "Atlantic/Azores", "Asia/Beirut", "Pacific/Kiritimati", "Pacific/Marquesas"),
)
ENDS = ("2026-02-14T13:43:17.123456789Z", "2026-03-09T03:59:59Z", "2026-04-06T00:10:00Z", "2026-11-02T12:00:00Z")


@dataclass(frozen=True)
class Floor:
    """A floor's log with reports about it, by what it is made from, so that a failure can be read."""

    seed: int
    end: str
    days: int
    reports: int = 90

    @property
    def log(self) -> list[Happening]:
        until = instant(self.end)
        log = random_log(self.seed, 25, until - self.days * DAY, self.days * DAY)
        return [*log, *reports(self.seed, until, self.reports, self.days)]


def check(log: list[Happening], document: dict[str, Any], **how: int) -> dict[str, Any]:
    now = max(when(event) for event in log)
    found = snapshot_of(floor_of(log, rules_of(document), **how), now)["slow"]
    wrong = differences(found, slow(log, now, configuration_of(document)))
    assert not wrong, "\n".join(wrong[:20])
    return dict(found)


DOCUMENTS = st.fixed_dictionaries(
    {"floor": st.fixed_dictionaries({"time_zone": st.sampled_from(ZONES)})},
    optional={
        "labels": st.sampled_from(
            ({"queues": ["billing", "returns"], "aliases": {"payments": "billing"}}, {"aliases": {"vip": "returns"}})
        ),
        "windows": st.sampled_from(({"rolling": ["1h", "7d"]}, {"rolling": ["30d"]})),
    },
)
FLOORS = st.builds(Floor, st.integers(0, 10_000), st.sampled_from(ENDS), st.sampled_from((3, 9, 40, 75)))


@settings(max_examples=80)
@given(FLOORS, DOCUMENTS)
def test_every_slow_kpi_is_the_oracles(floor: Floor, document: dict[str, Any]) -> None:
    check(floor.log, document)


@settings(max_examples=30)
@given(
    FLOORS,
    DOCUMENTS,
    st.integers(0, 10_000),
    st.fixed_dictionaries(
        {"partitions": st.integers(1, 5), "batch": st.sampled_from((1, 7, 50)), "stop_every": st.integers(0, 4)}
    ),
)
def test_any_order_repeats_partitions_and_stops_give_the_same_slow_kpis(
    floor: Floor, document: dict[str, Any], seed: int, how: dict[str, int]
) -> None:
    log = floor.log
    assert check(shuffled(log, seed, 0.5), document, **how) == check(log, document)


@settings(max_examples=20)
@given(FLOORS, DOCUMENTS, st.integers(1, 40))
def test_looks_in_between_change_nothing(floor: Floor, document: dict[str, Any], parts: int) -> None:
    # sums of days are kept from look to look, and made again only where something was added
    log = shuffled(floor.log, parts)
    now = max(when(event) for event in log)
    rules = rules_of(document)
    tickets, step = floor_of([], rules), -(-len(log) // parts)
    for start in range(0, len(log), step):
        assert not feed(tickets.partitions[0], *log[start : start + step]).refused
        found = snapshot_of(tickets, now)["slow"]
    assert found == snapshot_of(floor_of(log, rules), now)["slow"]


REPORTS = st.lists(
    st.builds(
        Report,
        st.integers(0, 9), st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(("cost", "inflow")),
        st.sampled_from(("", "q")), st.just("2026-01-01"), st.sampled_from(("2026-01-01", "2026-01-31")),
        st.sampled_from((1.0, 2.0)), st.just("EUR"), st.just(""), st.just(""),
    ),
    max_size=30,
)  # fmt: skip


@given(REPORTS, REPORTS, st.randoms(use_true_random=False))
def test_what_is_added_and_taken_back_leaves_no_trace(kept: list[Report], gone: list[Report], dice: Any) -> None:
    facts, plain = Facts(), Facts()
    plain.add(kept, 1)
    facts.add(dice.sample([*kept, *gone], k=len(kept) + len(gone)), 1)
    facts.latest()
    facts.add(gone, -1)
    assert merged([facts.latest()]) == merged([plain.latest()])
    assert merged([facts.latest(), plain.latest(), Facts().latest()]) == merged([plain.latest()])
