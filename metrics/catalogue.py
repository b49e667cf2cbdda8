"""Every KPI, defined once: what it is, where it stands, how sure it is, and which way is better.

The page docs/kpis.md is made from it. Invariant: what is here stands in the snapshot under its path. Knows no values.
"""

from __future__ import annotations

from typing import Final

from metrics import names
from metrics.kpi import Better, Interval, Kpi, Place
from metrics.names import Metric
from metrics.slow_series import NOT_EXPORTED

TICKETS: Final = "tickets"
SECONDS: Final = "seconds"
RATIO: Final = "ratio, 0 to 1"
HIGHER, LOWER, NEITHER = Better
NOW: Final = Place.NOW


def _bounds(survey: str, method: str) -> Interval:
    return Interval(f"{survey}.lower95", f"{survey}.upper95", method)


# ------------------------------------------------------------------------------------------------------- now

_NOW: Final = (
    Kpi(
        name="open", title="Active issues", unit=TICKETS, better=LOWER, place=NOW, path="open", seeds=("004",),
        formula="tickets that are open now", metrics=(names.TICKETS_OPEN,),
    ),
    Kpi(
        name="awaiting_first_response", title="Waiting for a first reply", unit=TICKETS, better=LOWER, place=NOW,
        path="awaiting_first_response", seeds=("000",), metrics=(names.AWAITING_FIRST_RESPONSE, names.AWAITING_AGE),
        formula="open tickets that no human has answered in public yet; not those that an agent opened",
    ),
    Kpi(
        name="oldest_awaiting_first_response", title="Longest wait for a first reply", unit="instant of its creation",
        better=HIGHER, place=NOW, path="oldest_awaiting_first_response_at", seeds=("000",),
        formula="creation of the oldest ticket without a first reply", metrics=(names.OLDEST_AWAITING_FIRST_RESPONSE,),
    ),
    Kpi(
        name="awaiting_reply", title="Waiting for a further reply", unit=TICKETS, better=LOWER, place=NOW,
        path="awaiting_reply", metrics=(names.AWAITING_REPLY, names.OLDEST_AWAITING_REPLY),
        formula="open tickets whose customer wrote after the last public human reply and the last resolve",
    ),
    Kpi(
        name="paused", title="Paused", unit=TICKETS, better=NEITHER, place=NOW, path="paused",
        formula="open tickets that wait on the customer or a third party", metrics=(names.TICKETS_PAUSED,),
    ),
    Kpi(
        name="escalated_open", title="Escalated and open", unit=TICKETS, better=LOWER, place=NOW,
        path="escalated_open", seeds=("004",), formula="open tickets escalated at least once",
        metrics=(names.ESCALATED_OPEN,),
    ),
    Kpi(
        name="without_policy", title="Without a policy", unit=TICKETS, better=LOWER, place=NOW, path="without_policy",
        formula="open tickets that no SLA policy matches: they have no clock", metrics=(names.WITHOUT_POLICY,),
    ),
    *(
        Kpi(
            name=f"{sla}_breaching", title=f"{shown} breached now", unit="clocks", better=LOWER, place=NOW,
            path=f"sla.{sla}.live_breaches", seeds=seeds,
            formula="clocks not settled whose due instant has passed, in the open hours of their policy's calendar",
            metrics=(names.LIVE_BREACHES, names.POLICY_LIVE_BREACHES, names.MOST_OVERDUE),
        )
        for sla, shown, seeds in (
            ("first_response", "First response", ("000",)), ("next_response", "Next response", ()),
            ("resolution", "Resolution", ("004",)),
        )
    ),
    Kpi(
        name="first_response_at_risk", title="First response at risk", unit="clocks", better=LOWER, place=NOW,
        path="sla.first_response.at_risk", seeds=("000",), metrics=(names.AT_RISK, names.POLICY_AT_RISK),
        formula="clocks not yet due with less than the policy's share (`at_risk`, 20 %) of their target left",
    ),
    Kpi(
        name="first_response_overdue", title="How late the worst first response is", unit="multiples of its target",
        better=LOWER, place=NOW, path="sla.first_response.overdue_ratio", seeds=("000",),
        formula="open-hours time past due / target, of the worst clock that is breaching",
        metrics=(names.OVERDUE_RATIO,),
    ),
)  # fmt: skip

