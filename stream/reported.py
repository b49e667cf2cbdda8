"""The business facts of one subject, as the numbers take them: under the queue's present name, unusable ones left out.

A state may hold reports that were let in before they were judged.
"""

from __future__ import annotations

from metrics.facts import Report, problem_of
from metrics.policies import Labels
from stream.ticket import Fact


def reports_of(facts: tuple[Fact, ...], labels: Labels) -> list[Report]:
    """The usable ones."""
    return [
        Report(
            fact.instant, fact.source, fact.id, fact.fact, labels.alias(fact.queue), fact.start, fact.end, fact.value,
            fact.unit, fact.reported_by, fact.definition,
        )
        for fact in facts
        if problem_of(fact.fact, fact.value, fact.unit, fact.start, fact.end) is None
    ]  # fmt: skip
