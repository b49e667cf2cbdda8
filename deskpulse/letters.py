"""The dead letters of a broker listed, and put back: twice through their topic, so that memory is bounded.

First which of them were requeued, since that stands later than the letter; then the letters themselves.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec
from aiokafka.errors import KafkaError
from rich.progress import Progress

from deskpulse.dead_letters import DeadLetter, Held, Judge, Note, Place, Selection, name_of, read
from deskpulse.progress import bar
from stream.rim.letters import Back, Letters, Requeuing, opened
from stream.rim.preflight import PreflightError
from stream.rim.settings import RimSettings

#: Put back and noted at once.
AT_ONCE: Final = 500
#: Of what does not go back, so many are named; there may be millions.
TOLD_MAX: Final = 100


class Listed(msgspec.Struct):
    """The newest letters that were asked for, oldest first, and how many there are of all that were."""

    rows: list[tuple[DeadLetter, int | None]]
    counts: Counter[tuple[str, bool]]  # by reason, and whether it was requeued
    foreign: int = 0  # records that are no letters


class Outcome(msgspec.Struct):
    """What went back, by topic, and how many did not; ``told``: of the first of these, which and why.

    ``is_done``: all that was selected is back, now or before. ``failed``: why it was given up half-way.
    """

    sent: Counter[str] = msgspec.field(default_factory=Counter)
    held: int = 0
    told: list[str] = []
    is_done: bool = True
    failed: str | None = None

    def hold(self, why: str, *, is_done: bool = False) -> None:
        """One does not go back; ``is_done``: since it did before."""
        self.held += 1
        self.is_done &= is_done
        if len(self.told) < TOLD_MAX:
            self.told.append(why)

    def fail(self, why: str) -> None:
        """It is given up."""
        self.failed, self.is_done = why, False


async def listed(settings: RimSettings, selection: Selection, limit: int, *, is_open: bool) -> Listed:
    """The newest ``limit`` letters of the selection, ``is_open``: of those that were not requeued.

    Raises:
        PreflightError: there is no such topic, or the broker sends nothing.
        KafkaError: the broker does not answer.
    """
    newest: list[tuple[int, Place, DeadLetter, int | None]] = []
    found = Listed([], Counter())
    with bar() as progress:
        async with opened(settings) as letters:
            requeued_at = await _notes(letters, progress)
            async for one in _read(letters, progress, "dead letters"):
                if one is None:
                    found.foreign += 1
                elif isinstance(one, DeadLetter) and selection.has(one):
                    at = requeued_at.get(one.place)
                    if not (is_open and at is not None):
                        found.counts[one.reason, at is not None] += 1
                        _keep(newest, (one.at, one.place, one, at), limit)
    found.rows = [(letter, at) for _, _, letter, at in sorted(newest)]
    return found


def _keep(
    newest: list[tuple[int, Place, DeadLetter, int | None]], row: tuple[int, Place, DeadLetter, int | None], limit: int
) -> None:
    """Rows differ in their place at the latest, so letters are never compared."""
    if len(newest) < limit:
        heapq.heappush(newest, row)
    else:
        heapq.heappushpop(newest, row)


async def requeued(
    settings: RimSettings, selection: Selection, judge: Judge, mended: Mapping[Place, bytes], *, is_dry: bool
) -> Outcome:
    """Put back what is selected and can be; ``mended``: values that letters get instead of their own.

    Raises:
        PreflightError: there is no such topic, or the broker sends nothing.
        KafkaError: the broker does not answer before anything is sent.
    """
    outcome, missing = Outcome(), set(selection.places or ())
    with bar() as progress:
        async with opened(settings) as letters, Requeuing(settings) as requeuing:
            requeued_at = await _notes(letters, progress)
            waiting: list[Back] = []
            try:
                async for one in _read(letters, progress, "requeued"):
                    if not isinstance(one, DeadLetter) or not selection.has(one):
                        continue
                    missing.discard(one.place)
                    at = requeued_at.get(one.place)
                    if at is not None and selection.places is None:
                        continue  # it is open letters that are selected
                    _sort_out(judge.judged(one, at, mended.get(one.place)), waiting, outcome)
                    if len(waiting) >= AT_ONCE:
                        await _put_back(requeuing, waiting, outcome, is_dry=is_dry)
                await _put_back(requeuing, waiting, outcome, is_dry=is_dry)
            except (KafkaError, PreflightError) as error:
                outcome.fail(str(error))
    for place in sorted(missing):
        outcome.hold(f"{name_of(place)}: no such dead letter, or not one that is selected")
    return outcome


def _sort_out(judged: Back | Held, waiting: list[Back], outcome: Outcome) -> None:
    if isinstance(judged, Back):
        waiting.append(judged)
    else:
        outcome.hold(str(judged), is_done=judged.is_done)


async def _put_back(requeuing: Requeuing, waiting: list[Back], outcome: Outcome, *, is_dry: bool) -> None:
    if not is_dry:
        await requeuing.put_back(waiting)
    outcome.sent.update(back.topic for back in waiting)
    waiting.clear()


async def _notes(letters: Letters, progress: Progress) -> dict[Place, int]:
    """When which letter was requeued, the last time."""
    found: dict[Place, int] = {}
    async for one in _read(letters, progress, "notes of what was requeued"):
        if isinstance(one, Note):
            found[one.place] = max(one.at, found.get(one.place, one.at))
    return found


async def _read(letters: Letters, progress: Progress, title: str) -> AsyncIterator[DeadLetter | Note | None]:
    task = progress.add_task(title, total=letters.total)
    async for part in letters.records():
        for kept in part:
            yield read(kept)
        progress.advance(task, len(part))
