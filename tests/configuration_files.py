"""Configuration files for tests: the contract's own, and how one is loaded or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskpulse.configuration.loading import Configuration, ConfigurationError, load_configuration

#: The file of the contract, word for word apart from its comments.
CONTRACT = """
[broker]
url = "kafka://localhost:9092"
partitions = 8
replication = 3
session_timeout = "10s"
instance_id = "worker-1"
[dead_letters]
max_ratio = 0.5
over = 1000
[redis]
url = "redis://localhost:6379/0"
[floor]
time_zone = "Asia/Tehran"
[labels]
queues = ["billing", "returns"]
aliases = { payments = "billing" }
priorities = ["urgent", "high", "normal", "low"]
channels = ["email", "chat", "phone", "web"]
[windows]
rolling = ["15m", "1h", "6h", "24h", "7d", "30d"]
[retention]
settled = "62d"
[time]
live_since = 2026-01-01T00:00:00Z
skew = "2m"
future = "10m"
[helpdesk]
ticket_url = "https://desk.example/tickets/{id}"

[calendars.office]
[[calendars.office.versions]]
from = 2020-01-01T00:00:00Z
time_zone = "Europe/Istanbul"
week = { mon = ["09:00-12:30", "13:30-18:00"], tue = ["09:00-18:00"] }
holidays = ["2026-01-01", { date = "2026-04-22", open = ["09:00-12:00"] }]
public_holidays = "TR"

[[sla]]
name = "urgent billing"
from = 2026-01-01T00:00:00Z
match = { queue = ["billing"], priority = ["urgent", "high"], channel = ["chat"], kind = ["complaint"] }
first_response = "15m"
next_response = "1h"
resolution = "8h"
objective = 0.9
page = { breaching = 1, severity = "page", receiver = "pager" }
calendar = "office"
at_risk = 0.2

[kpis.csat]
target = 0.85
window = "7d"
minimum_answers = 30
queues = { billing = { target = 0.9 } }

[[receivers]]
name = "pager"
kind = "pagerduty"
secret_env = "PAGER_KEY"
[[mutes]]
from = 2026-12-05T06:00:00Z
to = 2026-12-05T12:00:00Z
queues = ["billing"]
reason = "migration"
[[feeds]]
source = "zendesk/acme"
silent_after = "15m"
calendar = "office"
"""


def loaded(file: Path, text: str, **environment: str) -> Configuration:
    file.write_text(text, encoding="utf-8")
    return load_configuration(file, environment)


def problems(file: Path, text: str, **environment: str) -> list[str]:
    """The lines of all problems, without the folder of the file."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(file, text, **environment)
    return [str(problem).replace(str(file), "floor.toml") for problem in caught.value.problems]
