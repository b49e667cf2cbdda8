"""Workers, board, Redis and clocks judged, by what they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from deskpulse.doctor.findings import Failed, Finding, ok, some, unchecked, warning, wrong
from mirror.store import RedisSeen

WORKERS, BOARD, REDIS, MIRROR, CLOCKS = "workers", "board", "redis", "mirror", "clocks"

#: A document that is older than so many seconds is of a worker that has stopped writing.
FRESH_SECONDS: Final = 3.0
#: A worker that wrote within so many seconds is there; it writes at least each second.
LIVE_SECONDS: Final = 10.0
#: Clocks that differ by more are looked after; at this share of the session, changelog appends are refused.
SKEW_SECONDS: Final = 1.0
SKEW_SHARE: Final = 0.2
NO_EVICTION: Final = "noeviction"
_FIVE_HUNDREDS: Final = 500


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer of JSON, or of nothing that could be read (None)."""

    status: int
    body: Any

    @property
    def reason(self) -> str:
        """Why not, in its own words."""
        body = self.body if isinstance(self.body, Mapping) else {}
        return str(body.get("reason") or body.get("error") or f"HTTP {self.status}")


class ProcessSeen(msgspec.Struct, frozen=True):
    """A worker or board: what it answered at /readyz and /healthz. ``seconds_ago``: when it wrote to Redis last."""

    name: str
    address: str
    ready: Answer | Failed
    healthy: Answer | Failed
    seconds_ago: float | None = None

    @property
    def answers(self) -> bool:
        """Whether anything came back."""
        return isinstance(self.ready, Answer)


def judge_workers(seen: Sequence[ProcessSeen] | Failed) -> list[Finding]:
    """One finding for each worker that is not well; one for all that are."""
    if isinstance(seen, Failed):
        return [unchecked(WORKERS, seen.why)]
    if not seen:
        return [wrong(WORKERS, "no worker has written to Redis lately", "Start a worker: deskpulse worker")]
    found = [one for one in map(_worker, seen) if one is not None]
    well = [f"{one.name} at {one.address}" for one in seen if _worker(one) is None]
    return [*([ok(WORKERS, f"ready: {some(well)}")] if well else []), *found]


def _worker(seen: ProcessSeen) -> Finding | None:
    where = f"{seen.name} at {seen.address}"
    if isinstance(seen.ready, Failed):
        since = "" if seen.seconds_ago is None else f", and wrote {seen.seconds_ago:.0f} s ago"
        step = "Start it again, or see its log. One that was taken away is forgotten within a quarter of an hour"
        return wrong(WORKERS, f"{where} does not answer ({seen.ready.why}){since}", step)
    if isinstance(seen.healthy, Answer) and seen.healthy.status >= _FIVE_HUNDREDS:
        return wrong(WORKERS, f"{where} is ending: {seen.healthy.reason}", "Its log has the cause; start it again")
    if seen.ready.status >= _FIVE_HUNDREDS:
        return wrong(WORKERS, f"{where} is not ready: {seen.ready.reason}", "docs/operations.md says what it waits for")
    return None


def judge_board(seen: ProcessSeen | Failed | None) -> Finding:
    """The board's own word; None: it was left out."""
    if seen is None:
        return unchecked(BOARD, "left out")
    if isinstance(seen, Failed) or isinstance(seen.ready, Failed):
        why = seen.why if isinstance(seen, Failed) else f"{seen.address} does not answer ({_why(seen.ready)})"
        return wrong(
            BOARD, why, "Start it: deskpulse board (deskpulse worker, without Redis); --board URL names another"
        )
    if seen.ready.status >= _FIVE_HUNDREDS:
        return wrong(BOARD, f"{seen.address} is not ready: {seen.ready.reason}", "docs/board.md, Several workers")
    return ok(BOARD, f"ready at {seen.address}, shows {_shows(seen.ready.body)}")


def _why(answer: Answer | Failed) -> str:
    return answer.why if isinstance(answer, Failed) else answer.reason


def _shows(body: Any) -> str:
    return str(body.get("shows", "?")) if isinstance(body, Mapping) else "?"


# ------------------------------------------------------------------------------------------------------ Redis


def judge_redis(seen: RedisSeen | Failed | None) -> Finding:
    """Whether it answers, and whether it may throw documents away; None: none is configured."""
    if seen is None:
        return unchecked(REDIS, "none is configured: each worker has a board of its own")
    if isinstance(seen, Failed):
        step = "Start it, or mend [redis] url or DESKPULSE_REDIS. Workers go on without; walls are stale"
        return wrong(REDIS, f"not reachable: {seen.why}", step)
    if seen.eviction_policy != NO_EVICTION:
        told = f"version {seen.version}, maxmemory-policy {seen.eviction_policy}"
        return warning(REDIS, told, "CONFIG SET maxmemory-policy noeviction, or partitions may be missing at random")
    return ok(REDIS, f"version {seen.version}, maxmemory-policy {NO_EVICTION}")


def judge_mirror(seen: RedisSeen | Failed | None, partitions: int, version: str) -> list[Finding]:
    """The documents of all partitions: there, fresh, of this version."""
    if seen is None or isinstance(seen, Failed):
        return [unchecked(MIRROR, "no Redis" if seen is None else "Redis does not answer")]
    found = []
    missing = [str(number) for number in range(partitions) if number not in seen.held]
    if missing:
        told = f"{len(missing)} of {partitions} partitions are missing: {some(missing, 8)}"
        found.append(wrong(MIRROR, told, "No worker has them now: see workers. They are back when one has read them"))
    others = sorted({one.version for one in seen.held.values()} - {version})
    if others:
        told = f"documents of version {some(others)}, not {version}"
        found.append(wrong(MIRROR, told, "Workers and boards are of different releases: upgrade all of them"))
    ages = {number: seen.at_ms / 1e3 - one.written_ms / 1e3 for number, one in seen.held.items()}
    stale = [f"{number} ({age:.0f} s)" for number, age in sorted(ages.items()) if age > FRESH_SECONDS]
    if stale:
        step = "Its worker does not write: see its log and support_snapshot_publish_failures_total"
        found.append(wrong(MIRROR, f"old documents of partitions {some(stale)}", step))
    if not found:
        found.append(ok(MIRROR, f"{len(ages)} partitions, the oldest written {max(ages.values()):.1f} s ago"))
    return found


# ------------------------------------------------------------------------------------------------------ clocks


class Clock(msgspec.Struct, frozen=True):
    """How far a clock is ahead of this host's (behind: negative), at least; 0 within the time of the answer."""

    whose: str
    ahead_seconds: float


def judge_clocks(seen: Sequence[Clock], session_seconds: float) -> list[Finding]:
    """Each clock that differs; Kafka tells its own to nobody, and refuses what comes too late."""
    if not seen:
        return [unchecked(CLOCKS, "nobody told the time")]
    most = SKEW_SHARE * session_seconds
    found = []
    for clock in seen:
        ahead = clock.ahead_seconds
        told = f"{clock.whose} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this host"
        step = "Let NTP (chrony, systemd-timesyncd) run on both; clocks and windows are wrong by as much"
        if abs(ahead) > most:
            found.append(wrong(CLOCKS, told, f"{step}; from {most:g} s on a worker's changelog may be refused"))
        elif abs(ahead) > SKEW_SECONDS:
            found.append(warning(CLOCKS, told, step))
    if not found:
        names = some(clock.whose for clock in seen)
        found.append(ok(CLOCKS, f"within {SKEW_SECONDS:g} s of this host: {names}. Kafka does not tell its own"))
    return found