# ---------------------------------------------------------------------------------------------------- windows

_COUNTED: Final = (
    Kpi(
        name="created", title="Created", unit=TICKETS, better=NEITHER, path="created", seeds=("004",),
        formula="tickets created in W", metrics=(names.WINDOW_CREATED, names.TICKETS_CREATED),
    ),
    Kpi(
        name="replied", title="First replies", unit=TICKETS, better=NEITHER, path="replied", seeds=("000",),
        formula="tickets whose first public human reply is in W",
        metrics=(names.FIRST_RESPONSE_REPLIES, names.TICKETS_REPLIED),
    ),
    Kpi(
        name="resolved", title="Resolved issues", unit=TICKETS, better=HIGHER, path="resolved", seeds=("004",),
        formula="changes from open to resolved in W; a ticket may be resolved more than once",
        metrics=(names.WINDOW_RESOLVED, names.TICKETS_RESOLVED),
    ),
    Kpi(
        name="reopened", title="Reopened", unit=TICKETS, better=LOWER, path="reopened", seeds=("001",),
        formula="changes from resolved to open in W", metrics=(names.WINDOW_REOPENED, names.TICKETS_REOPENED),
    ),
    Kpi(
        name="escalated", title="Escalations", unit=TICKETS, better=LOWER, path="escalated", seeds=("004",),
        formula="tickets whose first escalation is in W", metrics=(names.WINDOW_ESCALATED, names.TICKETS_ESCALATED),
    ),
    Kpi(
        name="closed_unanswered", title="Closed without a reply", unit=TICKETS, better=LOWER, path="closed_unanswered",
        seeds=("001",), metrics=(names.WINDOW_CLOSED_UNANSWERED,),
        formula="tickets whose last resolve is in W and that nobody has answered: silence of the floor",
    ),
)  # fmt: skip

_LASTED: Final = (
    Kpi(
        name="first_response", title="First response time, median", unit=SECONDS, better=LOWER,
        path="first_response.p50", sample="first_response.count", seeds=("000",),
        formula="first reply - creation, calendar time, of the first replies in W; nearest rank, within 1 %",
        metrics=(names.FIRST_RESPONSE_P50, names.FIRST_RESPONSE, names.FIRST_RESPONSE_DURATION),
    ),
    Kpi(
        name="first_response_p90", title="First response time, 90th percentile", unit=SECONDS, better=LOWER,
        path="first_response.p90", sample="first_response.count", seeds=("000",),
        formula="as the median", metrics=(names.FIRST_RESPONSE_P90,),
    ),
    Kpi(
        name="first_response_mean", title="First response time, mean", unit=SECONDS, better=LOWER,
        path="first_response.mean", sample="first_response.count", seeds=("000",),
        formula="sum of the same / their number, exact", metrics=(names.FIRST_RESPONSE_DURATION,),
    ),
    Kpi(
        name="first_response_with_the_waiting", title="First response with the waiting ones, median", unit=SECONDS,
        better=LOWER, path="first_response_cohort.p50", sample="first_response_cohort.created", seeds=("000",),
        formula="of the tickets created in W, Kaplan-Meier with those still waiting censored now and those closed "
        "unanswered at their resolve", metrics=(names.COHORT_P50, names.COHORT_P90),
    ),
    Kpi(
        name="first_response_business", title="First response in open hours, median", unit=SECONDS, better=LOWER,
        path="first_response_business.p50", sample="first_response_business.count", seeds=("000",),
        formula="open hours from creation to first reply, of replies whose policy names a calendar; 0 out of hours",
        metrics=(names.FIRST_RESPONSE_BUSINESS,),
    ),
    Kpi(
        name="first_response_in_sla", title="First response in SLA", unit=RATIO, better=HIGHER,
        path="first_response.in_sla_ratio", seeds=("000",), formula="met / (met + breached), settled in W",
        metrics=(names.ATTAINMENT, names.FIRST_RESPONSE_MET, names.FIRST_RESPONSE_BREACHED, names.SLA_SETTLED,
                 names.SLA_BREACHED),
    ),
    Kpi(
        name="first_response_in_sla_now", title="First response in SLA, with live breaches", unit=RATIO, better=HIGHER,
        path="first_response.in_sla_ratio_now", seeds=("000",), metrics=(names.ATTAINMENT_NOW,),
        formula="met / (met + breached + live breaches due in W): a floor that stops answering does not look better",
    ),
    Kpi(
        name="resolution", title="Average resolution time", unit=SECONDS, better=LOWER, path="resolution.mean",
        sample="resolution.count", seeds=("004",), metrics=(names.RESOLUTION_DURATION, names.RESOLUTION_TICKETS),
        formula="last change to resolved - creation, of tickets resolved now, stamped by that change; a reopen takes "
        "it back",
    ),
    Kpi(
        name="resolution_p50", title="Resolution time, median", unit=SECONDS, better=LOWER, path="resolution.p50",
        sample="resolution.count", seeds=("004",), formula="of the same; nearest rank, within 1 %",
        metrics=(names.RESOLUTION_P50, names.RESOLUTION_P90, names.RESOLUTION),
    ),
    Kpi(
        name="first_resolution", title="Time to the first resolve, mean", unit=SECONDS, better=LOWER,
        path="first_resolution.mean", sample="first_resolution.count", seeds=("004",),
        formula="first change to resolved - creation, whether reopened or not",
    ),
    Kpi(
        name="resolution_in_sla", title="Resolution in SLA", unit=RATIO, better=HIGHER, path="resolution.in_sla_ratio",
        seeds=("004",), formula="met / (met + breached), settled in W; pauses and time resolved do not run the clock",
        metrics=(names.ATTAINMENT, names.RESOLUTION_MET, names.RESOLUTION_BREACHED),
    ),
)  # fmt: skip

