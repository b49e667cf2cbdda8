"""Which of a ticket's kept events its clocks go by, and which are left out, each with the reason in words.

Follows ``stream.timeline`` event by event; pure, and in terms of the original instants. What a ticket does not keep
cannot be told apart here: ``notes`` says what that is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from metrics.instants import format_duration, format_instant
from stream.ticket import HISTORY_MAX, Attributes, Stamp, Step, Ticket
from stream.timeline import Timeline

#: The attributes that policies go by, in the order in which a ticket keeps them.
NAMES: Final = ("queue", "channel", "priority", "brand", "kind")
_FIRST_VALUE: Final = 3  # of an element of the attributes, after its stamp
_WHAT: Final = {Step.RESOLVED: "resolved", Step.REOPENED: "reopened", Step.PAUSED: "paused", Step.RESUMED: "resumed"}


class Evidence(msgspec.Struct, frozen=True):
    """One kept event: ``at`` is its own instant (RFC 3339), ``why`` what it is used for or why it is left out."""

    at: str
    what: str
    is_used: bool
    why: str
    source: str
    id: str


#: An event under judgement: its stamp, what it is, whether it is used, and why.
_Judged = tuple[tuple[int, str, str], str, bool, str]


def given(attributes: tuple[Attributes, ...], at: int | None = None) -> dict[str, tuple[str, Attributes]]:
    """Each attribute's latest value as of ``at`` (inclusive; None: of all), with the element that gave it."""
    found: dict[str, tuple[str, Attributes]] = {}
    for element in attributes:
        if at is None or element[0] <= at:
            for name, value in zip(NAMES, element[_FIRST_VALUE:], strict=False):  # the agent comes last
                if value:
                    found[name] = value, element
    return found


def evidence(ticket: Ticket, line: Timeline | None, skew: int, settled: Collection[int]) -> tuple[Evidence, ...]:
    """All kept events that a clock could go by, in their order.

    ``line`` is the ticket's timeline, None for an orphan; ``settled`` are the instants as of which a clock was settled,
    since attributes are used as they were then.
    """
    if line is None:
        judged = [(stamp, what, False, "the ticket's creation is not known") for stamp, what in _all(ticket)]
    else:
        judged = list(_judged(ticket, line, skew, settled))
    return tuple(
        Evidence(format_instant(stamp[0]), what, is_used, why, stamp[1], stamp[2])
        for stamp, what, is_used, why in sorted(judged)
    )


def notes(ticket: Ticket) -> tuple[str, ...]:
    """What the evidence cannot show, in sentences."""
    found = ["replies by bots, automatic and private ones are not kept: they stop no clock"]
    if ticket.last_reply is not None:
        last = format_instant(ticket.last_reply)
        found.append(f"the last public reply by a human was at {last}; customer's messages up to then are not kept")
    histories = {
        "attributes": ticket.attributes,
        "replies before creation": ticket.replies,
        "resolves and reopenings": ticket.resolves,
        "pauses": ticket.pauses,
        "customer's messages": ticket.messages,
    }
    for name, history in histories.items():
        if len(history) >= HISTORY_MAX:
            found.append(f"{name}: {len(history)} are kept, which is the bound; others may have been left out")
    return tuple(found)


def _judged(ticket: Ticket, line: Timeline, skew: int, settled: Collection[int]) -> Iterator[_Judged]:
    assert ticket.creation is not None  # or there is no timeline
    earliest = line.created - skew
    yield ticket.creation[:3], "created", True, "the creation" + (", by an agent" if line.by_agent else "")
    yield from _of_attributes(ticket, settled)
    early = f"more than the skew of {format_duration(skew)} before the creation"
    for stamp, what in _events(ticket):
        if stamp[0] < earliest:
            yield stamp, what, False, early
    yield from _of_replies([stamp for stamp in ticket.replies if stamp[0] >= earliest], ticket, line)
    yield from _of_steps(ticket, earliest)
    yield from _of_messages([stamp for stamp in ticket.messages if stamp[0] >= earliest], line)
    if ticket.verdict is not None:
        yield _verdict(ticket)


