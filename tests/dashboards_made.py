"""The dashboards of a configuration, as they are generated: models, documents and their panels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from alerting.settings import Settings
from dashboards.files import dashboards, files
from dashboards.panel import Dashboard, Panel
from deskpulse.configuration.alerting import alerting_settings
from deskpulse.configuration.loading import load_configuration
from deskpulse.generated import DEMO
from tests.configuration_files import loaded


@cache
def of_demo() -> Settings:
    return alerting_settings(load_configuration(DEMO, {}))


def of_text(folder: Path, text: str) -> Settings:
    return alerting_settings(loaded(folder / "floor.toml", text))


@cache
def documents(settings: Settings) -> dict[str, Any]:
    """The JSON of each by its uid; made once, to be read only."""
    found = (json.loads(text) for text in files(settings).values())
    return {document["uid"]: document for document in found}


def shown(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels of a document that are no headings of rows."""
    yield from (panel for panel in document["panels"] if panel["type"] != "row")


def panels(settings: Settings) -> Iterator[tuple[Dashboard, Panel]]:
    for dashboard in dashboards(settings):
        for row in dashboard.rows:
            yield from ((dashboard, panel) for panel in row.panels)


def panel_of(settings: Settings, uid: str, key: str) -> Panel:
    (found,) = (panel for dashboard, panel in panels(settings) if (dashboard.uid, panel.key) == (uid, key))
    return found
