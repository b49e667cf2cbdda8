"""How many clocks were met, of those that are settled and of those and the late ones, with Wilson's bounds."""

from collections.abc import Sequence
from typing import Any

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.durations import ratio, summary, wilson
from tests.oracle.samples import sample


def judged(
    durations: Sequence[int], verdicts: Sequence[bool | None], late_now: int, configuration: OracleConfiguration
) -> dict[str, Any]:
    """The figures D: the summary, the verdicts, and attainment with and without the `late_now` live breaches."""
    known = [verdict for verdict in verdicts if verdict is not None]
    with_late = known + [False] * late_now
    counted = {"met": known.count(True), "breached": known.count(False), "settled": len(known)}
    return {
        **summary(durations, configuration),
        **counted,
        "settled_or_late": len(with_late),
        "in_sla_ratio": ratio(sum(known), len(known)),
        "in_sla_ratio_now": ratio(sum(with_late), len(with_late)),
        **dict(zip(("in_sla_lower95", "in_sla_upper95"), _bounds(known), strict=True)),
        **dict(zip(("in_sla_now_lower95", "in_sla_now_upper95"), _bounds(with_late), strict=True)),
        "sla_sample": sample(len(known), configuration),
        "sla_sample_now": sample(len(with_late), configuration),
    }


def _bounds(verdicts: Sequence[bool]) -> tuple[float | None, float | None]:
    return wilson(sum(verdicts), len(verdicts)) if verdicts else (None, None)
