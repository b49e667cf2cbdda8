"""What Grafana's files take of the configuration: `dashboards.provisioning.Grafana`, compiled."""

from __future__ import annotations

from dashboards import provisioning as core
from deskpulse.configuration.alerting import receivers
from deskpulse.configuration.model import Configuration


def grafana_settings(configuration: Configuration) -> core.Grafana:
    """What Grafana is told by the files that a configuration describes."""
    grafana, alerts = configuration.grafana, configuration.alerts
    return core.Grafana(
        prometheus_url=grafana.prometheus_url.rstrip("/"),
        alertmanager_url=alerts.alertmanager_url.rstrip("/"),
        interval=alerts.interval,
        folder=grafana.folder,
        dashboards_dir=grafana.dashboards_dir,
        has_contact_points=grafana.contact_points,
        receivers=receivers(configuration),
    )