def _all(ticket: Ticket) -> Iterator[tuple[Stamp, str]]:
    yield from ((element[:3], "attributes") for element in ticket.attributes)
    yield from _events(ticket)


def _events(ticket: Ticket) -> Iterator[tuple[Stamp, str]]:
    yield from ((stamp, "replied") for stamp in ticket.replies)
    yield from ((step[:3], _WHAT[Step(step[3])]) for step in (*ticket.resolves, *ticket.pauses))
    yield from ((stamp, "customer replied") for stamp in ticket.messages)


def _of_attributes(ticket: Ticket, settled: Collection[int]) -> Iterator[_Judged]:
    used: dict[Attributes, set[str]] = {}
    for at in (None, *settled):
        for name, (_value, element) in given(ticket.attributes, at).items():
            used.setdefault(element, set()).add(name)
    for element in ticket.attributes:
        values = zip(NAMES, element[_FIRST_VALUE:], strict=False)
        what = ", ".join(f"{name} {value!r}" for name, value in values if value) or "agent"
        names = [name for name in NAMES if name in used.get(element, ())]
        why = f"gives {', '.join(names)}" if names else "replaced by later values, or no policy goes by it"
        yield element[:3], what, bool(names), why


def _of_replies(replies: list[Stamp], ticket: Ticket, line: Timeline) -> Iterator[_Judged]:
    """The first counts for the first response, the latest for whether a customer's message still waits."""
    for place, stamp in enumerate(replies):
        early = ", counted as at creation" if stamp[0] < line.created else ""
        if place == 0 and not line.by_agent:
            yield stamp, "replied", True, f"the first reply{early}"
        elif stamp[0] == ticket.last_reply:
            yield stamp, "replied", True, "the latest reply: it answers the customer's messages up to then"
        elif line.by_agent:
            yield stamp, "replied", False, "a ticket that an agent opened expects no first reply"
        else:
            yield stamp, "replied", False, "not the first reply"


def _of_steps(ticket: Ticket, earliest: int) -> Iterator[_Judged]:
    """The steps in their original order; one that finds the ticket in another state than it expects changes nothing."""
    is_open, is_paused = True, False
    for at, source, name, number in sorted(ticket.resolves + ticket.pauses):
        if at < earliest:
            continue
        before = is_open, is_paused
        match step := Step(number):
            case Step.RESOLVED:
                is_open = is_paused = False
            case Step.REOPENED:
                is_open = True
            case Step.PAUSED:
                is_paused = is_open
            case Step.RESUMED:
                is_paused = False
        changed = before != (is_open, is_paused)
        found = "resolved" if not before[0] else "paused" if before[1] else "open"
        why = _CHANGES[step] if changed else f"changes nothing: it finds the ticket {found}"
        yield (at, source, name), _WHAT[step], changed, why


_CHANGES: Final = {
    Step.RESOLVED: "resolves the ticket: the resolution clock stops",
    Step.REOPENED: "opens the ticket again: the resolution clock runs on",
    Step.PAUSED: "the resolution clock stands still",
    Step.RESUMED: "the resolution clock runs on",
}


def _of_messages(messages: list[Stamp], line: Timeline) -> Iterator[_Judged]:
    since, is_found = line.awaiting_reply_since, False
    for stamp in messages:
        is_first = not is_found and since is not None and stamp[0] == since
        is_found = is_found or is_first
        if since is None:
            why = _why_none_waits(line)
        elif stamp[0] < since:
            why = "not later than the creation, the last reply and the last resolve"
        else:
            why = "the next response is awaited since then" if is_first else "an earlier message is waiting already"
        yield stamp, "customer replied", is_first, why


def _why_none_waits(line: Timeline) -> str:
    if not line.is_open:
        return "the ticket is resolved"
    if line.awaits_first_response:
        return "the first response is still awaited"
    return "not later than the creation, the last reply and the last resolve"


def _verdict(ticket: Ticket) -> _Judged:
    assert ticket.verdict is not None
    at, source, name, is_discarded, reason = ticket.verdict
    what = "discarded" if is_discarded else "restored"
    why = "counted nowhere while this is the latest word" if is_discarded else "counted again"
    return (at, source, name), f"{what} ({reason})" if reason else what, True, why