_ASKED: Final = (
    Kpi(
        name="csat", title="Overall satisfaction (top-2-box)", unit=RATIO, better=HIGHER, path="csat.satisfied_ratio",
        sample="csat.responses", seeds=("000", "002", "004"), formula="answers of 4 or 5 / answers, on 1 to 5",
        interval=_bounds("csat", "Wilson score"),
        metrics=(names.CSAT_SATISFIED, names.CSAT_LOWER, names.CSAT_UPPER, names.CSAT_WINDOW_RESPONSES,
                 names.CSAT_WINDOW_SATISFIED, names.SURVEY_RESPONSES, names.CSAT_RESPONSES),
    ),
    Kpi(
        name="csat_mean", title="CSAT, mean", unit="score, 1 to 5", better=HIGHER, path="csat.mean",
        sample="csat.responses", seeds=("000", "002"), formula="sum of scores / answers, on 1 to 5",
        metrics=(names.CSAT_MEAN, names.CSAT_WINDOW_POINTS),
    ),
    Kpi(
        name="nps", title="Net Promoter Score", unit="points, -100 to 100", better=HIGHER, path="nps.score",
        sample="nps.responses", seeds=("000", "002", "003", "004"), interval=_bounds("nps", "adjusted Wald"),
        formula="100 · (promoters - detractors) / answers; promoters 9 and 10, detractors 0 to 6",
        metrics=(names.NPS_SCORE, names.NPS_LOWER, names.NPS_UPPER, names.NPS_WINDOW_RESPONSES, names.NPS_RESPONSES),
    ),
    Kpi(
        name="ces", title="Customer effort, mean", unit="score, 1 to 7", better=HIGHER, path="ces.mean",
        sample="ces.responses", seeds=("003",), interval=_bounds("ces", "Student's t"),
        formula="sum of scores / answers to *made it easy*, 1 to 7",
        metrics=(names.CES_MEAN, names.CES_HALFWIDTH, names.CES_WINDOW_RESPONSES, names.CES_WINDOW_POINTS,
                 names.CES_RESPONSES),
    ),
    Kpi(
        name="ces_index", title="Customer effort, index", unit="points, -100 to 100", better=HIGHER, path="ces.index",
        sample="ces.responses", seeds=("003",), formula="100 · (answers of 6 and 7 - answers of 1 to 3) / answers",
    ),
)  # fmt: skip


