"""The slow KPIs of a report for a person at a terminal and in CSV: value and unit, and why there is no value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from deskpulse.cells import NONE, Flat, printable, spelled
from metrics.kpi import Kpi
from metrics.slow_periods import SLOW_KPIS, SLOW_OF_A_PERIOD

FLAGGED: Final = "!"
#: What CSV has of each; JSON has all.
_COLUMNS: Final = ("value", "unit", "as_of")


def slow_paths(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of every slow KPI of which any period has a fact, in the order of the catalogue."""
    known = {f"{SLOW_KPIS}.{kpi}.value" for row in rows for kpi in row[SLOW_KPIS]}
    paths = [kpi.path for kpi in SLOW_OF_A_PERIOD.values() if kpi.path in known]
    return [_beside(path, column) for path in paths for column in _COLUMNS]


def slow_cells(kpi: Kpi, flats: Iterable[Flat]) -> list[str]:
    """A cell a period: ``85.0%``, ``12.50 EUR``; with a mark where the facts do not fit each other."""
    return [_cell(kpi, flat) for flat in flats]


def _cell(kpi: Kpi, flat: Flat) -> str:
    value = flat.get(kpi.path)
    if value is None:
        return NONE
    unit = flat[_beside(kpi.path, "unit")] if kpi.unit.startswith("that of") else None
    flag = f" {FLAGGED}" if flat[_beside(kpi.path, "flag")] else ""
    return f"{spelled(kpi.unit, value)}{f' {printable(unit)}' if unit else ''}{flag}"


def _beside(path: str, key: str) -> str:
    return f"{path.rpartition('.')[0]}.{key}"


def slow_notes(rows: Sequence[Mapping[str, Any]], kpis: Iterable[Kpi]) -> list[str]:
    """What the marks of these KPIs mean, and for each reason why there is no value the first period that has it."""
    shown = [SLOW_OF_A_PERIOD[kpi.name] for kpi in kpis if kpi.name in SLOW_OF_A_PERIOD]
    flags = dict.fromkeys(row["flag"] for kpi in shown for _, row in _of(kpi, rows) if row["flag"])
    found = [f"{FLAGGED} {' or '.join(flags)}: the facts do not fit each other"] if flags else []
    for kpi in shown:
        without: dict[str, list[str]] = {}
        for period, row in _of(kpi, rows):
            if row["value"] is None:
                without.setdefault(row["reason"] or row["refused"], []).append(period)
        found += [f"no {kpi.short} of {_periods(named)}: {printable(reason)}" for reason, named in without.items()]
    return found


def _of(kpi: Kpi, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The name of each period that has a row of the KPI, and the row."""
    return ((row["period"], row[SLOW_KPIS][kpi.name]) for row in rows if kpi.name in row[SLOW_KPIS])


def _periods(named: Sequence[str]) -> str:
    return named[0] if len(named) == 1 else f"{named[0]} and {len(named) - 1:,} more"
