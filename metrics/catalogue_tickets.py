"""The KPIs of tickets: as it is now, and of each window. Part of the catalogue; knows no values."""

from __future__ import annotations

from typing import Final

from metrics import names
from metrics.kpi import HIGHER, LOWER, NEITHER, NOW, RATIO, SECONDS, TICKETS, Better, Interval, Kpi, bounds
from metrics.metric import Metric

# ------------------------------------------------------------------------------------------------------- now

AS_IT_IS_NOW: Final = (
    Kpi(
        name="open", title="Active issues", short="open",
        unit=TICKETS, better=LOWER, place=NOW, path="open", seeds=("004",),
        formula="tickets that are open now", metrics=(names.TICKETS_OPEN,),
    ),
    Kpi(
        name="awaiting_first_response", title="Waiting for a first reply", short="await first reply",
        unit=TICKETS, better=LOWER, place=NOW,
        path="awaiting_first_response", seeds=("000",), metrics=(names.AWAITING_FIRST_RESPONSE, names.AWAITING_AGE),
        formula="open tickets that no human has answered in public yet; not those that an agent opened",
    ),
    Kpi(
        name="oldest_awaiting_first_response", title="Longest wait for a first reply", short="oldest waiting since",
        unit="instant of its creation",
        better=HIGHER, place=NOW, path="oldest_awaiting_first_response_at", seeds=("000",),
        formula="creation of the oldest ticket without a first reply", metrics=(names.OLDEST_AWAITING_FIRST_RESPONSE,),
    ),
    Kpi(
        name="awaiting_reply", title="Waiting for a further reply", short="await reply",
        unit=TICKETS, better=LOWER, place=NOW,
        path="awaiting_reply", metrics=(names.AWAITING_REPLY, names.OLDEST_AWAITING_REPLY),
        formula="open tickets whose customer wrote after the last public human reply and the last resolve",
    ),
    Kpi(
        name="paused", title="Paused", short="paused", unit=TICKETS, better=NEITHER, place=NOW, path="paused",
        formula="open tickets that wait on the customer or a third party", metrics=(names.TICKETS_PAUSED,),
    ),
    Kpi(
        name="escalated_open", title="Escalated and open", short="escalated", unit=TICKETS, better=LOWER, place=NOW,
        path="escalated_open", seeds=("004",), formula="open tickets escalated at least once",
        metrics=(names.ESCALATED_OPEN,),
    ),
    Kpi(
        name="without_policy", title="Without a policy", short="without policy",
        unit=TICKETS, better=LOWER, place=NOW, path="without_policy",
        formula="open tickets that no SLA policy matches: they have no clock", metrics=(names.WITHOUT_POLICY,),
    ),
    *(
        Kpi(
            name=f"{sla}_breaching", title=f"{shown} breached now", short=short, unit="clocks", better=LOWER, place=NOW,
            path=f"sla.{sla}.live_breaches", seeds=seeds,
            formula="clocks not settled whose due instant has passed, in the open hours of their policy's calendar",
            metrics=(names.LIVE_BREACHES, *more, names.MOST_OVERDUE), labels=(("sla", sla),),
        )
        for sla, shown, short, seeds, more in (
            ("first_response", "First response", "breaching FRT", ("000",), (names.POLICY_LIVE_BREACHES,)),
            ("next_response", "Next response", "breaching next reply", (), ()),
            ("resolution", "Resolution", "breaching resolution", ("004",), ()),
        )
    ),
    Kpi(
        name="first_response_at_risk", title="First response at risk", short="at risk",
        unit="clocks", better=LOWER, place=NOW,
        path="sla.first_response.at_risk", seeds=("000",), metrics=(names.AT_RISK, names.POLICY_AT_RISK),
        labels=(("sla", "first_response"),),
        formula="clocks not yet due with less than the policy's share (`at_risk`, 20 %) of their target left",
    ),
    Kpi(
        name="first_response_overdue", title="How late the worst first response is", short="worst overdue",
        unit="multiples of its target",
        better=LOWER, place=NOW, path="sla.first_response.overdue_ratio", seeds=("000",),
        formula="open-hours time past due / target, of the worst clock that is breaching",
        metrics=(names.OVERDUE_RATIO,), labels=(("sla", "first_response"),),
    ),
)  # fmt: skip

