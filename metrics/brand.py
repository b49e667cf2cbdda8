"""Brand attributes: of the answers to each item the share that agrees, and how much of it is for the expected words.

An item on 0 to 1 is agreed with by 1, one on 1 to 5 by 4 and 5. Each scale is an instrument of its own: ``brand`` is
0 to 1, ``brand_1_5`` the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from metrics.intervals import wilson
from metrics.items import BRAND_SCALES, PREFERRED
from metrics.policies import OTHER
from metrics.samples import Samples
from metrics.surveys import instrument_name

Scale = tuple[int, int]
#: Answers, and those of them that agree.
Agreement = tuple[int, int]

#: Items shown of each scale in one window, beside ``preferred`` and ``other``.
SHOWN_MAX: Final = 20


def summaries(
    items: Mapping[tuple[str, Scale], Mapping[int, int]], expected: AbstractSet[str], samples: Samples
) -> dict[str, Any]:
    """The numbers of one window from counts by (score - lowest) of (item, scale); ``preferred`` is always there."""
    made: dict[str, Any] = {"brand": {PREFERRED: _item(0, 0, samples)}}
    agreements = {named: _agreement(named[1], counts) for named, counts in items.items()}
    for scale in BRAND_SCALES:
        found = {item: agreement for (item, on), agreement in agreements.items() if on == scale and agreement[0]}
        if found:
            shown = _bounded(found)
            of_scale = made.setdefault(instrument_name("brand", *scale), {})
            of_scale |= {item: _item(*shown[item], samples) for item in shown}
    agreeing = {named: agreed for named, (_, agreed) in agreements.items() if named[0] != PREFERRED}
    of_expected = sum(agreed for (item, _), agreed in agreeing.items() if item in expected)
    made["brand_expected"] = _overlap(of_expected, sum(agreeing.values()), samples) if expected else None
    return made


def _agreement(scale: Scale, counts: Mapping[int, int]) -> Agreement:
    lowest = scale[0]
    agreed = sum(count for above, count in counts.items() if lowest + above >= BRAND_SCALES[scale])
    return sum(counts.values()), agreed


def _bounded(found: Mapping[str, Agreement]) -> dict[str, Agreement]:
    """Those with the most answers, and ``preferred``; the rest is added up as ``other``."""
    ranked = sorted(
        (item for item in found if item not in {OTHER, PREFERRED}), key=lambda item: (-found[item][0], item)
    )
    shown = {item: found[item] for item in (PREFERRED, *ranked[:SHOWN_MAX]) if item in found}
    rest = [found[item] for item in (OTHER, *ranked[SHOWN_MAX:]) if item in found]
    if rest:
        shown[OTHER] = sum(n for n, _ in rest), sum(agreed for _, agreed in rest)
    return shown


def _item(n: int, agreed: int, samples: Samples) -> dict[str, Any]:
    bounds = wilson(agreed, n)
    return {
        "responses": n,
        "agree_ratio": agreed / n if n else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
        "sample": samples.of(n),
    }


def _overlap(of_expected: int, agreeing: int, samples: Samples) -> dict[str, Any]:
    """Of the answers that agree with any item but ``preferred``, those whose item is expected."""
    bounds = wilson(of_expected, agreeing)
    return {
        "agreeing": agreeing,
        "expected": of_expected,
        "ratio": of_expected / agreeing if agreeing else None,
        "lower95": bounds[0] if bounds else None,
        "upper95": bounds[1] if bounds else None,
        "sample": samples.of(agreeing),
    }
