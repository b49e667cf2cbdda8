"""What customers say, of each window of the snapshot: surveys by instrument, SERVQUAL, brand, response, change.

A pure function of counts by what an answer says. Each number has the size of its sample, and what that is good for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from metrics import brand, servqual
from metrics.cell_tables import tables_of
from metrics.columns import summed
from metrics.hours import Sums
from metrics.instants import DAY
from metrics.intervals import wilson
from metrics.items import SURVEYS, sent_value
from metrics.measures import CSAT, FIRST_ITEM, FIRST_SURVEY, MEASURE_MASK, MEASURE_SHIFT, Measure, Vocabulary
from metrics.panes import Panes, together
from metrics.policies import Rules
from metrics.samples import Samples
from metrics.surveys import change, instrument_name, satisfied_of, summary

Counts = Mapping[int, int]

#: (pane, after, last): the panes ``after < number <= last`` of ``pane`` nanoseconds.
Before = tuple[int, int, int]

_ALWAYS: Final = (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7))

#: Satisfaction is compared with the window before for windows of at least so long.
CHANGE_FROM: Final = DAY


def windows_before(rules: Rules, now: int) -> dict[str, Before]:
    """The window before each rolling one that satisfaction is compared for: up to the pane where that begins."""
    compared = [window for window in rules.windows if window.length >= CHANGE_FROM]
    return {
        one.name: (one.pane, (now - 2 * one.length) // one.pane, (now - one.length) // one.pane) for one in compared
    }


class Voice:
    """The answers of one snapshot; ``since`` is from when on history is known, ``before`` what comes before a window.

    ``found`` is CSAT there, from ``scores``. Satisfaction of a window that ``before`` does not name is compared with
    nothing.
    """

    def __init__(
        self,
        found: Mapping[str, Sequence[Sums]],
        rules: Rules,
        vocabulary: Vocabulary,
        since: int | None,
        before: Mapping[str, Before],
    ) -> None:
        self._samples = rules.samples
        self._expected = rules.brand_expected
        self._items = vocabulary.items
        self._instruments = sorted(zip(vocabulary.instruments, range(FIRST_SURVEY, FIRST_ITEM), strict=False))
        self._before = {name: _by_queue(found[name]) for name in before}
        self._is_whole = {
            name: since is not None and since < (after + 1) * pane for name, (pane, after, _) in before.items()
        }

    def of(self, window: str, table: Mapping[int, Counts], queues: Iterable[int]) -> dict[str, Any]:
        """The numbers of the window of that name; ``table`` and ``queues`` (their numbers) are those of one scope."""
        made = self._by_instrument(table)
        made["csat_change"] = self._change(window, table, queues)
        items = [(self._items[number - FIRST_ITEM], counts) for number, counts in table.items() if number >= FIRST_ITEM]
        made["servqual"] = servqual.summary(
            {item: counts for (survey, item, *_), counts in items if survey == "servqual"}, self._samples
        )
        made |= brand.summaries(
            {(item, (low, high)): counts for (survey, item, low, high), counts in items if survey == "brand"},
            self._expected,
            self._samples,
        )
        made["response_rate"] = _response_rate(table.get(Measure.SURVEY_SENT, {}), self._samples)
        return made

    def _by_instrument(self, table: Mapping[int, Counts]) -> dict[str, Any]:
        made = {}
        for instrument, number in self._instruments:
            counts = table.get(number)
            if counts or instrument in _ALWAYS:
                made[instrument_name(*instrument)] = summary(*instrument, counts or {}, self._samples)
        return made

    def _change(self, window: str, table: Mapping[int, Counts], queues: Iterable[int]) -> dict[str, Any] | None:
        before = self._before.get(window)
        if before is None:
            return None
        former: dict[int, int] = {}
        for queue in queues:
            for score, count in before.get(queue, {}).items():
                former[score] = former.get(score, 0) + count
        made = change(satisfied_of(table.get(CSAT, {})), satisfied_of(former), self._samples)
        return made | {"before_complete": self._is_whole[window]}


def scores(panes: Sequence[Panes], before: Before) -> Sums:
    """The cells of CSAT on 1-5 in what a window is compared with."""
    pane, after, last = before
    cells, amounts = together(found for one in panes for found in one.total(after, last, pane))
    wanted = cells >> MEASURE_SHIFT & MEASURE_MASK == CSAT
    return summed(cells[wanted], amounts[wanted])


def _by_queue(found: Sequence[Sums]) -> dict[int, dict[int, int]]:
    """Scores by number of the queue, as how often each occurs."""
    return {queue: table[CSAT] for queue, table in tables_of(found).items()}


def _response_rate(counts: Counts, samples: Samples) -> dict[str, Any]:
    """Of the surveys sent in the window the share answered by now, by survey."""
    made = {}
    for survey in SURVEYS:
        answered = counts.get(sent_value(survey, is_answered=True), 0)
        sent = answered + counts.get(sent_value(survey, is_answered=False), 0)
        bounds = wilson(answered, sent)
        made[survey] = {
            "sent": sent,
            "answered": answered,
            "ratio": answered / sent if sent else None,
            "lower95": bounds[0] if bounds else None,
            "upper95": bounds[1] if bounds else None,
            "sample": samples.of(sent),
        }
    return made
