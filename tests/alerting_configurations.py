"""Configurations that the generated files have to get right: none, many policies, versions, odd names, extremes."""

from __future__ import annotations

from typing import Final

from tests.configuration_files import CONTRACT

_POLICY: Final = """
[[sla]]
name = "{name}"
first_response = "{target}"
objective = {objective}
{more}
"""


def policy(name: str, objective: float = 0.9, target: str = "15m", more: str = "page = {}") -> str:
    return _POLICY.format(name=name, objective=objective, target=target, more=more)


def match(queue: str, more: str = "page = {}") -> str:
    return f'match = {{ queue = ["{queue}"] }}\n{more}'


_RECEIVERS: Final = """
[[receivers]]
name = "hook"
kind = "webhook"
url = "http://[::1]:8000/page?to=a&b={{c}}"
secret_env = "HOOK_TOKEN"
[[receivers]]
name = "chat"
kind = "slack"
secret_file = "/run/secrets/slack"
[[receivers]]
name = "pager.duty-1"
kind = "pagerduty"
secret_env = "PAGER_KEY"
[[receivers]]
name = "post"
kind = "email"
to = "floor@desk.example"
from = "deskpulse@desk.example"
smarthost = "mail.desk.example:587"
username = "deskpulse"
secret_file = "/run/secrets/mail"
[[receivers]]
name = "open"
kind = "email"
to = "floor@desk.example"
from = "deskpulse@desk.example"
smarthost = "[::1]:25"
[[mutes]]
from = 2026-12-05T06:00:00Z
to = 2027-02-05T12:00:30Z
[[mutes]]
from = 2026-12-05T06:00:00Z
to = 2026-12-05T12:00:00Z
queues = ["billing", "a, \\"b\\" \\\\ {x} = ü\\n"]
reason = "migration"
[[mutes]]
from = 2026-12-06T06:00:00Z
to = 2026-12-06T12:00:00Z
queues = ["billing"]
[alerts]
watchdog = "hook"
base_url = "https://board.example/desk{{/"
runbook_url = "https://wiki.example/{{ .Evil }}/alerts.md"
alertmanager_url = "https://alertmanager.example/prefix/"
grafana_url = "https://grafana.example/desk{{/"
scrape_targets = ["worker-1:6066", "[::1]:6067"]
interval = "15s"
secrets_dir = "/etc/it's secret/"
"""

_ODD: Final = (
    r"a \"quoted\", \\ back {x} = ü 日本 😀 [[.*]] $1 \t",
    r"{{ .Evil }} {{",
    r"`%s %q` \u007f \u00e9",
    r"line\nline 'two'",
)

CONFIGURATIONS: Final[dict[str, str]] = {
    "empty": "",
    "contract": CONTRACT,
    "everything of alertmanager": policy("a", more='page = { receiver = "chat", severity = "ticket" }') + _RECEIVERS,
    "many policies": "".join(policy(f"policy {n}", 0.5 + n / 1000, f"{n}m", match(f"q{n}")) for n in range(1, 41)),
    "versions of one policy": policy("a", 0.95, "5m", "from = 2026-01-01T00:00:00Z")
    + policy("a", 0.9, "10m", "from = 2025-01-01T00:00:00Z\npage = { breaching = 7 }")
    + policy("a", 0.9, "10m"),
    "odd names": "".join(policy(name, more=match(name)) for name in _ODD)
    + f'[kpis.csat]\ntarget = 0.5\nqueues = {{ "{_ODD[0]}" = {{ target = 1 }} }}\n',
    "objectives at the edges": policy("a", 0.000_001, more=match("a"))
    + policy("b", 0.5, more=match("b"))
    + policy("c", 0.999_999),
    "hopeless objectives": policy("a", 0.000_001),
    "nobody is paged": policy("a", more=""),
    "some are paged": policy("a", more=match("a")) + policy("b", more=""),
    "no first response": '[[sla]]\nname = "a"\nresolution = "1h"\n',
    "no windows": "[windows]\nrolling = []\n[kpis.csat]\ntarget = 0.9\n",
    "odd windows": '[windows]\nrolling = ["2m", "40m", "300m", "3d"]\n[kpis.nps]\ntarget = -20.5\nwindow = "today"\n'
    "[kpis.csat]\ntarget = 0.9\n",
    "only short windows": '[windows]\nrolling = ["2m", "30m"]\n',
    "a worker anywhere": '[worker]\nbind = "::"\nport = 0\n',
}
