"""Whether the changelog still holds all that was read: what a commit promises, and what contradicts it.

An event whose offset is committed is never read again, so its ticket must be in the changelog. Each commit therefore
notes, as its metadata, how far the changelog was written. Compaction moves neither a changelog's first offset nor its
end: one that begins later than at 0, or ends before what was noted, has lost tickets, and no number can be believed.
Knows no Kafka.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

NOTHING_NOTED: Final = -1
_WORD: Final = "changelog "
WHAT_TO_DO: Final = "Stop all workers, then run: deskpulse topics reset"


class Promise(msgspec.Struct, frozen=True):
    """What a partition's commits say: some events are not read again, and how far its changelog was written."""

    has_read: bool = False
    changelog_offset: int = NOTHING_NOTED  # of the last record; the greatest that any of its commits noted


def note(changelog_offset: int) -> str:
    """The metadata of a commit: the changelog's last offset that holds what the committed events did."""
    return f"{_WORD}{changelog_offset}"


def noted(metadata: str) -> int:
    """The offset in a commit's metadata; -1 where it holds none, as in a commit of other tools."""
    digits = metadata.removeprefix(_WORD)
    return int(digits) if digits != metadata and digits.isdecimal() else NOTHING_NOTED


def promise_of(commits: Iterable[tuple[int, str]]) -> Promise:
    """What all the commits of one partition say, each an offset and its metadata."""
    told = list(commits)
    return Promise(
        has_read=any(offset > 0 for offset, _ in told),
        changelog_offset=max((noted(metadata) for _, metadata in told), default=NOTHING_NOTED),
    )


def lost_beginning(where: str, promise: Promise, begins: int) -> str | None:
    """Why a changelog that begins at this offset is incomplete, as one sentence; None where it is not.

    Without a commit all events are read again, and make up for what is missing.
    """
    if begins <= 0 or not promise.has_read:
        return None
    return (
        f"the changelog {where} begins at offset {begins}: what stood before it was deleted, "
        f"and tickets with it. {WHAT_TO_DO}"
    )


def lost_end(where: str, promise: Promise, end: int) -> str | None:
    """As `lost_beginning`, for the offset after the changelog's last record."""
    if end > promise.changelog_offset:
        return None
    return (
        f"the changelog {where} ends at offset {end}, but was written up to {promise.changelog_offset} before: "
        f"it was created again or cut off, and tickets are missing. {WHAT_TO_DO}"
    )