# ---------------------------------------------------------------------------------------------------- windows

COUNTED: Final = (
    Kpi(
        name="created", title="Created", short="created", unit=TICKETS, better=NEITHER, path="created", seeds=("004",),
        formula="tickets created in the window", metrics=(names.WINDOW_CREATED, names.TICKETS_CREATED),
    ),
    Kpi(
        name="replied", title="First replies", short="first replies",
        unit=TICKETS, better=NEITHER, path="replied", seeds=("000",),
        formula="tickets whose first public human reply is in the window",
        metrics=(names.FIRST_RESPONSE_REPLIES, names.TICKETS_REPLIED),
    ),
    Kpi(
        name="resolved", title="Resolved issues", short="resolved",
        unit=TICKETS, better=HIGHER, path="resolved", seeds=("004",),
        formula="changes from open to resolved in the window; a ticket may be resolved more than once",
        metrics=(names.WINDOW_RESOLVED, names.TICKETS_RESOLVED),
    ),
    Kpi(
        name="reopened", title="Reopened", short="reopened",
        unit=TICKETS, better=LOWER, path="reopened", seeds=("001",),
        formula="changes from resolved to open in the window", metrics=(names.WINDOW_REOPENED, names.TICKETS_REOPENED),
    ),
    Kpi(
        name="escalated", title="Escalations", short="escalated",
        unit=TICKETS, better=LOWER, path="escalated", seeds=("004",),
        formula="tickets whose first escalation is in the window",
        metrics=(names.WINDOW_ESCALATED, names.TICKETS_ESCALATED),
    ),
    Kpi(
        name="closed_unanswered", title="Closed without a reply", short="closed unanswered",
        unit=TICKETS, better=LOWER, path="closed_unanswered",
        seeds=("001",), metrics=(names.WINDOW_CLOSED_UNANSWERED,),
        formula="tickets whose last resolve is in the window and that nobody has answered: silence of the floor",
    ),
)  # fmt: skip


def _in_sla(share: str) -> Interval:
    return Interval(f"{share}_lower95", f"{share}_upper95", "Wilson score")


