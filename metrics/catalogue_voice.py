"""The KPIs of what customers say: surveys, SERVQUAL, brand, response. Part of the catalogue; knows no values."""

from __future__ import annotations

from typing import Final

from metrics import names
from metrics.kpi import HIGHER, RATIO, Interval, Kpi, bounds

ASKED: Final = (
    Kpi(
        name="csat", title="Overall satisfaction (top-2-box)", short="CSAT satisfied",
        unit=RATIO, better=HIGHER, path="csat.satisfied_ratio",
        sample="csat.responses", seeds=("000", "002", "004"),
        formula="answers of 4 or 5 / answers, on 1 to 5", labels=(("survey", "csat"),),
        interval=bounds("csat", "Wilson score"),
        metrics=(names.CSAT_SATISFIED, names.CSAT_LOWER, names.CSAT_UPPER, names.CSAT_WINDOW_RESPONSES,
                 names.CSAT_WINDOW_SATISFIED, names.SURVEY_RESPONSES, names.CSAT_RESPONSES),
    ),
    Kpi(
        name="csat_mean", title="CSAT, mean", short="CSAT mean", unit="score, 1 to 5", better=HIGHER, path="csat.mean",
        sample="csat.responses", seeds=("000", "002"),
        interval=Interval("csat.mean_lower95", "csat.mean_upper95", "Student's t"),
        formula="sum of scores / answers, on 1 to 5",
        metrics=(names.CSAT_MEAN, names.CSAT_WINDOW_POINTS),
    ),
    Kpi(
        name="nps", title="Net Promoter Score", short="NPS",
        unit="points, -100 to 100", better=HIGHER, path="nps.score",
        sample="nps.responses", seeds=("000", "002", "003", "004"),
        labels=(("survey", "nps"),), interval=bounds("nps", "adjusted Wald"),
        formula="100 · (promoters - detractors) / answers; promoters 9 and 10, detractors 0 to 6",
        metrics=(names.NPS_SCORE, names.NPS_LOWER, names.NPS_UPPER, names.NPS_WINDOW_RESPONSES, names.NPS_RESPONSES,
                 names.SURVEY_RESPONSES),
    ),
    Kpi(
        name="ces", title="Customer effort, mean", short="CES mean",
        unit="score, 1 to 7", better=HIGHER, path="ces.mean",
        sample="ces.responses", seeds=("003",), labels=(("survey", "ces"),),
        interval=bounds("ces", "Student's t"),
        formula="sum of scores / answers, on 1 to 7, where 7 agrees most that it was made easy",
        metrics=(names.CES_MEAN, names.CES_HALFWIDTH, names.CES_WINDOW_RESPONSES, names.CES_WINDOW_POINTS,
                 names.CES_RESPONSES, names.SURVEY_RESPONSES),
    ),
    Kpi(
        name="ces_index", title="Customer effort, index", short="CES index",
        unit="points, -100 to 100", better=HIGHER, path="ces.index",
        sample="ces.responses", seeds=("003",), metrics=(names.CES_INDEX,),
        formula="100 · (answers of 6 and 7 - answers of 1 to 3) / answers",
    ),
)  # fmt: skip

VOICE: Final = (
    Kpi(
        name="csat_change", title="Satisfaction improvement", short="CSAT change", unit="difference of ratios",
        better=HIGHER, path="csat_change.difference", sample="csat_change.before_responses",
        seeds=("004",), interval=bounds("csat_change", "Newcombe, method 10"),
        is_from_a_day=True, metrics=(names.CSAT_CHANGE, names.CSAT_CHANGE_LOWER, names.CSAT_CHANGE_UPPER),
        formula="satisfied ratio in the window - that in the window before; a change only where the interval leaves 0 "
        "out",
    ),
    Kpi(
        name="servqual", title="SERVQUAL, overall", short="SERVQUAL", unit="points, -6 to 6", better=HIGHER,
        path="servqual.overall", sample="servqual.pairs", seeds=("000",),
        metrics=(names.SERVQUAL_OVERALL, names.SERVQUAL_GAP),
        formula="perception - expectation of each pair; mean by dimension and by item beside it; overall the mean of "
        "the dimensions that have pairs; a pair with one side missing is left out",
    ),
    Kpi(
        name="brand_preferred", title="Preference", short="prefer the brand", unit=RATIO, better=HIGHER,
        path="brand.preferred.agree_ratio", sample="brand.preferred.responses", seeds=("001", "004"),
        metrics=(names.BRAND_PREFERRED, names.BRAND_PREFERRED_ANSWERS),
        interval=bounds("brand.preferred", "Wilson score"),
        formula="of the answers of 0 or 1 to the brand item `preferred`, the share that would choose us",
    ),
    Kpi(
        name="brand", title="Brand attributes", short="brand", unit=RATIO, better=HIGHER, path="brand", seeds=("004",),
        formula="of the answers to an item, the share that agrees (1 of 0 and 1; 4 and 5 of 1 to 5, under "
        "`brand_1_5`), with n and Wilson bounds; any number of items, so in the snapshot only",
    ),
    Kpi(
        name="brand_expected", title="Brand, overlap with the expected words", short="brand, expected", unit=RATIO,
        better=HIGHER, path="brand_expected.ratio", sample="brand_expected.agreeing",
        seeds=("004",), metrics=(names.BRAND_EXPECTED,), interval=bounds("brand_expected", "Wilson score"),
        formula="of the agreeing answers, those for an item of `[kpis.brand] expected`",
    ),
    Kpi(
        name="response_rate", title="Survey response rate", short="response rate", unit=RATIO, better=HIGHER,
        path="response_rate.csat.ratio", sample="response_rate.csat.sent",
        seeds=("001",), interval=bounds("response_rate.csat", "Wilson score"),
        metrics=(names.RESPONSE_RATIO, names.SURVEYS_SENT), labels=(("survey", "csat"),),
        formula="of the surveys sent in the window, the share answered by now: what customers do not say; of each "
        "survey, here of csat",
    ),
)  # fmt: skip
