"""What the alerts need to know of the configuration: policies, targets of KPIs, receivers, mutes, addresses.

Compiled, pure and frozen: durations and instants are integer nanoseconds. Knows no TOML and no YAML. The defaults are
those of an empty file.
"""

from __future__ import annotations

from typing import Final

import msgspec

from metrics.instants import SECOND
from metrics.policies import DEFAULT_POLICY, DEFAULT_WINDOWS, Window

#: The receiver of alerts that go to none of the configured ones; it has no way to reach anybody.
NOBODY: Final = "nobody"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """From how many live first-response breaches on whom; ``receiver`` None is the default one."""

    breaching: int = 1
    severity: str = "page"  # or "ticket"
    receiver: str | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an SLA policy with a first-response clock.

    ``queues`` are those that it matches, None: any. Versions of one policy share its name.
    """

    name: str
    first_response: int
    objective: float
    queues: frozenset[str] | None = None
    page: Page | None = None


class KpiTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What a KPI of ``judged`` should reach; ``queue`` None: every queue that has no target of its own.

    ``matures``: how long after a ticket's begin its outcome may still come (0: at any time, or at once).
    """

    kpi: str
    target: float
    queue: str | None = None
    window: str | None = None  # None: the shortest with enough answers
    minimum_answers: int = 30
    matures: int = 0


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """Where alerts are sent; ``kind`` is webhook, slack, pagerduty or email. The secret's place is one of the two."""

    name: str
    kind: str
    secret_env: str | None = None
    secret_file: str | None = None
    url: str | None = None
    to: str | None = None
    sender: str | None = None
    smarthost: str | None = None
    username: str | None = None


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """No notifications in [``starts_at``, ``ends_at``); ``queues`` None: of all."""

    starts_at: int
    ends_at: int
    queues: tuple[str, ...] | None = None
    reason: str | None = None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """Where Prometheus reaches the board. ``token_env``: the variable whose token it asks for."""

    target: str = "127.0.0.1:8080"
    token_env: str | None = None
    is_merging: bool = False  # of several workers, over Redis; else it is the board inside a worker


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. ``policies`` stand in the order of the file; ``queues`` are the known ones, None: no list.

    ``scrape_targets`` are the workers, None: the board knows them.
    """

    policies: tuple[Policy, ...] = (
        Policy(name=DEFAULT_POLICY.name, first_response=3600 * SECOND, objective=0.9, page=Page()),
    )
    queues: tuple[str, ...] | None = None
    windows: tuple[Window, ...] = DEFAULT_WINDOWS
    targets: tuple[KpiTarget, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    mutes: tuple[Mute, ...] = ()
    base_url: str = "http://127.0.0.1:6066"
    runbook_url: str = "docs/alerts.md"
    alertmanager_url: str = "http://127.0.0.1:9093"
    grafana_url: str = "http://127.0.0.1:3000"
    scrape_targets: tuple[str, ...] | None = ("127.0.0.1:6066",)
    board: Board = Board()
    interval: int = 5 * SECOND
    secrets_dir: str = "secrets"
    watchdog: str | None = None

    @property
    def default_receiver(self) -> str:
        """Who gets what names nobody."""
        return self.receivers[0].name if self.receivers else NOBODY
