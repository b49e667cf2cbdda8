"""A spreadsheet of business facts → events of the contract: one row, one report.

It knows the form, its spellings of numbers and what a usable report is; it opens nothing and reads no clock. Every bad
row is told with what is expected there. A number that could be read in two ways is not read at all.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any, Final

import msgspec

from intake.imports.files import BadRow, CellError
from intake.imports.tables import near
from metrics.facts import FACTS, is_day, problem_of
from metrics.instants import format_instant

NEEDED: Final = ("fact", "start", "end", "value")
COLUMNS: Final = ("fact", "queue", "start", "end", "value", "unit", "reported_by", "definition")
TOPIC: Final = "business-facts"
#: What the queue's cell says where the whole floor is meant.
WHOLE_FLOOR: Final = ("", "all")

TEMPLATE: Final = """\
fact,queue,start,end,value,unit,reported_by,definition
staffed_hours,billing,2026-10-01,2026-10-01,37.5,h,rota,
customers_start,,2026-10-01,2026-10-31,1200,customers,sales,
customers_end,,2026-10-01,2026-10-31,1230,customers,sales,
customers_new,,2026-10-01,2026-10-31,80,customers,sales,
customers,,2026-10-01,2026-10-31,1215,customers,sales,
employees_start,,2026-10-01,2026-10-31,24,people,personnel,
employees_end,,2026-10-01,2026-10-31,25,people,personnel,
separations,,2026-10-01,2026-10-31,1,people,personnel,
stayed,,2026-10-01,2026-10-31,23,people,personnel,
inflow,,2026-10-01,2026-10-31,96000,EUR,accounts,
outflow,,2026-10-01,2026-10-31,81500.50,EUR,accounts,
cost,,2026-10-01,2026-10-31,41200,EUR,accounts,
benchmark.csat_satisfied,,2025-01-01,2025-12-31,82,%,trade association,top-2-box of 1-5
benchmark.nps,,2025-01-01,2025-12-31,31,,trade association,"promoters 9-10, detractors 0-6 of 0-10"
benchmark.first_response_p50,,2025-01-01,2025-12-31,4,h,trade association,"median, creation to first human reply, \
calendar time"
"""

Event = dict[str, Any]

_DELIMITERS: Final = (",", ";", "\t")
_SEPARATOR_LINE: Final = re.compile(r"sep=(.)")
#: What stands between thousands beside points and commas: spaces, apostrophes, the Arabic separator.
_GAP: Final = re.compile("(?<=[0-9])[\\s'\u2019\u066c](?=[0-9]{3}(?![0-9]))")
_ARABIC_DECIMAL, _MINUS = "\u066b", "\u2212"
_PLAIN: Final = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_GROUPED: Final = {
    "," : re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII),
    "." : re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?", re.ASCII),
}  # fmt: skip
_EITHER: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)


class FormError(Exception):
    """The file is not the form at all."""


class Form(msgspec.Struct, frozen=True):
    """How the file is written. ``decimal`` is "." or ",", or None where each number has to tell."""

    delimiter: str
    decimal: str | None = None


def read_form(data: bytes, *, now: int, source: str, decimal: str | None = None) -> Iterator[Event | BadRow]:
    """An event of each row, or why it is none; all reported at ``now``.

    Raises:
        FormError: there is no header with the columns of the form.
    """
    lines = list(StringIO(_text(data), newline=""))
    skipped = 0
    given = _SEPARATOR_LINE.fullmatch(lines[0].strip()) if lines else None
    if given:
        lines, skipped = lines[1:], 1
    if not lines:
        raise FormError(f"the file is empty; expected is the header {','.join(COLUMNS)}")
    form = Form(given[1] if given else _delimiter(lines[0]), decimal)
    numbered = enumerate(_rows(lines, form), skipped + 1)
    names = _header(next(numbered)[1])
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in numbered:
        if isinstance(cells, list) and not any(cell.strip() for cell in cells):
            continue
        try:
            yield _event(_report(cells, names, form, number, seen), number, now, source)
        except CellError as error:
            yield BadRow(number, error.column, error.value, error.expected)


def _text(data: bytes) -> str:
    """Spreadsheets write UTF-8 or UTF-16, each with a mark; bytes that are neither are told by their row."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def _delimiter(header: str) -> str:
    """The one that splits the header into the most columns of the form."""

    def known(delimiter: str) -> int:
        return sum(_name(cell) in COLUMNS for cell in header.split(delimiter))

    return max(_DELIMITERS, key=known)


def _name(cell: str) -> str:
    return cell.strip().strip('"').strip().lower().replace(" ", "_")


