"""When a worker writes its mirror: at most once a tick, and seldom enough that batches of events hardly notice.

Pure functions, but for what measures. Ticks are whole multiples of ``TICK`` since 1970, so that all workers write at
the same instants.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from metrics.instants import SECOND

P = ParamSpec("P")
T = TypeVar("T")

TICK: Final = SECOND // 4
#: So long before a tick all changes until then are summed up: at the tick itself only those since are left. Not later,
#: since batches wait meanwhile: what they bring would miss the tick.
AHEAD: Final = (TICK * 14 // 25, TICK * 7 // 25)
#: Where nothing has changed, so often: clocks run out without an event.
QUIET_TICKS: Final = 4
#: So many times as long as the worker worked for the last one is the pause from it to the next. By processor time:
#: by the clock, other processes would make pauses longer, which find more to sum up, and so on.
PAUSE_FACTOR: Final = 4
PAUSE_TICKS_MAX: Final = 20
#: A document lives for so many of the longest pauses that are to be expected.
LIVES: Final = 3
#: How long to leave Redis alone after it could not be asked.
FAILED_TICKS: Final = 4


def is_due(tick: int, last: int, pause: int, *, has_changed: bool) -> bool:
    """Whether to write at ``tick`` when it was tried last at ``last``, with so many ticks between them.

    Where nothing has changed, at whole seconds, so that the documents of quiet workers are of one instant, too. A clock
    that was set back is no reason to wait for what it said before.
    """
    if tick < last:
        return True
    return tick - last >= pause and (has_changed or tick // QUIET_TICKS > last // QUIET_TICKS)


def pause_after(worked: int) -> int:
    """Ticks from one writing to the next; ``worked``: nanoseconds of a processor, whatever else had it meanwhile."""
    ticks = (2 * worked * PAUSE_FACTOR + TICK) // (2 * TICK)  # the nearest: one slow look skips no tick
    return min(max(1, ticks), PAUSE_TICKS_MAX)


def lifetime_ms(pause: int) -> int:
    """How long Redis keeps what is written before this pause."""
    return LIVES * max(QUIET_TICKS, pause) * TICK // 1_000_000


def timed(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
    """What the function returns, and the processor's nanoseconds of this thread that it took."""
    began = time.thread_time_ns()
    return function(*args, **kwargs), time.thread_time_ns() - began


def until(instant: int, now: int) -> float:
    """Seconds until an instant; 0 where it is over."""
    return max(instant - now, 0) / SECOND


def as_of(tick: int, now: int, newest: int | None) -> int:
    """The instant to look at the tickets as of, at ``now``: the tick's, unless an event applied is newer than that.

    What workers say is then of one instant, wherever that is exact.
    """
    return tick * TICK if newest is None or newest <= tick * TICK else now
