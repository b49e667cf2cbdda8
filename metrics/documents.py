"""Components of one partition as bytes for other processes, and back: versioned, and by name where numbers differ.

Cells, amounts and flows are columns of 64-bit integers, all else is MessagePack. Queues and surveys are numbered by
each process for itself, so a document says what its numbers mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec
import numpy as np

from metrics.activity import Distribution
from metrics.columns import Ints, summed
from metrics.components import Asked, Components, Span
from metrics.days import PeriodSums
from metrics.document import INT64, About, Columns, Document, DocumentError, read_columns
from metrics.document_faults import fault_of
from metrics.facts import Days, Latest
from metrics.hours import Sums
from metrics.measures import (
    BUCKET_MASK,
    FIRST_ITEM,
    FIRST_SURVEY,
    MEASURE_MASK,
    MEASURE_SHIFT,
    QUEUE_SHIFT,
    SUM_BITS,
    Vocabulary,
)
from metrics.panes import together
from metrics.standing import Standing
from metrics.waiting import Ages

_LOW: Final = (1 << SUM_BITS) - 1


def held(found: Components, periods: Iterable[Days]) -> Components:
    """The same apart from the partitions: whatever changes there, these stay; with only these periods of days."""
    flow, ages = found.flow(), found.ages()
    sums = {days: found.period(*map(date.fromisoformat, days)) for days in periods}
    told = _told({days: parts for days, parts in sums.items() if parts is not None})
    return msgspec.structs.replace(found, flow=lambda: flow, ages=lambda: ages, period=told)


def encode(found: Components, vocabulary: Vocabulary, asked: Asked, periods: Iterable[Days], about: About) -> bytes:
    """The document of one partition.

    Args:
        found: what it comes to.
        vocabulary: what the numbers in it mean.
        asked: the windows of the configuration, as of one instant.
        periods: the whole days of which the sums are to be in it, as boards ask for them.
        about: what its process says of itself.
    """
    flow, ages = found.flow(), found.ages()
    document = Document(
        as_of=asked.now,
        about=about,
        windows=list(asked.windows),
        before=dict(asked.before),
        ready=found.ready,
        history_since=found.history_since,
        quality=found.quality,
        vocabulary_queues=vocabulary.queues,
        vocabulary_instruments=vocabulary.instruments,
        vocabulary_items=vocabulary.items,
        queues=sorted(found.queues),
        cells={name: _columns(sums) for name, sums in found.windows.items()},
        compared={name: _columns(sums) for name, sums in found.before.items()},
        standings=[(queue, priority, standing) for (queue, priority), standing in found.standings.items()],
        waiting=_columns(found.waiting),
        age_bounds=ages.bounds,
        ages={queue: (one.counts, one.total >> SUM_BITS, one.total & _LOW) for queue, one in ages.queues.items()},
        flow=(*flow.shape[1:], np.ascontiguousarray(flow, dtype=INT64).tobytes()),
        reports=[report for latest in found.reports for report in latest.reports],
        periods=[(start, end, _columns(sums)) for start, end in periods for sums in (_period(found, start, end),)],
    )
    return msgspec.msgpack.encode(document)


def _period(found: Components, start: str, end: str) -> list[Sums]:
    parts = found.period(date.fromisoformat(start), date.fromisoformat(end))
    return [part.sums for part in parts or ()]


def _columns(sums: Sequence[Sums]) -> Columns:
    cells, amounts = summed(*together(sums))
    return cells.astype(INT64).tobytes(), amounts.astype(INT64).tobytes()


_DECODER: Final = msgspec.msgpack.Decoder(Document)


def decode(document: bytes) -> Document:
    """Read a document.

    Raises:
        DocumentError: it is not one, or something in it cannot be so.
    """
    try:
        found = _DECODER.decode(document)
    except msgspec.MsgspecError as error:
        raise DocumentError(f"a partition's document cannot be read: {error}") from error
    fault = fault_of(found)
    if fault is not None:
        raise DocumentError(f"a partition's document contradicts itself or what can be: {fault}")
    return found


def check(document: Document, asked: Asked) -> None:
    """Whether a document is of the windows that are asked for, whatever the instant.

    Raises:
        DocumentError: it is of others.
    """
    mine, theirs = (list(map(_kind, windows)) for windows in (asked.windows, document.windows))
    if mine != theirs or document.before.keys() != asked.before.keys():
        raise DocumentError(f"a worker has other windows: {', '.join(name for name, *_ in theirs)}")


def _kind(span: Span) -> tuple[str, int, int]:
    """Name, pane and how many panes: of a window that began with a local day, 0."""
    return span.name, span.pane, span.last - span.after if span.is_rolling else 0


def components(document: Document, vocabulary: Vocabulary, asked: Asked) -> Components:
    """What a document says, in this process's numbers and its order of windows.

    Raises:
        DocumentError: it is of other windows than those asked for.
    """
    check(document, asked)
    renumbered, order = _Renumbered(document, vocabulary), _Order(document, asked)
    flow, ages = _flow(document, renumbered), _ages(document)
    periods = {(start, end): (PeriodSums(renumbered.sums(columns)),) for start, end, columns in document.periods}
    return Components(
        ready=document.ready,
        history_since=document.history_since,
        quality=document.quality,
        queues=[int(renumbered.queues[number]) for number in document.queues],
        windows={name: [renumbered.sums(columns)] for name, columns in document.cells.items()},
        before={name: [renumbered.sums(columns)] for name, columns in document.compared.items()},
        standings=order.standings(document),
        waiting=order.waiting(renumbered.in_queues(document.waiting)),
        ages=lambda: ages,
        flow=lambda: flow,
        reports=(Latest(document.reports),),
        period=_told(periods),
    )


def _told(periods: Mapping[Days, tuple[PeriodSums, ...]]) -> Callable[[date, date], tuple[PeriodSums, ...] | None]:
    return lambda first, last: periods.get((first.isoformat(), last.isoformat()))


class _Renumbered:
    """Cells of a document in the numbers of another vocabulary."""

    def __init__(self, document: Document, vocabulary: Vocabulary) -> None:
        self.queues: Ints = np.array([vocabulary.queue_id(name) for name in document.vocabulary_queues], dtype=np.int64)
        self._measures = np.arange(MEASURE_MASK + 1, dtype=np.int64)
        for place, instrument in enumerate(document.vocabulary_instruments):
            measure = vocabulary.survey_measure(*instrument)
            self._measures[FIRST_SURVEY + place] = -1 if measure is None else measure
        for place, (survey, item, low, high) in enumerate(document.vocabulary_items):
            is_brand = survey == "brand"
            measure = vocabulary.brand_measure(item, low, high) if is_brand else vocabulary.servqual_measure(item)
            self._measures[FIRST_ITEM + place] = measure

    def in_queues(self, columns: Columns) -> Sums:
        """Cells and amounts of which only the queues are numbered by each process."""
        cells, amounts = read_columns(columns)
        queues = self.queues[cells >> QUEUE_SHIFT] if len(cells) else cells
        return queues << QUEUE_SHIFT | cells & (1 << QUEUE_SHIFT) - 1, amounts

    def sums(self, columns: Columns) -> Sums:
        """Cells and amounts; several cells may have become one."""
        cells, amounts = read_columns(columns)
        measures = self._measures[cells >> MEASURE_SHIFT & MEASURE_MASK]
        is_known = measures >= 0
        cells, amounts, measures = cells[is_known], amounts[is_known], measures[is_known]
        queues = self.queues[cells >> QUEUE_SHIFT] if len(cells) else cells
        return queues << QUEUE_SHIFT | measures << MEASURE_SHIFT | cells & BUCKET_MASK, amounts


def _flow(document: Document, renumbered: _Renumbered) -> Ints:
    """By this process's numbers of the queues, of which each stands for one of theirs."""
    queues, hours, column = document.flow
    theirs = np.frombuffer(column, dtype=INT64).reshape(3, queues, hours)
    numbers = renumbered.queues[:queues]
    mine = np.zeros((3, int(numbers.max(initial=-1)) + 1, hours), dtype=np.int64)
    mine[:, numbers] = theirs
    return mine


