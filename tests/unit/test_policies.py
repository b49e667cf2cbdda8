from __future__ import annotations

import pytest

from metrics import policies
from metrics.instants import DAY, HOUR, MINUTE
from metrics.measures import Vocabulary
from metrics.policies import DEFAULT_POLICY, Labels, Policies, Policy, Rules, pane_of
from stream import places as places_of_values
from stream.places import Places

NEWER = 1_000 * DAY


def policy(name: str, starts_at: int | None = None, /, **match: set[str]) -> Policy:
    return Policy(
        name=name,
        starts_at=starts_at,
        match={attribute: frozenset(values) for attribute, values in match.items()},
        first_response=HOUR,
    )


def chosen(given: Policies, created_at: int = 0, /, **values: str) -> str | None:
    found = given.choose(
        created_at,
        values.get("queue", "billing"),
        values.get("priority", "normal"),
        values.get("channel", "email"),
        values.get("kind"),
        values.get("brand"),
    )
    return found.name if found else None


def test_the_first_policy_that_matches_wins() -> None:
    given = Policies([policy("urgent", priority={"urgent", "high"}), policy("rest")])
    assert chosen(given, priority="high") == "urgent"
    assert chosen(given, priority="low") == "rest"


def test_every_given_attribute_must_match() -> None:
    given = Policies([policy("narrow", queue={"billing"}, kind={"complaint"})])
    assert chosen(given, kind="complaint") == "narrow"
    assert chosen(given, kind="question") is None
    assert chosen(given, queue="returns", kind="complaint") is None


@pytest.mark.parametrize("attribute", policies.ATTRIBUTES)
def test_each_attribute_is_matched_by_its_own_value(attribute: str) -> None:
    given = Policies([policy("it", **{attribute: {"it"}})])
    assert chosen(given, **{attribute: "it"}) == "it"
    assert chosen(given, **{attribute: "other"}) is None
    others = {name: "it" for name in policies.ATTRIBUTES if name != attribute}
    assert chosen(given, **others, **{attribute: "other"}) is None


def test_an_absent_value_is_matched_only_by_a_policy_that_leaves_it_open() -> None:
    given = Policies([policy("branded", brand={"acme"}), policy("any")])
    assert chosen(given) == "any"


def test_without_a_match_there_is_no_policy() -> None:
    assert chosen(Policies([policy("urgent", priority={"urgent"})])) is None
    assert chosen(Policies([])) is None


#   created_at   99   100         199   200
#   in force     old | 2026             | 2027
def test_a_policy_holds_for_tickets_created_from_its_instant_on() -> None:
    given = Policies([policy("2027", 200), policy("2026", 100), policy("old")])
    assert [chosen(given, at) for at in (99, 100, 199, 200)] == ["old", "2026", "2026", "2027"]


def test_before_the_first_instant_there_may_be_no_policy() -> None:
    assert chosen(Policies([policy("later", 100)]), 99) is None


def test_an_earlier_policy_in_the_file_wins_over_a_newer_one_behind_it() -> None:
    assert chosen(Policies([policy("always"), policy("newer", 100)]), 150) == "always"


def test_a_choice_is_the_same_when_it_is_remembered() -> None:
    given = Policies([policy("urgent", 100, priority={"urgent"}), policy("rest")])
    asked = [(at, priority) for at in (0, 100) for priority in ("urgent", "low")] * 2
    assert [chosen(given, at, priority=priority) for at, priority in asked] == ["rest", "rest", "urgent", "rest"] * 2


def test_remembered_places_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places_of_values, "PLACES_MAX", 10)
    places = Places(Rules(policies=Policies([policy("five", kind={"5"}), policy("rest")])), Vocabulary())
    found = [places.of(0, ("", "", "", "", str(kind)))[0].policy for kind in [*range(25), 5]]
    assert [place and place.name for place in (found[5], found[6], found[-1])] == ["five", "rest", "five"]
    assert len(places) <= 10


@pytest.mark.parametrize("era", [0, 1])
def test_a_place_has_the_targets_of_the_version_in_force_at_creation_and_the_labels_of_its_values(era: int) -> None:
    newer = Policy(name="newer", starts_at=NEWER, first_response=HOUR, at_risk_ppm=300_000)
    rules = Rules(labels=Labels(["vip"], None, None, {"old": "vip"}), policies=Policies([newer, DEFAULT_POLICY]))
    place = rules.place(NEWER - 1 + era, ("old", "mail", "", "", ""))
    assert (place.queue, place.channel, place.priority) == ("vip", "mail", "other")
    assert place.policy == (newer if era else DEFAULT_POLICY)
    assert place.first_response_risk == (HOUR * 7 // 10 if era else HOUR * 4 // 5)
    assert (place.resolution, place.next_response) == (None if era else 24 * HOUR, None)


def test_names_of_policies_with_a_calendar_are_known() -> None:
    office = Policy(name="office", resolution=HOUR, calendar="office")
    assert Policies([office, DEFAULT_POLICY]).uses_calendar == ("office",)


@pytest.mark.parametrize(
    ("earlier", "later", "covered"),
    [
        (policy("a"), policy("b", queue={"x"}), True),
        (policy("a", queue={"x", "y"}), policy("b", queue={"x"}), True),
        (policy("a", queue={"x"}), policy("b", queue={"x", "y"}), False),
        (policy("a", queue={"x"}), policy("b"), False),
        (policy("a", queue={"x"}), policy("b", kind={"x"}), False),
        (policy("a", 100), policy("b"), False),
        (policy("a", 100), policy("b", 99), False),
        (policy("a", 100), policy("b", 100), True),
        (policy("a"), policy("b", 100), True),
    ],
)
def test_a_policy_covers_another_when_it_matches_all_of_its_tickets(
    earlier: Policy, later: Policy, covered: bool
) -> None:
    assert earlier.covers(later) is covered


def test_with_a_list_unknown_labels_are_other() -> None:
    labels = Labels(queues=["billing"], priorities=["high"], channels=["chat"], aliases={"payments": "billing"})
    assert [labels.queue(value) for value in ("billing", "payments", "returns", "")] == [
        "billing",
        "billing",
        "other",
        "other",
    ]
    assert [labels.priority(value) for value in ("high", "low", "")] == ["high", "other", "other"]
    assert [labels.channel(value) for value in ("chat", "fax", "")] == ["chat", "other", "other"]


def test_without_a_list_every_label_is_itself_after_its_alias() -> None:
    labels = Labels(aliases={"payments": "billing"})
    assert [labels.queue(value) for value in ("payments", "returns", "")] == ["billing", "returns", "other"]
    assert (labels.priority("x"), labels.channel("y")) == ("x", "y")
    assert (labels.priority(""), labels.channel("")) == ("other", "other")


def test_policies_see_the_alias_but_not_the_fold() -> None:
    labels = Labels(queues=["billing"], aliases={"old": "returns"})
    assert (labels.alias("old"), labels.queue("old")) == ("returns", "other")
    assert labels.alias("shipping") == "shipping"


def test_panes_are_minutes_up_to_a_day_and_hours_beyond() -> None:
    assert [pane_of(length) for length in (MINUTE, DAY, DAY + HOUR)] == [MINUTE, MINUTE, HOUR]
