"""What a subject's surveys add: each answer that counts, and each survey sent with whether it is answered by now.

A function of (ticket, places) alone, whether the ticket is known or only asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from metrics.contribution import Contributions
from metrics.items import (
    BRAND_SCALES,
    SERVQUAL_SCALE,
    SURVEYS,
    is_servqual_item,
    pair_value,
    sent_value,
)
from metrics.measures import MEASURE_SHIFT, QUEUE_SHIFT, Measure, Vocabulary
from metrics.policies import OTHER
from stream.places import Places
from stream.ticket import Answer, Sent, Ticket

_BY_ITEM: Final = ("servqual", "brand")
_SENT: Final = Measure.SURVEY_SENT << MEASURE_SHIFT


def contribute_answers(ticket: Ticket, queue: int | None, places: Places, into: Contributions) -> set[int]:
    """Each in the ticket's queue, or in its own where ``queue`` is None; returns the queues."""
    queues = set()
    for own, instant, counted in _counted(ticket, places.vocabulary):
        number = queue
        if number is None:
            number = places.vocabulary.queue_id(places.rules.labels.queue(own) if own else OTHER)
        queues.add(number)
        cell, value = counted
        into.moments += (number << QUEUE_SHIFT | cell, instant, value)
    return queues


def _counted(ticket: Ticket, vocabulary: Vocabulary) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """Its own queue, its instant, and the cell (without a queue) with the value."""
    for answer in ticket.answers:
        found = _item(answer, vocabulary) if answer.survey in _BY_ITEM else _score(answer, vocabulary)
        if found is not None:
            yield answer.queue, answer.instant, (found[0] << MEASURE_SHIFT, found[1])
    for sent in surveys_sent(ticket):
        if sent[3] in SURVEYS:
            yield sent[5], sent[0], (_SENT, sent_value(sent[3], is_answered=is_answered(sent, ticket)))


def _score(answer: Answer, vocabulary: Vocabulary) -> tuple[int, int] | None:
    measure = vocabulary.survey_measure(answer.survey, answer.lowest, answer.highest)
    return None if measure is None else (measure, answer.score - answer.lowest)


def _item(answer: Answer, vocabulary: Vocabulary) -> tuple[int, int] | None:
    """A pair of SERVQUAL, if both sides are there, or the answer to a brand item."""
    scale = answer.lowest, answer.highest
    if answer.survey == "brand":
        if scale not in BRAND_SCALES or not answer.item:
            return None
        return vocabulary.brand_measure(answer.item, *scale), answer.score - answer.lowest
    if answer.expectation is None or scale != SERVQUAL_SCALE or not is_servqual_item(answer.item):
        return None
    return vocabulary.servqual_measure(answer.item), pair_value(answer.score, answer.expectation)


def surveys_sent(ticket: Ticket) -> Iterator[Sent]:
    """Each survey of the subject once, as it was first sent: by (survey, response), a response that is absent too."""
    known: set[tuple[str, str]] = set()
    for sent in ticket.sent:  # ascending
        identity = sent[3], sent[4]
        if identity not in known:
            known.add(identity)
            yield sent


def is_answered(sent: Sent, ticket: Ticket) -> bool:
    """Whether any answer, at any time, is to that survey: of its response where both name one."""
    survey, response = sent[3], sent[4]
    return any(
        answer.survey == survey and (not response or not answer.response or answer.response == response)
        for answer in ticket.answers
    )
