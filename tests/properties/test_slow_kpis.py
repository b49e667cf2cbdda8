"""Random reports about random floors: every slow KPI is the oracle's, in any zone, order and after any stop."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.facts import Facts, Report, merged
from tests.happenings import Happening, feed, floor_of, happening, rules_of, snapshot_of, when
from tests.logs import random_log, shuffled
from tests.oracle.configuration import configuration_of
from tests.oracle.facts import DEFINITIONS, slow
from tests.oracle.instants import DAY, HOUR, MINUTE, instant

#: Half an hour and quarters off, days of 23.5 and 25 hours, midnights that are skipped and repeated.
ZONES = (
    *("UTC", "Asia/Tehran", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham"),
    *("America/Havana", "Atlantic/Azores", "Asia/Beirut", "Pacific/Kiritimati", "Pacific/Marquesas"),
)
ENDS = ("2026-02-14T13:43:17.123456789Z", "2026-03-09T03:59:59Z", "2026-04-06T00:10:00Z", "2026-11-02T12:00:00Z")
QUEUES = (None, None, "", "billing", "payments", "returns", "nobody", "other")
PLAIN = ("customers_start", "customers_end", "customers_new", "employees_start", "employees_end", "separations")
FACTS = (*PLAIN, "stayed", "inflow", "outflow", "cost", "cost", "staffed_hours", "staffed_hours", "customers")


def reports(seed: int, end: int, count: int, days: int) -> list[Happening]:
    """Reports of few periods, so that many are of the same thing: repeats, corrections, another subject or source."""
    dice = random.Random(f"facts {seed}")
    last = date.fromordinal(719_163 + end // DAY)
    periods = [_period(dice, last, days) for _ in range(5)]
    return [_report(dice, number, end, dice.choice(periods)) for number in range(count)]


def _period(dice: random.Random, last: date, days: int) -> dict[str, str]:
    start = last - timedelta(days=dice.randrange(-1, days + 4))
    end = start + timedelta(days=dice.choice((0, 0, 1, 6, 13, 30)))
    return {"start": start.isoformat(), "end": end.isoformat()}


def _report(dice: random.Random, number: int, end: int, period: dict[str, str]) -> Happening:
    fact = dice.choice((*FACTS, *(f"benchmark.{kpi}" for kpi in DEFINITIONS)))
    data: dict[str, Any] = {"fact": fact, "period": period, "value": dice.choice((0, 1, 7, 120, 37.25, 1200))}
    if fact.startswith("benchmark."):
        kpi = fact.removeprefix("benchmark.")
        data["definition"] = dice.choice((DEFINITIONS[kpi], f"{kpi}: {DEFINITIONS[kpi]}", "as we like it"))
        value, unit = {
            "csat_satisfied": dice.choice(((0.82, ""), (82, "%"))),
            "nps": (31, ""),
            "first_response_p50": dice.choice(((90, "s"), (15, "min"), (2, "h"), (2, ""))),
        }[kpi]
        data |= {"value": value, "unit": unit}
    elif fact in ("inflow", "outflow"):
        data["unit"] = dice.choice(("EUR", "EUR", "EUR", "", "USD"))
    queue = dice.choice(QUEUES)
    if queue is not None:
        data["queue"] = queue
    subject = f"fact:{fact}:{queue or 'all'}:{period['start']}" if dice.random() < 0.8 else f"fact:{number % 3}"
    at = end - dice.choice((0, MINUTE, HOUR, dice.randrange(30 * DAY)))
    return happening(
        "business.reported", at, subject, source=dice.choice(("books", "hr")), name=f"{number:04d}", **data
    )


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


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    wrong = []
    if set(found) != set(expected):
        wrong.append(f"KPIs: got {sorted(found)}, wanted {sorted(expected)}")
    for kpi in sorted(set(found) & set(expected)):
        if len(found[kpi]) != len(expected[kpi]):
            wrong.append(f"{kpi}: got {len(found[kpi])} rows, wanted {len(expected[kpi])}")
        for got, wanted in zip(found[kpi], expected[kpi], strict=False):
            wrong += [f"{kpi}: {problem}: got {got}, wanted {wanted}" for problem in _row(kpi, got, wanted)]
    return wrong


def _row(kpi: str, got: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    problems = [key for key in ("period", "queue", "facts") if got[key] != wanted[key]]
    problems += ["as_of"] * (instant(got["as_of"]) != instant(wanted["as_of"]))
    own, other = got.get("own"), wanted.get("own")
    if own is None or other is None:
        return problems + ["own"] * (own is not other) + ["value"] * (not _near(got["value"], wanted["value"], 1e-9))
    accuracy = 0.0101 if kpi.endswith("p50") else 1e-9
    problems += ["own n"] * (own["n"] != other["n"]) + ["own"] * (not _near(own["value"], other["value"], accuracy))
    if own["value"] is not None:
        benchmark = other["value"] - wanted["value"]
        problems += ["value"] * (not _near(got["value"], own["value"] - benchmark, 1e-6))
    return problems


def _near(got: float | None, wanted: float | None, accuracy: float) -> bool:
    if got is None or wanted is None:
        return got is wanted
    return abs(got - wanted) <= accuracy * max(abs(wanted), 1e-3)


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
    assert merged([facts]) == merged([plain])
    assert merged([facts, plain, Facts()]) == merged([plain])
