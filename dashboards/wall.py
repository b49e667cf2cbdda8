"""`support-wall`: one screen for a television: who waits, what is late, and whether that is still so."""

from __future__ import annotations

from typing import Final

from alerting.panels import OPS, PIPELINE, WALL, Seen
from alerting.settings import Settings
from alerting.windows import nearest
from dashboards.judgement import (
    NONE_IS_CALM,
    NONE_IS_GOOD,
    STATES,
    aim_of,
    state_by_queue,
    state_now,
    state_of,
    steps_of,
)
from dashboards.kpi_panels import number, of_kpis
from dashboards.links import panel, tickets_of_series
from dashboards.measured import Measured, measured
from dashboards.panel import Colour, Dashboard, Link, Panel, Query, Row, Shape, Step, sample
from dashboards.queries import age, greatest, once, or_zero, summed
from metrics import board_names, names
from metrics.instants import DAY, HOUR, MINUTE

TODAY: Final = "today"
_FIRST: Final = {"sla": "first_response"}
_DUE: Final = (Step(None, Colour.GOOD), Step(1, Colour.BREACH))


def dashboard(settings: Settings) -> Dashboard:
    """The whole dashboard."""
    return Dashboard(
        uid=WALL,
        title="Support: wall",
        says="The floor as it is now, for a television: add ?kiosk to its address.",
        rows=(
            Row("Now", _now(settings)),
            Row("Promises and voices", _promises(settings)),
            Row("Queues", (_queues(settings),)),
        ),
        window=near(settings, HOUR),
        since="now-3h",
        refresh="10s",
    )


def near(settings: Settings, length: int) -> str:
    """The name of the window that is nearest to this length; today where there is none."""
    found = nearest(settings.windows, length, MINUTE, 366 * DAY)
    return TODAY if found is None else found.name


def _now(settings: Settings) -> tuple[Panel, ...]:
    waiting = or_zero(summed(names.AWAITING_FIRST_RESPONSE))
    breaching, at_risk = (or_zero(summed(metric, **_FIRST)) for metric in (names.LIVE_BREACHES, names.AT_RISK))
    oldest = age(names.OLDEST_AWAITING_FIRST_RESPONSE)
    overdue = f"1 + max({once(names.OVERDUE_RATIO, **_FIRST)})"
    return (
        Panel(
            key="state",
            title="First response",
            says="BREACH: a first response is past its target now. AT RISK: one is close to it. OK: neither. PARTIAL: "
            "partitions are missing, and of what is known nothing is late.",
            act="On BREACH open the tickets, the most overdue first; on PARTIAL see the dashboard of the pipeline.",
            unit="short",
            queries=(Query(expr=state_now(), legend="state"),),
            shape=Shape.NUMBER,
            words=STATES,
            links=_details("first_response_breaching"),
            width=4,
            height=6,
        ),
        number(
            settings, "awaiting_first_response", "Answer the oldest first.", Query(expr=waiting, legend="waiting"),
            width=4, height=6, steps=(Step(None, Colour.PLAIN),),
            links=(*tickets_of_series(settings, "waiting", by=()), *_details("awaiting_first_response")),
        ),
        number(
            settings, "oldest_awaiting_first_response", "Open this ticket; nobody has.",
            Query(expr=oldest, legend="waits for", unit="dthms", decimals=0, steps=(Step(None, Colour.PLAIN),)),
            Query(expr=overdue, legend="of its target", unit="suffix: x", decimals=1, steps=_DUE),
            width=5, height=6, links=_details("oldest_awaiting_first_response"),
            says="Beside it, if any is late: how many times its target the worst one has waited.",
        ),
        number(
            settings, "first_response_breaching", "Get these answered, the most overdue first.",
            Query(expr=breaching, legend="breached", steps=NONE_IS_GOOD),
            width=4, height=6,
            links=(*tickets_of_series(settings, "breaching", by=(), sla="first_response"),
                   *_details("first_response_breaching")),
        ),
        number(
            settings, "first_response_at_risk", "Answer these next.",
            Query(expr=at_risk, legend="at risk", steps=NONE_IS_CALM),
            width=3, height=6,
            links=(*tickets_of_series(settings, "at_risk", by=(), sla="first_response"),
                   *_details("first_response_at_risk")),
        ),
        _freshness(),
    )  # fmt: skip


def _freshness() -> Panel:
    ready = f"count(max by (partition) ({names.PARTITION_READY.name}) == 1) or vector(0)"
    return Panel(
        key="freshness",
        title="Is it live?",
        says="How old the numbers of the wall are, and how many partitions are read to the end, of how many. A missing "
        "partition's tickets are in no number.",
        act="Where it is older than a minute, or partitions are missing, see the dashboard of the pipeline.",
        unit="short",
        queries=(
            Query(
                expr=f"time() - max({board_names.SNAPSHOT_AT.name})", legend="age", unit="s", decimals=0,
                steps=(Step(None, Colour.GOOD), Step(15, Colour.AT_RISK), Step(60, Colour.BREACH)),
            ),
            Query(expr=ready, legend="partitions ready", decimals=0),
            Query(expr=f"max({names.PARTITIONS.name})", legend="of", decimals=0),
        ),
        shape=Shape.NUMBER,
        steps=(Step(None, Colour.PLAIN),),
        links=_details("partitions_ready", PIPELINE),
        width=4,
        height=6,
    )  # fmt: skip


