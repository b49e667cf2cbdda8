"""Grafana's provisioning files: where its numbers are, where the dashboards lie, and, if wanted, whom it can call.

Grafana reads them when it starts. It replaces `$NAME`, `${NAME}`, `$__env{NAME}` and `$__file{PATH}` in any value, so a
dollar that is meant is written twice.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import msgspec

from alerting.promql import span
from alerting.settings import Receiver
from alerting.yaml_text import document
from metrics.instants import SECOND

#: The uids are fixed, so that links, stars and permissions outlive a new installation.
PROMETHEUS_UID: Final = "deskpulse-prometheus"
ALERTMANAGER_UID: Final = "deskpulse-alertmanager"
FOLDER_UID: Final = "deskpulse"

#: What Grafana takes as a uid.
UID_LENGTH_MAX: Final = 40
_NOT_OF_A_UID: Final = re.compile(r"[^A-Za-z0-9_-]")
_DIGEST_BYTES: Final = 5
#: How soon a dashboard that was generated anew is shown.
_RESCAN_SECONDS: Final = 30
_ORGANIZATION: Final = 1


class Grafana(msgspec.Struct, frozen=True, kw_only=True):
    """What Grafana is told. ``interval`` is that of scrapes; ``dashboards_dir`` is a folder as Grafana sees it."""

    prometheus_url: str = "http://127.0.0.1:9090"
    alertmanager_url: str = "http://127.0.0.1:9093"
    interval: int = 5 * SECOND
    folder: str = "Support"
    dashboards_dir: str = "/var/lib/grafana/dashboards"
    has_contact_points: bool = False
    receivers: tuple[Receiver, ...] = ()


def files(grafana: Grafana) -> dict[str, str]:
    """Path relative to the output folder -> content. The paths never depend on what Grafana is told."""
    return {
        "grafana/provisioning/datasources/deskpulse.yaml": data_sources(grafana),
        "grafana/provisioning/dashboards/deskpulse.yaml": provider(grafana),
        "grafana/provisioning/alerting/deskpulse.yaml": contact_points(grafana),
    }


def data_sources(grafana: Grafana) -> str:
    """Prometheus, and the Alertmanager that it hands its alerts to.

    None of them is the default one: Grafana does not start where a second one of an organization says so.
    """
    prometheus = {
        **_data_source("Prometheus of deskpulse", PROMETHEUS_UID, "prometheus", grafana.prometheus_url),
        "jsonData": {
            "timeInterval": span(grafana.interval),
            "httpMethod": "POST",
            "manageAlerts": True,
            "alertmanagerUid": ALERTMANAGER_UID,
        },
    }
    alertmanager = {
        **_data_source("Alertmanager of deskpulse", ALERTMANAGER_UID, "alertmanager", grafana.alertmanager_url),
        "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
    }
    return document(
        "For provisioning/datasources: timeInterval is how often Prometheus scrapes.",
        {"apiVersion": 1, "datasources": [prometheus, alertmanager]},
    )


def _data_source(name: str, uid: str, kind: str, url: str) -> dict[str, Any]:
    return {
        "name": name,
        "uid": uid,
        "orgId": _ORGANIZATION,
        "type": kind,
        "access": "proxy",
        "url": literal(url),
        "isDefault": False,
        "editable": False,
    }


def provider(grafana: Grafana) -> str:
    """Where the dashboards lie, and the folder in which they are shown; nobody edits them but `generate`.

    A dashboard whose file is gone stays, as where a volume is not mounted for once.
    """
    made = {
        "name": "deskpulse",
        "orgId": _ORGANIZATION,
        "type": "file",
        "folder": literal(grafana.folder),
        "folderUid": FOLDER_UID,
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": _RESCAN_SECONDS,
        "options": {"path": literal(grafana.dashboards_dir), "foldersFromFilesStructure": False},
    }
    return document(
        "For provisioning/dashboards: who may see the folder is not said here, see docs/grafana.md.",
        {"apiVersion": 1, "providers": [made]},
    )


# --------------------------------------------------------------------------------------------- contact points


def contact_points(grafana: Grafana) -> str:
    """The receivers as contact points, for alerts of Grafana's own; none unless they are asked for."""
    if not grafana.has_contact_points:
        why = "none: `contact_points = true` in [grafana] makes one of each of [[receivers]]."
        return document(f"For provisioning/alerting: {why}", {"apiVersion": 1, "contactPoints": []})
    made = [_contact_point(receiver) for receiver in grafana.receivers]
    return document(
        "For provisioning/alerting: for alerts made in Grafana; those of deskpulse go by Alertmanager.",
        {"apiVersion": 1, "contactPoints": made},
    )


def _contact_point(receiver: Receiver) -> dict[str, Any]:
    settings = {"webhook": _webhook, "slack": _slack, "pagerduty": _pagerduty, "email": _email}[receiver.kind]
    integration = {
        "uid": uid_of(receiver.name),
        "type": receiver.kind,
        "disableResolveMessage": False,
        "settings": settings(receiver),
    }
    name = f"deskpulse {receiver.name}"  # one of the same name would be added to somebody's own
    return {"orgId": _ORGANIZATION, "name": literal(name), "receivers": [integration]}


def uid_of(name: str) -> str:
    """A uid that follows from a receiver's name, and that no other name has."""
    plain = _NOT_OF_A_UID.sub("-", name)
    digest = hashlib.blake2s(name.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"deskpulse-{plain[: UID_LENGTH_MAX - len('deskpulse--') - len(digest)]}-{digest}"


def secret(receiver: Receiver) -> str | None:
    """How Grafana is told where the secret is: in its environment, or in a file that it can read.

    The variable stands there without braces: what `$__env{NAME}` has become is searched for dollars once more, so a
    secret that has one would be another. So is what a file holds.
    """
    if receiver.secret_file is not None:
        return f"$__file{{{receiver.secret_file}}}"
    return None if receiver.secret_env is None else f"${receiver.secret_env}"


def _webhook(receiver: Receiver) -> dict[str, Any]:
    token = secret(receiver)
    bearer = {} if token is None else {"authorization_scheme": "Bearer", "authorization_credentials": token}
    return {"url": literal(receiver.url or ""), "httpMethod": "POST", **bearer}


def _slack(receiver: Receiver) -> dict[str, Any]:
    return {"url": secret(receiver)}


def _pagerduty(receiver: Receiver) -> dict[str, Any]:
    return {"integrationKey": secret(receiver)}


def _email(receiver: Receiver) -> dict[str, Any]:
    """The server, the sender and the password are Grafana's own, of `[smtp]` in its configuration."""
    return {"addresses": literal(receiver.to or ""), "singleEmail": True}


def literal(text: str) -> str:
    """A text that Grafana leaves as it is."""
    return text.replace("$", "$$")
