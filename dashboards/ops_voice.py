"""What customers say: satisfaction, recommendation, effort, SERVQUAL, brand, and how many say anything at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alerting.settings import Settings
from dashboards.judgement import steps_of
from dashboards.kpi_panels import band, decimals_of, of_kpis
from dashboards.panel import Panel, Query, Role, Row, Shape, sample
from dashboards.queries import greatest, per_hour, share, summed
from metrics import names
from metrics.metric import Metric

_FLOOR: Final = "Of the whole floor, whatever queues are selected."
_READ: Final = "Read the latest low answers, with the first response and the reopens of the same queue."


def row(settings: Settings) -> Row:
    """Every survey."""
    return Row(
        "Voice",
        (
            band(settings, "csat", _READ, least=0, most=1),
            band(settings, "nps", "Nothing at night: compare over months.", least=-100, most=100),
            band(settings, "ces", "Ask what made it hard, in the tickets of the low answers.", least=1, most=7),
            _by_queue(settings),
            band(settings, "csat_change", "Below 0 with the whole band: something changed; see the annotations."),
            _csat_mean(settings),
            _ces_mean(settings),
            _on_floor(settings, "ces_index", names.CES_INDEX, "Compare with the mean.", least=-100, most=100,
                      more=(sample(summed(names.CES_WINDOW_RESPONSES, queue="")),)),
            band(settings, "response_rate", "Answer one yourself: does the link of the mail work?", least=0, most=1),
            _rates(settings),
            _samples(settings),
            *_mixes(settings),
            _on_floor(settings, "servqual", names.SERVQUAL_OVERALL, "Start with the lowest dimension.",
                      least=-6, most=6),
            _dimensions(settings),
            band(settings, "brand_preferred", "Nothing at night: compare over months.", least=0, most=1),
            _on_floor(settings, "brand_expected", names.BRAND_EXPECTED, "See which words are agreed to instead.",
                      least=0, most=1),
        ),
    )  # fmt: skip


def _by_queue(settings: Settings) -> Panel:
    csat = _columns("CSAT", "csat", "percentunit", settings, names.CSAT_SATISFIED, names.CSAT_LOWER, names.CSAT_UPPER)
    nps = _columns("NPS", "nps", "suffix: points", settings, names.NPS_SCORE, names.NPS_LOWER, names.NPS_UPPER)
    ces = _columns("CES", "ces", "none", settings, names.CES_MEAN, names.CES_HALFWIDTH)
    return of_kpis(
        settings, "csat", "nps", "ces", key="voice_by_queue", title="Voice by queue", act=_READ, unit="short",
        queries=(*csat, *nps, *ces), shape=Shape.TABLE, width=24, sort="CSAT n",
        says="With both ends of each 95 % interval (of CES half its width), and n.",
    )  # fmt: skip


def _columns(title: str, kpi: str, unit: str, settings: Settings, value: Metric, *bounds: Metric) -> Iterator[Query]:
    """A survey's value with its interval and n."""
    decimals = decimals_of(unit)
    steps = steps_of(kpi, settings) or None
    yield Query(expr=greatest(value, "queue"), legend=title, unit=unit, decimals=decimals, steps=steps)
    ends = ("at least", "at most") if len(bounds) > 1 else ("±",)
    for metric, end in zip(bounds, ends, strict=True):
        yield Query(expr=greatest(metric, "queue"), legend=f"{title} {end}", unit=unit, decimals=decimals)
    yield sample(_answers(kpi), f"{title} n")


def _answers(survey: str) -> str:
    return summed(names.SURVEY_RESPONSES, "queue", survey=survey)


def _csat_mean(settings: Settings) -> Panel:
    answers = summed(names.CSAT_WINDOW_RESPONSES)
    return of_kpis(
        settings, "csat_mean", act=_READ, least=1, most=5,
        queries=(
            Query(expr=share(summed(names.CSAT_WINDOW_POINTS), answers), legend="selected queues"),
            Query(expr=greatest(names.FLOOR[names.CSAT_MEAN]), legend="whole floor", role=Role.REFERENCE),
            Query(expr=greatest(names.CSAT_MEAN, "queue"), legend="{{queue}}", role=Role.REFERENCE),
            sample(answers),
        ),
    )  # fmt: skip


def _ces_mean(settings: Settings) -> Panel:
    points, answers = names.CES_WINDOW_POINTS, names.CES_WINDOW_RESPONSES
    return of_kpis(
        settings, "ces", key="ces_by_queue", title="Customer effort, mean, by queue",
        act="Start with the lowest queue.",
        queries=(
            Query(expr=share(summed(points, "queue"), summed(answers, "queue")), legend="{{queue}}"),
            Query(expr=share(summed(points), summed(answers)), legend="selected queues", role=Role.REFERENCE),
            sample(summed(answers)),
        ),
        least=1, most=7,
    )  # fmt: skip


def _on_floor(
    settings: Settings, kpi: str, metric: Metric, act: str, *, least: float, most: float, more: tuple[Query, ...] = ()
) -> Panel:
    queries = (Query(expr=greatest(metric), legend="whole floor"), *more)
    return of_kpis(settings, kpi, act=act, queries=queries, least=least, most=most, says=_FLOOR)


def _rates(settings: Settings) -> Panel:
    return of_kpis(
        settings, "response_rate", key="response_rate_by_survey", title="Response rate and surveys sent, by survey",
        act="A survey that nobody answers says nothing, whatever its score.", least=0, most=1,
        queries=(
            Query(expr=greatest(names.RESPONSE_RATIO, "survey", survey=""), legend="{{survey}}"),
            sample(greatest(names.SURVEYS_SENT, "survey", survey=""), "{{survey}}, n sent"),
        ),
        says=_FLOOR,
    )  # fmt: skip


def _samples(settings: Settings) -> Panel:
    return of_kpis(
        settings, "csat", "nps", "ces", key="answers", title="Answers behind the numbers", unit="short", least=0,
        act="Too few for an interval of use: choose a longer window.",
        queries=(Query(expr=summed(names.SURVEY_RESPONSES, "survey", survey=""), legend="{{survey}}"),),
        says="How many answers each survey has in the window, of the selected queues.", is_told=False,
    )  # fmt: skip


def _mixes(settings: Settings) -> tuple[Panel, ...]:
    """The answers as they come, an hour, by score or category."""
    found = (
        ("csat", names.CSAT_RESPONSES, "score", "CSAT answers an hour, by score"),
        ("nps", names.NPS_RESPONSES, "category", "NPS answers an hour, by category"),
        ("ces", names.CES_RESPONSES, "score", "Customer effort answers an hour, by score"),
    )
    return tuple(
        of_kpis(
            settings, kpi, key=f"{kpi}_mix", title=title, unit="suffix: per hour", decimals=1, least=0, interval="15m",
            act="Two heaps far apart have a mean that nobody gave: read the words.", is_stacked=True,
            queries=(Query(expr=per_hour(metric, label), legend=f"{{{{{label}}}}}"),),
            says="How often each answer is given, by the workers' counters, over 15 minutes at least.", is_told=False,
        )
        for kpi, metric, label, title in found
    )  # fmt: skip


def _dimensions(settings: Settings) -> Panel:
    return of_kpis(
        settings, "servqual", key="servqual_by_dimension", title="SERVQUAL by dimension", least=-6, most=6,
        act="Below 0 customers expected more: ask what, in that dimension.",
        queries=(Query(expr=greatest(names.SERVQUAL_GAP, "dimension"), legend="{{dimension}}"),), says=_FLOOR,
    )  # fmt: skip
