"""Marks on every time line: releases, rebalances, alerts that fire."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import dashboard as grafana
from grafana_foundation_sdk.models import prometheus

from dashboards.drawing import SOURCE
from dashboards.panel import Colour
from metrics import names

_RELEASE: Final = f"max by (version, revision) ({names.BUILD.name}"

#: Where a release is there that was not a step before.
_DEPLOYS: Final = f"{_RELEASE}) unless on (version, revision) {_RELEASE} offset $__interval)"
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
