"""What tickets contribute, read back from its columns by name."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from metrics.contribution import FIRST_CLOCK, MARK_BITS, Contributions, Mark
from metrics.measures import MEASURE_MASK, MEASURE_SHIFT, QUEUE_SHIFT, Moment, Vocabulary
from metrics.policies import Place, Rules
from stream.contributions import contribute
from stream.places import Places
from stream.ticket import Ticket


@dataclass(frozen=True)
class Live:
    """An open ticket, as its marks say it."""

    queue: str
    priority: str
    marks: Mapping[Mark, int]

    @property
    def is_counted(self) -> bool:
        return Mark.OPEN in self.marks

    @property
    def is_paused(self) -> bool:
        return Mark.PAUSED in self.marks

    @property
    def is_escalated(self) -> bool:
        return Mark.ESCALATED in self.marks

    @property
    def has_policy(self) -> bool:
        return Mark.WITHOUT_POLICY not in self.marks

    @property
    def awaiting_first_response_since(self) -> int | None:
        mark = Mark.AWAITING_FIRST_RESPONSE if self.is_counted else Mark.UNCOUNTED_AWAITING_FIRST_RESPONSE
        return self.marks.get(mark)

    @property
    def awaiting_reply_since(self) -> int | None:
        return self.marks.get(Mark.AWAITING_REPLY)

    @property
    def clocks(self) -> tuple[int | None, ...]:
        """Due and risk of each SLA in turn."""
        return tuple(self.marks.get(Mark(number)) for number in range(FIRST_CLOCK, len(Mark)))


@dataclass(frozen=True)
class Contribution:
    """All that one ticket adds."""

    moments: tuple[Moment, ...]
    live: Live | None
    place: Place | None
    queues: tuple[str, ...]
    orphans: int
    clock_skew: int
    before_creation: int
    full_histories: int


NOTHING = Contribution((), None, None, (), 0, 0, 0, 0)


def contribution_of(ticket: Ticket, rules: Rules) -> Contribution:
    found, vocabulary = Contributions(), Vocabulary()
    place = contribute(ticket, Places(rules, vocabulary), found)
    return Contribution(
        moments=tuple(named(found.moments, vocabulary)),
        live=_live(found.marks, vocabulary),
        place=place,
        queues=tuple(vocabulary.queues[number] for number in found.queues),
        orphans=found.orphans,
        clock_skew=found.clock_skew,
        before_creation=found.before_creation,
        full_histories=found.full_histories,
    )


def moments_of(found: Contribution) -> list[Moment]:
    return list(found.moments)


def named(moments: list[int], vocabulary: Vocabulary) -> Iterator[Moment]:
    for cell, instant, value in zip(moments[::3], moments[1::3], moments[2::3], strict=True):
        yield vocabulary.queues[cell >> QUEUE_SHIFT], instant, cell >> MEASURE_SHIFT & MEASURE_MASK, value


def _live(marks: list[int], vocabulary: Vocabulary) -> Live | None:
    by_place: dict[int, dict[Mark, int]] = defaultdict(dict)
    for number, instant in zip(marks[::2], marks[1::2], strict=True):
        found = by_place[number >> MARK_BITS]
        mark = Mark(number & ((1 << MARK_BITS) - 1))
        assert mark not in found
        found[mark] = instant
    if not by_place:
        return None
    ((place, found),) = by_place.items()
    assert (Mark.OPEN in found) != (Mark.OPEN_UNCOUNTED in found)
    queue, priority, _ = vocabulary.places[place]
    return Live(queue, priority, found)


def given(
    vocabulary: Vocabulary,
    moments: Iterable[Moment] = (),
    marks: Iterable[tuple[str, str, Mark, int]] = (),
    policy: int = 0,
) -> Contributions:
    """Columns of moments, and of marks of (queue, priority, mark, instant)."""
    made = Contributions()
    for queue, instant, measure, value in moments:
        number = vocabulary.queue_id(queue)
        made.moments += (number << QUEUE_SHIFT | measure << MEASURE_SHIFT, instant, value)
        made.queues.append(number)
    for queue, priority, mark, instant in marks:
        made.marks += (vocabulary.place_id(queue, priority, policy) << MARK_BITS | mark, instant)
    return made
