"""A scene of the demo: what is promised decides how long it lasts, and it begins only once the floor is live."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

from deskpulse import demo
from deskpulse.configuration.loading import Configuration, load_configuration
from deskpulse.generated import DEMO
from deskpulse.scenes import LEAD, Promise, Scene, plan, promise_shown, queues
from intake.simulator.desk import DeskOptions, simulate
from metrics.instants import HOUR, MINUTE, SECOND, parse_instant
from tests.configuration_files import loaded
from tests.simulated_events import kind_of, of_kind, unanswered

NOW = parse_instant("2026-10-07T12:00:00Z")


@pytest.fixture(scope="module")
def own() -> Configuration:
    """The demo's own configuration."""
    return load_configuration(DEMO, {})


@pytest.mark.parametrize("target", [SECOND, 10 * SECOND, MINUTE, 2 * MINUTE, 4 * HOUR])
def test_a_scene_lasts_until_tickets_have_been_overdue_for_a_while(target: int) -> None:
    found = plan(Scene.OUTAGE, target, NOW)
    assert found.begin == NOW + LEAD
    assert 30 * SECOND <= found.end - found.begin - target <= 90 * SECOND
    assert 10 * SECOND <= found.relieved - found.end <= 30 * SECOND


def test_the_demos_own_scene_is_over_within_four_minutes(own: Configuration) -> None:
    found = demo.planned(own, Scene.OUTAGE, NOW)
    assert found is not None
    a_groups_interval = 30 * SECOND  # an end is told that much later at the most, and 15 s of scraping and evaluation
    assert found.relieved + a_groups_interval + 15 * SECOND - NOW <= 4 * MINUTE


def test_what_happens_is_told_in_order_with_the_lengths() -> None:
    found = plan(Scene.OUTAGE, MINUTE, NOW)
    told = list(found.lines())
    assert [at for at, _ in told] == [
        NOW, found.begin, found.begin + MINUTE, found.end, found.relieved
    ]  # fmt: skip
    assert told[0][1] == "scene outage: in 15s, nobody can reply for 2m; promised is 1m"
    assert told[3][1] == "scene outage: replies are back; all hands answer what waits within 30s"


def test_the_promise_is_the_shortest_that_pages(tmp_path: Path) -> None:
    policy = '[[sla]]\nname = "{}"\nmatch = {{ queue = ["{}"] }}\nfirst_response = "{}"\n{}\n'
    page = "page = { breaching = 1 }"
    some = policy.format("a", "sales", "1m", "") + policy.format("b", "vip", "5m", page)
    some += policy.format("c", "returns", "9m", page)
    assert promise_shown(loaded(tmp_path / "a.toml", some)) == Promise(5 * MINUTE, frozenset({"vip"}))
    none = policy.format("a", "sales", "3m", "") + policy.format("b", "vip", "2m", "")
    assert promise_shown(loaded(tmp_path / "b.toml", none)) == Promise(2 * MINUTE, frozenset({"vip"}))
    assert promise_shown(Configuration()) == Promise(HOUR)
    no_clock = '[[sla]]\nname = "slow"\nresolution = "9d"\n'
    assert promise_shown(loaded(tmp_path / "c.toml", no_clock)) is None
    assert demo.planned(loaded(tmp_path / "c.toml", no_clock), Scene.FLOOD, NOW) is None


def test_a_flood_comes_to_a_queue_of_the_promise(tmp_path: Path) -> None:
    text = '[labels]\nqueues = ["a", "b", "c"]\n[[sla]]\nname = "x"\nmatch = { queue = ["c"] }\nfirst_response = "1m"\n'
    assert queues(loaded(tmp_path / "a.toml", text)) == ("c", "a", "b")


def test_the_crew_is_the_quicker_the_less_is_promised() -> None:
    assert [Promise(target).pace for target in (SECOND, 90 * SECOND, HOUR)] == [0.02, 0.1, 1.0]


def test_the_demos_floor_is_of_a_source_that_its_configuration_watches(own: Configuration) -> None:
    sources = {feed.source for feed in own.feeds}
    assert demo.options(NOW, own, Scene.NORMAL).source in sources


@pytest.mark.parametrize("scene", [Scene.OUTAGE, Scene.FLOOD])
def test_the_staged_floor_goes_on_where_the_plain_one_was_left(own: Configuration, scene: Scene) -> None:
    floor = demo.options(NOW, own, scene)
    staged = demo.planned(own, scene, NOW + 8 * SECOND)
    assert staged is not None
    plain = [d for d in _until(floor, NOW + MINUTE) if d[0] < NOW]
    both = _until(staged.staged(floor), NOW + MINUTE)
    assert both[: len(plain)] == plain
    assert both[len(plain)][0] >= NOW


def _until(options: DeskOptions, end: int) -> list[tuple[int, str, str]]:
    return [(d.at, d.key, kind_of(d)) for d in takewhile(lambda d: d.at < end, simulate(options))]


@pytest.mark.parametrize("scene", [Scene.OUTAGE, Scene.FLOOD])
@pytest.mark.parametrize("second", range(2))
def test_whenever_it_starts_the_demos_scene_breaches_and_nothing_pages_before(
    own: Configuration, second: int, scene: Scene
) -> None:
    """By the promise to those on the line, of which two breaches page."""
    now = NOW + second * SECOND
    staged = demo.planned(own, scene, now)
    assert staged is not None
    floor = staged.staged(demo.options(now, own, scene))
    deliveries = list(takewhile(lambda d: d.at < staged.end, simulate(floor)))
    live = {d.key for d in of_kind(deliveries, "ticket.created") if d.event["data"]["channel"] in {"chat", "phone"}}
    assert len(unanswered(deliveries, staged.begin, MINUTE) & live) < 2
    assert len(unanswered(deliveries, staged.end, MINUTE) & live) >= 3
