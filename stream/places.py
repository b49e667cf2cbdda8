"""What a ticket's values make of it under the rules: its labels, its policy and their numbers, as of any instant.

Attributes are free text from outside; what was worked out of them is remembered, within bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from metrics.contribution import MARK_BITS
from metrics.instants import EARLIEST, LATEST
from metrics.measures import QUEUE_SHIFT, Vocabulary
from metrics.policies import Place, Policy, Rules, Values
from stream.ticket import Attributes

NONE_GIVEN: Final[Values] = ("", "", "", "", "")

#: Places remembered; attributes are free text, so their combinations have no end.
PLACES_MAX: Final = 4_096

#: A place, the cell of its queue, and the mark of its queue and priority, to which a measure or a mark is added.
Placed = tuple[Place, int, int]


class Places:
    """What tickets' values make of them under the rules, in words and in numbers; remembered."""

    __slots__ = ("_known", "rules", "shortest", "vocabulary")

    def __init__(self, rules: Rules, vocabulary: Vocabulary) -> None:
        self.rules = rules
        self.vocabulary = vocabulary
        #: No first response or resolution is due sooner after its ticket's creation.
        self.shortest: Final = min(
            (target for policy in rules.policies.all for target in _targets(policy)), default=LATEST
        )
        self._known: dict[tuple[int, Values], Placed] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, created: int, values: Values) -> Placed:
        """The place of a ticket created then, while it has these values."""
        key = self.rules.policies.era(created), values
        found = self._known.get(key)
        if found is None:
            place = self.rules.place(created, values)
            cell = self.vocabulary.queue_id(place.queue) << QUEUE_SHIFT
            mark = self.vocabulary.place_id(place.queue, place.priority, place.number) << MARK_BITS
            if len(self._known) >= PLACES_MAX:
                self._known.clear()
            found = self._known[key] = place, cell, mark
        return found

    def as_of(self, instant: int, created: int, attributes: tuple[Attributes, ...]) -> Place:
        """The place by the attributes as they were at the instant that settles a clock."""
        return self.of(created, values_of(attributes, instant)[0])[0]


def _targets(policy: Policy) -> Iterator[int]:
    yield from (target for target in (policy.first_response, policy.resolution) if target is not None)


def values_of(attributes: tuple[Attributes, ...], at: int | None = None) -> tuple[Values, int]:
    """(queue, channel, priority, brand, kind) as of ``at`` (inclusive), or the latest, empty where never given.

    And the instant of the latest element that gave any of them: they were the same ever since.
    """
    values, since = NONE_GIVEN, EARLIEST
    for element in reversed(attributes):
        if at is not None and element[0] > at:
            continue
        given = element[3:8]
        if given == NONE_GIVEN:  # only the agent, by whom nothing goes
            continue
        if values is NONE_GIVEN:
            values, since = given, element[0]
        else:
            queue, channel, priority, brand, kind = values
            values = (queue or given[0], channel or given[1], priority or given[2], brand or given[3], kind or given[4])
        if "" not in values:
            break
    return values, since
