"""Created and open, now and in the weeks before, and what is resolved now: by looking at each ticket then."""

from collections.abc import Sequence
from statistics import median
from typing import Any, Protocol

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.instants import DAY, HOUR, duration, text_of
from tests.oracle.tickets import Ticket

WEEKS_AGO = (1, 2, 3, 4)


class Counted(Protocol):
    """A ticket, and whether it is one of the live sets while it is open."""

    @property
    def ticket(self) -> Ticket: ...

    @property
    def is_live(self) -> bool: ...


def normal(
    tickets: Sequence[Counted], now: int, since: int | None, configuration: OracleConfiguration
) -> dict[str, Any]:
    """The figures of one scope, as of the last whole hour; `open.now` as of now."""
    until = now // HOUR * HOUR
    lengths = {name: duration(name) for name in configuration.rolling}
    live = [one.ticket for one in tickets if one.is_live]

    def created(upto: int, length: int) -> int:
        return sum(1 for one in tickets if upto - length <= one.ticket.creation < upto)

    def is_known(first: int) -> bool:
        return since is not None and since < first and first >= _first_kept(now, configuration)

    opens: list[int | None] = []
    for week in WEEKS_AGO:
        then = until - week * 7 * DAY
        was_live = configuration.live_since is None or configuration.live_since < then
        opens.append(sum(1 for ticket in live if _was_open(ticket, then)) if is_known(then) and was_live else None)
    figures = {}
    for name, length in lengths.items():
        if length % HOUR == 0 and length <= 7 * DAY:
            ends = [until - week * 7 * DAY for week in WEEKS_AGO]
            before = [created(end, length) if is_known(end - length) else None for end in ends]
            figures[name] = _compared(created(until, length), before)
    return {
        "until": text_of(until),
        "created": figures,
        "open": _compared(sum(1 for ticket in live if ticket.is_open), opens),
    }


def resolved_now(tickets: Sequence[Counted], now: int, configuration: OracleConfiguration) -> int:
    """Tickets that are resolved, since an hour of which everything is kept."""
    resolved = [one.ticket for one in tickets if not one.ticket.is_open]
    return sum(1 for ticket in resolved if ticket.resolves[-1] >= _first_kept(now, configuration))


def _first_kept(now: int, configuration: OracleConfiguration) -> int:
    """The first hour of which nothing can have been dropped."""
    return ((now + configuration.future - configuration.retention) // HOUR + 1) * HOUR


def _was_open(ticket: Ticket, before: int) -> bool:
    """Just before an instant."""
    is_open = ticket.creation < before
    for at, change in ticket.changes:
        if at < before:
            is_open = change == "reopened"
    return is_open


def _compared(now: int, weeks: Sequence[int | None]) -> dict[str, Any]:
    known = [number for number in weeks if number is not None]
    return {"now": now, "week_ago": weeks[0], "normal": float(median(known)) if len(known) == len(weeks) else None}