LASTED: Final = (
    Kpi(
        name="first_response", title="First response time, median", short="first response p50",
        unit=SECONDS, better=LOWER,
        path="first_response.p50", sample="first_response.count", seeds=("000",),
        formula="first reply - creation, calendar time, of the first replies in the window; nearest rank, within 1 %",
        metrics=(names.FIRST_RESPONSE_P50, names.FIRST_RESPONSE, names.FIRST_RESPONSE_DURATION),
    ),
    Kpi(
        name="first_response_p90", title="First response time, 90th percentile", short="first response p90",
        unit=SECONDS, better=LOWER,
        path="first_response.p90", sample="first_response.count", seeds=("000",),
        formula="90 % of the first replies in the window took no longer; nearest rank, within 1 %",
        metrics=(names.FIRST_RESPONSE_P90,),
    ),
    Kpi(
        name="first_response_mean", title="First response time, mean", short="first response mean",
        unit=SECONDS, better=LOWER,
        path="first_response.mean", sample="first_response.count", seeds=("000",),
        formula="sum of the first response times in the window / their number, exact",
        metrics=(names.FIRST_RESPONSE_DURATION,),
    ),
    Kpi(
        name="first_response_with_the_waiting", title="First response with the waiting ones, median",
        short="… with the waiting, p50",
        unit=SECONDS, better=LOWER, path="first_response_cohort.p50", sample="first_response_cohort.created",
        seeds=("000",),
        formula="of the tickets created in the window, Kaplan-Meier with those still waiting censored now and those "
        "closed unanswered at their resolve", metrics=(names.COHORT_P50,),
    ),
    Kpi(
        name="first_response_with_the_waiting_p90", title="First response with the waiting ones, 90th percentile",
        short="… with the waiting, p90", unit=SECONDS, better=LOWER, path="first_response_cohort.p90",
        sample="first_response_cohort.created", seeds=("000",), metrics=(names.COHORT_P90,),
        formula="where the Kaplan-Meier curve of the median has fallen to 10 %",
    ),
    Kpi(
        name="first_response_business", title="First response in open hours, median", short="… in open hours, p50",
        unit=SECONDS, better=LOWER,
        path="first_response_business.p50", sample="first_response_business.count", seeds=("000",),
        formula="open hours from creation to first reply, of replies whose policy names a calendar; 0 out of hours",
        metrics=(names.FIRST_RESPONSE_BUSINESS,),
    ),
    Kpi(
        name="first_response_in_sla", title="First response in SLA", short="first response in SLA",
        unit=RATIO, better=HIGHER,
        path="first_response.in_sla_ratio", seeds=("000",), formula="met / (met + breached), settled in the window",
        sample="first_response.settled", interval=_in_sla("first_response.in_sla"),
        metrics=(names.ATTAINMENT, names.FIRST_RESPONSE_MET, names.FIRST_RESPONSE_BREACHED, names.SLA_SETTLED,
                 names.SLA_BREACHED), labels=(("sla", "first_response"),),
    ),
    Kpi(
        name="first_response_in_sla_now", title="First response in SLA, with live breaches",
        short="… with live breaches",
        unit=RATIO, better=HIGHER,
        path="first_response.in_sla_ratio_now", seeds=("000",), metrics=(names.ATTAINMENT_NOW,),
        labels=(("sla", "first_response"),), sample="first_response.settled_or_late",
        interval=_in_sla("first_response.in_sla_now"),
        formula="met / (met + breached + live breaches due in the window): a floor that stops answering does "
        "not look better",
    ),
    Kpi(
        name="resolution", title="Average resolution time", short="resolution mean",
        unit=SECONDS, better=LOWER, path="resolution.mean",
        sample="resolution.count", seeds=("004",), metrics=(names.RESOLUTION_DURATION, names.RESOLUTION_TICKETS),
        formula="last change to resolved - creation, of tickets resolved now, stamped by that change; a reopen takes "
        "it back",
    ),
    Kpi(
        name="resolution_p50", title="Resolution time, median", short="resolution p50",
        unit=SECONDS, better=LOWER, path="resolution.p50",
        sample="resolution.count", seeds=("004",),
        formula="half the tickets resolved in the window, and resolved still, took no longer; nearest rank, within 1 %",
        metrics=(names.RESOLUTION_P50, names.RESOLUTION),
    ),
    Kpi(
        name="resolution_p90", title="Resolution time, 90th percentile", short="resolution p90", unit=SECONDS,
        better=LOWER, path="resolution.p90", sample="resolution.count", seeds=("004",),
        formula="90 % of the tickets resolved in the window, and resolved still, took no longer; nearest rank, within "
        "1 %",
        metrics=(names.RESOLUTION_P90,),
    ),
    Kpi(
        name="first_resolution", title="Time to the first resolve, mean", short="first resolve mean",
        unit=SECONDS, better=LOWER,
        path="first_resolution.mean", sample="first_resolution.count", seeds=("004",),
        formula="first change to resolved - creation, whether reopened or not", metrics=(names.FIRST_RESOLUTION,),
    ),
    Kpi(
        name="resolution_in_sla", title="Resolution in SLA", short="resolution in SLA",
        unit=RATIO, better=HIGHER, path="resolution.in_sla_ratio",
        seeds=("004",), sample="resolution.settled", interval=_in_sla("resolution.in_sla"),
        formula="met / (met + breached), settled in the window; pauses and time resolved do not run the clock",
        metrics=(names.ATTAINMENT, names.RESOLUTION_MET, names.RESOLUTION_BREACHED, names.SLA_SETTLED,
                 names.SLA_BREACHED), labels=(("sla", "resolution"),),
    ),
    Kpi(
        name="resolution_in_sla_now", title="Resolution in SLA, with live breaches",
        short="resolution, live breaches too", unit=RATIO, better=HIGHER, path="resolution.in_sla_ratio_now",
        seeds=("004",),
        metrics=(names.ATTAINMENT_NOW,), labels=(("sla", "resolution"),),
        sample="resolution.settled_or_late", interval=_in_sla("resolution.in_sla_now"),
        formula="met / (met + breached + live breaches due in the window)",
    ),
)  # fmt: skip


