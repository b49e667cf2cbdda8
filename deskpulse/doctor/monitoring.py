"""Prometheus and Alertmanager judged: targets, rules against those that `generate` makes, evaluated lately, routes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import yaml

from alerting.pipeline import JOB
from alerting.wall import JOB as BOARD_JOB
from deskpulse.doctor.findings import Failed, Finding, counted, ok, some, unchecked, warning, wrong
from metrics.instants import SECOND, parse_duration, parse_instant

PROMETHEUS, TARGETS, RULES, ALERTMANAGER = "prometheus", "targets", "rules", "alertmanager"

#: Our groups of rules; others are somebody else's.
GROUPS: Final = "deskpulse_"
JOBS: Final = (JOB, BOARD_JOB)
#: Rules that were not evaluated for so many intervals do not run.
INTERVALS_MAX: Final = 3
_GENERATE: Final = "Run: deskpulse generate --config FILE --output DIR, then reload Prometheus (POST /-/reload)"
_NAME: Final = "alertname"


class Rule(msgspec.Struct, frozen=True, order=True):
    """A rule, so that two are equal where they do the same; ``lasting``: seconds. Labels and annotations are sorted."""

    group: str
    kind: str
    name: str
    expr: str
    lasting: float
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]


class PrometheusSeen(msgspec.Struct, frozen=True):
    """What Prometheus says: its version, active targets, groups of rules, and its own form of each expression.

    ``normal``: by expression as written; None: this Prometheus is too old to tell.
    """

    url: str
    version: str
    targets: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    normal: Mapping[str, str] | None
    at: int


def judge_prometheus(seen: PrometheusSeen | Failed | None) -> Finding:
    """Whether it answers; None: it was left out."""
    if seen is None:
        return unchecked(PROMETHEUS, "left out")
    if isinstance(seen, Failed):
        return wrong(PROMETHEUS, seen.why, "Start it with prometheus/prometheus.yml; --prometheus URL names another")
    return ok(PROMETHEUS, f"{seen.url}, version {seen.version}")


# ---------------------------------------------------------------------------------------------------- targets


def judge_targets(seen: PrometheusSeen | Failed | None) -> list[Finding]:
    """One finding for each target that is down and each job without any; one for all that are up."""
    if not isinstance(seen, PrometheusSeen):
        return [unchecked(TARGETS, "Prometheus was left out" if seen is None else "Prometheus does not answer")]
    found, up = [], []
    for job in JOBS:
        targets = [one for one in seen.targets if one["labels"].get("job") == job]
        if not targets:
            found.append(wrong(TARGETS, f"no target of the job {job}", f"Scrape it: docs/board.md. {_GENERATE}"))
        for one in targets:
            where = f"{job} {one['labels'].get('instance')}"
            if one["health"] == "up":
                up.append(where)
            elif one["health"] == "unknown":
                found.append(warning(TARGETS, f"{where} was not scraped yet", "Look again in a few seconds"))
            else:
                step = "Start it, or see why Prometheus cannot reach it. A worker that is gone is listed for 15 minutes"
                found.append(wrong(TARGETS, f"{where} is down: {one.get('lastError') or 'no reason given'}", step))
    return [*([ok(TARGETS, f"up: {some(up)}")] if up else []), *found]


# ------------------------------------------------------------------------------------------------------ rules


def expected_rules(files: Mapping[str, str]) -> list[Rule]:
    """Those of the generated files."""
    found = []
    for path, content in files.items():
        if path.startswith("prometheus/rules/"):
            for group in yaml.safe_load(content)["groups"]:
                found += [_expected(group["name"], rule) for rule in group["rules"]]
    return found


def _expected(group: str, rule: Mapping[str, Any]) -> Rule:
    kind = "alerting" if "alert" in rule else "recording"
    lasting = parse_duration(str(rule["for"])) / SECOND if "for" in rule else 0.0
    name = rule["alert"] if kind == "alerting" else rule["record"]
    return Rule(group, kind, name, rule["expr"], lasting, _sorted(rule.get("labels")), _sorted(rule.get("annotations")))


def loaded_rules(groups: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Those of ours that Prometheus has, as its API tells them."""
    return [
        Rule(
            group["name"], rule["type"], rule["name"], rule["query"], float(rule.get("duration") or 0),
            _sorted(rule.get("labels")), _sorted(rule.get("annotations")),
        )
        for group in groups
        if group["name"].startswith(GROUPS)
        for rule in group["rules"]
    ]  # fmt: skip


def _sorted(pairs: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in (pairs or {}).items()))


def judge_rules(seen: PrometheusSeen | Failed | None, files: Mapping[str, str], interval: int) -> list[Finding]:
    """Whether the loaded rules are those of the files, and run; ``interval``: nanoseconds."""
    if not isinstance(seen, PrometheusSeen):
        return [unchecked(RULES, "Prometheus was left out" if seen is None else "Prometheus does not answer")]
    expected, loaded = expected_rules(files), loaded_rules(seen.groups)
    if not loaded:
        return [wrong(RULES, f"none of the {len(expected)} rules is loaded", _GENERATE)]
    found = [*_differences(expected, loaded, seen.normal), *_run(seen, interval)]
    if not found:
        by = "" if seen.normal is not None else "; expressions were not compared, this Prometheus is too old"
        found.append(ok(RULES, f"{len(loaded)} rules as `deskpulse generate` makes them, evaluated lately{by}"))
    return found


