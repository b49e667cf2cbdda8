"""The KPIs that a target can be set for, and the bound by which each is judged: never the point.

A KPI is here if its window values in Prometheus give an interval. Its ``bound`` is the end of that interval which the
target has to lie beyond before anybody is told; all of these are the better the higher, so it is the upper end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from alerting.promql import promql
from metrics.intervals import Z

#: Wilson's upper bound of m in n, with b = n - m: (m + z²/2 + z·sqrt(m·b/n + z²/4)) / (n + z²).
_WILSON: Final = f"""\
($met + {Z**2 / 2:.9g} + {Z:.9g} * sqrt($met * $breached / ($met + $breached) + {Z**2 / 4:.9g}))
/ ($met + $breached + {Z**2:.9g})"""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One KPI: ``parts`` are the series that ``bound`` and ``sample`` are made of, by the name they have there."""

    kpi: str
    title: str
    alert: str
    shown: str
    least: float
    most: float
    parts: Mapping[str, str]
    bound: str
    sample: str
    of: str = "answers"
    value: str = "{{ $value | humanizePercentage }}"
    look: tuple[tuple[str, str], ...] = ()

    def record(self, part: str) -> str:
        """The name under which a part is recorded."""
        return f"queue_window:{self.parts[part].partition('{')[0]}:believed"

    def of_window(self, template: str, matcher: str) -> str:
        """``bound`` or ``sample`` over the recorded parts with this matcher."""
        series = {part: f"{self.record(part)}{{{self._own(part)}{matcher}}}" for part in self.parts}
        return promql(template, **series)

    def _own(self, part: str) -> str:
        own = self.parts[part].partition("{")[2].rstrip("}")
        return f"{own}," if own else ""


def _survey(survey: str) -> str:
    return f'support_survey_responses{{survey="{survey}"}}'


def _in_sla(sla: str, title: str, alert: str, shown: str) -> Judged:
    return Judged(
        kpi=f"{sla}_in_sla",
        title=title,
        alert=alert,
        shown=shown,
        least=0,
        most=1,
        parts={"met": f"support_{sla}_window_met", "breached": f"support_{sla}_window_breached"},
        bound=_WILSON,
        sample="$met + $breached",
        of="settled clocks",
        look=(("the number", f'support_sla_attainment_ratio{{sla="{sla}"}}'),),
    )


ALL: Final = (
    Judged(
        kpi="csat",
        title="CSAT",
        alert="SupportCSATBelowTarget",
        shown="satisfied share",
        least=0,
        most=1,
        parts={"upper": "support_csat_satisfied_ratio_upper95", "answers": _survey("csat")},
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
        parts={"upper": "support_nps_upper95", "answers": _survey("nps")},
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
        parts={"mean": "support_ces_mean_score", "half": "support_ces_halfwidth95", "answers": _survey("ces")},
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
)
BY_KPI: Final = {judged.kpi: judged for judged in ALL}
