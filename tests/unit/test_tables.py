"""A snapshot as a person reads it: what is late by queue, what happened by window, a dash where nothing is known."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from deskpulse.cells import LEGEND, NONE
from deskpulse.tables import ROWS, print_snapshot, summary
from metrics.catalogue import BY_NAME
from tests.happenings import Happening, created, floor_of, happening, rules_of, snapshot_of
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
    window |= {"p50": seconds, "sample": "enough"}
    assert rows(shown(snapshot))["first response p50"][3] == f"{spelled} n=1"


def surveys(**scores: list[int]) -> list[Happening]:
    """Answers half an hour ago, each of a subject of its own."""
    return [
        happening("survey.answered", NOW - 30 * MINUTE, f"survey:{survey}{n}", survey=survey, score=score)
        for survey, given in scores.items()
        for n, score in enumerate(given)
    ]


def test_ratios_and_scores_stand_with_their_intervals_and_sample_sizes() -> None:
    log = surveys(csat=[5] * 80 + [2] * 20, nps=[10] * 50 + [8] * 30 + [3] * 20, ces=[5, 5, 4, 4, 4, 3, 3, 2, 1, 1] * 3)
    text = shown(of(*log))
    found = rows(text)
    assert found["CSAT satisfied"][1] == "80% [71…87] n=100"
    assert found["NPS"][1] == "30 [14…44] n=100"
    assert found["CES mean"][1] == "3.20 [2.7…3.7] n=30"
    assert LEGEND not in text


def test_a_number_of_few_is_marked_and_one_of_too_few_is_not_shown() -> None:
    text = shown(of(*surveys(csat=[5] * 4 + [2], nps=[10] * 29, ces=[7] * 4)))
    found = rows(text)
    assert found["CSAT satisfied"][1] == "~80% [38…96] n=5"
    assert found["NPS"][1] == "~100 [78…100] n=29"
    assert found["CES mean"][1] == "n=4, not enough"
    assert LEGEND in text


def test_what_is_few_is_the_snapshots_word_and_no_limit_of_the_table() -> None:
    snapshot = of(*surveys(csat=[5] * 4))
    snapshot["all"]["windows"]["1h"]["csat"]["sample"] = "enough"
    snapshot["all"]["windows"]["24h"]["csat"]["sample"] = "caution"
    assert rows(shown(snapshot))["CSAT satisfied"][1:3] == ["100% [51…100] n=4", "~100% [51…100] n=4"]


def many(n: int, ago: int, name: str, seconds: float = 60) -> list[Happening]:
    return [event for number in range(n) for event in answered(f"{name}{number}", NOW - ago, seconds)]


def test_attainment_stands_beside_the_one_that_counts_live_breaches() -> None:
    late = [created(NOW - 90 * MINUTE, f"late{number}") for number in range(30)]
    found = rows(shown(of(*many(30, 50 * MINUTE, "T"), *late)))
    assert found["first response in SLA"][1] == "100% [89…100] n=30"
    assert found["… with live breaches"][1] == "50% [38…62] n=60"


def test_replies_and_clocks_are_counted_apart_and_each_is_told_once() -> None:
    found = rows(shown(of(*many(30, 50 * MINUTE, "T"), *many(5, 3 * DAY, "U"))))
    assert found["first response p50"][1:4] == ["1m n=30", "1m n=30", "1m n=35"]
    assert found["first response p90"][1:4] == ["1m", "1m", "1m"]
    assert found["first response in SLA"][3] == "100% [90…100] n=35"


def test_a_share_of_nearly_all_is_not_told_as_all() -> None:
    found = rows(shown(of(*many(399, 50 * MINUTE, "T"), *many(1, 50 * MINUTE, "late", 40 * 60))))
    assert found["first response in SLA"][1].startswith("100% ")
    found = rows(shown(of(*many(399, 3 * DAY, "T"), *many(1, 3 * DAY, "late", 2 * 3600))))
    assert found["first response in SLA"][3] == "99.8% [99…99.96] n=400"


def test_replies_in_open_hours_have_a_row_where_a_policy_names_a_calendar() -> None:
    calendar = {"versions": [{"week": {"wed": ["00:00-24:00"]}}]}
    document = {"calendars": {"desk": calendar}, "sla": [{"name": "a", "calendar": "desk", "first_response": "1h"}]}
    log = many(30, 50 * MINUTE, "T")
    assert rows(shown(snapshot_of(floor_of(log, rules_of(document)), NOW)))["… in open hours, p50"][1] == "1m n=30"
    assert "… in open hours, p50" not in rows(shown(of(*log)))


def test_each_row_is_a_kpi_of_the_catalogue_and_fits_140_columns() -> None:
    text = shown(of(*many(30, 50 * MINUTE, "T"), *surveys(csat=[5] * 80, nps=[1, 9] * 40, ces=[4] * 4)))
    titles = [BY_NAME[name].short for name in ROWS if name != "first_response_business"]
    assert set(titles) <= rows(text).keys()
    assert len(set(titles)) == len(titles)


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
