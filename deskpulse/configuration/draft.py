"""The sound part of a configuration file, and what each key that is wrong by itself is wrong about.

Keys that are wrong are taken out until the rest validates, so that rules over several keys can still judge it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from deskpulse.configuration.model import Configuration
from deskpulse.configuration.problems import Path, expected_by, value_at, written_part
from deskpulse.configuration.targets import SlaPolicy
from deskpulse.configuration.values import closest

Finding: TypeAlias = tuple[Path, str]

_LIST_TABLES: Final = ("sla", "receivers", "mutes", "feeds")


class Draft(msgspec.Struct, frozen=True):
    """The sound part of a file.

    ``taken_out`` holds the paths of what is not; ``places`` the original places of a list table's sound items;
    ``calendars`` and ``receivers`` all names given, sound or not; ``from_environment`` the paths that the
    environment overrides.
    """

    configuration: Configuration
    taken_out: frozenset[Path]
    places: dict[str, list[int]]
    calendars: frozenset[str]
    receivers: frozenset[str]
    from_environment: frozenset[Path]

    def sound(self, *path: str | int) -> bool:
        """Nothing at, above or below ``path`` was taken out."""
        return not any(out[: len(path)] == path[: len(out)] for out in self.taken_out)

    def policies(self) -> Iterator[tuple[int, SlaPolicy]]:
        """The policies with their places in the file."""
        return zip(self.places["sla"], self.configuration.sla, strict=True)


def one_of(table: str, name: str, known: Iterable[str]) -> str:
    """What is expected of a key that names an item of ``table``."""
    names = ", ".join(sorted(known))
    return f"expected a name of {table} ({names or 'none is there'}){closest(name, known)}"


def drafted(document: dict[str, Any], from_environment: frozenset[Path]) -> tuple[Draft, list[Finding]]:
    """The sound part of ``document``, and what is expected at each key that is wrong by itself."""
    taken_out: set[Path] = set()
    found: list[Finding] = []
    while True:
        places = {table: _places(document.get(table), table, taken_out) for table in _LIST_TABLES}
        try:
            configuration = Configuration.model_validate(_without(document, (), taken_out))
        except ValidationError as error:
            wrong = [(_path(document, details, places), details) for details in error.errors()]
            # Later passes only miss what the first took out.
            found = found or [(path, expected_by(details, Configuration)) for path, details in wrong]
            taken_out |= {_removable(document, path, details, taken_out) for path, details in wrong}
            continue
        draft = Draft(
            configuration=configuration,
            taken_out=frozenset(taken_out),
            places=places,
            calendars=frozenset(_names(document.get("calendars"))),
            receivers=frozenset(_names(document.get("receivers"))),
            from_environment=from_environment,
        )
        return draft, found


def _places(items: object, table: str, taken_out: set[Path]) -> list[int]:
    if not isinstance(items, list) or (table,) in taken_out:
        return []
    return [place for place in range(len(items)) if (table, place) not in taken_out]


def _without(node: Any, path: Path, taken_out: set[Path]) -> Any:
    """``node`` at ``path`` without what was taken out."""
    if isinstance(node, dict):
        kept = ((key, item, (*path, key)) for key, item in node.items())
        return {key: _without(item, at, taken_out) for key, item, at in kept if at not in taken_out}
    if isinstance(node, list):
        kept_items = ((item, (*path, place)) for place, item in enumerate(node))
        return [_without(item, at, taken_out) for item, at in kept_items if at not in taken_out]
    return node


def _path(document: dict[str, Any], error: ErrorDetails, places: dict[str, list[int]]) -> Path:
    """Where in the file an error is: in the file's own places, and without pydantic's mark of a key."""
    path = error["loc"]
    if len(path) > 1 and path[0] in places and isinstance(path[1], int):
        path = (path[0], places[str(path[0])][path[1]], *path[2:])
    return path[:-1] if path[-1] == "[key]" and value_at(document, path) is None else path


def _removable(document: dict[str, Any], path: Path, error: ErrorDetails, taken_out: set[Path]) -> Path:
    """What to take out for an error at ``path``: a key with all of its list, or one item of a list of tables."""
    out = path[:-1] if error["type"] == "missing" else written_part(document, path)
    while out and (out in taken_out or (isinstance(out[-1], int) and not (len(out) == 2 and out[0] in _LIST_TABLES))):
        out = out[:-1]
    return out


def _names(tables: object) -> Iterator[str]:
    """The names that a table of tables or a list of tables gives, sound or not."""
    if isinstance(tables, dict):
        yield from tables
    elif isinstance(tables, list):
        named = (table.get("name") for table in tables if isinstance(table, dict))
        yield from (name for name in named if isinstance(name, str))
