from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.rim.offsets import Offsets

TP = ("ticket-created", 3)


@pytest.fixture
def offsets() -> Offsets:
    return Offsets()


def test_nothing_is_known_of_a_partition_that_was_never_fetched(offsets: Offsets) -> None:
    assert offsets.position(TP) is None
    assert offsets.oldest(TP) is None


def test_with_nothing_waiting_the_position_counts_as_processed(offsets: Offsets) -> None:
    offsets.at(TP, 40)
    assert offsets.position(TP) == 40


def test_a_waiting_batch_holds_the_offset_back(offsets: Offsets) -> None:
    offsets.at(TP, 10)
    offsets.fetched(TP, [14, 19])
    offsets.at(TP, 20)
    assert offsets.position(TP) is None, "10 was a position, but nothing shows that what came before it was processed"
    offsets.processed(TP, 14)
    assert offsets.position(TP) == 15


def test_the_hole_behind_the_last_batch_is_passed_once_it_is_processed(offsets: Offsets) -> None:
    offsets.fetched(TP, [14])
    offsets.at(TP, 17)
    offsets.processed(TP, 14)
    assert offsets.position(TP) == 17


def test_a_seek_back_does_not_take_back_what_is_processed(offsets: Offsets) -> None:
    offsets.fetched(TP, [14])
    offsets.at(TP, 15)
    offsets.processed(TP, 14)
    offsets.at(TP, 5)
    assert offsets.position(TP) == 15


def test_batches_are_expected_in_the_order_of_their_fetch(offsets: Offsets) -> None:
    offsets.fetched(TP, [4, 9])
    assert offsets.oldest(TP) == 4
    offsets.processed(TP, 4)
    assert offsets.oldest(TP) == 9


def test_batches_that_never_come_are_skipped(offsets: Offsets) -> None:
    offsets.fetched(TP, [4, 9, 12])
    offsets.skip(TP, 9)
    assert (offsets.oldest(TP), offsets.waiting) == (12, 1)


def test_clearing_some_partitions_leaves_the_others(offsets: Offsets) -> None:
    other = ("ticket-created", 4)
    offsets.fetched(TP, [4, 9])
    offsets.fetched(other, [2])
    offsets.clear([TP])
    assert (offsets.oldest(TP), offsets.oldest(other), offsets.waiting) == (None, 2, 1)
    offsets.clear()
    assert (list(offsets), offsets.waiting) == ([], 0)


@given(st.lists(st.tuples(st.sampled_from(["fetch", "process", "position"]), st.integers(1, 5))))
def test_an_offset_is_never_committable_past_a_waiting_batch(steps: list[tuple[str, int]]) -> None:
    offsets, waiting, end, position = Offsets(), list[int](), -1, 0
    for step, size in steps:
        if step == "fetch":
            end = max(end, position - 1) + size
            waiting.append(end)
            offsets.fetched(TP, [end])
            offsets.at(TP, position := end + 1)
        elif step == "process" and waiting:
            offsets.processed(TP, waiting.pop(0))
        elif step == "position":
            offsets.at(TP, position := position + size)
        committable = offsets.position(TP)
        assert committable is None or not waiting or committable <= waiting[0]
        assert waiting or committable in {None, position}
        assert offsets.waiting == len(waiting)