def _share(name: str, title: str, better: Better, path: str, formula: str, *metrics: Metric) -> Kpi:
    """A share of one cohort, with Wilson's interval."""
    return Kpi(
        name=name, title=title, unit=RATIO, better=better, path=f"{path}.ratio", sample=f"{path}.created",
        interval=_bounds(path, "Wilson score"), seeds=("004",), formula=formula, metrics=metrics,
    )  # fmt: skip


_OUTCOMES: Final = (
    _share(
        "escalation", "Escalation rate", LOWER, "escalation",
        "of the tickets created in W, the share escalated so far: one cohort above and below",
    ),
    _share(
        "complaint_escalation", "Complaint escalation rate", LOWER, "complaint_escalation",
        "of the complaint tickets created in W, the share escalated so far", names.COMPLAINT_ESCALATION,
    ),
    _share(
        "conversion", "Conversion rate", HIGHER, "conversion",
        "of the tickets created in W, the share with a sale within `within` (72 h) of their first reply, or of the "
        "creation where nobody replied", names.CONVERSION,
    ),
    Kpi(
        name="complaints", title="Complaint volume", unit=TICKETS, better=LOWER, path="complaints.created",
        seeds=("004",), formula="complaint tickets created in W; complaints and tickets resolved stand beside it",
        metrics=(names.COMPLAINTS_CREATED,),
    ),
    Kpi(
        name="messages_unanswered", title="Messages never answered", unit=TICKETS, better=LOWER,
        path="messages_unanswered", seeds=("001",),
        formula="tickets whose last resolve is in W and left a customer's message without any later reply",
    ),
)  # fmt: skip

_NORMAL: Final = (
    Kpi(
        name="resolved_now", title="Resolved tickets", unit=TICKETS, better=NEITHER, place=NOW, path="resolved_now",
        seeds=("004",), formula="tickets that are resolved now, of those that are kept; another number than *resolved*",
    ),
    Kpi(
        name="open_against_normal", title="Open, against normal", unit=TICKETS, better=LOWER, place=NOW,
        path="normal.open.now", seeds=("004",),
        formula="beside it `week_ago`, and `normal`: the median of the same hour of week of the last four weeks",
    ),
)  # fmt: skip


def _slow(name: str, title: str, unit: str, better: Better, formula: str, seeds: tuple[str, ...]) -> Kpi:
    return Kpi(
        name=name, title=title, unit=unit, better=better, formula=formula, seeds=seeds, place=Place.SLOW, path=name,
        metrics=() if name.startswith(NOT_EXPORTED) else (names.SLOW_KPI, names.SLOW_KPI_AS_OF),
    )  # fmt: skip


_SLOW: Final = (
    _slow(
        "customer_retention", "Customer retention", "%", HIGHER,
        "(customers_end - customers_new) / customers_start · 100, of a reported period; over 100 is flagged",
        ("000", "004"),
    ),
    _slow("employee_turnover", "Employee turnover", "%", LOWER,
          "separations / ((employees_start + employees_end) / 2) · 100", ("004",)),
    _slow("employee_retention", "Employee retention", "%", HIGHER, "stayed / employees_start · 100", ("004",)),
    _slow("cash_flow", "Cash flow", "that of the facts", HIGHER,
          "inflow - outflow of the period, beside the service KPIs; no claim about causes", ("004",)),
    _slow("cost_per_resolved", "Cost per resolved ticket", "that of the fact", LOWER,
          "cost / tickets resolved in its period and resolved still, each once", ("000",)),
    _slow("resolved_per_staffed_hour", "Employee efficiency", "per hour", HIGHER,
          "changes to resolved in the period / staffed hours", ("004",)),
    _slow("first_replies_per_staffed_hour", "First replies per staffed hour", "per hour", HIGHER,
          "first replies in the period / staffed hours", ("004",)),
    _slow("complaints_per_1000_customers", "Complaints per 1,000 customers", "per 1,000 customers", LOWER,
          "complaint tickets created in the period / customers · 1,000", ("004",)),
    *(
        _slow(f"benchmark.{kpi}", f"{shown}, against others", unit, better,
              "own value - benchmark, of the benchmark's period; refused where the definitions differ", ("001", "004"))
        for kpi, shown, unit, better in (
            ("csat_satisfied", "Satisfaction", "difference of ratios", HIGHER),
            ("nps", "NPS", "points", HIGHER),
            ("first_response_p50", "First response, median", "seconds", LOWER),
        )
    ),
)  # fmt: skip

