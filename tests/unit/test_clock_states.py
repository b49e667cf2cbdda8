"""The table of clock states says the same as the facts that a state is read off."""

import pytest

from metrics.clock_states import FIRST, MEANINGS, TRANSITIONS, Happening, State, after, diagram, state_of

RISK, DUE = 80, 100


def walked(settled: int | None, closed: int | None, now: int) -> State:
    """The state by the steps of the table, for a clock at risk after 80 and due at 100."""
    end = min((instant for instant in (settled, closed, now) if instant is not None), default=now)
    state = FIRST
    if end > RISK:
        state = after(state, Happening.RISK_PASSED)
    if end > DUE:
        state = after(state, Happening.DUE_PASSED)
    if settled is not None:
        state = after(state, Happening.SETTLED_IN_TIME if settled <= DUE else Happening.SETTLED_LATE)
    elif closed is not None:
        state = after(state, Happening.CLOSED)
    return state


@pytest.mark.parametrize("instant", [None, 0, RISK, RISK + 1, DUE, DUE + 1])
@pytest.mark.parametrize("now", [RISK, DUE, DUE + 1, 500])
@pytest.mark.parametrize("ends", ["settled", "closed"])
def test_a_state_read_off_the_facts_is_the_one_that_the_steps_lead_to(instant: int | None, now: int, ends: str) -> None:
    if instant is not None and instant > now:
        return
    settled, closed = (instant, None) if ends == "settled" else (None, instant)
    assert state_of(now, due=DUE, risk=RISK, settled=settled, closed=closed) == walked(settled, closed, now)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {FIRST}
    while found := {to for state, _, to in TRANSITIONS if state in reached} - reached:
        reached |= found
    assert reached == set(State) == set(MEANINGS) == {state for state, _, _ in TRANSITIONS}


def test_a_step_that_cannot_happen_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="a clock that is met cannot see: the due instant has passed"):
        after(State.MET, Happening.DUE_PASSED)


def test_from_one_state_a_happening_leads_to_one_state() -> None:
    pairs = [(state, happening) for state, happening, _ in TRANSITIONS]
    assert len(pairs) == len(set(pairs))


def test_a_clock_that_stopped_before_it_was_due_is_not_late() -> None:
    assert state_of(500, due=None, risk=None) == State.PENDING
    assert state_of(500, due=None, risk=RISK) == State.AT_RISK
    assert state_of(500, due=None, risk=None, settled=400) == State.MET


def test_the_diagram_has_each_step_between_two_states() -> None:
    drawn = diagram()
    assert drawn.startswith(f"stateDiagram-v2\n    [*] --> {FIRST}")
    assert all(f"{state} --> {to}: " in drawn for state, _, to in TRANSITIONS if state is not to)
