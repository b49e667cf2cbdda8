"""Settled clocks and durations over the window that is chosen: promises kept, budget used, medians and tails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alerting.objectives import by_queue, threshold
from alerting.settings import Settings
from alerting.windows import long_window, short_window
from dashboards.judgement import steps_of
from dashboards.kpi_panels import band, of_kpis
from dashboards.panel import Colour, Panel, Query, Role, Row, Shape, Step, sample
from dashboards.queries import greatest, per_second, quantile, selected, share, summed, wilson
from metrics import names
from metrics.metric import Metric

_FIRST: Final = {"sla": "first_response"}
_RESOLUTION: Final = {"sla": "resolution"}

#: Rates of what happens some times an hour are of nothing over less.
_SPARSE: Final = "15m"


def promises(settings: Settings) -> Row:
    """Clocks that were met, of those that ended."""
    return Row(
        "SLA over windows",
        (
            band(settings, "first_response_in_sla", "Compare with the volume and the staff of the same hours.",
                 *_beside("first_response"), least=0, most=1),
            _attained_now(settings, "first_response", "Go by this one while nobody answers."),
            _by_queue(settings, "first_response", "Start with the lowest queue."),
            band(settings, "resolution_in_sla", "See which queue resolves late, and what its tickets wait for.",
                 *_beside("resolution"), least=0, most=1),
            _attained_now(settings, "resolution", "Look at the list of tickets past their resolution target."),
            _by_queue(settings, "resolution", "Start with the lowest queue."),
            _budget(settings),
            _by_counters(),
        ),
    )  # fmt: skip


def _beside(sla: str) -> tuple[Query, ...]:
    """What the share of the selected queues is compared with; the objective is as the workers have it."""
    floor = greatest(names.FLOOR[names.ATTAINMENT], sla=sla)
    objective = f"min({selected(names.SLA_OBJECTIVE, queue='', priority='', sla=sla)})"
    return (
        Query(expr=floor, legend="whole floor", role=Role.REFERENCE),
        Query(expr=objective, legend="lowest objective", role=Role.REFERENCE),
    )


def _attained_now(settings: Settings, sla: str, act: str) -> Panel:
    by_queue_now = greatest(names.ATTAINMENT_NOW, "queue", sla=sla)
    floor = greatest(names.FLOOR[names.ATTAINMENT_NOW], sla=sla)
    met, breached = _MET[sla]
    settled = f"{summed(met)} + {summed(breached)}"
    return of_kpis(
        settings, f"{sla}_in_sla_now", act=act, least=0, most=1,
        queries=(
            Query(expr=by_queue_now, legend="{{queue}}"),
            Query(expr=floor, legend="whole floor", role=Role.REFERENCE),
            sample(settled, "n settled"),
        ),
    )  # fmt: skip


_MET: Final = {
    "first_response": (names.FIRST_RESPONSE_MET, names.FIRST_RESPONSE_BREACHED),
    "resolution": (names.RESOLUTION_MET, names.RESOLUTION_BREACHED),
}


def _by_queue(settings: Settings, sla: str, act: str) -> Panel:
    met, breached = (summed(metric, "queue") for metric in _MET[sla])
    settled = f"({met} + {breached})"
    value = greatest(names.ATTAINMENT, "queue", sla=sla)
    lower, upper = wilson(met, settled)
    return of_kpis(
        settings, f"{sla}_in_sla", key=f"{sla}_in_sla_by_queue", act=act, shape=Shape.TABLE,
        title=f"{ {'first_response': 'First response', 'resolution': 'Resolution'}[sla]} in SLA by queue",
        queries=(
            Query(expr=value, legend="In SLA", steps=steps_of(f"{sla}_in_sla", settings)),
            Query(expr=lower, legend="At least"),
            Query(expr=upper, legend="At most"),
            Query(expr=settled, legend="n", unit="short", decimals=0),
        ),
        says="With both ends of the 95 % interval, and how many clocks ended.",
    )  # fmt: skip


def _budget(settings: Settings) -> Panel:
    judged = tuple(window.name for window in (short_window(settings.windows), long_window(settings.windows)) if window)
    limits = sorted(bound.ratio for found in by_queue(settings) if (bound := threshold(found.budget)) is not None)
    has_rule = len(judged) == 2 and bool(limits)
    queries = [query for window in judged for query in _late(f", {window}", window=window)] if has_rule else _late("")
    told = "Over the dashed line in both windows it pages." if has_rule else "No rule judges it: the runbook says why."
    return Panel(
        key="first_response_budget",
        title="Error budget: late first replies",
        says="The lower end of the 95 % interval of the share of first replies that came after their target, by which "
        f"it is judged, and n. {told} Less is better.",
        act="The floor answers, but too slowly: compare with the volume, move people, or tell customers.",
        unit="percentunit",
        decimals=1,
        queries=tuple(queries),
        kpis=("first_response_in_sla",),
        steps=(Step(None, Colour.GOOD), Step(limits[0], Colour.BREACH)) if has_rule else (),
        least=0,
        most=1,
    )


def _late(said: str, **window: str) -> Iterator[Query]:
    """By queue: at least so large a share was late, of so many replies."""
    met, breached = (summed(metric, "queue", **window) for metric in _MET["first_response"])
    judged = f"({met} + {breached})"
    lower, _ = wilson(breached, judged)
    yield Query(expr=lower, legend=f"{{{{queue}}}}{said}")
    yield sample(judged, f"{{{{queue}}}}{said}, n")


def _by_counters() -> Panel:
    ended, late = per_second(names.SLA_SETTLED, "sla"), per_second(names.SLA_BREACHED, "sla")
    return Panel(
        key="settled",
        title="Clocks that ended in time, as they happen",
        says="By the workers' counters: the share of clocks ended in time, and how many ended an hour. Gross activity "
        "since the workers started; what arrives over 15 minutes late is left out. More is better.",
        act="Where this and the window values part, events come late: see the feeds of the pipeline.",
        unit="percentunit",
        decimals=1,
        queries=(
            Query(expr=f"1 - {share(late, ended)}", legend="{{sla}}"),
            sample(f"3600 * {ended}", "{{sla}}, n an hour"),
        ),
        kpis=("first_response_in_sla", "resolution_in_sla"),
        least=0,
        most=1,
        interval=_SPARSE,
    )


# ------------------------------------------------------------------------------------------------- durations


def durations(settings: Settings) -> Row:
    """How long first responses and resolutions take."""
    first, resolved = names.FIRST_RESPONSE_REPLIES, names.RESOLUTION_TICKETS
    return Row(
        "How long it takes",
        (
            _lasting(settings, "first_response", names.FIRST_RESPONSE_P50, first, "Compare with the targets above."),
            _lasting(settings, "first_response_p90", names.FIRST_RESPONSE_P90, first,
                     "A tail far over the median: some tickets are passed over."),
            _mean(settings, "first_response_mean", names.FIRST_RESPONSE_DURATION, first,
                  "Use it in reports only: a single old ticket moves it."),
            _lasting(settings, "first_response_with_the_waiting", names.COHORT_P50, names.WINDOW_CREATED,
                     "Where it leaves the median above behind, many wait who count nowhere yet."),
            _lasting(settings, "first_response_with_the_waiting_p90", names.COHORT_P90, names.WINDOW_CREATED,
                     "Far over the median: the oldest are passed over."),
            _from_buckets(settings),
            _heat(settings, "first_response", names.FIRST_RESPONSE, "first_response_heat",
                  "First responses as they happen"),
            _lasting(settings, "resolution_p50", names.RESOLUTION_P50, resolved, "Compare over weeks, not hours."),
            _lasting(settings, "resolution_p90", names.RESOLUTION_P90, resolved, "Read the oldest of those resolved."),
            _mean(settings, "resolution", names.RESOLUTION_DURATION, resolved, "Compare with the median beside it."),
            of_kpis(
                settings, "first_resolution", act="Far under the average resolution time: resolved too soon.",
                queries=(
                    Query(expr=greatest(names.FIRST_RESOLUTION), legend="whole floor"),
                    sample(summed(resolved), "n resolved"),
                ),
                least=0, says="Of the whole floor, whatever queues are selected.",
            ),
            _heat(settings, "resolution_p50", names.RESOLUTION, "resolution_heat", "Resolutions as they happen"),
        ),
    )  # fmt: skip


def _lasting(settings: Settings, kpi: str, metric: Metric, of: Metric, act: str) -> Panel:
    return of_kpis(
        settings, kpi, act=act, least=0,
        queries=(
            Query(expr=greatest(metric, "queue"), legend="{{queue}}"),
            Query(expr=greatest(names.FLOOR[metric]), legend="whole floor", role=Role.REFERENCE),
            sample(summed(of)),
        ),
    )  # fmt: skip


def _mean(settings: Settings, kpi: str, duration: Metric, of: Metric, act: str) -> Panel:
    return of_kpis(
        settings, kpi, act=act, least=0,
        queries=(
            Query(expr=share(summed(duration, "queue"), summed(of, "queue")), legend="{{queue}}"),
            Query(expr=share(summed(duration), summed(of)), legend="selected queues", role=Role.REFERENCE),
            sample(summed(of)),
        ),
    )  # fmt: skip


def _from_buckets(settings: Settings) -> Panel:
    business = names.FIRST_RESPONSE_BUSINESS
    return of_kpis(
        settings, "first_response_business", act="Judge a floor that closes at night by this one.", least=0,
        queries=(
            Query(expr=quantile(0.5, business), legend="open hours, p50"),
            Query(expr=quantile(0.9, business), legend="open hours, p90"),
            Query(expr=quantile(0.5, names.FIRST_RESPONSE), legend="calendar time, p50", role=Role.REFERENCE),
            Query(expr=quantile(0.9, names.FIRST_RESPONSE), legend="calendar time, p90", role=Role.REFERENCE),
        ),
        says="By the workers' histograms, so to within a bucket, of first replies as they happen and over 15 minutes "
        "at least.", interval=_SPARSE,
    )  # fmt: skip


def _heat(settings: Settings, kpi: str, metric: Metric, key: str, title: str) -> Panel:
    expr = f"sum by (le) (increase({selected(metric, '_bucket')}[$__rate_interval]))"
    return of_kpis(
        settings, kpi, key=key, title=title, act="Two bands: two kinds of tickets; see which queue the slow one is.",
        queries=(Query(expr=expr, legend="{{le}}"),), unit="s", shape=Shape.HEAT, interval=_SPARSE,
        says="By the workers' histograms: how many took how long. Every SLA target is a bound of a row.", is_told=False,
    )  # fmt: skip