def _rows(lines: list[str], form: Form) -> Iterator[list[str] | csv.Error]:
    reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _header(cells: list[str] | csv.Error) -> list[str]:
    names = [] if isinstance(cells, csv.Error) else [_name(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in names]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if unknown:
        raise FormError(f"the header has the column {unknown[0]!r}{near(unknown[0], COLUMNS)}: {', '.join(COLUMNS)}")
    if missing or repeated:
        problem = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(repeated)} more than once"
        raise FormError(f"the header {problem}; the columns are {', '.join(COLUMNS)}")
    return names


def _report(
    row: list[str] | csv.Error, names: Sequence[str], form: Form, number: int, seen: dict[tuple[str, ...], int]
) -> dict[str, Any]:
    """The cells of one row as an event's data."""
    if isinstance(row, csv.Error):
        raise CellError("", "", f"is not CSV: {row}")
    if len(row) < len(names) or any(cell.strip() for cell in row[len(names) :]):
        raise CellError("", "", f"has {len(row)} cells: {len(names)} are expected, as in the header")
    cells = dict.fromkeys(COLUMNS, "") | {name: cell.strip() for name, cell in zip(names, row, strict=False)}
    for name, cell in cells.items():
        if "\ufffd" in cell:
            raise CellError(name, cell, "is not UTF-8: save the file as CSV UTF-8")
    return _judged(cells, form, number, seen)


def _judged(cells: dict[str, str], form: Form, number: int, seen: dict[tuple[str, ...], int]) -> dict[str, Any]:
    fact, unit = cells["fact"].lower(), cells["unit"]
    queue = "" if cells["queue"].lower() in WHOLE_FLOOR else cells["queue"]
    start, end = (_digits(cells[name]) for name in ("start", "end"))
    for name, day in (("start", start), ("end", end)):
        if not is_day(day):
            raise CellError(name, cells[name], "a day is expected, as in 2026-10-31")
    written = cells["value"]
    if written.endswith("%"):
        if unit not in ("", "%"):
            raise CellError("unit", unit, f"% is expected, as in the value {written}")
        written, unit = written[:-1], "%"
    value = _number(written, form)
    problem = problem_of(fact, value, unit, start, end)
    if problem is not None:
        raise CellError(problem.field, cells[problem.field], _expected(problem.field, fact, problem.expected))
    first = seen.setdefault((fact, queue, start, end), number)
    if first != number:
        raise CellError("", "", f"reports the same fact, queue and period as row {first}: one of them is expected")
    data = {"fact": fact, "value": value, "period": {"start": start, "end": end}}
    more = {"queue": queue, "unit": unit, "reported_by": cells["reported_by"], "definition": cells["definition"]}
    return data | {name: text for name, text in more.items() if text}


def _expected(field: str, fact: str, expected: str) -> str:
    return expected + near(fact, FACTS) if field == "fact" else expected


def _digits(text: str) -> str:
    """Digits of any script as 0 to 9."""
    return "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)


def _number(written: str, form: Form) -> float:
    """A number as spreadsheets of any country write it."""
    text = _GAP.sub("", _digits(written.strip())).replace(_MINUS, "-")
    if text.count(_ARABIC_DECIMAL) == 1 and not {",", "."} & set(text):
        text, form = text.replace(_ARABIC_DECIMAL, "."), Form(form.delimiter, ".")
    if form.decimal is None and _EITHER.fullmatch(text) and not ("." in text and form.delimiter == ","):
        raise CellError(
            "value",
            written,
            f"could be {text.replace(',', '.')} or {re.sub('[.,]', '', text)}: write thousands without a separator, "
            "or name the decimal sign (--decimal)",
        )
    plain = _plain(text, form)
    if not _PLAIN.fullmatch(plain):
        raise CellError("value", written, "a number is expected, as in 1234.5")
    return float(plain)


def _plain(text: str, form: Form) -> str:
    """With a point and without separators of thousands, as far as it is a number at all."""
    decimal = form.decimal or (max(",.", key=text.rfind) if "," in text and "." in text else None)
    if decimal is None:  # only one of the two signs, or none: several of it separate thousands
        sign = "," if "," in text else "."
        decimal = sign if text.count(sign) < 2 else {",": ".", ".": ","}[sign]
    thousands = {",": ".", ".": ","}[decimal]
    if thousands in text and not _GROUPED[thousands].fullmatch(text):
        return ""
    return text.replace(thousands, "").replace(decimal, ".")


def _event(data: dict[str, Any], number: int, now: int, source: str) -> Event:
    return {
        "specversion": "1.0",
        "id": f"{now}-{number:06d}",
        "source": source,
        "type": "support.business.reported",
        "time": format_instant(now),
        "subject": f"fact:{data['fact']}:{data.get('queue', 'all')}:{data['period']['start']}",
        "data": data,
    }