def _details(key: str, dashboard: str = OPS) -> tuple[Link, ...]:
    """The panel that tells more: over time, by queue."""
    return (panel(Seen(dashboard, key), "Details"),)


def _promises(settings: Settings) -> tuple[Panel, ...]:
    day, week = near(settings, DAY), near(settings, 7 * DAY)
    flow = (
        Query(expr=or_zero(summed(names.TICKETS_OPEN)), legend="open"),
        Query(expr=summed(names.WINDOW_CREATED), legend="created, $window"),
        Query(expr=summed(names.WINDOW_RESOLVED), legend="resolved, $window"),
    )
    return (
        _judged(settings, "first_response_in_sla", TODAY, "Compare with who is on shift, and with the volume.",
                measured("first_response_in_sla", window=TODAY)),
        of_kpis(
            settings, "open", "created", "resolved", act="Created over resolved for hours: the backlog grows.",
            queries=flow, shape=Shape.NUMBER, title="Open, created, resolved", key="flow",
            steps=(Step(None, Colour.PLAIN),), width=6, height=6, links=_details("flow"),
        ),
        _judged(settings, "csat", day, "Read the latest low answers.", _exported("csat", day)),
        _judged(settings, "nps", week, "Nothing to do today: compare over weeks.", _exported("nps", week)),
    )  # fmt: skip


def _exported(kpi: str, window: str) -> Measured:
    """The whole floor's own value and bounds, as the wall of the board shows them; the sample is the sum of queues."""
    value, lower, upper, survey = {
        "csat": (names.CSAT_SATISFIED, names.CSAT_LOWER, names.CSAT_UPPER, "csat"),
        "nps": (names.NPS_SCORE, names.NPS_LOWER, names.NPS_UPPER, "nps"),
    }[kpi]
    found = (greatest(names.FLOOR[metric], window=window) for metric in (value, lower, upper))
    sample = summed(names.SURVEY_RESPONSES, queue="", survey=survey, window=window)
    value_of, lower_of, upper_of = found
    return Measured(value_of, sample, lower_of, upper_of)


def _judged(settings: Settings, kpi: str, window: str, act: str, found: Measured) -> Panel:
    """A KPI with its interval, n and, where it has a target, a word."""
    state = state_of(kpi, found, settings)
    plain = (Step(None, Colour.PLAIN),)
    queries = [
        Query(expr=found.value, legend="value", steps=steps_of(kpi, settings) or plain),
        Query(expr=found.lower, legend="at least", steps=plain),
        Query(expr=found.upper, legend="at most", steps=plain),
        Query(expr=found.sample, legend="n", unit="short", decimals=0, steps=plain),
    ]
    if state is not None and aim_of(kpi, settings) is not None:
        queries.insert(0, Query(expr=state, legend="target", unit="short", words=STATES))
    title = f"{ {'csat': 'CSAT', 'nps': 'NPS'}.get(kpi, 'First response in SLA') }, {window}"
    return number(
        settings, kpi, act, *queries, title=title, width=6, height=6, links=_details(kpi),
        says="With both ends of its 95 % interval, and n.",
    )  # fmt: skip


def _queues(settings: Settings) -> Panel:
    met, breached = (
        summed(metric, "queue", window=TODAY) for metric in (names.FIRST_RESPONSE_MET, names.FIRST_RESPONSE_BREACHED)
    )
    known = f"({state_by_queue()}) and on (queue) {summed(names.TICKETS_OPEN, 'queue')}"
    oldest = age(names.OLDEST_AWAITING_FIRST_RESPONSE, "queue")
    attained = greatest(names.ATTAINMENT, "queue", window=TODAY, **_FIRST)
    return of_kpis(
        settings, "awaiting_first_response", act="Move people to the queue at the top.",
        queries=(
            Query(expr=known, legend="State", words=STATES),
            Query(expr=summed(names.AWAITING_FIRST_RESPONSE, "queue"), legend="Waiting"),
            Query(expr=oldest, legend="Oldest waits for", unit="dthms"),
            Query(expr=summed(names.LIVE_BREACHES, "queue", **_FIRST), legend="Breached now", steps=NONE_IS_GOOD),
            Query(expr=summed(names.AT_RISK, "queue", **_FIRST), legend="At risk", steps=NONE_IS_CALM),
            Query(expr=summed(names.TICKETS_OPEN, "queue"), legend="Open"),
            Query(expr=attained, legend="In SLA today", unit="percentunit", decimals=1),
            sample(f"{met} + on (queue) {breached}", "n today"),
        ),
        says="First responses by queue. Queues without an open ticket are left out. An empty cell is none, or no data.",
        is_told=False,
        key="queues", title="Queues, worst first", shape=Shape.TABLE, width=24, height=9, sort="Breached now",
        links=(*tickets_of_series(settings, "breaching", shape=Shape.TABLE, sla="first_response"),
               *_details("first_response_in_sla_by_queue")),
    )  # fmt: skip
