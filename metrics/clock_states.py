"""The states of an SLA clock and the steps between them, as one table; the diagram in docs/sla.md is drawn from it.

``state_of`` reads the state off a clock's facts at ``now``, without any history; walking ``TRANSITIONS`` through what
happened comes to the same. Knows no ticket, no target and no calendar: instants are integer nanoseconds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class State(StrEnum):
    """What can be said of a clock as of an instant."""

    PENDING = "pending"
    AT_RISK = "at_risk"
    BREACHING = "breaching"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What leads to another state, in words for a reader of the diagram."""

    RISK_PASSED = "less than the at-risk share of the target is left"
    DUE_PASSED = "the due instant has passed"
    SETTLED_IN_TIME = "answered or resolved, at or before the due instant"
    SETTLED_LATE = "answered or resolved after the due instant"
    CLOSED = "closed without an answer"
    REOPENED = "reopened"
    RETARGETED = "another target: its attributes changed"


class Transition(NamedTuple):
    """In ``state``, ``happening`` leads to ``next_state``."""

    state: State
    happening: Happening
    next_state: State


#: Where a clock begins: at the creation, or at the customer's message.
FIRST: Final = State.PENDING

TRANSITIONS: Final = (
    Transition(State.PENDING, Happening.RISK_PASSED, State.AT_RISK),
    Transition(State.PENDING, Happening.SETTLED_IN_TIME, State.MET),
    Transition(State.PENDING, Happening.CLOSED, State.CANCELLED),
    Transition(State.PENDING, Happening.RETARGETED, State.PENDING),
    Transition(State.AT_RISK, Happening.DUE_PASSED, State.BREACHING),
    Transition(State.AT_RISK, Happening.SETTLED_IN_TIME, State.MET),
    Transition(State.AT_RISK, Happening.CLOSED, State.CANCELLED),
    Transition(State.AT_RISK, Happening.RETARGETED, State.PENDING),
    Transition(State.BREACHING, Happening.SETTLED_LATE, State.BREACHED),
    Transition(State.BREACHING, Happening.CLOSED, State.CANCELLED),
    Transition(State.BREACHING, Happening.RETARGETED, State.PENDING),
    Transition(State.MET, Happening.REOPENED, State.PENDING),
    Transition(State.BREACHED, Happening.REOPENED, State.PENDING),
    Transition(State.CANCELLED, Happening.REOPENED, State.PENDING),
    Transition(State.CANCELLED, Happening.SETTLED_IN_TIME, State.MET),
    Transition(State.CANCELLED, Happening.SETTLED_LATE, State.BREACHED),
)

MEANINGS: Final = {
    State.PENDING: "not settled, and at least the at-risk share of its target is left",
    State.AT_RISK: "not settled, not yet due, and less than the at-risk share of its target is left",
    State.BREACHING: "not settled, and its due instant has passed",
    State.MET: "settled at or before its due instant",
    State.BREACHED: "settled after its due instant",
    State.CANCELLED: "closed without an answer: neither met nor breached",
}

_NEXT: Final = {(state, happening): following for state, happening, following in TRANSITIONS}


def after(state: State, happening: Happening) -> State:
    """The state that ``happening`` leads to.

    Raises:
        ValueError: it cannot happen to a clock in ``state``.
    """
    following = _NEXT.get((state, happening))
    if following is None:
        raise ValueError(f"a clock that is {state} cannot see: {happening}")
    return following


def state_of(
    now: int, *, due: int | None, risk: int | None, settled: int | None = None, closed: int | None = None
) -> State:
    """The state of a clock as of ``now``.

    ``due`` is the due instant, ``risk`` the last instant at which it is not at risk yet; each is None for a clock
    that stopped before it. ``settled`` is when it was answered or resolved, ``closed`` when its ticket was closed
    without that, and None where that does not stand.
    """
    if settled is not None:
        return State.MET if due is None or settled <= due else State.BREACHED
    if closed is not None:
        return State.CANCELLED
    if due is not None and now > due:
        return State.BREACHING
    return State.AT_RISK if risk is not None and now > risk else State.PENDING


