"""What is late, close to it or waiting at this moment, by queue and by policy."""

from __future__ import annotations

from typing import Final

from alerting.settings import Settings
from dashboards.judgement import NONE_IS_CALM, NONE_IS_GOOD
from dashboards.kpi_panels import of_kpis
from dashboards.links import tickets_of_series
from dashboards.panel import Colour, Panel, Query, Row, Shape, Step
from dashboards.queries import age, by, greatest, or_zero_by_queue, selected, summed
from metrics import names
from metrics.metric import Metric

_FIRST: Final = {"sla": "first_response"}
_CLOCKS: Final = ("first_response", "next_response", "resolution")


def row(settings: Settings) -> Row:
    """Every clock and every wait as it is now."""
    return Row("SLA now", (*_late(settings), *_waiting(settings)))


def _breaching(settings: Settings, sla: str, act: str) -> Panel:
    breaching = or_zero_by_queue(summed(names.LIVE_BREACHES, "queue", sla=sla))
    return of_kpis(
        settings, f"{sla}_breaching", act=act, queries=(Query(expr=breaching, legend="{{queue}}"),),
        steps=NONE_IS_GOOD, least=0, links=tickets_of_series(settings, "breaching", sla=sla),
        says="By queue, at the instant of each scrape. A gap is a partition that is catching up, not a calm.",
    )  # fmt: skip


def _late(settings: Settings) -> tuple[Panel, ...]:
    return (
        _breaching(settings, "first_response", "Get the tickets answered, the most overdue first."),
        of_kpis(
            settings, "first_response_at_risk", act="Answer these next: they are late within minutes.",
            queries=(Query(expr=or_zero_by_queue(summed(names.AT_RISK, "queue", **_FIRST)), legend="{{queue}}"),),
            steps=NONE_IS_CALM, least=0, links=tickets_of_series(settings, "at_risk", sla="first_response"),
        ),
        of_kpis(
            settings, "first_response_overdue", act="From 1 on a ticket has waited twice its target: open that one.",
            queries=(Query(expr=greatest(names.OVERDUE_RATIO, "queue", **_FIRST), legend="{{queue}}"),),
            steps=(Step(None, Colour.AT_RISK), Step(1, Colour.BREACH)), least=0,
            links=tickets_of_series(settings, "breaching", sla="first_response"), says="Nothing where none is late.",
        ),
        _breaching(settings, "next_response", "Answer the customers who wrote again."),
        _breaching(settings, "resolution", "See what these wait for: a fault, a third party, a decision."),
        Panel(
            key="most_overdue",
            title="Most overdue, since it was due",
            says="How long ago the due instant of the worst clock was that is breaching, by SLA, calendar time. Less "
            "is better; nothing where no clock is late.",
            act="Where one line only climbs, one ticket is overlooked: open the list, take the first.",
            unit="s",
            queries=(Query(expr=age(names.MOST_OVERDUE, "sla"), legend="{{sla}}"),),
            kpis=tuple(f"{sla}_breaching" for sla in _CLOCKS),
            least=0,
        ),
    )  # fmt: skip


def _waiting(settings: Settings) -> tuple[Panel, ...]:
    waiting = or_zero_by_queue(summed(names.AWAITING_FIRST_RESPONSE, "queue"))
    further = or_zero_by_queue(summed(names.AWAITING_REPLY, "queue"))
    aged = f"sum by (le) (max by (queue, le) ({selected(names.AWAITING_AGE, '_bucket')}))"
    return (
        of_kpis(
            settings, "awaiting_first_response", act="Rising in all queues: nobody is on shift, or a flood.",
            queries=(Query(expr=waiting, legend="{{queue}}"),), least=0,
            links=tickets_of_series(settings, "waiting"),
        ),
        of_kpis(
            settings, "oldest_awaiting_first_response", act="A line that only climbs is one ticket overlooked.",
            queries=(Query(expr=age(names.OLDEST_AWAITING_FIRST_RESPONSE, "queue"), legend="{{queue}}"),), least=0,
            says="Calendar time.", links=tickets_of_series(settings, "waiting"),
        ),
        of_kpis(
            settings, "awaiting_first_response", key="awaiting_age", title="How long they have waited so far",
            act="Weight in the upper rows: old tickets are passed over for new ones.",
            queries=(Query(expr=aged, legend="{{le}}"),), unit="s", shape=Shape.HEAT,
            says="Each row has the tickets that have waited up to its bound, and longer than that of the row below.",
            is_told=False,
        ),
        of_kpis(
            settings, "awaiting_reply", act="Answer who wrote again before new tickets: they wait for the second time.",
            queries=(Query(expr=further, legend="{{queue}}"),), least=0,
            links=tickets_of_series(settings, "awaiting_reply"),
        ),
        of_kpis(
            settings, "awaiting_reply", key="oldest_awaiting_reply", title="Longest wait for a further reply",
            act="Open the list, take the first.", unit="s", least=0,
            queries=(Query(expr=age(names.OLDEST_AWAITING_REPLY, "queue"), legend="{{queue}}"),),
            links=tickets_of_series(settings, "awaiting_reply"),
        ),
        of_kpis(
            settings, "without_policy", act="Add a policy that matches them, or a renamed queue to `labels.aliases`.",
            queries=(Query(expr=_without_policy(), legend="{{queue}}"),), steps=NONE_IS_CALM, least=0,
            links=tickets_of_series(settings, "without_policy"),
        ),
    )  # fmt: skip


def _without_policy() -> str:
    """Of all partitions of a worker, so summed over workers."""
    return f"sum by (queue) ({selected(names.WITHOUT_POLICY)})"


def by_policy(settings: Settings) -> Row:
    """The same by the policy that holds, and what each policy promises."""
    breaching = _of_policy(
        settings, "first_response_breaching", names.POLICY_LIVE_BREACHES, key="policy_breaching",
        title="Breached now, by policy", act="Pages count these: `page.breaching` of the policy says from how many on.",
    )  # fmt: skip
    at_risk = _of_policy(
        settings, "first_response_at_risk", names.POLICY_AT_RISK, key="policy_at_risk",
        title="At risk, by policy", act="Answer these next; only policies with a `page` tell of them.",
    )  # fmt: skip
    return Row("SLA by policy", (breaching, at_risk, _promised()))


def _of_policy(settings: Settings, kpi: str, metric: Metric, *, key: str, title: str, act: str) -> Panel:
    query = Query(expr=summed(metric, "policy", **_FIRST), legend="{{policy}}")
    return of_kpis(settings, kpi, key=key, title=title, act=act, least=0, queries=(query,))


def _promised() -> Panel:
    labels = ("policy", "queue", "priority", "sla")
    targets, objectives = (
        f"max{by(*labels)}({selected(metric, queue='', priority='')})"
        for metric in (names.SLA_TARGET, names.SLA_OBJECTIVE)
    )
    return Panel(
        key="promised",
        title="What is promised",
        says="Targets and objectives of the policies in force, as the workers have them. An empty queue or priority is "
        "any.",
        act="Where a line is not what was agreed, change `[[sla]]` and restart the workers.",
        unit="s",
        queries=(
            Query(expr=targets, legend="Target"),
            Query(expr=objectives, legend="Objective", unit="percentunit", decimals=1),
        ),
        shape=Shape.TABLE,
    )
