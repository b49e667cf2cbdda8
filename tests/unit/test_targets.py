"""Suggested targets: bounds of quantiles, steps that are none to the worse, and text that `check-config` takes."""

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from deskpulse.__main__ import main
from deskpulse.configuration.loading import judged
from metrics.targets import Baseline, Quantile, Scale, further, hours_of_week, in_units, quantile, shorter
from tests.happenings import Happening, created, happening
from tests.logs import random_log, to_json_line
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant

START = instant("2026-03-02T00:00:00Z")


class TestQuantiles:
    @given(st.lists(st.integers(0, 10**15), min_size=1, max_size=80), st.sampled_from((0.5, 0.8, 0.9, 0.95)))
    def test_a_quantile_is_the_least_that_so_many_do_not_exceed(self, values: list[int], share: float) -> None:
        found = quantile(sorted(values), share)
        assert sum(value <= found.value for value in values) >= share * len(values) - 1e-6
        assert sum(value < found.value for value in values) < share * len(values)
        assert (found.low or 0) <= found.value <= (found.high or found.value)

    @pytest.mark.parametrize("n", [40, 100, 365, 1000])
    @pytest.mark.parametrize("share", [0.5, 0.9])
    def test_the_bounds_hold_the_true_quantile_as_often_as_they_say(self, n: int, share: float) -> None:
        # of the ranks 1 to n, P(X(r) <= quantile < X(s)) is that of r to s - 1 successes among n
        found = quantile(range(1, n + 1), share)
        low, high = found.low or 0, found.high or n + 1
        chance = sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(low, high))
        assert 0.93 <= chance <= 0.975

    def test_too_few_have_no_bound(self) -> None:
        assert quantile([5], 0.5) == Quantile(5, None, None)
        assert quantile(range(1, 31), 0.9).high is None


class TestSteps:
    @given(st.integers(1, 100 * DAY))
    def test_what_people_say_is_hardly_more_than_what_was_measured(self, duration: int) -> None:
        told = in_units(duration)
        assert duration <= told <= max(duration * 1.1, duration + SECOND)
        assert told % SECOND == 0

    @pytest.mark.parametrize(
        ("low", "present", "step"),
        [
            (25 * MINUTE, HOUR, 25 * MINUTE),
            (25 * MINUTE + 1, HOUR, 26 * MINUTE),
            (HOUR, HOUR, None),
            (2 * HOUR, HOUR, None),
            (None, HOUR, None),
            (0, HOUR, None),
        ],
    )
    def test_a_time_only_becomes_shorter(self, low: int | None, present: int, step: int | None) -> None:
        assert shorter(Quantile(HOUR, low, None), present) == step

    @pytest.mark.parametrize(
        ("bound", "present", "step"),
        [(0.6199, None, 0.619), (0.62, 0.5, 0.62), (0.62, 0.62, None), (0.62, 0.9, None), (-9.67, None, -9.67)],
    )
    def test_a_score_only_becomes_higher(self, bound: float, present: float | None, step: float | None) -> None:
        assert further(Baseline(bound - 0.1, -10, bound, 30), present, Scale(-100, 100, 3)) == step

    @pytest.mark.parametrize(
        ("bound", "present", "step"),
        [(0.0511, None, 0.052), (0.052, 0.1, 0.052), (0.052, 0.052, None), (0.052, 0.03, None)],
    )
    def test_where_less_is_better_it_only_becomes_lower(
        self, bound: float, present: float | None, step: float | None
    ) -> None:
        found = Baseline(0.08, bound, 0.2, 30)
        assert further(found, present, Scale(0, 1, 3, is_lower_better=True)) == step

    @pytest.mark.parametrize(
        ("found", "is_lower_better"),
        [
            (Baseline(0.98, 0.9, 1.0, 30), False),  # whatever is missed, it is missed
            (Baseline(0.0, 0.0, 0.11, 30), False),  # nobody sells anything here
            (Baseline(0.01, 0.0, 0.1, 30), True),
            (Baseline(1.0, 0.89, 1.0, 30), True),
        ],
    )
    def test_an_end_of_the_scale_is_no_target_and_none_to_start_from(
        self, found: Baseline, *, is_lower_better: bool
    ) -> None:
        assert further(found, None, Scale(0, 1, 3, is_lower_better)) is None


class TestHoursOfWeek:
    def test_tickets_stand_in_the_hour_that_the_wall_clock_shows(self) -> None:
        waits = [(START + 45 * MINUTE, HOUR), (START + 7 * DAY + 45 * MINUTE, 3 * HOUR), (START + 14 * MINUTE, None)]
        found = hours_of_week(waits, START, START + 14 * DAY, "Asia/Kathmandu")  # + 5:45
        assert (found[6].created, found[6].p50) == (1.0, HOUR)
        assert found[6].p50 == HOUR
        assert sum((one.created or 0) for one in found) == 1.5
        assert {one.p50 for place, one in enumerate(found) if place != 6} == {None}

    def test_an_hour_that_never_came_has_no_average(self) -> None:
        found = hours_of_week([], START, START + HOUR, "UTC")
        assert [one.created for one in found][:2] == [0.0, None]

    def test_an_hour_that_a_zone_skips_came_less_often(self) -> None:
        # New York, Sunday 2026-03-08: 02:00 is not shown
        at = instant("2026-03-15T06:30:00Z")
        found = hours_of_week([(at, None)], START, START + 14 * DAY, "America/New_York")
        assert found[6 * 24 + 2].created == 1.0


def suggested(log: list[Happening], *words: object) -> Result:
    text = b"".join(map(to_json_line, log))
    done = CliRunner().invoke(main, ["targets", "suggest", "-", *map(str, words)], input=text)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done


