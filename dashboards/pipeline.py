"""`support-pipeline`: whether the numbers are right: intake, partitions, delivery to walls, feeds, data quality."""

from __future__ import annotations

from alerting.panels import PIPELINE
from alerting.settings import Settings
from dashboards import pipeline_data, pipeline_delivery, pipeline_workers
from dashboards.panel import Dashboard
from dashboards.wall import near
from metrics.instants import HOUR


def dashboard(settings: Settings) -> Dashboard:
    """The whole dashboard."""
    return Dashboard(
        uid=PIPELINE,
        title="Support: pipeline",
        says="Whether the numbers of the floor can be believed, and where they stop if not.",
        rows=(
            pipeline_workers.health(),
            pipeline_workers.intake(),
            pipeline_workers.recovery(),
            pipeline_delivery.delivery(settings),
            pipeline_data.feeds(),
            pipeline_data.quality(),
        ),
        window=near(settings, HOUR),
        since="now-3h",
        refresh="30s",
    )