# ------------------------------------------------------------------------------------------------ docs/sla.md


def diagram() -> str:
    """The table as a Mermaid state diagram; happenings with the same two ends share an arrow."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for state, happening, following in TRANSITIONS:
        if state is not following:
            arrows.setdefault((state, following), []).append(happening)
    lines = [f"    {state} --> {following}: {', or '.join(words)}" for (state, following), words in arrows.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {FIRST}", *lines])


def render_page() -> str:
    """The page docs/sla.md; the same table always gives the same text."""
    states = "\n".join(f"| `{state}` | {meaning} |" for state, meaning in MEANINGS.items())
    steps = "\n".join(f"| `{state}` | {happening} | `{following}` |" for state, happening, following in TRANSITIONS)
    return _PAGE.format(states=states, steps=steps, diagram=diagram())


_PAGE: Final = """\
# SLA clocks

<!-- Generated by `deskpulse generate` from metrics/clock_states.py; do not edit. -->

A ticket has up to three clocks, each with a target of its [policy](configuration.md):

| clock | runs from | until | stands still |
|---|---|---|---|
| `first_response` | the creation | the first public reply by a human | never; a ticket opened by an agent has none |
| `next_response` | a customer's message after the first reply | the next public human reply, or the resolve | never |
| `resolution` | the creation | the resolve, while that stands | while paused, and while resolved |

With a `calendar` a clock runs in its open hours only; without one, 24 hours a day. The **due instant** is the earliest
instant at which the clock has run for the target. Instants are compared, not durations: answered exactly when due is
met, and a clock is breaching from the first nanosecond after its due instant. A clock that was stopped before its due
instant has none until it runs again; one that was stopped after it stays breaching.

## States

| state | meaning |
|---|---|
{states}

```mermaid
{diagram}
```

| in | what happens | leads to |
|---|---|---|
{steps}

After *reopened* and *another target* a clock is judged again from its facts: what has passed already happens again at
once, so that a ticket whose priority was raised may be breaching the moment after. A first response stays answered when
its ticket is reopened. A reply to a closed ticket settles its first response after all.

A discarded ticket has no clocks while it is discarded, a ticket created before `time.live_since` has none at all, and a
ticket that no policy matches has none while that is so, and is counted as `without_policy`.

## Which target holds

The first `[[sla]]` that matches the ticket's own values, after `labels.aliases`: as they are now while a clock runs,
and as they were at the instant that settled it afterwards. So a changed priority moves the due instant at once, and a
change after the reply leaves its verdict alone.

State holds facts, never verdicts. A corrected policy therefore corrects the past: after a restart with it, every number
is what it would have been. To change a target from a day on, put a second `[[sla]]` with `from` before the first: it
holds for tickets created from then on, and every earlier ticket keeps its target and its verdict.

## Breaches that a change takes away

A relaxed target (a lower priority, another queue) ends a live breach at once, and so does a discard. Each clock of a
first response or resolution that was past due just before is counted at that instant, as `retargeted_late` or
`discarded_late` of the snapshot's windows and in `support_sla_retargeted_late_total` and
`support_sla_discarded_late_total`: a floor that lowers priorities instead of answering is seen to do so.

## How late is late

`overdue_ratio` of the snapshot, and `support_sla_overdue_ratio`, is the time past due of the worst clock that is
breaching by its own target, in the open hours of its calendar: 0 at the due instant, 1 when it has waited twice as long
as promised, whatever was promised. Nights and holidays of that calendar add nothing.

## Why does this ticket count as breached?

```sh
deskpulse explain events.jsonl TICKET --now 2026-10-01T12:00:00Z    # from a log of events
curl http://127.0.0.1:6066/api/tickets/TICKET/explain               # from the worker that owns it
```

Both show, for each clock: the policy and why it matched, why those before it did not, the target, each stretch of time
counted or not and why, the due instant, the state, and which events were used and which left out.
"""
