"""Every file that follows from the settings: the rules and configuration of Prometheus, Alertmanager's, the runbook."""

from __future__ import annotations

from alerting import alertmanager, breaches, budget, feeds, floor, history, pipeline, prometheus, runbook, targets, wall
from alerting.rules import Concern
from alerting.settings import Settings


def concerns(settings: Settings) -> tuple[Concern, ...]:
    """What is watched, in the order of the runbook; each is one file of rules."""
    parts = (breaches, budget, pipeline, wall, feeds, floor, targets)
    return tuple(part.concern(settings) for part in parts)


def files(settings: Settings) -> dict[str, str]:
    """Path relative to the output folder -> content. The same settings always give the same files.

    The paths never depend on the settings: no file of other settings is left beside them.
    """
    found = concerns(settings)
    made = {f"prometheus/rules/{concern.name}.yml": prometheus.rules(concern, settings) for concern in found}
    made["prometheus/rules/history.yml"] = prometheus.rules(history.concern(settings), settings)
    made["prometheus/prometheus.yml"] = prometheus.configuration(settings)
    made["prometheus/alertmanager.yml"] = alertmanager.configuration(settings)
    made["docs/alerts.md"] = runbook.page(found, settings)
    return made
