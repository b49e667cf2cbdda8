"""TOML as text: what a suggested line is written with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def inline(table: Mapping[str, Any]) -> str:
    """An inline table."""
    return "{ " + ", ".join(f"{key_of(key)} = {value_of(value)}" for key, value in table.items()) + " }"


def value_of(value: Any) -> str:
    """A text, a number, a list of texts or a table."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return inline(value)
    if isinstance(value, (tuple, list, frozenset)):
        return f"[{', '.join(quoted(one) for one in value)}]"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def key_of(name: str) -> str:
    """A key, quoted where it has to be."""
    return name if _BARE.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    """A basic string: JSON's, with DEL escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def plain(text: str) -> str:
    """A text within a comment: one line, without what steers a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
