"""Every business fact of one day, of the whole floor and of each queue, so that every slow KPI has a value."""

from collections.abc import Iterable, Iterator

from metrics.benchmarks import COMPARED
from metrics.facts import BENCHMARK, FACTS, Report

DAY_BEFORE = "2026-10-06"


def everything_reported(queues: Iterable[str], at: int) -> Iterator[Report]:
    """No two facts have one value: nothing that is made of them is 0."""
    benchmarks = {BENCHMARK + kpi: compared for kpi, compared in COMPARED.items()}
    for queue in ("", *queues):
        for number, fact in enumerate((*FACTS, *benchmarks), 1):
            compared = benchmarks.get(fact)
            unit, definition = (next(iter(compared.units)), compared.definition) if compared else ("", "")
            value = number / (100 if compared else 1)
            yield Report(at, "books", fact, fact, queue, DAY_BEFORE, DAY_BEFORE, value, unit, "", definition)
