"""The file ``history.yml``: what a day came to, in series that are few and small enough to be kept for years.

Each is of the 24 hours before, and recorded every few minutes: asked at the floor's midnight it is that of the day, and
at any other instant it is there, too. Counts and sums are kept by queue, so that a longer time is their sum and its
ratio that of the sums. Percentiles, scores and intervals do not add up: they are kept as they are, of a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alerting.promql import ALL_READY, promql, quoted
from alerting.rules import Concern, Recording
from alerting.settings import Settings
from metrics import names
from metrics.instants import DAY, MINUTE
from metrics.metric import Metric
from metrics.policies import Window

#: Less than the five minutes after which Prometheus takes a series for ended.
INTERVAL: Final = 4 * MINUTE

#: Of window values, what a year is made of.
_BY_QUEUE: Final = (
    *(names.WINDOW_CREATED, names.WINDOW_RESOLVED, names.WINDOW_REOPENED, names.WINDOW_ESCALATED),
    names.WINDOW_CLOSED_UNANSWERED,
    *(names.FIRST_RESPONSE_REPLIES, names.FIRST_RESPONSE_DURATION),
    *(names.FIRST_RESPONSE_MET, names.FIRST_RESPONSE_BREACHED),
    *(names.FIRST_RESPONSE_P50, names.FIRST_RESPONSE_P90),
    *(names.RESOLUTION_TICKETS, names.RESOLUTION_DURATION, names.RESOLUTION_MET, names.RESOLUTION_BREACHED),
    *(names.CSAT_WINDOW_RESPONSES, names.CSAT_WINDOW_POINTS, names.CSAT_WINDOW_SATISFIED),
    names.NPS_WINDOW_RESPONSES,
    *(names.CES_WINDOW_RESPONSES, names.CES_WINDOW_POINTS),
)
#: Of the whole floor, what cannot be made of those.
_FLOOR: Final = (
    *(names.FLOOR[metric] for metric in (names.FIRST_RESPONSE_P50, names.FIRST_RESPONSE_P90)),
    *(names.FLOOR[metric] for metric in (names.RESOLUTION_P50, names.RESOLUTION_P90, names.ATTAINMENT)),
    *(names.FLOOR[metric] for metric in (names.CSAT_SATISFIED, names.CSAT_LOWER, names.CSAT_UPPER)),
    *(names.FLOOR[metric] for metric in (names.NPS_SCORE, names.NPS_LOWER, names.NPS_UPPER, names.CES_MEAN)),
    *(names.ESCALATION, names.CONVERSION),
)
#: Of what is so now: its worst and its mean of the day.
_NOW: Final = (names.TICKETS_OPEN, names.AWAITING_FIRST_RESPONSE, names.LIVE_BREACHES)


def concern(settings: Settings) -> Concern:
    """The file's recordings; without a window of 24 hours, only those of what is so now."""
    day = next((window for window in settings.windows if window.length == DAY), None)
    windows = () if day is None else tuple(_of_windows(day))
    return Concern(
        name="history", title="Days, to be kept for years", recordings=(*windows, *_of_now()), interval=INTERVAL
    )


def _of_windows(day: Window) -> Iterator[Recording]:
    for level, metrics in (("queue", _BY_QUEUE), ("floor", _FLOOR)):
        for metric in metrics:
            yield Recording(_daily(level, metric.name), _whole(metric.name, day), f"{metric.name} of the day.")


def _daily(level: str, name: str) -> str:
    return f"{level}:{name.replace('_floor_', '_').replace('_window_', '_')}:1d"


def _whole(name: str, day: Window) -> str:
    """The value where it is of all partitions and of all 24 hours: a part of a day is no day."""
    return promql(
        """\
max without (instance, job, window) ($name{window=$window})
and on () $all_ready
and on () max(support_window_complete{window=$window}) == 1""",
        name=name,
        window=quoted(day.name),
        all_ready=ALL_READY,
    )


def _of_now() -> Iterator[Recording]:
    for metric in _NOW:
        now = f"queue:{metric.name}:sum"
        yield Recording(now, _summed(now, metric), f"{metric.name} by queue.")
        yield Recording(f"queue:{metric.name}:avg_1d", f"avg_over_time({now}[1d])", "Its mean of the last day.")
        yield Recording(f"queue:{metric.name}:max_1d", f"max_over_time({now}[1d])", "Its most of the last day.")


def _summed(record: str, metric: Metric) -> str:
    """Over partitions and priorities, each partition once: while it changes hands two workers export it.

    Series of zeros are absent, and would be missing in the mean: what was over 0 within the day is 0 then.
    """
    kept = ", ".join(label for label in metric.labels if label not in {"partition", "priority"})
    return promql(
        """\
(
  sum by ($kept) (max by ($each) ($name))
  or
  0 * (max_over_time($record[1d]) > 0)
)
and on () $all_ready""",
        kept=kept,
        each=", ".join(metric.labels),
        name=metric.name,
        record=record,
        all_ready=ALL_READY,
    )
