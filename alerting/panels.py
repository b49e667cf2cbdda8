"""Where an alert is seen: its panel of Grafana's dashboards, with an id that follows from the panel's name.

The package ``dashboards`` draws these panels, and stands above this one: tests/unit/test_dashboard_links.py holds that
each of them is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zlib import crc32

import msgspec

from alerting import breaches, budget, feeds, floor, pipeline, wall
from alerting.judged import ALL
from alerting.promql import literal
from alerting.rules import Rule
from alerting.settings import Settings

WALL: Final = "support-wall"
OPS: Final = "support-ops"
PIPELINE: Final = "support-pipeline"

#: Ids are below this, so that they are read and typed without pain.
_IDS: Final = 1_000_000

#: Of the alerts whose series have a queue, only that one is shown.
_QUEUE: Final = "{{ with $labels.queue }}&var-queue={{ . | urlquery }}{{ end }}"


class Seen(msgspec.Struct, frozen=True):
    """A panel by the uid of its dashboard and its own name there."""

    dashboard: str
    panel: str

    @property
    def id(self) -> int:
        """What Grafana calls the panel: of its name alone, so that no other panel moves it."""
        return crc32(f"{self.dashboard}/{self.panel}".encode()) % _IDS + 1


#: Alert -> its panel.
SEEN: Final[Mapping[str, Seen]] = {
    breaches.BREACHED: Seen(OPS, "first_response_breaching"),
    breaches.AT_RISK: Seen(OPS, "first_response_at_risk"),
    breaches.OLDEST: Seen(OPS, "first_response_overdue"),
    budget.BURN: Seen(OPS, "first_response_budget"),
    floor.SURGE: Seen(OPS, "escalated"),
    floor.WITHOUT_POLICY: Seen(OPS, "without_policy"),
    floor.OVERFLOW: Seen(PIPELINE, "label_overflow"),
    pipeline.INCOMPLETE: Seen(PIPELINE, "partitions_ready"),
    pipeline.DOWN: Seen(PIPELINE, "partitions_ready"),
    pipeline.RECOVERY: Seen(PIPELINE, "recovery"),
    pipeline.WORKER: Seen(PIPELINE, "processes"),
    pipeline.STORM: Seen(PIPELINE, "rebalances"),
    pipeline.LETTERS: Seen(PIPELINE, "dead_letters"),
    pipeline.MISROUTED: Seen(PIPELINE, "misrouted"),
    pipeline.WATCHDOG: Seen(PIPELINE, "alerts_firing"),
    wall.DOWN: Seen(PIPELINE, "processes"),
    wall.STALE: Seen(PIPELINE, "snapshot_age"),
    wall.DISAGREES: Seen(PIPELINE, "wall_difference"),
    feeds.SILENT: Seen(PIPELINE, "feed_silence"),
    feeds.LATE: Seen(PIPELINE, "feed_delay"),
    **{judged.alert: Seen(OPS, judged.kpi) for judged in ALL},
}


def address(alert: str, settings: Settings) -> str:
    """Where an alert's panel is."""
    seen = SEEN[alert]
    return f"{settings.grafana_url}/d/{seen.dashboard}?viewPanel={seen.id}"


def annotation(alert: str, rule: Rule, settings: Settings) -> str:
    """The same as a template of Prometheus: of the alert's queue, in the window that the rule judges, if any.

    A rule's own labels are not among those that its templates know.
    """
    window = f"&var-window={rule.labels['window']}" if "window" in rule.labels else ""
    return literal(address(alert, settings)) + window + _QUEUE
