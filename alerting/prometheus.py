"""prometheus.yml and the files of rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from alerting.pipeline import JOB
from alerting.promql import literal, span
from alerting.rules import Alert, Concern, Recording, Rule
from alerting.settings import Settings
from alerting.yaml_text import document
from metrics.instants import SECOND

#: Well over what is exported at the limits: 35,000 series. Beyond it something is wrong, and the scrape fails.
SAMPLES_MAX = 40_000


def configuration(settings: Settings) -> str:
    """``prometheus.yml``: what is scraped, which rules hold, and whom alerts are handed to."""
    interval = span(settings.interval)
    job = {
        "job_name": JOB,
        # A scrape ends before the next begins, or counts as missed.
        "scrape_timeout": span(max(settings.interval - SECOND, SECOND)),
        "sample_limit": SAMPLES_MAX,
        "label_limit": 20,
        "label_name_length_limit": 100,
        "label_value_length_limit": 4096,
        "static_configs": [{"targets": list(settings.scrape_targets)}],
    }
    return document(
        "Start Prometheus with --config.file=prometheus.yml; paths are relative to this file.",
        {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": ["rules/*.yml"],
            "alerting": {"alertmanagers": [_alertmanager(settings.alertmanager_url)]},
            "scrape_configs": [job],
        },
    )


def _alertmanager(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    path = parts.path.rstrip("/")
    return {
        "scheme": parts.scheme,
        **({"path_prefix": path} if path else {}),
        "static_configs": [{"targets": [f"{host}:{port}"]}],
    }


def rules(concern: Concern, settings: Settings) -> str:
    """One file of rules: one group, recordings first."""
    found = [*map(_recording, concern.recordings)]
    found += [_alerting(alert, rule, settings) for alert in concern.alerts for rule in alert.rules]
    groups = [{"name": f"deskpulse_{concern.name}", "rules": found}] if found else []
    return document(f"{concern.title}. What each alert means: {settings.runbook_url}", {"groups": groups})


def _recording(recording: Recording) -> dict[str, Any]:
    return {"record": recording.record, "expr": recording.expr}


def _alerting(alert: Alert, rule: Rule, settings: Settings) -> dict[str, Any]:
    annotations = {"summary": rule.summary, "description": rule.description}
    if rule.tickets is not None:
        annotations["tickets_url"] = f"{literal(settings.base_url)}/api/tickets?{rule.tickets}"
    annotations["runbook_url"] = f"{literal(settings.runbook_url)}#{alert.name.lower()}"
    return {
        "alert": alert.name,
        "expr": rule.expr,
        **({"for": rule.lasting} if rule.lasting is not None else {}),
        "labels": {"severity": rule.severity, **rule.labels},
        "annotations": annotations,
    }
