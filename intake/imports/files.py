"""An export's file as rows of cells, and what is said of a row that cannot be used.

It knows CSV and encodings, and no map's columns. Reading never stops at a row that is no CSV: the error stands in its
place, so that every later row keeps its number.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from intake.imports.maps import FileFormat

#: One row as the file has it: its cells (none for an empty line), or why it is no CSV.
Cells = list[str] | csv.Error

_SHOWN_MAX: Final = 80


class BadRow(msgspec.Struct, frozen=True):
    """Row ``row`` of the file (its header is row 1) was skipped; ``column`` is empty where the whole row is meant."""

    row: int
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        place = f"row {self.row}, column {self.column}" if self.column else f"row {self.row}"
        shown = self.value if len(self.value) <= _SHOWN_MAX else f"{self.value[:_SHOWN_MAX]}…"
        return f"{place}: {shown!r}: {self.expected}" if self.column else f"{place}: {self.expected}"


class CellError(ValueError):
    """A cell of ``column`` is not what is ``expected``."""

    def __init__(self, column: str, value: str, expected: str) -> None:
        super().__init__(expected)
        self.column = column
        self.value = value
        self.expected = expected


def read_file(path: Path, form: FileFormat) -> Iterator[Cells]:
    """The rows of the CSV file ``path``, its header first.

    Bytes that are not of the file's encoding stay in the text as lone surrogates, for the row to be refused.
    """
    with path.open(encoding=form.encoding, errors="surrogateescape", newline="") as lines:
        yield from read_rows(lines, form)


def read_rows(lines: Iterable[str], form: FileFormat) -> Iterator[Cells]:
    """The rows of CSV ``lines``, as ``read_file`` gives them."""
    if form.quote is None:  # csv demands QUOTE_NONE where there is no quote character
        reader = csv.reader(lines, delimiter=form.delimiter, quotechar=None, quoting=csv.QUOTE_NONE, strict=True)
    else:
        reader = csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error
        except UnicodeDecodeError as error:  # some codecs cannot go on after a bad byte; nothing after it is readable
            yield csv.Error(f"{error.reason}; the rest of the file is not text in {form.encoding}")
            return
