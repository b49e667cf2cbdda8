"""Every KPI, defined once: what it is, where it stands, how sure it is, and which way is better.

The page docs/kpis.md is made from it. Invariant: what is here stands in the snapshot under its path. Knows no values.
"""

from __future__ import annotations

from typing import Final

from metrics.catalogue_slow import COMMANDS, SLOW
from metrics.catalogue_tickets import AS_IT_IS_NOW, COUNTED, LASTED, NORMAL, OUTCOMES
from metrics.catalogue_voice import ASKED, VOICE
from metrics.kpi import Kpi, Place

ALL: Final = (*AS_IT_IS_NOW, *NORMAL, *COUNTED, *LASTED, *OUTCOMES, *ASKED, *VOICE, *SLOW, *COMMANDS)
BY_NAME: Final = {kpi.name: kpi for kpi in ALL}


def value_at(scope: dict[str, object], kpi: Kpi, window: str, path: str | None = None) -> object:
    """What stands under the KPI's path (or another of its paths) in a scope of the snapshot.

    Raises:
        KeyError: the snapshot has no such number.
    """
    found: object = scope
    start = () if kpi.place is Place.NOW else ("windows", window)
    for key in (*start, *(path or kpi.path).split(".")):
        if found is None:
            return None
        if not isinstance(found, dict):
            raise KeyError(f"{kpi.name}: nothing under {key!r} of {kpi.path}")
        found = found[key]
    return found
