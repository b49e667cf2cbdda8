"""Suggested targets as lines of a configuration, each with its evidence as comments. Nothing is moved by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from deskpulse.cells import percent_cell, seconds_cell
from deskpulse.configuration.model import Configuration
from deskpulse.configuration.targets import SlaPolicy
from deskpulse.kpi_suggestions import kpi_lines
from deskpulse.toml_text import inline, plain, quoted
from metrics.instants import HOUR, SECOND, format_duration, format_instant
from metrics.intervals import wilson
from metrics.targets import MINIMUM, HourOfWeek, quantile, shorter
from stream.settled import FIRST_RESPONSE, RESOLUTION, Settled

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SLAS: Final = (FIRST_RESPONSE, RESOLUTION)

#: Holds where the file has no ``[[sla]]``: what the core's default says, to be kept beside its new version.
_DEFAULT: Final = SlaPolicy.model_validate({"name": "default", "first_response": "1h", "resolution": "24h"})


class Evidence(msgspec.Struct, frozen=True):
    """What is suggested from: the baseline [start, end), when it would hold, and what the log says."""

    file: str
    start: int
    end: int
    holds_from: int
    window: Mapping[str, Any]  # of all queues, as in a snapshot
    queues: Mapping[str, Mapping[str, Any]]  # the same, of each
    clocks: Sequence[Settled]
    hours: Sequence[HourOfWeek]


def suggestion(configuration: Configuration, found: Evidence) -> str:
    """The text, which is TOML."""
    policies, moved = _policies(configuration, found)
    lines = [
        f"# Suggested out of {plain(found.file)}, from {format_instant(found.start)} to {format_instant(found.end)}.",
        "# Step: to the better bound of the 95 % interval of the baseline. No target is moved to the worse.",
        f"# Meant to hold from {format_instant(found.holds_from)}; nothing holds before you put it into your file.",
        "# It is TOML, to be put at the top of your file as it is. Where that has the table of a KPI already, what is",
        "# meant for the table is a comment that begins with #:",
        *policies,
        *kpi_lines(configuration, found.window, found.queues, moved),
        *_hours(found.hours, configuration.floor.time_zone),
    ]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------------------------------------------- policies


def _policies(configuration: Configuration, found: Evidence) -> tuple[list[str], frozenset[str]]:
    """The lines, and the clocks whose targets some policy would have or will have moved."""
    planned = [one for one in configuration.sla if one.from_ is not None and one.from_ > found.end]
    if planned:
        told = f"# [[sla]] {quoted(planned[0].name)} has a version from {format_instant(planned[0].from_ or 0)}:"
        return ["", told, "# nothing is suggested for any policy until it holds"], frozenset(_SLAS)
    in_force: dict[str, SlaPolicy] = {}
    for policy in configuration.sla or (_DEFAULT,):
        in_force.setdefault(policy.name, policy)
    parts = [(policy, *_policy(policy, found)) for policy in in_force.values()]
    return ["", *_versions(configuration, found, parts)], frozenset(sla for _, _, targets in parts for sla in targets)


def _versions(
    configuration: Configuration, found: Evidence, parts: Sequence[tuple[SlaPolicy, list[str], dict[str, int]]]
) -> Iterator[str]:
    if not any(targets for _, _, targets in parts):
        for _, evidence, _ in parts:
            yield from evidence
        yield "# all targets of [[sla]] stay as they are"
        return
    yield "# In this order, before the first [[sla]] of your file: new versions, for tickets created from then on"
    for policy, evidence, targets in parts:
        yield from evidence
        yield from _table(policy, targets, found.holds_from)
    if not configuration.sla:
        yield "# what holds now, since your file has no [[sla]]: for tickets created until then"
        yield from _table(_DEFAULT, {}, None)


def _policy(policy: SlaPolicy, found: Evidence) -> tuple[list[str], dict[str, int]]:
    """The evidence of each clock of a policy, and the targets that would change."""
    lines, targets = [f"# policy {quoted(policy.name)}, objective {policy.objective:g}"], {}
    for sla in _SLAS:
        present: int | None = getattr(policy, sla)
        if present is None:
            continue
        clocks = [clock for clock in found.clocks if (clock.policy, clock.sla) == (policy.name, sla)]
        told, step = _clock(sla, clocks, policy, present)
        lines += told
        if step is not None:
            targets[sla] = step
    return lines, targets


def _clock(sla: str, clocks: Sequence[Settled], policy: SlaPolicy, present: int) -> tuple[list[str], int | None]:
    took = sorted(clock.took for clock in clocks if clock.took is not None)
    n, running = len(took), len(clocks) - len(took)
    title, left = f"#   {sla}", f", {running:,} not settled yet" if running else ""
    if n < MINIMUM:
        return [f"{title}: not enough tickets (n={n}{left})"], None
    met = sum(clock.is_met for clock in clocks)
    low, high = wilson(met, n) or (0.0, 1.0)
    at = quantile(took, policy.objective)
    time = "open hours" if policy.calendar is not None else "calendar time"
    middle, late = (_seconds(quantile(took, share).value) for share in (0.5, 0.9))
    rank = f"{policy.objective:g} of them within {_seconds(at.value)}"
    lines = [
        f"{title}, {time}: p50 {middle}, p90 {late}, n={n:,}{left}",
        f"#     in SLA {percent_cell(met / n)}, 95 % interval {percent_cell(low)} to {percent_cell(high)}",
        f"#     {rank}, 95 % interval {_seconds(at.low)} to {_seconds(at.high)}",
    ]
    step = shorter(at, present)
    lines.append(
        f"#     target {format_duration(present)}{' stays' if step is None else f' now, {format_duration(step)} then'}"
    )
    return lines, step


def _seconds(duration: int | None) -> str:
    return "(unknown)" if duration is None else seconds_cell(duration / SECOND)


def _table(policy: SlaPolicy, targets: Mapping[str, int], holds_from: int | None) -> Iterator[str]:
    """A version of a policy: as it is, but for these targets and this ``from``."""
    yield "[[sla]]"
    yield f"name = {quoted(policy.name)}"
    if holds_from is not None:
        yield f"from = {format_instant(holds_from)}"
    match = policy.match.model_dump(exclude_none=True)
    if match:
        yield f"match = {inline(match)}"
    for sla in (FIRST_RESPONSE, "next_response", RESOLUTION):
        target = targets.get(sla, getattr(policy, sla))
        if target is not None:
            yield f'{sla} = "{format_duration(target)}"'
    yield f"objective = {policy.objective!r}"
    yield f"at_risk = {policy.at_risk!r}"
    if policy.calendar is not None:
        yield f"calendar = {quoted(policy.calendar)}"
    if policy.page is not None:
        yield f"page = {inline(policy.page.model_dump(exclude_none=True))}"


# ------------------------------------------------------------------------------------------------ hours of week


def _hours(hours: Sequence[HourOfWeek], time_zone: str) -> Iterator[str]:
    """Volumes and times by hour of the local week: evidence for staffing, no targets."""
    yield ""
    yield f"# By hour of the week in {time_zone}, from 00 to 23: tickets created in each, on average"
    for day, name in enumerate(_DAYS):
        some = hours[day * 24 : day * 24 + 24]
        yield f"# {name} " + " ".join(f"{'-' if one.created is None else f'{one.created:.1f}':>6}" for one in some)
    yield "# and the median first response of those, calendar time"
    for day, name in enumerate(_DAYS):
        some = hours[day * 24 : day * 24 + 24]
        yield f"# {name} " + " ".join(f"{'-' if one.p50 is None else _short(one.p50):>6}" for one in some)


def _short(duration: int) -> str:
    minutes = duration / (60 * SECOND)
    return f"{minutes:.0f}m" if duration < 100 * 60 * SECOND else f"{duration / HOUR:.0f}h"