def _differences(expected: list[Rule], loaded: list[Rule], normal: Mapping[str, str] | None) -> list[Finding]:
    wanted, there = (Counter(_normal(rule, normal) for rule in rules) for rules in (expected, loaded))
    lacking, beyond = [*(wanted - there).elements()], [*(there - wanted).elements()]
    names = [name for name in dict.fromkeys(rule.name for rule in lacking) if name in {rule.name for rule in beyond}]
    missing = sorted({rule.name for rule in lacking} - set(names))
    others = sorted({rule.name for rule in beyond} - set(names))
    found = []
    told = (("differs", "differ", names), ("is missing", "are missing", missing))
    for one, many, which in (*told, ("is not generated any more", "are not generated any more", others)):
        if which:
            how = f"{counted(len(which), 'rule')} {one if len(which) == 1 else many}"
            found.append(wrong(RULES, f"{how}: {some(which)}", _GENERATE))
    return found


def _normal(rule: Rule, normal: Mapping[str, str] | None) -> Rule:
    expr = "" if normal is None else normal.get(rule.expr, rule.expr)
    return msgspec.structs.replace(rule, expr=expr)


def _run(seen: PrometheusSeen, interval: int) -> list[Finding]:
    found = []
    groups = [group for group in seen.groups if group["name"].startswith(GROUPS)]
    broken = [rule for group in groups for rule in group["rules"] if rule.get("health") == "err"]
    if broken:
        how = f"{counted(len(broken), 'rule')} {'fails' if len(broken) == 1 else 'fail'}"
        told = f"{how}: {some(rule['name'] for rule in broken)} ({broken[0].get('lastError')})"
        found.append(wrong(RULES, told, "The runbook, docs/alerts.md; promtool check rules names a mistake"))
    oldest = min((at for group in groups if (at := _evaluated(group)) is not None), default=None)
    pause = INTERVALS_MAX * max(interval, 10 * SECOND)
    if oldest is not None and seen.at - oldest > pause:
        told = f"a group was evaluated {(seen.at - oldest) / SECOND:.0f} s ago for the last time"
        found.append(wrong(RULES, told, "Prometheus is stopped or overloaded: see its log"))
    return found


def _evaluated(group: Mapping[str, Any]) -> int | None:
    """None: not yet since Prometheus was started."""
    text = str(group.get("lastEvaluation") or "")
    return None if not text or text.startswith("0001-") else parse_instant(text)


# ---------------------------------------------------------------------------------------------- Alertmanager


class AlertmanagerSeen(msgspec.Struct, frozen=True):
    """Its version, and its configuration as it tells it: secrets hidden."""

    url: str
    version: str
    configuration: str


def judge_alertmanager(seen: AlertmanagerSeen | Failed | None, files: Mapping[str, str]) -> Finding:
    """Whether it answers, with the receivers and routes of the generated file; None: it was left out."""
    if seen is None:
        return unchecked(ALERTMANAGER, "left out")
    if isinstance(seen, Failed):
        step = "Start it with prometheus/alertmanager.yml, or mend [alerts] alertmanager_url: nobody is paged without"
        return wrong(ALERTMANAGER, seen.why, step)
    wanted = yaml.safe_load(files["prometheus/alertmanager.yml"])
    try:
        there = yaml.safe_load(seen.configuration)
        lacking = [str(part) for part in (_parts(wanted) - _parts(there)).elements()]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        return warning(ALERTMANAGER, f"its configuration cannot be read ({type(error).__name__})", "See its /#/status")
    if lacking:
        step = "Run: deskpulse generate --config FILE --output DIR, then reload Alertmanager (POST /-/reload)"
        return wrong(ALERTMANAGER, f"its configuration lacks {some(lacking, 3)}", step)
    receivers = some(one["name"] for one in wanted["receivers"])
    return ok(ALERTMANAGER, f"{seen.url}, version {seen.version}, receivers {receivers}")


def _parts(configuration: Mapping[str, Any]) -> Counter[str]:
    """What has to be there, each as one text: receivers by name, routes by matchers, mute times by name."""
    found = Counter(f"receiver {one['name']}" for one in configuration["receivers"])
    found.update(_routes(configuration["route"], ""))
    for key in ("mute_time_intervals", "time_intervals"):
        found.update(f"time interval {one['name']}" for one in configuration.get(key) or ())
    return found


def _routes(route: Mapping[str, Any], above: str) -> Counter[str]:
    matchers = ", ".join(sorted(re.sub(r'["\s]', "", str(one)) for one in route.get("matchers") or ()))
    here = f"{above} > {matchers}" if above else f"route {matchers}".strip()
    muted = sorted(str(one) for one in route.get("mute_time_intervals") or ())
    found = Counter([f"{here} to {route.get('receiver', 'the one above')}{' muted by ' if muted else ''}{some(muted)}"])
    for inner in route.get("routes") or ():
        found.update(_routes(inner, here))
    return found
