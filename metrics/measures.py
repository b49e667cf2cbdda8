"""What is measured: the numbers of the moments that tickets contribute, and of the cells in which they are summed.

A moment is (queue, instant, measure, value). A cell is one integer: queue number, measure and bucket, so that adding,
retracting and merging are the same few lines for all of them.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Final

import numpy as np

from metrics.columns import Ints
from metrics.items import BRAND_ITEMS_MAX, BRAND_NAME_MAX, BRAND_SCALES
from metrics.policies import OTHER

#: Queue, instant in nanoseconds, measure, and the value: nanoseconds of a duration, a score above its lowest, or 0.
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
    CONVERTED = 6  # stamped by creation: converted within so long of the first reply
    UNCOUNTED_OPENED = 7  # created or reopened, of tickets created before `live_since`: in no live set
    FIRST_RESPONSE = 8
    FIRST_RESOLUTION = 9
    RESOLUTION = 10
    FIRST_RESPONSE_BUSINESS = 11  # of replies whose policy names a calendar: its open hours
    COHORT_ANSWERED = 12  # stamped by creation: the first response of one of the cohort
    COHORT_CLOSED = 13  # stamped by creation: closed unanswered after that long
    FIRST_RESPONSE_MET = 16
    FIRST_RESPONSE_BREACHED = 17
    RESOLUTION_MET = 18
    RESOLUTION_BREACHED = 19
    RETARGETED_LATE = 20  # a clock past due whose target was relaxed
    DISCARDED_LATE = 21  # a clock past due whose ticket was discarded
    UNCOUNTED_RESOLVED = 22
    ESCALATED_OF_CREATED = 48  # stamped by creation: escalated so far
    COMPLAINT_ESCALATED = 49  # the same, of complaints
    COMPLAINT_CREATED = 50
    COMPLAINT_RESOLVED = 51
    MESSAGE_UNANSWERED = 52  # resolved while nobody had answered the customer's last message
    SURVEY_SENT = 56  # of which survey, and whether it is answered by now: ``metrics.items.sent_value``


#: Measures whose value is a duration. The sums of the first of them are kept in two cells of their own, so much higher:
#: whole multiples of 2^30 ns and what is over, since the nanoseconds of many long waits are more than 64 bits hold.
FIRST_DURATION: Final = 8
LAST_SUMMED: Final = 11
LAST_DURATION: Final = 15
SUM_HIGH: Final = 24  # 8 to 11 become 32 to 35
SUM_LOW: Final = 32
SUM_BITS: Final = 30
FIRST_SURVEY: Final = 64
CSAT: Final = FIRST_SURVEY  # on 1-5 and, next, NPS on 0-10: their places whatever comes first, see Vocabulary
NPS: Final = FIRST_SURVEY + 1
FIRST_ITEM: Final = 1 << MEASURE_BITS - 1  # from here on, items of surveys that have items
SURVEYS_MAX: Final = FIRST_ITEM - FIRST_SURVEY

# Log buckets after DDSketch (Masson, Rim, Lee, VLDB 2019): bucket i holds (g^(i-1), g^i], its value is at most 1 % off.
_ACCURACY: Final = 0.0099
_GROWTH: Final = (1 + _ACCURACY) / (1 - _ACCURACY)
_LOG_GROWTH: Final = math.log(_GROWTH)
_PER_LOG: Final = 1 / _LOG_GROWTH


def buckets_of(durations: Ints) -> Ints:
    """The log bucket of each duration in nanoseconds, from 0 (for 0 itself) to about 2,200."""
    logs = np.ceil(np.log(np.maximum(durations, 1)) * _PER_LOG).astype(np.int64)
    return np.where(durations > 0, logs + 1, 0)


def bucket_of(duration: int) -> int:
    """The log bucket of one duration; what is negative is in that of 0."""
    return math.ceil(math.log(duration) * _PER_LOG) + 1 if duration > 0 else 0


def duration_of(bucket: int) -> float:
    """Nanoseconds that stand for every duration in ``bucket``, with a relative error of at most 1 %."""
    return 2 * math.exp((bucket - 1) * _LOG_GROWTH) / (_GROWTH + 1) if bucket else 0.0


class Vocabulary:
    """Queues, places and survey instruments as small integers, shared by a process' partitions.

    A place is (queue, priority, number of the policy).
    An instrument is (survey, lowest, highest): each scale is one of its own, never pooled. An item is (survey, item,
    lowest, highest), numbered apart.
    """

    def __init__(self) -> None:
        self.queues: list[str] = []
        self.instruments: list[tuple[str, int, int]] = []
        self.places: list[tuple[str, str, int]] = []
        self.items: list[tuple[str, str, int, int]] = []
        self._item_ids: dict[tuple[str, str, int, int], int] = {}
        self._brand_items = dict.fromkeys(BRAND_SCALES, 0)
        self._queue_ids: dict[str, int] = {}
        self._place_ids: dict[tuple[str, str, int], int] = {}
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

    def place_id(self, queue: str, priority: str, policy: int) -> int:
        """The number of a queue, priority and policy; a new one gets the next."""
        place = queue, priority, policy
        number = self._place_ids.get(place)
        if number is None:
            number = self._place_ids[place] = len(self.places)
            self.places.append(place)
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

    def servqual_measure(self, item: str) -> int:
        """The measure of an item of SERVQUAL, of which there are at most 99 by dimension."""
        return self._item_measure(("servqual", item, 1, 7))

    def brand_measure(self, item: str, lowest: int, highest: int) -> int:
        """The measure of a brand item on one of ``BRAND_SCALES``; that of ``other`` once there are too many."""
        named = "brand", item, lowest, highest
        scale = lowest, highest
        if named not in self._item_ids:
            if len(item) > BRAND_NAME_MAX or self._brand_items[scale] >= BRAND_ITEMS_MAX:
                return self._item_measure(("brand", OTHER, lowest, highest))
            self._brand_items[scale] += 1
        return self._item_measure(named)

    def _item_measure(self, item: tuple[str, str, int, int]) -> int:
        number = self._item_ids.get(item)
        if number is None:
            number = self._item_ids[item] = len(self.items)
            self.items.append(item)
        return FIRST_ITEM + number
