"""What a doctor says of Prometheus and Alertmanager: targets, rules against the generated ones, routes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from deskpulse.configuration.loading import load_configuration
from deskpulse.doctor.findings import Failed, Finding, Verdict
from deskpulse.doctor.monitoring import (
    AlertmanagerSeen,
    PrometheusSeen,
    expected_rules,
    judge_alertmanager,
    judge_prometheus,
    judge_rules,
    judge_targets,
)
from deskpulse.generated import DEMO, files_of
from metrics.instants import SECOND
from tests.oracle.instants import instant, text_of

FILES = files_of(load_configuration(DEMO, {}))
NOW = instant("2026-10-07T12:00:00Z")
INTERVAL = 5 * SECOND


def groups(ago: int = SECOND) -> list[dict[str, Any]]:
    """As Prometheus tells the generated rules."""
    found: dict[str, dict[str, Any]] = {}
    for rule in expected_rules(FILES):
        group = found.setdefault(
            rule.group, {"name": rule.group, "rules": [], "lastEvaluation": text_of(NOW - ago)}
        )  # fmt: skip
        group["rules"].append(
            {
                "name": rule.name, "type": rule.kind, "query": f" {rule.expr}", "duration": rule.lasting,
                "health": "ok", "labels": dict(rule.labels), "annotations": dict(rule.annotations),
            }
        )  # fmt: skip
    return [*found.values(), {"name": "somebody's own", "rules": [{"name": "other"}], "lastEvaluation": text_of(0)}]


def target(job: str, health: str = "up", error: str = "") -> dict[str, Any]:
    return {"labels": {"job": job, "instance": "127.0.0.1:1"}, "health": health, "lastError": error}


def seen(**changes: Any) -> PrometheusSeen:
    told = changes.pop("groups", None) or groups()
    normal = {query: query.strip() for group in told for rule in group["rules"] if (query := rule.get("query", ""))}
    made = {"targets": [target("deskpulse"), target("deskpulse-board")], "normal": normal} | changes
    return PrometheusSeen(url="http://p:9090", version="2.42.0", groups=told, at=NOW, **made)


def only(found: list[Finding]) -> Finding:
    (one,) = found
    return one


def judged(groups: list[dict[str, Any]]) -> Finding:
    return only(judge_rules(seen(groups=groups), FILES, INTERVAL))


def first(loaded: list[dict[str, Any]], kind: str = "alerting") -> dict[str, Any]:
    return next(rule for group in loaded for rule in group["rules"] if rule["type"] == kind)


class TestRules:
    def test_the_generated_ones_are_well_however_prometheus_writes_them(self) -> None:
        found = judged(groups())
        assert found.verdict is Verdict.OK
        assert found.seen == f"{len(expected_rules(FILES))} rules as `deskpulse generate` makes them, evaluated lately"

    @pytest.mark.parametrize(
        ("key", "value"),
        [("query", "vector(0)"), ("duration", 1.0), ("labels", {}), ("annotations", {"summary": "x"})],
    )
    def test_a_rule_that_differs_in_anything_is_named(self, key: str, value: object) -> None:
        loaded = groups()
        rule = first(loaded)
        rule[key] = value
        found = judged(loaded)
        assert (found.verdict, found.seen) == (Verdict.WRONG, f"1 rule differs: {rule['name']}")
        assert "deskpulse generate" in (found.next_step or "")

    def test_missing_rules_and_those_beyond_are_named(self) -> None:
        loaded = groups()
        gone = loaded[0]["rules"].pop()
        loaded[0]["rules"].append(gone | {"name": "Old"})
        missing, beyond = judge_rules(seen(groups=loaded), FILES, INTERVAL)
        assert missing.seen == f"1 rule is missing: {gone['name']}"
        assert beyond.seen == "1 rule is not generated any more: Old"

    def test_none_at_all_is_one_line(self) -> None:
        assert judged([{"name": "other", "rules": []}]).seen.startswith("none of the ")

    def test_a_prometheus_that_cannot_tell_its_form_is_compared_without_expressions(self) -> None:
        loaded = groups()
        assert "expressions were not compared" in only(judge_rules(seen(normal=None), FILES, INTERVAL)).seen
        first(loaded)["duration"] = 1.0
        assert only(judge_rules(seen(groups=loaded, normal=None), FILES, INTERVAL)).verdict is Verdict.WRONG

    def test_a_rule_that_fails_is_named_with_the_reason(self) -> None:
        loaded = groups()
        rule = first(loaded)
        rule |= {"health": "err", "lastError": "many-to-many"}
        assert judged(loaded).seen == f"1 rule fails: {rule['name']} (many-to-many)"

    def test_rules_that_do_not_run_are_wrong_and_those_that_have_not_yet_are_not(self) -> None:
        assert judged(groups(ago=29 * SECOND)).verdict is Verdict.OK
        found = judged(groups(ago=31 * SECOND))
        assert (found.verdict, found.seen) == (Verdict.WRONG, "a group was evaluated 31 s ago for the last time")
        loaded = groups()
        for group in loaded:
            group["lastEvaluation"] = "0001-01-01T00:00:00Z"
        assert judged(loaded).verdict is Verdict.OK


class TestTargets:
    def test_those_that_are_up_are_one_line(self) -> None:
        assert only(judge_targets(seen())).seen == "up: deskpulse 127.0.0.1:1, deskpulse-board 127.0.0.1:1"

    @pytest.mark.parametrize(
        ("targets", "verdict", "told"),
        [
            ([target("deskpulse")], Verdict.WRONG, "no target of the job deskpulse-board"),
            ([target("deskpulse"), target("deskpulse-board", "down", "refused")], Verdict.WRONG, "is down: refused"),
            ([target("deskpulse"), target("deskpulse-board", "unknown")], Verdict.WARNING, "was not scraped yet"),
        ],
    )
    def test_a_target_that_is_not_is_named(self, targets: list[dict[str, Any]], verdict: Verdict, told: str) -> None:
        well, found = judge_targets(seen(targets=[*targets, target("node", "down")]))
        assert (well.verdict, found.verdict) == (Verdict.OK, verdict)
        assert told in found.seen


def test_without_prometheus_what_depends_on_it_is_unchecked() -> None:
    assert judge_prometheus(seen()).seen == "http://p:9090, version 2.42.0"
    assert judge_prometheus(Failed("not reachable")).verdict is Verdict.WRONG
    assert judge_prometheus(None).verdict is Verdict.UNCHECKED
    for gone in (Failed("not reachable"), None):
        found = [*judge_targets(gone), *judge_rules(gone, FILES, INTERVAL)]
        assert [one.verdict for one in found] == [Verdict.UNCHECKED] * 2


class TestAlertmanager:
    def judged(self, configuration: str) -> Finding:
        return judge_alertmanager(AlertmanagerSeen("http://a:9093", "0.25.0", configuration), FILES)

    def test_the_generated_configuration_is_well_and_may_have_more(self) -> None:
        made = yaml.safe_load(FILES["prometheus/alertmanager.yml"])
        made["receivers"].append({"name": "others"})
        made["global"] = {"resolve_timeout": "5m"}
        assert self.judged(yaml.safe_dump(made)).seen == "http://a:9093, version 0.25.0, receivers nobody, pager, desk"

    def test_a_receiver_or_a_route_that_is_missing_is_wrong(self) -> None:
        made = yaml.safe_load(FILES["prometheus/alertmanager.yml"])
        made["receivers"] = [one for one in made["receivers"] if one["name"] != "desk"]
        assert "lacks receiver desk" in self.judged(yaml.safe_dump(made)).seen
        made = yaml.safe_load(FILES["prometheus/alertmanager.yml"])
        made["route"]["routes"] = made["route"]["routes"][1:]
        found = self.judged(yaml.safe_dump(made))
        assert found.verdict is Verdict.WRONG
        assert "lacks route > alertname=Watchdog to nobody" in found.seen

    @pytest.mark.parametrize("text", ["", "a: [", "route: 1\nreceivers: 2", "[]"])
    def test_one_that_cannot_be_read_is_a_warning(self, text: str) -> None:
        assert self.judged(text).verdict is Verdict.WARNING

    def test_one_that_does_not_answer_is_wrong(self) -> None:
        assert judge_alertmanager(Failed("not reachable"), FILES).verdict is Verdict.WRONG
        assert judge_alertmanager(None, FILES).verdict is Verdict.UNCHECKED
