"""Event logs: JSON Lines from a file, `.gz`, `.zst` or stdin, one event a line, each with the topic and key it goes to.

A line that is no event is passed on as it is: the pipeline refuses it with its reason, and counts it.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec
import zstandard

from stream.events import TOPIC_OF_TYPE

#: Where a line goes whose type is none of the contract's: any event topic, to be refused there.
_ELSEWHERE: Final = "ticket-changed"
_CHUNK_BYTES: Final = 1 << 17


class _Address(msgspec.Struct, gc=False):
    type: str | None = None
    subject: str | None = None


_address = msgspec.json.Decoder(_Address, strict=False).decode


class _Zst(io.RawIOBase):
    """The frames of a file, decompressed. The library's own reader takes a frame that is cut off for the end."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._frame: Any = None
        self._left = memoryview(b"")  # a frame can be large: it is cut without copies

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill some of ``buffer``; 0 at the end. EOFError where the last frame is not whole."""
        while not self._left and (packed := self._packed()):
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._left = memoryview(self._frame.decompress(packed))
        found, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)

    def _packed(self) -> bytes:
        unused = b""
        if self._frame is not None and self._frame.eof:
            unused, self._frame = self._frame.unused_data, None
        packed = unused or self._raw.read(_CHUNK_BYTES)
        if not packed and self._frame is not None:
            raise EOFError("Compressed file ended before the end of its last frame")
        return packed

    def close(self) -> None:
        """Close the file too."""
        self._raw.close()
        super().close()


def open_log(path: str) -> BinaryIO:
    """The bytes of a log, decompressed.

    Raises:
        click.BadParameter: the file cannot be opened.
    """
    if path == "-":
        return sys.stdin.buffer
    try:
        if path.endswith(".gz"):
            return io.BufferedReader(gzip.GzipFile(path))
        raw = Path(path).open("rb")  # noqa: SIM115 - the caller reads and closes it
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror or error}", param_hint="FILE") from error
    return io.BufferedReader(_Zst(raw)) if path.endswith(".zst") else raw


def records(lines: BinaryIO) -> Iterator[tuple[str, bytes | None, bytes]]:
    """(topic, key, value) of each line that is not empty.

    Raises:
        click.ClickException: the bytes are not what the file's ending says, or end too early.
    """
    try:
        for line in lines:
            value = line.strip()
            if value:
                yield (*address(value), value)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise click.ClickException(f"the log cannot be read: {error}") from error


def address(value: bytes) -> tuple[str, bytes | None]:
    """(topic, key) of one event; no key where the subject cannot be read."""
    try:
        found = _address(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _ELSEWHERE, None
    key = found.subject.encode() if found.subject else None
    return TOPIC_OF_TYPE.get(found.type or "", _ELSEWHERE), key
