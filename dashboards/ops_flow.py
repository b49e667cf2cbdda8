"""What comes, goes and stays: counts, the backlog against normal, outcomes of tickets."""

from __future__ import annotations

from typing import Final

from alerting.settings import Settings
from dashboards.kpi_panels import band, of_kpis
from dashboards.panel import Panel, Query, Role, Row
from dashboards.queries import greatest, or_zero, per_hour, summed
from metrics import names
from metrics.metric import Metric

_OF_THE_FLOOR: Final = "Of the whole floor, whatever queues are selected."


def flow(settings: Settings) -> Row:
    """Tickets in and out."""
    return Row(
        "Flow",
        (
            _flowing(settings),
            of_kpis(
                settings, "open", act="Growing for days: more comes than the floor resolves.", least=0,
                queries=(Query(expr=summed(names.TICKETS_OPEN, "queue"), legend="{{queue}}"),), is_stacked=True,
            ),
            _net(settings),
            _against(settings, "open_against_normal", or_zero(summed(names.TICKETS_OPEN, queue="", priority="")),
                     names.OPEN_WEEK_AGO, names.OPEN_NORMAL, "Far over normal: a flood, or nobody resolves."),
            _against(settings, "created_against_normal", greatest(names.CREATED_LATELY), names.CREATED_WEEK_AGO,
                     names.CREATED_NORMAL, "Far over normal: look for what broke; far under: look at the feeds."),
            _channels(settings),
            _counted(settings, "created", names.WINDOW_CREATED, "Compare with who is on shift."),
            _counted(settings, "replied", names.FIRST_RESPONSE_REPLIES, "Far under created: more and more wait."),
            _counted(settings, "resolved", names.WINDOW_RESOLVED, "Compare with created."),
            _counted(settings, "reopened", names.WINDOW_REOPENED, "Read three: what was not solved?"),
            _counted(settings, "escalated", names.WINDOW_ESCALATED, "Read three: a fault of many?"),
            _counted(settings, "closed_unanswered", names.WINDOW_CLOSED_UNANSWERED, "Read why nobody answered."),
            _open(settings, "paused", names.TICKETS_PAUSED, "Their clocks stand still: look through them once a day."),
            _open(settings, "escalated_open", names.ESCALATED_OPEN, "Give each an owner."),
            of_kpis(
                settings, "resolved_now", act="Nothing: it shows how many tickets are kept.",
                queries=(Query(expr=greatest(names.RESOLVED_NOW), legend="whole floor"),), least=0, says=_OF_THE_FLOOR,
            ),
        ),
    )  # fmt: skip


def _flowing(settings: Settings) -> Panel:
    found = {
        "created": names.TICKETS_CREATED,
        "first replies": names.TICKETS_REPLIED,
        "resolved": names.TICKETS_RESOLVED,
        "reopened": names.TICKETS_REOPENED,
        "escalated": names.TICKETS_ESCALATED,
    }
    return of_kpis(
        settings, "created", "replied", "resolved", "reopened", "escalated", key="flow",
        title="Tickets an hour, as it happens", act="Created over resolved for hours: the backlog grows.",
        queries=tuple(Query(expr=per_hour(metric), legend=legend) for legend, metric in found.items()),
        unit="suffix: per hour", decimals=1, least=0,
        says="By the workers' counters: gross activity, without what arrives over 15 minutes late.", is_told=False,
    )  # fmt: skip


def _net(settings: Settings) -> Panel:
    net = f"{summed(names.WINDOW_CREATED, 'queue')} - on (queue) {summed(names.WINDOW_RESOLVED, 'queue')}"
    return of_kpis(
        settings, "created", "resolved", key="net_opened", title="Created less resolved",
        act="Over 0 the queue fills, under 0 it empties.", queries=(Query(expr=net, legend="{{queue}}"),),
        says="Tickets created less those resolved in the window, by queue.", is_told=False,
    )  # fmt: skip


def _against(settings: Settings, kpi: str, now: str, week_ago: Metric, normal: Metric, act: str) -> Panel:
    return of_kpis(
        settings, kpi, act=act, least=0, says=f"{_OF_THE_FLOOR} Nothing to compare with before a week of history.",
        queries=(
            Query(expr=now, legend="now"),
            Query(expr=greatest(week_ago), legend="a week ago", role=Role.REFERENCE),
            Query(expr=greatest(normal), legend="normal", role=Role.REFERENCE),
        ),
    )  # fmt: skip


def _channels(settings: Settings) -> Panel:
    return of_kpis(
        settings, "created", key="created_by_channel", title="Created an hour, by channel",
        act="A channel that falls to nothing is its feed, not calm.", unit="suffix: per hour", decimals=1, least=0,
        queries=(Query(expr=per_hour(names.TICKETS_CREATED, "channel"), legend="{{channel}}"),), is_stacked=True,
        says="Tickets created, by the workers' counters.", is_told=False,
    )  # fmt: skip


def _counted(settings: Settings, kpi: str, metric: Metric, act: str) -> Panel:
    return of_kpis(
        settings, kpi, act=act, least=0, queries=(Query(expr=summed(metric, "queue"), legend="{{queue}}"),),
        says="By queue; late events count where they belong.", height=7,
    )  # fmt: skip


def _open(settings: Settings, kpi: str, metric: Metric, act: str) -> Panel:
    return of_kpis(
        settings, kpi, act=act, least=0, queries=(Query(expr=summed(metric, "queue"), legend="{{queue}}"),),
    )  # fmt: skip


def outcomes(settings: Settings) -> Row:
    """What became of tickets beyond their clocks."""
    complaints = Query(expr=greatest(names.COMPLAINTS_CREATED), legend="whole floor")
    silent = Query(expr=greatest(names.MESSAGES_UNANSWERED), legend="whole floor")
    return Row(
        "Outcomes",
        (
            band(settings, "escalation", "See which queue escalates, and why.", least=0),
            band(settings, "complaint_escalation", "Read them: what could the first agent not decide?", least=0),
            band(settings, "conversion", "Nothing at night; see whether sales fell, or only their events.", least=0),
            of_kpis(settings, "complaints", act="Read three of the latest.", queries=(complaints,), least=0,
                    says=_OF_THE_FLOOR),
            of_kpis(settings, "messages_unanswered", act="Write to these customers.", queries=(silent,), least=0,
                    says=_OF_THE_FLOOR),
        ),
    )  # fmt: skip
