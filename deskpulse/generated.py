"""Every generated file, from the code and configuration it describes; `generate` writes, `--check` compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from deskpulse.configuration import reference
from metrics import clock_states, names_page
from stream.events import TOPIC_OF_TYPE, TYPES


def files() -> dict[str, str]:
    """Path relative to the project (or to `--output`) -> content."""
    made = {f"schemas/{name}.schema.json": schema(name) for name in TYPES}
    made["docs/configuration.md"] = reference.render()
    made["docs/metrics.md"] = names_page.render_reference()
    made["docs/sla.md"] = clock_states.render_page()
    return made


def schema(name: str) -> str:
    """The JSON Schema of one event type."""
    (root,), components = msgspec.json.schema_components([TYPES[name]], ref_template="#/$defs/{name}")
    document: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:deskpulse:{name}",
        "description": f"CloudEvents 1.0, structured JSON mode, on topic {TOPIC_OF_TYPE[name]}",
        **root,
        "$defs": components,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> list[str]:
    """Write what differs below ``folder``; returns the paths written."""
    written = drifted(folder)
    for path in written:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files()[path], encoding="utf-8")
    return written


def drifted(folder: Path) -> list[str]:
    """Paths whose content below ``folder`` is missing or not what would be generated now."""
    return [path for path, content in files().items() if _content(folder / path) != content]


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
