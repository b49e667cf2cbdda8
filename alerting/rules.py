"""The nouns of the rules: an alert with its rules and its runbook entry, a recording, and a concern: one file of both.

Values only. Texts of ``Rule`` are Prometheus's templates, texts of ``Alert`` are plain Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

PAGE: Final = "page"
TICKET: Final = "ticket"
NONE: Final = "none"


class Recording(msgspec.Struct, frozen=True):
    """A series that Prometheus computes and keeps, and what it is."""

    record: str
    expr: str
    meaning: str


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One alerting rule; ``lasting`` is how long it must hold, None: not at all. ``tickets`` is a query of the API."""

    expr: str
    summary: str
    description: str
    labels: Mapping[str, str] = {}
    severity: str
    lasting: str | None = None
    tickets: str | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert by name: its rules, which differ by policy, objective or target, and its entry of the runbook.

    ``look`` are queries to paste and paths of the API, each with what it shows.
    """

    name: str
    rules: tuple[Rule, ...]
    means: str
    look: tuple[tuple[str, str], ...] = ()
    act: str
    wrong: str


class Omission(msgspec.Struct, frozen=True):
    """An alert that this configuration leaves out, and why."""

    name: str
    why: str


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """One file of rules: its recordings first, then its alerts, evaluated in that order."""

    name: str
    title: str
    recordings: tuple[Recording, ...] = ()
    alerts: tuple[Alert, ...] = ()
    omissions: tuple[Omission, ...] = ()
    notes: tuple[str, ...] = ()  # Markdown, for the runbook
    interval: int | None = None  # how often it is evaluated, in nanoseconds; None: as often as is scraped
