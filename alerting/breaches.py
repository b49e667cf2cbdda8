"""First response breached *now*: per policy and queue, with what is at risk and who has waited longest.

Driven by the live sets, so by the clock: a ticket that nobody answers is no event. Values are held while their
partition is not ready, see ``promql.held``: a worker that died ends no page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from alerting.promql import decimal, held, literal, promql, quoted, worst_held
from alerting.rules import PAGE, TICKET, Alert, Concern, Omission, Recording, Rule
from alerting.settings import Page, Policy, Settings
from metrics.instants import format_duration

BREACHED: Final = "SupportFirstResponseSLABreached"
AT_RISK: Final = "SupportFirstResponseSLAAtRisk"
OLDEST: Final = "SupportOldestTicketWaiting"

BREACHES_HELD: Final = "policy_queue_partition:support_sla_policy_live_breaches:held"
AT_RISK_HELD: Final = "policy_queue_partition:support_sla_policy_at_risk:held"
OVERDUE_HELD: Final = "queue_priority:support_sla_overdue_ratio:held"

_HELD: Final = {
    BREACHES_HELD: ("support_sla_policy_live_breaches", "Live first-response breaches, held"),
    AT_RISK_HELD: ("support_sla_policy_at_risk", "Tickets at risk of a first-response breach, held"),
}
_FIRST_RESPONSE: Final = '{sla="first_response"}'

# Names of policies and queues are anybody's: in these templates they stand only as labels and as quoted arguments.
_LAST_KNOWN: Final = (
    """
{{- with printf `max by (partition) (%s{policy=%q,queue=%q})"""
    """ unless on (partition) (max by (partition) (support_pipeline_partition_ready) == 1)`"""
    """ "RECORD" $labels.policy $labels.queue | query }}"""
    """ Last known: of partitions{{ range sortByLabel "partition" . }} {{ .Labels.partition }}{{ end }},"""
    """ which are not ready, these are the last values seen.{{ end }}"""
)
_OVERDUE: Final = """
{{- with printf `1 + max(queue_priority:support_sla_overdue_ratio:held{queue=%q})` $labels.queue | query }}\
 The longest wait of the queue is {{ . | first | value | printf "%.1f" }} times its target.{{ end }}"""
_FEEDS: Final = """
{{- with query `count by (source) (ALERTS{alertname=~"SupportFeed.*",alertstate="firing"})` }}\
 Feed{{ range sortByLabel "source" . }} {{ .Labels.source }}{{ end }} is late or silent:\
 some of these may be answered already.{{ end }}"""
_TICKETS: Final = (
    "state=STATE&sla=first_response&policy={{ $labels.policy | urlquery }}&queue={{ $labels.queue | urlquery }}"
)


class Named(msgspec.Struct, frozen=True):
    """A policy with all of its versions, in the order of the file."""

    name: str
    versions: tuple[Policy, ...]

    @property
    def page(self) -> Page | None:
        """Of the first version that has one: the metrics tell policies apart, not their versions."""
        return next((version.page for version in self.versions if version.page is not None), None)

    @property
    def matcher(self) -> str:
        """Its series, by label."""
        return f"policy={quoted(self.name)}"

    def targets(self) -> str:
        """Its targets, newest first."""
        return " or ".join(dict.fromkeys(format_duration(version.first_response) for version in self.versions))

    def objectives(self) -> str:
        """Its objectives, newest first."""
        shares = (decimal(round(version.objective * 100, 4)) + " %" for version in self.versions)
        return " or ".join(dict.fromkeys(shares))


def by_name(policies: Iterable[Policy]) -> tuple[Named, ...]:
    """The policies, each once."""
    found: dict[str, list[Policy]] = {}
    for policy in policies:
        found.setdefault(policy.name, []).append(policy)
    return tuple(Named(name, tuple(versions)) for name, versions in found.items())


def concern(settings: Settings) -> Concern:
    """The file ``breaches.yml``."""
    policies = by_name(settings.policies)
    paged = [(policy, policy.page) for policy in policies if policy.page is not None]
    recordings = [
        Recording(record, held(record, f"max without (instance, job) ({name}{_FIRST_RESPONSE})"), f"{meaning}.")
        for record, (name, meaning) in _HELD.items()
    ]
    overdue = worst_held(OVERDUE_HELD, f"max by (queue, priority) (support_sla_overdue_ratio{_FIRST_RESPONSE})")
    recordings.append(
        Recording(OVERDUE_HELD, overdue, "How far the worst first response is past due, in targets, held.")
    )
    if not paged:
        why = "no SLA policy has a `page`, so nobody is to be told of breaches"
        omissions = tuple(Omission(name, why) for name in (BREACHED, AT_RISK, OLDEST))
        return Concern(name="breaches", title="First response, now", omissions=omissions)
    everybody = len(paged) == len(policies)
    return Concern(
        name="breaches",
        title="First response, now",
        recordings=tuple(recordings),
        alerts=(
            _breached([_breach_rule(policy, page, settings) for policy, page in paged]),
            _at_risk([_risk_rule(policy, page, settings) for policy, page in paged]),
            _oldest(_oldest_rule(paged, everybody=everybody)),
        ),
    )


def _labels(policy: Named, page: Page, settings: Settings) -> dict[str, str]:
    return {"receiver": page.receiver or settings.default_receiver, "policy": literal(policy.name)}


def _breach_rule(policy: Named, page: Page, settings: Settings) -> Rule:
    expr = promql(
        """\
