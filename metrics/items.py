"""Answers to surveys of many items, as small integers: pairs of SERVQUAL, agreement with brand items.

A moment's value is one integer that stands for the whole answer, so that a pane counts answers by what they say and
every mean, share and interval is taken from those counts.
"""

from __future__ import annotations

import re
from typing import Final

DIMENSIONS: Final = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
SERVQUAL_SCALE: Final = (1, 7)

#: The scales of a brand item, each with the lowest answer that agrees.
BRAND_SCALES: Final = {(0, 1): 1, (1, 5): 4}
PREFERRED: Final = "preferred"

#: Surveys whose sent and answered ones are matched, in the order of the snapshot.
SURVEYS: Final = ("csat", "nps", "ces", "servqual", "brand")

#: Of each brand scale; a process counts any further item, and any longer name, under ``other``.
BRAND_ITEMS_MAX: Final = 1_000
BRAND_NAME_MAX: Final = 100

_SERVQUAL_ITEM: Final = re.compile(rf"({'|'.join(DIMENSIONS)})\.[1-9][0-9]?")
_LOWEST, _HIGHEST = SERVQUAL_SCALE
_POINTS: Final = _HIGHEST - _LOWEST + 1


def is_servqual_item(item: str) -> bool:
    """Whether it is ``<dimension>.<number>``, the number from 1 to 99."""
    return _SERVQUAL_ITEM.fullmatch(item) is not None


def pair_value(perception: int, expectation: int) -> int:
    """A pair on 1 to 7 as 0 to 48."""
    return (perception - _LOWEST) * _POINTS + expectation - _LOWEST


def pair_of(value: int) -> tuple[int, int]:
    """(perception, expectation) of ``pair_value``."""
    perception, expectation = divmod(value, _POINTS)
    return perception + _LOWEST, expectation + _LOWEST


def sent_value(survey: str, *, is_answered: bool) -> int:
    """A survey that was sent, and whether it is answered by now."""
    return 2 * SURVEYS.index(survey) + is_answered
