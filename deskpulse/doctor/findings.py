"""A finding: what was looked at, how it is, what was seen, and what to do next. And facts that could not be had."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """How something is. `UNCHECKED`: it cannot be told, since something else is wrong, or is not there."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNCHECKED = "not checked"


class Finding(msgspec.Struct, frozen=True):
    """One line of `deskpulse doctor`."""

    check: str
    verdict: Verdict
    seen: str
    next_step: str | None = None


class Failed(msgspec.Struct, frozen=True):
    """Facts that could not be had, and why."""

    why: str


def ok(check: str, seen: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, seen)


def warning(check: str, seen: str, next_step: str) -> Finding:
    """It goes on, and should be looked at."""
    return Finding(check, Verdict.WARNING, seen, next_step)


def wrong(check: str, seen: str, next_step: str) -> Finding:
    """Something does not work, or a number may be wrong."""
    return Finding(check, Verdict.WRONG, seen, next_step)


def unchecked(check: str, why: str) -> Finding:
    """It cannot be told."""
    return Finding(check, Verdict.UNCHECKED, why)


def counted(count: int, noun: str) -> str:
    """``1 worker``, ``2 workers``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def some(names: Iterable[str], most: int = 4) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    rest = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + rest
