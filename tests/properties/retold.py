"""The rules of "A ticket, exactly" (KPIS) told again: plain loops over the events' own JSON, nothing kept between."""

from itertools import pairwise

from tests.happenings import Happening, rank, when
from tests.properties.walks import SKEW


def of(log: list[Happening], *kinds: str) -> list[Happening]:
    """The events of some kinds, in order."""
    return sorted((event for event in log if event["type"].removeprefix("support.") in kinds), key=rank)


def creation(log: list[Happening]) -> Happening:
    return of(log, "ticket.created")[0]


def taking_part(log: list[Happening], *kinds: str) -> list[tuple[int, str]]:
    """(instant as it counts, kind) of events not more than the skew before the creation."""
    start = when(creation(log))
    return [
        (max(start, when(event)), event["type"].removeprefix("support.ticket."))
        for event in of(log, *(f"ticket.{kind}" for kind in kinds))
        if when(event) >= start - SKEW
    ]


def is_by_agent(log: list[Happening]) -> bool:
    return bool(creation(log)["data"].get("origin") == "agent")


def replies(log: list[Happening]) -> list[int]:
    """Public replies by humans, as they count."""
    public = [
        event
        for event in log
        if event["type"] != "support.ticket.replied"
        or (event["data"].get("author", "human") in ("human", "") and event["data"].get("public", True))
    ]
    return [at for at, _ in taking_part(public, "replied")]


def changes(log: list[Happening]) -> list[tuple[int, str]]:
    """Only what finds it open resolves it, only what finds it resolved opens it."""
    found: list[tuple[int, str]] = []
    for at, kind in taking_part(log, "resolved", "reopened"):
        if kind == ("reopened" if len(found) % 2 else "resolved"):
            found.append((at, kind))
    return found


def is_open(log: list[Happening]) -> bool:
    return len(changes(log)) % 2 == 0


def runs_after(log: list[Happening], at: int) -> tuple[bool, bool]:
    """(open, paused) right after an instant, walked from the creation each time."""
    opened, paused = True, False
    for then, kind in taking_part(log, "resolved", "reopened", "paused", "resumed"):
        if then > at:
            break
        opened = (opened and kind != "resolved") or kind == "reopened"
        paused = opened and ((paused and kind != "resumed") or kind == "paused")
    return opened, paused


def ran(log: list[Happening], until: int) -> int:
    """How long the resolution clock has run: open, and not paused."""
    edges = {at for at, _ in taking_part(log, "resolved", "reopened", "paused", "resumed")}
    cuts = sorted({when(creation(log)), until} | {at for at in edges if at < until})
    return sum(end - start for start, end in pairwise(cuts) if runs_after(log, start) == (True, False))
