"""When a clock has run for its target: in the time in which it runs, and in the open hours of its calendar.

Pure arithmetic over instants; knows no ticket, no policy and no ``now``.
"""

from __future__ import annotations

from metrics.calendars import Calendar, elapsed
from stream.timeline import Running


def reached(running: Running, target: int, calendar: Calendar | None, *, past: bool = False) -> int | None:
    """The earliest instant at which a clock has run for ``target``; None if it stopped before.

    With ``past``, the latest such instant, after which it has run for more; None too if it stopped at that one.
    """
    left = target
    for start, end in running:
        found = after(start, left, calendar, past=past)
        if found is not None and (end is None or found < end or (found == end and not past)):
            return found
        if end is not None:
            left -= elapsed(start, end, calendar)
    return None


def after(start: int, target: int, calendar: Calendar | None, *, past: bool = False) -> int | None:
    """When ``target`` has elapsed since ``start``: in open hours where there is a calendar; None where it never has."""
    return start + target if calendar is None else calendar.reached(start, target, past=past)