def floor(tickets: int = 200, score: int = 5) -> list[Happening]:
    log = []
    for number in range(tickets):
        name, at = f"T{number:03d}", START + number * HOUR
        log.append(created(at, name))
        log.append(happening("ticket.replied", at + (1 + number % 40) * MINUTE, name, agent="sara"))
        log.append(happening("ticket.resolved", at + (60 + number % 120) * MINUTE, name))
        log.append(happening("survey.answered", at + 4 * HOUR, name, survey="csat", score=score if number % 3 else 1))
    return log


class TestCommand:
    def test_without_a_file_the_lines_are_a_configuration_as_they_are(self) -> None:
        found = tomllib.loads(suggested(floor()).stdout)
        configuration = judged(found, "suggested", {})
        new, old = configuration.sla
        assert (new.name, old.name, old.from_) == ("default", "default", None)
        assert new.from_ == instant("2026-04-01T00:00:00Z")
        assert (old.first_response, old.resolution, new.first_response) == (HOUR, 24 * HOUR, 35 * MINUTE)
        assert 2 * HOUR < (new.resolution or 0) < 3 * HOUR
        assert configuration.kpis["csat"].target == pytest.approx(0.726)
        assert "nps" not in configuration.kpis

    def test_what_is_known_of_few_is_told_and_suggests_nothing(self) -> None:
        text = suggested(floor(20)).stdout
        assert "# csat: not enough answers (n=20)" in text
        assert "#   first_response: not enough tickets (n=20)" in text
        assert tomllib.loads(text) == {}

    def test_the_baseline_is_the_last_weeks_and_the_date_can_be_chosen(self) -> None:
        text = suggested(floor(), "--over", "2d", "--from", "2026-05-01T00:00:00+03:30").stdout
        assert "n=48" in text
        assert tomllib.loads(text)["sla"][0]["from"].isoformat() == "2026-04-30T20:30:00+00:00"

    def test_a_date_within_the_log_is_refused(self) -> None:
        text = b"".join(map(to_json_line, floor(40)))
        words = ["targets", "suggest", "-", "--from", "2026-03-02T00:00:00Z"]
        done = CliRunner().invoke(main, words, input=text)
        assert (done.exit_code, "a target changes no verdict" in done.stderr) == (2, True)

    def test_a_target_that_is_better_already_stays(self, tmp_path: Path) -> None:
        config = tmp_path / "deskpulse.toml"
        policy = '[[sla]]\nname = "a"\nfirst_response = "10m"\n'
        config.write_text(f"[kpis.csat]\ntarget = 0.95\n[kpis.first_response_in_sla]\ntarget = 0.9\n{policy}")
        text = suggested(floor(), "--config", config).stdout
        assert "# the target stays at 0.95" in text
        assert "target 10m stays" in text
        assert tomllib.loads(text) == {}

    def test_nothing_is_suggested_while_another_version_is_planned(self, tmp_path: Path) -> None:
        config = tmp_path / "deskpulse.toml"
        config.write_text('[[sla]]\nname = "a"\nfrom = 2027-01-01T00:00:00Z\nfirst_response = "10m"\n')
        text = suggested(floor(), "--config", config).stdout
        assert '[[sla]] "a" has a version from 2027-01-01T00:00:00Z' in text
        assert "sla" not in tomllib.loads(text)

    def test_put_into_the_file_the_new_versions_stand_and_the_old_ones_hold_until_then(self, tmp_path: Path) -> None:
        document = self.document()
        config = tmp_path / "deskpulse.toml"
        config.write_text(self.as_toml(document))
        log = [event | {"data": event["data"]} for event in random_log(3, 400)]
        text = suggested(log, "--over", "40d", "--config", config).stdout
        found = tomllib.loads(text)
        merged = judged(document | {"sla": found["sla"] + document["sla"]}, "merged", {})
        count = len(document["sla"])
        assert len(merged.sla) == 2 * count
        changed = 0
        for new, old in zip(merged.sla[:count], merged.sla[count:], strict=True):
            for key in ("name", "match", "next_response", "objective", "page", "calendar", "at_risk"):
                assert getattr(new, key) == getattr(old, key)
            assert new.from_ is not None
            for key in ("first_response", "resolution"):
                before, then = getattr(old, key), getattr(new, key)
                assert (before is None) == (then is None)
                assert before is None or then <= before
                changed += before != then
            assert new.from_ > max(instant(event["time"]) for event in log)
        assert changed

    def document(self) -> dict[str, Any]:
        week = {day: ["00:00-24:00"] for day in ("mon", "wed", "fri")}
        return {
            "calendars": {"office": {"versions": [{"week": week}]}},
            "receivers": [{"name": "pager", "kind": "webhook", "url": "https://pager.example/"}],
            "sla": [
                {
                    "name": 'the "urgent" ones\t\u007f',
                    "match": {"priority": ["urgent", "high"], "queue": ["billing", "пошта"]},
                    "first_response": "30d",
                    "next_response": "90m",
                    "calendar": "office",
                    "at_risk": 0.333333,
                    "page": {"breaching": 3, "severity": "ticket", "receiver": "pager"},
                },
                {"name": "rest", "first_response": "30d", "resolution": "30d", "objective": 0.5},
            ],
        }

    def as_toml(self, document: dict[str, Any]) -> str:
        def told(value: Any) -> str:
            if isinstance(value, dict):
                return "{ " + ", ".join(f"{key} = {told(inner)}" for key, inner in value.items()) + " }"
            if isinstance(value, list):
                return "[" + ", ".join(map(told, value)) + "]"
            return json.dumps(value).replace("\x7f", "\\u007f")

        return "".join(f"{key} = {told(value)}\n" for key, value in document.items())
