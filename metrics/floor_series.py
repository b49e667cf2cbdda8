"""From a snapshot's numbers of the whole floor to series: what has no metric by queue, by window and as it is now.

A pure function of the snapshot. A value of None is absent; so is a count of 0, unless what it is a share of is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from metrics import names
from metrics.items import PREFERRED
from metrics.metric import Metric

Labels = tuple[str, ...]
Row = tuple[Metric, Labels, float | None]

#: Surveys whose response rate is exported; those of the others are in the snapshot.
SURVEYS: Final = ("csat", "nps", "ces")


def window_rows(window: Mapping[str, Any]) -> Iterator[Row]:
    """The values of one window of the floor; their labels are those after ``window``."""
    yield from _outcomes(window)
    yield names.FIRST_RESOLUTION, (), window["first_resolution"]["mean"]
    yield names.CES_INDEX, (), window["ces"]["index"]
    yield from _change(window["csat_change"])
    yield from _servqual(window["servqual"])
    yield from _brand(window)
    for survey in SURVEYS:
        sent = window["response_rate"][survey]
        yield names.SURVEYS_SENT, (survey,), sent["sent"] or None
        yield names.RESPONSE_RATIO, (survey,), sent["ratio"]


def now_rows(scope: Mapping[str, Any]) -> Iterator[Row]:
    """What the floor is as of the snapshot, and what it was in the weeks before: a 0 of these is known to be 0."""
    normal = scope["normal"]
    yield names.RESOLVED_NOW, (), scope["resolved_now"]
    yield names.OPEN_WEEK_AGO, (), normal["open"]["week_ago"]
    yield names.OPEN_NORMAL, (), normal["open"]["normal"]
    for window, created in normal["created"].items():
        if any(created.values()):
            yield names.CREATED_LATELY, (window,), created["now"]
            yield names.CREATED_WEEK_AGO, (window,), created["week_ago"]
            yield names.CREATED_NORMAL, (window,), created["normal"]


def _outcomes(window: Mapping[str, Any]) -> Iterator[Row]:
    yield names.ESCALATION, (), window["escalation"]["ratio"]
    yield names.COMPLAINTS_CREATED, (), window["complaints"]["created"] or None
    yield names.COMPLAINT_ESCALATION, (), window["complaint_escalation"]["ratio"]
    yield names.CONVERSION, (), window["conversion"]["ratio"]
    yield names.MESSAGES_UNANSWERED, (), window["messages_unanswered"] if window["resolved"] else None


def _change(change: Mapping[str, Any] | None) -> Iterator[Row]:
    if change is not None:
        yield names.CSAT_CHANGE, (), change["difference"]
        yield names.CSAT_CHANGE_LOWER, (), change["lower95"]
        yield names.CSAT_CHANGE_UPPER, (), change["upper95"]


def _servqual(servqual: Mapping[str, Any]) -> Iterator[Row]:
    yield names.SERVQUAL_OVERALL, (), servqual["overall"]
    for dimension, numbers in servqual["dimensions"].items():
        yield names.SERVQUAL_GAP, (dimension,), numbers["gap"]


def _brand(window: Mapping[str, Any]) -> Iterator[Row]:
    preferred, expected = window["brand"][PREFERRED], window["brand_expected"]
    if preferred["responses"]:
        yield names.BRAND_PREFERRED, (), preferred["agree_ratio"]
        yield names.BRAND_PREFERRED_ANSWERS, (), preferred["responses"]
    if expected is not None:
        yield names.BRAND_EXPECTED, (), expected["ratio"]
