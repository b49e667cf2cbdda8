"""What customers say in a window, from its answers one by one: SERVQUAL, brand, other scales, response, change.

What the texts leave open, and how it is read here:

 1. The mean of a SERVQUAL dimension is that of all its pairs, whichever items they are of; overall is the plain mean of
    the dimensions that have a pair, and its sample the fewest pairs of any of these.
 2. A brand item's two scales are two instruments: `brand` is [0,1], `brand_1_5` the other. In each the 20 items with
    the most answers are shown (equal ones by name), `preferred` always, and the rest together as `other`; so is an item
    of more than 100 characters.
 3. The overlap with the expected words: of all answers that agree with an item, `preferred` left out, those whose item
    is expected. Null where nothing is configured.
 4. A survey is sent once per (survey, response) of its subject, at the earliest time; without a response there is one
    survey of that name. It is answered by any answer of its subject to that survey, of the same response where both
    have one, at any time, and also by one that is in no other number (a pair with one side missing). Of more than 256
    `sent` of a subject the latest count.
 5. The window before has the same panes, shifted by the window's length. `today` and windows under 24 h have none; that
    of a calendar period is the period before it, also where a clock change made one of them shorter.
 6. A scale that no rule is written for has a number of answers, and nothing else; of CES there is a mean on any scale.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle import surveys
from tests.oracle.configuration import OracleConfiguration
from tests.oracle.durations import ratio, wilson
from tests.oracle.instants import DAY, HOUR, MINUTE, duration
from tests.oracle.periods import Labelled
from tests.oracle.samples import sample
from tests.oracle.surveys import Answer
from tests.oracle.tickets import HISTORY_MAX, Happening
from tests.oracle.windows import Window

SURVEYS = ("csat", "nps", "ces", "servqual", "brand")
DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
SATISFIED = {(1, 5): (4, 5), (1, 3): (3,), (0, 1): (1,), (1, 10): (9, 10)}
AGREES = {(0, 1): (1,), (1, 5): (4, 5)}
USUAL = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
SHOWN = 20


@dataclass(frozen=True)
class SentSurvey:
    """One survey that was sent; `queue` is its own, as it was sent."""

    at: int
    survey: str
    queue: str | None
    is_answered: bool


def sent_of(happenings: Sequence[Happening]) -> list[SentSurvey]:
    """The distinct surveys sent to one subject; the happenings are in order."""
    answers = [h.data for h in happenings if h.kind == "survey.answered"]
    found: dict[tuple[str, Any], SentSurvey] = {}
    for sent in [h for h in happenings if h.kind == "survey.sent"][-HISTORY_MAX:]:
        survey, response = sent.data["survey"], sent.data.get("response")
        if (survey, response) in found:
            continue
        is_answered = False
        for answer in answers:
            other = answer.get("response")
            if answer["survey"] == survey and (response is None or other is None or response == other):
                is_answered = True
        found[survey, response] = SentSurvey(sent.at, survey, sent.data.get("queue"), is_answered)
    return list(found.values())


def window_numbers(
    answers: Sequence[Answer],
    sent: Sequence[SentSurvey],
    window: Window,
    now: int,
    since: int | None,
    configuration: OracleConfiguration,
) -> dict[str, Any]:
    """Everything that a window has of surveys."""
    held = [answer for answer in answers if window.holds(answer.at)]
    asked = [one for one in sent if window.holds(one.at)]
    return {
        **_instruments(held, configuration),
        "csat_change": _change(answers, window, now, since, configuration),
        "servqual": _servqual(held, configuration),
        **_brand(held, configuration),
        "brand_expected": _expected(held, configuration),
        "response_rate": {
            survey: _answered([one for one in asked if one.survey == survey], configuration) for survey in SURVEYS
        },
    }


def _instruments(held: Sequence[Answer], configuration: OracleConfiguration) -> dict[str, Any]:
    scores: dict[tuple[str, tuple[int, int]], list[int]] = {usual: [] for usual in USUAL.items()}
    for answer in held:
        if answer.survey in USUAL:
            scores.setdefault((answer.survey, answer.scale), []).append(answer.score)
    made = {}
    for (survey, scale), given in scores.items():
        name = survey if scale == USUAL[survey] else f"{survey}_{scale[0]}_{scale[1]}"
        made[name] = _numbers(survey, scale, given) | {"sample": sample(len(given), configuration)}
    return made


def _numbers(survey: str, scale: tuple[int, int], given: list[int]) -> dict[str, Any]:
    if survey == "csat":
        return _csat(scale, given)
    if survey == "nps":
        whole = surveys.nps(given)
        return whole if scale in ((0, 10), (1, 10)) else dict.fromkeys(whole) | {"responses": len(given)}
    figures = surveys.ces(given)
    if scale == USUAL["ces"]:
        easy, hard = sum(score >= 6 for score in given), sum(score <= 3 for score in given)
        figures["index"] = ratio(100 * (easy - hard), len(given))
    return figures


def _csat(scale: tuple[int, int], given: list[int]) -> dict[str, Any]:
    if scale == (1, 5):
        return surveys.csat(given)
    happy = [score for score in given if score in SATISFIED.get(scale, ())]
    share = _share(len(happy), len(given) if scale in SATISFIED else 0)
    return {"responses": len(given), "mean": None, "mean_lower95": None, "mean_upper95": None} | {
        "satisfied_ratio": share.pop("ratio"),
        **share,
    }


def _share(part: int, whole: int) -> dict[str, Any]:
    low, high = wilson(part, whole) if whole else (None, None)
    return {"ratio": ratio(part, whole), "lower95": low, "upper95": high}


def _answered(asked: Sequence[SentSurvey], configuration: OracleConfiguration) -> dict[str, Any]:
    answered = sum(one.is_answered for one in asked)
    return {
        "sent": len(asked),
        "answered": answered,
        **_share(answered, len(asked)),
        "sample": sample(len(asked), configuration),
    }


# --------------------------------------------------------------------------------------------------- change


def _change(
    answers: Sequence[Answer], window: Window, now: int, since: int | None, configuration: OracleConfiguration
) -> dict[str, Any] | None:
    scores = [(a.at, a.score) for a in answers if a.survey == "csat" and a.scale == (1, 5)]
    new = [score for at, score in scores if window.holds(at)]
    if isinstance(window, Labelled):
        former = window.before
        old = [score for at, score in scores if former.holds(at)]
        is_whole = since is not None and former.is_later_than(since)
    elif window.name in configuration.rolling and duration(window.name) >= DAY:
        length = duration(window.name)
        pane = MINUTE if length <= DAY else HOUR
        first = ((now - 2 * length) // pane + 1) * pane
        old = [score for at, score in scores if first <= at < window.first]
        is_whole = since is not None and since < first
    else:
        return None  # `today`, and shorter ones
    made: dict[str, Any] = {
        "difference": None,
        "lower95": None,
        "upper95": None,
        "before_responses": len(old),
        "is_change": None,
        "sample": sample(min(len(new), len(old)), configuration),
        "before_complete": is_whole,
    }
    if new and old:
        happy, happier = sum(score >= 4 for score in old), sum(score >= 4 for score in new)
        low, high = newcombe(happier, len(new), happy, len(old))
        made["difference"] = float(Fraction(happier, len(new)) - Fraction(happy, len(old)))
        made |= {"lower95": low, "upper95": high, "is_change": low > 0 or high < 0}
    return made


def newcombe(a: int, m: int, b: int, n: int) -> tuple[float, float]:
    """Method 10 of Newcombe 1998: bounds of a/m - b/n out of the Wilson bounds of each."""
    (l1, u1), (l2, u2) = wilson(a, m), wilson(b, n)
    p1, p2 = a / m, b / n
    low = p1 - p2 - ((p1 - l1) ** 2 + (u2 - p2) ** 2) ** 0.5
    high = p1 - p2 + ((u1 - p1) ** 2 + (p2 - l2) ** 2) ** 0.5
    return low, high


# ------------------------------------------------------------------------------------------- servqual and brand


def _servqual(held: Sequence[Answer], configuration: OracleConfiguration) -> dict[str, Any]:
    pairs = [
        (answer.item, answer.score, answer.expectation)
        for answer in held
        if answer.survey == "servqual" and answer.item is not None and answer.expectation is not None
    ]
    dimensions, gaps, sizes = {}, [], []
    for dimension in DIMENSIONS:
        own = [(got, hoped) for item, got, hoped in pairs if item.split(".")[0] == dimension]
        differences = [got - hoped for got, hoped in own]
        low, high = surveys.student(differences) if len(own) >= 2 else (None, None)
        dimensions[dimension] = {
            "pairs": len(own),
            "gap": ratio(sum(differences), len(own)),
            "perception": ratio(sum(got for got, _ in own), len(own)),
            "expectation": ratio(sum(hoped for _, hoped in own), len(own)),
            "lower95": low,
            "upper95": high,
            "sample": sample(len(own), configuration),
        }
        if own:
            gaps.append(Fraction(sum(differences), len(own)))
            sizes.append(len(own))
    by_item: dict[str, list[int]] = defaultdict(list)
    for item, got, hoped in pairs:
        by_item[item].append(got - hoped)
    return {
        "pairs": len(pairs),
        "overall": float(sum(gaps) / len(gaps)) if gaps else None,
        "sample": sample(min(sizes, default=0), configuration),
        "dimensions": dimensions,
        "items": {
            item: {"pairs": len(own), "gap": ratio(sum(own), len(own)), "sample": sample(len(own), configuration)}
            for item, own in by_item.items()
        },
    }


def _brand(held: Sequence[Answer], configuration: OracleConfiguration) -> dict[str, Any]:
    made = {}
    for scale, name in (((0, 1), "brand"), ((1, 5), "brand_1_5")):
        agrees: dict[str, list[bool]] = defaultdict(list, {"preferred": []} if name == "brand" else {})
        for answer in held:
            if answer.survey == "brand" and answer.scale == scale and answer.item is not None:
                item = answer.item if len(answer.item) <= 100 else "other"
                agrees[item].append(answer.score in AGREES[scale])
        named = [item for item in agrees if item not in ("preferred", "other")]
        named.sort(key=lambda item: (-len(agrees[item]), item))
        for item in named[SHOWN:]:
            agrees["other"] += agrees.pop(item)
        if agrees:
            made[name] = {item: _agreement(given, configuration) for item, given in agrees.items()}
    return made


def _agreement(given: Sequence[bool], configuration: OracleConfiguration) -> dict[str, Any]:
    share = _share(sum(given), len(given))
    return {
        "responses": len(given),
        "agree_ratio": share.pop("ratio"),
        **share,
        "sample": sample(len(given), configuration),
    }


def _expected(held: Sequence[Answer], configuration: OracleConfiguration) -> dict[str, Any] | None:
    if not configuration.brand_expected:
        return None
    agreeing = [
        answer.item
        for answer in held
        if answer.survey == "brand" and answer.item != "preferred" and answer.score in AGREES[answer.scale]
    ]
    expected = sum(item in configuration.brand_expected for item in agreeing)
    return {
        "agreeing": len(agreeing),
        "expected": expected,
        **_share(expected, len(agreeing)),
        "sample": sample(len(agreeing), configuration),
    }
