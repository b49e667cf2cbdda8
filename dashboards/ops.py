"""`support-ops`: the floor in full: SLA now, by policy and over windows, flow, voice, slow KPIs."""

from __future__ import annotations

from alerting.panels import OPS
from alerting.settings import Settings
from dashboards import ops_flow, ops_now, ops_slow, ops_voice, ops_windows
from dashboards.panel import Dashboard
from dashboards.wall import near
from metrics.instants import DAY


def dashboard(settings: Settings) -> Dashboard:
    """The whole dashboard."""
    return Dashboard(
        uid=OPS,
        title="Support: operations",
        says="Every KPI of the floor, by queue, with its target, its interval and the number that it is of.",
        rows=(
            ops_now.row(settings),
            ops_now.by_policy(settings),
            ops_windows.promises(settings),
            ops_windows.durations(settings),
            ops_flow.flow(settings),
            ops_flow.outcomes(settings),
            ops_voice.row(settings),
            ops_slow.row(settings),
        ),
        window=near(settings, DAY),
        since="now-24h",
        refresh="30s",
    )
