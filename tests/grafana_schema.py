"""Grafana's provisioning files, version 1, as its documentation and its loader describe them: any other key is refused.

Grafana itself passes over a key that it does not know, so that a misspelled one would never be noticed.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import yaml


class _Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What has these keys, in Grafana's spelling, and no others."""


class PrometheusJson(_Known, frozen=True, tag="prometheus", tag_field="kind"):
    time_interval: str
    http_method: Literal["GET", "POST"]
    manage_alerts: bool = False
    alertmanager_uid: str | None = None


class AlertmanagerJson(_Known, frozen=True, tag="alertmanager", tag_field="kind"):
    implementation: Literal["prometheus", "mimir", "cortex"]
    handle_grafana_managed_alerts: bool = False


class DataSource(_Known, frozen=True):
    name: str
    uid: str
    type: Literal["prometheus", "alertmanager"]
    access: Literal["proxy", "direct"]
    url: str
    json_data: dict[str, Any]
    org_id: int = 1
    is_default: bool = False
    editable: bool = False

    @property
    def settings(self) -> PrometheusJson | AlertmanagerJson:
        """``json_data`` by the kind of the source."""
        return msgspec.convert({**self.json_data, "kind": self.type}, PrometheusJson | AlertmanagerJson)


class DataSources(_Known, frozen=True):
    api_version: Literal[1]
    datasources: list[DataSource]


class ProviderOptions(_Known, frozen=True):
    path: str
    folders_from_files_structure: bool = False


class Provider(_Known, frozen=True):
    name: str
    type: Literal["file"]
    options: ProviderOptions
    folder: str = ""
    folder_uid: str = ""
    org_id: int = 1
    disable_deletion: bool = False
    allow_ui_updates: bool = False
    update_interval_seconds: int = 10


class Providers(_Known, frozen=True):
    api_version: Literal[1]
    providers: list[Provider]


class Webhook(_Known, frozen=True, tag="webhook", tag_field="kind"):
    url: str
    http_method: Literal["POST", "PUT"]
    authorization_scheme: str | None = msgspec.field(default=None, name="authorization_scheme")
    authorization_credentials: str | None = msgspec.field(default=None, name="authorization_credentials")


class Slack(_Known, frozen=True, tag="slack", tag_field="kind"):
    url: str


class Pagerduty(_Known, frozen=True, tag="pagerduty", tag_field="kind"):
    integration_key: str


class Email(_Known, frozen=True, tag="email", tag_field="kind"):
    addresses: str
    single_email: bool


class Integration(_Known, frozen=True):
    uid: str
    type: Literal["webhook", "slack", "pagerduty", "email"]
    settings: dict[str, Any]
    disable_resolve_message: bool = False

    @property
    def own(self) -> Webhook | Slack | Pagerduty | Email:
        """``settings`` by the kind of the integration."""
        return msgspec.convert({**self.settings, "kind": self.type}, Webhook | Slack | Pagerduty | Email)


class ContactPoint(_Known, frozen=True):
    name: str
    receivers: list[Integration]
    org_id: int = 1


class ContactPoints(_Known, frozen=True):
    api_version: Literal[1]
    contact_points: list[ContactPoint]


def data_sources(text: str) -> dict[str, DataSource]:
    """By type."""
    return {one.type: one for one in msgspec.convert(yaml.safe_load(text), DataSources).datasources}


def provider(text: str) -> Provider:
    """The only one."""
    (found,) = msgspec.convert(yaml.safe_load(text), Providers).providers
    return found


def contact_points(text: str) -> dict[str, ContactPoint]:
    """By name."""
    return {one.name: one for one in msgspec.convert(yaml.safe_load(text), ContactPoints).contact_points}
