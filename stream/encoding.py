"""A ticket as bytes: one version byte, then msgpack of its fields in order.

A new version only appends fields with defaults, so an older state is read as it is; a newer one is
refused, since fields would be lost when it is written back.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.ticket import VERSION, Ticket

_encode_fields = msgspec.msgpack.Encoder().encode
_decode_fields = msgspec.msgpack.Decoder(Ticket).decode
_HEAD: Final = bytes([VERSION])


class StateError(Exception):
    """A stored state cannot be read."""


def encode(ticket: Ticket) -> bytes:
    """The ticket's bytes in the current version."""
    return _HEAD + _encode_fields(ticket)


def decode(state: bytes) -> Ticket:
    """The ticket in ``state``, of this version or an older one.

    Raises:
        StateError: written by a newer version, or no state at all.
    """
    if not state or state[0] > VERSION or state[0] == 0:
        version = state[0] if state else "none"
        raise StateError(f"the state has version {version}; this program reads 1 to {VERSION}: upgrade it")
    try:
        return _decode_fields(state[1:])
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise StateError(f"the state cannot be read: {error}") from error
