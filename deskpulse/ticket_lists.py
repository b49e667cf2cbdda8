"""The lists of tickets over HTTP: what an address asks for, and a list as JSON or as CSV that is safe in a spreadsheet.

Knows neither the tickets nor the server; docs/tickets.md says the same for users.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec

from metrics.contribution import SLAS
from stream.listing import CLOCK_STATES, Listed, Row, Wanted

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 10_000
PARAMETERS: Final = ("state", "queue", "priority", "policy", "sla", "limit", "format")

#: A text that begins so is a formula to some spreadsheet, or what follows may be; with "'" it is the text itself again.
#: "'" is among them, so that whoever reads the file can take one "'" away from each text that begins with it.
UNSAFE: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "'")  # noqa: RUF001 - meant

T = TypeVar("T")


class Format(StrEnum):
    """How the list is written."""

    JSON = "json"
    CSV = "csv"


class Asked(msgspec.Struct, frozen=True):
    """What an address asks for."""

    wanted: Wanted
    limit: int
    format: Format


class TicketList(msgspec.Struct, frozen=True):
    """The answer; ``partitions`` as in the snapshot, ``total`` counts what is beyond the limit too."""

    as_of: str
    state: Listed
    partitions: dict[str, int]
    total: int
    tickets: tuple[Row, ...]

    @property
    def is_partial(self) -> bool:
        """Whether partitions are missing or not read to their end, or none is known yet."""
        return not 0 < self.partitions["ready"] == self.partitions["total"]


# ------------------------------------------------------------------------------------------------- what is asked


def asked_for(query: Iterable[tuple[str, str]]) -> Asked:
    """What the names and values of a query say; a value that is empty is not given.

    Raises:
        ValueError: naming the parameter, and what is expected of it.
    """
    given: dict[str, list[str]] = {}
    for name, value in query:
        if name not in PARAMETERS:
            raise ValueError(f"{name}: no such parameter; expected any of {', '.join(PARAMETERS)}")
        given.setdefault(name, []).extend([value] if value else [])
    state = _one(given, "state", _state_of, None)
    wanted = Wanted(
        state=state,
        queues=_any_of(given, "queue"),
        priorities=_any_of(given, "priority"),
        policies=_any_of(given, "policy"),
        slas=_clocks(given, state),
    )
    return Asked(wanted, _one(given, "limit", _limit_of, LIMIT_DEFAULT), _one(given, "format", _format_of, Format.JSON))


def _any_of(given: dict[str, list[str]], name: str) -> frozenset[str] | None:
    """Values between commas, and each text as a whole: names may have commas, and clients do not keep ``%2C`` apart."""
    texts = given.get(name, ())
    return frozenset(filter(None, (part for text in texts for part in (text, *text.split(","))))) or None


def _clocks(given: dict[str, list[str]], state: Listed) -> frozenset[int]:
    names = [name for text in given.get("sla", ()) for name in text.split(",")]
    if names and state not in CLOCK_STATES:
        raise ValueError(f"sla: only with state={' or '.join(CLOCK_STATES)}; {state} is of one clock, or of none")
    return frozenset(SLAS.index(_known("sla", name, SLAS)) for name in names or SLAS)


def _one(given: dict[str, list[str]], name: str, read: Callable[[str], T], default: T | None) -> T:
    values = given.get(name) or []
    if not values and default is not None:
        return default
    return read(",".join(values))


def _state_of(text: str) -> Listed:
    return Listed(_known("state", text, tuple(Listed)))


def _format_of(text: str) -> Format:
    return Format(_known("format", text, tuple(Format)))


def _known(name: str, text: str, values: tuple[str, ...]) -> str:
    if text not in values:
        raise ValueError(f"{name}: expected {' or '.join(values)}, got {text!r}")
    return text


def _limit_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= LIMIT_MAX):
        raise ValueError(f"limit: expected a whole number from 1 to {LIMIT_MAX}, got {text!r}")
    return int(text)


# ---------------------------------------------------------------------------------------------------- the answer


def rendered(found: TicketList, form: Format) -> tuple[bytes, dict[str, str]]:
    """The body and its headers; takes some milliseconds at the highest limit."""
    if form is Format.JSON:
        return msgspec.json.encode(found), {"Content-Type": "application/json"}
    at = found.as_of.partition(".")[0].rstrip("Z").replace("-", "").replace(":", "")
    name = f"tickets-{found.state}-{at}Z{'-partial' if found.is_partial else ''}.csv"
    return as_csv(found.tickets), {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Total-Count": str(found.total),
        "X-Partitions-Ready": f"{found.partitions['ready']} of {found.partitions['total']}",
    }


def as_csv(rows: tuple[Row, ...]) -> bytes:
    """A header and the rows, after RFC 4180; None is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Row.__struct_fields__)
    writer.writerows([_safe(value) for value in msgspec.structs.astuple(row)] for row in rows)
    return text.getvalue().encode()


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(UNSAFE) else value
