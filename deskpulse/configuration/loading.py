"""Reading the configuration: one TOML file and the environment in, one frozen value or all problems out.

The environment is an argument, and nothing is connected to. What the keys mean is in docs/configuration.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deskpulse.configuration import problems
from deskpulse.configuration.checks import findings
from deskpulse.configuration.draft import drafted
from deskpulse.configuration.model import Configuration
from deskpulse.configuration.problems import ConfigurationError, Problem

__all__ = ["Configuration", "ConfigurationError", "Problem", "load_configuration"]

CONFIG_VARIABLE: Final = "DESKPULSE_CONFIG"
#: Variables that win over the file, each with the keys it stands for.
OVERRIDES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "DESKPULSE_BROKER": (("broker", "url"),),
    "DESKPULSE_REDIS": (("redis", "url"),),
    "DESKPULSE_WORKER_PORT": (("worker", "port"),),
    "DESKPULSE_BOARD_PORT": (("board", "port"),),
    "DESKPULSE_BIND": (("worker", "bind"), ("board", "bind")),
    "DESKPULSE_STATE_DIR": (("worker", "state_dir"),),
}

_AT_PLACE: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def load_configuration(path: Path | None, environment: Mapping[str, str]) -> Configuration:
    """The configuration of the file at ``path``, else of ``DESKPULSE_CONFIG``, else of no file: all defaults.

    A variable of ``environment`` that is empty counts as not set. ``check-config`` may pass ``{}`` to judge a
    file by itself.

    Raises:
        ConfigurationError: the file cannot be read, is no TOML, or has problems: all of them.
    """
    named = environment.get(CONFIG_VARIABLE)
    chosen = path if path is not None else Path(named) if named else None
    file = "configuration" if chosen is None else str(chosen)
    return judged({} if chosen is None else _parsed(file, _text(chosen)), file, environment)


def judged(document: dict[str, Any], file: str, environment: Mapping[str, str]) -> Configuration:
    """The configuration that a parsed file and the environment make; problems name ``file``.

    Raises:
        ConfigurationError: there are problems: all of them.
    """
    origins = _override(document, environment)
    draft, found = drafted(document, frozenset(origins))
    found = [*found, *findings(draft)]
    if found:
        told = (_problem(document, file, origins, path, expected) for path, expected in found)
        raise ConfigurationError(dict.fromkeys(told))
    return draft.configuration


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        reason = f"expected UTF-8, but byte {error.start} is not"
    raise ConfigurationError([Problem(str(path), "", None, reason)])


def _parsed(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        match = _AT_PLACE.fullmatch(str(error))
        reason = str(error) if match is None else match[1]
        line, column = (match[2], match[3]) if match is not None else (None, None)
        if match is not None and line is None:
            line, column = str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
        place = f"line {line}, column {column}" if line is not None else ""
        raise ConfigurationError([Problem(file, place, None, f"not TOML: {reason}")]) from None


def _override(document: dict[str, Any], environment: Mapping[str, str]) -> dict[problems.Path, str]:
    """Put the environment's values into ``document``; returns which variable each overridden key comes from."""
    origins: dict[problems.Path, str] = {}
    for variable, places in OVERRIDES.items():
        text = environment.get(variable)
        for table, key in places if text else ():
            within = document.setdefault(table, {})
            if isinstance(within, dict):
                within[key] = _typed(key, text or "")
                origins[table, key] = variable
    return origins


def _typed(key: str, text: str) -> object:
    if key == "port" and text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    if key == "url" and "," in text:
        return [part.strip() for part in text.split(",")]
    return text


def _problem(
    document: Mapping[str, Any], file: str, origins: Mapping[problems.Path, str], path: problems.Path, expected: str
) -> Problem:
    written = problems.written_part(document, path)
    value = problems.value_at(document, written)
    if written != path and (not written or isinstance(value, (dict, list))):
        return Problem(file, problems.toml_key(path), None, expected)
    hidden = isinstance(value, dict) or not expected.startswith("expected")
    shown = None if hidden else problems.toml_value(value)
    variable = origins.get(written[:2])
    if variable is not None:
        return Problem("environment", variable, shown, expected)
    return Problem(file, problems.toml_key(written), shown, expected)
