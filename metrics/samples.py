"""How far a number of a survey can be relied upon: by how many answers it has, as configured."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

CAUTION_FROM: Final = 5
ENOUGH_FROM: Final = 30


class Sample(StrEnum):
    """What a number of answers is good for."""

    NONE = "none"
    NOT_ENOUGH = "not_enough"  # a number that nobody should be shown alone: "not enough answers (n=3)"
    CAUTION = "caution"  # shown, with a mark
    ENOUGH = "enough"


class Samples(msgspec.Struct, frozen=True):
    """From how many answers on a number is shown with caution, and from how many on without: 1 <= caution <= enough."""

    caution: int = CAUTION_FROM
    enough: int = ENOUGH_FROM

    def of(self, n: int) -> str:
        """The word for ``n`` answers, as the snapshot has it."""
        if n <= 0:
            return Sample.NONE.value
        if n < self.caution:
            return Sample.NOT_ENOUGH.value
        return Sample.CAUTION.value if n < self.enough else Sample.ENOUGH.value
