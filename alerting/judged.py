"""The KPIs that a target can be set for, and the bound by which each is judged: never the point.

A KPI is here if its window values in Prometheus give an interval. Its ``bound`` is the end of that interval which the
target has to lie beyond before anybody is told: the upper end where more is better, the lower one where less is. Some
are exported by queue and judged queue by queue; the others are numbers of the whole floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from alerting.promql import promql
from metrics.instants import DAY, HOUR
from metrics.intervals import Z
from metrics.kpi import Better

#: Wilson's upper bound of m in n, with b = n - m: (m + z²/2 + z·sqrt(m·b/n + z²/4)) / (n + z²).
_WILSON: Final = f"""\
($met + {Z**2 / 2:.9g} + {Z:.9g} * sqrt($met * $breached / ($met + $breached) + {Z**2 / 4:.9g}))
/ ($met + $breached + {Z**2:.9g})"""

_HALF: Final = f"{Z**2 / 2:.9g} + {Z:.9g} * sqrt($n * $share * (1 - $share) + {Z**2 / 4:.9g})"

#: Wilson's lower bound of a share p of n: n·p² / (n·p + z²/2 + z·sqrt(n·p·(1 - p) + z²/4)). The product of both bounds
#: is n·p² / (n + z²); written so, nothing is lost to cancellation, and the bound of none is 0.
_LOWER: Final = f"$n * $share ^ 2 / ($n * $share + {_HALF})"

#: The upper bound is 1 less the lower one of the others, 1 - p: that of all is 1.
_UPPER: Final = f"1 - $n * (1 - $share) ^ 2 / ($n * (1 - $share) + {_HALF})"

_PERCENT: Final = "{{ $value | humanizePercentage }}"
_BELOW: Final = (
    "Few customers answer, and those who do are not the average. A target above what the queue ever reached fires for "
    "ever: set it from your own baseline."
)


class Part(msgspec.Struct, frozen=True):
    """A window value that a bound or a sample is made of; ``is_summed``: by queue, of which the floor's is the sum."""

    series: str
    survey: str | None = None
    is_summed: bool = False


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One KPI: ``parts`` are the series that ``bound`` and ``sample`` are made of, by the name they have there.

    ``shortest``: without a window of its own, a target is not tried over shorter ones. ``of`` names the sample.
    """

    kpi: str
    title: str
    alert: str
    shown: str
    parts: Mapping[str, Part]
    bound: str
    sample: str = "$n"
    least: float = 0
    most: float = 1
    better: Better = Better.HIGHER
    is_by_queue: bool = True
    shortest: int = HOUR
    of: str = "answers"
    value: str = _PERCENT
    look: tuple[tuple[str, str], ...] = ()
    act: str = (
        "Nothing to do at night. Read the latest low answers with their comments, and compare with the first "
        "response and reopened tickets of the same queue."
    )
    wrong: str = _BELOW

    @property
    def is_lower_better(self) -> bool:
        """Whether its target is a most, not a least."""
        return self.better is Better.LOWER

    def record(self, part: str) -> str:
        """The name under which a part is recorded."""
        return f"{'queue_window' if self.is_by_queue else 'window'}:{self.parts[part].series}:believed"

    @property
    def end(self) -> str:
        """Which end of the interval is judged: upper or lower."""
        return "lower" if self.is_lower_better else "upper"

    @property
    def bound_record(self) -> str | None:
        """The name under which the bound is recorded; None where it is short enough to stand in the rule."""
        share = self.parts.get("share")
        return None if share is None else f"window:{share.series}:{self.end}95"

    def bound_of_window(self, matchers: str) -> str:
        """The bound in the windows that match."""
        record = self.bound_record
        return self.of_window(self.bound, matchers) if record is None else f"{record}{{{matchers}}}"

    def of_window(self, template: str, matchers: str) -> str:
        """``bound`` or ``sample`` over the recorded parts with these matchers."""
        return promql(template, **{part: self._selected(part, matchers) for part in self.parts})

    def _selected(self, part: str, matchers: str) -> str:
        survey = self.parts[part].survey
        found = ",".join(text for text in (f'survey="{survey}"' if survey else "", matchers) if text)
        return f"{self.record(part)}{{{found}}}" if found else self.record(part)


def _answers(survey: str) -> Part:
    return Part("support_survey_responses", survey)


def _in_sla(sla: str, title: str, alert: str, shown: str) -> Judged:
    return Judged(
        kpi=f"{sla}_in_sla",
        title=title,
        alert=alert,
        shown=shown,
        parts={"met": Part(f"support_{sla}_window_met"), "breached": Part(f"support_{sla}_window_breached")},
        bound=_WILSON,
        sample="$met + $breached",
        of="settled clocks",
        look=(("the number", f'support_sla_attainment_ratio{{sla="{sla}"}}'),),
    )


def _share_of(series: str, n: Part, survey: str | None = None) -> dict[str, Part]:
    """The parts of a share of one cohort, ``n``."""
    return {"share": Part(series, survey), "n": n}


_CREATED: Final = Part("support_tickets_window_created", is_summed=True)
_SO_FAR: Final = (
    "It is of the tickets created in the window and of what became of them so far. Tickets of queues beyond the first "
    "50, where `labels.queues` lists none, are not in the sample, so that the interval is wider than it had to be."
)

ALL: Final = (
    Judged(
        kpi="csat",
        title="CSAT",
        alert="SupportCSATBelowTarget",
        shown="satisfied share",
        parts={"upper": Part("support_csat_satisfied_ratio_upper95"), "answers": _answers("csat")},
        bound="$upper",
        sample="$answers",
        look=(
            ("the number and its interval", "support_csat_satisfied_ratio"),
            ("", "support_csat_satisfied_ratio_lower95"),
            ("", "support_csat_satisfied_ratio_upper95"),
        ),
    ),
    Judged(
        kpi="nps",
        title="NPS",
        alert="SupportNPSBelowTarget",
        shown="Net Promoter Score",
        least=-100,
        most=100,
        parts={"upper": Part("support_nps_upper95"), "answers": _answers("nps")},
        bound="$upper",
        sample="$answers",
        value="{{ $value | printf `%.1f` }}",
        look=(
            ("the number and its interval", "support_nps_score"),
            ("", "support_nps_lower95"),
            ("", "support_nps_upper95"),
        ),
    ),
    Judged(
        kpi="ces",
        title="CES",
        alert="SupportCESBelowTarget",
        shown="mean of customer effort",
        least=1,
        most=7,
        parts={
            "mean": Part("support_ces_mean_score"),
            "half": Part("support_ces_halfwidth95"),
            "answers": _answers("ces"),
        },
        bound="$mean + $half",
        sample="$answers",
        value="{{ $value | printf `%.2f` }}",
        look=(("the number", "support_ces_mean_score"), ("half its interval", "support_ces_halfwidth95")),
    ),
    _in_sla(
        "first_response",
        "First response in SLA",
        "SupportFirstResponseInSLABelowTarget",
        "share of first replies in time",
    ),
    _in_sla("resolution", "Resolution in SLA", "SupportResolutionInSLABelowTarget", "share of resolutions in time"),
    Judged(
        kpi="escalation",
        title="Escalation rate",
        alert="SupportEscalationAboveTarget",
        shown="share of escalated tickets",
        parts=_share_of("support_floor_escalation_ratio", _CREATED),
        bound=_LOWER,
        is_by_queue=False,
        look=(("the number", "support_floor_escalation_ratio"),),
        better=Better.LOWER,
        of="tickets created",
        act="See which queue escalates, and why: a fault that many report, a team without the rights or the knowledge "
        "that its tickets need, a rule of the help desk.",
        wrong=f"{_SO_FAR} It only grows as they age, so a short window tells too little rather than too much.",
    ),
    Judged(
        kpi="complaint_escalation",
        title="Complaint escalation rate",
        alert="SupportComplaintEscalationAboveTarget",
        shown="share of escalated complaints",
        parts=_share_of("support_floor_complaint_escalation_ratio", Part("support_floor_window_complaints")),
        bound=_LOWER,
        is_by_queue=False,
        look=(("the number", "support_floor_complaint_escalation_ratio"),),
        better=Better.LOWER,
        of="complaints",
        act="Read the complaints that were escalated: what could their first agent not decide?",
        wrong="It is of the complaints created in the window, escalated so far: it only grows as they age. A help desk "
        "that escalates every complaint by rule is at 100 %, whatever its agents do.",
    ),
    Judged(
        kpi="conversion",
        title="Conversion rate",
        alert="SupportConversionBelowTarget",
        shown="share of tickets with a sale",
        parts=_share_of("support_floor_conversion_ratio", _CREATED),
        bound=_UPPER,
        is_by_queue=False,
        look=(("the number", "support_floor_conversion_ratio"),),
        shortest=7 * DAY,
        of="tickets created",
        act="Nothing to do at night. See whether the sales themselves fell, or only their events: "
        "`support_feed_last_event_timestamp_seconds` of the source that sends them.",
        wrong=f"{_SO_FAR} A sale counts until `within` after the reply, so the latest tickets of a window have had "
        "less time than that: without a window of its own it is tried over those of at least 7 days, and of twice "
        "`within`.",
    ),
    Judged(
        kpi="response_rate",
        title="CSAT response rate",
        alert="SupportSurveyResponseRateBelowTarget",
        shown="share of answered CSAT surveys",
        parts=_share_of("support_floor_survey_response_ratio", Part("support_floor_surveys_sent", "csat"), "csat"),
        bound=_UPPER,
        is_by_queue=False,
        look=(("the number", "support_floor_survey_response_ratio"),),
        shortest=DAY,
        of="surveys sent",
        act="Answer one yourself: does the link of the mail work, does the answer arrive? A survey that nobody answers "
        "says nothing, whatever its score.",
        wrong="Customers answer hours or days later, so the surveys sent last count as unanswered still: without a "
        "window of its own it is tried over those of a day and more. A source whose answers come late looks the same.",
    ),
    Judged(
        kpi="brand_preferred",
        title="Brand preference",
        alert="SupportBrandPreferenceBelowTarget",
        shown="share of customers who prefer the brand",
        parts=_share_of("support_floor_brand_preferred_ratio", Part("support_floor_brand_preferred_answers")),
        bound=_UPPER,
        is_by_queue=False,
        look=(("the number", "support_floor_brand_preferred_ratio"),),
        of="answers",
        act="Nothing to do at night. Compare with satisfaction and NPS over the same months.",
        wrong="Few customers answer, and those who do are not the average. A target above what was ever reached fires "
        "for ever: set it from your own baseline.",
    ),
)
BY_KPI: Final = {judged.kpi: judged for judged in ALL}

#: KPIs that have an interval and can have no target all the same: what is in the way.
NOT_JUDGED: Final = {
    "csat_change": "is a change and no level: set one for csat",
    "csat_mean": "has no interval in Prometheus: set one for csat",
    "brand_expected": "has no sample size in Prometheus",
    **{
        f"{sla}_in_sla_now": f"moves while a ticket waits, and breaches page by themselves: set one for {sla}_in_sla"
        for sla in ("first_response", "resolution")
    },
}
