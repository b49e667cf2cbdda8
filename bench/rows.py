"""What a part of the bench finds, and the table of all."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, Self, TypeVar

import msgspec

#: What other processes do to the event loop is seen while it has nothing to do.
IDLE_SECONDS = 1.0
P = ParamSpec("P")
T = TypeVar("T")


class Row(msgspec.Struct, frozen=True):
    """One figure, and what stands beside it: a ratio, a figure to reach."""

    what: str
    figure: str
    beside: str = ""


def isolated(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the function returns in a fresh process: no contender inherits another's heap."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args, **kwargs).result()


def percentile(found: Sequence[float], share: float) -> float:
    """Nearest rank."""
    return sorted(found)[min(len(found) - 1, int(len(found) * share))]


def spread(found: Sequence[float]) -> str:
    """Median and p99 of seconds, in milliseconds."""
    return f"p50 {statistics.median(found) * 1e3:,.0f} ms, p99 {percentile(found, 0.99) * 1e3:,.0f} ms"


class Stopwatch:
    """Wall and processor seconds of this process from its first event to its last."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self._latest = (0.0, 0.0)

    def first(self) -> None:
        """Later calls are ignored."""
        self._began = self._began or (time.perf_counter(), time.process_time())

    def last(self) -> None:
        """The latest call counts."""
        self._latest = time.perf_counter(), time.process_time()

    def took(self) -> tuple[float, float]:
        """Wall seconds, processor seconds of all threads."""
        assert self._began is not None
        return self._latest[0] - self._began[0], self._latest[1] - self._began[1]


class LoopBlocks:
    """How long the event loop was held: a task beside the others that wants to run every millisecond."""

    def __init__(self) -> None:
        self.longest = self.idle = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(IDLE_SECONDS)
        self.idle, self.longest = self.longest, 0.0
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0.002)
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - before - 0.001)

    def __str__(self) -> str:
        return f"loop held for at most {self.longest * 1e3:.0f} ms (goal 20), while idle {self.idle * 1e3:.0f} ms"


class StandingRim:
    """What a look at the tickets asks of a rim that has nothing to do."""

    def __init__(self) -> None:
        self.agent = self
        self.offsets = self
        self.busy, self.looked_at = asyncio.Lock(), asyncio.Lock()
        self.accepting = True


def markdown(parts: dict[str, list[Row]]) -> str:
    lines: list[str] = []
    for name, rows in parts.items():
        lines += [f"## {name}", "", "| what | figure | beside it |", "|---|---|---|"]
        lines += [f"| {row.what} | {row.figure} | {row.beside} |" for row in rows]
        lines.append("")
    return "\n".join(lines)
