"""What is measured: the numbers of the moments that tickets contribute, and how moments become cells of a pane.

A moment is (queue, instant, measure, value). A cell is one integer: queue id, measure and bucket, so that a
pane is a plain dict of int to int, and adding, retracting and merging are the same few lines for all of them.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Final

Moment = tuple[str, int, int, int]

BUCKET_BITS: Final = 16
MEASURE_BITS: Final = 16
MEASURE_SHIFT: Final = BUCKET_BITS
QUEUE_SHIFT: Final = BUCKET_BITS + MEASURE_BITS
BUCKET_MASK: Final = (1 << BUCKET_BITS) - 1
MEASURE_MASK: Final = (1 << MEASURE_BITS) - 1


class Measure(IntEnum):
    """What a moment counts. The value is 0 for counts, nanoseconds for durations."""

    CREATED = 1
    RESOLVED = 2
    REOPENED = 3
    ESCALATED = 4
    CLOSED_UNANSWERED = 5
    FIRST_RESPONSE = 8
    FIRST_RESOLUTION = 9
    RESOLUTION = 10
    COHORT_ANSWERED = 11  # stamped by creation: the first response of one of the cohort
    COHORT_CLOSED = 12  # stamped by creation: closed unanswered after that long
    FIRST_RESPONSE_MET = 16
    FIRST_RESPONSE_BREACHED = 17
    RESOLUTION_MET = 18
    RESOLUTION_BREACHED = 19


#: Measures whose value is a duration; the sums of the first of them are cells of their own, ``SUM`` higher.
FIRST_DURATION: Final = 8
LAST_SUMMED: Final = 10
LAST_DURATION: Final = 15
SUM: Final = 24  # 8 to 10 become 32 to 34
FIRST_SURVEY: Final = 64
SURVEYS_MAX: Final = MEASURE_MASK - FIRST_SURVEY + 1

# Log buckets after DDSketch (Masson, Rim, Lee, VLDB 2019): bucket i holds (g^(i-1), g^i], its value is at most 1 % off.
_ACCURACY: Final = 0.0099
_GROWTH: Final = (1 + _ACCURACY) / (1 - _ACCURACY)
_LOG_GROWTH: Final = math.log(_GROWTH)
_PER_LOG: Final = 1 / _LOG_GROWTH


def bucket_of(duration: int) -> int:
    """The log bucket of a duration in nanoseconds, from 0 (for 0 itself) to about 2,200."""
    return 1 + math.ceil(math.log(duration) * _PER_LOG) if duration > 0 else 0


def duration_of(bucket: int) -> float:
    """Nanoseconds that stand for every duration in ``bucket``, with a relative error of at most 1 %."""
    return 2 * math.exp((bucket - 1) * _LOG_GROWTH) / (_GROWTH + 1) if bucket else 0.0


class Vocabulary:
    """Queue names and survey instruments as small integers, shared by all partitions of a process.

    An instrument is (survey, lowest, highest): each scale is one of its own, never pooled.
    """

    def __init__(self) -> None:
        self.queues: list[str] = []
        self.instruments: list[tuple[str, int, int]] = []
        self._queue_ids: dict[str, int] = {}
        self._instrument_ids: dict[tuple[str, int, int], int] = {}
        for usual in (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)):  # these have their place whatever comes first
            self.survey_measure(*usual)

    def queue_id(self, queue: str) -> int:
        """The number of a queue; a new one gets the next."""
        number = self._queue_ids.get(queue)
        if number is None:
            number = self._queue_ids[queue] = len(self.queues)
            self.queues.append(queue)
        return number

    def survey_measure(self, survey: str, lowest: int, highest: int) -> int | None:
        """The measure of an instrument, or None when there are more instruments than measures."""
        instrument = survey, lowest, highest
        number = self._instrument_ids.get(instrument)
        if number is None:
            if len(self.instruments) >= SURVEYS_MAX:
                return None
            number = self._instrument_ids[instrument] = len(self.instruments)
            self.instruments.append(instrument)
        return FIRST_SURVEY + number
