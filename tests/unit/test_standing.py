"""How live clocks stand, where a set has instants of one kind and none of the other."""

from metrics.contribution import Mark
from metrics.floor import PartitionFloor
from metrics.instants import DAY, HOUR
from metrics.measures import Vocabulary
from metrics.policies import DEFAULT_POLICY, Policies, Rules
from metrics.standing import Standing, standing
from tests.contributions import given

NOW = 1_000 * DAY


def stands(*marks: tuple[Mark, int]) -> Standing:
    """One queue and priority with these marks."""
    vocabulary, rules = Vocabulary(), Rules(policies=Policies([DEFAULT_POLICY]))
    floor = PartitionFloor(vocabulary, DAY)
    floor.add(given(vocabulary, marks=(("sales", "high", mark, at) for mark, at in marks), policy=0), 1)
    return standing([(live, policy, True) for (_, _, policy), live in floor.live.items()], rules, [NOW - DAY], NOW)


def test_a_clock_that_was_stopped_after_its_risk_and_before_it_was_due_is_at_risk() -> None:
    clocks = stands((Mark.OPEN, 0), (Mark.RESOLUTION_RISK, NOW - HOUR)).clocks[2]
    assert (clocks.at_risk, clocks.live_breaches, clocks.next_due) == (1, 0, None)


def test_a_clock_due_at_this_very_instant_is_neither_late_nor_next() -> None:
    marks = ((Mark.OPEN, 0), (Mark.RESOLUTION_RISK, NOW - HOUR), (Mark.RESOLUTION_DUE, NOW))
    clocks = stands(*marks).clocks[2]
    assert (clocks.at_risk, clocks.live_breaches, clocks.next_due, clocks.late) == (1, 0, None, [0])


def test_late_clocks_are_counted_in_the_windows_of_their_due_instants() -> None:
    dues = [(Mark.RESOLUTION_DUE, NOW - DAY), (Mark.RESOLUTION_DUE, NOW - DAY + 1), (Mark.RESOLUTION_DUE, NOW + 1)]
    risks = [(Mark.RESOLUTION_RISK, NOW - 2 * DAY)] * 3
    clocks = stands((Mark.OPEN, 0), *dues, *risks).clocks[2]
    assert (clocks.live_breaches, clocks.at_risk, clocks.late) == (2, 1, [1])
    assert (clocks.most_overdue, clocks.next_due) == (NOW - DAY, NOW + 1)
