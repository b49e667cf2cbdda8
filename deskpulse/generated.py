"""Every generated file, from the code and configuration it describes; `generate` writes, `--check` compares.

The project's own rules and runbook follow from the configuration of the demo; an operator's from theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from alerting.files import files as alerting_files
from deskpulse.configuration import reference
from deskpulse.configuration.alerting import alerting_settings
from deskpulse.configuration.loading import load_configuration
from deskpulse.configuration.model import Configuration
from metrics import catalogue_page, clock_states, names_page
from stream.events import TOPIC_OF_TYPE, TYPES

DEMO: Final = Path(__file__).with_name("demo.toml")


def files() -> dict[str, str]:
    """The project's own files: path relative to the project (or to `--output`) -> content."""
    made = {f"schemas/{name}.schema.json": schema(name) for name in TYPES}
    made["docs/configuration.md"] = reference.render()
    made["docs/metrics.md"] = names_page.render_reference()
    made["docs/kpis.md"] = catalogue_page.render_page()
    made["docs/sla.md"] = clock_states.render_page()
    return made | files_of(load_configuration(DEMO, {}))


def files_of(configuration: Configuration) -> dict[str, str]:
    """The files that follow from a configuration: prometheus/ and docs/alerts.md."""
    return alerting_files(alerting_settings(configuration))


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


def write(made: Mapping[str, str], folder: Path) -> list[str]:
    """Write what differs below ``folder``; returns the paths written."""
    written = drifted(made, folder)
    for path in written:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made[path], encoding="utf-8")
    return written


def drifted(made: Mapping[str, str], folder: Path) -> list[str]:
    """Paths whose content below ``folder`` is missing or not what was made now."""
    return [path for path, content in made.items() if _content(folder / path) != content]


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
