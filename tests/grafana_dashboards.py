"""Dashboards as Grafana reads them: every query that it would send, with its variables replaced as Grafana does it.

A dashboard's JSON is looked at from outside, by what Grafana's model says of it, and not by what made it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]

#: A value of a variable: one text, or several, as of a variable that takes them or whose *All* is chosen.
Value = str | tuple[str, ...]


class AsItStands(str):
    """What a dashboard itself gives for *All*, such as `.*`: Grafana escapes nothing in it."""

    __slots__ = ()


_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)\]\]")
_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(.+)\s*,\s*)?(\w+)\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)
_METRICS = re.compile(r"metrics\((.+)\)", re.DOTALL)
_PANEL_TYPES_WITHOUT_QUERIES = {"row", "text"}


class Query(NamedTuple):
    """One query as it is written; ``where`` names it among all of its dashboard."""

    dashboard: str
    where: str
    text: str
    is_instant: bool = False
    is_range: bool = True

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.where}: {self.text}"


class Variable(NamedTuple):
    """A variable of a dashboard. ``options``: the values that it lists itself; ``text``: what it asks Prometheus."""

    name: str
    kind: str
    text: str
    options: tuple[str, ...]
    has_all: bool
    all_value: str | None
    takes_several: bool

    @property
    def source(self) -> tuple[str, str] | None:
        """(selector, label) of `label_values`; None of any other."""
        found = _LABEL_VALUES.fullmatch(self.text.strip())
        return None if found is None else ((found[1] or "").strip(), found[2])


class Dashboard(NamedTuple):
    """One dashboard's JSON, and its file's name without the ending."""

    name: str
    json: Json

    def panels(self) -> Iterator[Json]:
        """Every panel, those of collapsed rows too; without the rows themselves."""
        for panel in self.json["panels"]:
            for one in (panel, *panel.get("panels", ())):
                if one["type"] != "row":
                    yield one

    def variables(self) -> list[Variable]:
        return [_variable(one) for one in self.json.get("templating", {}).get("list", ())]

    def queries(self) -> Iterator[Query]:
        """Of panels, annotations and variables, in this order."""
        for panel in self.panels():
            for target in panel.get("targets", ()):
                where = f"panel {panel['title']!r} {target.get('refId', '?')}"
                yield Query(self.name, where, target["expr"], *_kinds(target))
        for annotation in self.json.get("annotations", {}).get("list", ()):
            text = annotation.get("expr") or annotation.get("target", {}).get("expr")
            if text:
                yield Query(self.name, f"annotation {annotation['name']!r}", text)
        for variable in self.variables():
            text = _asked_by(variable)
            if text is not None:
                yield Query(self.name, f"variable {variable.name!r}", text, is_instant=True, is_range=False)


def _kinds(target: Json) -> tuple[bool, bool]:
    """Whether it is sent as of an instant, and over a range; Grafana does the latter where neither is said."""
    instant, over_range = bool(target.get("instant")), bool(target.get("range"))
    return instant, over_range or not instant


def _variable(one: Json) -> Variable:
    asked = one.get("query", "")
    text = asked.get("query", "") if isinstance(asked, dict) else str(asked)
    listed = tuple(option["value"] for option in one.get("options", ()) if option["value"] != "$__all")
    if one["type"] == "custom" and not listed:
        listed = tuple(part.strip().rpartition(" : ")[2] for part in text.split(",") if part.strip())
    return Variable(
        name=one["name"],
        kind=one["type"],
        text=text,
        options=listed,
        has_all=bool(one.get("includeAll")),
        all_value=one.get("allValue") or None,
        takes_several=bool(one.get("multi")),
    )


def _asked_by(variable: Variable) -> str | None:
    """What a variable asks, as PromQL."""
    if variable.kind != "query":
        return None
    if variable.source is not None:
        return variable.source[0] or None
    found = _QUERY_RESULT.fullmatch(variable.text.strip()) or _METRICS.fullmatch(variable.text.strip())
    assert found is not None, f"what does variable {variable.name} ask? {variable.text}"
    return found[1]


def dashboards(folder: Path) -> list[Dashboard]:
    """Every dashboard of a folder, by name."""
    return [
        Dashboard(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))
    ]


def dashboards_of(made: Mapping[str, str]) -> list[Dashboard]:
    """Those among generated files, by name."""
    found = {Path(path): text for path, text in made.items() if path.startswith("grafana/dashboards/")}
    return [Dashboard(path.stem, json.loads(found[path])) for path in sorted(found)]


def names_in(text: str) -> set[str]:
    """The variables that a text uses, Grafana's own too."""
    return {found[1] or found[2] or found[4] for found in _VARIABLE.finditer(text)}


def substituted(text: str, values: Mapping[str, Value], regular: Iterable[str] = ()) -> str:
    """``text`` with all variables replaced; ``regular``: those whose single value stands in a regular expression, too.

    Grafana escapes a value for a string of PromQL, and for a regular expression within one where the variable has
    several values or *All*.
    """
    several = set(regular)

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[4]
        assert name in values, f"no variable {name}: {text}"
        return _formatted(values[name], found[3], is_regular=name in several)

    return _VARIABLE.sub(value, text)


def _formatted(value: Value, form: str | None, *, is_regular: bool) -> str:
    if isinstance(value, AsItStands):
        return value
    texts = (value,) if isinstance(value, str) else value
    match form:
        case None if isinstance(value, str):
            return _in_expression(value) if is_regular else _in_string(value)
        case None if len(texts) == 1:
            return _in_expression(texts[0])
        case None:
            return f"({'|'.join(map(_in_expression, texts))})"
        case "raw":
            return ",".join(texts)
        case "pipe":
            return "|".join(texts)
        case "regex":
            found = "|".join(re.sub(r"([/\\^$.*+?()\[\]{}|])", r"\\\1", one) for one in texts)
            return found if len(texts) == 1 else f"({found})"
        case _:
            raise AssertionError(f"no query of Prometheus needs ${{…:{form}}}")


def _in_string(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")


def _in_expression(text: str) -> str:
    """The backslash itself is written twice, since the string is read before the expression is."""
    return re.sub(r"([$^*{}\[\]'+?.()|])", r"\\\\\1", text.replace("\\", r"\\\\")).replace('"', '\\"')
