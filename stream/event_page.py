"""The page docs/events.md, from the schemas of the events, their examples and the reasons of refusals.

What a field is, by type, default and limit, is read off the JSON Schema, so that the page cannot say anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from stream.event_examples import example
from stream.event_words import AFTER_THE_TYPES, INTRODUCTION, REFUSALS
from stream.events import TOPIC_OF_TYPE, TYPES

Schema = Mapping[str, Any]
_ENVELOPE_ONLY: Final = ("type", "data")
_REF: Final = "#/$defs/"


def render() -> str:
    """The whole page; the same types always give the same text."""
    parts = [INTRODUCTION.format(envelope=_envelope(), topics=_topics())]
    parts += [_section(kind) for kind in TYPES]
    parts.append(AFTER_THE_TYPES.format(refusals=_refusals()))
    return "\n".join(parts)


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of one event type, with its full example."""
    (root,), components = msgspec.json.schema_components([TYPES[kind]], ref_template=_REF + "{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:deskpulse:{kind}",
        "description": f"CloudEvents 1.0, structured JSON mode, on topic {TOPIC_OF_TYPE[kind]}",
        **root,
        "$defs": components,
        "examples": [example(kind)],
    }


# --------------------------------------------------------------------------------------------------- the parts


def _envelope() -> str:
    (first, *_) = TYPES
    event = _event(schema(first))
    rows = (
        f"| `{name}` | {_type(one)} | {one['description']} |\n"
        for name, one in event["properties"].items()
        if name not in _ENVELOPE_ONLY
    )
    return "".join(rows)


def _topics() -> str:
    rows = (
        f"| `{topic}` | [`{kind}`](#{_anchor(kind)}) | {_meaning(kind)} |\n" for kind, topic in TOPIC_OF_TYPE.items()
    )
    return "".join(rows)


def _section(kind: str) -> str:
    fields = list(_fields(schema(kind)))
    rows = "".join(f"| `{name}` | {_type(one)} | {given} | {one['description']} |\n" for name, one, given in fields)
    table = f"| in `data` | type | default | what |\n|---|---|---|---|\n{rows}" if rows else "It needs no `data`.\n"
    optional = "" if "data" in _event(schema(kind))["required"] or not rows else " `data` may be left out."
    shown = json.dumps(example(kind), indent=2, ensure_ascii=False)
    return f"## {kind}\n\n{_meaning(kind)}. On `{TOPIC_OF_TYPE[kind]}`.{optional}\n\n{table}\n```json\n{shown}\n```\n"


def _refusals() -> str:
    rows = (f"| `{reason}` | {told.when} | {told.advice} |\n" for reason, told in REFUSALS.items())
    return "".join(rows)


def _meaning(kind: str) -> str:
    return str(_event(schema(kind))["description"]).rstrip(".")


def _anchor(kind: str) -> str:
    """GitHub's anchor of a heading: points are left out."""
    return kind.replace(".", "")


# ------------------------------------------------------------------------------------------- read off a schema


def _event(document: Schema) -> dict[str, Any]:
    return dict(document["$defs"][document["$ref"].removeprefix(_REF)])


def _fields(document: Schema) -> Iterator[tuple[str, Schema, str]]:
    """Each field of ``data`` with its default as text; those of a table within stand as ``period.start``."""
    data = _event(document)["properties"]["data"]
    named = [one for one in data.get("anyOf", [data]) if "$ref" in one]
    for one in named:
        yield from _fields_of(document, one, "")


def _fields_of(document: Schema, reference: Schema, before: str) -> Iterator[tuple[str, Schema, str]]:
    table = document["$defs"][reference["$ref"].removeprefix(_REF)]
    for name, one in table["properties"].items():
        if "$ref" in one:
            yield from _fields_of(document, one, f"{before}{name}.")
        else:
            default = json.dumps(one["default"]) if name not in table["required"] else None
            yield before + name, one, "**required**" if default is None else f"`{default}`"


_WORDS: Final = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "null": "null"}


def _type(one: Schema) -> str:
    """In words: ``text, not empty``, ``integer or null``, a choice as its values."""
    if "anyOf" in one:
        return " or ".join(_type(each) for each in one["anyOf"])
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"] if value)
    if "prefixItems" in one:
        return "[" + ", ".join(_type(each) for each in one["prefixItems"]) + "]"
    if "items" in one:
        return f"list of {_type(one['items'])}"
    limits = (", not empty" if "minLength" in one else "") + (", as 2026-10-31" if "pattern" in one else "")
    return _WORDS[one["type"]] + limits
