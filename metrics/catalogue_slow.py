"""The slow KPIs, from business facts, and what a command works out. Part of the catalogue; knows no values."""

from __future__ import annotations

from typing import Final

from metrics import names
from metrics.kpi import HIGHER, LOWER, NEITHER, Better, Kpi, Place


def _slow(name: str, title: str, short: str, unit: str, better: Better, formula: str, seeds: tuple[str, ...]) -> Kpi:
    return Kpi(
        name=name, title=title, short=short,
        unit=unit, better=better, formula=formula, seeds=seeds, place=Place.SLOW, path=name,
        metrics=(names.SLOW_KPI, names.SLOW_KPI_AS_OF), labels=(("kpi", name),),
    )  # fmt: skip


SLOW: Final = (
    _slow(
        "customer_retention", "Customer retention", "customer retention", "%", HIGHER,
        "(customers_end - customers_new) / customers_start · 100, of a reported period; over 100 is flagged",
        ("000", "004"),
    ),
    _slow("employee_turnover", "Employee turnover", "employee turnover", "%", LOWER,
          "separations / ((employees_start + employees_end) / 2) · 100", ("004",)),
    _slow("employee_retention", "Employee retention", "employee retention", "%", HIGHER,
          "stayed / employees_start · 100", ("004",)),
    _slow("cash_flow", "Cash flow", "cash flow", "that of the facts", HIGHER,
          "inflow - outflow of the period, beside the service KPIs; no claim about causes", ("004",)),
    _slow("cost_per_resolved", "Cost per resolved ticket", "cost per resolved", "that of the fact", LOWER,
          "cost / tickets resolved in its period and resolved still, each once", ("000",)),
    _slow("resolved_per_staffed_hour", "Employee efficiency", "resolved per hour", "per hour", HIGHER,
          "changes to resolved in the period / staffed hours", ("004",)),
    _slow("first_replies_per_staffed_hour", "First replies per staffed hour", "replies per hour", "per hour", HIGHER,
          "first replies in the period / staffed hours", ("004",)),
    _slow("complaints_per_1000_customers", "Complaints per 1,000 customers", "complaints per 1,000",
          "per 1,000 customers", LOWER, "complaint tickets created in the period / customers · 1,000", ("004",)),
    *(
        _slow(f"benchmark.{kpi}", f"{shown}, against others", short, unit, better,
              "own value - benchmark, of the benchmark's period; refused where the definitions differ", ("001", "004"))
        for kpi, shown, short, unit, better in (
            ("csat_satisfied", "Satisfaction", "CSAT vs others", "difference of ratios", HIGHER),
            ("nps", "NPS", "NPS vs others", "points", HIGHER),
            ("first_response_p50", "First response, median", "first response vs others", "seconds", LOWER),
        )
    ),
)  # fmt: skip

COMMANDS: Final = (
    Kpi(
        name="drivers", title="Key drivers of low satisfaction", short="key drivers",
        unit="correlation, difference", better=NEITHER,
        place=Place.COMMAND, path="deskpulse drivers FILE", seeds=("001",),
        formula="Spearman's rank correlation of satisfaction with first response and reopens; Cramér's V and the "
        "difference by channel, queue and escalation; each with n and interval",
    ),
    Kpi(
        name="why", title="The why", short="the why",
        unit="comments, counts by reason", better=NEITHER, place=Place.COMMAND,
        path="GET /api/why", seeds=("003",),
        formula="the latest comments of low scores, redacted, and how often each reason was given; off by default",
    ),
    Kpi(
        name="targets", title="Baselines and targets from own data", short="targets",
        unit="configuration lines", better=NEITHER,
        place=Place.COMMAND, path="deskpulse targets suggest FILE", seeds=("001", "003", "004"),
        formula="today's baseline with n and interval, and one stated step from it; nothing moves by itself",
    ),
    Kpi(
        name="report", title="Reports over years and quarters", short="report", unit="all of the above", better=NEITHER,
        place=Place.COMMAND, path="deskpulse report FILE --by day|week|month|quarter", seeds=("000", "003", "004"),
        formula="every KPI of a window and every slow one per calendar period, as table, CSV, JSON and chart",
    ),
)  # fmt: skip
