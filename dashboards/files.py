"""Every dashboard as a file: the same settings always give the same bytes, and the paths never depend on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as grafana

from alerting.files import concerns
from alerting.panels import Seen
from alerting.settings import Settings
from dashboards import ops, pipeline, wall
from dashboards.annotations import marks
from dashboards.drawing import drawn
from dashboards.links import alerts_of, runbook, runbooks
from dashboards.panel import COLUMNS, Dashboard, Panel, Row
from dashboards.variables import variables

FOLDER: Final = "grafana/dashboards"
_TAG: Final = "deskpulse"


def dashboards(settings: Settings) -> tuple[Dashboard, ...]:
    """All of them, before Grafana's form."""
    return (wall.dashboard(settings), ops.dashboard(settings), pipeline.dashboard(settings))


def files(settings: Settings) -> dict[str, str]:
    """Path relative to the output folder -> JSON."""
    return {f"{FOLDER}/{found.uid}.json": text(found, settings) for found in dashboards(settings)}


def text(found: Dashboard, settings: Settings) -> str:
    """One dashboard as JSON, its keys in order."""
    return json.dumps(model(found, settings), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def model(found: Dashboard, settings: Settings) -> grafana.Dashboard:
    """One dashboard as the SDK has it."""
    return grafana.Dashboard(
        uid=found.uid,
        title=found.title,
        description=found.says,
        tags=[_TAG],
        editable=False,
        refresh=found.refresh,
        time=grafana.DashboardDashboardTime(from_val=found.since, to="now"),
        graph_tooltip=grafana.DashboardCursorSync.CROSSHAIR,
        panels=list(_placed(found, settings)),
        templating=grafana.DashboardDashboardTemplating(list_val=variables(found, settings)),
        annotations=grafana.AnnotationContainer(list_val=marks()),
        links=[_others()],
    )


def _others() -> grafana.DashboardLink:
    return grafana.DashboardLink(
        title="Support dashboards", type_val=grafana.DashboardLinkType.DASHBOARDS, tags=[_TAG], icon="dashboard",
        include_vars=True, keep_time=True,
    )  # fmt: skip


def _placed(found: Dashboard, settings: Settings) -> Iterator[grafana.Panel | grafana.RowPanel]:
    """Rows from the top, the panels of each from the left; a panel that does not fit begins a line."""
    present = frozenset(alert.name for concern in concerns(settings) for alert in concern.alerts)
    y = 0
    for row in found.rows:
        yield _heading(found, row, y)
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            place = grafana.GridPos(x=x, y=y, w=panel.width, h=panel.height)
            yield _panel(panel, found.seen(panel), place, settings, present)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def _heading(found: Dashboard, row: Row, y: int) -> grafana.RowPanel:
    number = Seen(found.uid, f"row {row.title}").id
    return grafana.RowPanel(id_val=number, title=row.title, grid_pos=grafana.GridPos(x=0, y=y, w=COLUMNS, h=1))


def _panel(
    panel: Panel, seen: Seen, place: grafana.GridPos, settings: Settings, present: frozenset[str]
) -> grafana.Panel:
    links = (*panel.links, *runbooks(seen, settings, present))
    return drawn(panel, seen.id, place, _description(panel, seen, settings, present), links)


def _description(panel: Panel, seen: Seen, settings: Settings, present: frozenset[str]) -> str:
    """What it means, what to do, and which alerts lead here."""
    alerts = [f"{alert} ({runbook(alert, settings)})" for alert in alerts_of(seen) if alert in present]
    told = f"\n\nAlerts: {', '.join(alerts)}." if alerts else ""
    return f"{panel.says}\n\n**Do.** {panel.act}{told}"
