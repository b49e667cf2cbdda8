"""Random reports of business facts from a seed, and slow KPIs held against the oracle's."""

import random
from datetime import date, timedelta
from itertools import product
from typing import Any

from tests.happenings import Happening, happening
from tests.oracle.facts import AMOUNTS, DEFINITIONS
from tests.oracle.instants import DAY, HOUR, MINUTE, instant
from tests.oracle.periods import days_of

QUEUES = (None, None, "", "billing", "payments", "returns", "nobody", "other")
PLAIN = ("customers_start", "customers_end", "customers_new", "employees_start", "employees_end", "separations")
FACTS = (*PLAIN, "stayed", "inflow", "outflow", "cost", "cost", "staffed_hours", "staffed_hours", "customers")
#: What makes a value only together, and is seldom complete by chance; and what is only of the floor.
SETS = (
    ("customers_start", "customers_end", "customers_new"),
    ("employees_start", "employees_end", "separations", "stayed"),
    ("inflow", "outflow"),
    ("customers", "staffed_hours", "cost"),
    ("benchmark.nps", "benchmark.csat_satisfied", "benchmark.first_response_p50"),
)


def reports(seed: int, end: int, count: int, days: int) -> list[Happening]:
    """Reports of few periods, so that many are of the same thing: repeats, corrections, another subject or source.

    To the `count` single ones come a sixth as many sets that belong together.
    """
    dice = random.Random(f"facts {seed}")
    last = date.fromordinal(719_163 + end // DAY)
    periods = [_period(dice, last, days) for _ in range(5)]
    single = [_report(dice, number, end, dice.choice(periods)) for number in range(count)]
    return single + [
        _report(dice, count + number, end, period, fact, queue)
        for number in range(count // 6)
        for period, queue in [(dice.choice(periods), dice.choice(QUEUES[:5]))]
        for fact in dice.choice(SETS)
    ]


def reports_by_period(seed: int, end: int, days: int, by: str) -> list[Happening]:
    """Reports of calendar periods, whole and in parts; some parts are missing, overlap, reach beyond or are in USD."""
    dice = random.Random(f"facts by {by} {seed}")
    last = date.fromordinal(719_163 + end // DAY)
    named = days_of(by, last - timedelta(days=days + 200), last + timedelta(days=200))
    kept = [of for of in named.values() if of[0] <= last and of[-1] >= last - timedelta(days=days)]
    found: list[Happening] = []
    for of, queue, facts in product(kept[-1:] + kept[-9:-1], (None, "billing"), SETS):
        is_reported = dice.random() < 0.75
        for fact in facts:
            for place, (first, to) in enumerate(_parts(dice, of, _manner(dice, fact) if is_reported else "nothing")):
                period = {"start": first.isoformat(), "end": to.isoformat()}
                one = _report(dice, len(found), end, period, fact, queue)
                if fact in ("inflow", "outflow"):
                    one["data"]["unit"] = "USD" if place and dice.random() < 0.005 else "EUR"
                found.append(one)
    return found


def _manner(dice: random.Random, fact: str) -> str:
    return dice.choice(("whole", "parts", "parts") if fact in AMOUNTS else ("whole", "whole", "whole", "parts"))


def _parts(dice: random.Random, days: list[date], manner: str) -> list[tuple[date, date]]:
    """First and last day of each."""
    if manner != "parts":
        return [(days[0], days[-1])] if manner == "whole" else []
    length = dice.choice((1, 3, 7, -(-len(days) // 2)))
    found = [(days[at], days[min(at + length, len(days)) - 1]) for at in range(0, len(days), length)]
    fault = dice.choice(("none",) * 6 + ("missing", "overlapping", "beyond", "at the edge"))
    if fault == "missing":
        del found[dice.randrange(len(found))]
    elif fault == "overlapping":
        found.append((days[0], dice.choice(days)))
    elif fault == "beyond":
        found[-1] = found[-1][0], days[-1] + timedelta(days=2)
    elif fault == "at the edge":
        found.append((days[0] - timedelta(days=1), days[0]))
    return found


def _period(dice: random.Random, last: date, days: int) -> dict[str, str]:
    start = last - timedelta(days=dice.randrange(-1, days + 4))
    end = start + timedelta(days=dice.choice((0, 0, 1, 6, 13, 30)))
    return {"start": start.isoformat(), "end": end.isoformat()}


def _report(
    dice: random.Random, number: int, end: int, period: dict[str, str], fact: str = "", queue: str | None = "any"
) -> Happening:
    if not fact:
        fact, queue = dice.choice((*FACTS, *(f"benchmark.{kpi}" for kpi in DEFINITIONS))), dice.choice(QUEUES)
    data: dict[str, Any] = {"fact": fact, "period": period, "value": dice.choice((0, 1, 7, 120, 37.2, 1200))}
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
    if queue is not None:
        data["queue"] = queue
    subject = f"fact:{fact}:{queue or 'all'}:{period['start']}" if dice.random() < 0.8 else f"fact:{number % 3}"
    at = end - dice.choice((0, MINUTE, HOUR, dice.randrange(30 * DAY)))
    return happening(
        "business.reported", at, subject, source=dice.choice(("books", "hr")), name=f"{number:04d}-{fact}", **data
    )


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
    problems = [key for key in ("period", "queue", "facts", "summed") if got.get(key) != wanted.get(key)]
    problems += ["as_of"] * (instant(got["as_of"]) != instant(wanted["as_of"]))
    own, other = got.get("own"), wanted.get("own")
    if own is None or other is None:
        return problems + ["own"] * (own is not other) + ["value"] * (not _near(got["value"], wanted["value"], 1e-9))
    accuracy = 0.0101 if kpi.endswith("p50") else 1e-9
    problems += ["own n"] * (own["n"] != other["n"]) + ["own"] * (not _near(own["value"], other["value"], accuracy))
    if own["value"] is not None and other["value"] is not None:
        benchmark = other["value"] - wanted["value"]
        problems += ["value"] * (not _near(got["value"], own["value"] - benchmark, 1e-6))
    return problems


def _near(got: float | None, wanted: float | None, accuracy: float) -> bool:
    if got is None or wanted is None:
        return got is wanted
    return abs(got - wanted) <= accuracy * max(abs(wanted), 1e-3)
