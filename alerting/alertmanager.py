"""alertmanager.yml: who gets which alert, how often, and when not.

Alerts name their receiver in the label ``receiver``; the others go to the default one. Secrets are named by file and
never written. A mute stops notifications of its queues, or of all; never the Watchdog's. Only *at risk* is silenced by
another alert, by *breached* of the same policy and queue: trouble of the pipeline silences nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from alerting import mutes
from alerting.breaches import AT_RISK, BREACHED
from alerting.pipeline import WATCHDOG
from alerting.rules import PAGE
from alerting.settings import NOBODY, Receiver, Settings
from alerting.yaml_text import document

_PAGE: Final = {"group_interval": "15s", "repeat_interval": "1h"}
_TICKET: Final = {"group_interval": "5m", "repeat_interval": "12h"}
_WATCHDOG: Final = {"group_interval": "1m", "repeat_interval": "5m"}

_TITLE: Final = '{{ if eq .Status "firing" }}FIRING{{ else }}resolved{{ end }}: {{ .CommonLabels.alertname }}'
_TEXT: Final = """\
{{ range .Alerts }}
{{ .Annotations.summary }} ({{ .Status }})
{{ .Annotations.description }}
{{ with .Annotations.tickets_url }}Tickets: {{ . }}
{{ end }}{{ with .Annotations.dashboard_url }}Dashboard: {{ . }}
{{ end }}Runbook: {{ .Annotations.runbook_url }}
{{ end }}"""


def configuration(settings: Settings) -> str:
    """The whole file."""
    found: dict[str, Any] = {"route": _root(settings), "inhibit_rules": [_at_risk_under_breached()]}
    if settings.mutes:
        found["time_intervals"] = [mutes.intervals(*mute) for mute in enumerate(settings.mutes)]
    found["receivers"] = [{"name": NOBODY}, *(_receiver(receiver, settings) for receiver in settings.receivers)]
    return document(
        "Start Alertmanager in the folder of this file with --config.file=alertmanager.yml: a relative path of a "
        "secret is looked for from there.",
        found,
    )


# ----------------------------------------------------------------------------------------------------- routes


def _root(settings: Settings) -> dict[str, Any]:
    # The root route can have no mutes, so that everything ends in one of its children.
    watchdog = {"matchers": [_is("alertname", WATCHDOG)], "receiver": settings.watchdog or NOBODY, **_WATCHDOG}
    named = [_to(receiver.name, [_is("receiver", receiver.name)], settings) for receiver in settings.receivers]
    return {
        "receiver": settings.default_receiver,
        "group_by": ["alertname", "policy"],
        "group_wait": "5s",
        **_TICKET,
        "routes": [watchdog, *named, _to(settings.default_receiver, [], settings)],
    }


def _to(receiver: str, matchers: list[str], settings: Settings) -> dict[str, Any]:
    """All that goes to one receiver: by muted queue, then by severity."""
    return {
        **({"matchers": matchers} if matchers else {}),
        "receiver": receiver,
        **_muted(_mutes_of(settings, None)),
        "routes": list(_leaves(settings)),
    }


def _leaves(settings: Settings) -> Iterator[dict[str, Any]]:
    # A route has the mutes that stand at itself and none of its parent's.
    for queue in dict.fromkeys(queue for mute in settings.mutes for queue in mute.queues or ()):
        muted = _muted(_mutes_of(settings, queue))
        matcher = _is("queue", queue)
        yield {"matchers": [matcher, _is("severity", PAGE)], **_PAGE, **muted}
        yield {"matchers": [matcher], **muted}
    yield {"matchers": [_is("severity", PAGE)], **_PAGE, **_muted(_mutes_of(settings, None))}


def _mutes_of(settings: Settings, queue: str | None) -> list[str]:
    """Names of the mutes of everything, and of those of ``queue``."""
    return [
        mutes.name(number)
        for number, mute in enumerate(settings.mutes)
        if mute.queues is None or (queue is not None and queue in mute.queues)
    ]


def _muted(names: list[str]) -> dict[str, Any]:
    return {"mute_time_intervals": names} if names else {}


def _is(label: str, value: str) -> str:
    """A matcher; Alertmanager knows three escapes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{label}="{escaped}"'


def _at_risk_under_breached() -> dict[str, Any]:
    # Without these matchers two alerts that both lack the labels would count as equal.
    labelled = ['policy!=""', 'queue!=""']
    return {
        "source_matchers": [_is("alertname", BREACHED), *labelled],
        "target_matchers": [_is("alertname", AT_RISK), *labelled],
        "equal": ["policy", "queue"],
    }


# -------------------------------------------------------------------------------------------------- receivers


def secret_path(receiver: Receiver, settings: Settings) -> str | None:
    """The file that holds a receiver's secret."""
    if receiver.secret_file is not None or receiver.secret_env is None:
        return receiver.secret_file
    return f"{settings.secrets_dir.rstrip('/')}/{receiver.secret_env}"


def _receiver(receiver: Receiver, settings: Settings) -> dict[str, Any]:
    build = {"webhook": _webhook, "slack": _slack, "pagerduty": _pagerduty, "email": _email}[receiver.kind]
    secret = secret_path(receiver, settings)
    return {"name": receiver.name, f"{receiver.kind}_configs": [{"send_resolved": True, **build(receiver, secret)}]}


def _webhook(receiver: Receiver, secret: str | None) -> dict[str, Any]:
    authorization = {"http_config": {"authorization": {"credentials_file": secret}}} if secret is not None else {}
    return {"url": receiver.url, **authorization}


def _slack(_: Receiver, secret: str | None) -> dict[str, Any]:
    return {"api_url_file": secret, "title": _TITLE, "text": _TEXT}


def _pagerduty(_: Receiver, secret: str | None) -> dict[str, Any]:
    return {"routing_key_file": secret, "description": _TITLE, "details": {"alerts": _TEXT}}


def _email(receiver: Receiver, secret: str | None) -> dict[str, Any]:
    login = {"auth_username": receiver.username, "auth_password_file": secret} if secret is not None else {}
    return {
        "to": receiver.to,
        "from": receiver.sender,
        "smarthost": receiver.smarthost,
        **login,
        "headers": {"Subject": _TITLE},
        "text": _TEXT,
    }
