"""Whatever is changed in one partition's document, a board refuses that partition or merges it, and never fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskpulse.board.mirrored import Mirrored
from deskpulse.board.workers import Workers
from deskpulse.configuration.loading import Configuration
from metrics.board_series import queue_families
from metrics.components import asked_now
from metrics.data_quality import since_start
from metrics.document import VERSION, About, DocumentError
from metrics.documents import decode, encode
from metrics.feeds import Told
from metrics.instants import SECOND
from metrics.measures import CSAT, MEASURE_SHIFT, NPS, QUEUE_SHIFT, Measure
from metrics.pipeline import Pipeline
from mirror.store import Entry, Held, Store
from tests.happenings import created, floor_of, happening, when
from tests.logs import random_log
from tests.oracle.instants import DAY, instant

Tree = Any
NOW = instant("2026-03-10T13:59:59Z")
DAYS = [("2026-03-01", "2026-03-02")]
CONFIGURATION = Configuration.model_validate(
    {
        "broker": {"partitions": 2},
        "feeds": [{"source": "desk", "silent_after": "5m", "late_after": "5m"}],
        "sla": [{"name": "usual", "first_response": "10m", "next_response": "1h", "resolution": "4h"}],
    }
)
EXTREMES = (0, 1, -1, 7, 48, 2**16, 2**31, 2**37, 2**53, 2**62, 2**63 - 1, -(2**63), 2**64 - 1)
ODD: tuple[Any, ...] = (
    None,
    True,
    "",
    "csat",
    "2026-02-30",
    0.5,
    float("nan"),
    float("inf"),
    -1e300,
    b"",
    b"\0" * 8,
    b"abc",
    [],
    {},
)


@cache
def documents() -> tuple[bytes, bytes]:
    """Of two partitions, with every kind of component in them."""
    log = [event for event in random_log(7, 60, NOW - 40 * DAY, 40 * DAY) if when(event) <= NOW]
    log += [created(NOW - number * 1000 * SECOND, f"late-{number}") for number in range(8)]
    log += [happening("survey.answered", NOW - 60 * SECOND, f"late-{n}", survey="csat", score=4) for n in range(4)]
    period = {"start": DAYS[0][0], "end": DAYS[0][1]}
    log += [
        happening("business.reported", NOW - DAY, f"fact:{fact}:all:1", fact=fact, value=8, period=period)
        for fact in ("staffed_hours", "cost", "benchmark.nps")
    ]
    tickets = floor_of(log, CONFIGURATION.rules(), partitions=2)
    asked = asked_now(tickets.rules, NOW)
    quality = since_start(Pipeline(), {"queue": 2}, 1, 0) | {"dead_lettered": {"bad_field": 1}}
    about = About(2, {"desk": Told(NOW, NOW // SECOND, {NOW // SECOND: {12: 3}})}, quality)
    found = tickets.gathered(asked, range(2), DAYS)
    first, second = (encode(one, tickets.vocabulary, asked, DAYS, about) for one in found.values())
    return first, second


class HeldStore:
    """Redis with these documents, whoever asks."""

    def __init__(self, *written: bytes) -> None:
        self._held = {
            number: Held(Entry(number, 1, NOW, one), f"w{number}", VERSION, NOW // 1_000_000)
            for number, one in enumerate(written)
        }

    async def read(self, partitions: int) -> dict[int, Held]:
        return {number: held for number, held in self._held.items() if number < partitions}

    async def want(self, _periods: bytes) -> None: ...


async def shown(*written: bytes) -> dict[str, Any]:
    """The board's snapshot, which all that it serves can be made of."""
    source = Mirrored(cast("Store", HeldStore(*written)), CONFIGURATION, Workers())
    made = await source.snapshot()
    queues = {queue: queue for queue in made["queues"]}
    assert list(source.families(made, queues))
    assert list(queue_families(made, queues))
    assert msgspec.json.encode(made)
    return made


# ------------------------------------------------------------------------------------------------ what is changed


def changed_somewhere(draw: st.DrawFn, tree: Tree) -> Tree:
    """The same with one thing in it changed, at any depth."""
    if isinstance(tree, dict) and tree and draw(st.integers(0, 5)):
        name = draw(st.sampled_from(list(tree)))
        return tree | {name: changed_somewhere(draw, tree[name])}
    if isinstance(tree, list) and tree and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(tree) - 1))
        return [*tree[:place], changed_somewhere(draw, tree[place]), *tree[place + 1 :]]
    return changed(draw, tree)


