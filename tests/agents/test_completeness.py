"""What commits promise of a changelog, and which changelogs break the promise."""

from __future__ import annotations

import pytest

from stream.rim.completeness import NOTHING_NOTED, Promise, lost_beginning, lost_end, note, noted, promise_of

NEVER_READ = Promise()


@pytest.mark.parametrize("offset", [NOTHING_NOTED, 0, 1, 2**62])
def test_what_is_noted_with_a_commit_is_read_back(offset: int) -> None:
    assert noted(note(offset)) == offset


@pytest.mark.parametrize("metadata", ["", "changelog", "changelog ", "changelog x", "7", "by hand 7", "changelog -7"])
def test_the_metadata_of_another_tool_promises_nothing(metadata: str) -> None:
    assert noted(metadata) == NOTHING_NOTED


def test_the_promise_of_a_partition_is_the_greatest_of_its_topics() -> None:
    assert promise_of([(3, note(5)), (9, note(17)), (0, ""), (4, note(8))]) == Promise(True, 17)
    assert promise_of([]) == NEVER_READ
    assert promise_of([(0, "")]) == NEVER_READ


def test_a_changelog_without_its_beginning_is_incomplete_once_events_were_read() -> None:
    told = lost_beginning("c 3", Promise(True, 17), begins=5)
    assert told is not None
    assert told.startswith("the changelog c 3 begins at offset 5: ")
    assert told.endswith("deskpulse topics reset")
    assert lost_beginning("c 3", Promise(True, 17), begins=0) is None
    assert lost_beginning("c 3", NEVER_READ, begins=5) is None


def test_a_changelog_that_ends_before_what_was_noted_is_incomplete() -> None:
    told = lost_end("c 3", Promise(True, 17), end=17)
    assert told is not None
    assert told.startswith("the changelog c 3 ends at offset 17, but was written up to 17 before: ")
    assert lost_end("c 3", Promise(True, 17), end=18) is None


def test_an_empty_changelog_is_complete_where_no_event_was_ever_kept() -> None:
    assert lost_end("c 3", Promise(True, NOTHING_NOTED), end=0) is None
