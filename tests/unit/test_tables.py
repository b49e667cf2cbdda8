"""A snapshot as a person reads it: what is late by queue, what happened by window, a dash where nothing is known."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from deskpulse.tables import NONE, print_snapshot, summary
from tests.happenings import Happening, created, floor_of, happening, snapshot_of
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant

NOW = instant("2026-10-07T12:00:00Z")


def shown(snapshot: dict[str, Any], queues_max: int = 15, *, styled: bool = False) -> str:
    console = Console(file=io.StringIO(), width=140, force_terminal=styled, color_system="standard" if styled else None)
    console.print(summary(snapshot, queues_max))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def of(*log: Happening) -> dict[str, Any]:
    return snapshot_of(floor_of(log), NOW)


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each row under its first cell (the first such row); cells stand at least two spaces apart."""
    cells = [re.split(r" {2,}", line.strip()) for line in reversed(text.splitlines())]
    return {first: rest for first, *rest in cells if rest}


def answered(subject: str, created_at: int, seconds: float) -> list[Happening]:
    """Created, and first replied to so much later."""
    replied = happening("ticket.replied", created_at + round(seconds * SECOND), subject, agent="sara")
    return [created(created_at, subject), replied]


def test_a_queue_has_its_live_numbers_and_the_busiest_comes_first() -> None:
    log = [created(NOW - 2 * HOUR, f"B{n}", queue="billing") for n in range(2)]
    log += [created(NOW - 55 * MINUTE, f"R{n}", queue="returns") for n in range(1_234)]
    log += [created(NOW - 2 * DAY, "S", queue="spares"), happening("ticket.paused", NOW - 36 * HOUR, "S")]
    text = shown(of(*log))
    found = rows(text)
    assert found["all queues"][:5] == ["1,237", "1,237", "0", "1", "0"]
    assert found["returns"] == ["1,234", "1,234", "0", "0", "0", "0", "1,234", "0", "2026-10-07 11:05"]
    assert found["billing"] == ["2", "2", "0", "0", "0", "2", "0", "0", "2026-10-07 10:00"]
    assert found["spares"] == ["1", "1", "0", "1", "0", "1", "0", "0", "2026-10-05 12:00"]
    assert text.index(" returns ") < text.index(" billing ")


def test_queues_beyond_the_most_that_fit_are_counted() -> None:
    log = [
        created(NOW - MINUTE, f"{queue}-{n}", queue=queue)
        for queue, size in zip("abcd", (4, 3, 2, 1), strict=True)
        for n in range(size)
    ]
    text = shown(of(*log), queues_max=2)
    assert {"a", "b"} <= rows(text).keys()
    assert "c" not in rows(text)
    assert "and 2 more queues" in text
    assert "more queues" not in shown(of(*log), queues_max=4)


def test_a_floor_without_events_has_dashes_not_zeros() -> None:
    text = shown(of())
    found = rows(text)
    assert "no events yet" in text
    assert found["created"] == ["0", "0", "0", "0", "0"]
    for title in ("first response p50", "resolution p90", "first response in SLA", "CSAT satisfied", "NPS"):
        assert found[title] == [NONE] * 5


def test_a_window_that_reaches_back_before_the_known_history_is_marked() -> None:
    text = shown(of(created(NOW - 3 * DAY)))
    assert re.search(r"all queues +today +1h +24h +7d \(part\) +30d \(part\)", text)


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(0, "0.0s"), (4.26, "4.3s"), (61, "1m1s"), (754, "12m34s"), (5_440, "1h31m"), (100_000, "1d4h"), (86_400, "1d")],
)
def test_durations_have_two_units_at_most(seconds: float, spelled: str) -> None:
    snapshot = of(*answered("T1", NOW - 2 * DAY, seconds))
    window = snapshot["all"]["windows"]["7d"]["first_response"]
    window["p50"] = seconds
    assert rows(shown(snapshot))["first response p50"][3] == spelled


def test_ratios_and_scores_stand_with_their_intervals_and_sample_sizes() -> None:
    scores = [("csat", 5)] * 4 + [("csat", 2)] + [("nps", 10)] * 5 + [("nps", 8)] * 3 + [("nps", 3)] * 2
    log = [
        happening("survey.answered", NOW - 30 * MINUTE, f"survey:R{n}", survey=survey, score=score, queue="billing")
        for n, (survey, score) in enumerate(scores)
    ]
    found = rows(shown(of(*log)))
    assert found["CSAT satisfied"][1] == "80% [38%-96%] n=5"
    assert found["NPS"][1] == "30 [-19…65] n=10"


def test_attainment_stands_beside_the_one_that_counts_live_breaches() -> None:
    late = created(NOW - 90 * MINUTE, "late")
    found = rows(shown(of(*answered("T1", NOW - 50 * MINUTE, 60), late)))
    assert found["first response in SLA"][1] == "100.0%"
    assert found["… with live breaches"][1] == "50.0%"


@pytest.mark.parametrize("queue", ["[bold]", "[/]", "[red]x[/red]", ":smile:", "[link=x]"])
def test_a_queues_name_is_shown_as_it_is(queue: str) -> None:
    assert queue in rows(shown(of(created(NOW - MINUTE, queue=queue))))


def test_a_queues_name_cannot_steer_the_terminal() -> None:
    text = shown(of(created(NOW - MINUTE, queue="a\x1b[2Jb\rc\x07")))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert "a\ufffd[2Jb\ufffdc\ufffd" in rows(text)


def test_partitions_and_history_are_told() -> None:
    snapshot = of(created(NOW - DAY))
    snapshot["partitions"] = {"ready": 3, "catching_up": 1, "total": 4}
    assert "as of 2026-10-07T12:00:00Z   history since 2026-10-06T12:00:00Z   partitions ready 3 of 4" in shown(
        snapshot
    )


def test_away_from_a_terminal_it_is_wide_and_plain(capsys: pytest.CaptureFixture[str]) -> None:
    print_snapshot(of(created(NOW - MINUTE)))
    text = capsys.readouterr().out
    assert text.rstrip() == shown(of(created(NOW - MINUTE))).rstrip()
    assert "\x1b" not in text
