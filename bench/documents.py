"""Documents of the mirror by the number of open tickets: bytes, and the processor time of a worker and a board."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, ParamSpec, TypeVar

from bench.growth import BATCH, CREATED, REPLIED, created_at, event
from bench.rows import Row
from deskpulse.looking import give_the_loop_its_turns
from metrics.components import Components, asked_now
from metrics.document import About, Document
from metrics.documents import components, decode, encode
from metrics.instants import MINUTE
from metrics.measures import Vocabulary
from metrics.policies import Rules
from metrics.snapshot import compose
from stream.records import Records
from stream.tickets import Admission, Tickets

PARTITIONS, LOOKS = 16, 9
#: So many change between two looks: what comes in a quarter of a second at 5,000 events a second.
CHANGED = 1_250
P = ParamSpec("P")
T = TypeVar("T")


def rows(sizes: tuple[int, ...]) -> list[Row]:
    """Open tickets of 20 queues and 4 priorities, half of them replied; in a process of its own."""
    give_the_loop_its_turns()
    tickets, now, made = Tickets(Rules(), Admission()), time.time_ns(), 0
    for number in range(PARTITIONS):
        tickets.open(number)
    found: list[Row] = []
    for size in sizes:
        while made < size:
            numbers = range(made, min(made + 10 * BATCH, size))
            _apply(tickets, CREATED, numbers, now)
            _apply(tickets, REPLIED, numbers[::2], now)
            made = numbers.stop
        found += _rows(tickets, size, now)
    return found


def _apply(tickets: Tickets, topic: str, numbers: Iterable[int], now: int, later: int = 9 * MINUTE) -> None:
    delay = 0 if topic == CREATED else later
    for partition, chosen in groupby(sorted(numbers, key=_partition), key=_partition):
        events = [event(topic, number, created_at(number, now) + delay) for number in chosen]
        places = list(range(len(events)))
        keys: list[bytes | None] = [key for key, _ in events]
        values: list[bytes | None] = [value for _, value in events]
        tickets.partitions[partition].apply(Records(topic, partition, places, places, keys, values), now)


def _partition(number: int) -> int:
    """Independent of the queue."""
    return number * 2_654_435_761 % 2**32 * PARTITIONS >> 32


def _rows(tickets: Tickets, size: int, now: int) -> list[Row]:
    took: dict[str, list[float]] = {}

    def timed(step: str, made: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        began = time.process_time()
        found = made(*args, **kwargs)
        took.setdefault(step, []).append(time.process_time() - began)
        return found

    rules, numbers = tickets.rules, range(PARTITIONS)
    asked, about, length = asked_now(rules, now), About(PARTITIONS, {}, {}), 0
    newest = sorted(range(size), key=lambda number: created_at(number, now))[-2 * CHANGED :: 2]

    def encoded(gathered: dict[int, Components]) -> list[bytes]:
        return [encode(one, tickets.vocabulary, asked, (), about) for one in gathered.values()]

    def merged(documents: list[Document]) -> dict[str, Any]:
        vocabulary = Vocabulary()
        found = [components(one, vocabulary, asked) for one in documents]
        return compose(found, rules, vocabulary, asked, total=PARTITIONS)

    for turn in range(LOOKS):
        _apply(tickets, REPLIED, newest, now, 5 * MINUTE - turn)
        documents = timed("encode", encoded, timed("gather", tickets.gathered, asked, numbers, ()))
        found = timed("merge", merged, timed("decode", _decoded, documents))
        assert found["all"]["open"] == size
        length = sum(map(len, documents))
    what = f"{size:,} open tickets, {PARTITIONS} partitions: documents of all"
    steps = ", ".join(f"{step} {statistics.median(found) * 1e3:,.0f} ms" for step, found in took.items())
    return [Row(what, f"{length / 1024:,.0f} kB", steps)]


def _decoded(documents: list[bytes]) -> list[Document]:
    return [decode(one) for one in documents]
