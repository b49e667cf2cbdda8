"""One TOML file read table by table, with every problem written down instead of the first one raised.

It knows types and spelling; what the keys mean is known by `intake/imports/maps.py`. Its invariant: a key that nobody
asked for is a problem, so a misspelt key can never be without effect.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one ``key`` of a map, and what is ``expected`` there; an empty key is the file itself."""

    file: str
    key: str
    expected: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.expected) if part)


class MapError(ValueError):
    """A map that cannot be used: all ``problems`` at once, one line each as its text."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def near(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown ``name``: the one of ``names`` that looks most like it, or nothing."""
    matches = get_close_matches(name.casefold(), spelled := {each.casefold(): each for each in names}, 1)
    return f"; did you mean {spelled[matches[0]]!r}?" if matches else ""


def dotted(*names: str) -> str:
    """A key as TOML writes it: ``states."Ticket state".new``."""
    return ".".join(name if _BARE_KEY.fullmatch(name) else f'"{name}"' for name in names if name)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        MapError: the file cannot be read, or is not TOML in UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MapError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise MapError([Problem(str(path), "", "is not UTF-8 text")]) from None
    except tomllib.TOMLDecodeError as error:
        raise MapError([Problem(str(path), "", f"is not TOML: {error}")]) from None


class Table:
    """One table being read: hands out its values and adds what is wrong to the ``problems`` of the whole file."""

    def __init__(self, values: Mapping[str, Any], problems: list[Problem], *, file: str, name: str = "") -> None:
        self.problems = problems
        self.file = file
        self.name = name
        self._values = values
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def names(self) -> list[str]:
        """The keys that the file gives, in its order."""
        return list(self._values)

    def key(self, name: str) -> str:
        """The full key of ``name`` in the file."""
        return f"{self.name}.{dotted(name)}" if self.name else dotted(name)

    def problem(self, name: str, expected: str) -> None:
        """Write down that the value of ``name`` is not what is expected; an empty name is the table itself."""
        self.problems.append(Problem(self.file, self.key(name) if name else self.name, expected))

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty; required where there is no default."""
        if default is None and name not in self._values:
            self._asked.add(name)
            self.problem(name, "is missing: a text is expected")
            return ""
        value = self._typed(name, str, default or "", "a text")
        if not value and default is None:
            self.problem(name, "a text that is not empty is expected")
        return value

    def optional(self, name: str) -> str | None:
        """A text that is not empty, or None where the key is absent."""
        self._asked.add(name)
        return self.text(name) if name in self._values else None

    def one_of(self, name: str, allowed: Iterable[str], default: str | None = None) -> str:
        """One of the ``allowed`` texts; required where there is no default."""
        allowed = list(allowed)
        value = self.text(name, default)
        if value and value not in allowed:
            self.problem(name, f"{value!r} is none of {', '.join(allowed)}{near(value, allowed)}")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false where absent."""
        return self._typed(name, bool, default=False, expected="true or false")

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts."""
        values = self._typed(name, list, list(default), "a list of texts")
        if not all(isinstance(value, str) for value in values):
            self.problem(name, f"a list of texts is expected, not {values!r}")
            return default
        return tuple(values)

    def mapping(self, name: str) -> dict[str, Any]:
        """An inline table as it stands; empty where absent."""
        return self._typed(name, dict, {}, 'a table is expected, as in { "1" = "urgent" }')

    def integers(self, name: str) -> tuple[int, ...] | None:
        """A list of whole numbers, or None where absent."""
        self._asked.add(name)
        if name not in self._values:
            return None
        values = self._typed(name, list, [], "a list of whole numbers")
        if not all(type(value) is int for value in values):
            self.problem(name, "a list of whole numbers is expected")
            return None
        return tuple(values)

    def table(self, name: str) -> Table:
        """The table ``name``; an empty one where absent."""
        return self._inner(self._typed(name, dict, {}, "a table"), self.key(name))

    def tables(self, name: str) -> list[Table]:
        """The tables of ``[[name]]``, each called ``name[1]``, ``name[2]`` and so on."""
        values = self._typed(name, list, [], f"tables that begin with [[{name}]]")
        if not all(isinstance(value, dict) for value in values):
            self.problem(name, f"tables that begin with [[{name}]] are expected")
            return []
        return [self._inner(value, f"{self.key(name)}[{place}]") for place, value in enumerate(values, 1)]

    def finish(self) -> None:
        """Write down every key that nobody asked for."""
        for name in self._values:
            if name not in self._asked:
                self.problem(name, f"is an unknown key{near(name, self._asked)}")

    def _inner(self, values: Mapping[str, Any], name: str) -> Table:
        return Table(values, self.problems, file=self.file, name=name)

    def _typed(self, name: str, kind: type[T], default: T, expected: str) -> T:
        self._asked.add(name)
        value = self._values.get(name, default)
        if isinstance(value, kind):
            return value
        self.problem(name, f"{expected} is expected, not {value!r}")
        return default
