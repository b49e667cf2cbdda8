"""The values that a metric's label may have, so that free text can never make series without end.

With a list in the configuration: the list. Without: the values that policies name, then the first seen, 50 in all.
Any other is "other".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from metrics.policies import OTHER, Rules

VALUES_MAX: Final = 50


class LabelValues:
    """The values of one label in this process. Fold where it is fed and looked at, in one thread."""

    __slots__ = ("_known", "listed")

    def __init__(self, listed: Iterable[str] | None, named: Iterable[str] = ()) -> None:
        """``listed``: the configured values, None for none; ``named``: what is known to come."""
        self.listed: Final = None if listed is None else tuple(listed)
        self._known: Final = set(sorted(set(named))[:VALUES_MAX] if self.listed is None else self.listed)

    def fold(self, value: str) -> str:
        """The value as it is exported; a new one takes a free place where there is no list."""
        known = self._known
        if value in known:
            return value
        if value == OTHER or self.listed is not None or len(known) >= VALUES_MAX:
            return OTHER
        known.add(value)
        return value

    def is_folded(self, value: str) -> bool:
        """Whether a ticket with this label lost its own value: "other" is one's own only where it is listed or free."""
        return value not in self._known and (self.listed is not None or value != OTHER)


class FloorLabels:
    """The values of the three labels that come from tickets."""

    __slots__ = ("channels", "priorities", "queues")

    def __init__(self, rules: Rules) -> None:
        labels = rules.labels
        self.queues: Final = LabelValues(labels.queues, _named(rules, "queue"))
        self.priorities: Final = LabelValues(labels.priorities, _named(rules, "priority"))
        self.channels: Final = LabelValues(labels.channels, _named(rules, "channel"))


def _named(rules: Rules, attribute: str) -> set[str]:
    return {value for policy in rules.policies.all for value in policy.match.get(attribute, ())} - {"", OTHER}
