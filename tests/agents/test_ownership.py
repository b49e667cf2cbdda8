from __future__ import annotations

import pytest

from stream.records import Records
from stream.rim.ownership import Ownership
from tests.contracts.key_sets import AllKeySets


@pytest.fixture
def core() -> AllKeySets:
    return AllKeySets()


@pytest.fixture
def ownership(core: AllKeySets) -> Ownership:
    made = Ownership(core)
    made.assign({0, 1})
    return made


def changelog(partition: int, *offsets: int) -> Records:
    count = len(offsets)
    return Records("changelog", partition, list(offsets), [0] * count, [b"T-1"] * count, [b'["v"]'] * count)


def test_an_assignment_opens_its_partitions(ownership: Ownership, core: AllKeySets) -> None:
    assert sorted(core.parts) == [0, 1]
    assert ownership.changelog_offset(0) == -1


def test_a_partition_that_goes_elsewhere_is_dropped_and_one_that_stays_is_kept(
    ownership: Ownership, core: AllKeySets
) -> None:
    kept = core.parts[1]
    ownership.restore(changelog(1, 4, 7))
    ownership.assign({1, 2})
    assert core.dropped == [0]
    assert core.parts[1] is kept
    assert ownership.changelog_offset(1) == 7


def test_a_partition_that_comes_back_later_starts_empty(ownership: Ownership, core: AllKeySets) -> None:
    ownership.restore(changelog(1, 4))
    ownership.assign({0})
    ownership.assign({0, 1})
    assert core.parts[1].values == {}
    assert ownership.changelog_offset(1) == -1


def test_a_state_with_unacknowledged_changes_is_not_kept(ownership: Ownership, core: AllKeySets) -> None:
    owned = ownership.get(1)
    assert owned is not None
    ownership.restore(changelog(1, 4))
    owned.settled = False
    ownership.assign({0, 1})
    assert core.dropped == [1]
    assert ownership.changelog_offset(1) == -1


def test_leaving_drops_everything(ownership: Ownership, core: AllKeySets) -> None:
    ownership.drop_all()
    assert core.parts == {}
    assert len(ownership) == 0
