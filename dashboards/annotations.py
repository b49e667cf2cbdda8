"""Marks on every time line: releases, rebalances, alerts that fire."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import dashboard as grafana
from grafana_foundation_sdk.models import prometheus

from dashboards.drawing import SOURCE
from dashboards.panel import Colour
from metrics import names

_BY_RELEASE: Final = "max by (version, revision)"

#: Where a release is there that was not in the quarter of an hour before: a scrape that fails is no deploy.
_DEPLOYS: Final = (
    f"{_BY_RELEASE} ({names.BUILD.name}) unless on (version, revision) "
    f"{_BY_RELEASE} (max_over_time({names.BUILD.name}[15m] offset $__interval))"
)
_REBALANCES: Final = f"ceil(max(increase({names.REBALANCES.name}[$__rate_interval]))) > 0"
_ALERTS: Final = 'max by (alertname, severity, queue) (ALERTS{alertname=~"Support.*",alertstate="firing"})'


def marks() -> list[grafana.AnnotationQuery]:
    """All of them; each can be turned off above."""
    return [
        _annotation("Deploys", _DEPLOYS, Colour.GOOD, "{{version}} {{revision}}", "version"),
        _annotation("Rebalances", _REBALANCES, Colour.UNKNOWN, "Rebalance", ""),
        _annotation("Alerts", _ALERTS, Colour.BREACH, "{{alertname}} {{queue}}", "severity"),
    ]


def _annotation(name: str, expr: str, colour: Colour, title: str, tags: str) -> grafana.AnnotationQuery:
    target = prometheus.Dataquery(datasource=SOURCE, expr=expr, ref_id=f"annotation-{name.lower()}", range_val=True)
    return grafana.AnnotationQuery(
        name=name,
        datasource=SOURCE,
        enable=True,
        icon_color=colour,
        expr=expr,
        target=target,
        title_format=title,
        tag_keys=tags,
        step="15s",
    )