_COMMANDS: Final = (
    Kpi(
        name="drivers", title="Key drivers of low satisfaction", unit="correlation, difference", better=NEITHER,
        place=Place.COMMAND, path="deskpulse drivers FILE", seeds=("001",),
        formula="Spearman's rank correlation of satisfaction with first response and reopens; Cramér's V and the "
        "difference by channel, queue and escalation; each with n and interval",
    ),
    Kpi(
        name="why", title="The why", unit="comments, counts by reason", better=NEITHER, place=Place.COMMAND,
        path="GET /api/why", seeds=("003",),
        formula="the latest comments of low scores, redacted, and how often each reason was given; off by default",
    ),
    Kpi(
        name="targets", title="Baselines and targets from own data", unit="configuration lines", better=NEITHER,
        place=Place.COMMAND, path="deskpulse targets suggest FILE", seeds=("001", "003", "004"),
        formula="today's baseline with n and interval, and one stated step from it; nothing moves by itself",
    ),
    Kpi(
        name="report", title="Reports over years and quarters", unit="all of the above", better=NEITHER,
        place=Place.COMMAND, path="deskpulse report FILE --by day|week|month|quarter", seeds=("000", "003", "004"),
        formula="every KPI of a window per calendar period, as table, CSV, JSON and chart",
    ),
)  # fmt: skip


def _voice(name: str, title: str, unit: str, formula: str, path: str, sample: str, method: str, *seeds: str) -> Kpi:
    parent = path.rpartition(".")[0]
    interval = Interval(f"{parent}.lower95", f"{parent}.upper95", method) if method else None
    return Kpi(
        name=name, title=title, unit=unit, better=HIGHER, formula=formula, path=path, sample=sample or None,
        interval=interval, seeds=seeds,
    )  # fmt: skip


_VOICE: Final = (
    _voice("csat_change", "Satisfaction improvement", "difference of ratios",
           "satisfied ratio in W - that of the W before; a change only where the interval leaves 0 out; for rolling "
           "windows of 24 h and more", "csat_change.difference", "csat_change.before_responses",
           "Newcombe, method 10", "004"),
    _voice("servqual", "SERVQUAL, overall", "points, -6 to 6",
           "perception - expectation of each pair; mean by dimension and by item beside it; overall the mean of the "
           "dimensions that have pairs; a pair with one side missing is left out", "servqual.overall",
           "servqual.pairs", "", "000"),
    _voice("brand", "Brand attributes and preference", "ratio, 0 to 1",
           "of the answers to an item, the share that agrees (1 of 0 and 1; 4 and 5 of 1 to 5, under `brand_1_5`), "
           "with n and Wilson bounds; `brand.preferred` is the preference", "brand", "", "", "001", "004"),
    _voice("brand_expected", "Brand, overlap with the expected words", "ratio, 0 to 1",
           "of the agreeing answers, those for an item of `[kpis.brand] expected`", "brand_expected.ratio",
           "brand_expected.agreeing", "Wilson score", "004"),
    _voice("response_rate", "Survey response rate", "ratio, 0 to 1",
           "of the surveys sent in W, the share answered by now: what customers do not say", "response_rate.csat.ratio",
           "response_rate.csat.sent", "Wilson score", "001"),
)  # fmt: skip

ALL: Final = (*_NOW, *_NORMAL, *_COUNTED, *_LASTED, *_OUTCOMES, *_ASKED, *_VOICE, *_SLOW, *_COMMANDS)
BY_NAME: Final = {kpi.name: kpi for kpi in ALL}


def value_at(scope: dict[str, object], kpi: Kpi, window: str, path: str | None = None) -> object:
    """What stands under the KPI's path (or another of its paths) in a scope of the snapshot.

    Raises:
        KeyError: the snapshot has no such number.
    """
    found: object = scope
    start = () if kpi.place is Place.NOW else ("windows", window)
    for key in (*start, *(path or kpi.path).split(".")):
        if found is None:
            return None
        if not isinstance(found, dict):
            raise KeyError(f"{kpi.name}: nothing under {key!r} of {kpi.path}")
        found = found[key]
    return found
