"""Event logs: JSON Lines from a file, `.gz`, `.zst` or stdin, one event a line, each with the topic and key it goes to.

A line that is no event is passed on as it is: the pipeline refuses it with its reason, and counts it.
"""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import click
import msgspec
import zstandard

from stream.events import TOPIC_OF_TYPE

#: Where a line goes whose type is none of the contract's: any event topic, to be refused there.
_ELSEWHERE: Final = "ticket-changed"


class _Address(msgspec.Struct, gc=False):
    type: str | None = None
    subject: str | None = None


_address = msgspec.json.Decoder(_Address, strict=False).decode


def open_log(path: str) -> BinaryIO:
    """The bytes of a log, decompressed.

    Raises:
        click.FileError: the file cannot be opened.
    """
    if path == "-":
        return sys.stdin.buffer
    try:
        raw = Path(path).open("rb")  # noqa: SIM115 - the caller reads and closes it
    except OSError as error:
        raise click.FileError(path, error.strerror or str(error)) from error
    if path.endswith(".gz"):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw))
    if path.endswith(".zst"):
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
    return raw


def records(lines: BinaryIO) -> Iterator[tuple[str, bytes | None, bytes]]:
    """(topic, key, value) of each line that is not empty."""
    for line in lines:
        value = line.strip()
        if value:
            yield (*address(value), value)


def address(value: bytes) -> tuple[str, bytes | None]:
    """(topic, key) of one event; no key where the subject cannot be read."""
    try:
        found = _address(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _ELSEWHERE, None
    key = found.subject.encode() if found.subject else None
    return TOPIC_OF_TYPE.get(found.type or "", _ELSEWHERE), key