sum by (policy, queue) ($held{$policy}) > 0
and on (policy)
sum by (policy) ($held{$policy}) >= $breaching""",
        held=BREACHES_HELD,
        policy=policy.matcher,
        breaching=page.breaching,
    )
    promised = f"the first-response target of {policy.targets()} (objective {policy.objectives()})"
    return Rule(
        expr=expr,
        severity=page.severity,
        labels=_labels(policy, page, settings),
        summary="{{ $labels.queue }}: {{ $value }} past the first-response target now ({{ $labels.policy }})",
        description=f"Queue {{{{ $labels.queue }}}} has {{{{ $value }}}} without a reply past {promised}"
        " of policy {{ $labels.policy }}." + _OVERDUE + _LAST_KNOWN.replace("RECORD", BREACHES_HELD) + _FEEDS,
        tickets=_TICKETS.replace("STATE", "breaching"),
    )


def _risk_rule(policy: Named, page: Page, settings: Settings) -> Rule:
    return Rule(
        expr=f"sum by (policy, queue) ({AT_RISK_HELD}{{{policy.matcher}}}) > 0",
        lasting="1m",
        severity=TICKET,
        labels=_labels(policy, page, settings),
        summary="{{ $labels.queue }}: {{ $value }} about to miss the first-response target ({{ $labels.policy }})",
        description=f"Queue {{{{ $labels.queue }}}} has {{{{ $value }}}} without a reply close to the target of"
        f" {policy.targets()} of policy {{{{ $labels.policy }}}}."
        + _LAST_KNOWN.replace("RECORD", AT_RISK_HELD)
        + _FEEDS,
        tickets=_TICKETS.replace("STATE", "at_risk"),
    )


def _oldest_rule(paged: list[tuple[Named, Page]], *, everybody: bool) -> Rule:
    expr = f"{OVERDUE_HELD} >= 1"
    if not everybody:
        series = " or ".join(f"{BREACHES_HELD}{{{policy.matcher}}}" for policy, _ in paged)
        expr += f"\nand on (queue)\nsum by (queue) ({series}) > 0"
    return Rule(
        expr=expr,
        severity=PAGE if any(page.severity == PAGE for _, page in paged) else TICKET,
        summary="{{ $labels.queue }}: a ticket of priority {{ $labels.priority }} has waited over twice its target",
        description="The ticket of queue {{ $labels.queue }} and priority {{ $labels.priority }} that is furthest past"
        " its first-response target is {{ $value | printf `%.1f` }} times that target past due, in open hours, without"
        " a reply." + _FEEDS,
        tickets="state=breaching&sla=first_response&queue={{ $labels.queue | urlquery }}"
        "&priority={{ $labels.priority | urlquery }}",
    )


def _breached(rules: list[Rule]) -> Alert:
    return Alert(
        name=BREACHED,
        rules=tuple(rules),
        means="Tickets of this queue are past the first-response target of this policy at this moment, and nobody has "
        "answered them. Per policy with a `page`, once its breaches in all queues together reach `page.breaching`. It "
        "fires at the due second, by the clock, and ends with the reply (or when the ticket is resolved or its target "
        "changes). While a partition is not ready its last value stands, and the description says *last known* and "
        "which partitions: then trust the number less, not the alert.",
        look=(
            ("the tickets, soonest due first", "/api/tickets?state=breaching&sla=first_response"),
            ("breaches by policy and queue", f"sum by (policy, queue) ({BREACHES_HELD})"),
            (
                "who is waiting",
                "sum by (queue) (max without (instance, job) (support_tickets_awaiting_first_response))",
            ),
            ("why one ticket counts", "/api/tickets/ID/explain"),
        ),
        act="Get the tickets of the link answered, the most overdue first. If it is a whole queue at once, look for a "
        "cause: nobody on shift, a flood (`support_tickets_window_created`), a help desk that lost its mails. If the "
        "target is wrong, change the policy; a version with `from` leaves earlier tickets alone.",
        wrong="A feed that is late or silent: the reply was sent and did not arrive yet; the description names the "
        "feed. A reply that is private or by a bot does not count. Last known numbers of a dead worker stay until "
        "another one has its partitions. After Prometheus was down for over five minutes nothing is held.",
    )


def _at_risk(rules: list[Rule]) -> Alert:
    return Alert(
        name=AT_RISK,
        rules=tuple(rules),
        means="For a minute there have been tickets with less of their first-response target left than the policy's "
        "`at_risk`. Not sent while the same policy and queue is already breached.",
        look=(
            ("the tickets, soonest due first", "/api/tickets?state=at_risk&sla=first_response"),
            ("at risk by policy and queue", f"sum by (policy, queue) ({AT_RISK_HELD})"),
        ),
        act="Answer these next. If it comes every day at the same hour, that is a matter of staffing.",
        wrong="With a short target the time between at risk and breached is short too: at 2 minutes and 0.2 it is 24 "
        "seconds, less than the minute that this alert waits.",
    )


def _oldest(rule: Rule) -> Alert:
    return Alert(
        name=OLDEST,
        rules=(rule,),
        means="The ticket that is furthest past its first-response target has waited twice that target, counted in the "
        "open hours of its policy. Where some policies page nobody, only for queues in which one that does is "
        "breached.",
        look=(
            ("the tickets", "/api/tickets?state=breaching&sla=first_response"),
            ("times the target waited, by queue and priority", f"1 + {OVERDUE_HELD}"),
        ),
        act="One ticket is being overlooked, or the queue stands still. Open the link, take the first.",
        wrong="As for SupportFirstResponseSLABreached. A ticket that should not be answered (spam, a test) has to be "
        "discarded in the help desk, and the event sent.",
    )