def changed(draw: st.DrawFn, value: Tree) -> Tree:
    if isinstance(value, bytes) and draw(st.integers(0, 3)):
        return changed_column(draw, value)
    if isinstance(value, int) and draw(st.integers(0, 3)):
        near = st.integers(-3, 3).map(lambda more: min(max(value + more, -(2**63)), 2**64 - 1))
        return draw(st.sampled_from(EXTREMES) | near)
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return draw(st.sampled_from([value[:place], [*value, value[place]], value[::-1]]))
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(list(value)))
        less = {key: one for key, one in value.items() if key != name}
        return draw(st.sampled_from([less, less | {"another": value[name]}]))
    return draw(st.sampled_from((*EXTREMES, *ODD)))


def changed_column(draw: st.DrawFn, column: bytes) -> bytes:
    """Longer, shorter, or with another number in it, mostly one that is nearly right."""
    numbers = np.frombuffer(column[: len(column) // 8 * 8], dtype="<i8").copy()
    if not len(numbers) or not draw(st.integers(0, 4)):
        return draw(st.sampled_from([column[:-1], column[:-8], column + b"\0" * 8, column + column, b""]))
    place = draw(st.integers(0, len(numbers) - 1))
    number = int(numbers[place])
    bits = draw(st.integers(0, 62))
    extremes = [one for one in EXTREMES if -(2**63) <= one < 2**63]
    numbers[place] = draw(st.sampled_from([number ^ 1 << bits, -number, *extremes]))
    return numbers.tobytes()


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    tree = msgspec.msgpack.decode(documents()[1])
    for _ in range(draw(st.integers(1, 2))):
        part = draw(st.sampled_from(list(tree)))
        tree = tree | {part: changed_somewhere(draw, tree[part])}
    return msgspec.msgpack.encode(tree)


@settings(max_examples=400)
@given(broken())
def test_a_board_refuses_a_changed_document_or_merges_it_and_never_fails(document: bytes) -> None:
    whole, _ = documents()
    ready = asyncio.run(shown(whole, document))["partitions"]["ready"]
    try:
        decode(document)
    except DocumentError:
        assert ready == 1


# --------------------------------------------------------------------------------------- each kind of contradiction


def column(*numbers: int) -> bytes:
    return np.array(numbers, dtype="<i8").tobytes()


def cells(cell: int, amount: int = 1) -> tuple[bytes, bytes]:
    return column(cell), column(amount)


def cell(measure: int, bucket: int = 0, queue: int = 0) -> int:
    return queue << QUEUE_SHIFT | measure << MEASURE_SHIFT | bucket


def with_cells(columns: tuple[bytes, bytes]) -> Callable[[Tree], Tree]:
    return lambda tree: tree | {"cells": tree["cells"] | {"24h": columns}}


def with_compared(columns: tuple[bytes, bytes]) -> Callable[[Tree], Tree]:
    return lambda tree: tree | {"compared": tree["compared"] | {"24h": columns}}


def with_about(**changes: Tree) -> Callable[[Tree], Tree]:
    return lambda tree: tree | {"about": tree["about"] | changes}


def without(name: str, key: str) -> Callable[[Tree], Tree]:
    return lambda tree: tree | {name: {known: value for known, value in tree[name].items() if known != key}}


def with_standing(place: int, value: Tree) -> Callable[[Tree], Tree]:
    def change(tree: Tree) -> Tree:
        queue, priority, standing = tree["standings"][0]
        standing = [*standing[:place], value, *standing[place + 1 :]]
        return tree | {"standings": [[queue, priority, standing], *tree["standings"][1:]]}

    return change


def with_report(**changes: Tree) -> Callable[[Tree], Tree]:
    return lambda tree: tree | {"reports": [tree["reports"][0] | changes]}


CONTRADICTIONS: dict[str, tuple[Callable[[Tree], Tree], str]] = {
    "columns of different lengths": (with_cells((column(cell(1)), column(1, 1))), "cells of 24h"),
    "a column that is cut within a number": (with_cells((column(1)[:-1], column(1)[:-1])), "cells of 24h"),
    "a queue without a name": (with_cells(cells(cell(1, queue=99))), "cells of 24h"),
    "a queue below the first": (with_cells(cells(-1)), "cells of 24h"),
    "a survey without a name": (with_cells(cells(cell(CSAT + 999))), "cells of 24h"),
    "an item without a name": (with_cells(cells(cell(2**16 - 1))), "cells of 24h"),
    "a score beyond its scale": (with_cells(cells(cell(CSAT, 5))), "cells of 24h"),
    "a duration beyond all": (with_cells(cells(cell(Measure.FIRST_RESPONSE, 2**16 - 1))), "cells of 24h"),
    "less than none": (with_cells(cells(cell(Measure.FIRST_RESPONSE_BREACHED), -3)), "cells of 24h"),
    "more than can be": (with_cells(cells(cell(1), 2**62)), "cells of 24h"),
    "a window that is missing": (without("cells", "24h"), "cells: not those of its windows"),
    "a window before that is missing": (without("compared", "24h"), "compared: not what its windows"),
    "another survey in the window before": (with_compared(cells(cell(NPS))), "compared of 24h"),
    "waiting in no window": (lambda tree: tree | {"waiting": cells(cell(12))}, "waiting"),
    "another flow": (lambda tree: tree | {"flow": [1, 1, column(0, 0, 0)]}, "flow: other hours or queues"),
    "ages in other buckets": (lambda tree: tree | {"ages": {"billing": [[1], 0, 1]}}, "ages"),
    "ages of less than nobody": (lambda tree: tree | {"age_bounds": [], "ages": {"billing": [[-1], 0, 1]}}, "ages"),
    "bounds that do not ascend": (lambda tree: tree | {"age_bounds": [2, 1], "ages": {}}, "ages"),
    "a flow that is cut": (lambda tree: tree | {"flow": [*tree["flow"][:2], b""]}, "flow"),
    "counts that are missing": (with_standing(0, [1]), "standings"),
    "clocks that are missing": (with_standing(3, []), "standings"),
    "windows of clocks that are missing": (with_standing(3, [[], [], []]), "standings"),
    "an instant that is none": (with_standing(1, 2**64 - 1), "standings"),
    "a fact of no day": (with_report(start="2026-02-30"), "reports"),
    "a partition that is ready twice": (lambda tree: tree | {"ready": 2}, "as_of, history_since, ready"),
    "no partitions": (with_about(partitions=0), "about"),
    "more partitions than can be": (with_about(partitions=10**9), "about"),
    "a count that is a text": (with_about(since_start={"records": "many"}), "about"),
    "a delay beyond all": (with_about(feeds={"desk": [0, 0, {0: {2**16: 1}}]}), "about"),
    "data quality of another release": (lambda tree: tree | {"quality": [0]}, "quality"),
    "a queue that is there twice": (
        lambda tree: tree | {"vocabulary_queues": [*tree["vocabulary_queues"], tree["vocabulary_queues"][0]]},
        "vocabulary_queues",
    ),
    "a brand on another scale": (
        lambda tree: tree | {"vocabulary_items": [["brand", "fast", 2, 3]]},
        "vocabulary_items",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CONTRADICTIONS)
async def test_what_cannot_be_so_is_refused_by_name_and_costs_that_partition_alone(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    change, fault = CONTRADICTIONS[what]
    whole, other = documents()
    made = await shown(whole, msgspec.msgpack.encode(change(msgspec.msgpack.decode(other))))
    assert made["partitions"] == {"ready": 1, "catching_up": 0, "total": 2}
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("partition 1 is left out: a partition's document c"), said
    assert fault in said


async def test_unchanged_documents_are_both_merged() -> None:
    assert (await shown(*documents()))["partitions"] == {"ready": 2, "catching_up": 0, "total": 2}


async def test_a_document_of_another_instant_than_redis_says_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    whole, other = documents()
    tree = msgspec.msgpack.decode(other)
    earlier = tree | {"windows": [span | {} for span in tree["windows"]], "as_of": NOW - 1}
    assert (await shown(whole, msgspec.msgpack.encode(earlier)))["partitions"]["ready"] == 1
    assert "another instant" in caplog.text