def _share(name: str, title: str, short: str, better: Better, path: str, formula: str, *metrics: Metric) -> Kpi:
    """A share of one cohort, with Wilson's interval."""
    return Kpi(
        name=name, title=title, short=short, unit=RATIO, better=better, path=f"{path}.ratio", sample=f"{path}.created",
        interval=bounds(path, "Wilson score"), seeds=("004",), formula=formula, metrics=metrics,
    )  # fmt: skip


OUTCOMES: Final = (
    _share(
        "escalation", "Escalation rate", "escalation rate", LOWER, "escalation",
        "of the tickets created in the window, the share escalated so far: one cohort above and below",
        names.ESCALATION,
    ),
    _share(
        "complaint_escalation", "Complaint escalation rate", "complaint escalation", LOWER, "complaint_escalation",
        "of the complaint tickets created in the window, the share escalated so far", names.COMPLAINT_ESCALATION,
    ),
    _share(
        "conversion", "Conversion rate", "conversion", HIGHER, "conversion",
        "of the tickets created in the window, the share with a sale within `within` (72 h) of their first reply, "
        "or of the creation where nobody replied", names.CONVERSION,
    ),
    Kpi(
        name="complaints", title="Complaint volume", short="complaints",
        unit=TICKETS, better=LOWER, path="complaints.created",
        seeds=("004",),
        formula="complaint tickets created in the window; complaints and tickets resolved stand beside it",
        metrics=(names.COMPLAINTS_CREATED,),
    ),
    Kpi(
        name="messages_unanswered", title="Messages never answered", short="messages unanswered",
        unit=TICKETS, better=LOWER,
        path="messages_unanswered", seeds=("001",),
        formula="tickets whose last resolve is in the window and left a customer's message without any later reply",
        metrics=(names.MESSAGES_UNANSWERED,),
    ),
)  # fmt: skip

NORMAL: Final = (
    Kpi(
        name="resolved_now", title="Resolved tickets", short="resolved now",
        unit=TICKETS, better=NEITHER, place=NOW, path="resolved_now",
        seeds=("004",),
        formula="tickets that are resolved now, of those that are kept; not the changes to resolved of a window",
        metrics=(names.RESOLVED_NOW,),
    ),
    Kpi(
        name="open_against_normal", title="Open, against normal", short="open, against normal",
        unit=TICKETS, better=LOWER, place=NOW,
        path="normal.open.now", seeds=("004",),
        metrics=(names.TICKETS_OPEN, names.OPEN_WEEK_AGO, names.OPEN_NORMAL),
        formula="beside it `week_ago`, and `normal`: the median of the same hour of week of the last four weeks",
    ),
    Kpi(
        name="created_against_normal", title="Created, against normal", short="created, against normal", unit=TICKETS,
        better=NEITHER, place=NOW, path="normal.created", seeds=("004",),
        metrics=(names.CREATED_LATELY, names.CREATED_WEEK_AGO, names.CREATED_NORMAL),
        formula="of each window of whole hours up to 7 d, as of the last whole hour; `week_ago` and `normal` as "
        "for what is open",
    ),
)  # fmt: skip
