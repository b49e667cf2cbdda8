"""Strategies: what may happen to one ticket, in any order, close to every edge that a rule has."""

from typing import Any

from hypothesis import strategies as st

from tests.happenings import Happening, happening
from tests.oracle.instants import HOUR, MINUTE, SECOND, instant

START = instant("2026-03-10T09:00:00Z")
SKEW = 2 * MINUTE
SOURCES = ("desk", "chat", "é", "\U0001f4de")

#: Around two possible creations (0 and 10 minutes) and their skew, and coarse enough that instants coincide.
OFFSETS = (
    *(-HOUR, -SKEW - 1, -SKEW, -MINUTE, -1, 0, 1, MINUTE, 8 * MINUTE - 1, 8 * MINUTE, 9 * MINUTE),
    *(10 * MINUTE, 10 * MINUTE + 1, 20 * MINUTE, 30 * MINUTE, 48 * MINUTE, HOUR, HOUR + 1, 90 * MINUTE, 3 * HOUR),
)

QUEUES = st.sampled_from(("billing", "returns", "vip"))
PRIORITIES = st.sampled_from(("urgent", "high", "low"))
CHANNELS = st.sampled_from(("email", "chat"))
AGENTS = st.sampled_from(("sara", "omar"))


def _with(kind: str, given: dict[str, Any] | None = None, /, **maybe: Any) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(st.just(kind), st.fixed_dictionaries(given or {}, optional=maybe))


CREATED = _with(
    "ticket.created",
    {"queue": QUEUES, "channel": CHANNELS, "priority": PRIORITIES},
    kind=st.sampled_from(("complaint", "question", "")),
    origin=st.sampled_from(("customer", "agent", "system", "")),
)
REPLIED = _with(
    "ticket.replied", {"agent": AGENTS}, author=st.sampled_from(("human", "", "bot", "auto")), public=st.booleans()
)
STEPS = st.one_of(
    *(_with(f"ticket.{kind}") for kind in ("resolved", "reopened", "resolved", "reopened", "paused", "resumed"))
)
MESSAGE = _with("ticket.customer-replied")
ESCALATED = _with("ticket.escalated", level=st.just("2"))
UPDATED = _with("ticket.updated", queue=st.one_of(QUEUES, st.just("")), priority=PRIORITIES, channel=CHANNELS)
CONVERTED = _with("ticket.converted", value=st.sampled_from((0, 1, 2.5)))
VERDICT = st.one_of(_with("ticket.restored"), _with("ticket.discarded", reason=st.sampled_from(("spam", "test"))))
SENT = _with("survey.sent", {"survey": st.just("csat")}, response=st.sampled_from(("r1", "")))
ANSWERED = st.one_of(
    _with(
        "survey.answered",
        {"survey": st.just("csat"), "score": st.integers(1, 3)},
        scale=st.sampled_from(([1, 3], [1, 5])),
        response=st.sampled_from(("r1", "r2", "")),
        queue=QUEUES,
        comment=st.sampled_from(("slow", "خوب بود")),
    ),
    _with("survey.answered", {"survey": st.just("nps"), "score": st.integers(0, 10)}, item=st.just("shop")),
)
TICKET = (CREATED, REPLIED, REPLIED, STEPS, STEPS, MESSAGE, ESCALATED, UPDATED, CONVERTED)
EVERYTHING = st.one_of(*TICKET, VERDICT, SENT, ANSWERED)


@st.composite
def walks(
    draw: st.DrawFn, what: st.SearchStrategy[tuple[str, Any]] = EVERYTHING, *, most: int = 14, reused: bool = False
) -> list[Happening]:
    """Events of one ticket in an arbitrary order; with ``reused``, ids come again with other content."""
    steps = draw(st.lists(st.tuples(what, st.sampled_from(OFFSETS), st.sampled_from(SOURCES)), max_size=most))
    names = st.sampled_from("ab") if reused else st.nothing()
    return [
        happening(kind, START + offset, source=source, name=draw(names) if reused else f"{number:02d}", **data)
        for number, ((kind, data), offset, source) in enumerate(steps)
    ]


@st.composite
def created_walks(draw: st.DrawFn, *what: st.SearchStrategy[tuple[str, Any]], most: int = 14) -> list[Happening]:
    """Walks that hold a creation for certain."""
    log = draw(walks(st.one_of(*what) if what else EVERYTHING, most=most))
    (kind, data), offset = draw(CREATED), draw(st.sampled_from((0, 10 * MINUTE)))
    at = draw(st.integers(0, len(log)))
    return [*log[:at], happening(kind, START + offset, source="desk", name="c", **data), *log[at:]]


@st.composite
def orders(draw: st.DrawFn, log: list[Happening]) -> list[Happening]:
    """The same events in another order, some of them twice."""
    again = draw(st.lists(st.sampled_from(log), max_size=5)) if log else []
    return draw(st.permutations([*log, *again]))


LATER = 4 * HOUR + SECOND  # after every event of a walk
