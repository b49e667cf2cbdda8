"""What is wrong with a configuration: every problem with its file, key, value and what is expected.

Knows how TOML writes keys and values, and how to say a validator's complaint in the words of the file. Secrets
that were written where they do not belong are never repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, TypeAlias

import msgspec
from pydantic_core import ErrorDetails

from deskpulse.configuration.shape import keys_of, table_at
from deskpulse.configuration.values import Table, closest

VALUE_LENGTH_MAX: Final = 80

Path: TypeAlias = tuple[str | int, ...]

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_PASSWORD: Final = re.compile(r'://[^"\n]*@')

#: What pydantic says of a type, in the words of TOML; its other messages serve with "Input should be" cut off.
_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "an integer",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "missing": "this key to be given",
    "model_type": "a table",
    "string_type": "a text in quotes",
    "string_too_short": "a text that is not empty",
    "string_too_long": "a text of at most {max_length} characters",
    "too_long": "a list of at most {max_length}",
    "tuple_type": "a list",
}


class Problem(msgspec.Struct, frozen=True):
    """One thing to mend. ``value`` is as TOML writes it, None where there is none to show."""

    file: str
    key: str
    value: str | None
    expected: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.expected}" if self.value is None else f"{place} = {self.value}: {self.expected}"


class ConfigurationError(Exception):
    """A configuration that cannot be used, with all its problems; as text, one line each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Final = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def toml_key(path: Path) -> str:
    """``path`` as TOML writes a key, with list places from 0: ``sla[2].first_response``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            text += f".{name}" if text else name
    return text


def toml_value(value: object) -> str:
    """``value`` about as TOML writes it, without passwords, shortened where long."""
    text = _PASSWORD.sub("://…@", _written(value))
    return text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 1] + "…"


def _written(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return (
                "{}"
                if not value
                else "{ " + ", ".join(f"{toml_key((key,))} = {_written(item)}" for key, item in value.items()) + " }"
            )
        case list():
            return "[" + ", ".join(_written(item) for item in value) + "]"
        case date():
            return value.isoformat()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def value_at(document: Mapping[str, Any], path: Path) -> Any:
    """What the file has at ``path``; None where it has nothing."""
    here: Any = document
    for part in path:
        if isinstance(part, int):
            here = here[part] if isinstance(here, list) and part < len(here) else None
        else:
            here = here.get(part) if isinstance(here, dict) else None
    return here


def written_part(document: Mapping[str, Any], path: Path) -> Path:
    """The longest beginning of ``path`` that the file has."""
    end = next((end for end in range(len(path), 0, -1) if value_at(document, path[:end]) is not None), 0)
    return path[:end]


def expected_by(error: ErrorDetails, root: type[Table]) -> str:
    """A validator's complaint in the words of the file."""
    if error["type"] == "extra_forbidden":
        return _unknown_key(error["loc"], root)
    if error["type"] == "value_error":
        return f"expected {error['ctx']['error']}"
    message = error["msg"].removeprefix("Input should be ")
    template = _EXPECTED.get(error["type"])
    return f"expected {message if template is None else template.format(**error.get('ctx', {}))}"


def _unknown_key(path: Path, root: type[Table]) -> str:
    table = table_at(root, path[:-1])
    known = keys_of(table) if table is not None else {}
    return "unknown key" + (closest(str(path[-1]), known) or f"; known here: {', '.join(known)}")
