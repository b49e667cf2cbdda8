"""How far a number can be relied upon: by how many answers, tickets or clocks it is of, as configured."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

CAUTION_FROM: Final = 5
ENOUGH_FROM: Final = 30


class Sample(StrEnum):
    """What so many answers, tickets or clocks are good for."""

    NONE = "none"
    NOT_ENOUGH = "not_enough"  # a number that nobody should be shown alone: "not enough answers (n=3)"
    CAUTION = "caution"  # shown, with a mark
    ENOUGH = "enough"


class Samples(msgspec.Struct, frozen=True):
    """From how many on a number is shown with caution, and from how many without: 1 <= caution <= enough."""

    caution: int = CAUTION_FROM
    enough: int = ENOUGH_FROM

    def of(self, n: int) -> str:
        """The word for ``n`` of them, as the snapshot has it."""
        if n <= 0:
            return Sample.NONE.value
        if n < self.caution:
            return Sample.NOT_ENOUGH.value
        return Sample.CAUTION.value if n < self.enough else Sample.ENOUGH.value


#: What a sample is of, by the name of its size, and where its word stands beside it if not under ``sample``.
_COUNTED: Final = {
    "responses": "answers",
    "before_responses": "answers",
    "agreeing": "answers",
    "pairs": "pairs",
    "sent": "surveys",
    "settled": "clocks",
    "settled_or_late": "clocks",
    "count": "tickets",
    "created": "tickets",
}
_WORDS: Final = {"settled": "sla_sample", "settled_or_late": "sla_sample_now"}


def counted(size: str) -> str:
    """What is counted at the path of a sample's size: ``csat.responses`` counts answers."""
    return _COUNTED[size.rpartition(".")[2]]


def word_path(size: str) -> str:
    """The path of a sample's word, from that of its size: ``csat.responses`` has it at ``csat.sample``."""
    parent, _, leaf = size.rpartition(".")
    return f"{parent}.{_WORDS.get(leaf, 'sample')}"
