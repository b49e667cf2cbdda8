"""The variables that every dashboard has: data source, queue, priority, window."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import dashboard as grafana

from alerting.settings import Settings
from dashboards.drawing import SOURCE
from dashboards.panel import Dashboard

TODAY: Final = "today"
_ALL: Final = grafana.VariableOption(selected=True, text=["All"], value=["$__all"])
_LABEL_VALUES: Final = 1  # what Grafana's editor of variables calls such a query

#: Metrics that have every queue and priority: of what is open, and of what happened since the workers started.
_KNOWN: Final = '{__name__=~"support_tickets_(open|created_total)"}'


def variables(found: Dashboard, settings: Settings) -> list[grafana.VariableModel]:
    """The four of them."""
    return [_source(), _labels("queue", "Queue"), _labels("priority", "Priority"), _window(found, settings)]


def _source() -> grafana.VariableModel:
    return grafana.VariableModel(
        type_val=grafana.VariableType.DATASOURCE, name="datasource", label="Data source", query="prometheus"
    )


def _labels(label: str, shown: str) -> grafana.VariableModel:
    """Any of the values that there are; all of them are asked for as anything, so that a new one is in it."""
    query = f"label_values({_KNOWN}, {label})"
    return grafana.VariableModel(
        type_val=grafana.VariableType.QUERY,
        name=label,
        label=shown,
        datasource=SOURCE,
        query={"qryType": _LABEL_VALUES, "query": query, "refId": f"variable-{label}"},
        definition=query,
        current=_ALL,
        multi=True,
        include_all=True,
        all_value=".*",
        refresh=grafana.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=grafana.VariableSort.ALPHABETICAL_ASC,
    )


def _window(found: Dashboard, settings: Settings) -> grafana.VariableModel:
    """One window at a time, of those that are configured: numbers of several must never be added up."""
    windows = (*(window.name for window in settings.windows), TODAY)
    options = [grafana.VariableOption(selected=name == found.window, text=name, value=name) for name in windows]
    return grafana.VariableModel(
        type_val=grafana.VariableType.CUSTOM,
        name="window",
        label="Window",
        query=",".join(windows),
        current=grafana.VariableOption(selected=True, text=found.window, value=found.window),
        options=options,
        multi=False,
        include_all=False,
    )