def _ages(document: Document) -> Ages:
    ages = document.ages.items()
    queues = {queue: Distribution(counts, high << SUM_BITS | low) for queue, (counts, high, low) in ages}
    return Ages(document.age_bounds, queues)


class _Order:
    """The windows of a document in the order of the edges that are asked for: each of those has a place of theirs."""

    def __init__(self, document: Document, asked: Asked) -> None:
        theirs = Asked(document.as_of, document.windows, {}).edges
        place_of = {span.name: theirs.index(span.after_instant) for span in document.windows}
        name_of = {span.after_instant: span.name for span in asked.windows}
        self._places = [place_of[name_of[edge]] for edge in asked.edges]
        self._is_same = self._places == list(range(len(theirs)))

    def standings(self, document: Document) -> dict[tuple[str, str], Standing]:
        """By queue and priority."""
        if self._is_same:
            return {(queue, priority): standing for queue, priority, standing in document.standings}
        return {(queue, priority): self._standing(standing) for queue, priority, standing in document.standings}

    def _standing(self, standing: Standing) -> Standing:
        clocks = [
            msgspec.structs.replace(clock, late=[clock.late[place] for place in self._places])
            for clock in standing.clocks
        ]
        return msgspec.structs.replace(standing, clocks=clocks)

    def waiting(self, sums: Sums) -> list[Sums]:
        """Each window with what no shorter one has: what the next one before it has is taken out of it."""
        if self._is_same:
            return [sums]
        cells, amounts = sums
        theirs, others = cells >> MEASURE_SHIFT & MEASURE_MASK, cells & ~(MEASURE_MASK << MEASURE_SHIFT)
        found: list[Sums] = []
        for mine, place in enumerate(self._places):
            within = theirs <= place
            column = others[within] | mine << MEASURE_SHIFT
            found.append((column, amounts[within]))
            if mine + 1 < len(self._places):
                found.append((column + (1 << MEASURE_SHIFT), -amounts[within]))
        return found
