"""Whether a document that was read can be merged with others: what in it cannot be so.

Whoever wrote it may be broken, or of a build that differs without saying so: what is merged is added up, looked up and
divided with no further question, so that all of it is asked here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

from metrics.columns import Ints
from metrics.components import QUALITY, Asked, Span
from metrics.contribution import SLAS
from metrics.document import INT64, About, Columns, Document, read_columns
from metrics.facts import Report, problem_of
from metrics.feeds import Told
from metrics.instants import EARLIEST, HOUR, LATEST, MINUTE
from metrics.items import BRAND_SCALES, SERVQUAL_SCALE, is_servqual_item, pair_value
from metrics.measures import (
    BUCKET_MASK,
    FIRST_DURATION,
    FIRST_ITEM,
    FIRST_SURVEY,
    LAST_DURATION,
    LAST_SUMMED,
    MEASURE_MASK,
    MEASURE_SHIFT,
    QUEUE_SHIFT,
    SUM_BITS,
    SUM_HIGH,
    SUM_LOW,
    SURVEYS_MAX,
    bucket_of,
)
from metrics.normal import hours_asked
from metrics.standing import Standing

#: More of anything than one partition ever holds; even thousands of them add up without loss.
COUNT_MAX: Final = 2**36
PARTITIONS_MAX: Final = 10_000
#: Open, awaiting first response, awaiting reply, paused, escalated, without policy.
STANDING_COUNTS: Final = 6

_LAST_BUCKET: Final = bucket_of(LATEST - EARLIEST)
_CSAT: Final = ("csat", 1, 5)
#: What is counted since the start of a process, by what, is of these names; all else is a plain count.
_BY_NAME: Final = {"dead_lettered", "label_overflow"}


def fault_of(document: Document) -> str | None:
    """The first thing in it that cannot be so, or None: then it merges with any other of the same windows."""
    return next(_faults(document), None)


def _faults(document: Document) -> Iterator[str]:
    """In an order in which each part is asked only after what it leans on."""
    if not all(map(_is_instant, (document.as_of, document.history_since or 0))) or document.ready not in {0, 1}:
        yield "as_of, history_since, ready"
    if not _are_counts(document.quality) or len(document.quality) != len(QUALITY):
        yield "quality"
    if not _is_sound_about(document.about):
        yield "about"
    yield from _faults_of_windows(document)
    yield from _faults_of_names(document)
    yield from _faults_of_cells(document)
    yield from _faults_of_places(document)
    if any(not _is_sound_report(report) for report in document.reports):
        yield "reports"


# ------------------------------------------------------------------------------------------------ about, windows


def _is_instant(value: int) -> bool:
    return EARLIEST <= value <= LATEST


def _are_counts(values: Collection[int]) -> bool:
    return not values or (min(values) >= 0 and max(values) <= COUNT_MAX)


def _is_sound_about(about: About) -> bool:
    told = all(map(_is_sound_told, about.feeds.values()))
    counted = all(_is_sound_count(name, found) for name, found in about.since_start.items())
    return 1 <= about.partitions <= PARTITIONS_MAX and told and counted


def _is_sound_told(told: Told) -> bool:
    counts = [item for delays in told.delays.values() for item in delays.items()]
    buckets = all(0 <= bucket <= _LAST_BUCKET for bucket, _ in counts)
    return _is_instant(told.newest) and buckets and _are_counts([count for _, count in counts])


def _is_sound_count(name: str, found: object) -> bool:
    if name in _BY_NAME:
        return isinstance(found, Mapping) and all(type(one) is int and _are_counts((one,)) for one in found.values())
    return type(found) is int and _are_counts((found,))


def _faults_of_windows(document: Document) -> Iterator[str]:
    windows = document.windows
    names = [span.name for span in windows]
    if len(set(names)) < len(names) or not all(_ends_at(document.as_of, span) for span in windows):
        yield "windows"
    if document.cells.keys() != set(names):
        yield "cells: not those of its windows"
    if document.compared.keys() != document.before.keys():
        yield "compared: not what its windows are compared with"


def _ends_at(now: int, span: Span) -> bool:
    return (
        span.pane in {MINUTE, HOUR} and span.after < span.last == now // span.pane and _is_instant(span.after_instant)
    )


# ----------------------------------------------------------------------------------------------- queues, surveys


def _faults_of_names(document: Document) -> Iterator[str]:
    queues, instruments, items = (
        document.vocabulary_queues,
        document.vocabulary_instruments,
        document.vocabulary_items,
    )
    if len(set(queues)) < len(queues):
        yield "vocabulary_queues: a queue twice"
    if any(not 0 <= number < len(queues) for number in document.queues):
        yield "queues: one without a name"
    if len(instruments) > SURVEYS_MAX or any(not 0 <= high - low <= BUCKET_MASK for _, low, high in instruments):
        yield "vocabulary_instruments"
    if any(not _is_instant(low) for _, low, _ in instruments):
        yield "vocabulary_instruments"
    if len(items) > MEASURE_MASK + 1 - FIRST_ITEM or not all(_is_sound_item(*item) for item in items):
        yield "vocabulary_items"


def _is_sound_item(survey: str, item: str, low: int, high: int) -> bool:
    if survey == "servqual":
        return (low, high) == SERVQUAL_SCALE and is_servqual_item(item)
    return survey == "brand" and (low, high) in BRAND_SCALES


# -------------------------------------------------------------------------------------------------------- columns


def _faults_of_cells(document: Document) -> Iterator[str]:
    greatest = _greatest_buckets(document)
    queues = len(document.vocabulary_queues)
    for name, columns in document.cells.items():
        if not _are_sound_cells(columns, queues, greatest):
            yield f"cells of {name}"
    only_csat = np.full(MEASURE_MASK + 1, -1, dtype=np.int64)
    for place, instrument in enumerate(document.vocabulary_instruments):
        if instrument == _CSAT:
            only_csat[FIRST_SURVEY + place] = greatest[FIRST_SURVEY + place]
    for name, columns in document.compared.items():
        if not _are_sound_cells(columns, queues, only_csat):
            yield f"compared of {name}"
    for start, end, columns in document.periods:
        if not _are_sound_cells(columns, queues, greatest):
            yield f"periods of {start} to {end}"


def _greatest_buckets(document: Document) -> Ints:
    """By measure, the last bucket that it can have; -1: there is no such measure."""
    greatest = np.full(MEASURE_MASK + 1, -1, dtype=np.int64)
    greatest[:FIRST_SURVEY] = BUCKET_MASK
    greatest[FIRST_DURATION : LAST_DURATION + 1] = _LAST_BUCKET
    for first, (*_, low, high) in _numbered(document):
        greatest[first] = (
            pair_value(high, high) if (low, high) == SERVQUAL_SCALE and first >= FIRST_ITEM else high - low
        )
    return greatest


def _numbered(document: Document) -> Iterator[tuple[int, tuple[Any, ...]]]:
    yield from enumerate(document.vocabulary_instruments, FIRST_SURVEY)
    yield from enumerate(document.vocabulary_items, FIRST_ITEM)


def _are_sound_cells(columns: Columns, queues: int, greatest: Ints) -> bool:
    """Whether they are of queues that have names, of measures and buckets that there are, and are counts."""
    if not _are_columns(columns):
        return False
    cells, amounts = read_columns(columns)
    measures = cells >> MEASURE_SHIFT & MEASURE_MASK
    are_within = _are_queues(cells, queues) and bool(np.all((cells & BUCKET_MASK) <= greatest[measures]))
    sums = (measures >= FIRST_DURATION + SUM_HIGH) & (measures <= LAST_SUMMED + SUM_LOW)
    return are_within and not (amounts < 0).any() and _are_few(amounts[~sums])


def _are_columns(columns: Columns) -> bool:
    cells, amounts = columns
    return len(cells) == len(amounts) and not len(cells) % INT64.itemsize


def _are_queues(cells: Ints, queues: int) -> bool:
    return not len(cells) or (int(cells.min()) >= 0 and int(cells.max()) >> QUEUE_SHIFT < queues)


def _are_few(amounts: Ints) -> bool:
    """Whether there are no more than can be of all of them together."""
    return not len(amounts) or (int(amounts.max()) <= COUNT_MAX and float(amounts.sum(dtype=np.float64)) <= COUNT_MAX)


# ------------------------------------------------------------------------------------------- standings, who waits


def _faults_of_places(document: Document) -> Iterator[str]:
    edges = len(Asked(document.as_of, document.windows, {}).edges)
    if not _are_sound_standings([standing for _, _, standing in document.standings], edges):
        yield "standings"
    greatest = np.full(MEASURE_MASK + 1, -1, dtype=np.int64)
    greatest[:edges] = _LAST_BUCKET
    if not _are_sound_cells(document.waiting, len(document.vocabulary_queues), greatest):
        yield "waiting"
    if not _are_sound_ages(document):
        yield "ages"
    queues, hours, column = document.flow
    is_asked = hours == hours_asked(
        span.pane * (span.last - span.after) for span in document.windows if span.is_rolling
    )
    if not is_asked or not 0 <= queues <= len(document.vocabulary_queues):
        yield "flow: other hours or queues"
    if len(column) != 3 * queues * hours * INT64.itemsize or not _are_few(np.abs(np.frombuffer(column, INT64))):
        yield "flow"


def _are_sound_standings(standings: Sequence[Standing], edges: int) -> bool:
    """All together: one by one, at each of four documents a second, would take ten times as long."""
    shape = [edges] * len(SLAS)
    if any(len(one.counts) != STANDING_COUNTS or [len(c.late) for c in one.clocks] != shape for one in standings):
        return False
    clocks = [clock for one in standings for clock in one.clocks]
    counts = [*chain.from_iterable(one.counts for one in standings), *chain.from_iterable(one.late for one in clocks)]
    counts += [clock.live_breaches for clock in clocks] + [clock.at_risk for clock in clocks]
    instants = [one.oldest_first for one in standings] + [one.oldest_reply for one in standings]
    instants += [clock.next_due for clock in clocks] + [clock.most_overdue for clock in clocks]
    return (
        _are_counts(counts)
        and all(map(_is_instant, {one for one in instants if one is not None}))
        and all(math.isfinite(clock.overdue_ratio) for clock in clocks if clock.overdue_ratio is not None)
    )


def _are_sound_ages(document: Document) -> bool:
    bounds, parts = document.age_bounds, [*document.ages.values()]
    return (
        list(bounds) == sorted(set(bounds))
        and all(len(counts) == len(bounds) + 1 and _are_counts(counts) for counts, _, _ in parts)
        and all(high >= 0 and 0 <= low < 1 << SUM_BITS for _, high, low in parts)
    )


def _is_sound_report(report: Report) -> bool:
    return (
        _is_instant(report.instant)
        and problem_of(report.fact, report.value, report.unit, report.start, report.end) is None
    )
