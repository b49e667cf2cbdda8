"""prometheus.yml and the files of rules."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from alerting import panels, wall
from alerting.pipeline import JOB
from alerting.promql import literal, span
from alerting.rules import Alert, Concern, Recording, Rule
from alerting.settings import Settings
from alerting.yaml_text import document
from metrics.instants import SECOND

#: Well over what is exported at the limits: 35,000 series. Beyond it something is wrong, and the scrape fails.
SAMPLES_MAX = 40_000
#: How soon a worker that has joined is scraped.
_REFRESH: Final = "15s"


def configuration(settings: Settings) -> str:
    """``prometheus.yml``: what is scraped, which rules hold, and whom alerts are handed to."""
    interval = span(settings.interval)
    limits = {
        # A scrape ends before the next begins, or counts as missed.
        "scrape_timeout": span(max(settings.interval - SECOND, SECOND)),
        "sample_limit": SAMPLES_MAX,
        "label_limit": 20,
        "label_name_length_limit": 100,
        "label_value_length_limit": 4096,
    }
    board = {**_authorization(settings), "static_configs": [{"targets": [settings.board.target]}]}
    jobs = [{"job_name": JOB, **limits, **_workers(settings)}, {"job_name": wall.JOB, **limits, **board}]
    return document(
        "Start Prometheus with --config.file=prometheus.yml; paths are relative to this file.",
        {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": ["rules/*.yml"],
            "alerting": {"alertmanagers": [_alertmanager(settings.alertmanager_url)]},
            "scrape_configs": jobs,
        },
    )


def _workers(settings: Settings) -> dict[str, Any]:
    if settings.scrape_targets is not None:
        return {"static_configs": [{"targets": list(settings.scrape_targets)}]}
    found = {"url": f"http://{settings.board.target}/sd/prometheus", "refresh_interval": _REFRESH}
    return {"http_sd_configs": [{**found, **_authorization(settings)}]}


def _authorization(settings: Settings) -> dict[str, Any]:
    path = token_path(settings)
    return {} if path is None else {"authorization": {"credentials_file": path}}


def token_path(settings: Settings) -> str | None:
    """The file that holds the board's token; relative: to the folder of ``prometheus.yml``. None: it asks for none."""
    variable = settings.board.token_env
    return None if variable is None else f"{settings.secrets_dir.rstrip('/')}/{variable}"


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
    pace = {} if concern.interval is None else {"interval": span(concern.interval)}
    groups = [{"name": f"deskpulse_{concern.name}", **pace, "rules": found}] if found else []
    told = f" What each alert means: {settings.runbook_url}" if concern.alerts or concern.omissions else ""
    return document(f"{concern.title}.{told}", {"groups": groups})


def _recording(recording: Recording) -> dict[str, Any]:
    return {"record": recording.record, "expr": recording.expr}


def _alerting(alert: Alert, rule: Rule, settings: Settings) -> dict[str, Any]:
    annotations = {"summary": rule.summary, "description": rule.description}
    if rule.tickets is not None:
        annotations["tickets_url"] = f"{literal(settings.base_url)}/api/tickets?{rule.tickets}"
    annotations["dashboard_url"] = panels.annotation(alert.name, rule, settings)
    annotations["runbook_url"] = f"{literal(settings.runbook_url)}#{alert.name.lower()}"
    return {
        "alert": alert.name,
        "expr": rule.expr,
        **({"for": rule.lasting} if rule.lasting is not None else {}),
        "labels": {"severity": rule.severity, **rule.labels},
        "annotations": annotations,
    }
